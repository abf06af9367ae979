"""What an order may say: numbers that fit, options that go together; everything else is the strategy's error."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.state.enums import (
    OrderType,
    Side,
    TimeInForce,
    TrailingKind,
    TriggerSource,
)
from openoutcry.state.errors import NotRepresentable, NumericOverflow, StrategyError
from openoutcry.state.instruments import Perpetual
from tests.markets import PERP
from tests.order_kit import BTC, STRATEGY
from tests.path_kit import FREE, NOW, Pit, Puppet

PERPETUAL = PERP
"""Prices of 2 decimals, quantities of 3."""
MAX = 2**63 - 1


def fine() -> Perpetual:
    """The perpetual under the id that puppets trade."""
    fields = {name: getattr(PERP, name) for name in PERP.__struct_fields__}
    return Perpetual(**(fields | {"id": BTC}))


def asked(quantity: Any, **options: Any) -> Any:
    """The order that a strategy's words mean, or the error that they raise."""
    pit = Pit(FREE, instruments=(fine(),))
    pit.run(lambda me: me.buy(BTC, quantity, **options))
    errors = pit.graph.supervisor.errors
    if errors:
        assert pit.arrived == []
        assert pit.failed[0][0] == "strategy/s1"
        return errors[0]
    (submit,) = pit.submits()
    return submit


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        (1, 1_000),
        (Decimal(1), 1_000),
        (Decimal("1.50"), 1_500),
        (Decimal("0.001"), 1),
        ("0.25", 250),
        ("1.2500", 1_250),
        (Decimal("1E+1"), 10_000),
        (Decimal("1E-3"), 1),
        (Decimal("25E-2"), 250),
        (9_223_372_036_854_775, 9_223_372_036_854_775_000),
        ("9223372036854775.807", MAX),
    ],
    ids=str,
)
def test_a_quantity_is_taken_exactly(quantity: Any, units: int) -> None:
    assert asked(quantity).quantity_units == units


@pytest.mark.parametrize(
    ("limit", "units"),
    [
        (99, 9_900),
        (Decimal("99.99"), 9_999),
        ("99.9", 9_990),
        (Decimal("9.9E+1"), 9_900),
        (Decimal("99.990000000000000000000000"), 9_999),
        (0, 0),
        ("-1.5", -150),
        ("92233720368547758.07", MAX),
    ],
    ids=str,
)
def test_a_price_is_taken_exactly(limit: Any, units: int) -> None:
    assert asked(1, limit=limit).limit_units == units


WRONG_NUMBERS = [
    (0.5, NotRepresentable),
    (1.0, NotRepresentable),
    (float("nan"), NotRepresentable),
    (Decimal("0.0001"), NotRepresentable),
    ("0.0001", NotRepresentable),
    (Decimal("NaN"), NotRepresentable),
    (Decimal("Infinity"), (NotRepresentable, NumericOverflow)),
    ("", NotRepresentable),
    ("one", NotRepresentable),
    ("1e3", NotRepresentable),
    (" 1", NotRepresentable),
    ("1" * 1_000, (NotRepresentable, NumericOverflow)),
    ("9223372036854775.808", NumericOverflow),
    (9_223_372_036_854_776, NumericOverflow),
    (2**63, NumericOverflow),
    (2**64 + 1, NumericOverflow),
    (10**40, NumericOverflow),
    (Decimal(2**64 + 1), NumericOverflow),
    (Decimal("1E+30"), NumericOverflow),
    (Decimal("1E+999999"), NumericOverflow),
    (Decimal("1E-999999"), NotRepresentable),
]


@pytest.mark.parametrize(("value", "error"), WRONG_NUMBERS, ids=lambda v: repr(v)[:40])
def test_a_quantity_that_does_not_fit_is_an_error_with_a_name(value: Any, error: Any) -> None:
    assert isinstance(asked(value), error)


