"""Nothing leaves before what caused it is durable; what may not leave any more becomes `OrderNotSent`."""

import pytest

from openoutcry.state.enums import OrderStatus, RequestState
from openoutcry.state.events import OrderNotSent, ReplaceRejected
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
    assert slow.order().status is OrderStatus.SUBMITTED, "it may leave at any moment"
    slow.durable(cause)
    assert (slow.arrived, slow.path.waiting) == ([order()], 0)
    assert slow.order().status is OrderStatus.SUBMITTED


def test_what_is_durable_leaves_in_the_same_input() -> None:
    quick = pit()
    quick.journal.native.durable_count = quick.journal.count + 1
    quick.tell(order())
    assert quick.arrived == [order()]
    quick.tell(order(2))
    assert quick.path.waiting == 1


def test_a_command_never_overtakes_one_that_waits() -> None:
    slow = pit()
    slow.tell(order(1))
    slow.journal.native.durable_count = 100
    slow.tell(order(2))
    assert slow.arrived == []
    slow.durable_records(100)
    assert slow.arrived == [order(1), order(2)]


def test_only_what_is_durable_leaves() -> None:
    slow = pit()
    slow.tell(order(1), order(2))
    first = slow.world.seq
    slow.tell(order(3))
    slow.durable(first)
    assert slow.arrived == [order(1), order(2)]
    assert slow.path.waiting == 1


def test_a_halt_during_the_wait_stops_orders() -> None:
    slow = pit()
    slow.tell(order())
    slow.halt("operator")
    slow.durable()
    assert slow.arrived == []
    assert slow.heard == not_sent(slow)
    (dropped,) = slow.heard
    assert (dropped.reason, dropped.client_order_id) == ("halted: operator", ids(1)[0])
    assert slow.order().status is OrderStatus.NOT_SENT
    assert slow.graph.orders.working_units(None, BTC) == (0, 0)


def test_a_halt_during_the_wait_stops_a_replace_and_the_order_is_as_it_was() -> None:
    slow = pit()
    slow.journal.native.durable_count = slow.journal.count + 1
    slow.tell(order())
    slow.take(Evidence().accepted)
    slow.tell(replace(quantity=20))
    slow.halt("operator")
    slow.durable()
    assert slow.arrived == [order()]
    kept = slow.order()
    assert (kept.status, kept.quantity_units) == (OrderStatus.ACCEPTED, 10)
    assert (kept.replace_request, kept.asked) == (None, None)
    refused = slow.heard[-1]
    assert isinstance(refused, ReplaceRejected)
    assert refused.reason == "not sent: halted: operator"
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


# --- cancels: in every state, at once ---------------------------------------------------------


def left() -> Pit:
    """An order that left, behind which the journal stalled."""
    stalled = Pit(FREE)
    stalled.tell(order())
    stalled.journal.native.durable_count = stalled.journal.count
    return stalled


def test_a_cancel_of_an_order_that_left_passes_a_stalled_journal() -> None:
    stalled = left()
    stalled.tell(order(2))
    stalled.tell(cancel())
    assert stalled.arrived == [order(), cancel()]
    assert stalled.path.waiting == 1
    stalled.halt("operator")
    stalled.world.now += 60 * SECOND
    stalled.tell(cancel())
    assert stalled.arrived == [order(), cancel(), cancel()]


def test_a_cancel_of_an_order_that_waits_takes_it_out_and_neither_leaves() -> None:
    slow = pit()
    slow.tell(order(), replace(quantity=15))
    slow.tell(order(2))
    slow.tell(cancel())
    assert slow.path.waiting == 1
    assert [event.reason for event in not_sent(slow)] == ["canceled before it left"]
    gone = slow.order()
    assert (gone.status, gone.cancel_request) == (OrderStatus.NOT_SENT, None)
    slow.durable()
    assert slow.arrived == [order(2)]
    assert slow.heard == not_sent(slow)


def test_new_terms_that_wait_do_not_follow_a_cancel() -> None:
    stalled = left()
    stalled.take(Evidence().accepted)
    stalled.tell(replace(quantity=15))
    stalled.tell(cancel())
    assert stalled.arrived == [order(), cancel()]
    refused = stalled.heard[-1]
    assert isinstance(refused, ReplaceRejected)
    assert refused.reason == "not sent: a cancel of the order left first"
    stalled.durable()
    assert stalled.arrived == [order(), cancel()]
    assert (stalled.order().replace_request, stalled.order().asked) == (None, None)


def test_what_hangs_on_an_order_that_did_not_leave_does_not_leave() -> None:
    slow = pit()
    parent = ids(1)[0]
    slow.tell(order(), order(2, parent=parent, reduce_only=True))
    slow.tell(cancel())
    assert [event.reason for event in not_sent(slow)] == [
        "canceled before it left",
        "its parent was not sent",
    ]
    slow.durable()
    assert slow.arrived == []


def test_a_command_that_follows_before_the_core_heard_of_the_end_does_not_leave() -> None:
    slow = pit()
    slow.tell(order())
    slow.halt("operator")
    slow.journal.native.durable_count = 100
    dropped = slow.path.on_durable(slow.world.now)
    slow.resume()
    slow.path.command(order(2, parent=ids(1)[0]))
    slow.tell(cancel(), replace(quantity=15))
    slow.inject(dropped)
    assert slow.arrived == []
    slow.tell(order(3))
    assert slow.arrived == [order(3)]


