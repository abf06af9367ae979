"""One writer per state directory: a lock that the system lets go of when its owner dies.

The file `lock` in the state directory is locked with `flock`, so a `kill -9` leaves nothing behind that
needs clearing. What it says (process id and the time that process started, in clock ticks since boot)
is for people, and shows whether the last owner left it in order.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.state.durable_files import FILE_MODE, cannot_write
from openoutcry.state.errors import JournalLocked

NAME: Final = "lock"


class Owner(msgspec.Struct, frozen=True):
    """Who holds, or held, a state directory."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether that very process still runs; ids are used again, start times are not."""
        return start_time(self.pid) == self.started

    @classmethod
    def me(cls) -> "Owner":
        """This process."""
        pid = os.getpid()
        return cls(pid, start_time(pid))


class StateLock:
    """The lock of a state directory, held from construction to `release`.

    Attributes:
        left_by: The owner that did not release it: it was killed, or the machine stopped.

    Raises:
        JournalLocked: Another process holds it, or this one does already.
        JournalError: The directory cannot be written to.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise cannot_write(directory, error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _owner(self._fd)
            os.close(self._fd)
            raise JournalLocked(_held(directory, holder)) from error
        self.left_by = _owner(self._fd)
        try:
            self._write(msgspec.json.encode(Owner.me()))
        except OSError as error:
            os.close(self._fd)
            raise cannot_write(directory, error) from error

    def release(self) -> None:
        """Let go, in order. A second time changes nothing."""
        if self._fd >= 0:
            self._write(b"")
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, data, 0)


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when there is none or nobody says."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    # The name of the program stands in parentheses and may hold anything.
    return int(text.rpartition(")")[2].split()[19])


def _owner(fd: int) -> Owner | None:
    try:
        return msgspec.json.decode(os.pread(fd, 4096, 0), type=Owner)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _held(directory: Path, holder: Owner | None) -> str:
    if holder is None:
        return f"{directory} is held by another process"
    if holder == Owner.me():
        return f"{directory} is held by this process already"
    if not holder.alive:
        return (
            f"{directory} was locked by process {holder.pid}, which is gone; a child of it holds on"
        )
    return f"{directory} is held by process {holder.pid}"