@pytest.mark.parametrize("option", ["limit", "stop", "take_profit", "trail"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (99.5, NotRepresentable),
        (Decimal("99.995"), NotRepresentable),
        ("99.995", NotRepresentable),
        (Decimal("NaN"), NotRepresentable),
        (2**63, NumericOverflow),
        (Decimal("1E+30"), NumericOverflow),
        ("92233720368547758.08", NumericOverflow),
    ],
    ids=repr,
)
def test_a_price_that_does_not_fit_is_an_error_with_a_name(
    option: str, value: Any, error: type[Exception]
) -> None:
    came = asked(1, **{option: value})
    assert isinstance(came, error)


def test_a_price_off_its_tick_is_refused_and_the_step_named() -> None:
    wide = fine()
    fields = {name: getattr(wide, name) for name in wide.__struct_fields__}
    coarse = Perpetual(**(fields | {"tick": Decimal("0.50"), "lot": Decimal("0.010")}))
    pit = Pit(FREE, instruments=(coarse,))
    pit.run(lambda me: me.buy(BTC, "0.02", limit="99.50"))
    assert pit.submits()[0].limit_units == 9_950
    pit.run(lambda me: me.buy(BTC, "0.02", limit="99.75"))
    assert isinstance(pit.graph.supervisor.errors[0], NotRepresentable)
    other = Pit(FREE, instruments=(coarse,))
    other.run(lambda me: me.buy(BTC, "0.015"))
    assert isinstance(other.graph.supervisor.errors[0], NotRepresentable)


@pytest.mark.parametrize("quantity", [0, -1, Decimal(0), Decimal("-0.001"), "0.000", "-1"])
def test_a_quantity_that_is_not_positive_is_refused(quantity: Any) -> None:
    came = asked(quantity)
    assert isinstance(came, StrategyError)
    assert "is not positive" in str(came)


def test_a_target_whose_difference_does_not_fit_is_an_error_and_no_wrap() -> None:
    pit = Pit(FREE, instruments=(fine(),))
    errors: list[Exception] = []

    def act(me: Puppet) -> None:
        me.target(BTC, "9223372036854775.807")
        try:
            me.target(BTC, "-9223372036854775.807")
        except NumericOverflow as error:
            errors.append(error)

    pit.run(act)
    assert len(errors) == 1
    assert [c.quantity_units for c in pit.submits()] == [MAX]


def test_numbers_of_a_replace_are_taken_as_those_of_an_order() -> None:
    pit = Pit(FREE, instruments=(fine(),))
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
    number = pit.arrived[0].client_order_id
    pit.run(lambda me: me.replace(number, quantity="1.5", limit=Decimal("98.5")))
    sent: Any = pit.arrived[1]
    assert (sent.quantity_units, sent.limit_units, sent.trigger_units) == (1_500, 9_850, None)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(0.5, NotRepresentable), ("0.0001", NotRepresentable), (2**63, NumericOverflow)],
    ids=str,
)
@pytest.mark.parametrize("term", ["quantity", "limit", "stop"])
def test_numbers_of_a_replace_that_do_not_fit_are_errors(
    term: str, wrong: Any, error: type[Exception]
) -> None:
    pit = Pit(FREE, instruments=(fine(),))
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
    number = pit.arrived[0].client_order_id
    pit.run(lambda me: me.replace(number, **{term: wrong}))
    assert isinstance(pit.graph.supervisor.errors[0], error)
    assert len(pit.arrived) == 1


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "order_type"),
    [
        ({}, OrderType.MARKET),
        ({"limit": 99}, OrderType.LIMIT),
        ({"stop": 101}, OrderType.STOP),
        ({"stop": 101, "limit": 102}, OrderType.STOP_LIMIT),
        ({"take_profit": 101}, OrderType.TAKE_PROFIT),
        ({"take_profit": 101, "limit": 102}, OrderType.TAKE_PROFIT_LIMIT),
        ({"trail": 1}, OrderType.TRAILING_STOP),
        ({"trail_bps": 25}, OrderType.TRAILING_STOP),
        ({"limit": None, "stop": None, "tag": None}, OrderType.MARKET),
    ],
    ids=str,
)
def test_the_prices_mean_a_type(options: dict[str, Any], order_type: OrderType) -> None:
    assert asked(1, **options).order_type is order_type


