"""Backups while a daemon writes, restoring, compacting, and verifying what is in use."""

import json
from pathlib import Path

import pytest

from openoutcry.state import journal_admin
from openoutcry.state.errors import JournalDamaged, JournalError, JournalLocked, SchemaTooNew
from openoutcry.state.journal_admin import back_up, compact, restore, verify
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.snapshots import Snapshot, SnapshotStore
from tests.state.journal_kit import Watch, filled, opened, timer, write


def seqs(directory: Path, seq: int = 0) -> list[int]:
    reader = open_reader(directory)
    try:
        return [record.seq for record in reader.records(seq)]
    finally:
        reader.store.close()


def with_snapshots(directory: Path, count: int, *at: int, size: int = 0) -> Path:
    """A filled state directory with a snapshot after each input in `at`."""
    filled(directory, count, size)
    reader = open_reader(directory)
    for seq in at:
        place = reader.position(seq)
        SnapshotStore(directory).write(Snapshot(seq, place, {"books": b"at %d" % seq}))
    reader.store.close()
    return directory


def test_a_backup_while_the_daemon_writes_is_whole_and_restores(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "s", watch)
    write(journal, watch, 1, 30)
    SnapshotStore(tmp_path / "s").write(Snapshot(20, journal.position(20), {"a": b"b"}))
    for seq in range(31, 400):  # what is on its way meanwhile is in the backup or not, never half
        journal.append(seq, timer(seq))
        journal.hand_over(seq)
    made = back_up(tmp_path / "s", tmp_path / "out", journal.reader)
    watch.until(lambda: journal.settle() == 399)
    journal.close()
    assert 30 <= made.seq <= 399
    assert made.snapshots == ("00000000000000000020.snapshot",)
    restored = tmp_path / "again"
    assert restore(tmp_path / "out", restored) == made
    assert seqs(restored, 1) == list(range(1, made.seq + 1))
    assert (
        SnapshotStore(restored).newest().snapshot == SnapshotStore(tmp_path / "s").newest().snapshot
    )
    assert {p.stat().st_mode & 0o077 for p in restored.rglob("*")} == {0}
    assert verify(restored).problems == ()


def test_a_restored_directory_has_an_epoch_of_its_own(tmp_path):
    """Ids of orders sent after the backup are not known there: they must never be given out again."""
    directory = filled(tmp_path / "s", 3)
    back_up(directory, tmp_path / "out")
    restore(tmp_path / "out", tmp_path / "again", mint=lambda: 77)
    before, after = opened(directory), opened(tmp_path / "again")
    assert after.meta.epoch == 77
    assert after.meta.earlier == (before.meta.epoch,)
    started = list(after.reader.records())[-1].message
    assert getattr(started, "epoch", None) == 77
    assert after.recovery.lost is None
    before.close()
    after.close()


def test_a_backup_from_another_process_does_not_need_the_daemon(tmp_path):
    directory = with_snapshots(tmp_path / "s", 20, 5, 10)
    made = back_up(directory, tmp_path / "out")
    assert (made.records, made.seq, len(made.snapshots)) == (21, 20, 2)
    assert json.loads((tmp_path / "out" / "backup.json").read_text())["records"] == 21


def test_a_place_that_exists_is_left_alone(tmp_path):
    directory = filled(tmp_path / "s", 1)
    (tmp_path / "out").mkdir()
    for attempt in (
        lambda: back_up(directory, tmp_path / "out"),
        lambda: back_up(directory, directory),
    ):
        with pytest.raises(JournalError, match="exists"):
            attempt()
    back_up(directory, tmp_path / "b")
    with pytest.raises(JournalError, match="exists"):
        restore(tmp_path / "b", directory)


