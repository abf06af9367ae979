"""The engine and Python know each other: classes given once, instruments as integers."""

from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from openoutcry import _native
from openoutcry.state import commands, enums, errors, events, market_data, signals
from openoutcry.state.binding import currency_table, spec
from openoutcry.state.errors import ConfigError, NotRepresentable, NumericOverflow
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Perpetual, Spot


def spot(**changes: Any) -> Spot:
    fields: dict[str, Any] = {
        "id": InstrumentId("BTCUSDT.V"), "quote": "USDT", "base_currency": "BTC", "price_scale": 2,
        "size_scale": 5, "tick": Decimal("0.01"), "lot": Decimal("0.00001"),
    }  # fmt: skip
    return Spot(**fields | changes)


def coin(**changes: Any) -> Perpetual:
    fields: dict[str, Any] = {
        "id": InstrumentId("BTCUSD_PERP.V"), "quote": "USD", "base_currency": "BTC",
        "settlement_currency": "BTC", "is_inverse": True, "price_scale": 1, "size_scale": 0,
        "tick": Decimal("0.1"), "lot": Decimal(1), "multiplier": Decimal(100),
    }  # fmt: skip
    return Perpetual(**fields | changes)


def classes() -> dict[str, object]:
    modules = (enums, errors, commands, market_data, events, signals)
    return {name: value for module in modules for name, value in vars(module).items()}


def test_binding_the_same_classes_again_is_harmless() -> None:
    _native.bind(classes())


def test_binding_other_classes_is_refused() -> None:
    class Quote:
        pass

    with pytest.raises(RuntimeError, match="already bound"):
        _native.bind(classes() | {"Quote": Quote})


def test_a_missing_class_is_named() -> None:
    given = classes()
    del given["OrderFilled"]
    with pytest.raises(RuntimeError, match="OrderFilled"):
        _native.bind(given)


def test_an_enum_with_members_in_another_order_is_refused() -> None:
    """The engine maps members by position: a swapped pair would trade the wrong way."""

    class Side(Enum):
        SELL = "sell"
        BUY = "buy"

    with pytest.raises(RuntimeError, match="BUY"):
        _native.bind(classes() | {"Side": Side})


def test_the_currency_table_is_sorted_complete_and_knows_exceptions() -> None:
    table = currency_table([spot(), coin()], ["BNB", "JPY"], {"USDT": 6})
    assert table == (("BNB", 8), ("BTC", 8), ("JPY", 0), ("USD", 2), ("USDT", 6))
    assert currency_table([coin(), spot()], ["JPY", "BNB"], {"USDT": 6}) == table


def test_a_currency_finer_than_18_decimals_is_refused() -> None:
    with pytest.raises(ConfigError, match="ETH"):
        currency_table([], ["ETH"], {"ETH": 19})


def test_a_currency_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="USDT"):
        spec(spot(), currency_table([coin()]))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"multiplier": Decimal(10)}, ConfigError),  # a delivered coin counts itself
        ({"multiplier": Decimal(0)}, ConfigError),
        ({"multiplier": Decimal("NaN")}, NotRepresentable),
        ({"multiplier": Decimal("1E+999999")}, NumericOverflow),
        ({"multiplier": Decimal("1E-19")}, NotRepresentable),
        ({"min_notional": Decimal("0.000000001")}, NotRepresentable),
        ({"min_notional": Decimal(10) ** 12}, NumericOverflow),
        ({"min_quantity": Decimal("0.000001")}, NotRepresentable),
        ({"min_quantity": Decimal(2), "max_quantity": Decimal(1)}, ConfigError),
        ({"margin_initial": Decimal("0.0000000001")}, NotRepresentable),
        ({"margin_initial": Decimal("-0.1")}, ConfigError),
    ],
)
def test_an_instrument_that_cannot_work_is_refused(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    item = spot(**changes)
    with pytest.raises(error):
        spec(item, currency_table([item]))


def test_an_inverse_notional_is_in_coins() -> None:
    """10 contracts of 100 USD at 20000 USD are 0.05 BTC."""
    item = coin()
    contract = spec(item, currency_table([item]))
    price, quantity = item.price_units("20000"), item.quantity_units(10)
    assert _native.notional(price, quantity, contract, 8, "half_even") == 5_000_000
    thirds = item.price_units("30000")
    assert _native.notional(thirds, quantity, contract, 8, "up") == 3_333_334
    assert _native.notional(thirds, -quantity, contract, 8, "down") == 3_333_333
    with pytest.raises(NotRepresentable):
        _native.notional(0, quantity, contract, 8, "up")


@pytest.mark.parametrize("price", ["1e3", "abc", "NaN", "", Decimal("0.015"), Decimal("NaN")])
def test_a_price_that_is_none_is_refused(price: str | Decimal) -> None:
    with pytest.raises(NotRepresentable):
        spot().price_units(price)


def test_a_float_is_no_price() -> None:
    with pytest.raises(TypeError):
        spot().price_units(1.5)  # type: ignore[arg-type]


def test_a_price_beyond_64_bits_is_an_overflow() -> None:
    with pytest.raises(NumericOverflow):
        spot().price_units(Decimal(10) ** 17)
