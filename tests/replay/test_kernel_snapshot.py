"""A kernel that is saved and goes on in another one: what it holds, and what it refuses."""

from typing import Any

import pytest

from openoutcry import _native
from openoutcry.state.errors import CodecError, SchemaTooNew, StateError
from openoutcry.state.events import TimerFired
from openoutcry.state.messages import UNDEFINED
from tests.replay.kernels import bars, book, columns, kernel, quotes, trades
from tests.replay.test_kernel_venue import order, venue
from tests.replay.test_live_kernel import MINUTE, names, played

QUOTES = quotes((10, 100, 101), (8, 100, 102), (20, 103, 104), (19, 103, 105), (40, 106, 107))
TRADES = trades((10, 100, 1), (25, 102, 4), (MINUTE + 5, 103, 1), (2 * MINUTE, 104, 1))
Pair = tuple[_native.Kernel, _native.Market]


def made(*, push: bool) -> Pair:
    """Two live feeds and bars from both; `push` all their rows."""
    engine, market = kernel(2)
    engine.add_live_feed("quote", 0)
    engine.add_live_feed("trade", 1)
    engine.build_bars(0, "2t", "mid")
    engine.build_bars(1, "1m", "last")
    engine.build_bars(1, "3v", "last")
    if push:
        engine.push(0, QUOTES)
        engine.push(1, TRADES)
    return engine, market


def go_on(old: _native.Kernel, fresh: Pair) -> Pair:
    """A fresh kernel in place of an old one, with the rows that were not taken."""
    engine, market = fresh
    engine.restore(old.snapshot())
    for feed, whole in enumerate((QUOTES, TRADES)):
        engine.push(
            feed, {name: column[engine.rows_taken(feed) :] for name, column in whole.items()}
        )
    return engine, market


@pytest.mark.parametrize("until", [9, 10, 15, 20, 30, 50, MINUTE - 1, MINUTE, MINUTE + 9])
def test_what_follows_is_the_same(until: int) -> None:
    straight, expected = made(push=True)
    first, _ = made(push=True)
    for engine in (straight, first):
        engine.set_timer(20, "s", "early")
        engine.set_timer(MINUTE, "s", "late")
        played(engine, until)
    second, market = go_on(first, made(push=False))
    assert (second.seq, second.now, second.reached) == (first.seq, first.now, until)
    assert played(second, 4 * MINUTE) == played(straight, 4 * MINUTE)
    assert (second.seq, second.now) == (straight.seq, straight.now)
    assert second.counts() == straight.counts()
    assert second.defects() == straight.defects() == {"time_backwards": 2}
    assert market.hash() == expected.hash()


def test_timers_keep_their_handles_and_new_ones_get_others() -> None:
    first, _ = made(push=False)
    kept, gone = (first.set_timer(50, "s", name) for name in ("kept", "gone"))
    second, _ = go_on(first, made(push=False))
    second.cancel_timer(gone)
    assert second.set_timer(50, "s", "new") not in (kept, gone)
    timers = [message for message in played(second, 50) if isinstance(message, TimerFired)]
    assert [timer.name for timer in timers] == ["kept", "new"]


def test_the_hash_of_the_inputs_goes_on_from_those_before() -> None:
    digests = []
    for ask in (101, 102):
        first, _ = kernel(1)
        first.push(first.add_live_feed("quote", 0), quotes((10, 100, ask)))
        played(first, 10)
        second, _ = kernel(1)
        second.add_live_feed("quote", 0)
        second.restore(first.snapshot())
        second.push(0, quotes((11, 100, 101)))
        played(second, 20)
        digests.append(second.input_hash())
    assert digests[0] != digests[1]


def test_the_whole_market_is_in_it() -> None:
    first, before = kernel(2)
    feeds = ["quote", "trade", "mark", "book"]
    numbers = [first.add_live_feed(kind, 0) for kind in feeds]
    first.push(numbers[0], quotes((10, 100, UNDEFINED)))
    first.push(numbers[1], trades((11, 99, 3)))
    first.push(numbers[2], columns(ts_received=[12], mark=[98], index=[UNDEFINED]))
    first.push(numbers[3], book((13, 1, 100, 5, 2), (13, 1, 99, 6, 0), (13, -1, 102, 7, 1)))
    played(first, 20)
    second, after = kernel(2)
    for kind in feeds:
        second.add_live_feed(kind, 0)
    second.restore(first.snapshot())
    assert after.hash() == before.hash()
    assert after.book_top(0, 5) == ([(100, 5), (99, 6)], [(102, 7)])
    assert (after.trade(0), after.mark(0)) == ((11, 99, 3), (12, 98))
    assert not after.book_valid(1)


