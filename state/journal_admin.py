"""What an operator does with a journal: verify, back up, restore, compact.

A backup is a folder with `journal/data.mdb`, `snapshots/` and, written last, `backup.json`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.state.durable_files import (
    FILE_MODE,
    FOLDER_MODE,
    cannot_write,
    sync_folder,
    write_synced,
)
from openoutcry.state.errors import (
    JournalDamaged,
    JournalError,
    JournalLocked,
    SchemaTooNew,
)
from openoutcry.state.journal import mint_epoch
from openoutcry.state.journal_check import Report, verify_file
from openoutcry.state.journal_env import DATA, FOLDER
from openoutcry.state.journal_lock import StateLock
from openoutcry.state.journal_meta import JournalMeta, Position
from openoutcry.state.journal_reader import JournalReader, open_reader
from openoutcry.state.journal_store import JournalStore, open_store
from openoutcry.state.snapshots import SnapshotStore, load

BACKUP_SCHEMA: Final = 1
MANIFEST: Final = "backup.json"

_TRIM: Final = 10_000
BESIDE: Final = ("tape", "venue", "config")
"""What a session keeps beside its journal and snapshots."""
_TRIES: Final = 5


class Backup(msgspec.Struct, frozen=True):
    """What `backup.json` says: the journal's owner and end, and the snapshots beside it."""

    schema: int
    mode: str
    epoch: int
    records: int
    number: int
    seq: int
    snapshots: tuple[str, ...]


class Compacted(msgspec.Struct, frozen=True):
    """What compacting did: records dropped, the new beginning, bytes of the file before and after."""

    dropped: int
    anchor: Position
    bytes_before: int
    bytes_after: int


def verify(directory: Path) -> Report:
    """Check everything in a state directory's journal; a running daemon's through a copy.

    Raises:
        JournalError: There is no journal, or it cannot be read.
    """
    _check_there(directory)
    try:
        lock = StateLock(directory)
    except JournalLocked:
        with tempfile.TemporaryDirectory(prefix="outcry-", dir=directory) as name:
            copied = Path(name)
            reader = open_reader(directory)
            try:
                _copy_journal(reader.store, copied, compact=False)
            finally:
                reader.store.close()
            return _verified(copied)
    except JournalError:
        return _verified(directory)  # read-only: nobody writes to it
    try:
        return _verified(directory)
    finally:
        lock.release()


def back_up(
    directory: Path,
    out: Path,
    reader: JournalReader | None = None,
    *,
    beside: Sequence[str] = BESIDE,
) -> Backup:
    """Write a consistent copy, also while a daemon runs, and verify it.

    Args:
        directory: The state directory.
        out: A folder that does not exist.
        reader: The journal's reader, in a process that has it open.
        beside: Folders beside the journal that come along.

    Raises:
        JournalError: `out` exists or cannot be written to, or the copy does not hold together.
    """
    own = reader or open_reader(directory)
    try:
        with _new_folder(out) as part:
            names = _copy_snapshots(directory, part)
            _copy_journal(own.store, part, compact=True)
            _copy_folders(directory, part, beside)
            report = _verified(part)
            _whole(report, f"the copy of {directory}")
            assert report.meta is not None
            assert report.last is not None
            _check_snapshots(part, names)
            manifest = Backup(
                BACKUP_SCHEMA,
                report.meta.mode,
                report.meta.epoch,
                report.records,
                report.last.number,
                report.last.seq,
                names,
            )
            write_synced(part / MANIFEST, msgspec.json.encode(manifest))
            return manifest
    finally:
        if reader is None:
            own.store.close()


def restore(backup: Path, directory: Path, mint: Callable[[], int] = mint_epoch) -> Backup:
    """Make a state directory of a backup.

    It gets an epoch of its own: ids that were given out after the backup are not known here, and must
    never be given out again.

    Args:
        backup: What `back_up` wrote.
        directory: The state directory; it must not exist.
        mint: Makes the epoch.

    Raises:
        JournalDamaged: The backup is not whole.
        JournalError: The directory exists or cannot be written to.
    """
    manifest = _manifest(backup)
    report = _verified(backup)
    _whole(report, f"the backup {backup}")
    if report.last is None or report.last.number != manifest.number:
        raise JournalDamaged(f"the backup {backup} does not end at record {manifest.number}")
    with _new_folder(directory) as part:
        for name in _copy_snapshots(backup, part):
            load(part / "snapshots" / name)
        _copy_folders(backup, part, BESIDE)
        (part / FOLDER).mkdir(FOLDER_MODE)
        write_synced(part / FOLDER / DATA, (backup / FOLDER / DATA).read_bytes())
        store = open_store(part / FOLDER)
        try:
            meta = store.meta
            changed: JournalMeta = msgspec.structs.replace(
                meta, epoch=mint(), earlier=(*meta.earlier, meta.epoch)
            )
            store.change_meta(changed)
        finally:
            store.close()
    return manifest


