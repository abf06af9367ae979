"""Sinks that write lines: to a stream, or to a file that others may rotate."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from openoutcry.daemon.logs.pipe import Sink
from openoutcry.daemon.logs.record import Shown, human_line, json_line
from openoutcry.state.durable_files import FILE_MODE


class FallbackSink:
    """Writes to a sink, and to another one what the first does not take."""

    def __init__(self, sink: Sink, instead: Sink) -> None:
        self._sink = sink
        self._instead = instead

    def write(self, batch: Sequence[Shown]) -> None:
        """Write records."""
        try:
            self._sink.write(batch)
        except OSError:
            self._instead.write(batch)

    def close(self) -> None:
        """Close both."""
        self._sink.close()
        self._instead.close()


class JsonSink:
    """JSON lines to a stream, which stays its owner's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, batch: Sequence[Shown]) -> None:
        """Write records."""
        self._stream.write("".join(map(json_line, batch)))
        self._stream.flush()

    def close(self) -> None:
        """Leave the stream open."""


class HumanSink:
    """Lines for people to a stream, which stays its owner's; in colours on a terminal."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour

    def write(self, batch: Sequence[Shown]) -> None:
        """Write records."""
        self._stream.write("".join(human_line(shown, colour=self._colour) for shown in batch))
        self._stream.flush()

    def close(self) -> None:
        """Leave the stream open."""


class FileSink:
    """JSON lines appended to a file of mode 0600.

    logrotate may move the file away: before each batch it is looked whether the name still leads to the
    open file, and if not it is opened anew. Nothing is lost: what came before went into the old one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._open()

    def write(self, batch: Sequence[Shown]) -> None:
        """Write records."""
        if self._moved():
            self._open()
        data = "".join(map(json_line, batch)).encode(errors="replace")
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, FILE_MODE)

    def _moved(self) -> bool:
        if self._fd < 0:
            return True
        mine = os.fstat(self._fd)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        return (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino)
