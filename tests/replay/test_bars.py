"""Bars: the same ones from the kernel, from the live builder and from a plain computation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.state.enums import PriceType
from openoutcry.state.market_data import Bar, Quote, Trade
from openoutcry.state.messages import UNDEFINED
from tests.replay.kernels import A, bars, book, drain, kernel, quotes, specs, trades

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
TRADES = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 50), st.integers(1, 9)), min_size=1, max_size=60
)


def built(columns: Any, *, kind: str, timeframe: str, price_type: str) -> list[Bar]:
    """The bars that the kernel builds, and nothing else."""
    engine, _ = kernel(1)
    engine.add_feed(kind, 0, [columns])
    engine.build_bars(0, timeframe, price_type)
    engine.set_interest(kind, 0, False)
    return drain(engine)


def test_a_time_bar_covers_start_to_end_and_comes_after_the_data_of_its_end() -> None:
    engine, market = kernel(1)
    rows = [(5, 100, 1), (59 * SECOND, 90, 2), (MINUTE, 110, 4), (3 * MINUTE, 120, 8)]
    engine.add_feed("trade", 0, [trades(*rows)])
    engine.build_bars(0, "1m", "last")
    engine.build_bars(0, "1m", "last")
    came = drain(engine)
    assert [type(m) for m in came] == [Trade, Trade, Trade, Bar, Bar, Trade]
    first, second = came[3], came[4]
    assert first == Bar(A, MINUTE, MINUTE, 2, 0, "1m", PriceType.LAST, 0, 100, 100, 90, 90, 3, 2)
    assert (second.ts_open, second.ts_event, second.open_units, second.volume_units) == (
        MINUTE, 2 * MINUTE, 110, 4,
    )  # fmt: skip
    # No bar for the empty third minute, none for the fourth, which the data leaves unfinished.
    assert engine.counts()["built_bar"] == 2
    assert market.bar(0) == (2 * MINUTE, 110)


def test_a_bar_that_ends_with_the_data_is_complete() -> None:
    assert (
        len(
            built(
                trades((0, 1, 1), (MINUTE, 1, 1)), kind="trade", timeframe="1m", price_type="last"
            )
        )
        == 1
    )


def test_days_close_at_midnight_utc() -> None:
    (bar,) = built(
        trades((DAY + 5, 1, 1), (2 * DAY, 1, 1)), kind="trade", timeframe="1d", price_type="last"
    )
    assert (bar.ts_open, bar.ts_event) == (DAY, 2 * DAY)


@pytest.mark.parametrize(
    ("price_type", "closes"),
    [("bid", [100, 103]), ("ask", [101, 102]), ("mid", [100, 102])],
)
def test_quotes_make_bid_ask_and_mid_bars_crossed_ones_included(
    price_type: str, closes: list[int]
) -> None:
    rows = [(1, 100, 101), (2, UNDEFINED, UNDEFINED), (MINUTE, 103, 102), (2 * MINUTE, 9, 9)]
    came = built(quotes(*rows), kind="quote", timeframe="1m", price_type=price_type)
    assert [bar.close_units for bar in came] == closes
    assert [(bar.count, bar.volume_units) for bar in came] == [(1, UNDEFINED)] * 2


@given(st.integers(1, 2**62), st.integers(1, 2**62))
def test_a_mid_is_rounded_half_to_even(bid: int, ask: int) -> None:
    (bar,) = built(quotes((0, bid, ask)), kind="quote", timeframe="1t", price_type="mid")
    half, odd = divmod(bid + ask, 2)
    assert bar.close_units == half + (odd and half % 2)


def test_an_instrument_with_a_book_and_no_quotes_gets_bars_from_its_top() -> None:
    rows = [(1, 1, 100, 5, 2), (1, -1, 104, 5, 1), (2, 1, 102, 5, 1), (MINUTE, 1, 103, 5, 1)]
    (bar,) = built(book(*rows), kind="book", timeframe="1m", price_type="mid")
    assert (bar.open_units, bar.close_units, bar.count) == (102, 103, 2)


@given(TRADES, st.integers(1, 7))
def test_tick_bars_are_every_n_trades(rows: list[Any], size: int) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    came = built(trades(*rows), kind="trade", timeframe=f"{size}t", price_type="last")
    groups = [rows[at : at + size] for at in range(0, len(rows) - len(rows) % size, size)]
    assert [
        (b.ts_open, b.ts_event, b.open_units, b.high_units, b.low_units, b.close_units, b.count)
        for b in came
    ] == [
        (g[0][0], g[-1][0], g[0][1], max(r[1] for r in g), min(r[1] for r in g), g[-1][1], size)
        for g in groups
    ]


@given(TRADES, st.integers(1, 30))
def test_volume_bars_end_with_the_trade_that_reaches_their_size(rows: list[Any], size: int) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    came = built(trades(*rows), kind="trade", timeframe=f"{size}v", price_type="last")
    sums, running = [], 0
    for row in rows:
        running += row[2]
        if running >= size:
            sums.append(running)
            running = 0
    assert [bar.volume_units for bar in came] == sums


@given(TRADES, st.integers(1, 7))
def test_time_bars_equal_grouping_by_interval(rows: list[Any], seconds: int) -> None:
    rows = [(ts * SECOND, price, size) for ts, price, size in sorted(rows, key=lambda r: r[0])]
    period = seconds * SECOND
    came = built(trades(*rows), kind="trade", timeframe=f"{seconds}s", price_type="last")
    groups: dict[int, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[0] // period * period, []).append(row)
    assert [
        (b.ts_open, b.open_units, b.high_units, b.low_units, b.close_units, b.volume_units, b.count)
        for b in came
    ] == [
        (
            start, g[0][1], max(r[1] for r in g), min(r[1] for r in g), g[-1][1],
            sum(r[2] for r in g), len(g),
        )
        for start, g in sorted(groups.items())
        if start + period <= rows[-1][0]
    ]  # fmt: skip


@given(TRADES, st.sampled_from(["2s", "7s", "3t", "10v"]))
def test_the_live_builder_makes_the_kernels_bars(rows: list[Any], timeframe: str) -> None:
    rows = [(ts * SECOND, price, size) for ts, price, size in sorted(rows, key=lambda r: r[0])]
    builder = _native.BarBuilder(specs(1)[0], timeframe, "last")
    live = [
        builder.update(Trade(A, ts, ts, 2, 0, price, size, None, "")) for ts, price, size in rows
    ]
    live.append(builder.close_until(rows[-1][0]))
    assert [bar for bar in live if bar is not None] == built(
        trades(*rows), kind="trade", timeframe=timeframe, price_type="last"
    )


def test_a_late_trade_changes_nothing_and_is_counted() -> None:
    builder = _native.BarBuilder(specs(1)[0], "1m", "last")

    def trade(ts: int, price: int) -> Trade:
        return Trade(A, ts, ts, 2, 0, price, 1, None, "")

    builder.update(trade(5, 100))
    assert builder.due == MINUTE
    assert builder.close_until(MINUTE - 1) is None
    bar = builder.close_until(MINUTE)
    assert bar is not None
    assert [builder.due] == [None]
    assert builder.update(trade(MINUTE - 1, 500)) is None
    builder.update(trade(2 * MINUTE, 101))
    assert builder.update(trade(2 * MINUTE - 1, 500)) is None
    assert builder.late == 2
    last = builder.close_until(3 * MINUTE)
    assert last is not None
    assert (last.high_units, last.count) == (101, 1)


def test_a_bar_with_a_trade_of_unknown_size_has_no_volume() -> None:
    came = built(
        trades((0, 5, 2), (1, 6, UNDEFINED), (MINUTE, 5, 1)),
        kind="trade",
        timeframe="1m",
        price_type="last",
    )
    assert came[0].volume_units == UNDEFINED


def test_recorded_bars_exist_at_their_end_and_odd_ones_are_counted() -> None:
    engine, market = kernel(1)
    rows = [(0, 60, 5, 9, 4, 6), (60, 120, 5, 4, 3, 6), (120, 180, 0, 1, 0, 1)]
    engine.add_feed("bar", 0, [bars(*rows)], ("1m", "bid"))
    engine.set_timer(59, "s", "t")
    came = drain(engine)
    assert [type(m).__name__ for m in came] == ["TimerFired", "Bar", "Bar"]
    assert came[1] == Bar(A, 60, 60, 2, 0, "1m", PriceType.BID, 0, 5, 9, 4, 6, 10, 0)
    assert market.bar(0) == (120, 6)
    assert engine.counts()["bar"] == 2
    assert engine.defects() == {"inconsistent_bar": 1, "zero_price": 1}


def test_the_builder_takes_what_its_price_type_is_made_of() -> None:
    builder = _native.BarBuilder(specs(1)[0], "1t", "mid")
    assert builder.update(Trade(A, 1, 1, 2, 0, 5, 1, None, "")) is None
    bar = builder.update(Quote(A, 2, 2, 2, 0, 4, 6, 1, 1))
    assert bar is not None
    assert bar.close_units == 5
    with pytest.raises(TypeError, match="no bars are built from"):
        builder.update(bar)
