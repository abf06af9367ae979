"""The market state: what the live path makes of messages is what the kernel makes of rows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.state.errors import DataFormatError
from openoutcry.state.events import TimerFired
from openoutcry.state.market_data import BookUpdate, MarkPrice, Quote, Trade
from openoutcry.state.messages import UNDEFINED
from tests.replay.kernels import A, bars, book, columns, kernel, quotes, specs, trades

PRICES = st.integers(-1, 60)
BOOK_ROWS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from([1, -1]), PRICES, st.integers(0, 3), st.integers(0, 7)
    ),
    min_size=1,
    max_size=60,
)
ROWS = st.lists(st.tuples(st.integers(0, 30), PRICES, st.integers(0, 3)), min_size=1, max_size=30)


@given(BOOK_ROWS, ROWS)
def test_applying_the_messages_gives_the_kernels_market(levels: Any, rows: Any):
    engine, market = kernel()
    engine.add_feed("book", 0, [book(*levels)])
    engine.add_feed("quote", 1, [quotes(*((ts, p, p + s) for ts, p, s in rows))])
    engine.add_feed("trade", 1, [trades(*rows)])
    marks = [max(p, 1) for _, p, _ in rows]
    stamps = [ts for ts, _, _ in rows]
    engine.add_feed("mark", 0, [columns(ts_received=stamps, mark=marks, index=marks)])
    engine.build_bars(1, "2t", "mid")
    live = _native.Market(specs())
    index = {spec.id: number for number, spec in enumerate(specs())}
    empty = live.hash()
    while (message := engine.next()) is not None:
        live.apply(index[message.instrument], message)
        assert live.hash() == market.hash()
    assert live.hash() != empty


def test_a_snapshot_hides_how_the_book_was_reached():
    """Canonical: the same levels give the same digest, whatever order they came in."""
    digests = set()
    for order in ([(1, 100), (1, 99), (-1, 101)], [(-1, 101), (1, 99), (1, 100)]):
        engine, market = kernel(1)
        rows = [
            (1, side, price, 5, 2 if not n else 1 if n == 2 else 0)
            for n, (side, price) in enumerate(order)
        ]
        engine.add_feed("book", 0, [book(*rows)])
        engine.next()
        digests.add(market.hash())
    assert len(digests) == 1


def test_a_position_is_valued_by_what_would_close_it():
    market = _native.Market(specs(1))
    assert market.valuation(0, 1) is None
    engine, filled = kernel(1)
    engine.add_feed("bar", 0, [bars((0, 60, 5, 9, 4, 7))], ("1m", "last"))
    engine.next()
    assert filled.valuation(0) == 7
    market.apply(0, Trade(A, 1, 1, 2, 0, 8, 1, None, ""))
    assert market.valuation(0, -1) == 8
    market.apply(0, Quote(A, 2, 2, 2, 0, 10, 13, UNDEFINED, UNDEFINED))
    assert [market.valuation(0, side) for side in (1, -1, 0)] == [10, 13, 11]
    market.apply(0, MarkPrice(A, 3, 3, 2, 0, 12, UNDEFINED))
    assert market.valuation(0, 1) == 12


def test_what_is_no_market_data_or_no_instrument_is_refused():
    market = _native.Market(specs(1))
    with pytest.raises(TypeError, match="no market data"):
        market.apply(0, TimerFired(owner="s", name="t", ts=1))
    with pytest.raises(IndexError):
        market.quote(1)
    with pytest.raises(DataFormatError, match="no whole book levels"):
        market.apply(0, BookUpdate(A, 1, 1, 2, 0, 1, True, b"123"))
