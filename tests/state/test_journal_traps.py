"""What LMDB does to who does not know it, each met once: maps, readers, forks, modes, locks, engines."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import lmdb
import pytest

from openoutcry.state import journal_lock
from openoutcry.state.errors import JournalDamaged, JournalError, JournalFull, JournalLocked
from openoutcry.state.journal_env import Limits, open_environment
from openoutcry.state.journal_lock import Owner, StateLock
from openoutcry.state.journal_meta import Position
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.journal_store import open_store
from openoutcry.state.journal_writer import JournalState
from tests.state.journal_kit import SMALL, Watch, filled, opened, timer, write

ROOT = Path(__file__).resolve().parents[2]


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that has said it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: subprocess.Popen[str]) -> str:
    """What it says after that; `communicate` would lose what was read together with "ready"."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write("go on\n")
            process.stdin.close()
        return process.stdout.read()


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


# --- the map ------------------------------------------------------------------------------------


def test_the_map_grows_before_it_is_full(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    store = journal.reader.store
    assert store.map_bytes == SMALL.map_bytes
    write(journal, watch, 1, 300, size=10_000)
    assert store.map_bytes >= 4 * SMALL.map_bytes
    assert store.used_bytes < store.map_bytes * 3 // 4
    assert watch.states() == []
    journal.close()


def test_a_map_that_is_full_after_all_grows_and_the_commit_is_made_again(tmp_path):
    class Crowded:
        """An environment in which somebody else took the room between the look and the commit."""

        once = True

        def __init__(self, env):
            self.env = env

        def __getattr__(self, name):
            return getattr(self.env, name)

        def begin(self, *args, **kwargs):
            if kwargs.get("write") and Crowded.once:
                Crowded.once = False
                raise lmdb.MapFullError("mdb_put", -30792)
            return self.env.begin(*args, **kwargs)

    watch = Watch()
    Crowded.once = False
    journal = opened(tmp_path, watch, open_env=lambda *a, **k: Crowded(lmdb.open(*a, **k)))
    before = journal.reader.store.map_bytes
    Crowded.once = True
    write(journal, watch, 1, 3)
    assert journal.reader.store.map_bytes == 2 * before
    assert [r.seq for r in journal.reader.records()] == [0, 1, 2, 3]
    journal.close()


def test_beyond_its_largest_size_the_journal_is_full_and_loses_nothing(tmp_path):
    watch = Watch()
    limits = Limits(map_bytes=1 << 20, map_max_bytes=2 << 20, allocate_bytes=64 << 10)
    journal = opened(tmp_path, watch, limits=limits)
    for seq in range(1, 301):
        journal.append(seq, timer(seq, size=10_000))
        journal.hand_over(seq)
    watch.until(lambda: JournalState.FULL in watch.states())
    assert "largest size, 2097152 bytes" in journal.health.reason
    durable = journal.settle()
    assert 0 <= durable < 300
    assert not journal.close()
    again = opened(tmp_path)  # with more room
    assert [r.seq for r in again.reader.records(1)][:durable] == list(range(1, durable + 1))
    again.close()


READER = """
import sys
from pathlib import Path
from openoutcry.state.journal_reader import open_reader
reader = open_reader(Path(sys.argv[1]))
before = reader.head.number
print("ready", flush=True)
sys.stdin.readline()
print(before, reader.head.number, len(list(reader.records())))
"""


def test_a_reader_of_another_process_follows_a_map_that_has_grown(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    reader = child(READER, tmp_path)
    write(journal, watch, 1, 1500, size=10_000)  # more than the reader has mapped
    assert ended(reader) == "1 1501 1501\n"
    journal.close()


# --- readers ------------------------------------------------------------------------------------

STUCK = """
import sys, lmdb
env = lmdb.open(sys.argv[1], readonly=True, max_dbs=4)
txn = env.begin()
txn.get(b"records")
print("ready", flush=True)
sys.stdin.readline()
"""


def grown(directory: Path, *, stuck: bool) -> int:
    watch = Watch()
    journal = opened(directory, watch)
    write(journal, watch, 1, 1)
    if stuck:
        killed(child(STUCK, directory / "journal"))
    for seq in range(2, 602):
        write(journal, watch, seq, seq, size=200)
    used = journal.reader.store.used_bytes
    journal.close()
    return used


def test_a_killed_reader_does_not_make_the_file_grow(tmp_path):
    usual = grown(tmp_path / "usual", stuck=False)
    with_killed = grown(tmp_path / "killed", stuck=True)
    assert with_killed < 2 * usual + 64 * 6 * 4096, "64 commits pass until the slot is cleared"


def test_stale_readers_are_cleared_at_the_start(tmp_path):
    filled(tmp_path, 3)
    killed(child(STUCK, tmp_path / "journal"))
    journal = opened(tmp_path)
    assert journal.reader.store.reader_check() == 0
    journal.close()


# --- processes ----------------------------------------------------------------------------------


def test_one_process_opens_an_environment_once(tmp_path):
    journal = opened(tmp_path)
    with pytest.raises(JournalError, match="open in this process already"):
        open_reader(tmp_path)
    with pytest.raises(JournalLocked, match="held by this process already"):
        opened(tmp_path)
    assert journal.health.state is JournalState.RUNNING
    journal.close()


FORKS = """
import os, sys
from pathlib import Path
from openoutcry.state.errors import JournalError
from openoutcry.state.journal_meta import Position
from openoutcry.state.journal_store import open_store
store = open_store(Path(sys.argv[1]) / "journal")
print("ready", flush=True)
if os.fork() == 0:
    try:
        store.commit([], Position(0, 0, b""))
    except JournalError as error:
        print(error.message, os.getppid(), os.getpid(), flush=True)
    store.close()
    os._exit(0)
os.wait()
store.commit([(bytes(8), b"x")], Position(0, 0, bytes(16)))
print(store.last_number(), len(store.read(0)))
store.close()
store.close()
"""


def test_a_forked_child_cannot_use_it_and_leaves_it_alone(tmp_path):
    """In a process of its own: forking one that has threads, as this may, is another trap."""
    tmp_path.chmod(0o700)
    said, after = ended(child(FORKS, tmp_path)).splitlines()
    *words, parent, forked = said.split()
    expected = f"the journal was opened by process {parent}, this is its child {forked}"
    assert " ".join(words) == expected
    assert after == "0 1"


# --- modes --------------------------------------------------------------------------------------


def test_files_are_for_their_owner_only(tmp_path):
    before = os.umask(0)
    try:
        journal = opened(tmp_path / "s")
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
    }
    journal.close()
    files = dict.fromkeys(("s/lock", "s/journal/data.mdb", "s/journal/lock.mdb"), 0o600)
    assert modes == {"s": 0o700, "s/journal": 0o700} | files


@pytest.mark.parametrize("name", [".", "journal", "journal/data.mdb", "journal/lock.mdb"])
def test_what_others_can_read_is_refused(tmp_path, name):
    directory = filled(tmp_path / "s", 1)
    path = directory / name
    path.chmod(path.stat().st_mode | 0o040)
    with pytest.raises(JournalError, match="open to other users") as error:
        opened(directory)
    assert "chmod" in error.value.remedy


# --- the lock -----------------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from openoutcry.state.journal_lock import StateLock
lock = StateLock(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
lock.release()
"""


def test_two_daemons_cannot_have_one_state_directory(tmp_path):
    holder = child(HOLDER, tmp_path)
    with pytest.raises(JournalLocked, match=f"held by process {holder.pid}$") as error:
        opened(tmp_path)
    assert "stop the other process" in error.value.remedy
    ended(holder)
    lock = StateLock(tmp_path)
    assert lock.left_by is None
    lock.release()
    lock.release()


def test_the_lock_of_a_killed_daemon_is_free_and_names_it(tmp_path):
    holder = child(HOLDER, tmp_path)
    killed(holder)
    journal = opened(tmp_path)
    left_by = journal.recovery.left_by
    assert left_by is not None
    assert left_by.pid == holder.pid
    assert not left_by.alive
    journal.close()
    again = opened(tmp_path)
    assert again.recovery.left_by is None
    again.close()


def test_a_process_id_that_was_given_out_again_is_another_process():
    assert Owner.me().alive
    assert not Owner(os.getpid(), Owner.me().started - 1).alive
    assert journal_lock.start_time(2**22 + 1) == 0


# --- append and engine --------------------------------------------------------------------------


def test_a_key_that_is_not_above_the_last_is_refused_whole(tmp_path):
    tmp_path.chmod(0o700)
    store = open_store(tmp_path / "journal", limits=SMALL)
    pairs = [(number.to_bytes(8, "big"), b"x") for number in (1, 2, 2)]
    with pytest.raises(JournalError, match="took 2 of 3 records"):
        store.commit(pairs, Position(2, 2, bytes(16)))
    assert store.last_number() == 0
    store.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [("__version__", "2.9.1"), ("version", lambda **_: (1, 0, 2))],
)
def test_another_engine_is_refused_at_the_start(tmp_path, monkeypatch, name, value):
    monkeypatch.setattr(lmdb, name, value)
    with pytest.raises(JournalError, match="cannot write journals") as error:
        opened(tmp_path / "s")
    assert "lmdb>=3" in error.value.remedy


def test_a_file_of_the_other_engine_is_refused(tmp_path):
    folder = tmp_path / "journal"
    tmp_path.chmod(0o700)
    folder.mkdir(0o700)
    lmdb.open(str(folder), lib_version=1, mode=0o700).close()
    (folder / "lock.mdb").unlink()
    with pytest.raises(JournalError, match="not those of the LMDB engine"):
        open_environment(folder, readonly=False, sync=True, limits=SMALL, open_env=lmdb.open)


def test_a_file_that_is_no_journal_is_damaged(tmp_path):
    directory = filled(tmp_path / "s", 1)
    (directory / "journal" / "data.mdb").write_bytes(b"no journal" * 1000)
    with pytest.raises(JournalDamaged):
        opened(directory)


def test_a_new_journal_needs_room(tmp_path, monkeypatch):
    class Full:
        f_bavail, f_frsize = 100, 4096

    monkeypatch.setattr(os, "statvfs", lambda _: Full)
    with pytest.raises(JournalFull, match="no room on the disk") as error:
        opened(tmp_path / "s")
    assert "free space" in error.value.remedy


def test_reading_and_growing_at_once(tmp_path):
    """A reader in the daemon's own process never sees the map move below it."""
    watch = Watch()
    journal = opened(tmp_path, watch)
    stop = threading.Event()
    seen: list[int] = []
    wrong: list[str] = []

    def read() -> None:
        while not stop.is_set():
            numbers = [r.number for r in journal.reader.records()]
            seen.append(len(numbers))
            if numbers != list(range(1, len(numbers) + 1)):
                wrong.append(str(numbers[-3:]))

    thread = threading.Thread(target=read)
    thread.start()
    write(journal, watch, 1, 400, size=10_000)
    stop.set()
    thread.join()
    assert not wrong
    assert seen
    assert seen == sorted(seen)
    journal.close()