def test_every_option_is_in_the_order() -> None:
    parent = "f" * 32
    submit = asked(
        1,
        limit="99",
        stop="101.5",
        trigger_source=TriggerSource.LAST,
        time_in_force=TimeInForce.GTD,
        expire_ts=NOW + 5,
        post_only=True,
        reduce_only=True,
        parent=parent,
        oco_group="either",
        position="leg",
        tag="why",
    )
    assert (submit.limit_units, submit.trigger_units) == (9_900, 10_150)
    assert submit.trigger_source is TriggerSource.LAST
    assert (submit.time_in_force, submit.expire_ts) == (TimeInForce.GTD, NOW + 5)
    assert (submit.post_only, submit.reduce_only, submit.parent) == (True, True, parent)
    assert (submit.oco_group, submit.position, submit.tag) == ("either", "leg", "why")
    assert (submit.strategy, submit.side, submit.ts) == (STRATEGY, Side.BUY, NOW)
    assert submit.arrival_units == 10_000


@pytest.mark.parametrize(
    ("options", "offset", "kind"),
    [
        ({"trail": "1.5"}, 150, TrailingKind.PRICE),
        ({"trail_bps": 25}, 25, TrailingKind.BASIS_POINTS),
    ],
    ids=str,
)
def test_a_trail_is_a_price_or_basis_points(
    options: dict[str, Any], offset: int, kind: TrailingKind
) -> None:
    submit = asked(1, **options)
    assert (submit.trailing_offset_units, submit.trailing_kind) == (offset, kind)


CONTRADICTIONS: list[dict[str, Any]] = [
    {"stop": 101, "take_profit": 102},
    {"stop": 101, "trail": 1},
    {"stop": 101, "trail_bps": 5},
    {"take_profit": 101, "trail": 1},
    {"trail": 1, "trail_bps": 5},
    {"trail": 1, "limit": 99},
    {"trail_bps": 5, "limit": 99},
    {"stop": 101, "take_profit": 102, "trail": 1, "limit": 99},
]


@pytest.mark.parametrize("options", CONTRADICTIONS, ids=str)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any]) -> None:
    assert isinstance(asked(1, **options), StrategyError)


def test_an_unknown_option_is_named() -> None:
    came = asked(1, limt="99")
    assert isinstance(came, StrategyError)
    assert 'no option "limt"' in str(came)


def test_a_type_that_the_prices_do_not_mean_is_refused() -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.submit(BTC, Side.BUY, 1, OrderType.LIMIT))
    assert isinstance(pit.graph.supervisor.errors[0], StrategyError)
    assert "mean" in str(pit.graph.supervisor.errors[0])


@pytest.mark.parametrize(
    "options",
    [
        {"time_in_force": "ioc"},
        {"trigger_source": "last"},
        {"trail_bps": 1.5},
        {"trail_bps": "5"},
        {"expire_ts": 1.5},
        {"parent": 7},
        {"tag": 7},
        {"oco_group": 7},
    ],
    ids=str,
)
def test_an_option_of_another_type_pauses_the_strategy_and_nothing_leaves(
    options: dict[str, Any],
) -> None:
    assert isinstance(asked(1, **options), TypeError)


@pytest.mark.parametrize("option", ["expire_ts", "trail_bps"])
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**64 + 1, 10**40])
def test_an_integer_beyond_64_bits_is_an_error_with_a_name(option: str, value: int) -> None:
    assert isinstance(asked(1, **{option: value}), NumericOverflow)


@pytest.mark.parametrize("parent", ["", "no id", "F" * 32, "é" * 32, "0" * 33])
def test_a_parent_that_is_no_id_is_an_error_of_the_strategy(parent: str) -> None:
    assert isinstance(asked(1, parent=parent), StrategyError)


def test_the_instrument_must_be_one_of_the_run() -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.buy("NONE.SIM", 1))  # type: ignore[arg-type]
    assert pit.failed[0][2] == "ConfigError"
    assert "NONE.SIM" in str(pit.graph.supervisor.errors[0])
