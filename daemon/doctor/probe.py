"""What the doctor may ask of the world; tests answer with a world of their own."""

import ctypes
import os
import resource
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openoutcry.state.durable_files import FILE_MODE
from openoutcry.state.errors import OutcryError
from openoutcry.state.journal_lock import NAME as LOCK
from openoutcry.state.journal_lock import Owner

TAIL: Final = 1_000


class Clock(NamedTuple):
    """What the kernel says of its clock, in microseconds."""

    synchronised: bool
    offset_us: int
    error_us: int


class FileFacts(NamedTuple):
    """A file or folder."""

    mode: int
    uid: int
    is_folder: bool


class Room(NamedTuple):
    """Bytes on a disk."""

    free: int
    size: int


class JournalTail(NamedTuple):
    """The end of a journal; `problem` is empty when it holds what was written."""

    records: int
    seq: int
    problem: str


class Probe(Protocol):
    """Questions. What the system does not say is None, or an empty text."""

    def text(self, path: str) -> str | None:
        """A file of the system."""

    def file(self, path: Path) -> FileFacts | None:
        """A file or folder; None when it is not there."""

    def uid(self) -> int:
        """Who we are."""

    def clock(self) -> Clock | None:
        """How the kernel's clock is."""

    def drift_us(self) -> float:
        """How far the wall clock moved beside the steady one, in a tenth of a second."""

    def room(self, path: Path) -> Room | None:
        """Room on a disk."""

    def fsync_us(self, folder: Path, tries: int) -> list[float] | str:
        """Times of small writes that are synced, or why there are none."""

    def limit(self, name: str) -> int | None:
        """The soft limit `nofile`, `memlock` or `core`; -1 is none."""

    def run(self, argv: Sequence[str]) -> tuple[int, str] | None:
        """Exit code and output of a program; None when there is no such program."""

    def versions(self) -> dict[str, str]:
        """Of python, openoutcry and its engine."""

    def zone(self, name: str) -> bool:
        """Whether a time zone is known."""

    def address_taken(self, host: str, port: int) -> str:
        """Why an address cannot be used; an empty text when it can."""

    def owner(self, state_dir: Path) -> tuple[str, int]:
        """Who has a state directory: `free`, `held` or `left`, and the process."""

    def journal(self, state_dir: Path) -> JournalTail | None:
        """Its last records; None when there is no journal."""

    def catalog(self, folder: Path) -> str:
        """Why a catalog cannot be read; an empty text when it can."""


class _Timex(ctypes.Structure):
    """`struct timex` up to what is read, and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


_UNSYNCHRONISED: Final = 0x0040
_NANO: Final = 0x2000
_LIMITS: Final = {
    "nofile": resource.RLIMIT_NOFILE,
    "memlock": resource.RLIMIT_MEMLOCK,
    "core": resource.RLIMIT_CORE,
}


class RealProbe:
    """The world as it is."""

    def text(self, path: str) -> str | None:
        """See `Probe`."""
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def file(self, path: Path) -> FileFacts | None:
        """See `Probe`."""
        try:
            found = path.stat()
        except OSError:
            return None
        return FileFacts(stat.S_IMODE(found.st_mode), found.st_uid, stat.S_ISDIR(found.st_mode))

    def uid(self) -> int:
        """See `Probe`."""
        return os.geteuid()

    def clock(self) -> Clock | None:
        """See `Probe`."""
        if sys.platform != "linux":
            return None
        timex = _Timex()  # modes 0 changes nothing
        if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
            return None
        scale = 1000 if timex.status & _NANO else 1
        return Clock(not timex.status & _UNSYNCHRONISED, timex.offset // scale, timex.maxerror)

    def drift_us(self) -> float:
        """See `Probe`."""
        before = time.time_ns() - time.monotonic_ns()
        time.sleep(0.1)
        return (time.time_ns() - time.monotonic_ns() - before) / 1000

    def room(self, path: Path) -> Room | None:
        """See `Probe`."""
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)

    def fsync_us(self, folder: Path, tries: int) -> list[float] | str:
        """See `Probe`."""
        path = folder / f".doctor-{os.getpid()}"
        times = []
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
            try:
                for _ in range(tries):
                    started = time.perf_counter()
                    os.write(fd, bytes(512))
                    os.fsync(fd)
                    times.append((time.perf_counter() - started) * 1e6)
            finally:
                os.close(fd)
                path.unlink()
        except OSError as error:
            return os.strerror(error.errno or 0)
        return times

    def limit(self, name: str) -> int | None:
        """See `Probe`."""
        return resource.getrlimit(_LIMITS[name])[0]

    def run(self, argv: Sequence[str]) -> tuple[int, str] | None:
        """See `Probe`."""
        try:
            done = subprocess.run(  # noqa: S603 - fixed programs, no shell
                argv, capture_output=True, text=True, timeout=10, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.returncode, done.stdout + done.stderr

    def versions(self) -> dict[str, str]:
        """See `Probe`."""
        from openoutcry import __version__, _native

        python = ".".join(map(str, sys.version_info[:3]))
        return {"python": python, "openoutcry": __version__, "engine": _native.__version__}

    def zone(self, name: str) -> bool:
        """See `Probe`."""
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return False
        return True

    def address_taken(self, host: str, port: int) -> str:
        """See `Probe`."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen(1)
            except OSError as error:
                return os.strerror(error.errno or 0)
        return ""

    def owner(self, state_dir: Path) -> tuple[str, int]:
        """See `Probe`. The lock is read, never taken: a daemon may be about to start."""
        import msgspec

        try:
            owner = msgspec.json.decode((state_dir / LOCK).read_bytes(), type=Owner)
        except (OSError, msgspec.MsgspecError):
            return "free", 0
        return ("held" if owner.alive else "left"), owner.pid

    def journal(self, state_dir: Path) -> JournalTail | None:
        """See `Probe`."""
        from openoutcry.state.journal_env import DATA, FOLDER
        from openoutcry.state.journal_reader import open_reader

        if not (state_dir / FOLDER / DATA).exists():
            return None
        try:
            reader = open_reader(state_dir)
        except OutcryError as error:
            return JournalTail(0, 0, error.message)
        try:
            count, seq = 0, 0
            for record in reader.after(reader.last(TAIL)):
                _ = record.message
                count, seq = count + 1, record.seq
        except OutcryError as error:
            return JournalTail(count, seq, error.message)
        finally:
            reader.store.close()
        return JournalTail(count, seq, "")

    def catalog(self, folder: Path) -> str:
        """See `Probe`."""
        from openoutcry.state.catalog import Catalog

        try:
            catalog = Catalog(folder)
            catalog.instruments()
            catalog.ls()
        except OutcryError as error:
            return error.message
        return ""
