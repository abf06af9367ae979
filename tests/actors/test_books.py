"""The books of all strategies and the unallocated one equal the account, to the last unit."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.errors import (
    CodecError,
    CurrencyMismatch,
    MissingData,
    NumericOverflow,
    StateError,
)
from openoutcry.state.events import (
    CashAdjusted,
    FillBusted,
    FillCorrected,
    OrderFilled,
    PositionAdjusted,
)
from openoutcry.state.identifiers import (
    ClientOrderId,
    FillId,
    InstrumentId,
    StrategyId,
    VenueId,
    VenueOrderId,
)
from openoutcry.state.instruments import Equity, Spot
from openoutcry.state.market_data import Quote
from openoutcry.state.universe import Universe
from tests.markets import PERP
from tests.state import ledger_oracle as oracle

SIM = VenueId("SIM")
A, B = StrategyId("a"), StrategyId("b")
SPY = Equity(
    id=InstrumentId("SPY.SIM"),
    quote="USD",
    price_scale=2,
    size_scale=0,
    tick=Decimal("0.01"),
    lot=Decimal(1),
)
BTC = Spot(
    id=InstrumentId("BTCUSD.SIM"),
    base_currency="BTC",
    quote="USD",
    price_scale=2,
    size_scale=8,
    tick=Decimal("0.01"),
    lot=Decimal("0.00000001"),
)

COARSE = msgspec.structs.replace(BTC, size_scale=5, lot=Decimal("0.00010"))


def make(instruments=(SPY,), balances=None, currency="USD"):
    universe = Universe(instruments, ["USD"])
    market = _native.Market(universe.specs)
    money = {SIM: balances or {"USD": 100_000_00}}
    return Books(universe, money, [A, B], market, currency), market


def fill(side, quantity, price, instrument=SPY, fee=0, currency="USD"):
    return OrderFilled(
        ClientOrderId("0" * 32),
        instrument.id,
        0,
        0,
        VenueOrderId("1"),
        FillId("1"),
        side,
        price,
        quantity,
        quantity,
        instrument.price_scale,
        instrument.size_scale,
        fee,
        2 if currency == "USD" else 8,
        currency,
        LiquiditySide.TAKER,
        None,
    )


def cash(amount, reason="dividend"):
    return CashAdjusted(SIM, SPY.id, 0, 0, "USD", amount, 2, reason, None)


def test_each_strategy_holds_its_own_and_together_they_are_the_account():
    books, _ = make()
    books.apply_fill(A, fill(Side.BUY, 10, 100_00))
    books.apply_fill(B, fill(Side.SELL, 4, 101_00))
    assert books.position(A, SPY.id) == 10
    assert books.position(B, SPY.id) == -4
    assert books.account_position(SPY.id) == 6
    assert books.balance(SIM, "USD") == 100_000_00 - 1000_00 + 404_00


def test_a_fill_of_an_unknown_strategy_is_unallocated():
    books, _ = make()
    books.apply_fill(StrategyId("somebody"), fill(Side.BUY, 3, 100_00))
    assert (books.position(A, SPY.id), books.account_position(SPY.id)) == (0, 3)
    assert books.unallocated(SPY.id) == 3


def test_the_account_is_netted_where_strategies_hold_against_each_other():
    """As the venue has it: flat and realised, while both strategies still hold."""
    universe = Universe([PERP], ["USDT"])
    market = _native.Market(universe.specs)
    books = Books(universe, {SIM: {"USDT": 0}}, [A, B], market, "USDT")
    for name, side, price in ((A, Side.BUY, 100_00), (B, Side.SELL, 110_00)):
        books.apply_fill(name, fill(side, 1_000, price, PERP, currency="USDT"))
    market.apply(0, Quote(PERP.id, 1, 1, 2, 3, 120_00, 120_00, 1, 1))
    ten = 10 * 10**8
    assert books.account_position(PERP.id) == books.unallocated(PERP.id) == 0
    assert (books.balance(SIM, "USDT"), books.equity()) == (ten, ten)
    assert [books.book_equity(book) for book in (1, 2)] == [2 * ten, -ten]


@given(
    held=st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50)),
    amount=st.integers(-10_000, 10_000),
)
def test_cash_is_split_by_holding_and_nothing_is_lost(held, amount):
    books, _ = make()
    for name, quantity in zip((StrategyId("foreign"), A, B), held, strict=True):
        if quantity:
            side = Side.BUY if quantity > 0 else Side.SELL
            books.apply_fill(name, fill(side, abs(quantity), 100_00))
    before = books.balance(SIM, "USD")
    books.apply_cash(cash(amount))
    assert books.balance(SIM, "USD") == before + amount


def test_a_dividend_reaches_who_holds_the_shares():
    books, market = make()
    books.apply_fill(A, fill(Side.BUY, 30, 100_00))
    books.apply_fill(B, fill(Side.BUY, 10, 100_00))
    market.apply(0, Quote(SPY.id, 1, 1, 2, 0, 100_00, 100_00, 1, 1))
    before = books.book_equity(1), books.book_equity(2)
    books.apply_cash(cash(40_00))
    assert (books.book_equity(1) - before[0], books.book_equity(2) - before[1]) == (30_00, 10_00)


def test_a_split_scales_every_book():
    books, _ = make()
    books.apply_fill(A, fill(Side.BUY, 30, 700_00))
    books.apply_fill(B, fill(Side.SELL, 10, 700_00))
    books.apply_split(PositionAdjusted(SIM, SPY.id, 0, 0, 7, 1))
    assert (books.position(A, SPY.id), books.position(B, SPY.id)) == (210, -70)


@given(
    held=st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50)),
    ratio=st.sampled_from([(7, 1), (3, 2), (1, 20), (1, 3)]),
)
def test_after_a_split_the_books_hold_what_the_account_holds(held, ratio):
    books, _ = make()
    for name, quantity in zip((StrategyId("foreign"), A, B), held, strict=True):
        if quantity:
            side = Side.BUY if quantity > 0 else Side.SELL
            books.apply_fill(name, fill(side, abs(quantity), 700_00))
    money = books.balance(SIM, "USD")
    books.apply_split(PositionAdjusted(SIM, SPY.id, 0, 0, *ratio))
    exact = sum(held) * ratio[0] / Decimal(ratio[1])
    assert books.account_position(SPY.id) == int(exact)
    assert books.balance(SIM, "USD") == money


def test_equity_is_cash_plus_what_is_held_at_the_price_that_closes_it():
    books, market = make()
    books.apply_fill(A, fill(Side.BUY, 10, 100_00, fee=1_00))
    with pytest.raises(MissingData, match=r"SPY\.SIM has no price yet"):
        books.equity()
    market.apply(0, Quote(SPY.id, 1, 1, 2, 0, 110_00, 110_10, 5, 5))
    assert books.equity() == 100_000_00 - 1000_00 - 1_00 + 1100_00
    assert books.unrealized_by_currency(1) == {"USD": 100_00}


def test_a_balance_in_another_currency_is_valued_at_its_last_price():
    books, market = make((BTC,), {"USD": 0, "BTC": 50_000_000})
    with pytest.raises(MissingData, match=r"BTCUSD\.SIM has no price that converts BTC"):
        books.equity()
    market.apply(0, Quote(BTC.id, 1, 1, 2, 8, 60_000_00, 60_000_00, 1, 1))
    assert books.equity() == 30_000_00


def test_a_currency_without_a_rate_is_an_error_not_zero():
    universe = Universe([SPY], ["USD", "EUR"])
    market = _native.Market(universe.specs)
    books = Books(universe, {SIM: {"EUR": 1}}, [A, B], market, "USD")
    with pytest.raises(CurrencyMismatch, match="no rate from EUR to USD"):
        books.equity()


@given(
    fills=st.lists(
        st.tuples(
            st.sampled_from([A, B, StrategyId("foreign")]),
            st.sampled_from([oracle.SPOT, oracle.SHARE, oracle.COIN]),
            st.sampled_from(list(Side)),
            st.integers(1, 9),
        ),
        max_size=12,
    ),
    price=st.integers(1, 10**7),
)
def test_equity_is_what_balances_and_holdings_come_to_one_by_one(fills, price):
    """Against a ledger read part by part, converted with fractions and rounded part by part."""
    universe = oracle.UNIVERSE
    market, plain = _native.Market(universe.specs), oracle.new_ledger()
    books = Books(universe, {VenueId("V"): {"USD": 5}}, [A, B], market, "USD")
    numbers = {item.id: universe.index[item.id] for _, item, _, _ in fills}
    for owner, item, side, lots in fills:
        units = lots * item.lot_units
        booked = fill(side, units, 100 * item.tick_units, item)
        books.apply_fill(owner, booked)
        number = numbers[item.id]
        plain.apply_fill(0, number, 0, side.sign, 100 * item.tick_units, units, 0, 0)
    for number in range(len(universe.instruments)):
        quote = Quote(InstrumentId("A.B"), 1, 1, 0, 0, price, price, 1, 1)
        market.apply(number, quote)
    usd, coin = oracle.currency("USD"), oracle.currency("BTC")
    rate = Fraction(price, 10**oracle.SPOT.price_scale) / 10 ** (8 - 2)
    expected = 5 + plain.balance(0, usd) + round(plain.balance(0, coin) * rate)
    for id_, number in numbers.items():
        worth = plain.market_value(0, number, price)
        expected += round(worth * rate) if id_ == oracle.COIN.id else worth
    assert books.equity() == expected


def test_books_refuse_what_does_not_exist():
    books, market = make()
    native = books.native
    with pytest.raises(IndexError):
        native.equity(99)
    with pytest.raises(IndexError):
        native.position(0, 99)
    with pytest.raises(IndexError):
        native.balance(SIM, 99)
    with pytest.raises(TypeError):
        books.apply_fill(A, FillBusted(ClientOrderId("0" * 32), SPY.id, 0, 0, FillId("1"), ""))
    with pytest.raises(NumericOverflow):
        Books(Universe([SPY], ["USD"]), {SIM: {"USD": 2**127}}, [A], market, "USD")


def busted(name):
    return FillBusted(ClientOrderId("0" * 32), SPY.id, 0, 0, FillId(name), "")


def test_a_fill_that_is_taken_back_was_never_there():
    books, _ = make()
    start = books.balance(SIM, "USD")
    first, second = (
        msgspec.structs.replace(fill(Side.BUY, 10, price, fee=7), fill_id=FillId(name))
        for name, price in (("T-1", 100_00), ("2", 101_00))
    )
    books.apply_fill(A, first)
    books.apply_fill(B, second)
    ((strategy, opposite, realized),) = books.take_back(busted("T-1"))
    assert (strategy, realized) == (A, 0)
    assert opposite == msgspec.structs.replace(first, side=Side.SELL, fee_units=-7)
    assert (books.position(A, SPY.id), books.account_position(SPY.id)) == (0, 10)
    assert books.take_back(busted("T-1")) is None
    corrected = FillCorrected(ClientOrderId("0" * 32), SPY.id, 0, 0, FillId("2"), 102_00, 4, "")
    _, (strategy, now, _) = books.take_back(corrected)
    assert strategy == B
    assert now == msgspec.structs.replace(second, price_units=102_00, quantity_units=4)
    books.take_back(busted("2"))
    assert (books.position(B, SPY.id), books.balance(SIM, "USD")) == (0, start)
    assert books.fees("USD") == 0


def test_a_snapshot_holds_coin_fees_legs_what_was_held_and_the_last_fills():
    universe = Universe([COARSE, SPY], ["USD"])
    market = _native.Market(universe.specs)
    one, other = (Books(universe, {SIM: {"USD": 0}}, [A, B], market, "USD") for _ in range(2))
    coin = msgspec.structs.replace(
        fill(Side.BUY, 1_000, 100_00, COARSE), fee_units=1, fee_scale=8, fee_currency="BTC"
    )
    legs = [
        msgspec.structs.replace(fill(side, 5, 100_00), position=name)
        for name, side in (("swing", Side.BUY), ("day", Side.SELL))
    ]
    for booked in (*legs, coin):
        one.apply_fill(A, booked)
    other.restore(one.snapshot())
    assert other.snapshot() == one.snapshot()
    assert other.held == one.held == (1, 0)
    assert other.position(A, COARSE.id) == one.position(A, COARSE.id) == 990
    for books in (one, other):
        books.apply_fill(A, msgspec.structs.replace(legs[1], side=Side.BUY))
        assert books.native.legs(1, 1) == [1]
        assert books.take_back(busted("1")) is not None
        assert books.take_back(busted("1")) is None
    assert other.snapshot() == one.snapshot()


def test_a_snapshot_of_other_books_is_refused_and_changes_nothing():
    books, market = make()
    before = books.snapshot()
    theirs = Books(books.universe, {SIM: {"USD": 100_000_00}}, [B, A], market, "USD")
    with pytest.raises(StateError, match="other"):
        books.restore(theirs.snapshot())
    with pytest.raises(CodecError, match="damaged"):
        books.restore(before[:-1])
    assert books.snapshot() == before


@given(
    trades=st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(0, 10**4)), min_size=1, max_size=20
    )
)
def test_what_a_strategy_holds_of_a_coin_is_what_it_can_deliver(trades):
    """Fees in the coin itself leave less than the fills sum up to; selling it all leaves nothing."""
    books, _ = make((COARSE,))
    for lots, fee in trades:
        quantity = 10 * lots
        coin = msgspec.structs.replace(
            fill(Side.BUY, quantity, 100_00, COARSE), fee_units=fee, fee_scale=8, fee_currency="BTC"
        )
        books.apply_fill(A, coin)
    held = books.position(A, COARSE.id)
    balance = books.balance(SIM, "BTC")
    assert held * 1000 <= balance < (held + 10) * 1000
    assert held % 10 == 0, "whole lots"
    assert books.position_view(A, COARSE.id).quantity == COARSE.quantity(held)
    if held > 0:
        books.apply_fill(A, fill(Side.SELL, held, 100_00, COARSE))
    assert books.position(A, COARSE.id) == min(held, 0)
    assert books.account_position(COARSE.id) == min(held, 0)
