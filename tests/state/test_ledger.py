"""The ledger: what each kind of instrument does to balances, positions and profit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.state.accounts import Account
from openoutcry.state.errors import (
    CodecError,
    CurrencyMismatch,
    MissingData,
    NotRepresentable,
    NumericOverflow,
    StateError,
)
from openoutcry.state.identifiers import StrategyId, VenueId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.money import Money
from openoutcry.state.positions import Position
from tests.state.ledger_oracle import (
    COIN,
    CONTRACT,
    LINEAR,
    SHARE,
    SPOT,
    UNIVERSE,
    currency,
    new_ledger,
    number_of,
)

BUY, SELL = 1, -1
ME = StrategyId("me")


def fill(
    ledger: _native.Ledger,
    item: Instrument,
    side: int,
    price: str,
    quantity: str,
    fee: tuple[str, str] = ("0", "USD"),
    leg: int = 0,
    book: int = 0,
) -> Decimal:
    """Book a fill written as people write it; returns the realised profit."""
    amount = Money.of(fee[0], fee[1], UNIVERSE.scale(fee[1]))
    units = ledger.apply_fill(
        book, number_of(item), leg, side, item.price_units(price), item.quantity_units(quantity),
        amount.units, currency(fee[1]),
    )  # fmt: skip
    return Money(units, item.settlement, UNIVERSE.scale(item.settlement)).amount


def balance(ledger: _native.Ledger, code: str, book: int = 0) -> Decimal:
    return Money(ledger.balance(book, currency(code)), code, UNIVERSE.scale(code)).amount


def position(ledger: _native.Ledger, item: Instrument, mark: str | None = None) -> Position:
    units = None if mark is None else item.price_units(mark)
    return Position.of(ledger, 0, UNIVERSE, number_of(item), units, ME)


def test_a_spot_fill_moves_both_currencies_and_the_fee_its_own() -> None:
    ledger = new_ledger()
    fill(ledger, SPOT, BUY, "50000.00", "0.5", fee=("0.0005", "BTC"))
    assert balance(ledger, "USD") == Decimal(-25000)
    assert balance(ledger, "BTC") == Decimal("0.4995")
    assert ledger.fees(0, currency("BTC")) == 50_000
    fill(ledger, SPOT, SELL, "52000.00", "0.2", fee=("0.01", "BNB"))
    assert balance(ledger, "USD") == Decimal(-14600)
    assert balance(ledger, "BTC") == Decimal("0.2995")
    assert balance(ledger, "BNB") == Decimal("-0.01")
    assert ledger.market_value(0, number_of(SPOT), SPOT.price_units("60000")) == 0


def test_a_rebate_is_a_negative_fee() -> None:
    ledger = new_ledger()
    fill(ledger, LINEAR, BUY, "2000", "1", fee=("-0.4", "USDT"))
    assert balance(ledger, "USDT") == Decimal("0.4")
    assert ledger.fees(0, currency("USDT")) == -400_000


def test_shares_move_the_notional_and_are_worth_their_mark() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "100.0000", "10")
    assert balance(ledger, "USD") == Decimal(-1000)
    assert fill(ledger, SHARE, SELL, "110.0000", "4") == Decimal(40)
    assert balance(ledger, "USD") == Decimal(-560)
    held = position(ledger, SHARE, "120.0000")
    assert held.quantity == 6
    assert held.average_entry_price == Decimal(100)
    assert held.realized == Money.of("40", "USD", 2)
    assert held.unrealized == Money.of("120", "USD", 2)
    assert ledger.market_value(0, number_of(SHARE), SHARE.price_units("120")) == 72_000


def test_a_short_sale_gains_when_the_price_falls() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, SELL, "100.0000", "10")
    assert position(ledger, SHARE, "90.0000").unrealized == Money.of("100", "USD", 2)
    assert ledger.market_value(0, number_of(SHARE), SHARE.price_units("90")) == -90_000
    assert fill(ledger, SHARE, BUY, "90.0000", "10") == Decimal(100)
    assert balance(ledger, "USD") == Decimal(100)
    assert position(ledger, SHARE).is_flat


def test_a_margined_fill_moves_only_profit_and_fees() -> None:
    ledger = new_ledger()
    fill(ledger, LINEAR, BUY, "2000", "3", fee=("2.4", "USDT"))
    assert balance(ledger, "USDT") == Decimal("-2.4")
    assert fill(ledger, LINEAR, SELL, "2100", "1", fee=("0.84", "USDT")) == Decimal(100)
    assert balance(ledger, "USDT") == Decimal("96.76")


def test_a_fill_through_zero_closes_and_opens() -> None:
    ledger = new_ledger()
    fill(ledger, LINEAR, BUY, "2000", "1")
    assert fill(ledger, LINEAR, SELL, "2100", "3") == Decimal(100)
    held = position(ledger, LINEAR, "2000")
    assert held.quantity == -2
    assert held.is_short
    assert held.average_entry_price == Decimal(2100)
    assert held.unrealized == Money.of("200", "USDT", 6)


def test_an_inverse_contract_pays_its_profit_in_coins() -> None:
    """10 contracts of 100 USD from 20000 to 25000: 1000/20000 - 1000/25000 = 0.01 BTC."""
    ledger = new_ledger()
    fill(ledger, COIN, BUY, "20000.0", "10")
    assert position(ledger, COIN, "25000.0").unrealized == Money.of("0.01", "BTC", 8)
    assert position(ledger, COIN).average_entry_price == Decimal(20000)
    assert fill(ledger, COIN, SELL, "25000.0", "10") == Decimal("0.01")
    assert balance(ledger, "BTC") == Decimal("0.01")


def test_the_entry_price_of_an_inverse_position_is_the_harmonic_mean() -> None:
    ledger = new_ledger()
    fill(ledger, COIN, BUY, "20000.0", "10")
    fill(ledger, COIN, BUY, "30000.0", "10")
    assert position(ledger, COIN).average_entry_price == Decimal(24000)


def test_hedging_legs_do_not_net() -> None:
    ledger = new_ledger()
    fill(ledger, CONTRACT, BUY, "15000.0", "2", leg=1)
    assert fill(ledger, CONTRACT, SELL, "15100.0", "1", leg=2) == 0
    assert ledger.legs(0, number_of(CONTRACT)) == [1, 2]
    assert ledger.net_quantity(0, number_of(CONTRACT)) == 10
    held = position(ledger, CONTRACT, "15200.0")
    assert held.average_entry_price is None
    # (200 x 2 - 100 x 1) x 0.125
    assert held.unrealized == Money.of("37.5", "EUR", 2)


def test_books_do_not_share_positions_or_balances() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "100.0000", "10", book=1)
    assert position(ledger, SHARE).is_flat
    assert balance(ledger, "USD") == 0
    assert balance(ledger, "USD", book=1) == Decimal(-1000)


def test_a_split_keeps_the_cost_and_pays_for_fractions() -> None:
    """3 for 2 on 15 shares: 22 shares and half a share in cash."""
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "90.0000", "15")
    assert ledger.split(0, number_of(SHARE), 3, 2, SHARE.price_units("60")) == 3000
    assert position(ledger, SHARE).quantity == 22
    assert ledger.cost(0, number_of(SHARE)) == (13_500_000, 4)
    assert balance(ledger, "USD") == Decimal(-1350 + 30)
    assert ledger.realized(0, number_of(SHARE)) == 0


def test_a_short_position_pays_for_its_fraction() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, SELL, "90.0000", "15")
    assert ledger.split(0, number_of(SHARE), 3, 2, SHARE.price_units("60")) == -3000
    assert position(ledger, SHARE).quantity == -22


def test_a_reverse_split_that_leaves_nothing_realises_the_cost() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "1.0000", "5")
    assert ledger.split(0, number_of(SHARE), 1, 10, SHARE.price_units("8")) == 400
    assert position(ledger, SHARE).is_flat
    assert ledger.cost(0, number_of(SHARE)) == (0, 4)
    assert ledger.realized(0, number_of(SHARE)) == -500
    assert balance(ledger, "USD") == Decimal(-1)


def test_a_split_without_a_price_needs_no_fraction() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "100.0000", "3")
    assert ledger.split(0, number_of(SHARE), 20, 1, UNDEFINED) == 0
    before = ledger.digest()
    with pytest.raises(MissingData):
        ledger.split(0, number_of(SHARE), 1, 7, UNDEFINED)
    assert ledger.digest() == before


@pytest.mark.parametrize("item", [SPOT, COIN])
def test_currencies_and_coin_contracts_do_not_split(item: Instrument) -> None:
    with pytest.raises(NotRepresentable):
        new_ledger().split(0, number_of(item), 2, 1, 1)


def test_rounding_to_the_currency_goes_half_to_even_and_leaves_a_residual() -> None:
    """A share at 0.0050 costs half a cent: nothing is paid, the half cent is owed to nobody."""
    ledger = new_ledger()
    usd = currency("USD")
    fill(ledger, SHARE, BUY, "0.0050", "1")
    assert ledger.balance(0, usd) == 0
    units, scale = ledger.residual(usd)
    assert Money(units, "USD", scale).amount == Decimal("-0.005")
    fill(ledger, SHARE, BUY, "0.0150", "1")
    assert ledger.balance(0, usd) == -2
    units, scale = ledger.residual(usd)
    assert Money(units, "USD", scale).amount == 0


def test_a_partial_close_leaves_the_remainder_in_the_open_cost() -> None:
    """A third of a cost of 100.0001 is no finite decimal: nothing of it is lost at the end."""
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "33.3334", "1")
    fill(ledger, SHARE, BUY, "33.3333", "1")
    fill(ledger, SHARE, BUY, "33.3334", "1")
    assert ledger.cost(0, number_of(SHARE)) == (1_000_001, 4)
    fill(ledger, SHARE, SELL, "40.0000", "1")
    assert ledger.cost(0, number_of(SHARE)) == (666_667, 4)
    fill(ledger, SHARE, SELL, "40.0000", "2")
    assert ledger.cost(0, number_of(SHARE)) == (0, 4)


def test_margin_needs_a_mark_for_every_open_leg() -> None:
    ledger = new_ledger()
    marks = [UNDEFINED] * len(UNIVERSE.instruments)
    assert ledger.initial_margin(0, marks) == [0] * len(UNIVERSE.currencies)
    fill(ledger, CONTRACT, BUY, "15000.0", "2")
    with pytest.raises(MissingData):
        ledger.initial_margin(0, marks)
    marks[number_of(CONTRACT)] = CONTRACT.price_units("16000.0")
    # 16000 x 2 x 0.125 x 0.05
    assert ledger.initial_margin(0, marks)[currency("EUR")] == 20_000
    assert ledger.maintenance_margin(0, marks)[currency("EUR")] == 0


def test_a_position_without_a_mark_has_no_unrealised_profit() -> None:
    ledger = new_ledger()
    assert position(ledger, SHARE).unrealized == Money.of("0", "USD", 2)
    fill(ledger, SHARE, BUY, "100.0000", "1")
    assert position(ledger, SHARE).unrealized is None
    with pytest.raises(MissingData):
        ledger.unrealized(0, number_of(SHARE), UNDEFINED)


@given(
    price=st.integers(-(2**64), 2**64),
    quantity=st.integers(-(2**64), 2**64),
    fee=st.integers(-(2**128), 2**128),
    item=st.sampled_from([SPOT, SHARE, CONTRACT, LINEAR, COIN]),
    side=st.sampled_from([BUY, SELL]),
)
def test_a_fill_that_cannot_be_booked_is_named_and_changes_nothing(
    price: int, quantity: int, fee: int, item: Instrument, side: int
) -> None:
    ledger = new_ledger()
    before = ledger.digest()
    try:
        ledger.apply_fill(0, number_of(item), 0, side, price, quantity, fee, currency("USD"))
    except (NumericOverflow, NotRepresentable):
        assert ledger.digest() == before
    else:
        assert ledger.net_quantity(0, number_of(item)) == side * quantity


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_fill_of_nothing_is_refused(quantity: int) -> None:
    with pytest.raises(NotRepresentable):
        new_ledger().apply_fill(0, 0, 0, BUY, 100, quantity, 0, 0)


def test_a_position_beyond_64_bits_is_an_overflow() -> None:
    ledger = new_ledger()
    share = number_of(SHARE)
    ledger.apply_fill(0, share, 0, BUY, 1, 2**63 - 1, 0, 0)
    with pytest.raises(NumericOverflow):
        ledger.apply_fill(0, share, 0, BUY, 1, 1, 0, 0)
    assert ledger.quantity(0, share) == 2**63 - 1


def test_a_balance_beyond_128_bits_is_an_overflow() -> None:
    ledger = new_ledger()
    ledger.adjust_cash(0, 0, 2**127 - 1)
    with pytest.raises(NumericOverflow):
        ledger.adjust_cash(0, 0, 1)
    assert ledger.balance(0, 0) == 2**127 - 1


def test_an_index_beyond_the_lists_is_an_index_error() -> None:
    ledger = new_ledger()
    for call in (
        lambda: ledger.balance(2, 0),
        lambda: ledger.balance(0, 99),
        lambda: ledger.net_quantity(0, 99),
        lambda: ledger.apply_fill(0, 0, 0, BUY, 1, 1, 0, 99),
    ):
        with pytest.raises(IndexError):
            call()


def test_a_snapshot_goes_only_into_a_ledger_of_the_same_lists() -> None:
    ledger = new_ledger()
    fill(ledger, SHARE, BUY, "100.0000", "1")
    data = ledger.snapshot()
    other = _native.Ledger(UNIVERSE.currencies, UNIVERSE.specs, 3)
    with pytest.raises(StateError):
        other.restore(data)
    for damaged in (b"", data[:-1], data + b"\0", data[:40] + b"\xff" + data[41:], b"x" * 500):
        with pytest.raises(CodecError):
            ledger.restore(damaged)
    assert ledger.snapshot() == data


def test_an_account_adds_up_books_and_knows_what_is_free() -> None:
    ledger = new_ledger()
    usd = currency("USD")
    ledger.adjust_cash(0, usd, 10_000)
    ledger.adjust_cash(1, usd, 500)
    account = Account.of(ledger, range(2), UNIVERSE, VenueId("V"), {"USD": 2_500})
    assert account.balance("USD").total == Money.of("105", "USD", 2)
    assert account.balance("USD").free == Money.of("80", "USD", 2)
    assert account.balance("BTC").free == Money.of("0", "BTC", 8)
    with pytest.raises(CurrencyMismatch):
        account.balance("XYZ")
