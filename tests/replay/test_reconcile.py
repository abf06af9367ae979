"""What a venue's word adds to what we know, case by case, and what nothing explains."""

from typing import Any

import msgspec

from openoutcry.replay.reconcile import Oddity, Ours, Reconciliation, differences, reconcile
from openoutcry.state.events import (
    AccountLiquidated,
    CancelRejected,
    CashAdjusted,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    ReplaceRejected,
    RequestUnknown,
)
from openoutcry.state.identifiers import FillId, InstrumentId, VenueId, VenueOrderId
from openoutcry.state.orders import OrderTable, order_table
from openoutcry.state.venue_answers import VenueAnswer, VenueOrder, VenueOrderStatus
from tests.order_kit import (
    BTC,
    SIZE,
    VENUE_ID,
    Evidence,
    cancel,
    client_id,
    directory,
    replace,
    submit,
)

SIM = VenueId("SIM")
NOW = 99
WORKING, CANCELED = VenueOrderStatus.WORKING, VenueOrderStatus.CANCELED
FILLED, REJECTED = VenueOrderStatus.FILLED, VenueOrderStatus.REJECTED


def table(*events: Any, request: Any = None) -> OrderTable:
    """Order 1, submitted, with what happened since."""
    orders = order_table(directory())
    orders.add(submit())
    orders.apply(Evidence().submitted)
    for event in events:
        orders.apply(event)
    if request is not None:
        assert orders.request(request) is None
    return orders


def theirs(**changes: Any) -> VenueOrder:
    """Order 1 as it works at the venue."""
    fields: dict[str, Any] = {
        "client_order_id": client_id(),
        "venue_order_id": VENUE_ID,
        "instrument": BTC,
        "status": WORKING,
        "quantity_units": SIZE,
        "limit_units": 10_000,
        "trigger_units": None,
        "filled_units": 0,
        "triggered": False,
        "reason": "",
        "ts": 7,
    }
    return VenueOrder(**(fields | changes))


def fill(number: int = 1, quantity: int = 4, cumulative: int = 4, **changes: Any) -> OrderFilled:
    made = Evidence().fill(quantity, cumulative=cumulative, fill_id=f"{number}")
    return msgspec.structs.replace(made, **changes)


def ask(
    orders: OrderTable,
    *named: VenueOrder,
    moved: tuple[Any, ...] = (),
    proves: bool = True,
    events: tuple[Any, ...] = (),
    booked: tuple[str, ...] = (),
    forgotten: tuple[str, ...] = (),
) -> Reconciliation:
    answer = VenueAnswer(venue=SIM, ts=8, orders=named, movements=moved, proves_absence=proves)
    ours = Ours(
        open=orders.open_orders(),
        find=orders.get,
        knows_fill=lambda _, id_: id_ in booked,
        events=events,
        forgot=lambda order: order in forgotten,
    )
    return reconcile(ours, answer, NOW)


def odd(found: Reconciliation) -> list[Oddity]:
    return [finding.kind for finding in found.findings]


def test_an_order_that_the_venue_took_is_accepted() -> None:
    found = ask(table(), theirs())
    assert found.evidence == (OrderAccepted(client_id(), BTC, 7, NOW, VENUE_ID),)
    assert found.findings == ()


def test_an_order_that_the_venue_proves_it_never_got_is_rejected() -> None:
    found = ask(table())
    assert found.evidence == (OrderRejected(client_id(), BTC, 8, NOW, "not_found", ""),)


def test_without_proof_a_missing_order_stays_unknown() -> None:
    orders = table()
    found = ask(orders, proves=False)
    assert found.evidence == (RequestUnknown(client_id(), BTC, 8, NOW, "not_in_the_answer"),)
    assert odd(found) == [Oddity.UNRESOLVED]
    (unknown,) = found.evidence
    assert isinstance(unknown, RequestUnknown)
    orders.apply(unknown)
    assert ask(orders, proves=False).evidence == ()


def test_an_accepted_order_that_is_gone_is_a_finding_not_a_rejection() -> None:
    found = ask(table(Evidence().accepted))
    assert (found.evidence, odd(found)) == ((), [Oddity.LOST_ORDER])


def test_only_the_missed_fill_is_told() -> None:
    known = fill(1)
    found = ask(
        table(Evidence().accepted, known),
        theirs(filled_units=7),
        moved=(known, fill(2, 3, 7)),
    )
    assert found.evidence == (msgspec.structs.replace(fill(2, 3, 7), ts_received=NOW),)
    assert found.findings == ()


def test_the_end_comes_after_the_fills() -> None:
    end = theirs(status=CANCELED, filled_units=4, reason="requested")
    found = ask(table(Evidence().accepted), end, moved=(fill(),))
    assert [type(event) for event in found.evidence] == [OrderFilled, OrderCanceled]


def test_fills_that_the_venue_does_not_tell_of_are_a_finding() -> None:
    assert odd(ask(table(Evidence().accepted), theirs(filled_units=4))) == [Oddity.MISSING_FILLS]


def test_a_fill_after_our_end_is_booked_and_looked_at() -> None:
    ended = table(Evidence().accepted, Evidence().canceled(0))
    found = ask(ended, theirs(status=FILLED, filled_units=SIZE), moved=(fill(1, SIZE, SIZE),))
    assert [type(event) for event in found.evidence] == [OrderFilled]
    assert odd(found) == [Oddity.CONTRADICTION]


def test_a_fill_that_differs_is_a_finding() -> None:
    orders = table(Evidence().accepted, fill())
    other = fill(quantity=5, cumulative=5)
    assert Oddity.CONTRADICTION in odd(ask(orders, theirs(filled_units=5), moved=(other,)))


