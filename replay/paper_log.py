"""The paper venue's own log: what happened there and what it is, outside the journal.

One record for each turn of the core in which the venue did something, written with one call:

    4 bytes mark, 4 bytes length, 4 bytes CRC-32 of the body, the body

A body is msgpack: the turn's number, its entries, and the venue's state after it. The first record of a
file also holds what the venue remembers of ended orders and the account, so that each file stands for
itself. Files are named by numbers; the last one is written to. A process that dies loses the turn under
way, of which nothing had left; a power cut may lose turns that the journal has (`sync` makes it wait for
the disk).
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final

import msgspec

from openoutcry.state.durable_files import (
    FILE_MODE,
    FOLDER_MODE,
    NO_ROOM,
    cannot_write,
    sync_folder,
    write_synced,
)
from openoutcry.state.errors import JournalDamaged, JournalError, SchemaTooNew

SCHEMA: Final = 1
MAX_BYTES: Final = 8 << 20
"""A file that is larger is followed by the next one."""
KEPT_FILES: Final = 8
"""Files that are kept, the one that is written to among them."""

_MARK: Final = b"OOPV"
_HEAD: Final = Struct("<4sII")
_SUFFIX: Final = ".log"


class Turn(msgspec.Struct, frozen=True, array_like=True, tag="turn"):
    """What one turn did. `entries` are arrays of entries, `state` is the venue after it."""

    number: int
    entries: tuple[bytes, ...]
    state: bytes


class Start(msgspec.Struct, frozen=True, array_like=True, tag="start"):
    """The beginning of a file: everything as it is after turn `number`.

    `instruments` and `currencies` (code and decimals) are what the numbers in `state` stand for.
    `history` is a `VenueHistory`; `balances` are units by currency as text, `positions` (instrument,
    leg, signed quantity).
    """

    number: int
    schema: int
    venue: str
    history: bytes
    balances: dict[str, str]
    positions: tuple[tuple[str, int, int], ...]
    instruments: tuple[str, ...]
    currencies: tuple[tuple[str, int], ...]
    state: bytes


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Turn | Start)


class PaperLog:
    """The log files of one venue in a folder of their own. Only one process may have them open.

    Args:
        folder: Where the files are.
        max_bytes: As `MAX_BYTES`.
        keep: Files that are kept; None keeps all.
        sync: Wait for the disk with every turn.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = MAX_BYTES,
        keep: int | None = KEPT_FILES,
        sync: bool = False,
    ) -> None:
        self.folder = folder
        self.failure: JournalError | None = None
        """Why the last write failed; None when nothing is missing from the log."""
        self.latched = False
        """Whether nothing is written any more: only a restart knows what the file holds."""
        self._max_bytes, self._keep, self._sync = max_bytes, keep, sync
        self._limit = max_bytes
        self._fd = -1
        self._size = 0
        self._number = 0
        self._late: list[bytes] = []

    def open(self) -> tuple[Start, list[Turn]] | None:
        """What the last file holds; None where there is none yet: then `start` begins one.

        A torn end is cut off.

        Raises:
            JournalDamaged: A record before the end is damaged.
            SchemaTooNew: A newer openoutcry wrote the file.
            JournalError: The folder cannot be used.
        """
        try:
            self.folder.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            self.folder.mkdir(FOLDER_MODE, exist_ok=True)
            files = log_files(self.folder)
            if not files:
                return None
            start, turns, end = read_file(files[-1])
            self._attach(files[-1])
            if end < self._size:
                os.ftruncate(self._fd, end)
                self._size = end
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        self._number = turns[-1].number if turns else start.number
        return start, turns

    def start(self, start: Start) -> None:
        """Begin the next file; the oldest go.

        Raises:
            JournalFull: No room on the disk; the file before goes on.
            JournalError: The folder cannot be written to.
        """
        files = log_files(self.folder)
        number = _number(files[-1]) + 1 if files else 1
        target = self.folder / f"{number:08}{_SUFFIX}"
        part = target.with_suffix(".part")
        try:
            write_synced(part, _frame(_encoder.encode(start)))
            part.replace(target)
            sync_folder(self.folder)
            self._attach(target)
        except OSError as error:
            # The file before goes on: a new one that nobody writes to would hide what follows.
            target.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
            raise cannot_write(self.folder, error) from error
        self._number, self._limit = start.number, self._max_bytes
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        if self._keep is None:
            return
        try:
            for old in log_files(self.folder)[: -self._keep]:
                old.unlink()
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    @property
    def is_full(self) -> bool:
        """Whether the file has reached its size: `start` should begin the next one."""
        return self._size >= self._limit and not self._late and not self.latched

    def put_off(self) -> None:
        """Go on with this file until it has grown as much again."""
        self._limit += self._max_bytes

    @property
    def number(self) -> int:
        """The last turn that the log has."""
        return self._number

    def append(self, entries: bytes, state: bytes) -> bool:
        """Add a turn. False when it could not be written; `failure` says why.

        What is missing is written with the next turn if the disk had no room; after any other error
        nothing is written any more: nobody knows what the file holds.
        """
        if entries:
            self._late.append(entries)
        if self.latched:
            return False
        data = _frame(_encoder.encode(Turn(self._number + 1, tuple(self._late), state)))
        try:
            self._write(data)
        except OSError as error:
            self.failure = cannot_write(self.folder, error)
            self.latched |= error.errno not in NO_ROOM or not self._cut_back()
            return False
        self._size += len(data)
        self._number += 1
        self._late.clear()
        self.failure = None
        return True

    def _write(self, data: bytes) -> None:
        """One call, unless the disk takes a part only: the next call says why."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        if self._sync:
            os.fdatasync(self._fd)

    def _cut_back(self) -> bool:
        """Take back what was written of a record that did not fit; whether that worked."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            return False
        return True

    def _attach(self, file: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(file, flags, FILE_MODE)
        self.close()
        self._fd = fd
        self._size = os.fstat(self._fd).st_size

    def close(self) -> None:
        """Let go of the file. A second time changes nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def log_files(folder: Path) -> list[Path]:
    """The files of a venue's log, oldest first."""
    files = folder.glob(f"*{_SUFFIX}")
    return sorted(file for file in files if file.stem.isdecimal())


def read_file(file: Path) -> tuple[Start, list[Turn], int]:
    """A file's records, and where the last whole one ends.

    Raises:
        JournalDamaged: A record is damaged and whole ones follow, or the first one is.
        SchemaTooNew: A newer openoutcry wrote it.
        OSError: It cannot be read.
    """
    data = file.read_bytes()
    end = 0
    start: Start | None = None
    turns: list[Turn] = []
    for record, end_of_record in _records(data):
        if start is None:
            start = _first(record, file)
        elif isinstance(record, Turn) and record.number == _last(start, turns) + 1:
            turns.append(record)
        else:
            raise _damaged(file, end, "it does not follow the one before")
        end = end_of_record
    if start is None:
        raise _damaged(file, 0, "it has no beginning")
    if end < len(data) and _follows(data, end + 1):
        raise _damaged(file, end, "whole records follow it")
    return start, turns, end


def _first(record: Turn | Start, file: Path) -> Start:
    if not isinstance(record, Start):
        raise _damaged(file, 0, "it is no beginning")
    if record.schema > SCHEMA:
        raise SchemaTooNew(f"{file} has schema {record.schema}; this openoutcry knows {SCHEMA}")
    return record


def _last(start: Start, turns: list[Turn]) -> int:
    return turns[-1].number if turns else start.number


def _records(data: bytes, at: int = 0) -> Iterator[tuple[Turn | Start, int]]:
    """The records from a place on with their ends, up to the first that is not whole."""
    view = memoryview(data)
    while len(data) - at >= _HEAD.size:
        mark, length, crc = _HEAD.unpack_from(data, at)
        body = view[at + _HEAD.size : at + _HEAD.size + length]
        if mark != _MARK or len(body) != length or zlib.crc32(body) != crc:
            return
        try:
            record = _decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        at += _HEAD.size + length
        yield record, at


def _follows(data: bytes, at: int) -> bool:
    """Whether a whole record begins somewhere from a place on."""
    while (at := data.find(_MARK, at)) >= 0:
        if next(_records(data, at), None):
            return True
        at += 1
    return False


def _frame(body: bytes) -> bytes:
    return _HEAD.pack(_MARK, len(body), zlib.crc32(body)) + body


def _number(file: Path) -> int:
    return int(file.stem)


def _damaged(file: Path, at: int, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"{file} is damaged: the record at byte {at} cannot be read, and {why}",
        remedy="keep a copy of the state directory, then restore a backup: `outcry restore`; "
        "the paper account can also begin anew in a new state directory",
    )