def test_a_gap_that_was_told_is_not_told_again() -> None:
    rows = book((10, 1, 100, 5, 2 | 1), (12, 1, 101, 5, 4 | 2 | 1))
    first, _ = kernel(1)
    first.push(first.add_live_feed("book", 0), rows)
    assert names([first.next(), first.next()]) == ["BookUpdate", "BookInvalidated"]
    second, _ = kernel(1)
    second.add_live_feed("book", 0)
    second.restore(first.snapshot())
    second.push(0, {name: column[second.rows_taken(0) :] for name, column in rows.items()})
    assert names(played(second, 20)) == ["BookUpdate"]


def test_an_open_that_the_venue_saw_is_not_shown_again() -> None:
    rows = bars((0, MINUTE, 100, 104, 96, 103), (MINUTE, 2 * MINUTE, 103, 107, 103, 106))

    def fresh() -> _native.Kernel:
        engine, _ = kernel(1, venue(order_latency_us=1))
        engine.add_live_feed("bar", 0, ("1m", "last"))
        return engine

    first = fresh()
    first.push(0, rows)
    played(first, MINUTE + 1)
    second = fresh()
    second.restore(first.snapshot())
    second.push(0, {name: column[second.rows_taken(0) :] for name, column in rows.items()})
    second.submit(order(1))
    assert names(played(second, 3 * MINUTE)) == ["OrderAccepted", "Bar"]


def test_recorded_feeds_go_on_behind_the_rows_that_were_taken() -> None:
    first, _ = kernel(1)
    first.add_feed("quote", 0, [QUOTES])
    played(first, 20)
    second, _ = kernel(1)
    second.add_feed("quote", 0, [{name: column[4:] for name, column in QUOTES.items()}])
    second.restore(first.snapshot())
    assert second.rows_taken(0) == 4
    assert [message.ts_received for message in played(second, 50)] == [40]
    assert second.defects() == {"time_backwards": 2}


def test_it_is_taken_between_inputs_and_before_the_end() -> None:
    engine, _ = made(push=True)
    engine.inject(30, "control", object(), b"")
    with pytest.raises(StateError, match="no message waiting"):
        engine.snapshot()
    played(engine, 30)
    engine.snapshot()
    engine.cut()
    with pytest.raises(StateError, match="before the end"):
        engine.snapshot()


def other_feeds() -> Pair:
    engine, market = kernel(2)
    engine.add_live_feed("quote", 0)
    return engine, market


def other_bars() -> Pair:
    engine, market = made(push=False)
    engine.build_bars(0, "1h", "bid")
    return engine, market


@pytest.mark.parametrize("other", [other_feeds, other_bars, lambda: kernel(1)])
def test_a_kernel_of_other_things_is_refused(other: Any) -> None:
    saved = made(push=False)[0].snapshot()
    with pytest.raises(StateError, match="other instruments, feeds or bars"):
        other()[0].restore(saved)


def test_a_kernel_that_has_begun_is_refused() -> None:
    engine, _ = made(push=True)
    saved = engine.snapshot()
    played(engine, 10)
    with pytest.raises(StateError, match="before its first input"):
        engine.restore(saved)


def test_damage_is_refused_and_changes_nothing() -> None:
    first, _ = made(push=True)
    played(first, 30)
    saved = first.snapshot()
    engine, market = made(push=False)
    before = (engine.snapshot(), market.hash())
    for at in range(0, len(saved), 7):
        flipped = bytearray(saved)
        flipped[at] ^= 1
        for bad in (bytes(flipped), saved[:at], saved + saved[:at]):
            if bad != saved:
                with pytest.raises(CodecError):
                    engine.restore(bad)
    newer = bytearray(saved[:-32])
    newer[4] += 1
    with pytest.raises(SchemaTooNew, match="the kernel of version 2"):
        engine.restore(bytes(newer) + _native.digest(bytes(newer)))
    assert (engine.snapshot(), market.hash()) == before
    engine.restore(saved)
    assert engine.seq == first.seq
