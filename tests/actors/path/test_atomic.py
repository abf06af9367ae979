"""A handler's wishes go down the path when it returns, one after the other; a handler that raises leaves none."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from openoutcry.state.commands import CancelAll, CancelOrder, Halt, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import OrderStatus, OrderType, Side
from openoutcry.state.events import OrderDenied, OrderFilled
from openoutcry.state.market_data import Quote
from tests.order_kit import BTC, OTHER, STRATEGY
from tests.path_kit import FREE, NOW, Evidence, Pit, Puppet, order


class Bug(Exception):
    """What a user's handler raises."""


# --- in order, when the handler returns ---------------------------------------------------------


def test_nothing_leaves_before_the_handler_returns() -> None:
    pit = Pit(FREE)
    seen: list[Any] = []

    def act(me: Puppet) -> None:
        me.buy(BTC, 1, limit="99.00")
        seen.append((list(pit.arrived), me.orders(), len(pit.graph.orders)))

    pit.run(act)
    assert seen == [([], [], 0)]
    assert len(pit.arrived) == len(pit.puppet().orders()) == 1


def test_wishes_of_one_handler_arrive_in_their_order() -> None:
    pit = Pit(FREE)

    def act(me: Puppet) -> None:
        resting = me.buy(BTC, 3, limit="99.00")
        me.sell(BTC, 1)
        me.replace(resting, quantity=4)
        me.cancel(resting)

    pit.run(act)
    kinds = [SubmitOrder, SubmitOrder, ReplaceOrder, CancelOrder]
    assert [type(command) for command in pit.arrived] == kinds
    assert [command.ts for command in pit.arrived] == [NOW] * 4
    recorded = [approved.command for approved in pit.approved()]
    assert recorded == pit.arrived


def test_a_strategys_wishes_pass_before_the_next_strategys_handler_runs() -> None:
    pit = Pit(FREE)
    seen: list[int] = []
    pit.puppet(OTHER).acts.append(lambda _me: seen.append(len(pit.arrived)))
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
    assert seen == [1]


def test_news_that_a_commit_makes_come_after_every_handler_of_the_input() -> None:
    pit = Pit()
    heard_by_then: list[int] = []
    pit.puppet(OTHER).acts.append(lambda _me: heard_by_then.append(len(pit.heard)))
    pit.run(lambda me: me.buy(BTC, 100, limit="99.00"))
    assert heard_by_then == [0]
    assert isinstance(pit.heard[0], OrderDenied)


def test_what_on_fill_asks_for_leaves_in_the_same_input() -> None:
    pit = Pit(FREE)
    pit.tell(order(101))
    me = pit.puppet()
    me.at_fills.append(lambda fill: me.sell(fill.instrument, fill.quantity, limit="100.50"))
    pit.take(Evidence(101).fill(4))
    assert [(c.side, c.quantity_units) for c in pit.submits()] == [(Side.BUY, 10), (Side.SELL, 4)]
    assert pit.journal.native.last_seq == pit.world.seq


# --- a handler that raises ----------------------------------------------------------------------


def failing(me: Puppet) -> None:
    first = me.buy(BTC, 1, limit="99.00")
    me.cancel(first)
    me.cancel_all()
    me.target(BTC, 7)
    raise Bug("in the middle")


def test_a_handler_that_raises_leaves_nothing() -> None:
    pit = Pit(FREE)
    before = pit.graph.orders.digest(), pit.path.signals()
    records = pit.journal.native.count
    pit.run(failing)
    assert pit.failed == [("strategy/s1", "Quote", "Bug")]
    assert pit.arrived == []
    assert (pit.graph.orders.digest(), pit.path.signals()) == before
    assert pit.journal.native.count == records + 1, "only the failure is on record"
    assert pit.heard == []


def test_a_failed_handlers_wishes_do_not_leave_with_the_next_one() -> None:
    pit = Pit(FREE)
    pit.run(failing)
    pit.run(lambda me: me.buy(BTC, 2, limit="98.00"), OTHER)
    assert [(c.strategy, c.quantity_units) for c in pit.submits()] == [(OTHER, 2)]


def test_other_strategies_of_the_same_input_go_on() -> None:
    pit = Pit(FREE)
    pit.puppet(OTHER).acts.append(lambda me: me.buy(BTC, 2, limit="98.00"))
    pit.run(failing)
    assert [c.strategy for c in pit.submits()] == [OTHER]
    assert not pit.graph.dispatcher.stopped


