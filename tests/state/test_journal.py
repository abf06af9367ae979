"""The durable journal: what is reported durable is on disk, in order, and comes back."""

import threading

import pytest

from openoutcry.state import journal_meta
from openoutcry.state.codec import encode
from openoutcry.state.commands import Halt
from openoutcry.state.enums import Mode
from openoutcry.state.errors import JournalDamaged, JournalError, SchemaTooNew
from openoutcry.state.events import EquitySampled, JournalStarted, MarketDataTaped
from openoutcry.state.journal_meta import beginning
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.journal_writer import JournalState
from tests.state.journal_kit import Watch, identity, opened, timer, write

TAPED = MarketDataTaped(first=1, last=40, file="tape/0001.tape", rows=39, digest="ab")


class Gate:
    """Holds the writer at a step until the test lets it go on."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.reached = threading.Event()
        self.open = threading.Event()

    def at(self, step: str) -> None:
        if step == self.step:
            self.reached.set()
            assert self.open.wait(30)


def messages(directory):
    reader = open_reader(directory)
    try:
        return [(r.seq, r.message) for r in reader.records()]
    finally:
        reader.store.close()


@pytest.mark.parametrize("durability", ["strict", "group", "process"])
def test_what_was_appended_comes_back_after_a_restart(tmp_path, durability):
    watch = Watch()
    journal = opened(tmp_path / "s", watch, durability=durability)
    write(journal, watch, 1, 50)
    assert journal.durable_seq == journal.last_seq == 50
    assert journal.close()
    found = messages(tmp_path / "s")
    assert isinstance(found[0][1], JournalStarted)
    assert found[1:] == [(seq, timer(seq)) for seq in range(1, 51)]
    again = opened(tmp_path / "s", durability=durability)
    assert (again.last_seq, again.durable_seq) == (50, 50)
    assert again.recovery.lost is None
    again.close()


@pytest.mark.parametrize("step", ["before append", "after append", "before commit"])
def test_nothing_is_durable_before_its_commit_has_returned(tmp_path, step):
    watch, gate = Watch(), Gate(step)
    journal = opened(tmp_path, watch, hooks=gate)
    journal.append(1, timer(1))
    journal.hand_over(1)
    assert gate.reached.wait(30)
    assert journal.settle() == 0
    journal.hand_over(2)  # an input without records is no further than what waits before it
    assert journal.settle() == 0
    gate.open.set()
    watch.until(lambda: journal.settle() == 2)
    assert journal.close()


def test_the_core_never_waits_and_what_came_meanwhile_is_one_commit(tmp_path):
    watch, gate = Watch(), Gate("before commit")
    journal = opened(tmp_path, watch, hooks=gate)
    for seq in range(1, 101):
        journal.append(seq, timer(seq))
        journal.hand_over(seq)
    assert gate.reached.wait(30)
    gate.open.set()
    watch.until(lambda: journal.settle() == 100)
    assert watch.commits <= 3
    assert journal.close()


def test_inputs_without_records_are_durable_at_once(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    journal.hand_over(5)
    assert journal.durable_seq == 5
    write(journal, watch, 6, 6)
    assert journal.close()


def test_records_that_were_not_handed_over_are_written_when_it_closes(tmp_path):
    journal = opened(tmp_path / "s")
    journal.append(3, timer(3))
    assert journal.close()
    assert journal.durable_seq == 3
    assert messages(tmp_path / "s")[-1] == (3, timer(3))


def test_an_edge_notes_what_lies_on_the_tape(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "s", watch)
    write(journal, watch, 1, 40)
    before = journal.native.digest()
    journal.note(TAPED)
    watch.until(lambda: journal.reader.head.number == 42)
    assert journal.native.digest() == before, "it is no part of the decision record"
    write(journal, watch, 41, 41)
    assert journal.close()
    assert messages(tmp_path / "s")[-2:] == [(40, TAPED), (41, timer(41))]


def test_a_state_directory_has_one_epoch_and_every_start_is_recorded(tmp_path):
    first = opened(tmp_path, who=identity(now=5))
    first.close()
    second = opened(tmp_path, who=identity(now=6))
    assert second.meta.epoch == first.meta.epoch < 2**48
    assert (second.meta.created, second.meta.mode) == (5, "paper")
    starts = [r.message for r in second.reader.records()]
    second.close()
    for start, now in zip(starts, (5, 6), strict=True):
        assert isinstance(start, JournalStarted)
        assert (start.ts, start.epoch) == (now, first.meta.epoch)
    other = opened(tmp_path / "other")
    assert other.meta.epoch != first.meta.epoch
    other.close()


def test_modes_never_share_a_state_directory(tmp_path):
    opened(tmp_path, who=identity(Mode.PAPER)).close()
    with pytest.raises(JournalError, match="belongs to paper, not to live") as error:
        opened(tmp_path, who=identity(Mode.LIVE))
    assert "of its own" in error.value.remedy
    opened(tmp_path, who=identity(Mode.PAPER)).close()  # and the lock was let go


def test_an_older_schema_opens_and_a_newer_one_says_so(tmp_path, monkeypatch):
    opened(tmp_path).close()
    monkeypatch.setattr(journal_meta, "JOURNAL_SCHEMA", 2)
    opened(tmp_path).close()
    monkeypatch.setattr(journal_meta, "JOURNAL_SCHEMA", 0)
    with pytest.raises(SchemaTooNew, match="schema 1; this openoutcry knows 0") as error:
        opened(tmp_path)
    assert "upgrade" in error.value.remedy


def test_a_chain_begins_differently_in_each_state_directory():
    assert beginning(1).hash != beginning(2).hash


def test_reading_from_an_input_on(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    for seq in (2, 2, 2, 5, 9):
        journal.append(seq, timer(seq))
    journal.hand_over(9)
    watch.until(lambda: journal.settle() == 9)
    reader = journal.reader
    seqs = {start: [r.seq for r in reader.records(start)] for start in (0, 1, 2, 3, 5, 6, 9, 10)}
    assert seqs[0] == [0, 2, 2, 2, 5, 9]
    assert seqs[1] == seqs[2] == [2, 2, 2, 5, 9]
    assert seqs[3] == seqs[5] == [5, 9]
    assert seqs[6] == seqs[9] == [9]
    assert seqs[10] == []
    assert [journal.position(s).number for s in (0, 1, 2, 4, 5, 8, 9, 99)] == [
        1,
        1,
        4,
        4,
        5,
        5,
        6,
        6,
    ]
    assert reader.holds(journal.position(5))
    assert not reader.holds(beginning(0))
    journal.close()


def test_a_group_larger_than_a_commit_is_split(tmp_path):
    watch, gate = Watch(), Gate("before commit")
    journal = opened(tmp_path, watch, hooks=gate)
    for seq in range(1, 121):
        journal.append(seq, timer(seq, size=100_000))
        journal.hand_over(seq)
    gate.open.set()
    watch.until(lambda: journal.settle() == 120)
    assert watch.commits >= 3
    assert journal.health.waiting_bytes == journal.health.waiting_records == 0
    assert journal.close()


def test_what_the_order_path_records_natively_is_written_too(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "s", watch)
    halt = Halt(ts=1, reason="x")
    journal.native.append(1, encode(halt))
    journal.append(1, timer(1))
    journal.hand_over(1)
    watch.until(lambda: journal.settle() == 1)
    assert journal.close()
    assert [m for _, m in messages(tmp_path / "s")[1:]] == [halt, timer(1)]


def test_a_sequence_number_that_steps_back_fails_the_journal(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    write(journal, watch, 1, 5)
    journal._writer.submit(_batch(4), 4)
    watch.until(watch.states)
    assert journal.health.state is JournalState.FAILED
    assert "sequence 4 after 5" in journal.health.reason
    assert not journal.close()


def _batch(seq):
    from openoutcry import _native

    native = _native.Journal(after=seq)
    native.append(seq, encode(timer(seq)))
    return native.hand_over()


def test_a_reader_of_a_folder_without_journal_says_what_to_name(tmp_path):
    with pytest.raises(JournalError, match="no journal") as error:
        open_reader(tmp_path)
    assert "state directory" in error.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_journal_appears_with_its_first_pages_or_not_at_all(tmp_path):
    """A crash while it is made leaves a part, which the next start clears away."""
    part = tmp_path / ".journal.part"
    part.mkdir()
    (part / "data.mdb").write_bytes(b"")
    opened(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal", "lock"]


def test_a_folder_that_lost_its_file_is_no_new_journal(tmp_path):
    opened(tmp_path).close()
    (tmp_path / "journal" / "data.mdb").unlink()
    with pytest.raises(JournalDamaged, match="has no owner"):
        opened(tmp_path)


def test_after_a_rerun_a_record_is_durable_when_it_is_written(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    for seq in (1, 2, 3):
        journal.append(seq, EquitySampled(ts=seq, units=seq))
    journal.hand_over(3)
    assert journal.close()
    again = opened(tmp_path, watch)
    again.rewind(0)
    for seq in (1, 2, 3):
        again.append(seq, EquitySampled(ts=seq, units=seq))
    taken = again.native.hand_over()  # by the re-run
    assert taken is not None
    assert taken.count == 3
    again.go_on()
    again.append(4, EquitySampled(ts=4, units=4))
    assert again.native.durable_count == 3 < again.native.count
    again.hand_over(4)
    watch.until(lambda: again.settle() >= 4)
    assert again.native.durable_count == again.native.count == 4
    assert again.close()