def test_two_venue_ids_for_one_order_are_a_finding() -> None:
    found = ask(table(Evidence().accepted), theirs(venue_order_id=VenueOrderId("v2")))
    assert (found.evidence, odd(found)) == ((), [Oddity.CONTRADICTION])


def test_rejected_there_and_filled_here_is_a_finding() -> None:
    orders = table(Evidence().accepted, fill())
    assert odd(ask(orders, theirs(status=REJECTED, reason="late"))) == [Oddity.CONTRADICTION]


def test_working_there_and_over_here_is_a_finding() -> None:
    orders = table(Evidence().accepted, Evidence().canceled(0))
    assert odd(ask(orders, theirs())) == [Oddity.CONTRADICTION]


def test_another_instrument_is_a_finding() -> None:
    found = ask(table(), theirs(instrument=InstrumentId("X.SIM")))
    assert (found.evidence, odd(found)) == ((), [Oddity.CONTRADICTION])


def test_a_replace_that_came_through() -> None:
    orders = table(Evidence().accepted, request=replace(8, 10_100))
    found = ask(orders, theirs(quantity_units=8, limit_units=10_100))
    assert found.evidence == (OrderReplaced(client_id(), BTC, 7, NOW, 8, 10_100, None),)


def test_requests_that_never_came_are_refused_only_with_proof() -> None:
    orders = table(Evidence().accepted, request=replace(8, 10_100))
    orders.request(cancel())
    found = ask(orders, theirs())
    assert [type(event) for event in found.evidence] == [ReplaceRejected, CancelRejected]
    assert ask(orders, theirs(), proves=False).evidence == ()


def test_a_replace_of_an_order_that_filled_is_over() -> None:
    orders = table(Evidence().accepted, request=replace(20, 10_000))
    done = theirs(status=FILLED, filled_units=SIZE)
    found = ask(orders, done, moved=(fill(1, SIZE, SIZE),), proves=False)
    for event in found.evidence:
        assert isinstance(event, OrderEvent)
        orders.apply(event)
    order = orders.get(client_id())
    assert order is not None
    assert order.is_final
    assert ask(orders, done, moved=(fill(1, SIZE, SIZE),), proves=False).evidence == ()


def test_an_order_that_nobody_here_sent_is_a_finding_while_it_works() -> None:
    nobody = theirs(client_order_id=client_id(7))
    stranger = theirs(client_order_id=None, venue_order_id=VenueOrderId("v9"))
    found = ask(table(Evidence().accepted), theirs(), nobody, stranger)
    assert (found.evidence, odd(found)) == ((), [Oddity.FOREIGN_ORDER] * 2)
    ended = msgspec.structs.replace(nobody, status=CANCELED)
    assert odd(ask(table(Evidence().accepted), theirs(), ended)) == []


def test_a_foreign_fill_is_booked_once_and_looked_at() -> None:
    foreign = fill(client_order_id=client_id(7), fill_id=FillId("f9"))
    orders = table(Evidence().accepted)
    found = ask(orders, theirs(), moved=(foreign,))
    assert found.evidence == (msgspec.structs.replace(foreign, ts_received=NOW),)
    assert odd(found) == [Oddity.FOREIGN_FILL]
    assert ask(orders, theirs(), moved=(foreign,), booked=("f9",)).evidence == ()


def test_a_fill_of_an_order_that_we_forgot_is_neither_booked_again_nor_odd() -> None:
    old = fill(client_order_id=client_id(7), fill_id=FillId("f9"))
    orders = table(Evidence().accepted)
    found = ask(orders, theirs(), moved=(old,), forgotten=(client_id(7),))
    assert (found.evidence, odd(found)) == ((), [])


def test_account_events_are_told_once_each() -> None:
    cash = CashAdjusted(SIM, BTC, 3, 3, "USDT", 5, 8, "funding", None)
    gone = AccountLiquidated(SIM, 4, 4, "maintenance_margin")
    orders = table(Evidence().accepted)
    heard = msgspec.structs.replace(cash, ts_received=4)
    found = ask(orders, theirs(), moved=(cash, cash, gone), events=(heard,))
    assert [type(event) for event in found.evidence] == [CashAdjusted, AccountLiquidated]


def test_movements_are_told_in_the_order_in_which_they_happened() -> None:
    orders = table(Evidence().accepted)
    orders.add(submit(2))
    orders.apply(Evidence(2).accepted_as("v2"))
    cash = CashAdjusted(SIM, BTC, 3, 3, "USDT", 5, 8, "funding", None)
    second = msgspec.structs.replace(
        fill(2), client_order_id=client_id(2), venue_order_id=VenueOrderId("v2")
    )
    first, third = fill(1), fill(3, 1, 5)
    answer = (
        theirs(filled_units=5),
        theirs(client_order_id=client_id(2), venue_order_id=VenueOrderId("v2"), filled_units=4),
    )
    found = ask(orders, *answer, moved=(first, second, cash, third))
    told = [getattr(event, "fill_id", "cash") for event in found.evidence]
    assert told == ["1", "2", "cash", "3"]


def test_balances_and_positions_that_differ_are_named() -> None:
    answer = VenueAnswer(
        venue=SIM, ts=8, orders=(), movements=(), balances={"USDT": 5}, positions={BTC: 2}
    )
    assert differences({"USDT": 5}, {BTC: 2}, answer) == ()
    found = differences({"USDT": 4, "BTC": 1}, {}, answer)
    assert [finding.kind for finding in found] == [
        Oddity.BALANCE,
        Oddity.BALANCE,
        Oddity.POSITION,
    ]
    assert found[1].what == "USDT at SIM: 5 units there, 4 in our books"
