"""Round trips from columns, against a fold over single fills with fractions."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.replay.result import Detail, FillRow, TradeRow, from_json, to_json
from openoutcry.state.enums import Side
from openoutcry.state.identifiers import StrategyId
from tests.replay.rows import round_trips, trades_of
from tests.replay.sample import BTC, SPOT, fill, sample_result
from tests.replay.test_result import INVERSE

LISTED = {BTC: SPOT, INVERSE.id: INVERSE}
CENT = 2  # decimals of the fees below


class Fold:
    """One trade, fill by fill."""

    def __init__(self, first: FillRow) -> None:
        self.first = first
        self.held = self.peak = self.fees = self.points = Fraction(0)
        self.fills = 0

    def add(self, row: FillRow, quantity: Fraction, fee: Fraction) -> None:
        sign = 1 if row.side is self.first.side else -1
        price = Fraction(row.price)
        inverse = LISTED[row.instrument].inverse
        self.points += sign * (quantity / price if inverse else -quantity * price)
        self.held += sign * quantity
        self.peak = max(self.peak, self.held)
        self.fees += fee
        self.fills += 1

    def expected(self, exit_ts: int | None) -> tuple[object, ...]:
        item = LISTED[self.first.instrument]
        pnl: Fraction | None = None
        if exit_ts is not None:
            pnl = self.points * self.first.side.sign * Fraction(item.multiplier)
            if item.inverse:
                pnl = Fraction(round(pnl * 10**8), 10**8)
        key = (self.first.strategy, self.first.instrument, self.first.position)
        return (
            *key,
            self.first.side,
            self.first.ts,
            exit_ts,
            pnl,
            self.peak,
            self.fees,
            self.fills,
        )


def folded(fills: list[FillRow]) -> list[tuple[object, ...]]:
    done, trades = [], dict[object, Fold]()
    for row in fills:
        key = (row.strategy, row.instrument, row.position)
        quantity, fee = Fraction(row.quantity), Fraction(row.fee)
        trade = trades.get(key)
        if trade is not None and row.side is not trade.first.side and quantity >= trade.held:
            rest = quantity - trade.held
            opening = Fraction(int(fee * rest / quantity * 10**CENT), 10**CENT)
            trade.add(row, trade.held, fee - opening)
            done.append(trades.pop(key).expected(row.ts))
            quantity, fee = rest, opening
        if quantity:
            trades.setdefault(key, Fold(row)).add(row, quantity, fee)
    return [*done, *(trade.expected(None) for trade in trades.values())]


def found(row: TradeRow) -> tuple[object, ...]:
    fees = sum(map(Fraction, row.fees.values()), Fraction(0))
    pnl = None if row.pnl is None else Fraction(row.pnl)
    key = (row.strategy, row.instrument, row.position)
    times = (row.entry_ts, row.exit_ts)
    return (*key, row.side, *times, pnl, Fraction(row.quantity), fees, row.fills)


LARGE = 9 * 10**17
DRAWN = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from([BTC, INVERSE.id]),
        st.sampled_from([None, "L"]),
        st.sampled_from(Side),
        st.one_of(st.integers(1, 10**7), st.integers(1, LARGE)),
        st.one_of(st.integers(1, 5), st.integers(1, LARGE // 100)),
        st.integers(-50, 500),
    ),
    max_size=40,
)


@given(DRAWN)
def test_trades_of_columns_are_those_of_a_fold_over_fills(drawn):
    """Of small numbers and of such whose products and sums need more than 64 bits."""
    fills = []
    for n, (name, id_, leg, side, price, size, fee) in enumerate(drawn):
        item = LISTED[id_]
        texts = (Decimal(price).scaleb(-item.price_scale), Decimal(size).scaleb(-item.size_scale))
        fee_text = f"{Decimal(fee).scaleb(-CENT)}"
        row = fill(n, side, f"{texts[0]:f}", f"{texts[1]:f}", fee=fee_text, instrument=id_)
        fills.append(msgspec.structs.replace(row, strategy=StrategyId(name), position=leg))
    assert list(map(found, round_trips(fills, LISTED))) == folded(fills)


def test_a_profit_beyond_64_bits_is_exact():
    (trade,) = round_trips(
        [
            fill(1, Side.BUY, "1", "90000000000"),
            fill(2, Side.SELL, "9000000000000000", "90000000000"),
        ],
        LISTED,
    )
    assert trade.pnl == 8_999_999_999_999_999 * 90_000_000_000


def test_what_a_trade_won_is_less_the_fees_in_its_own_currency():
    fills = [
        fill(1, Side.BUY, "100", "1", fee="0.60"),
        fill(2, Side.SELL, "101", "1", fee="0.50"),
        fill(3, Side.BUY, "100", "1", fee="9.99", currency="BNB"),
        fill(4, Side.SELL, "101", "1"),
    ]
    trades = trades_of(fills, LISTED)
    assert trades.wins.tolist() == [False, True]
    assert [str(trades.profit(n)[1]) for n in (0, 1)] == ["-0.1000000", "1.0000000"]


def test_rows_are_made_once_and_only_when_somebody_looks():
    calls = []

    def orders():
        calls.append(1)
        return ()

    detail = Detail(orders=orders)
    result = msgspec.structs.replace(sample_result(), detail=detail)
    assert b'"detail"' not in to_json(result, detail=False)
    assert calls == []
    assert to_json(result) == to_json(result)
    assert calls == [1]
    assert from_json(to_json(result)) == result
    assert detail != sample_result().detail


@pytest.mark.parametrize("count", [0, 1])
def test_no_trades_and_one_open_trade_have_no_profit(count):
    trades = trades_of([fill(1, Side.BUY, "100", "1")] * count, LISTED)
    assert (len(trades), trades.wins.tolist()) == (count, [False] * count)
    assert all(row.pnl is None for row in trades.rows())