def test_ids_of_a_failed_handler_are_never_used_again() -> None:
    pit = Pit(FREE)
    minted: list[str] = []

    def act(me: Puppet) -> None:
        minted.append(me.buy(BTC, 1, limit="99.00"))
        raise Bug

    pit.run(act)
    pit.graph.replace_strategy(pit.graph.snapshot_strategy(STRATEGY))
    assert pit.graph.strategies[STRATEGY].cell.paused, "nobody resumes it by itself"
    minted.append(pit.graph.strategies[STRATEGY].desk.orders.submit(BTC, Side.BUY, 1, None, {}))
    pit.path.discard()
    assert len(set(minted)) == 2
    assert minted == sorted(minted)


def test_a_failure_in_on_fill_takes_nothing_back_of_the_fill() -> None:
    pit = Pit(FREE)
    pit.tell(order())

    def act(_fill: OrderFilled) -> None:
        pit.puppet().sell(BTC, 1)
        raise Bug

    pit.puppet().at_fills.append(act)
    pit.take(Evidence().fill(4))
    assert pit.failed == [("strategy/s1", "OrderFilled", "Bug")]
    assert pit.graph.books.position(STRATEGY, BTC) == 4
    assert len(pit.arrived) == 1
    assert pit.order().filled_units == 4


# --- actors that ask each other -----------------------------------------------------------------


def ask_other(pit: Pit, act: Callable[[Puppet], object]) -> object:
    """Have the other strategy do this at once, as an answer."""
    pit.puppet(OTHER).acts.append(act)
    return pit.graph.strategies[OTHER].actor_ref.ask(Quote(BTC, NOW, NOW, 2, 0, 1, 2, 5, 5))


def test_wishes_of_an_answer_leave_with_those_of_the_asking_handler() -> None:
    pit = Pit(FREE)
    seen: list[int] = []

    def act(me: Puppet) -> None:
        me.buy(BTC, 1, limit="99.00")
        ask_other(pit, lambda other: other.buy(BTC, 2, limit="98.00"))
        seen.append(len(pit.arrived))
        me.buy(BTC, 3, limit="97.00")

    pit.run(act)
    assert seen == [0]
    assert [c.quantity_units for c in pit.submits()] == [1, 2, 3]


def test_wishes_of_an_answer_that_failed_are_dropped_and_the_askers_stay() -> None:
    pit = Pit(FREE)

    def act(me: Puppet) -> None:
        me.buy(BTC, 1, limit="99.00")
        with suppress(Bug):
            ask_other(pit, failing)
        me.buy(BTC, 3, limit="97.00")

    pit.run(act)
    assert [(c.strategy, c.quantity_units) for c in pit.submits()] == [(STRATEGY, 1), (STRATEGY, 3)]
    assert len(pit.arrived) == 2
    assert not pit.failed


def test_wishes_of_an_answer_go_with_an_asker_that_fails() -> None:
    pit = Pit(FREE)

    def act(_me: Puppet) -> None:
        ask_other(pit, lambda other: other.buy(BTC, 2, limit="98.00"))
        raise Bug

    pit.run(act)
    assert pit.arrived == []


def test_wishes_of_an_answer_to_nobodys_handler_leave_at_once() -> None:
    pit = Pit(FREE)
    ask_other(pit, lambda other: other.buy(BTC, 2, limit="98.00"))
    assert [c.quantity_units for c in pit.submits()] == [2]
    with pytest.raises(Bug):
        ask_other(pit, failing)
    pit.quote()
    assert len(pit.arrived) == 1


# --- what a handler sees of its own wishes ------------------------------------------------------


def test_cancel_all_takes_orders_of_the_same_handler_and_none_after_it() -> None:
    pit = Pit(FREE)

    def act(me: Puppet) -> None:
        me.buy(BTC, 1, limit="99.00")
        me.cancel_all()
        me.buy(BTC, 2, limit="98.00")

    pit.run(act)
    first, cancel, second = pit.arrived
    assert isinstance(cancel, CancelOrder)
    assert cancel.client_order_id == first.client_order_id != second.client_order_id


def test_cancel_all_is_of_ones_own_orders_and_of_the_instrument() -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"), OTHER)
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
    pit.run(lambda me: me.cancel_all(BTC))
    (cancel,) = pit.arrived[2:]
    assert cancel.client_order_id == pit.arrived[1].client_order_id


