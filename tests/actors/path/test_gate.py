"""Nothing leaves before what caused it is durable; what may not leave any more becomes `OrderNotSent`."""

import pytest

from openoutcry.state.enums import OrderStatus, RequestState
from openoutcry.state.events import OrderNotSent
from openoutcry.state.identifiers import InstrumentId
from tests.order_kit import BTC, OTHER, coin
from tests.path_kit import FREE, SECOND, Evidence, Pit, cancel, ids, order, replace


def pit() -> Pit:
    return Pit(FREE, durable=0)


def not_sent(of: Pit) -> list[OrderNotSent]:
    return of.records(OrderNotSent)


def test_a_command_waits_until_its_cause_is_durable() -> None:
    slow = pit()
    slow.tell(order())
    cause = slow.world.seq
    slow.durable(cause - 1)
    assert (slow.arrived, slow.path.waiting) == ([], 1)
    assert slow.order().status is OrderStatus.INITIALIZED
    slow.durable(cause)
    assert (slow.arrived, slow.path.waiting) == ([order()], 0)
    assert slow.order().status is OrderStatus.SUBMITTED


def test_what_is_durable_leaves_in_the_same_input() -> None:
    quick = pit()
    quick.journal.native.durable_seq = quick.world.seq + 1
    quick.tell(order())
    assert quick.arrived == [order()]
    quick.tell(order(2))
    assert quick.path.waiting == 1


def test_a_command_never_overtakes_one_that_waits() -> None:
    slow = pit()
    slow.tell(order(1))
    slow.journal.native.durable_seq = 100
    slow.tell(order(2))
    assert slow.arrived == []
    slow.durable(100)
    assert slow.arrived == [order(1), order(2)]


def test_only_what_is_durable_leaves() -> None:
    slow = pit()
    slow.tell(order(1), order(2))
    first = slow.world.seq
    slow.tell(order(3))
    slow.durable(first)
    assert slow.arrived == [order(1), order(2)]
    assert slow.path.waiting == 1


def test_a_halt_during_the_wait_stops_orders_but_not_cancels() -> None:
    slow = pit()
    slow.tell(order())
    slow.tell(cancel())
    slow.halt("operator")
    slow.durable()
    assert slow.arrived == [cancel()]
    assert slow.heard == not_sent(slow)
    (dropped,) = slow.heard
    assert (dropped.reason, dropped.client_order_id) == ("halted: operator", ids(1)[0])
    assert slow.order().status is OrderStatus.NOT_SENT
    assert slow.graph.orders.working_units(None, BTC) == (0, 0)


def test_a_halt_during_the_wait_stops_a_replace_and_the_order_is_as_it_was() -> None:
    slow = pit()
    slow.journal.native.durable_seq = slow.world.seq + 1
    slow.tell(order())
    slow.take(Evidence().accepted)
    slow.tell(replace(quantity=20))
    slow.halt("operator")
    slow.durable()
    assert slow.arrived == [order()]
    kept = slow.order()
    assert (kept.status, kept.quantity_units) == (OrderStatus.ACCEPTED, 10)
    assert (kept.replace_request, kept.asked) == (None, None)
    assert isinstance(slow.heard[-1], OrderNotSent)
    assert slow.graph.orders.working_units(None, BTC) == (10, 0)
    slow.resume()
    slow.tell(replace(quantity=15))
    assert slow.arrived[1:] == [replace(quantity=15)]
    assert slow.order().replace_request is RequestState.SENT


@pytest.mark.parametrize(
    ("scope", "leaves"),
    [
        ({"instrument": InstrumentId("X.SIM")}, True),
        ({"strategy": OTHER}, True),
        ({"strategy": OTHER, "instrument": BTC}, True),
        ({"instrument": BTC}, False),
    ],
)
def test_a_halt_stops_what_waits_in_its_scope_only(scope: dict[str, str], leaves: bool) -> None:
    slow = Pit(FREE, durable=0, instruments=(coin(), coin(InstrumentId("X.SIM"))))
    slow.tell(order())
    slow.halt("fills contradict", **scope)
    slow.durable()
    assert (len(slow.arrived), len(not_sent(slow))) == (leaves, not leaves)


def test_resume_lets_what_waits_out_again() -> None:
    slow = pit()
    slow.tell(order())
    slow.halt("operator")
    slow.resume()
    slow.durable()
    assert slow.arrived == [order()]


def test_every_halt_is_a_reason_of_its_own() -> None:
    slow = pit()
    slow.tell(order())
    slow.halt("all")
    slow.halt("coin", instrument=BTC)
    slow.durable()
    assert [event.reason for event in not_sent(slow)] == ["halted: all; halted: coin"]


@pytest.mark.parametrize(("waited_ns", "leaves"), [(5 * SECOND, True), (5 * SECOND + 1, False)])
def test_an_order_that_waited_too_long_is_dropped(waited_ns: int, leaves: bool) -> None:
    slow = pit()
    slow.tell(order())
    slow.world.now += waited_ns
    slow.quote()
    slow.durable()
    assert len(slow.arrived) == leaves
    reasons = [event.reason for event in not_sent(slow)]
    assert reasons == ([] if leaves else ["older than 5000 ms when it could leave"])


def test_a_cancel_that_waited_long_leaves() -> None:
    slow = pit()
    slow.tell(order(), cancel())
    slow.world.now += 60 * SECOND
    slow.quote()
    slow.durable()
    assert slow.arrived == [cancel()]
