"""What each piece of evidence does to an order: one function per event class.

`transitions` says which status may follow; the functions here look at the rest of the evidence
(quantities, fill ids, venue ids) and either take it or say what it contradicts. They are the only
place that changes an order. Entered through `Order.apply`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from openoutcry.state.enums import FillState, OrderStatus, Outcome, RequestKind, RequestState
from openoutcry.state.events import (
    CancelRejected,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderSubmitted,
    OrderTriggered,
    ReplaceRejected,
    RequestUnknown,
)
from tests.oracles.order_machine.transitions import ANSWERS, TERMINAL, TRANSITIONS

if TYPE_CHECKING:
    from tests.oracles.order_machine.order import Order


# Looking an enum's member up through its class is the dearest step of handling an event.
_APPLIED: Final = Outcome.APPLIED
_DUPLICATE: Final = Outcome.DUPLICATE
_ILLEGAL: Final = Outcome.ILLEGAL
_INITIALIZED: Final = OrderStatus.INITIALIZED
_FILLED: Final = OrderStatus.FILLED
_SENT: Final = RequestState.SENT
_UNKNOWN: Final = RequestState.UNKNOWN
_SUBMIT: Final = RequestKind.SUBMIT
_BOOKED: Final = FillState.BOOKED


class KnownFill(msgspec.Struct, gc=False, array_like=True):
    """A fill as it stands now: price and quantity in units, after corrections."""

    price_units: int
    quantity_units: int
    state: FillState = _BOOKED


# --- before the venue -----------------------------------------------------------------------
def _denied(order: "Order", event: OrderDenied, after: OrderStatus) -> Outcome:
    if order.status is after:
        return _DUPLICATE
    if order.submit_request is not None:
        return _illegal(order, "denied although it may have left")
    return _end(order, after, event.reasons)


def _not_sent(order: "Order", event: OrderNotSent, after: OrderStatus) -> Outcome:
    if order.status in TERMINAL:
        return _DUPLICATE
    if order.status is OrderStatus.SUBMITTED and order.submit_request is None:
        return _illegal(order, "not sent although the venue knows it")
    if order.status not in (_INITIALIZED, OrderStatus.SUBMITTED):
        # Of an order that the venue knows, it was a replace: the order is as it was.
        if order.replace_request is not _SENT:
            return _illegal(order, "not sent although nothing was waiting to be sent")
        return _replace_refused(order, event, after)
    if order.status is _INITIALIZED and order.submit_request is not None:
        return _illegal(order, "not sent although it may have left")
    return _end(order, after, (event.reason,))


def _submitted(order: "Order", event: OrderSubmitted, after: OrderStatus) -> Outcome:
    if order.status is not _INITIALIZED:
        return _DUPLICATE
    if order.submit_request is not None:
        return _illegal(order, "sent again although it may have left")
    order.status = after
    order.submit_request = _SENT
    order.ts_submitted = event.ts_received
    return _APPLIED


# --- words of the venue ---------------------------------------------------------------------
def _accepted(order: "Order", event: OrderAccepted, after: OrderStatus) -> Outcome:
    known = order.venue_order_id
    if known is not None and known != event.venue_order_id:
        # One id of ours for two orders of theirs: both may fill.
        return _illegal(order, f"accepted as {event.venue_order_id} and as {known}")
    if known is not None and order.status is after and order.ts_accepted is not None:
        return _DUPLICATE
    order.venue_order_id = event.venue_order_id
    order.ts_accepted = event.ts_received
    return _proven(order, event, after)


def _triggered(order: "Order", event: OrderTriggered, after: OrderStatus) -> Outcome:
    if order.status is after:
        return _DUPLICATE
    return _proven(order, event, after)


def _rejected(order: "Order", event: OrderRejected, after: OrderStatus) -> Outcome:
    if order.status is after:
        return _DUPLICATE
    if order.filled_units or order.claimed_units:
        return _illegal(order, "rejected although it has fills")
    text = (event.reason, event.text) if event.text else (event.reason,)
    return _end(order, after, text)


def _ended(order: "Order", event: OrderCanceled | OrderExpired, after: OrderStatus) -> Outcome:
    cumulative = event.cumulative_units
    if cumulative < order.claimed_units:
        return _illegal(
            order, f"{after.value} with {cumulative} filled, but {order.claimed_units} are proven"
        )
    if order.status in TERMINAL:
        if cumulative == order.claimed_units:
            return _DUPLICATE
        return _illegal(
            order,
            f"{cumulative} filled, but it ended {order.status.value} with {order.claimed_units}",
        )
    if order.pending is not None and cumulative == order.claimed_units:
        return _DUPLICATE
    order.claimed_units = cumulative
    order.pending = after
    order.reasons = (event.reason,) if event.reason else ()
    _answer(order, event)
    _settle(order)
    return _APPLIED


def _replaced(order: "Order", event: OrderReplaced, after: OrderStatus) -> Outcome:
    quantity = event.quantity_units
    if order.status in TERMINAL:
        if order.status is _FILLED and quantity > order.filled_units:
            return _illegal(order, f"replaced to {quantity} after it was filled")
        return _DUPLICATE
    if quantity <= 0 or quantity < order.filled_units:
        return _illegal(order, f"replaced to {quantity}, but {order.filled_units} are filled")
    terms = (quantity, event.limit_units, event.trigger_units)
    if (
        order.replace_request is None
        and order.status is after
        and terms == (order.quantity_units, order.limit_units, order.trigger_units)
    ):
        return _DUPLICATE
    order.quantity_units, order.limit_units, order.trigger_units = terms
    order.replaced = True
    return _proven(order, event, after)


def _cancel_rejected(order: "Order", event: CancelRejected, _after: OrderStatus) -> Outcome:
    if order.cancel_request is None:
        return _DUPLICATE
    _answer(order, event)
    return _APPLIED


def _replace_refused(
    order: "Order", event: ReplaceRejected | OrderNotSent, _after: OrderStatus
) -> Outcome:
    if order.replace_request is None:
        return _DUPLICATE
    _answer(order, event)
    _settle(order)
    return _APPLIED


def _unknown(order: "Order", _event: RequestUnknown, _after: OrderStatus) -> Outcome:
    if order.status in TERMINAL:
        return _DUPLICATE
    before = (order.submit_request, order.cancel_request, order.replace_request)
    if order.submit_request is _SENT or order.status is _INITIALIZED:
        # A restart can't tell whether an order that never said `submitted` had left.
        order.submit_request = _UNKNOWN
    if order.cancel_request is _SENT:
        order.cancel_request = _UNKNOWN
    if order.replace_request is _SENT:
        order.replace_request = _UNKNOWN
    after = (order.submit_request, order.cancel_request, order.replace_request)
    return _DUPLICATE if after == before else _APPLIED


# --- fills ------------------------------------------------------------------------------------
def _filled(order: "Order", event: OrderFilled, after: OrderStatus) -> Outcome:
    quantity = event.quantity_units
    if quantity <= 0 or event.size_scale != order.submit.size_scale:
        return _illegal(order, f"fill {event.fill_id} of {quantity} x 10^-{event.size_scale}")
    known = order.fills.get(event.fill_id)
    if known is not None:
        return _seen(order, known, event, after)
    filled = order.filled_units + quantity
    counted = max(event.cumulative_units, filled)  # fills out of order name smaller sums
    why = _doubt(order, event, counted)
    order.fills[event.fill_id] = KnownFill(event.price_units, quantity)
    order.filled_units = filled
    order.claimed_units = max(order.claimed_units, counted)
    if order.venue_order_id is None or order.replaced:
        order.venue_order_id = event.venue_order_id
    _proven(order, event, after)
    if why is None:
        return _APPLIED
    order.alarm = f"fill {event.fill_id} of {quantity} booked: {why}"
    return Outcome.ALARM


def _doubt(order: "Order", event: OrderFilled, counted: int) -> str | None:
    """Why a fill that is booked should not have happened."""
    if order.status in TERMINAL:
        return f"the order was {order.status.value}"
    limit = order.worst_units if order.pending is None else order.claimed_units
    if counted > limit:
        return f"{counted} filled of {limit}"
    if event.side is not order.submit.side or event.instrument != order.submit.instrument:
        return f"it is a {event.side.value} of {event.instrument}"
    known = order.venue_order_id
    if known not in (None, event.venue_order_id) and not order.replaced:
        return f"it belongs to venue order {event.venue_order_id}, not {known}"
    return None


def _seen(order: "Order", known: KnownFill, event: OrderFilled, after: OrderStatus) -> Outcome:
    """A fill id that is known: a repetition, or the fill that a bust ran ahead of."""
    terms = (event.price_units, event.quantity_units)
    if known.state is FillState.BUSTED_UNSEEN:
        # Nothing to book, but the order and its counts end as if the fill had come first.
        known.state = FillState.BUSTED
        known.price_units, known.quantity_units = terms
        counted = max(event.cumulative_units, order.filled_units + event.quantity_units)
        order.claimed_units = max(order.claimed_units, counted) - event.quantity_units
        _proven(order, event, after)
    elif known.state is _BOOKED and terms != (known.price_units, known.quantity_units):
        return _illegal(order, f"fill {event.fill_id} repeated with another price or quantity")
    return _DUPLICATE


def _busted(order: "Order", event: FillBusted, _after: OrderStatus) -> Outcome:
    known = order.fills.get(event.fill_id)
    if known is None:
        # It ran ahead of its fill: nothing was booked, so there is nothing to take back.
        order.fills[event.fill_id] = KnownFill(0, 0, FillState.BUSTED_UNSEEN)
        return _DUPLICATE
    if known.state in (FillState.BUSTED, FillState.BUSTED_UNSEEN):
        return _DUPLICATE
    known.state = FillState.BUSTED
    _amend(order, -known.quantity_units)
    return _APPLIED


def _corrected(order: "Order", event: FillCorrected, _after: OrderStatus) -> Outcome:
    known = order.fills.get(event.fill_id)
    if known is None or known.state in (FillState.BUSTED, FillState.BUSTED_UNSEEN):
        state = "unknown" if known is None else "busted"
        return _illegal(order, f"correction of fill {event.fill_id}, which is {state}")
    if event.quantity_units <= 0:
        return _illegal(order, f"fill {event.fill_id} corrected to {event.quantity_units}")
    terms = (event.price_units, event.quantity_units)
    if terms == (known.price_units, known.quantity_units):
        return _DUPLICATE
    change = event.quantity_units - known.quantity_units
    known.price_units, known.quantity_units = terms
    known.state = FillState.CORRECTED
    _amend(order, change)
    if order.filled_units > order.worst_units:
        order.alarm = f"{order.filled_units} filled of {order.worst_units} after a correction"
        return Outcome.ALARM
    return _APPLIED


# --- shared ---------------------------------------------------------------------------------
def _amend(order: "Order", change: int) -> None:
    """Fills changed after the fact: what the venue had counted changes with them."""
    order.filled_units += change
    order.claimed_units += change
    _settle(order)


def _proven(order: "Order", event: OrderEvent, after: OrderStatus) -> Outcome:
    """Take the status that the table names, and what the event answers."""
    order.status = after
    _answer(order, event)
    _settle(order)
    return _APPLIED


def _answer(order: "Order", event: OrderEvent) -> None:
    for kind in ANSWERS[event.__class__]:
        if kind is _SUBMIT:
            order.submit_request = None
        elif kind is RequestKind.CANCEL:
            order.cancel_request = None
        else:
            order.replace_request = order.asked = None


def _settle(order: "Order") -> None:
    """Close when the fills prove it. A larger quantity that was asked for keeps it open."""
    if order.status in TERMINAL:
        return
    if order.pending is not None:
        if order.filled_units >= order.claimed_units:
            _end(order, order.pending, order.reasons)
    elif order.filled_units and order.filled_units >= order.worst_units:
        _end(order, _FILLED, order.reasons)


def _end(order: "Order", status: OrderStatus, reasons: tuple[str, ...]) -> Outcome:
    order.status = status
    order.reasons = reasons
    order.pending = None
    order.submit_request = order.cancel_request = order.replace_request = order.asked = None
    return _APPLIED


def _illegal(order: "Order", why: str) -> Outcome:
    order.alarm = why
    return _ILLEGAL


HANDLERS: Final[Mapping[type[OrderEvent], Callable[["Order", Any, OrderStatus], Outcome]]] = {
    OrderDenied: _denied,
    OrderNotSent: _not_sent,
    OrderSubmitted: _submitted,
    OrderAccepted: _accepted,
    OrderRejected: _rejected,
    OrderTriggered: _triggered,
    OrderFilled: _filled,
    OrderCanceled: _ended,
    OrderExpired: _ended,
    OrderReplaced: _replaced,
    CancelRejected: _cancel_rejected,
    ReplaceRejected: _replace_refused,
    RequestUnknown: _unknown,
    FillBusted: _busted,
    FillCorrected: _corrected,
}
NEXT: Final[Mapping[type[OrderEvent], Mapping[OrderStatus, OrderStatus]]] = {
    kind: {status: row[kind] for status, row in TRANSITIONS.items() if kind in row}
    for kind in HANDLERS
}