# --- the state changes by inputs only ---------------------------------------------------------


def test_what_the_gate_drops_changes_nothing_before_it_comes_as_an_input() -> None:
    slow = pit()
    slow.tell(order())
    slow.halt("operator")
    before = (slow.graph.orders.digest(), slow.journal.count)
    slow.journal.native.durable_count = 100
    (dropped,) = slow.path.on_durable(slow.world.now + 7)
    assert (slow.graph.orders.digest(), slow.journal.count) == before
    assert isinstance(dropped, OrderNotSent)
    assert dropped.ts_received == slow.world.now + 7
    assert slow.path.take_dropped() == []
    slow.handle(dropped)
    assert slow.order().status is OrderStatus.NOT_SENT
    assert slow.journal.native.last_seq == slow.world.seq
    assert slow.failed == []


def test_an_order_is_as_submitted_when_it_waits_as_when_it_left() -> None:
    digests = []
    for durable in (0, 2**62):
        played = Pit(FREE, durable=durable)
        played.tell(order())
        digests.append(played.graph.orders.digest())
    assert digests[0] == digests[1]


def test_an_order_whose_end_was_proven_while_it_waited_does_not_leave() -> None:
    slow = pit()
    slow.tell(order())
    slow.take(Evidence().unknown, Evidence().not_sent)
    slow.durable()
    assert slow.arrived == []


# --- what is durable: records, not inputs -----------------------------------------------------


def test_an_order_waits_for_its_own_record_not_for_its_inputs_number() -> None:
    slow = pit()
    slow.tell(order())
    slow.journal.native.durable_seq = slow.world.seq  # a snapshot may say so: the gate does not
    assert slow.path.on_durable(slow.world.now) == []
    assert slow.arrived == []
    slow.durable_records(slow.journal.count - 1)
    assert slow.arrived == []
    slow.durable_records(slow.journal.count)
    assert slow.arrived == [order()]


def test_an_order_that_comes_outside_an_input_waits_for_its_record() -> None:
    slow = pit()
    slow.durable_records(slow.journal.count)
    slow.journal.native.durable_seq = slow.world.seq
    slow.puppet().at_stop.append(lambda me: me.buy(BTC, 1, limit="99.00"))
    slow.graph.stop()
    assert (slow.arrived, slow.path.waiting) == ([], 1)
    slow.durable_records(slow.journal.count)
    assert len(slow.arrived) == 1


# --- the present moment ------------------------------------------------------------------------


@pytest.mark.parametrize(("waited_ns", "leaves"), [(5 * SECOND, True), (5 * SECOND + 1, False)])
def test_age_is_measured_by_the_present_moment(waited_ns: int, leaves: bool) -> None:
    slow = pit()
    slow.tell(order())
    slow.durable(now=slow.world.now + waited_ns)
    assert len(slow.arrived) == leaves


@pytest.mark.parametrize(("older_ns", "leaves"), [(0, True), (1, False)])
def test_an_order_whose_market_has_gone_stale_in_the_gate_is_dropped(
    older_ns: int, leaves: bool
) -> None:
    slow = Pit(durable=0)
    slow.world.now += 57 * SECOND
    slow.tell(order(quantity_units=1, ts=slow.world.now))
    slow.durable(now=slow.world.now + 3 * SECOND + older_ns)
    assert len(slow.arrived) == leaves
    if not leaves:
        (event,) = not_sent(slow)
        assert event.reason == "no quote, trade or bar was fresh enough when it could leave"


# --- suppressed --------------------------------------------------------------------------------


def test_while_state_is_rebuilt_nothing_leaves_and_all_of_it_counts_as_sent() -> None:
    plain, rebuilt = Pit(FREE), Pit(FREE, durable=0)
    rebuilt.path.suppress(True)
    for played in (plain, rebuilt):
        played.tell(order(1), order(2), order(3))
        played.take(Evidence(1).accepted, Evidence(2).accepted)
        played.tell(cancel(1), replace(quantity=15, number=2))
        played.take(Evidence(1).canceled())
    assert rebuilt.arrived == []
    assert rebuilt.journal.records() == plain.journal.records()
    assert rebuilt.graph.orders.digest() == plain.graph.orders.digest()
    rebuilt.path.suppress(False)
    assert rebuilt.path.take_suppressed() == [order(3), replace(quantity=15, number=2)]
    assert rebuilt.path.take_suppressed() == []
    rebuilt.durable()
    assert rebuilt.arrived == []
    rebuilt.tell(order(4))
    assert rebuilt.arrived == [order(4)]


def test_a_rebuilt_order_that_never_left_ends_where_it_ended() -> None:
    slow, rebuilt = pit(), Pit(FREE)
    rebuilt.path.suppress(True)
    slow.tell(order())
    slow.halt("operator")
    slow.durable()
    rebuilt.tell(order())
    rebuilt.halt("operator")
    rebuilt.handle(not_sent(slow)[0])
    assert rebuilt.journal.records() == slow.journal.records()
    assert rebuilt.graph.orders.digest() == slow.graph.orders.digest()
    assert rebuilt.path.take_suppressed() == []
