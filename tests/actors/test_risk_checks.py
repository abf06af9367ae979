"""Each check passes, blocks, stands on its boundary, and lets nothing pass without its limit."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from openoutcry import _native
from openoutcry.actors.risk_limits import native_limits
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskConfig, RiskLimits
from openoutcry.state.enums import Mode, OrderType, Side
from openoutcry.state.errors import CodecError
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.instruments import Perpetual
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.universe import Universe
from tests.order_kit import BTC, STRATEGY, submit
from tests.risk_kit import COIN, NOW, OTHER, Rule, World, check, coin, risk

MS = 1_000_000
NO_REFERENCE = "no quote, trade or bar is fresh enough to measure against"
INVERSE = Perpetual(
    id=BTC,
    base_currency="BTC",
    quote="USD",
    settlement_currency="BTC",
    is_inverse=True,
    multiplier=Decimal(100),
    price_scale=1,
    size_scale=0,
    tick=Decimal("0.1"),
    lot=Decimal(1),
)


@pytest.fixture
def world() -> World:
    return World()


def market(**changes: Any) -> SubmitOrder:
    return submit(order_type=OrderType.MARKET, limit_units=None, **changes)


def why(rule: Rule, order: SubmitOrder, world: World) -> str | None:
    return rule.check(order, order.quantity_units, world)


LIMITS = [
    ("price_collar", "collar"),
    ("max_order_value", "max_order_value"),
    ("max_order_quantity", "max_order_quantity"),
    ("max_position", "max_position"),
    ("order_rate", "max_orders"),
]


@pytest.mark.parametrize(("kind", "limit"), LIMITS)
def test_a_missing_limit_denies_and_unlimited_is_refused_live_only(
    kind: str, limit: str, world: World
) -> None:
    assert why(check(kind), submit(), world) == "no limit is set"
    unlimited: dict[str, Any] = {limit: "unlimited"}
    assert why(check(kind, **unlimited), submit(), world) is None
    paper = check(kind, mode=Mode.PAPER, **unlimited)
    assert why(paper, submit(), world) is None
    live = check(kind, mode=Mode.LIVE, **unlimited)
    assert why(live, submit(), world) == "unlimited is refused in live mode"


def test_an_instruments_own_section_replaces_the_defaults(world: World) -> None:
    config = RiskConfig(
        default=RiskLimits(max_order_quantity=Decimal(1)),
        instruments={BTC: RiskLimits(max_order_quantity=Decimal(10))},
    )
    rule = Rule("max_order_quantity", risk(config, Mode.LIVE))
    assert why(rule, submit(), world) is None


def test_reasons_are_named_in_the_order_of_the_checks(world: World) -> None:
    names = (
        "price_collar", "max_order_value", "max_order_quantity", "max_position", "order_rate",
        "self_match",
    )  # fmt: skip
    strict = risk()
    assert strict.checks[:6] == names
    assert strict.checks[6:] == (
        "gross_exposure", "net_exposure", "message_rate", "duplicate_order", "stale_data",
        "market_state", "reduce_only", "execution_throttle", "consecutive_rejects", "daily_loss",
        "drawdown", "order_to_trade",
    )  # fmt: skip
    order = submit(limit_units=10_020)
    world.ours[Side.SELL] = [(OTHER, 10_020)]
    found = strict.reasons(order, order.quantity_units, world)
    assert tuple(reason.split(": ")[0] for reason in found) == names


# --- price collar: 100 bp around 100.00 -----------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "limit", "passes"),
    [
        (Side.BUY, 10_100, True),
        (Side.BUY, 10_101, False),
        (Side.BUY, 1, True),
        (Side.SELL, 9_900, True),
        (Side.SELL, 9_899, False),
        (Side.SELL, 99_999, True),
    ],
)
def test_the_collar_bounds_how_much_worse_a_limit_may_be(
    side: Side, limit: int, passes: bool, world: World
) -> None:
    rule = check("price_collar", collar=Decimal(100))
    assert (why(rule, submit(side=side, limit_units=limit), world) is None) == passes


def test_the_collar_says_what_is_wrong(world: World) -> None:
    rule = check("price_collar", collar=Decimal(100))
    found = why(rule, submit(limit_units=10_101), world)
    assert found == "101.01 is more than 100 bp worse than 100.00"


def test_a_fraction_of_a_basis_point_and_half_a_unit_are_exact(world: World) -> None:
    world.last_quote = (NOW, 999_999, 1_000_000, 5, 5)  # the middle is 9999.995
    rule = check("price_collar", collar=Decimal("0.01"))
    assert why(rule, submit(limit_units=1_000_000), world) is None
    assert why(rule, submit(limit_units=1_000_001), world) is not None


@pytest.mark.parametrize("side", list(Side))
def test_a_market_order_is_held_to_the_touch_it_would_take(side: Side, world: World) -> None:
    rule = check("price_collar", collar=Decimal(100))
    world.last_quote = (NOW, 9_900, 10_100, 5, 5)
    assert why(rule, market(side=side), world) is None
    world.last_quote = (NOW, 9_899, 10_101, 5, 5)
    assert why(rule, market(side=side), world) is not None


def test_a_triggered_limit_is_held_to_its_own_trigger(world: World) -> None:
    rule = check("price_collar", collar=Decimal(100))
    for limit, passes in ((4_950, True), (4_949, False)):
        order = submit(
            order_type=OrderType.STOP_LIMIT,
            side=Side.SELL,
            limit_units=limit,
            trigger_units=5_000,
        )
        assert (why(rule, order, world) is None) == passes


@pytest.mark.parametrize("kind", [OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP])
def test_what_executes_at_a_later_market_needs_a_reference_only(
    kind: OrderType, world: World
) -> None:
    rule = check("price_collar", collar=Decimal(1))
    order = submit(order_type=kind, side=Side.SELL, limit_units=None, trigger_units=10)
    assert why(rule, order, world) is None
    world.last_quote = None
    assert why(rule, order, world) == NO_REFERENCE


@pytest.mark.parametrize(
    "order",
    [
        submit(limit_units=None),
        submit(order_type=OrderType.STOP_LIMIT),
        submit(order_type=OrderType.TAKE_PROFIT_LIMIT, limit_units=None, trigger_units=1),
    ],
)
def test_a_priced_order_without_its_price_is_denied(order: SubmitOrder, world: World) -> None:
    found = why(check("price_collar", collar=Decimal(100)), order, world)
    assert found is not None
    assert found.endswith("lacks its limit or trigger price")


@pytest.mark.parametrize(
    "quote",
    [
        None,
        (NOW - 60_001 * MS, 9_990, 10_010, 5, 5),
        (NOW, 10_020, 10_010, 5, 5),
        (NOW, UNDEFINED, 10_010, 5, 5),
        (NOW, 9_990, UNDEFINED, 5, 5),
    ],
    ids=["none", "stale", "crossed", "no bid", "no ask"],
)
def test_the_reference_falls_back_from_quote_to_trade_to_bar(quote: Any, world: World) -> None:
    rule = check("price_collar", collar=Decimal(100))
    world.last_quote = quote
    world.last_trade = (NOW - 300_000 * MS, 20_000, 1)
    world.last_bar = (NOW - 172_800_000 * MS, 30_000)
    assert why(rule, submit(limit_units=20_200), world) is None
    assert why(rule, submit(limit_units=20_201), world) is not None
    world.last_trade = (NOW - 300_001 * MS, 20_000, 1)
    assert why(rule, submit(limit_units=30_300), world) is None
    assert why(rule, submit(limit_units=30_301), world) is not None
    assert why(rule, market(), world) is None
    world.last_bar = (NOW - 172_800_001 * MS, 30_000)
    assert why(rule, submit(limit_units=1), world) == NO_REFERENCE


def test_a_quote_of_exactly_its_age_limit_is_fresh_and_a_locked_one_is_a_reference(
    world: World,
) -> None:
    rule = check("price_collar", collar=Decimal(100))
    world.last_quote = (NOW - 60_000 * MS, 10_000, 10_000, 5, 5)
    assert why(rule, submit(limit_units=10_100), world) is None


# --- order value -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("order", "value"),
    [
        (submit(), "1000"),  # 10 x 100.00
        (market(), "1001"),  # 10 x the ask
        (market(side=Side.SELL), "999"),  # 10 x the bid
        (submit(order_type=OrderType.STOP, limit_units=None, trigger_units=5_000), "500"),
    ],
)
def test_an_order_may_be_worth_the_limit_and_not_a_cent_more(
    order: SubmitOrder, value: str, world: World
) -> None:
    assert why(check("max_order_value", max_order_value=Decimal(value)), order, world) is None
    below = check("max_order_value", max_order_value=Decimal(value) - Decimal("0.000001"))
    found = why(below, order, world)
    assert found is not None
    assert found.startswith("it is worth more than")
    assert found.endswith("USDT")


def test_a_market_order_of_unknown_value_is_denied(world: World) -> None:
    rule = check("max_order_value", max_order_value=Decimal(10**9))
    world.last_quote = None
    assert why(rule, market(), world) == NO_REFERENCE
    world.last_trade = (NOW, 10_000, 1)
    assert why(rule, market(), world) is None
    world.last_trade = None
    world.last_bar = (NOW, 10_000)
    assert why(rule, market(), world) is None


def test_an_inverse_contract_is_worth_its_face_over_the_price(world: World) -> None:
    order = submit(quantity_units=10, price_scale=1, limit_units=500_000)  # 1000 USD at 50000.0
    for limit, passes in (("0.02", True), ("0.0199999", False)):
        rule = check("max_order_value", instrument=INVERSE, max_order_value=Decimal(limit))
        assert (why(rule, order, world) is None) == passes


# --- order quantity ----------------------------------------------------------------------------------
def test_the_largest_quantity_passes_and_one_lot_more_does_not(world: World) -> None:
    rule = check("max_order_quantity", max_order_quantity=Decimal("10.9"))
    assert why(rule, submit(quantity_units=10), world) is None
    assert why(rule, submit(quantity_units=11), world) == "11 is more than 10"


@pytest.mark.parametrize("limit", [Decimal(10), "unlimited", None])
@pytest.mark.parametrize("quantity", [0, -5])
def test_a_quantity_that_is_not_positive_never_passes(
    quantity: int, limit: Any, world: World
) -> None:
    rule = check("max_order_quantity", max_order_quantity=limit)
    found = why(rule, submit(quantity_units=quantity), world)
    assert found == f"a quantity of {quantity} can't be ordered"


# --- position ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("holder", [STRATEGY, None])
@pytest.mark.parametrize(
    ("side", "position", "working", "passes"),
    [
        (Side.BUY, 0, (0, 0), True),
        (Side.BUY, 10, (0, 0), True),
        (Side.BUY, 11, (0, 0), False),
        (Side.BUY, 5, (5, 0), True),
        (Side.BUY, 5, (6, 0), False),
        (Side.BUY, 5, (0, 99), True),  # the other side may never fill
        (Side.SELL, -10, (0, 0), True),
        (Side.SELL, -11, (0, 0), False),
        (Side.SELL, 0, (0, 11), False),
        (Side.SELL, 99, (0, 0), True),
        (Side.SELL, 99, (0, 120), False),
    ],
)
def test_the_worst_case_counts_for_strategy_and_account(
    holder: StrategyId | None,
    side: Side,
    position: int,
    working: tuple[int, int],
    passes: bool,
    world: World,
) -> None:
    rule = check("max_position", max_position=Decimal(20))
    world.positions[holder] = position
    world.working[holder] = working
    found = why(rule, submit(side=side), world)
    assert (found is None) == passes
    if found is not None:
        assert found.startswith(holder or "the account")


@pytest.mark.parametrize("limit", [Decimal(1), None])
def test_an_order_that_only_reduces_is_never_blocked(limit: Any, world: World) -> None:
    rule = check("max_position", max_position=limit)
    world.positions = {STRATEGY: 50, None: 50}
    assert why(rule, submit(side=Side.SELL, quantity_units=50), world) is None
    assert why(rule, submit(side=Side.SELL, quantity_units=50 + 2), world) is not None
    world.working = {STRATEGY: (0, 45), None: (0, 45)}
    assert why(rule, submit(side=Side.SELL, quantity_units=5), world) is None
    assert why(rule, submit(side=Side.SELL, quantity_units=7), world) is not None
    assert why(rule, submit(side=Side.BUY, reduce_only=True), world) is None


def test_a_replace_is_measured_by_what_it_adds(world: World) -> None:
    rule = check("max_position", max_position=Decimal(20))
    world.working = {STRATEGY: (15, 0), None: (15, 0)}
    assert rule.check(submit(quantity_units=15), 0, world) is None
    assert rule.check(submit(quantity_units=20), 5, world) is None
    assert rule.check(submit(quantity_units=21), 6, world) is not None


# --- order rate --------------------------------------------------------------------------------------
def test_no_window_ever_holds_more_orders_than_the_limit(world: World) -> None:
    rule = check("order_rate", max_orders=3, per_ms=1000)
    sent: list[int] = []
    for step in range(200):
        world.now = NOW + step * 130 * MS
        if why(rule, submit(), world) is None:
            rule.risk.approved(submit(), world.now)
            sent.append(world.now)
    assert len(sent) > 50
    for first in sent:
        assert len([ts for ts in sent if first <= ts < first + 1000 * MS]) <= 3


def test_the_window_opens_exactly_when_the_oldest_has_left_it(world: World) -> None:
    rule = check("order_rate", max_orders=1, per_ms=1000)
    rule.risk.approved(submit(), NOW)
    world.now = NOW + 1000 * MS - 1
    assert why(rule, submit(), world) == "1 orders within 1000 ms are allowed"
    world.now += 1
    assert why(rule, submit(), world) is None


def test_denied_orders_do_not_count_and_strategies_count_apart(world: World) -> None:
    rule = check("order_rate", max_orders=1)
    for _ in range(5):
        assert why(rule, submit(), world) is None
    rule.risk.approved(submit(), NOW)
    assert why(rule, submit(), world) is not None
    assert why(rule, submit(strategy=OTHER), world) is None


def test_a_limit_of_no_orders_lets_none_pass(world: World) -> None:
    assert why(check("order_rate", max_orders=0), submit(), world) is not None


def test_the_rate_is_remembered_in_a_snapshot(world: World) -> None:
    rule = check("order_rate", max_orders=2)
    rule.risk.approved(submit(), NOW)
    rule.risk.approved(submit(), NOW)
    other = check("order_rate", max_orders=2)
    other.risk.restore(rule.risk.snapshot())
    assert other.risk.snapshot() == rule.risk.snapshot()
    assert why(other, submit(), world) is not None


def test_no_check_changes_its_order(world: World) -> None:
    order = submit()
    before = msgspec.msgpack.encode(order)
    risk().reasons(order, order.quantity_units, world)
    assert msgspec.msgpack.encode(order) == before


@pytest.mark.parametrize(
    ("order", "resting", "denied"),
    [
        (submit(limit_units=10_020), 10_020, True),
        (submit(limit_units=10_019), 10_020, False),
        (submit(limit_units=10_030), 10_020, True),
        (submit(limit_units=10_020, post_only=True), 10_020, False),
        (market(), 10_010, True),
        (market(), 10_011, False),
        (submit(side=Side.SELL, limit_units=9_980), 9_980, True),
        (submit(side=Side.SELL, limit_units=9_981), 9_980, False),
        (market(side=Side.SELL), 9_990, True),
        (market(side=Side.SELL), 9_989, False),
        (submit(order_type=OrderType.STOP, limit_units=None, trigger_units=10_500), 10_010, False),
    ],
)
def test_an_order_that_would_meet_one_of_ours_is_denied(
    order: SubmitOrder, resting: int, denied: bool, world: World
) -> None:
    rule = check("self_match")
    assert why(rule, order, world) is None
    world.ours[order.side] = [(OTHER, resting)]
    assert why(rule, order, world) is None, "our orders on the same side are no obstacle"
    world.ours[order.side.opposite] = [(OTHER, resting)]
    other = order.side.opposite.value
    price = f"{resting // 100}.{resting % 100:02}"
    said = f"it would trade against the {other} of s2 at {price}"
    assert why(rule, order, world) == (said if denied else None)


def test_without_a_reference_any_resting_order_blocks_a_market_order(world: World) -> None:
    world.last_quote = None
    world.ours[Side.SELL] = [(OTHER, 99_999)]
    assert why(check("self_match"), market(), world) is not None


# --- what stands around the checks -------------------------------------------------------------------
def test_what_the_world_can_not_tell_is_an_error_and_no_approval() -> None:
    class Broken(World):
        def position_units(self, _strategy: StrategyId | None, _instrument: Any) -> int:
            raise LookupError("no such book")

    with pytest.raises(LookupError, match="no such book"):
        check("max_position", max_position=Decimal(1)).check(submit(), 10, Broken())


@pytest.mark.parametrize("limit", ["NaN", "Infinity", "1E+999999", "1E-999999", "1E+38"])
def test_a_limit_that_is_no_usable_number_denies(limit: str, world: World) -> None:
    for name in ("max_order_value", "max_order_quantity", "max_position"):
        wrong: dict[str, Any] = {name: Decimal(limit)}
        rule = check(name, **wrong)
        assert why(rule, submit(), world) == "numeric overflow"
    assert why(check("price_collar", collar=Decimal(limit)), submit(), world) == "numeric overflow"


def test_a_limit_beyond_the_integers_of_the_engine_denies(world: World) -> None:
    wide = coin(size_scale=18)
    rule = check("max_position", instrument=wide, max_position=Decimal(10**30))
    order = submit(size_scale=18)
    assert why(rule, order, world) == "numeric overflow"


def test_limits_that_are_not_understood_are_an_error() -> None:
    directory = _native.Directory(Universe([COIN]).specs, [("BTC", 8), ("USDT", 8)], [STRATEGY])
    limits = native_limits(COIN, RiskLimits(), Mode.REPLAY)
    with pytest.raises(ValueError, match="max_posiiton"):
        _native.Risk(directory, [limits | {"max_posiiton": 1}])
    with pytest.raises(KeyError, match="max_position"):
        _native.Risk(directory, [{key: limits[key] for key in limits if key != "max_position"}])
    with pytest.raises(ValueError, match="0 mappings of limits for 1"):
        _native.Risk(directory, [])


def test_halts_are_told_by_name_and_survive_a_snapshot() -> None:
    first = risk()
    first.halt("a", OTHER)
    first.halt("b", None, BTC)
    first.halt("c", "gone", "NOWHERE.SIM")
    second = risk()
    second.restore(first.snapshot())
    assert second.halted() == [
        (OTHER, None, "a", None, 0),
        (None, BTC, "b", None, 0),
        ("gone", "NOWHERE.SIM", "c", None, 0),
    ]
    assert second.halts(OTHER, BTC) == ("halted: a", "halted: b")
    assert second.halts(STRATEGY, BTC) == ("halted: b",)
    second.resume(None, BTC)
    second.resume("gone", "NOWHERE.SIM")
    assert second.halted() == [(OTHER, None, "a", None, 0)]


def test_bytes_that_are_no_snapshot_change_nothing() -> None:
    halted = risk()
    halted.halt("a")
    with pytest.raises(CodecError):
        halted.restore(b"x" * 50)
    assert halted.halts(STRATEGY, BTC) == ("halted: a",)