def compact(directory: Path) -> Compacted:
    """Drop what lies before the older snapshot, and write the file anew without its gaps.

    Raises:
        JournalLocked: A daemon runs; it drops what it does not need by itself.
        JournalDamaged: The journal or a snapshot is damaged; nothing is changed.
        JournalError: There is no snapshot.
    """
    _check_there(directory)
    lock = StateLock(directory)
    try:
        _whole(_verified(directory), f"the journal in {directory}")
        place = SnapshotStore(directory).oldest_place()
        if place is None:
            raise JournalError(
                f"{directory} has no whole snapshots, so every record is needed",
                remedy="run the daemon until it has written two snapshots",
            )
        return _compact(directory / FOLDER, place)
    finally:
        lock.release()


def _compact(folder: Path, place: Position) -> Compacted:
    data, part = folder / DATA, folder / f"{DATA}.part"
    before = data.stat().st_size
    store = open_store(folder)
    try:
        if not JournalReader(store).holds(place) and place.number > store.anchor.number:
            raise JournalDamaged(f"the snapshot at record {place.number} is not of this journal")
        start = store.anchor.number
        while store.trim(place.number, _TRIM) == _TRIM:
            pass
        anchor = store.anchor
        _copy_data(store, part, compact=True)
    finally:
        store.close()
    part.replace(data)
    sync_folder(folder)
    return Compacted(anchor.number - start, anchor, before, data.stat().st_size)


def _verified(directory: Path) -> Report:
    return verify_file(directory / FOLDER, partial(open_reader, directory))


def _whole(report: Report, what: str) -> None:
    if report.problems:
        raise JournalDamaged(f"{what} is damaged: {'; '.join(report.problems[:3])}")


def _check_there(directory: Path) -> None:
    if not (directory / FOLDER / DATA).exists():
        raise JournalError(
            f"there is no journal in {directory}",
            remedy="name the state directory of a paper or live daemon",
        )


def _manifest(backup: Path) -> Backup:
    try:
        data = (backup / MANIFEST).read_bytes()
        schema = msgspec.json.decode(data).get("schema")
        if type(schema) is int and schema > BACKUP_SCHEMA:
            raise SchemaTooNew(
                f"the backup {backup} has schema {schema}; this openoutcry knows {BACKUP_SCHEMA}"
            )
        return msgspec.json.decode(data, type=Backup)
    except OSError as error:
        raise JournalError(
            f"{backup} is no backup: it has no {MANIFEST}",
            remedy="name a folder that `outcry backup` wrote to its end",
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError) as error:
        raise JournalDamaged(f"{backup / MANIFEST} cannot be read: {error}") from error


def _copy_journal(store: JournalStore, out: Path, *, compact: bool) -> None:
    (out / FOLDER).mkdir(FOLDER_MODE)
    _copy_data(store, out / FOLDER / DATA, compact=compact)
    sync_folder(out / FOLDER)


def _copy_data(store: JournalStore, file: Path, *, compact: bool) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        store.copy(fd, compact=compact)
        os.fsync(fd)
    finally:
        os.close(fd)


def _copy_snapshots(source: Path, out: Path) -> tuple[str, ...]:
    """Copy what is whole; the journal is copied after, so that it reaches as far."""
    target = SnapshotStore(out).folder
    target.mkdir(FOLDER_MODE)
    names = []
    for file in SnapshotStore(source).files():
        try:
            load(file)
        except JournalDamaged:
            continue
        write_synced(target / file.name, file.read_bytes())
        names.append(file.name)
    sync_folder(target)
    return tuple(names)


def _copy_folders(source: Path, out: Path, names: Sequence[str]) -> None:
    """Copy what a session keeps beside the journal, after it: none of it may be behind.

    A running daemon may turn a segment of the tape into Parquet meanwhile: then the copy begins anew.
    """
    for name in names:
        if not (source / name).exists():
            continue
        for left in reversed(range(_TRIES)):
            try:
                _copy_tree(source / name, out / name)
                break
            except FileNotFoundError:
                shutil.rmtree(out / name, ignore_errors=True)
                if not left:
                    raise


def _copy_tree(source: Path, out: Path) -> None:
    out.mkdir(FOLDER_MODE)
    for item in sorted(source.iterdir()):
        if item.is_dir():
            _copy_tree(item, out / item.name)
        else:
            write_synced(out / item.name, item.read_bytes())
    sync_folder(out)


def _check_snapshots(part: Path, names: tuple[str, ...]) -> None:
    if not names:
        return
    reader = open_reader(part)
    try:
        newest = load(part / "snapshots" / max(names))
        if not reader.holds(newest.position):
            raise JournalError(
                f"the snapshot {max(names)} is not of this journal",
                remedy="run the backup again; if it says so again, run `outcry journal verify`",
            )
    finally:
        reader.store.close()


class _new_folder:  # noqa: N801 - a context manager, read as one
    """A folder that appears under its name when it is complete, or not at all."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._part = target.with_name(f".{target.name}.part")

    def __enter__(self) -> Path:
        if os.path.lexists(self._target):
            raise JournalError(
                f"{self._target} exists", remedy="name a folder that does not exist yet"
            )
        try:
            shutil.rmtree(self._part, ignore_errors=True)
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._part.mkdir(FOLDER_MODE)
        except OSError as error:
            raise cannot_write(self._target, error) from error
        return self._part

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            sync_folder(self._part)
            self._part.replace(self._target)
            sync_folder(self._target.parent)
            return
        shutil.rmtree(self._part, ignore_errors=True)
        if isinstance(error, OSError):
            raise cannot_write(self._target, error) from error
