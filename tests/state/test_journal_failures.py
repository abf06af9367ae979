"""The journal's side of the failure matrix: full heals, an error latches, read-only refuses, dead is dead."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from openoutcry.state.errors import JournalError, JournalFull
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.journal_writer import JournalHealth, JournalState
from tests.state.journal_kit import Disk, Watch, filled, opened, timer, write

DISK_MB = 6


def seqs(directory: Path) -> list[int]:
    reader = open_reader(directory)
    try:
        return [record.seq for record in reader.records(1)]
    finally:
        reader.store.close()


def record(journal, first: int, last: int, size: int = 0) -> None:
    for seq in range(first, last + 1):
        journal.append(seq, timer(seq, size))
        journal.hand_over(seq)


# --- full ---------------------------------------------------------------------------------------


def test_full_waits_in_memory_reports_nothing_durable_and_heals(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path / "s", watch, open_env=disk.open)
    write(journal, watch, 1, 3)
    disk.full()
    record(journal, 4, 20)
    tries = disk.tries
    watch.until(lambda: watch.states() == [JournalState.FULL])
    assert journal.settle() == 3
    journal.hand_over(21)
    assert journal.settle() == 3, "not even an input without records goes past what waits"
    health = journal.health
    assert (health.state, health.durable_seq, health.waiting_records) == (JournalState.FULL, 3, 17)
    assert health.waiting_bytes > 0
    while disk.tries < tries + 5:  # it tries by itself, and changes nothing
        threading.Event().wait(0.001)
    assert watch.states() == [JournalState.FULL]
    disk.fault = None
    watch.until(lambda: journal.settle() == 21)
    assert watch.states() == [JournalState.FULL, JournalState.RUNNING]
    assert journal.health == JournalHealth(JournalState.RUNNING, "", 20, 0, 0, 0)
    write(journal, watch, 22, 25)
    assert journal.close()
    assert seqs(tmp_path / "s") == [*range(1, 21), *range(22, 26)]


def test_a_full_buffer_fails_the_journal_for_good(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path / "s", watch, open_env=disk.open, buffer_bytes=10_000)
    disk.full()
    record(journal, 1, 40, size=1000)
    watch.until(lambda: JournalState.FAILED in watch.states())
    disk.fault = None
    record(journal, 41, 45)
    health = journal.health
    assert health.state is JournalState.FAILED
    assert "more than 10000 bytes" in health.reason
    assert health.dropped_records >= 5
    assert journal.settle() == 0
    assert not journal.close()
    assert journal.durable_seq == 0


def test_what_waits_when_it_closes_full_was_never_durable(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path / "s", watch, open_env=disk.open)
    write(journal, watch, 1, 2)
    disk.full()
    record(journal, 3, 4)
    watch.until(lambda: watch.states() == [JournalState.FULL])
    assert not journal.close()
    assert journal.durable_seq == 2
    assert seqs(tmp_path / "s") == [1, 2]


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_heals_when_there_is_room_again(small_disk):
    """A real one: LMDB would call it an input/output error, or die of SIGBUS with a writable map."""
    watch = Watch()
    journal = opened(small_disk / "s", watch)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3 << 20))
    record(journal, 1, 400, size=10_000)
    watch.until(lambda: JournalState.FULL in watch.states())
    assert "no room on the disk" in journal.health.reason
    durable = journal.settle()
    assert durable < 400
    ballast.unlink()
    watch.until(lambda: journal.settle() > durable)
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    watch.until(lambda: journal.settle() == 400)
    assert set(watch.states()) == {JournalState.FULL, JournalState.RUNNING}
    assert journal.close()
    assert seqs(small_disk / "s") == list(range(1, 401))


def test_a_full_disk_at_the_start_refuses(small_disk):
    (small_disk / "ballast").write_bytes(bytes((DISK_MB << 20) - (900 << 10)))
    with pytest.raises(JournalFull, match="no room on the disk") as error:
        opened(small_disk / "s")
    assert "free space" in error.value.remedy


def test_an_old_journal_on_a_full_disk_refuses_to_start_and_starts_later(small_disk):
    journal = opened(small_disk / "s")
    used = journal.reader.store.used_bytes
    journal.close()
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(DISK_MB << 20))
    data = small_disk / "s" / "journal" / "data.mdb"
    os.truncate(data, used)  # what was allocated in advance went to the ballast
    with pytest.raises(OSError, match="No space"):
        (small_disk / "more").write_bytes(bytes(DISK_MB << 20))
    with pytest.raises(JournalFull):
        opened(small_disk / "s")
    ballast.unlink()
    opened(small_disk / "s").close()


# --- an error of the disk -----------------------------------------------------------------------


def test_a_sync_error_latches_and_is_never_tried_again(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path / "s", watch, open_env=disk.open)
    write(journal, watch, 1, 3)
    disk.broken()
    record(journal, 4, 4)
    watch.until(lambda: watch.states() == [JournalState.FAILED])
    tries = disk.tries
    disk.fault = None
    record(journal, 5, 9)
    journal.note(MarketDataTaped(first=1, last=2, file="x", rows=1, digest=""))
    journal.hand_over(10)
    assert journal.settle() == journal.durable_seq == 3
    health = journal.health
    assert (health.state, health.dropped_records) == (JournalState.FAILED, 5)
    assert "mdb_txn_commit" in health.reason
    assert not journal.close()
    assert disk.tries == tries
    assert journal.health.state is JournalState.FAILED
    assert seqs(tmp_path / "s") == [1, 2, 3]


def test_a_full_disk_that_breaks_latches_too(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path, watch, open_env=disk.open)
    disk.full()
    record(journal, 1, 1)
    watch.until(lambda: watch.states() == [JournalState.FULL])
    disk.broken()
    watch.until(lambda: watch.states() == [JournalState.FULL, JournalState.FAILED])
    assert not journal.close()


# --- read-only ----------------------------------------------------------------------------------


def test_a_disk_that_turns_read_only_fails_like_a_broken_one(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path, watch, open_env=disk.open)
    disk.read_only()
    record(journal, 1, 1)
    watch.until(lambda: watch.states() == [JournalState.FAILED])
    disk.fault = None
    record(journal, 2, 2)
    assert journal.settle() == 0
    assert not journal.close()


def test_a_read_only_disk_refuses_at_the_start_and_can_be_read(small_disk):
    filled(small_disk / "s", 3)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(JournalError, match=r"cannot write to .*Read-only file system") as error:
        opened(small_disk / "s")
    assert "writable state directory" in error.value.remedy
    assert seqs(small_disk / "s") == [1, 2, 3]


def test_a_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot write to") as error:
        opened(tmp_path / "file" / "s")
    assert "check its owner" in error.value.remedy


def test_a_disk_that_takes_nothing_refuses_at_the_start(tmp_path):
    disk = Disk()
    opened(tmp_path).close()
    disk.broken()
    with pytest.raises(JournalError, match="mdb_txn_commit"):
        opened(tmp_path, open_env=disk.open)
    opened(tmp_path).close()


# --- dead ---------------------------------------------------------------------------------------


class Dies:
    """Ends the writer's thread by an exception that nobody foresaw."""

    def __init__(self) -> None:
        self.armed = False

    def at(self, step: str) -> None:
        if self.armed and step == "before commit":
            raise ZeroDivisionError


def test_a_dead_thread_is_a_failed_journal(tmp_path, monkeypatch):
    unhandled: list[type] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: unhandled.append(args.exc_type))
    watch, hooks = Watch(), Dies()
    journal = opened(tmp_path / "s", watch, hooks=hooks)
    write(journal, watch, 1, 2)
    hooks.armed = True
    record(journal, 3, 3)
    watch.until(lambda: watch.states() == [JournalState.FAILED])
    record(journal, 4, 4)
    journal.hand_over(5)
    assert journal.settle() == 2
    assert journal.health.dropped_records == 1
    assert not journal.close()
    assert unhandled == [ZeroDivisionError]
    assert seqs(tmp_path / "s") == [1, 2]
