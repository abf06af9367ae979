"""The end of a session as a folder that can be restored and played again.

Journal and snapshots are those of a backup, cut off at the newest snapshot that is at least N inputs old;
without such a snapshot the journal is whole. The files of the tape that hold market data from there on
come along under their own names.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from openoutcry.daemon.bugreport.entry import Entry, Missing, of_bytes
from openoutcry.daemon.masking import Masker
from openoutcry.state.errors import OutcryError
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.journal_admin import back_up, compact
from openoutcry.state.journal_lock import NAME as LOCK
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.snapshots import SnapshotStore, load

MOST_BYTES: Final = 256 << 20
_NUMBER: Final = re.compile(r"(\d{8})\.\w+$")


def journal_slice(state_dir: Path, last: int, masker: Masker) -> Iterator[Entry | Missing]:
    """Journal, snapshots and tape of the last inputs, below `slice/`."""
    with tempfile.TemporaryDirectory(prefix="outcry-") as name:
        copied = Path(name) / "state"
        try:
            back_up(state_dir, copied)
            start = _cut(copied, last)
            files = sorted(p for p in copied.rglob("*") if p.is_file() and p.name != LOCK)
            yield from _entries(copied, files, f"from input {start:,} on", masker)
            yield from _entries(
                state_dir, _tape_files(state_dir, copied, start), "market data as recorded", masker
            )
        except OutcryError as error:
            yield Missing("slice", error.message)
        except OSError as error:
            yield Missing("slice", f"{error.strerror}: {error.filename}")


def _cut(copied: Path, last: int) -> int:
    """Drop from a copy what the slice does not need; returns the input that it begins at."""
    reader = open_reader(copied)
    try:
        wanted = reader.head.seq - last
        beginning = reader.anchor.seq
    finally:
        reader.store.close()
    files = SnapshotStore(copied).files()  # newest first
    keep = next((n for n, file in enumerate(files) if load(file).seq <= wanted), None)
    if keep is None:
        return beginning
    for old in files[keep + 1 :]:
        old.unlink()
    compact(copied)
    return load(files[keep]).seq


def _tape_files(state_dir: Path, copied: Path, start: int) -> list[Path]:
    """Files of the tape that hold rows of inputs from `start` on.

    The journal names what was converted, by range and index; raw segments have not been converted yet.
    """
    tape = state_dir / "tape"
    found = sorted((tape / "segments").glob("*.tape"))
    for message in _taped(copied):
        index = state_dir / message.file
        number = _NUMBER.search(message.file)
        inside = index.resolve().is_relative_to(state_dir.resolve())
        if message.last >= start and number is not None and inside:
            parts = tape.glob(f"catalog/**/*.{number[1]}.parquet")
            found += [file for file in (index, *parts) if file.is_file()]
    return [*found, *tape.glob("catalog/*.json")] if found else []


def _taped(copied: Path) -> list[MarketDataTaped]:
    reader = open_reader(copied)
    try:
        messages = (record.message for record in reader.records())
        return [message for message in messages if isinstance(message, MarketDataTaped)]
    finally:
        reader.store.close()


def _entries(
    folder: Path, files: list[Path], what: str, masker: Masker
) -> Iterator[Entry | Missing]:
    total = sum(file.stat().st_size for file in files)
    if total > MOST_BYTES:
        why = f"{total >> 20} MB are more than {MOST_BYTES >> 20}; send fewer inputs with --last"
        yield Missing("slice", why)
        return
    for file in files:
        name = f"slice/{file.relative_to(folder)}"
        yield of_bytes(name, what, file.read_bytes(), masker)