def test_cancel_all_of_an_operator_takes_everybodys() -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"), OTHER)
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
    pit.handle(CancelAll(ts=NOW, strategy=OTHER))
    assert [c.strategy for c in pit.arrived[2:]] == [OTHER]
    pit.handle(CancelAll(ts=NOW))
    assert [c.strategy for c in pit.arrived[3:]] == [OTHER, STRATEGY], "asked again, and the rest"


def test_target_counts_orders_of_the_running_handler() -> None:
    pit = Pit(FREE)
    given: list[Any] = []

    def act(me: Puppet) -> None:
        me.buy(BTC, 3, limit="99.00")
        me.sell(BTC, 1)
        given.append(me.target(BTC, 7))
        given.append(me.target(BTC, 7))
        given.append(me.target(BTC, -2))

    pit.run(act)
    asked = [(c.side, c.quantity_units, c.order_type) for c in pit.submits()[2:]]
    assert asked == [
        (Side.BUY, 5, OrderType.MARKET),
        (Side.SELL, 9, OrderType.MARKET),
    ]
    assert given[1] is None
    assert [given[0], given[2]] == [c.client_order_id for c in pit.submits()[2:]]


def test_target_counts_what_is_held_working_and_unknown() -> None:
    pit = Pit(FREE)
    pit.tell(order(101, quantity_units=5), order(102, quantity_units=4))
    pit.take(Evidence(101).fill(3), Evidence(102).unknown)
    pit.run(lambda me: me.target(BTC, 10))
    assert pit.submits()[-1].quantity_units == 1, "3 held, 2 working, 4 unknown"


def test_target_does_not_count_what_risk_denied_in_an_earlier_input() -> None:
    pit = Pit()
    pit.run(lambda me: me.target(BTC, 100))
    assert isinstance(pit.heard[-1], OrderDenied)
    pit.run(lambda me: me.target(BTC, 5))
    assert [c.quantity_units for c in pit.submits()] == [5]


def test_a_handler_may_cancel_and_replace_what_it_just_asked_for_but_not_anothers() -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"), OTHER)
    theirs = pit.arrived[0].client_order_id
    pit.run(lambda me: me.cancel(theirs))
    assert pit.failed == [("strategy/s1", "Quote", "StrategyError")]
    assert "s1 has no order" in str(pit.graph.supervisor.errors[0])
    assert len(pit.arrived) == 1


@pytest.mark.parametrize("unknown", ["", "x", "0" * 32, "f" * 32, "F" * 32, "é" * 32])
def test_an_order_that_is_no_order_is_an_error_of_the_strategy(unknown: str) -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.cancel(unknown))  # type: ignore[arg-type]
    assert pit.failed == [("strategy/s1", "Quote", "StrategyError")]


def test_an_order_that_is_over_is_answered_not_an_error() -> None:
    pit = Pit(FREE)
    pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
    number = pit.arrived[0].client_order_id
    done = pit.graph.orders.get(number)
    assert done is not None
    pit.take(Evidence().canceled())
    assert pit.order().status is OrderStatus.CANCELED
    pit.run(lambda me: me.cancel(number))
    assert [type(event).__name__ for event in pit.heard] == ["OrderCanceled", "CancelRejected"]
    assert not pit.failed


# --- the same order as a message ----------------------------------------------------------------


def test_an_order_that_comes_as_a_message_is_the_same_as_a_desks() -> None:
    desk, message = Pit(FREE), Pit(FREE)

    def act(me: Puppet) -> None:
        resting = me.buy(BTC, 3, limit="99.00", tag="a", post_only=True)
        me.sell(BTC, 2, stop="99.50", limit="99.40", oco_group=resting, parent=resting)
        me.replace(resting, quantity=4, limit="99.01")
        me.cancel_all()

    desk.run(act)
    wanted = list(desk.submits())
    asked = [command for command in desk.arrived if isinstance(command, ReplaceOrder)]
    message.tell(*wanted, *asked, CancelAll(ts=NOW, strategy=STRATEGY))
    assert message.arrived == desk.arrived
    assert message.journal.records() == desk.journal.records()
    assert message.graph.orders.digest() == desk.graph.orders.digest()


def test_a_message_of_no_command_is_refused() -> None:
    pit = Pit(FREE)
    for strange in (Halt(ts=NOW, reason="x"), Quote(BTC, NOW, NOW, 2, 0, 1, 2, 5, 5), "buy"):
        with pytest.raises((TypeError, AttributeError)):
            pit.path.command(strange)
    with pytest.raises((TypeError, AttributeError)):
        pit.path.evidence(order())
    assert pit.arrived == []
