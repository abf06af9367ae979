"""An actor of the path that can't go on halts all trading; the record names it and the input that it failed on."""

from typing import Any

import msgspec
import pytest

from openoutcry.state.enums import OrderStatus, RequestState
from openoutcry.state.errors import CurrencyMismatch, InvalidTransition, NumericOverflow
from openoutcry.state.events import (
    ActorFailed,
    OrderNotSent,
    RequestUnknown,
    TimerFired,
    TradingHalted,
)
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Spot
from tests.order_kit import BTC, OTHER, STRATEGY, coin
from tests.path_kit import FREE, SECOND, Evidence, Pit, Puppet, cancel, names, order, replace

HUGE = 2**62


def euro_coin() -> Spot:
    """Something that is quoted in a currency that nothing converts into the account's."""
    fields = {name: getattr(coin(), name) for name in Spot.__struct_fields__}
    return Spot(**(fields | {"id": InstrumentId("X.SIM"), "quote": "EUR", "base_currency": "X"}))


def fill_with(**changes: Any) -> Any:
    return msgspec.structs.replace(Evidence().fill(1), **changes)


def check_halted(pit: Pit, actor: str, message: str, error: type[Exception]) -> None:
    """One failure, on record under the right name, after which nothing new leaves."""
    assert pit.failed == [(actor, message, error.__name__)]
    (failure,) = pit.records(ActorFailed)
    assert (failure.actor, failure.input, failure.policy) == (actor, message, "halt")
    assert failure.sequence == pit.world.seq
    assert isinstance(pit.graph.supervisor.errors[0], error)
    assert pit.graph.dispatcher.stopped
    assert pit.graph.supervisor.halted
    halt = (None, None, f"{actor} failed: {failure.error}", None, pit.world.now)
    assert halt in pit.graph.risk_state.halted()
    paused = [name for name, cell in pit.graph.dispatcher.cells.items() if cell.paused]
    assert paused == [actor]


# --- the portfolio ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (fill_with(price_units=HUGE, quantity_units=HUGE), NumericOverflow),
        (fill_with(fee_currency="EUR", fee_scale=2, fee_units=5), CurrencyMismatch),
    ],
    ids=["a value beyond its integer", "a fee in a currency without a rate"],
)
def test_a_fill_that_the_portfolio_can_not_take_fails_the_portfolio(
    event: Any, error: type[Exception]
) -> None:
    pit = Pit(FREE, instruments=(coin(), euro_coin()))
    pit.tell(order())
    pit.take(event)
    check_halted(pit, "portfolio", "OrderFilled", error)


def test_a_correction_that_the_portfolio_can_not_take_fails_the_portfolio() -> None:
    pit = Pit(FREE)
    pit.tell(order())
    pit.take(Evidence().fill(4), Evidence().corrected(HUGE, price=HUGE))
    check_halted(pit, "portfolio", "FillCorrected", NumericOverflow)
    assert pit.graph.books.position(STRATEGY, BTC) == 4, "nothing is booked in part"


def test_an_equity_that_overflows_on_the_grid_fails_the_portfolio() -> None:
    pit = Pit(FREE)
    pit.tell(order(quantity_units=10**6))
    pit.take(Evidence().fill(10**6, price=1))
    pit.quote(HUGE, HUGE + 1)
    assert pit.failed == []
    pit.world.now += SECOND
    pit.take(TimerFired(owner="portfolio", name="equity", ts=pit.world.now))
    check_halted(pit, "portfolio", "TimerFired", NumericOverflow)


def test_the_strategy_does_not_hear_of_a_fill_that_was_not_booked() -> None:
    pit = Pit(FREE)
    pit.tell(order())
    pit.take(fill_with(price_units=HUGE, quantity_units=HUGE))
    assert pit.heard == []


# --- the broker ---------------------------------------------------------------------------------


def test_an_id_that_was_used_before_fails_the_broker() -> None:
    pit = Pit(FREE)
    pit.tell(order())
    pit.tell(order(limit_units=9_000))
    check_halted(pit, "broker", "SubmitOrder", InvalidTransition)
    assert pit.arrived == [order()]
    assert pit.order().limit_units == 10_000


# --- the venue's port -----------------------------------------------------------------------------

GONE = "the venue's port failed: ConnectionError('gone')"


def test_a_venue_port_that_raises_leaves_the_order_unknown_and_halts_trading() -> None:
    pit = Pit(FREE)
    pit.world.broken = ConnectionError("gone")
    pit.tell(order(1), order(2))
    assert pit.arrived == []
    lost, never = pit.order(1), pit.order(2)
    assert (lost.status, lost.submit_request) == (OrderStatus.SUBMITTED, RequestState.UNKNOWN)
    assert never.status is OrderStatus.NOT_SENT
    assert pit.graph.orders.working_units(None, BTC) == (10, 0), "what is unknown stays reserved"
    halted = [(row[0], row[1], row[2]) for row in pit.graph.risk_state.halted()]
    assert halted == [(None, None, GONE)]
    kinds = [type(record) for record in pit.records(object)][-3:]
    assert kinds == [TradingHalted, RequestUnknown, OrderNotSent]
    assert not pit.failed


