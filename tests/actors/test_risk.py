"""Only what passes every check reaches the broker; a denial names every reason; cancels always pass."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.books import Books
from openoutcry.actors.broker import BrokerActor
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.actors.gate import OutboundGate
from openoutcry.actors.halts import Halts
from openoutcry.actors.risk import RiskActor
from openoutcry.actors.risk_limits import native_risk
from openoutcry.state.commands import Halt, ReplaceOrder, Resume, SubmitOrder, VenueCommand
from openoutcry.state.config import CollarConfig, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode, OrderType, Side, TimeInForce
from openoutcry.state.events import (
    CancelRejected,
    OrderDenied,
    OrderEvent,
    OrderNotSent,
    ReplaceRejected,
    TradingHalted,
    TradingResumed,
)
from openoutcry.state.identifiers import VenueId
from openoutcry.state.market_data import Quote
from openoutcry.state.orders import order_table
from openoutcry.state.universe import Universe
from tests.order_kit import BTC, STRATEGY, Evidence, cancel, replace, submit
from tests.risk_kit import COIN, OTHER

LIMITS = RiskLimits(
    collar=CollarConfig(max_deviation_bps=Decimal(100)),
    max_order_value=Decimal(3_000),
    max_order_quantity=Decimal(25),
    max_position=Decimal(20),
    max_orders=5,
)
NOW = 1_000_000_000


class Portfolio(Actor):
    """Stands where the portfolio does: passes commands down and keeps what comes up."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__(dispatcher, "portfolio")
        self.heard: list[OrderEvent] = []

    @handles(OrderDenied, ReplaceRejected, CancelRejected, OrderNotSent)
    def on_event(self, event: OrderEvent) -> None:
        self.heard.append(event)

    @handles(list)
    def on_batch(self, commands: list[tuple[Actor, VenueCommand]]) -> None:
        for actor, command in commands:
            self.emit(actor.cell, command)


class Desk:
    """Risk and broker of one instrument, wired as in the graph, between a test and a quiet venue."""

    def __init__(self, limits: RiskLimits = LIMITS, mode: Mode = Mode.REPLAY) -> None:
        self.seq, self.now = 1, NOW
        self.durable_seq = 2**63 - 1
        self.records: list[Any] = []
        self.arrived: list[VenueCommand] = []
        universe = Universe([COIN])
        self.market = _native.Market(universe.specs)
        books = Books(universe, {VenueId("SIM"): {}}, [STRATEGY, OTHER], self.market, "USDT")
        names = _native.Directory(universe.specs, universe.currencies, [STRATEGY, OTHER])
        self.orders = order_table(names)
        self.dispatcher = Dispatcher()
        self.portfolio = Portfolio(self.dispatcher)
        native = native_risk(
            _native.Directory(universe.specs, universe.currencies, [STRATEGY, OTHER]),
            universe.instruments,
            RiskConfig(default=limits),
            mode,
        )
        gate = OutboundGate(self, self, self, Halts(native))  # type: ignore[arg-type]
        self.broker = BrokerActor(
            self.dispatcher,
            self,  # type: ignore[arg-type]
            self,
            gate,
            self.orders,
        )
        self.risk = RiskActor(
            self.dispatcher,
            inlet=self,  # type: ignore[arg-type]
            journal=self,
            risk=native,
            universe=universe,
            market=self.market,
            books=books,
            orders=self.orders,
        )
        self.broker.connect(self.portfolio.cell, self.risk.cell)
        self.risk.connect(self.portfolio.cell, self.broker.cell)
        self.market.apply(0, Quote(BTC, NOW, NOW, 2, 0, 9_990, 10_010, 5, 5))

    def append(self, _seq: int, record: object) -> None:
        self.records.append(record)

    def submit(self, command: VenueCommand) -> None:
        self.arrived.append(command)

    def tell(self, *commands: Any) -> None:
        """One input that causes these commands, all emitted by one handler."""
        self.seq += 1
        batch = [(self.risk, command) for command in commands]
        self.dispatcher.dispatch(self.portfolio.cell, batch)

    def reasons(self) -> tuple[str, ...]:
        """Of the last denial."""
        denied = self.portfolio.heard[-1]
        assert isinstance(denied, OrderDenied)
        assert denied in self.records
        return tuple(denied.reasons)


def names(reasons: tuple[str, ...]) -> list[str]:
    return [reason.split(":")[0] for reason in reasons]


def test_an_order_within_all_limits_reaches_the_venue() -> None:
    desk = Desk()
    desk.tell(submit())
    assert desk.arrived == [submit()]
    assert desk.portfolio.heard == []


def test_every_reason_is_named_and_nothing_is_kept_of_a_denied_order() -> None:
    desk = Desk(RiskLimits())
    desk.tell(submit())
    assert desk.reasons() == (
        "price_collar: no limit is set",
        "max_order_value: no limit is set",
        "max_order_quantity: no limit is set",
        "max_position: no limit is set",
        "order_rate: no limit is set",
    )
    assert desk.arrived == []
    assert len(desk.orders) == 0


