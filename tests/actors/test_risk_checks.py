"""Each check passes, blocks, stands on its boundary, and lets nothing pass without its limit."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from openoutcry.actors.risk_checks import (
    MaxOrderQuantity,
    MaxOrderValue,
    MaxPosition,
    OrderRate,
    PriceCollar,
    RiskCheck,
    SelfMatch,
    standard_checks,
)
from openoutcry.actors.risk_checks.base import NO_REFERENCE
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import CollarConfig, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode, OrderType, Side
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument, Perpetual, Spot
from openoutcry.state.messages import UNDEFINED
from tests.order_kit import BTC, STRATEGY, submit

MS = 1_000_000
NOW = 10**18
COIN = Spot(
    id=BTC,
    base_currency="BTC",
    quote="USDT",
    price_scale=2,
    size_scale=0,
    tick=Decimal("0.01"),
    lot=Decimal(1),
)
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


class World:
    """A risk view whose every answer is set by the test. Bid 99.90, ask 100.10."""

    def __init__(self) -> None:
        self.now = NOW
        self.last_quote: tuple[int, int, int, int, int] | None = (NOW, 9_990, 10_010, 5, 5)
        self.last_trade: tuple[int, int, int] | None = None
        self.last_bar: tuple[int, int] | None = None
        self.positions: dict[StrategyId | None, int] = {}
        self.working: dict[StrategyId | None, tuple[int, int]] = {}
        self.ours: dict[Side, list[tuple[StrategyId, int]]] = {}

    def quote(self, _instrument: InstrumentId) -> tuple[int, int, int, int, int] | None:
        return self.last_quote

    def trade(self, _instrument: InstrumentId) -> tuple[int, int, int] | None:
        return self.last_trade

    def bar(self, _instrument: InstrumentId) -> tuple[int, int] | None:
        return self.last_bar

    def position_units(self, strategy: StrategyId | None, _instrument: InstrumentId) -> int:
        return self.positions.get(strategy, 0)

    def working_units(
        self, strategy: StrategyId | None, _instrument: InstrumentId
    ) -> tuple[int, int]:
        return self.working.get(strategy, (0, 0))

    def resting(self, _instrument: InstrumentId, side: Side) -> list[tuple[StrategyId, int]]:
        return self.ours.get(side, [])


@pytest.fixture
def world() -> World:
    return World()


def check(
    kind: type[RiskCheck[Any]],
    *,
    mode: Mode = Mode.REPLAY,
    instrument: Instrument = COIN,
    collar: Any = None,
    **limits: Any,
) -> RiskCheck[Any]:
    ages = CollarConfig(max_deviation_bps=collar)
    config = RiskConfig(default=RiskLimits(collar=ages, **limits))
    return kind([instrument], config, mode)


def market(**changes: Any) -> SubmitOrder:
    return submit(order_type=OrderType.MARKET, limit_units=None, **changes)


def why(rule: RiskCheck[Any], order: SubmitOrder, world: World) -> str | None:
    return rule.check(order, order.quantity_units, world)


LIMITS: list[tuple[type[RiskCheck[Any]], str]] = [
    (PriceCollar, "collar"),
    (MaxOrderValue, "max_order_value"),
    (MaxOrderQuantity, "max_order_quantity"),
    (MaxPosition, "max_position"),
    (OrderRate, "max_orders"),
]


@pytest.mark.parametrize(("kind", "limit"), LIMITS)
def test_a_missing_limit_denies_and_unlimited_is_refused_live_only(
    kind: type[RiskCheck[Any]], limit: str, world: World
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
    assert why(MaxOrderQuantity([COIN], config, Mode.LIVE), submit(), world) is None


def test_the_standard_checks_have_names_of_their_own() -> None:
    checks = standard_checks([COIN], RiskConfig(), Mode.LIVE)
    assert [each.name for each in checks] == [
        "price_collar", "max_order_value", "max_order_quantity", "max_position", "order_rate",
        "self_match",
    ]  # fmt: skip


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
    rule = check(PriceCollar, collar=Decimal(100))
    assert (why(rule, submit(side=side, limit_units=limit), world) is None) == passes


def test_the_collar_says_what_is_wrong(world: World) -> None:
    rule = check(PriceCollar, collar=Decimal(100))
    found = why(rule, submit(limit_units=10_101), world)
    assert found == "101.01 is more than 100 bp worse than 100.00"


def test_a_fraction_of_a_basis_point_and_half_a_unit_are_exact(world: World) -> None:
    world.last_quote = (NOW, 999_999, 1_000_000, 5, 5)  # the middle is 9999.995
    rule = check(PriceCollar, collar=Decimal("0.01"))
    assert why(rule, submit(limit_units=1_000_000), world) is None
    assert why(rule, submit(limit_units=1_000_001), world) is not None


@pytest.mark.parametrize("side", list(Side))
def test_a_market_order_is_held_to_the_touch_it_would_take(side: Side, world: World) -> None:
    rule = check(PriceCollar, collar=Decimal(100))
    world.last_quote = (NOW, 9_900, 10_100, 5, 5)
    assert why(rule, market(side=side), world) is None
    world.last_quote = (NOW, 9_899, 10_101, 5, 5)
    assert why(rule, market(side=side), world) is not None


def test_a_triggered_limit_is_held_to_its_own_trigger(world: World) -> None:
    rule = check(PriceCollar, collar=Decimal(100))
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
    rule = check(PriceCollar, collar=Decimal(1))
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
    found = why(check(PriceCollar, collar=Decimal(100)), order, world)
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
    rule = check(PriceCollar, collar=Decimal(100))
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
    rule = check(PriceCollar, collar=Decimal(100))
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
    assert why(check(MaxOrderValue, max_order_value=Decimal(value)), order, world) is None
    below = check(MaxOrderValue, max_order_value=Decimal(value) - Decimal("0.000001"))
    found = why(below, order, world)
    assert found is not None
    assert found.startswith("it is worth more than")
    assert found.endswith("USDT")


def test_a_market_order_of_unknown_value_is_denied(world: World) -> None:
    rule = check(MaxOrderValue, max_order_value=Decimal(10**9))
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
        rule = check(MaxOrderValue, instrument=INVERSE, max_order_value=Decimal(limit))
        assert (why(rule, order, world) is None) == passes


# --- order quantity ----------------------------------------------------------------------------------
def test_the_largest_quantity_passes_and_one_lot_more_does_not(world: World) -> None:
    rule = check(MaxOrderQuantity, max_order_quantity=Decimal("10.9"))
    assert why(rule, submit(quantity_units=10), world) is None
    assert why(rule, submit(quantity_units=11), world) == "11 is more than 10"


@pytest.mark.parametrize("limit", [Decimal(10), "unlimited", None])
@pytest.mark.parametrize("quantity", [0, -5])
def test_a_quantity_that_is_not_positive_never_passes(
    quantity: int, limit: Any, world: World
) -> None:
    rule = check(MaxOrderQuantity, max_order_quantity=limit)
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
    rule = check(MaxPosition, max_position=Decimal(20))
    world.positions[holder] = position
    world.working[holder] = working
    found = why(rule, submit(side=side), world)
    assert (found is None) == passes
    if found is not None:
        assert found.startswith(holder or "the account")


@pytest.mark.parametrize("limit", [Decimal(1), None])
def test_an_order_that_only_reduces_is_never_blocked(limit: Any, world: World) -> None:
    rule = check(MaxPosition, max_position=limit)
    world.positions = {STRATEGY: 50, None: 50}
    assert why(rule, submit(side=Side.SELL, quantity_units=50), world) is None
    assert why(rule, submit(side=Side.SELL, quantity_units=50 + 2), world) is not None
    world.working = {STRATEGY: (0, 45), None: (0, 45)}
    assert why(rule, submit(side=Side.SELL, quantity_units=5), world) is None
    assert why(rule, submit(side=Side.SELL, quantity_units=7), world) is not None
    assert why(rule, submit(side=Side.BUY, reduce_only=True), world) is None


def test_a_replace_is_measured_by_what_it_adds(world: World) -> None:
    rule = check(MaxPosition, max_position=Decimal(20))
    world.working = {STRATEGY: (15, 0), None: (15, 0)}
    assert rule.check(submit(quantity_units=15), 0, world) is None
    assert rule.check(submit(quantity_units=20), 5, world) is None
    assert rule.check(submit(quantity_units=21), 6, world) is not None


# --- order rate --------------------------------------------------------------------------------------
def test_no_window_ever_holds_more_orders_than_the_limit(world: World) -> None:
    rule = check(OrderRate, max_orders=3, per_ms=1000)
    sent: list[int] = []
    for step in range(200):
        world.now = NOW + step * 130 * MS
        if why(rule, submit(), world) is None:
            rule.approved(submit(), world.now)
            sent.append(world.now)
    assert len(sent) > 50
    for first in sent:
        assert len([ts for ts in sent if first <= ts < first + 1000 * MS]) <= 3


def test_the_window_opens_exactly_when_the_oldest_has_left_it(world: World) -> None:
    rule = check(OrderRate, max_orders=1, per_ms=1000)
    rule.approved(submit(), NOW)
    world.now = NOW + 1000 * MS - 1
    assert why(rule, submit(), world) == "1 orders within 1000 ms are allowed"
    world.now += 1
    assert why(rule, submit(), world) is None


def test_denied_orders_do_not_count_and_strategies_count_apart(world: World) -> None:
    rule = check(OrderRate, max_orders=1)
    for _ in range(5):
        assert why(rule, submit(), world) is None
    rule.approved(submit(), NOW)
    assert why(rule, submit(), world) is not None
    assert why(rule, submit(strategy=StrategyId("s2")), world) is None


def test_a_limit_of_no_orders_lets_none_pass(world: World) -> None:
    assert why(check(OrderRate, max_orders=0), submit(), world) is not None


def test_the_rate_is_remembered_in_a_snapshot(world: World) -> None:
    rule = check(OrderRate, max_orders=2)
    rule.approved(submit(), NOW)
    rule.approved(submit(), NOW)
    other = check(OrderRate, max_orders=2)
    other.restore(rule.snapshot())
    assert other.snapshot() == rule.snapshot()
    assert why(other, submit(), world) is not None


def test_no_check_changes_its_order(world: World) -> None:
    order = submit()
    before = msgspec.msgpack.encode(order)
    for rule in standard_checks([COIN], RiskConfig(), Mode.LIVE):
        why(rule, order, world)
    assert msgspec.msgpack.encode(order) == before


OTHER = StrategyId("s2")


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
    rule = check(SelfMatch)
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
    assert why(check(SelfMatch), market(), world) is not None
