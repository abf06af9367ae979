"""A command may name what this run does not have: it then concerns nobody, and nothing fails."""

from typing import Any

import pytest

from openoutcry.state.commands import CancelAll, Flatten
from openoutcry.state.enums import OrderStatus
from openoutcry.state.identifiers import InstrumentId, StrategyId
from tests.order_kit import BTC, STRATEGY
from tests.path_kit import FREE, NOW, Evidence, Pit, names, order

GONE = StrategyId("gone")
NOWHERE = InstrumentId("NONE.SIM")
ELSEWHERE = [(GONE, None), (None, NOWHERE), (GONE, BTC), (STRATEGY, NOWHERE), (GONE, NOWHERE)]


@pytest.mark.parametrize(("strategy", "instrument"), ELSEWHERE)
def test_a_halt_of_what_this_run_does_not_have_stops_nobody(strategy: Any, instrument: Any) -> None:
    pit = Pit(FREE)
    pit.halt("left over", strategy, instrument)
    pit.tell(order())
    assert len(pit.arrived) == 1
    assert not pit.failed
    assert pit.graph.risk_state.halted() == [(strategy, instrument, "left over", None, NOW)]
    pit.resume(strategy, instrument)
    assert pit.graph.risk_state.halted() == []
    assert not pit.failed


@pytest.mark.parametrize("kind", [CancelAll, Flatten])
@pytest.mark.parametrize(("strategy", "instrument"), ELSEWHERE)
def test_cancel_all_and_flatten_of_what_this_run_does_not_have_do_nothing(
    kind: Any, strategy: Any, instrument: Any
) -> None:
    pit = Pit(FREE)
    pit.tell(order(1), order(2))
    pit.take(Evidence(1).fill(10))
    pit.handle(kind(ts=NOW, strategy=strategy, instrument=instrument))
    assert not pit.failed
    assert len(pit.arrived) == 2
    assert pit.order(2).status is OrderStatus.SUBMITTED
    pit.tell(order(3))
    assert names(tuple(type(command).__name__ for command in pit.arrived)) == ["SubmitOrder"] * 3