def test_several_broken_limits_are_all_named() -> None:
    desk = Desk()
    desk.tell(submit(quantity_units=30, limit_units=20_000))
    assert names(desk.reasons()) == [
        "price_collar", "max_order_value", "max_order_quantity", "max_position",
    ]  # fmt: skip


def test_unlimited_is_refused_in_live_mode() -> None:
    free = RiskLimits(
        collar=CollarConfig(max_deviation_bps="unlimited"),
        max_order_value="unlimited",
        max_order_quantity="unlimited",
        max_position="unlimited",
        max_orders="unlimited",
    )
    replay = Desk(free)
    replay.tell(submit(quantity_units=10**9))
    assert len(replay.arrived) == 1
    live = Desk(free, Mode.LIVE)
    live.tell(submit())
    assert [reason.split(": ")[1] for reason in live.reasons()] == (
        5 * ["unlimited is refused in live mode"]
    )


def test_two_orders_of_one_handler_can_not_both_take_the_last_of_a_limit() -> None:
    desk = Desk()
    desk.tell(*(submit(number, quantity_units=15) for number in (1, 2, 3)))
    assert desk.arrived == [submit(1, quantity_units=15)]
    assert len(desk.portfolio.heard) == 2
    desk.tell(submit(4, quantity_units=5))
    assert len(desk.arrived) == 2
    desk.tell(submit(5, quantity_units=1))
    assert names(desk.reasons()) == ["max_position"]


def test_the_accounts_position_is_limited_over_all_strategies() -> None:
    desk = Desk()
    desk.tell(submit(1, quantity_units=15), submit(2, quantity_units=15, strategy=OTHER))
    assert len(desk.arrived) == 1
    assert "the account could hold 30" in desk.reasons()[0]


def test_an_unknown_order_keeps_its_exposure_and_blocks_more_risk() -> None:
    desk = Desk()
    desk.tell(submit(1, quantity_units=15))
    desk.orders.apply(Evidence(1).unknown)
    desk.tell(submit(2, quantity_units=10))
    assert names(desk.reasons()) == ["max_position"]
    desk.orders.apply(Evidence(1).rejected)
    desk.tell(submit(3, quantity_units=10))
    assert len(desk.arrived) == 2


def test_the_rate_counts_what_was_approved() -> None:
    desk = Desk()
    for number in range(1, 8):
        desk.tell(submit(number, quantity_units=1))
    assert len(desk.arrived) == 5
    assert names(desk.reasons()) == ["order_rate"]
    desk.now += 1_000_000_000
    desk.tell(submit(9, quantity_units=1))
    assert len(desk.arrived) == 6


def test_a_replace_is_checked_with_its_new_terms() -> None:
    desk = Desk()
    desk.tell(submit())
    desk.tell(replace(limit=20_000))
    rejected = desk.portfolio.heard[-1]
    assert isinstance(rejected, ReplaceRejected)
    assert rejected.reason.startswith("denied: price_collar: 2")
    assert desk.records[-1] is rejected
    desk.tell(replace(quantity=20))
    assert isinstance(desk.arrived[-1], ReplaceOrder)
    assert desk.orders.working_units(None, BTC) == (20, 0)
    desk.tell(submit(2, quantity_units=1))
    assert names(desk.reasons()) == ["max_position"]


def test_a_replace_of_an_order_that_is_on_its_way_is_counted_once() -> None:
    desk = Desk()
    desk.tell(submit(), replace(quantity=20), submit(2, quantity_units=1))
    assert [type(command) for command in desk.arrived] == [SubmitOrder, ReplaceOrder]
    assert names(desk.reasons()) == ["max_position"]
    assert desk.orders.working_units(None, BTC) == (20, 0)


def test_a_replace_of_nothing_is_refused() -> None:
    desk = Desk()
    desk.tell(replace(quantity=1))
    assert isinstance(desk.portfolio.heard[-1], ReplaceRejected)
    assert desk.arrived == []


SCOPES = [
    (None, None),
    (STRATEGY, None),
    (None, BTC),
    (STRATEGY, BTC),
]


@pytest.mark.parametrize(("strategy", "instrument"), SCOPES)
def test_a_halt_denies_orders_of_its_scope_and_cancels_still_flow(
    strategy: Any, instrument: Any
) -> None:
    desk = Desk()
    desk.tell(submit(1, quantity_units=1))
    desk.tell(Halt(ts=NOW, reason="by hand", strategy=strategy, instrument=instrument))
    desk.tell(submit(2, quantity_units=1))
    assert desk.reasons() == ("halted: by hand",)
    desk.tell(replace(quantity=2))
    assert isinstance(desk.portfolio.heard[-1], ReplaceRejected)
    desk.tell(cancel())
    assert desk.arrived == [submit(1, quantity_units=1), cancel()]
    desk.tell(Resume(ts=NOW, reason="looked at", strategy=strategy, instrument=instrument))
    desk.tell(submit(3, quantity_units=1))
    assert desk.arrived[-1] == submit(3, quantity_units=1)
    kinds = [type(record) for record in desk.records]
    assert TradingHalted in kinds
    assert TradingResumed in kinds


