"""The two threads beside a tape: one syncs and opens files, one makes Parquet. The core waits for neither."""

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from openoutcry.state.durable_files import FILE_MODE, sync_folder
from openoutcry.state.errors import DataError, TapeError
from openoutcry.state.tape_files import SEGMENTS, raw_path, spare_path

if TYPE_CHECKING:
    from openoutcry.state.tape_convert import Converter

NICE: Final = 10
"""How far the converting thread stands back behind the core's, where the system can tell threads apart."""


class Disk(Protocol):
    """What the tape asks of the system for its raw files; a test may stand in for it."""

    def open(self, path: Path) -> int:
        """Make a file, which must not be there, to write."""

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """As much as there is room for; returns the bytes written."""

    def sync(self, fd: int) -> None:
        """Have the disk hold what was written."""


class RealDisk:
    """The system's own calls."""

    def open(self, path: Path) -> int:
        """Make a file, which must not be there, to write."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(path, flags, FILE_MODE)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """As much as there is room for; returns the bytes written."""
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Have the disk hold what was written."""
        os.fsync(fd)


class SyncThread:
    """Syncs the open segment at an interval, closes old ones, and has the next file ready.

    Args:
        tape: Folder of the tape.
        disk: The system.
        interval_s: Between two syncs.
        on_closed: Called after a segment was synced and closed.
    """

    def __init__(
        self, tape: Path, disk: Disk, interval_s: float, on_closed: Callable[[], None]
    ) -> None:
        self._tape = tape
        self._disk = disk
        self._interval_s = interval_s
        self._on_closed = on_closed
        self._queue: queue.Queue[int | None] = queue.Queue()
        self._ready: tuple[Path, int] | None = None
        self._spares = 0
        self._fd = -1
        self._written = 0
        self.error = ""
        """Why the last sync failed; the core opens another segment then."""
        self.synced = 0
        """Writes of the open segment that the disk holds."""
        self._thread = threading.Thread(target=self._run, name="tape-sync", daemon=True)
        self._thread.start()

    # --- for the core ---------------------------------------------------------------------------

    def begin(self, fd: int) -> None:
        """A segment was begun; syncs are its from now on."""
        old, self._fd = self._fd, fd
        self._written = self.synced = 0
        self.error = ""
        self._queue.put(old)

    def end(self) -> None:
        """The segment is over, and no other one has begun."""
        old, self._fd = self._fd, -1
        self._queue.put(old)

    def wrote(self) -> None:
        """Something was written."""
        self._written += 1

    def take(self, number: int) -> int:
        """The file of a new segment, made before where there was time.

        Raises:
            OSError: It cannot be made.
        """
        path = raw_path(self._tape, number)
        ready, self._ready = self._ready, None
        if ready is None:
            return self._disk.open(path)
        ready[0].rename(path)
        return ready[1]

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self, timeout_s: float) -> bool:
        """Sync and close what was ended, and end; whether it did."""
        self._queue.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        ready, self._ready = self._ready, None
        if ready is not None:
            os.close(ready[1])
            ready[0].unlink(missing_ok=True)
        return True

    # --- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                old = self._queue.get(timeout=self._interval_s)
            except queue.Empty:
                self._sync()
                continue
            if old is None:
                return
            self._close(old)
            self._prepare()

    def _sync(self) -> None:
        fd, written = self._fd, self._written
        if fd >= 0 and written != self.synced and not self.error:
            try:
                self._disk.sync(fd)
                if not self.synced:
                    sync_folder(self._tape / SEGMENTS)
            except OSError as error:
                if fd == self._fd:
                    self.error = f"cannot sync: {os.strerror(error.errno or 0)}"
                return
            if fd == self._fd:
                self.synced = written

    def _close(self, fd: int) -> None:
        if fd < 0:
            return
        with contextlib.suppress(OSError):  # it is read again before it is removed
            self._disk.sync(fd)
        os.close(fd)
        self._on_closed()

    def _prepare(self) -> None:
        """Make the file of the next segment: that can take milliseconds."""
        if self._ready is not None or self._fd < 0:
            return
        self._spares += 1
        path = spare_path(self._tape, self._spares)
        with contextlib.suppress(OSError):  # the core finds out when it needs one
            self._ready = path, self._disk.open(path)


class ConvertThread:
    """Makes Parquet of closed segments whenever there are enough, and removes old days.

    Args:
        converter: Does it.
        moment: Number of the segment that is written and the session's time.
        keep_days: As `TapeConfig`.
        retry_s: How long it waits after a failure.
    """

    def __init__(
        self,
        converter: "Converter",
        moment: Callable[[], tuple[int, int]],
        *,
        keep_days: int,
        retry_s: float,
    ) -> None:
        self._converter = converter
        self._moment = moment
        self._keep_days = keep_days
        self._retry_s = retry_s
        self._wake = threading.Event()
        self._final = False
        self._stop = False
        self._mended = False
        self.error = ""
        """Why the last conversion failed; it is tried again."""
        self.converted = 0
        self._thread = threading.Thread(target=self._run, name="tape-convert", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """A segment was closed."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self, timeout_s: float, *, convert: bool) -> bool:
        """End, after everything was converted; whether it was."""
        self._final, self._stop = convert, True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self.error

    def _run(self) -> None:
        stand_back()
        while True:
            self._wake.wait(self._retry_s if self.error else None)
            self._wake.clear()
            stopping = self._stop
            self._work()
            if stopping:
                return

    def _work(self) -> None:
        try:
            if not self._mended:
                self._converter.mend()
            self._mended = False  # until this round ends well
            while not self._stop or self._final:
                number, now = self._moment()
                due = self._converter.due(number, now, final=self._stop and self._final)
                if not due:
                    break
                index = self._converter.convert(due)
                self.converted += index.rows
            self._converter.retain(self._keep_days, self._moment()[1])
            self.error = ""
            self._mended = True
        except OSError as error:
            self.error = f"cannot convert: {error.strerror or error}"
        except (DataError, TapeError) as error:
            self.error = f"cannot convert: {error.message}"


def stand_back() -> None:
    """Let the core's thread go first on a busy machine."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
