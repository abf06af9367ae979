"""Opening LMDB for a journal: the engine, the files and their modes, and LMDB's errors under our names."""

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import lmdb
import msgspec

from openoutcry.state.durable_files import (
    FILE_MODE,
    FOLDER_MODE,
    NO_ROOM,
    allocate,
    cannot_write,
    sync_folder,
)
from openoutcry.state.errors import JournalDamaged, JournalError, JournalFull

FOLDER: Final = "journal"
"""The environment's folder in the state directory."""
DATA: Final = "data.mdb"
LOCK: Final = "lock.mdb"
ENGINE: Final = (0, 9)
"""The LMDB engine whose files we write; the other engine of the same package cannot read them."""

PAGE: Final = 4096
_FORMAT: Final = struct.Struct("<II")  # magic, version of the format
_FORMAT_AT: Final = 16
_OUR_FORMAT: Final = (0xBEEFC0DE, 1)
_HEAD: Final = struct.Struct("<QQ")  # number of the last page, transaction
_HEAD_AT: Final = 16 + 4 + 4 + 8 + 8 + 2 * 48
_LOCK_BYTES: Final = 8192
_READERS: Final = 126
_FREE_BYTES: Final = 1 << 20  # LMDB writes its first pages before room can be allocated

OpenEnv = Callable[..., lmdb.Environment]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of a journal, in bytes.

    Args:
        map_bytes: Address space at first; it doubles when three quarters are used.
        map_max_bytes: Largest size of the file; beyond it the journal is full.
        allocate_bytes: Room that is allocated in the file at a time.
    """

    map_bytes: int = 1 << 30
    map_max_bytes: int = 64 << 30
    allocate_bytes: int = 16 << 20


class MapFull(JournalFull):
    """The map is smaller than we thought; it grows and the commit is made again."""


@contextmanager
def named_errors(folder: Path) -> Iterator[None]:
    """LMDB's errors under our names.

    Raises:
        MapFull: The map must grow.
        JournalDamaged: LMDB finds the file damaged.
        JournalFull: The system says that there is no room.
        JournalError: Anything else: the environment must not be written to again.
    """
    try:
        yield
    except lmdb.MapFullError as error:
        raise MapFull("the map is full") from error
    except (
        lmdb.CorruptedError,
        lmdb.PageNotFoundError,
        lmdb.InvalidError,
        lmdb.VersionMismatchError,
        lmdb.BadValsizeError,
    ) as error:
        raise JournalDamaged(f"{folder}: {error}") from error
    except lmdb.Error as error:
        _refuse(folder, error)


def head_problem(path: Path) -> str | None:
    """What is wrong with the first pages of a data file, and with its length; None when nothing is.

    LMDB would take the older head page for the state before the last commit without a word, and be
    killed by SIGBUS where the file is shorter than its head says.
    """
    with path.open("rb") as file:
        head = file.read(2 * PAGE)
        size = os.fstat(file.fileno()).st_size
    if len(head) < 2 * PAGE:
        return "the file ends within its first pages"
    if any(_FORMAT.unpack_from(head, page + _FORMAT_AT) != _OUR_FORMAT for page in (0, PAGE)):
        return "its first pages are not those of the LMDB engine that journals are written by"
    heads = [_HEAD.unpack_from(head, page + _HEAD_AT) for page in (0, PAGE)]
    (_, first), (_, second) = heads
    in_turn = abs(first - second) == 1 and first % 2 == 0
    if not in_turn and (first, second) != (0, 0):
        return f"the head pages are of transactions {first} and {second}, which don't follow"
    pages = max(last_page for last_page, _ in heads) + 1
    if size < pages * PAGE:
        return f"the file has {size} bytes and should have {pages * PAGE}"
    return None


def open_environment(
    folder: Path, *, readonly: bool, sync: bool, limits: Limits, open_env: OpenEnv
) -> lmdb.Environment:
    """Open the environment in a folder, which a writer makes; see `open_store`."""
    _check_engine()
    try:
        if not readonly:
            _prepare(folder)
        elif not (folder / DATA).exists():
            raise JournalError(
                f"there is no journal in {folder.parent}",
                remedy="name the state directory of a paper or live daemon",
            )
        if (folder / DATA).exists() and (problem := head_problem(folder / DATA)):
            raise JournalDamaged(f"{folder / DATA}: {problem}")
        with named_errors(folder):
            return _open(folder, readonly=readonly, sync=sync, limits=limits, open_env=open_env)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _open(
    folder: Path, *, readonly: bool, sync: bool, limits: Limits, open_env: OpenEnv
) -> lmdb.Environment:
    options: dict[str, Any] = {
        "readonly": readonly,
        "create": not readonly,
        "sync": sync,
        "metasync": True,
        "writemap": False,
        "mode": FOLDER_MODE,
        "max_dbs": 4,
        "max_readers": _READERS,
        "lib_version": ENGINE[0],
    }
    if not readonly:
        options["map_size"] = max(limits.map_bytes, _file_bytes(folder))
    env = open_env(str(folder), **options)
    if env.lib_version()[:2] != ENGINE:
        found = ".".join(map(str, env.lib_version()))
        env.close()
        raise JournalError(
            f"{folder} was written by LMDB {found}, journals are written by {ENGINE[0]}.{ENGINE[1]}",
            remedy="restore a backup that openoutcry made",
        )
    if not readonly:
        sync_folder(folder)
        sync_folder(folder.parent)
    return env


def _check_engine() -> None:
    release = tuple(int(part) for part in lmdb.__version__.split(".")[:2])
    if release < (3, 0) or lmdb.version(lib_version=ENGINE[0])[:2] != ENGINE:
        raise JournalError(
            f"lmdb {lmdb.__version__} cannot write journals",
            remedy="install lmdb 3.0 or newer, with its own engine: pip install 'lmdb>=3'",
        )


def _prepare(folder: Path) -> None:
    """Make folder and files for nobody but us, and see that they are."""
    folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    lock = folder / LOCK
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:  # it is mapped and written to: without room behind it that kills the process
        allocate(fd, 0, _LOCK_BYTES)
    finally:
        os.close(fd)
    for path in (folder.parent, folder, lock, folder / DATA):
        if path.exists() and path.stat().st_mode & 0o077:
            mode = FOLDER_MODE if path.is_dir() else FILE_MODE
            raise JournalError(
                f"{path} is open to other users",
                remedy=f"run `chmod {mode:o} {path}`, and find out who could read it",
            )
    if not os.access(folder, os.W_OK):
        raise OSError(errno.EACCES, "not writable")
    free = os.statvfs(folder)
    if not (folder / DATA).exists() and free.f_bavail * free.f_frsize < _FREE_BYTES:
        raise OSError(errno.ENOSPC, "no room for a new journal")


def _file_bytes(folder: Path) -> int:
    path = folder / DATA
    return path.stat().st_size * 4 // 3 if path.exists() else 0


def _refuse(folder: Path, error: lmdb.Error) -> NoReturn:
    text = str(error)
    remedy = None
    if "already open in this process" in text:
        text = f"{folder} is open in this process already"
        remedy = "use the journal that is open: a second environment would release its locks"
    elif error.code in NO_ROOM:
        raise JournalFull(f"{folder}: {text}") from error
    raise JournalError(f"{folder}: {text}", remedy=remedy) from error