def test_a_halt_of_one_strategy_leaves_the_others_alone() -> None:
    desk = Desk()
    desk.tell(Halt(ts=NOW, reason="x", strategy=OTHER))
    desk.tell(submit())
    assert len(desk.arrived) == 1


def test_halts_add_up_and_stand_before_the_other_reasons() -> None:
    desk = Desk()
    desk.tell(Halt(ts=NOW, reason="all"), Halt(ts=NOW, reason="coin", instrument=BTC))
    desk.tell(submit(quantity_units=30))
    assert desk.reasons()[:2] == ("halted: all", "halted: coin")
    assert "max_order_quantity" in names(desk.reasons())
    desk.tell(Resume(ts=NOW, reason="ok"))
    desk.tell(submit(2))
    assert desk.reasons() == ("halted: coin",)


def test_a_halt_stops_what_waits_at_the_gate() -> None:
    desk = Desk()
    desk.durable_seq = 0
    desk.tell(submit())
    desk.tell(Halt(ts=NOW, reason="stop"))
    desk.durable_seq = 10
    desk.broker._gate.on_durable()
    desk.dispatcher.drain()
    assert desk.arrived == []
    assert isinstance(desk.portfolio.heard[-1], OrderNotSent)


@pytest.mark.parametrize("finish", [False, True])
def test_cancels_pass_whatever_the_state(finish: bool) -> None:
    desk = Desk(RiskLimits())
    desk.tell(Halt(ts=NOW, reason="x"))
    desk.orders.add(submit())
    if finish:
        desk.orders.apply(Evidence().not_sent)
    desk.tell(cancel())
    if finish:
        assert isinstance(desk.portfolio.heard[-1], CancelRejected)
    else:
        assert desk.arrived == [cancel()]


def test_halts_and_rates_survive_a_snapshot() -> None:
    desk = Desk()
    for number in range(1, 6):
        desk.tell(submit(number, quantity_units=1))
    desk.tell(Halt(ts=NOW, reason="x", instrument=BTC))
    stored = desk.risk.snapshot()
    fresh = Desk()
    fresh.risk.restore(stored)
    fresh.tell(submit(quantity_units=1))
    assert names(fresh.reasons()) == ["halted", "order_rate"]


def sell(number: int, **changes: Any) -> SubmitOrder:
    fields = {"side": Side.SELL, "limit_units": 10_000, "quantity_units": 5, "strategy": OTHER}
    return submit(number, **(fields | changes))


@pytest.mark.parametrize("together", [True, False], ids=["of one input", "of two"])
def test_an_order_that_would_meet_another_strategys_is_denied(together: bool) -> None:
    desk = Desk()
    if together:
        desk.tell(sell(1), submit(2, quantity_units=5))
    else:
        desk.tell(sell(1))
        desk.tell(submit(2, quantity_units=5))
    assert desk.arrived == [sell(1)]
    assert desk.reasons() == ("self_match: it would trade against the sell of s2 at 100.00",)


def test_what_does_not_rest_meets_nobody() -> None:
    desk = Desk()
    passing = sell(1, time_in_force=TimeInForce.IOC)
    stop = sell(2, order_type=OrderType.STOP_LIMIT, trigger_units=9_900)
    child = sell(3, parent=submit(4).client_order_id)
    desk.tell(submit(4, quantity_units=1, limit_units=9_000))
    desk.tell(passing, stop, child, submit(5, quantity_units=5))
    desk.tell(submit(6, quantity_units=5))
    assert len(desk.arrived) == 6


@pytest.mark.parametrize("together", [True, False], ids=["of one input", "of two"])
def test_an_order_whose_cancel_went_first_is_met_by_nobody(together: bool) -> None:
    desk = Desk()
    desk.tell(sell(1))
    if together:
        desk.tell(cancel(1), submit(2, quantity_units=5))
    else:
        desk.tell(cancel(1))
        desk.tell(submit(2, quantity_units=5))
    assert desk.arrived == [sell(1), cancel(1), submit(2, quantity_units=5)]


def test_a_replace_may_not_walk_into_one_of_ours() -> None:
    desk = Desk()
    desk.tell(sell(1), submit(2, quantity_units=5, limit_units=9_990))
    desk.tell(replace(limit=10_000, number=2))
    rejected = desk.portfolio.heard[-1]
    assert isinstance(rejected, ReplaceRejected)
    assert "self_match" in rejected.reason


def test_a_stale_market_denies_every_order() -> None:
    desk = Desk()
    desk.now += 60_000_000_001
    desk.tell(submit(order_type=OrderType.MARKET, limit_units=None, side=Side.SELL))
    assert names(desk.reasons()) == ["price_collar", "max_order_value"]
