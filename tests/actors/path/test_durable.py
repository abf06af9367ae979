"""The order path with the journal on disk: an order leaves when its commit has returned, or never."""

import msgspec

from openoutcry.state.journal_writer import JournalState
from openoutcry.state.market_data import Quote
from tests.order_kit import BTC, STRATEGY
from tests.path_kit import FREE, NOW, Pit, cancel, order
from tests.state.journal_kit import Disk, Watch, opened


def hand_over(pit: Pit, journal) -> None:
    """What a daemon does after each input."""
    journal.hand_over(pit.world.seq)
    pit.path.on_durable(pit.world.now)


def test_an_order_leaves_when_its_commit_has_returned(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path, watch, open_env=disk.open)
    disk.full()
    pit = Pit(FREE, store=journal)
    pit.tell(order())
    hand_over(pit, journal)
    watch.until(lambda: watch.states() == [JournalState.FULL])
    journal.settle()
    pit.path.on_durable(pit.world.now)
    assert (pit.arrived, pit.path.waiting) == ([], 1)
    disk.fault = None
    watch.until(lambda: journal.settle() >= pit.world.seq)
    pit.path.on_durable(pit.world.now)
    assert (pit.arrived, pit.path.waiting) == ([order()], 0)
    assert journal.close()


def test_a_failed_journal_lets_nothing_leave(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path, watch, open_env=disk.open)
    pit = Pit(FREE, store=journal)
    disk.broken()
    for number in (1, 2):
        pit.tell(order(number))
        hand_over(pit, journal)
        watch.until(watch.states)
        disk.fault = None
    journal.settle()
    pit.path.on_durable(pit.world.now)
    assert (pit.arrived, pit.path.waiting) == ([], 2)
    assert not journal.close()


def test_what_is_on_disk_is_the_decision_record_of_the_same_run_in_memory(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    kept = Pit(FREE)
    on_disk = Pit(FREE, store=journal, durable=0)
    for pit in (kept, on_disk):
        for number in (1, 2, 3):
            pit.tell(order(number))
            if pit is on_disk:
                hand_over(pit, journal)
                watch.until(lambda: journal.settle() >= on_disk.world.seq)
                pit.path.on_durable(pit.world.now)
    assert kept.arrived == on_disk.arrived
    journal.hand_over(on_disk.world.seq)
    watch.until(lambda: journal.settle() >= journal.last_seq)
    written = [(r.seq, r.body) for r in journal.reader.records() if b"JournalStarted" not in r.body]
    assert sorted(written) == sorted(kept.journal.records())
    assert journal.close()


def leaves_when_its_record_is_on_disk(pit: Pit, journal, watch: Watch) -> None:
    """One order waits, although the number of its input was durable before it came."""
    assert journal.settle() >= pit.world.seq
    assert pit.path.on_durable(pit.world.now) == []
    assert (pit.submits(), pit.path.waiting) == ([], 1)
    journal.hand_over(pit.world.seq)
    watch.until(
        lambda: journal.settle() is not None and not pit.path.on_durable(NOW) and pit.submits()
    )
    assert pit.path.waiting == 0


def test_an_order_before_the_first_input_waits_for_its_record(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    ageless = msgspec.structs.replace(FREE, max_data_age_ms="unlimited")
    pit = Pit(ageless, store=journal, quoted=False)
    assert pit.world.seq == 0
    pit.puppet().acts.append(lambda me: me.buy(BTC, 1, limit="99.00"))
    pit.graph.strategies[STRATEGY].actor_ref.ask(Quote(BTC, NOW, NOW, 2, 0, 1, 2, 5, 5))
    leaves_when_its_record_is_on_disk(pit, journal, watch)
    assert journal.close()


def test_an_order_of_a_stop_waits_for_its_record(tmp_path):
    watch = Watch()
    journal = opened(tmp_path, watch)
    pit = Pit(FREE, store=journal)
    hand_over(pit, journal)
    watch.until(lambda: journal.settle() >= pit.world.seq)
    pit.puppet().at_stop.append(lambda me: me.buy(BTC, 1, limit="99.00"))
    pit.graph.stop()
    leaves_when_its_record_is_on_disk(pit, journal, watch)
    assert journal.close()


def test_a_cancel_leaves_while_the_journal_is_broken(tmp_path):
    watch, disk = Watch(), Disk()
    journal = opened(tmp_path, watch, open_env=disk.open)
    pit = Pit(FREE, store=journal)
    pit.tell(order())
    journal.hand_over(pit.world.seq)
    watch.until(lambda: journal.settle() >= pit.world.seq)
    pit.path.on_durable(pit.world.now)
    disk.broken()
    pit.tell(order(2))
    hand_over(pit, journal)
    watch.until(watch.states)
    pit.tell(cancel(1), cancel(2))
    assert pit.arrived == [order(1), cancel(1)]
    assert not journal.close()
