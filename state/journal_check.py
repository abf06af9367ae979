"""Whether a journal holds what was written, and what to do about a torn end.

LMDB itself checks nothing, and a damaged file can end the process that maps it. So `check_file` walks the
file without LMDB first; `check_records` then follows the chain. Together they find every flipped bit that
is not in unused space.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from lmdb import verify as lmdb_verify

from openoutcry import _native
from openoutcry.state.codec import decode
from openoutcry.state.durable_files import write_synced
from openoutcry.state.errors import CodecError, JournalDamaged, JournalError, SchemaTooNew
from openoutcry.state.journal_env import DATA, head_problem
from openoutcry.state.journal_lock import Owner
from openoutcry.state.journal_meta import JournalMeta, Position
from openoutcry.state.journal_reader import JournalReader
from openoutcry.state.journal_store import JournalStore, Pair, position_of

TAIL: Final = 4096
"""Records at the end that are checked when a journal is opened."""


class Recovery(msgspec.Struct, frozen=True):
    """What was done when a journal was opened.

    `lost` are the numbers of records that were cut off at the end (first and last, None when whole),
    `reason` says why, `kept_in` names the file with their bytes. `left_by` is the owner that was killed.
    """

    lost: tuple[int, int] | None = None
    reason: str = ""
    kept_in: str = ""
    left_by: Owner | None = None


class Report(msgspec.Struct, frozen=True):
    """What `verify` found: nothing wrong when `problems` is empty."""

    records: int
    first: Position | None
    last: Position | None
    meta: JournalMeta | None
    problems: tuple[str, ...]


def verify_file(folder: Path, read: Callable[[], JournalReader]) -> Report:
    """Check everything in an environment that nobody writes to meanwhile.

    Args:
        folder: Where its data file is.
        read: Opens it for reading; called when LMDB may be let near the file.
    """
    problems = check_file(folder / DATA)
    if problems:
        return Report(0, None, None, None, tuple(problems))
    try:
        reader = read()
    except (JournalError, SchemaTooNew) as error:
        return Report(0, None, None, None, (error.message,))
    try:
        return check_records(reader)
    finally:
        reader.store.close()


def check_file(path: Path) -> list[str]:
    """What is wrong with the structure of a data file, without letting LMDB near it."""
    try:
        walk: Callable[..., list[str]] = lmdb_verify.verify
        found = [str(problem) for problem in walk(str(path), subdir=False)]
        head = head_problem(path)
    except lmdb_verify.VerifyError as error:
        return [str(error)]
    except OSError as error:
        return [f"cannot read {path}: {os.strerror(error.errno or 0)}"]
    return [*found, head] if head else found


def check_records(reader: JournalReader) -> Report:
    """Follow the chain from the beginning to the end, and decode every record."""
    meta: JournalMeta | None = None
    anchor: Position | None = None
    last: Position | None = None
    problems: list[str] = []
    try:
        meta = reader.meta
        anchor = last = reader.anchor
        head = reader.head
        first = reader.store.read(0, count=1)
        if first and _number(first[0][0]) <= anchor.number:
            problems.append(f"record {_number(first[0][0])} stands before the beginning")
        chain = anchor.chain()
        while pairs := reader.store.read(chain.number + 1):
            for key, record in pairs:
                _check_record(chain, key, record)
                last = Position.of(chain)
        if last != head:
            problems.append(f"the journal ends at record {last.number}, not at {head.number}")
    except (JournalError, SchemaTooNew) as error:
        problems.append(error.message)
    count = last.number - anchor.number if last and anchor else 0
    return Report(count, anchor, last, meta, tuple(problems))


def _check_record(chain: _native.JournalChain, key: bytes, record: bytes) -> None:
    try:
        decode(chain.read(key, record))
    except (ValueError, CodecError, SchemaTooNew) as error:
        raise JournalDamaged(f"record {_number(key)}: {error}") from error


def _number(key: bytes) -> int:
    return int.from_bytes(key, "big")


def mend(store: JournalStore, *, left_by: Owner | None) -> Recovery:
    """See that the end of a journal is whole, and cut off what is torn.

    Torn is a damaged record with no undamaged one after it. Its bytes, and those of what follows, are
    kept in a file beside the journal.

    Raises:
        JournalDamaged: A damaged record before an undamaged one, or records that are missing: nothing
            is cut off then.
    """
    reader = JournalReader(store)
    head, end = store.head, store.last_number()
    if end < head.number and end >= store.anchor.number:
        raise JournalDamaged(f"the journal ends at record {end}, not at {head.number}")
    start = _whole_start(reader, max(head.number - TAIL, store.anchor.number))
    chain = start.chain()
    reason = ""
    while not reason and (pairs := store.read(chain.number + 1)):
        for key, record in pairs:
            try:
                chain.read(key, record)
            except ValueError as error:
                reason = f"record {chain.number + 1}: {error}"
                break
    last = Position.of(chain)
    if not reason:
        if last != head:
            raise JournalDamaged(f"the journal ends at record {last.number}, not at {head.number}")
        return Recovery(left_by=left_by)
    return _cut(store, last, reason, left_by)


def _whole_start(reader: JournalReader, number: int) -> Position:
    """The place of a record that can be followed; a damaged one is looked for from the beginning."""
    try:
        return reader.at(number)
    except JournalDamaged:
        return reader.anchor


def _cut(store: JournalStore, last: Position, reason: str, left_by: Owner | None) -> Recovery:
    torn: list[Pair] = []
    while pairs := store.read(torn[-1][0] + b"\0" if torn else last.number + 1):
        torn += pairs
        for key, record in pairs:
            if _undamaged(_number(key), record):
                raise JournalDamaged(
                    f"{reason}; record {_number(key)} after it is whole, so it is no torn end"
                )
    first, end = last.number + 1, max(last.number + len(torn), store.head.number)
    file = store.folder / f"torn-{first}-{end}"
    write_synced(
        file, b"".join(key + struct.pack("<I", len(record)) + record for key, record in torn)
    )
    store.drop(last, [key for key, _ in torn])
    return Recovery((first, end), reason, str(file), left_by)


def _undamaged(number: int, record: bytes) -> bool:
    try:
        position_of(number, record)
    except JournalDamaged:
        return False
    return True
