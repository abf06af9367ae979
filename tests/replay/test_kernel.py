"""The kernel's order, stamps, counts and hash: what a replay stands on."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.state.errors import ConfigError, DataFormatError
from openoutcry.state.events import TimerFired
from openoutcry.state.market_data import (
    BookInvalidated,
    BookUpdate,
    Dividend,
    FundingRate,
    MarkPrice,
    Quote,
    Split,
    Trade,
)
from openoutcry.state.messages import UNDEFINED
from tests.replay.kernels import A, B, bars, book, columns, drain, kernel, pieces, quotes, trades


def test_inputs_of_one_instant_come_by_class_then_feed_then_row() -> None:
    engine, _ = kernel()
    engine.add_feed("quote", 1, [quotes((10, 100, 101), (10, 102, 103))])
    engine.add_feed("trade", 0, [trades((10, 100, 1), (11, 99, 1))])
    engine.add_feed("split", 0, [columns(ts_received=[10], numerator=[2], denominator=[1])])
    engine.set_timer(10, "s", "now")
    engine.set_timer(5, "s", "before")
    came = [(type(m).__name__, getattr(m, "instrument", None)) for m in drain(engine)]
    assert came == [
        ("TimerFired", None),
        ("Split", A),
        ("Quote", B),
        ("Quote", B),
        ("Trade", A),
        ("TimerFired", None),
        ("Trade", A),
    ]


def test_every_kind_arrives_with_its_values() -> None:
    engine, market = kernel(1)
    engine.add_feed("quote", 0, [quotes((10, 100, UNDEFINED))])
    engine.add_feed("trade", 0, [trades((11, 99, 3))])
    engine.add_feed("mark", 0, [columns(ts_received=[12], mark=[98], index=[UNDEFINED])])
    engine.add_feed("funding", 0, [columns(ts_received=[13], rate=[-5])])
    engine.add_feed("dividend", 0, [columns(ts_received=[14], ts_event=[9], amount=[7])])
    engine.add_feed("split", 0, [columns(ts_received=[15], numerator=[3], denominator=[2])])
    quote, trade, mark, funding, dividend, split = drain(engine)
    assert quote == Quote(A, 10, 10, 2, 0, 100, UNDEFINED, 5, 5)
    assert trade == Trade(A, 11, 11, 2, 0, 99, 3, trade.aggressor, "1")
    assert trade.aggressor.value == "buy"
    assert mark == MarkPrice(A, 12, 12, 2, 0, 98, UNDEFINED)
    assert funding == FundingRate(A, 13, 13, 2, 0, -5)
    assert dividend == Dividend(A, 9, 14, 2, 0, 7)
    assert split == Split(A, 15, 15, 2, 0, 3, 2)
    assert market.quote(0) == (10, 100, UNDEFINED, 5, 5)
    assert market.trade(0) == (11, 99, 3)
    assert market.mark(0) == (12, 98)
    assert (engine.seq, engine.now) == (6, 15)


def test_a_row_received_before_its_predecessor_is_stamped_with_the_running_maximum_and_counted() -> (
    None
):
    engine, _ = kernel(1)
    engine.add_feed("quote", 0, [quotes((10, 100, 101), (8, 99, 100)), quotes((9, 98, 99))])
    came = drain(engine)
    assert [(m.ts_event, m.ts_received, m.bid_units) for m in came] == [
        (10, 10, 100),
        (8, 10, 99),
        (9, 10, 98),
    ]
    assert engine.defects()["time_backwards"] == 2


def test_feed_latency_moves_the_receive_stamp_only() -> None:
    engine, _ = kernel(1)
    engine.add_feed("quote", 0, [quotes((10, 100, 101))], None, 7)
    engine.set_timer(16, "s", "t")
    timer, quote = drain(engine)
    assert isinstance(timer, TimerFired)
    assert (quote.ts_event, quote.ts_received) == (10, 17)


def test_impossible_rows_are_refused_and_counted_without_a_gap_in_the_sequence() -> None:
    engine, market = kernel(1)
    engine.add_feed("quote", 0, [quotes((1, 0, 101), (2, 100, -1), (3, 103, 102), (4, 100, 100))])
    engine.add_feed("trade", 0, [trades((5, 0, 1), (6, 100, -1), (7, 100, 0), (8, 100, UNDEFINED))])
    engine.add_feed("mark", 0, [columns(ts_received=[9], mark=[0], index=[0])])
    engine.add_feed("split", 0, [columns(ts_received=[9], numerator=[0], denominator=[1])])
    came = []
    while (message := engine.next()) is not None:
        came.append((engine.seq, type(message).__name__))
    assert came == [(1, "Quote"), (2, "Quote"), (3, "Trade"), (4, "Trade")]
    assert engine.defects() == {
        "crossed_quote": 1,
        "locked_quote": 1,
        "zero_price": 4,
        "negative_size": 1,
        "zero_size_trade": 1,
        "bad_corporate_action": 1,
    }
    assert engine.counts() == {"quote": 2, "trade": 2}
    assert market.trade(0) == (8, 100, UNDEFINED)


def test_timers_fire_in_order_of_time_then_of_setting_and_can_be_cancelled() -> None:
    engine, _ = kernel(1)
    for ts, name in [(20, "b"), (10, "a"), (20, "c"), (15, "gone")]:
        handle = engine.set_timer(ts, "s", name)
    engine.cancel_timer(handle)
    engine.cancel_timer(99)
    assert [(m.name, m.ts, m.late_ns) for m in drain(engine)] == [
        ("a", 10, 0),
        ("b", 20, 0),
        ("c", 20, 0),
    ]


def test_a_timer_set_in_the_past_fires_next_and_says_how_late() -> None:
    engine, _ = kernel(1)
    engine.add_feed("quote", 0, [quotes((10, 100, 101), (11, 100, 101))])
    engine.next()
    engine.set_timer(4, "s", "late")
    timer = engine.next()
    assert timer == TimerFired(owner="s", name="late", ts=4, late_ns=6)
    assert engine.now == 10


def test_time_ends_with_the_last_row() -> None:
    engine, _ = kernel(1)
    engine.add_feed("quote", 0, [quotes((10, 100, 101))])
    engine.set_timer(10, "s", "in time")
    engine.set_timer(11, "s", "never")
    assert [type(m).__name__ for m in drain(engine)] == ["Quote", "TimerFired"]
    engine.set_timer(12, "s", "never")
    assert engine.next() is None


def test_the_clock_can_start_before_the_first_row() -> None:
    engine, _ = kernel(1)
    assert engine.now == -(2**63)
    engine.set_clock(50)
    engine.add_feed("quote", 0, [quotes((49, 100, 101), (51, 100, 101))])
    assert engine.now == 50
    assert [m.ts_received for m in drain(engine)] == [50, 51]


def test_book_messages_are_whole_and_a_gap_empties_the_book() -> None:
    engine, market = kernel(1)
    rows = [
        (1, 1, 100, 5, 2),
        (1, -1, 102, 6, 1),
        (2, 1, 101, 7, 1),
        (3, 1, 99, 1, 4 | 1),
        (4, -1, 103, 2, 2 | 1),
    ]
    engine.add_feed("book", 0, pieces(book(*rows), 1))
    first = engine.next()
    assert isinstance(first, BookUpdate)
    assert (first.snapshot, first.update_id, len(list(first.changes()))) == (True, 1, 2)
    assert market.book_top(0, 5) == ([(100, 5)], [(102, 6)])
    assert market.quote(0) == (1, 100, 102, 5, 6)
    engine.next()
    assert market.book_top(0, 1) == ([(101, 7)], [(102, 6)])
    assert isinstance(engine.next(), BookInvalidated)
    assert not market.book_valid(0)
    assert isinstance(engine.next(), BookUpdate)
    assert market.book_top(0, 5) == ([], [])
    engine.next()
    assert market.book_top(0, 5) == ([], [(103, 2)])
    assert engine.next() is None
    assert engine.counts()["book"] == 4


def test_impossible_levels_and_unfinished_messages_are_counted() -> None:
    engine, market = kernel(1)
    rows = [(1, 1, 100, 5, 2), (2, 1, 0, 5, 2), (2, 2, 100, 5, 0), (2, -1, 101, -1, 0)]
    engine.add_feed("book", 0, [book(*rows)])
    assert [list(m.changes()) != [] for m in drain(engine)] == [True, False]
    counts = engine.defects()
    assert (counts["unterminated_message"], counts["bad_level"]) == (2, 3)
    assert market.book_top(0, 5) == ([], [])


_ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 50), st.integers(0, 3)), max_size=40)


def _mixed(rows: list[tuple[int, int, int]], size: int, *, skip: bool) -> _native.Kernel:
    """Quotes and trades from the rows, in chunks of `size`, with bars built from both."""
    engine, _ = kernel()
    if rows:
        engine.add_feed("quote", 0, pieces(quotes(*((t, p, p + s) for t, p, s in rows)), size))
        engine.add_feed("trade", 1, pieces(trades(*rows), size))
    engine.build_bars(0, "3t", "mid")
    engine.build_bars(1, "2v", "last")
    engine.set_timer(7, "s", "t")
    for kind in ("quote", "trade", "bar"):
        for instrument in (0, 1):
            engine.set_interest(kind, instrument, not skip)
    return engine


@given(_ROWS, st.integers(1, 10))
def test_neither_chunks_nor_skipping_change_the_inputs(rows: list[Any], size: int) -> None:
    whole = _mixed(rows, 1000, skip=False)
    cut = _mixed(rows, size, skip=False)
    skipping = _mixed(rows, size, skip=True)
    assert drain(whole) == drain(cut)
    assert all(isinstance(message, TimerFired) for message in drain(skipping))
    assert whole.input_hash() == cut.input_hash() == skipping.input_hash()
    assert whole.seq == cut.seq == skipping.seq
    assert whole.counts() == cut.counts() == skipping.counts()
    assert whole.defects() == cut.defects() == skipping.defects()


def test_the_hash_tells_one_changed_digit_and_does_not_disturb_the_run() -> None:
    digests = []
    for price in (101, 102):
        engine, _ = kernel(1)
        engine.add_feed("quote", 0, [quotes((10, 100, 101), (11, 100, price))])
        engine.next()
        digests.append(engine.input_hash())
        drain(engine)
        digests.append(engine.input_hash())
    assert digests[0] == digests[2]
    assert len({digests[0], digests[1], digests[3]}) == 3
    assert len(digests[0]) == 32


def test_skipped_rows_still_move_the_market() -> None:
    engine, market = kernel(1)
    engine.add_feed("quote", 0, [quotes((10, 100, 101), (11, 102, 104))])
    engine.set_interest("quote", 0, False)
    assert engine.next() is None
    assert (engine.seq, engine.now) == (2, 11)
    assert market.quote(0) == (11, 102, 104, 5, 5)


def test_one_chunk_is_held_at_a_time_and_the_next_is_asked_for_when_it_is_used_up() -> None:
    asked = []

    def chunks() -> Any:
        for number in range(3):
            asked.append(number)
            yield quotes((10 + 2 * number, 100, 101), (11 + 2 * number, 100, 101))

    engine, _ = kernel(1)
    engine.add_feed("quote", 0, chunks())
    assert asked == [0]
    engine.next()
    assert asked == [0]
    engine.next()
    assert asked == [0, 1]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda c: c.pop("bid"), "column bid is missing"),
        (lambda c: c.update(bid=c["bid"].astype(float)), "column bid is no buffer of 64-bit"),
        (lambda c: c.update(bid=c["bid"].astype(np.int32)), "column bid is no buffer of 64-bit"),
        (lambda c: c.update(bid=[100, 100]), "column bid is no buffer of 64-bit"),
        (lambda c: c.update(bid=c["bid"][:1]), "column bid has 1 rows, ts_event has 2"),
        (lambda c: c.update(bid=np.repeat(c["bid"], 2)[::2]), "column bid is not one contiguous"),
    ],
)
def test_columns_that_are_not_what_they_must_be_name_themselves(spoil: Any, says: str) -> None:
    engine, _ = kernel(1)
    chunk = quotes((10, 100, 101), (11, 100, 101))
    spoil(chunk)
    with pytest.raises(DataFormatError, match=f"feed quote A.SIM: {says}"):
        engine.add_feed("quote", 0, [chunk])


def test_what_a_data_source_raises_comes_through_unchanged() -> None:
    def chunks() -> Any:
        yield quotes((10, 100, 101))
        raise OSError("the disk is gone")

    engine, _ = kernel(1)
    engine.add_feed("quote", 0, chunks())
    with pytest.raises(OSError, match="the disk is gone"):
        drain(engine)


def test_wrong_names_are_errors() -> None:
    engine, _ = kernel(1)
    with pytest.raises(ValueError, match="no kind of market data"):
        engine.set_interest("quotes", 0, True)
    with pytest.raises(IndexError):
        engine.add_feed("quote", 7, [])
    with pytest.raises(ConfigError, match="needs a time frame"):
        engine.add_feed("bar", 0, [bars((0, 60, 1, 1, 1, 1))])
    for bad in ("1x", "m", "0m", "-1m", "01m", "1.5h", "99999999999d", ""):
        with pytest.raises(ConfigError, match="bad time frame"):
            engine.build_bars(0, bad, "mid")
    with pytest.raises(ConfigError, match="bad price type"):
        engine.build_bars(0, "1m", "median")
    with pytest.raises(ConfigError, match="volume bars are built from trades"):
        engine.build_bars(0, "5v", "mid")
