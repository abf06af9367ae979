"""The books of all strategies and the unallocated one equal the account, to the last unit."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.actors.valuation import Valuation
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.errors import CurrencyMismatch, MissingData
from openoutcry.state.events import CashAdjusted, OrderFilled, PositionAdjusted
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
        2,
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
    valuation = Valuation(universe, _native.Market(universe.specs), "USD")
    with pytest.raises(CurrencyMismatch, match="no rate from EUR to USD"):
        valuation.convert(1, "EUR")


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
