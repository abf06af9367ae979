"""Files and folders that must survive: private to their owner, synced before anybody relies on them."""

import errno
import os
import sys
from pathlib import Path
from typing import Final

from openoutcry.state.errors import JournalError, JournalFull

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a system that has no room, which heal."""

_PIECE: Final = 1 << 20


def write_synced(path: Path, data: bytes) -> None:
    """Write a file, replacing what is there, and have the disk hold it."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Have the disk hold the contents of a file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Have the disk hold the names in a folder."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def allocate(fd: int, start: int, size: int) -> None:
    """Have the disk keep room for a piece of a file, which grows to hold it.

    Raises:
        OSError: With one of `NO_ROOM` when there is none.
    """
    if sys.platform == "darwin":  # it has no such call: zeros at the end take the room
        for at in range(max(start, os.fstat(fd).st_size), start + size, _PIECE):
            os.pwrite(fd, bytes(min(_PIECE, start + size - at)), at)
    else:
        os.posix_fallocate(fd, start, size)


def cannot_write(folder: Path, error: OSError) -> JournalError:
    """What to say when a state directory cannot be written to: `JournalFull` when there is no room."""
    if error.errno in NO_ROOM:
        return JournalFull(f"no room on the disk for {folder}")
    return JournalError(
        f"cannot write to {folder}: {os.strerror(error.errno or 0)}",
        remedy="the journal needs a writable state directory: check its owner, mode, mount and space",
    )
