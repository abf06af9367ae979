"""The end of a session as a folder that can be restored and played again.

Journal and snapshots are those of a backup, cut off at the newest snapshot that is at least N inputs old;
without such a snapshot the journal is whole. The configs and the files of the tape that hold market data
from there on come along under their own names, so that `outcry parity` plays the unpacked folder again.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from openoutcry.daemon.bugreport.entry import Entry, Missing, of_bytes
from openoutcry.daemon.masking import Masker
from openoutcry.state.errors import OutcryError
from openoutcry.state.journal_admin import back_up, compact
from openoutcry.state.journal_lock import NAME as LOCK
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.snapshots import SnapshotStore, load
from openoutcry.state.tape_reader import TapeReader

MOST_BYTES: Final = 256 << 20
CONFIGS: Final = "config"
_TRIES: Final = 5
_File = tuple[str, str, bytes]
"""Path, what it is, contents."""


class _TooLargeError(Exception):
    """The slice would be too large to send."""


def journal_slice(state_dir: Path, last: int, masker: Masker) -> Iterator[Entry | Missing]:
    """Journal, snapshots, configs and tape of the last inputs, below `slice/`."""
    with tempfile.TemporaryDirectory(prefix="outcry-") as name:
        copied = Path(name) / "state"
        try:
            back_up(state_dir, copied, beside=())
            start = _cut(copied, last)
            files = sorted(p for p in copied.rglob("*") if p.is_file() and p.name != LOCK)
            found = _read(copied, files, f"from input {start:,} on")
            configs = sorted((state_dir / CONFIGS).glob("*"))
            found += _read(state_dir, configs, "what it ran with")
            found += _tape(state_dir, start)
        except (OutcryError, _TooLargeError) as error:
            yield Missing("slice", str(error))
        except OSError as error:
            yield Missing("slice", f"{error.strerror}: {error.filename}")
        else:
            for path, what, data in found:
                yield of_bytes(f"slice/{path}", what, data, masker)


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


def _tape(state_dir: Path, start: int) -> list[_File]:
    """The tape from an input on; a running daemon may convert a piece of it meanwhile."""
    for attempt in range(_TRIES):
        files = TapeReader(state_dir / "tape").files(start)
        try:
            return _read(state_dir, files, "market data as recorded")
        except FileNotFoundError:
            if attempt == _TRIES - 1:
                raise
    return []


def _read(folder: Path, files: Iterable[Path], what: str) -> list[_File]:
    total = 0
    found: list[_File] = []
    inside = folder.resolve()
    for file in files:
        if not file.resolve().is_relative_to(inside):  # a forged index must not send other files
            continue
        total += file.stat().st_size
        if total > MOST_BYTES:
            raise _TooLargeError(f"more than {MOST_BYTES >> 20} MB; send fewer inputs with --last")
        found.append((str(file.relative_to(folder)), what, file.read_bytes()))
    return found
