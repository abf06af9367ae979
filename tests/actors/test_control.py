"""Halt, resume, flatten, alarms and what the gate drops, through the whole graph."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.session import ReplaySession
from openoutcry.state import codec
from openoutcry.state.commands import CancelAll, Flatten, Halt, Resume
from openoutcry.state.enums import OrderStatus, Side
from openoutcry.state.events import (
    FillBusted,
    FillCorrected,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderNotSent,
    TradingHalted,
)
from openoutcry.state.identifiers import CLOSING_ORDERS, FillId, StrategyId, strategy_number_of
from openoutcry.state.market_data import Quote
from tests.harness import SECOND, T0, config, feed, quotes, session, strategy
from tests.markets import MARGIN, PERP

BTC = PERP.id
ROWS = 10
A, B = StrategyId("a"), StrategyId("b")


class Trader(Strategy):
    """At each quote does what `plan` names for its number, and writes down what it hears."""

    class Params(Strategy.Params):
        plan: dict[str, str]

    class State(Strategy.State):
        quotes: int = 0

    params: Params
    state: State
    heard: list[Any]

    def setup(self) -> None:
        self.heard = []
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1
        match self.params.plan.get(str(self.state.quotes)):
            case "rest":
                self.buy(BTC, 1, limit="50.00")
            case "fail":
                raise ValueError("a bug")
            case "buy and cancel all":
                self.buy(BTC, 1, limit="50.00")
                self.cancel_all()
            case str(quantity):
                self.buy(BTC, quantity) if quantity[0] != "-" else self.sell(BTC, quantity[1:])
            case None:
                pass

    def on_fill(self, fill: OrderFilled) -> None:
        self.heard.append(fill)

    def on_order(self, event: Any) -> None:
        self.heard.append(event)


def made(latency_us: int = 0, **plans: dict[str, str]) -> ReplaySession:
    """A session at a flat market of 100.00 to 100.01, a quote a second."""
    ts = [T0 + n * SECOND for n in range(1, ROWS + 1)]
    data = quotes(ts, [10_000] * ROWS, [10_001] * ROWS, [90_000] * ROWS, [90_000] * ROWS)
    venue = msgspec.structs.replace(MARGIN, order_latency_us=latency_us)
    entries = [strategy(Trader, name, plan=plan) for name, plan in plans.items()]
    settings = config(venue, [feed(BTC, "quote")], entries, currency="USDT")
    ready = session(settings, [PERP], {("quote", BTC): data})
    ready.begin()
    return ready


def after(ready: ReplaySession, second: int) -> ReplaySession:
    """Play until the quote of a second is handled."""
    while ready.kernel.now < T0 + second * SECOND and ready.play(1):
        pass
    return ready


def finish(ready: ReplaySession) -> ReplaySession:
    ready.play()
    ready.end()
    if ready.graph.supervisor.halted:
        raise ready.graph.supervisor.errors[0]
    return ready


def heard(ready: ReplaySession, name: StrategyId) -> list[Any]:
    made_strategy = ready.graph.strategies[name].strategy
    assert isinstance(made_strategy, Trader)
    return made_strategy.heard


def position(ready: ReplaySession, name: StrategyId) -> int:
    return int(PERP.quantity(ready.graph.books.position(name, BTC)))


def records(ready: ReplaySession, kind: type) -> list[Any]:
    decoded = (codec.decode(data) for _, data in ready.journal.records())
    return [record for record in decoded if isinstance(record, kind)]


# --- halt and resume --------------------------------------------------------------------------


def test_a_halt_denies_orders_with_its_reason_and_a_resume_lifts_it():
    ready = after(made(a={"3": "1", "6": "2"}), 2)
    ready.graph.handle(Halt(ts=ready.kernel.now, reason="by hand"))
    after(ready, 4)
    ready.graph.handle(Resume(ts=ready.kernel.now, reason="looked at"))
    finish(ready)
    denied = heard(ready, A)[0]
    assert isinstance(denied, OrderDenied)
    assert denied.reasons == ("halted: by hand",)
    assert position(ready, A) == 2
    assert [record.reason for record in records(ready, TradingHalted)] == ["by hand"]


def test_a_halt_of_one_strategy_leaves_the_other_trading():
    ready = after(made(a={"3": "1"}, b={"3": "1"}), 2)
    ready.graph.handle(Halt(ts=ready.kernel.now, reason="x", strategy=A))
    finish(ready)
    assert (position(ready, A), position(ready, B)) == (0, 1)


# --- flatten ----------------------------------------------------------------------------------


def test_flatten_cancels_and_closes_the_book_of_every_strategy():
    ready = after(made(a={"1": "3", "2": "rest"}, b={"1": "-2"}), 4)
    ready.graph.handle(Flatten(ts=ready.kernel.now))
    finish(ready)
    assert (position(ready, A), position(ready, B)) == (0, 0)
    closing = [s for s in ready.record.signals if s.tag == "flatten"]
    assert [(s.strategy, s.side, s.quantity) for s in closing] == [
        (A, Side.SELL, Decimal(3)),
        (B, Side.BUY, Decimal(2)),
    ]
    assert any(isinstance(event, OrderCanceled) for event in heard(ready, A))
    assert isinstance(heard(ready, A)[-1], OrderFilled)


@pytest.mark.parametrize("scope", [{"strategy": A}, {"strategy": A, "instrument": BTC}])
def test_flatten_of_one_strategy_leaves_the_others_alone(scope):
    ready = after(made(a={"1": "3"}, b={"1": "2", "2": "rest"}), 4)
    ready.graph.handle(Flatten(ts=ready.kernel.now, **scope))
    after(ready, 6)
    assert (position(ready, A), position(ready, B)) == (0, 2)
    assert len(list(ready.graph.orders.open_orders(B))) == 1
    finish(ready)


def test_flatten_works_for_a_strategy_that_is_paused():
    ready = after(made(a={"1": "3", "2": "rest", "3": "fail"}), 5)
    assert ready.graph.strategies[A].cell.paused
    assert len(list(ready.graph.orders.open_orders(A))) == 1, "its orders stay as they are"
    ready.graph.handle(Flatten(ts=ready.kernel.now))
    after(ready, 7)
    assert position(ready, A) == 0
    assert not list(ready.graph.orders.open_orders(A))
    finish(ready)


def test_every_closing_order_has_an_id_of_its_own_that_names_the_strategy():
    ready = after(made(a={"1": "3", "5": "1"}, b={"1": "2"}), 3)
    ready.graph.handle(Flatten(ts=ready.kernel.now))
    after(ready, 7)
    ready.graph.handle(Flatten(ts=ready.kernel.now))
    finish(ready)
    ids = [s.client_order_id for s in ready.record.signals]
    assert len(set(ids)) == len(ids) == 6
    closing = [s for s in ready.record.signals if s.tag == "flatten"]
    assert [strategy_number_of(s.client_order_id) ^ CLOSING_ORDERS for s in closing] == [1, 2, 1]


def test_flatten_asked_for_twice_closes_once():
    ready = after(made(1_500_000, a={"1": "3"}), 4)
    for _ in range(2):
        ready.graph.handle(Flatten(ts=ready.kernel.now))
    finish(ready)
    assert position(ready, A) == 0


def test_cancel_all_takes_back_what_the_same_handler_asked_for():
    ready = after(made(a={"1": "buy and cancel all"}), 3)
    assert not list(ready.graph.orders.open_orders(A))
    assert isinstance(heard(ready, A)[-1], OrderCanceled)
    finish(ready)


def test_cancel_all_of_everybody_leaves_no_order():
    ready = after(made(a={"1": "rest"}, b={"1": "rest"}), 3)
    ready.graph.handle(CancelAll(ts=ready.kernel.now))
    after(ready, 4)
    assert not list(ready.graph.orders.open_orders())
    finish(ready)


# --- fills that are taken back ----------------------------------------------------------------


def fill_of(ready: ReplaySession) -> OrderFilled:
    fill = heard(ready, A)[-1]
    assert isinstance(fill, OrderFilled)
    return fill


def bust(fill: OrderFilled) -> FillBusted:
    head = (fill.client_order_id, fill.instrument, fill.ts_event, fill.ts_received)
    return FillBusted(*head, fill.fill_id, "erroneous")


def correct(fill: OrderFilled, quantity: str, price: str = "100.01") -> FillCorrected:
    head = (fill.client_order_id, fill.instrument, fill.ts_event, fill.ts_received)
    units = PERP.price_units(price), PERP.quantity_units(quantity)
    return FillCorrected(*head, fill.fill_id, *units, "erroneous")


Steps = Callable[[OrderFilled], list[FillBusted | FillCorrected]]


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        (lambda f: [bust(f)], "0"),
        (lambda f: [correct(f, "2")], "2"),
        (lambda f: [correct(f, "2"), correct(f, "1")], "1"),
        (lambda f: [correct(f, "2"), bust(f)], "0"),
        (lambda f: [bust(f), bust(f)], "0"),
    ],
    ids=["busted", "corrected", "corrected twice", "corrected, then busted", "busted twice"],
)
def test_what_is_booked_of_a_fill_is_what_stands_in_the_end(steps: Steps, left):
    ready = after(made(a={"1": "3"}), 3)
    fill = fill_of(ready)
    fees = ready.graph.books.fees("USDT")
    for event in steps(fill):
        ready.graph.handle(event)
    assert position(ready, A) == int(left)
    assert ready.graph.books.fees("USDT") == (0 if left == "0" else fees)
    assert not records(ready, TradingHalted)
    finish(ready)


def test_a_fill_that_nobody_remembers_halts_its_instrument_and_nothing_crashes():
    ready = after(made(a={"1": "3", "6": "1"}), 3)
    fill = fill_of(ready)
    for number in range(10_000):
        side = Side.SELL if number % 2 else Side.BUY
        foreign = msgspec.structs.replace(fill, fill_id=FillId(f"F{number}"), side=side)
        ready.graph.books.apply_fill(StrategyId("nobody"), foreign)
    ready.graph.handle(bust(fill))
    finish(ready)
    assert position(ready, A) == 3, "nothing is booked that is not known"
    (halted,) = records(ready, TradingHalted)
    assert (halted.instrument, f"fill {fill.fill_id}" in halted.reason) == (BTC, True)
    kinds = [type(event) for event in heard(ready, A)]
    assert kinds[-2:] == [FillBusted, OrderDenied]


def test_evidence_that_contradicts_itself_makes_risk_deny_orders_of_that_instrument():
    ready = after(made(a={"1": "3", "5": "1"}), 3)
    twice = msgspec.structs.replace(fill_of(ready), fill_id=FillId("another"))
    ready.graph.handle(twice)
    finish(ready)
    assert position(ready, A) == 6, "a fill is booked whatever the order's state"
    denied = heard(ready, A)[-1]
    assert isinstance(denied, OrderDenied)
    assert denied.reasons[0].startswith("halted: OrderFilled of ")
    assert len(records(ready, TradingHalted)) == 1


# --- what the gate drops ------------------------------------------------------------------------


def test_an_order_that_waited_too_long_is_not_sent_and_the_strategy_hears_of_it():
    ready = made(a={"1": "3", "2": "2"})
    ready.journal.native.durable_count = 0
    after(ready, 7)
    assert ready.graph.path.waiting == 2
    ready.journal.native.durable_count = 2**62
    for message in ready.graph.path.on_durable(ready.kernel.now):
        ready.graph.handle(message)
    (first,) = heard(ready, A)
    assert isinstance(first, OrderNotSent)
    assert first.reason == "older than 5000 ms when it could leave"
    order = ready.graph.orders.get(first.client_order_id)
    assert order is not None
    assert order.status is OrderStatus.NOT_SENT
    assert first in records(ready, OrderNotSent)
    finish(ready)
    assert position(ready, A) == 2, "the second was five seconds old, which is not too old"