def test_a_damaged_journal_gives_no_backup(tmp_path):
    directory = filled(tmp_path / "s", 200, size=100)
    file = directory / "journal" / "data.mdb"
    data = bytearray(file.read_bytes())
    at = data.index(b"TimerFired")
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(JournalDamaged, match="checksum"):
        back_up(directory, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_a_damaged_or_unfinished_backup_is_not_restored(tmp_path):
    back_up(filled(tmp_path / "s", 50), tmp_path / "out")
    manifest = tmp_path / "out" / "backup.json"
    text = manifest.read_text()
    manifest.unlink()
    with pytest.raises(JournalError, match=r"no backup: it has no backup\.json"):
        restore(tmp_path / "out", tmp_path / "again")
    manifest.write_text(text.replace('"number":51', '"number":52'))
    with pytest.raises(JournalDamaged, match="does not end at record 52"):
        restore(tmp_path / "out", tmp_path / "again")
    manifest.write_text("[]")
    with pytest.raises(JournalDamaged):
        restore(tmp_path / "out", tmp_path / "again")
    manifest.write_text(text)
    file = tmp_path / "out" / "journal" / "data.mdb"
    file.write_bytes(file.read_bytes().replace(b"TimerFired", b"TimerFixed", 1))
    with pytest.raises(JournalDamaged, match="checksum"):
        restore(tmp_path / "out", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_backup_of_a_newer_version_says_so(tmp_path, monkeypatch):
    back_up(filled(tmp_path / "s", 1), tmp_path / "out")
    monkeypatch.setattr(journal_admin, "BACKUP_SCHEMA", 0)
    with pytest.raises(SchemaTooNew, match="schema 1; this openoutcry knows 0"):
        restore(tmp_path / "out", tmp_path / "again")


def test_compacting_keeps_what_both_snapshots_need_and_the_chain(tmp_path):
    directory = with_snapshots(tmp_path / "s", 3000, 1000, 2000, 2500, size=500)
    done = compact(directory)
    assert done.anchor.seq == 2000, "the older of two generations"
    assert done.dropped == 2001
    assert done.bytes_after < done.bytes_before / 2
    found = verify(directory)
    assert found.problems == ()
    assert found.records == 1000
    assert seqs(directory) == list(range(2001, 3001))
    watch = Watch()
    journal = opened(directory, watch)
    for snapshot in _snapshots(directory):
        assert journal.reader.holds(snapshot.position)
    write(journal, watch, 3001, 3005)
    journal.close()
    assert verify(directory).problems == ()
    assert compact(directory).dropped == 0


def _snapshots(directory: Path) -> list[Snapshot]:
    from openoutcry.state.snapshots import load

    return [load(file) for file in SnapshotStore(directory).files()]


def test_a_running_journal_forgets_piece_by_piece(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "s", watch)
    write(journal, watch, 1, 6000)
    place = journal.position(5500)
    early = journal.position(10)
    journal.forget(place)
    write(journal, watch, 6001, 6010)
    seq = 6010
    while journal.reader.anchor != place:
        seq += 1
        write(journal, watch, seq, seq)
    with pytest.raises(JournalError, match=r"records up to \d+ were dropped"):
        list(journal.reader.after(early))
    assert journal.close()
    found = verify(tmp_path / "s")
    assert found.problems == ()
    assert found.first == place
    assert seqs(tmp_path / "s") == list(range(5501, seq + 1))


def test_without_whole_snapshots_nothing_is_dropped(tmp_path):
    directory = filled(tmp_path / "s", 10)
    with pytest.raises(JournalError, match="every record is needed"):
        compact(directory)
    directory = with_snapshots(tmp_path / "t", 10, 3, 6)
    SnapshotStore(directory).files()[0].write_bytes(b"")
    with pytest.raises(JournalError, match="every record is needed"):
        compact(directory)
    assert verify(directory).records == 11


def test_a_snapshot_of_another_journal_drops_nothing(tmp_path):
    other = with_snapshots(tmp_path / "o", 10, 3, 6)
    directory = filled(tmp_path / "s", 10)
    SnapshotStore(directory).write(_snapshots(other)[0])
    with pytest.raises(JournalDamaged, match="not of this journal"):
        compact(directory)
    assert verify(directory).records == 11


def test_compacting_needs_the_daemon_to_be_stopped(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "s", watch)
    write(journal, watch, 1, 20)
    with pytest.raises(JournalLocked):
        compact(tmp_path / "s")
    journal.close()


@pytest.mark.parametrize("act", [verify, compact])
def test_a_folder_without_a_journal_is_named(tmp_path, act):
    with pytest.raises(JournalError, match="no journal"):
        act(tmp_path)
    assert not list(tmp_path.iterdir())
