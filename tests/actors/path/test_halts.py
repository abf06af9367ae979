"""A halt denies what is new in its scope; cancels flow in every state; what was halted stays halted."""

from typing import Any

import pytest

from openoutcry.state.config import RiskLimits
from openoutcry.state.events import (
    CancelRejected,
    OrderNotSent,
    ReplaceRejected,
    TradingHalted,
    TradingResumed,
)
from tests.order_kit import BTC, OTHER, STRATEGY
from tests.path_kit import FREE, NOW, Evidence, Pit, cancel, names, order, replace

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
    pit = Pit()
    pit.tell(order(1, quantity_units=1))
    pit.halt("by hand", strategy, instrument)
    pit.tell(order(2, quantity_units=1))
    assert pit.reasons() == ("halted: by hand",)
    pit.tell(replace(quantity=2))
    assert isinstance(pit.heard[-1], ReplaceRejected)
    assert pit.heard[-1].reason == "denied: halted: by hand"
    pit.tell(cancel())
    assert pit.arrived == [order(1, quantity_units=1), cancel()]
    pit.resume(strategy, instrument)
    pit.tell(order(3, quantity_units=1))
    assert pit.arrived[-1] == order(3, quantity_units=1)
    scope = {"strategy": strategy, "instrument": instrument}
    assert pit.records(TradingHalted) == [TradingHalted(ts=NOW, reason="by hand", **scope)]
    assert pit.records(TradingResumed) == [TradingResumed(ts=NOW, reason="looked at", **scope)]


def test_a_halt_of_one_strategy_leaves_the_others_alone() -> None:
    pit = Pit()
    pit.halt("x", OTHER)
    pit.tell(order())
    assert len(pit.arrived) == 1


def test_halts_add_up_and_stand_before_the_other_reasons() -> None:
    pit = Pit()
    pit.halt("all")
    pit.halt("coin", instrument=BTC)
    pit.tell(order(quantity_units=30))
    assert pit.reasons()[:2] == ("halted: all", "halted: coin")
    assert "max_order_quantity" in names(pit.reasons())
    pit.resume()
    pit.tell(order(2))
    assert pit.reasons() == ("halted: coin",)


def test_a_halt_stops_what_waits_at_the_gate() -> None:
    pit = Pit(durable=0)
    pit.tell(order())
    pit.halt("stop")
    pit.durable(10)
    assert pit.arrived == []
    assert isinstance(pit.heard[-1], OrderNotSent)


@pytest.mark.parametrize("finish", [False, True])
def test_cancels_pass_whatever_the_state(finish: bool) -> None:
    pit = Pit(RiskLimits())
    pit.halt("x")
    pit.graph.orders.add(order())
    if finish:
        pit.graph.orders.apply(Evidence().not_sent)
    pit.tell(cancel())
    if finish:
        rejected = pit.heard[-1]
        assert isinstance(rejected, CancelRejected)
        assert rejected.reason == "the order is not_sent"
        assert rejected in pit.records(CancelRejected)
        assert pit.arrived == []
    else:
        assert pit.arrived == [cancel()]


def test_a_cancel_of_an_order_that_nobody_knows_is_answered_here() -> None:
    pit = Pit()
    pit.tell(cancel(77))
    rejected = pit.heard[-1]
    assert isinstance(rejected, CancelRejected)
    assert rejected.reason == "no such order"
    assert rejected.client_order_id == cancel(77).client_order_id
    assert rejected in pit.records(CancelRejected)
    assert pit.arrived == []


def test_halts_and_rates_survive_a_snapshot() -> None:
    pit = Pit()
    for number in range(1, 6):
        pit.tell(order(number, quantity_units=1))
    pit.halt("x", instrument=BTC)
    fresh = Pit()
    fresh.graph.risk.restore(pit.graph.risk.snapshot())
    fresh.tell(order(quantity_units=1))
    assert names(fresh.reasons()) == ["halted", "order_rate"]


def test_a_restored_halt_stops_what_waits_at_the_gate() -> None:
    pit = Pit(FREE)
    pit.halt("x")
    fresh = Pit(FREE, durable=0)
    fresh.tell(order())
    fresh.graph.risk.restore(pit.graph.risk.snapshot())
    fresh.durable()
    assert [event.reason for event in fresh.records(OrderNotSent)] == ["halted: x"]
