"""A log whose records are kept, a journald that is a socket, and a canary."""

import io
import os
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openoutcry.daemon.logs.pipe import LogPipe
from openoutcry.daemon.logs.record import Shown
from openoutcry.daemon.masking import Masker

CANARY = 'c4nary"p@ss word/+é=&<x>\\z'
"""A secret with everything that some encoding writes differently."""


class Kept:
    """A sink that keeps what it was given."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.closed = False

    def write(self, batch: Sequence[Shown]) -> None:
        self.shown += batch

    def close(self) -> None:
        self.closed = True

    @property
    def events(self) -> list[str]:
        return [shown.event for shown in self.shown]


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def pipe_to(*sinks: Any, masker: Masker | None = None, **options: Any) -> LogPipe:
    """A running log."""
    return LogPipe(sinks, masker=masker or Masker(), **options).start()


class Journald:
    """The receiving end of journald's protocol, with its own reader of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.socket"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(10)

    def receive(self) -> dict[str, str]:
        """The fields of the next record."""
        data, descriptors, _, _ = socket.recv_fds(self.socket, 1 << 20, 1)
        if descriptors:
            with os.fdopen(descriptors[0], "rb") as file:
                file.seek(0)
                data = file.read()
        return parse(data)

    def close(self) -> None:
        self.socket.close()


def parse(data: bytes) -> dict[str, str]:
    """Fields of a record, read as journald's documentation says."""
    fields = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, equals, value = data[at:end].partition(b"=")
        if not equals:
            (length,) = struct.unpack_from("<Q", data, end + 1)
            value = data[end + 9 : end + 9 + length]
            end = end + 9 + length
            assert data[end : end + 1] == b"\n"
        fields[name.decode()] = value.decode()
        at = end + 1
    return fields