def test_after_the_port_failed_only_cancels_leave_until_a_resume() -> None:
    pit = Pit(FREE)
    pit.tell(order(1))
    pit.take(Evidence(1).accepted)
    pit.world.broken = ConnectionError("gone")
    pit.tell(order(2))
    pit.world.broken = None
    pit.tell(order(3), replace(quantity=15))
    assert pit.heard[-2].reasons == (f"halted: {GONE}",)
    pit.tell(cancel(1))
    assert pit.arrived == [order(1), cancel(1)]
    pit.resume()
    pit.tell(order(4))
    assert pit.arrived[2:] == [order(4)]


def test_what_stood_behind_a_failed_command_does_not_leave_but_cancels_do() -> None:
    pit = Pit(FREE, durable=0)
    pit.durable()
    pit.tell(order(1))
    pit.take(Evidence(1).accepted)
    pit.world.fails = 1
    pit.world.broken = ConnectionError("gone")
    pit.tell(order(2), replace(quantity=15), cancel(1), order(3))
    assert pit.arrived == [order(1), cancel(1)]
    assert pit.order(2).submit_request is RequestState.UNKNOWN
    assert pit.order(3).status is OrderStatus.NOT_SENT
    assert pit.order(1).replace_request is None
    assert pit.order(1).cancel_request is RequestState.SENT


def test_commands_that_follow_in_the_same_input_find_the_port_closed() -> None:
    pit = Pit(FREE)
    pit.puppet(OTHER).acts.append(lambda me: me.buy(BTC, 2, limit="98.00"))
    pit.world.fails = 1
    pit.world.broken = ConnectionError("gone")
    pit.tell(order(1))
    assert pit.arrived == []
    (never,) = pit.records(OrderNotSent)
    assert never.reason == GONE


def test_a_cancel_that_the_port_lost_is_unknown_and_may_be_asked_again() -> None:
    pit = Pit(FREE)
    pit.tell(order(1))
    pit.world.broken = ConnectionError("gone")
    pit.tell(cancel(1))
    assert pit.order(1).cancel_request is RequestState.UNKNOWN
    pit.world.broken = None
    pit.tell(cancel(1))
    assert pit.arrived == [order(1), cancel(1)]


def test_a_broken_clock_fails_the_broker_and_keeps_no_order_for_later() -> None:
    pit = Pit(FREE)
    pit.world.clockless = True

    def act(me: Puppet) -> None:
        me.after("soon", SECOND)
        me.buy(BTC, 1, limit="99.00")

    pit.run(act)
    assert len(pit.arrived) == 1
    check_halted(pit, "broker", "SubmitOrder", ConnectionError)
    pit.tell(cancel(1))
    assert [type(command).__name__ for command in pit.arrived] == ["SubmitOrder", "CancelOrder"]


def test_an_interrupt_in_the_port_is_nobodys_failure() -> None:
    pit = Pit(FREE)
    pit.world.broken = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        pit.tell(order(1))
    pit.world.broken = None
    pit.inject(pit.path.take_dropped())
    assert pit.order(1).submit_request is RequestState.UNKNOWN


# --- the broker, again ------------------------------------------------------------------------------


def test_what_was_asked_for_before_the_failure_stands_and_the_rest_is_dropped() -> None:
    pit = Pit(FREE)
    pit.tell(order(1))
    pit.tell(order(2), order(1), order(3))
    check_halted(pit, "broker", "SubmitOrder", InvalidTransition)
    assert pit.arrived == [order(1), order(2)]
    assert len(pit.graph.orders) == 2


def test_wishes_do_not_survive_a_failure() -> None:
    pit = Pit(FREE)
    pit.tell(order(1))
    pit.tell(order(1), order(2))
    pit.run(lambda me: me.buy(BTC, 1, limit="90.00"), OTHER)
    assert pit.arrived == [order(1)], "what was dropped is gone, what is new is denied"
    assert names(pit.reasons(OTHER)) == ["halted"]


# --- afterwards ---------------------------------------------------------------------------------


def test_after_a_failure_orders_are_denied_and_cancels_still_flow() -> None:
    pit = Pit(FREE)
    pit.tell(order(1))
    pit.tell(order(1))
    pit.tell(order(3))
    assert names(pit.reasons()) == ["halted"]
    pit.tell(cancel(1))
    assert pit.arrived == [order(1), cancel(1)]


def test_after_a_failure_what_waits_at_the_gate_does_not_leave() -> None:
    pit = Pit(FREE, durable=0)
    pit.tell(order(1))
    pit.tell(order(1))
    pit.durable()
    assert pit.arrived == []


def test_playing_ends_with_the_input_that_failed() -> None:
    pit = Pit(FREE)
    pit.tell(order())
    left = iter([fill_with(price_units=HUGE, quantity_units=HUGE), Evidence().canceled()])
    assert not pit.graph.play(left)
    assert next(left) == Evidence().canceled()
