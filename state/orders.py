"""One order: what was asked, what is proven, and what may still happen.

An order changes only on evidence. Its first dimension is the status, its second the requests that
were sent and not answered; both follow the tables in `order_transitions`. A timeout proves nothing:
the request becomes `UNKNOWN`, what it may do stays counted in `exposure_units`, and only a report or
the answer to a query resolves it.
"""

from collections.abc import Callable, Mapping
from enum import Enum, unique
from typing import Any, Final

import msgspec

from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import OrderStatus, RequestKind, RequestState
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
from openoutcry.state.identifiers import ClientOrderId, FillId, VenueOrderId
from openoutcry.state.order_transitions import ANSWERS, TERMINAL, TRANSITIONS


@unique
class Outcome(Enum):
    """What a piece of evidence meant to an order."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # nothing new: a repeated fill or acknowledgement, a late answer
    ILLEGAL = "illegal"  # contradicts what is proven: nothing changed, halt the instrument
    ALARM = "alarm"  # a fill that should not be: booked all the same, halt the instrument


@unique
class FillState(Enum):
    """What became of a fill."""

    BOOKED = "booked"
    CORRECTED = "corrected"
    BUSTED = "busted"
    BUSTED_UNSEEN = "busted_unseen"  # taken back before the fill itself arrived


class KnownFill(msgspec.Struct, gc=False, array_like=True):
    """A fill as it stands now: price and quantity in units, after corrections."""

    price_units: int
    quantity_units: int
    state: FillState = FillState.BOOKED


class Order(msgspec.Struct, kw_only=True):
    """Everything known of one order; quantities in units of 10^-`size_scale`.

    `quantity_units`, `limit_units` and `trigger_units` are the terms proven to be in force, which a
    replace changes. `claimed_units` is the largest cumulative quantity the venue has named: where it
    exceeds `filled_units`, fills are missing. `pending` is the end that the venue reported while
    fills were still missing. `alarm` says why the last piece of evidence was illegal or alarming.
    `reasons` are the words of a denial, rejection, cancel or expiry.
    """

    submit: SubmitOrder
    quantity_units: int
    limit_units: int | None
    trigger_units: int | None
    status: OrderStatus = OrderStatus.INITIALIZED
    filled_units: int = 0
    claimed_units: int = 0
    fills: dict[FillId, KnownFill] = {}
    venue_order_id: VenueOrderId | None = None
    submit_request: RequestState | None = None
    cancel_request: RequestState | None = None
    replace_request: RequestState | None = None
    asked: ReplaceOrder | None = None
    replaced: bool = False
    pending: OrderStatus | None = None
    reasons: tuple[str, ...] = ()
    alarm: str | None = None
    ts_submitted: int | None = None
    ts_accepted: int | None = None
    ts_last: int = 0

    @classmethod
    def new(cls, submit: SubmitOrder) -> "Order":
        """The order that a command asks for; nothing has happened to it yet."""
        return cls(
            submit=submit,
            quantity_units=submit.quantity_units,
            limit_units=submit.limit_units,
            trigger_units=submit.trigger_units,
            ts_last=submit.ts,
        )

    @property
    def client_order_id(self) -> ClientOrderId:
        """Our id of the order."""
        return self.submit.client_order_id

    @property
    def is_final(self) -> bool:
        """Whether the status is terminal and, by that, nothing more is expected."""
        return self.status in TERMINAL

    @property
    def is_open(self) -> bool:
        """Whether the order may still fill, as far as is proven."""
        return self.status not in TERMINAL

    @property
    def outstanding(self) -> tuple[RequestKind, RequestState] | None:
        """The request that waits for an answer; of several, the one that would end or change most."""
        if self.cancel_request is not None:
            return RequestKind.CANCEL, self.cancel_request
        if self.replace_request is not None:
            return RequestKind.REPLACE, self.replace_request
        if self.submit_request is not None:
            return RequestKind.SUBMIT, self.submit_request
        return None

    @property
    def is_unknown(self) -> bool:
        """Whether any request may or may not have reached the venue."""
        unknown = RequestState.UNKNOWN
        return (
            self.submit_request is unknown
            or self.replace_request is unknown
            or self.cancel_request is unknown
        )

    @property
    def leaves_units(self) -> int:
        """What may still fill under the terms in force; 0 when final."""
        if self.status in TERMINAL:
            return 0
        total = self.claimed_units if self.pending is not None else self.quantity_units
        return max(total - self.filled_units, 0)

    @property
    def exposure_units(self) -> int:
        """What may still fill at worst: the larger of old and asked-for terms; 0 when final."""
        if self.status in TERMINAL:
            return 0
        total = self.claimed_units if self.pending is not None else self._worst_quantity
        return max(total - self.filled_units, 0)

    @property
    def missing_units(self) -> int:
        """What the venue says was filled beyond the fills that are known."""
        return max(self.claimed_units - self.filled_units, 0)

    def request(self, command: CancelOrder | ReplaceOrder) -> str | None:
        """Note that a cancel or replace is on its way; from now on it counts.

        Returns:
            Why it can't be asked (nothing is noted then), or None.
        """
        if self.status in TERMINAL:
            return f"the order is {self.status.value}"
        if isinstance(command, CancelOrder):
            self.cancel_request = RequestState.SENT
            return None
        if self.pending is not None:
            return f"the order is ending ({self.pending.value})"
        if self.replace_request is not None:
            return f"another replace is {self.replace_request.value}"
        self.replace_request = RequestState.SENT
        self.asked = command
        return None

    def apply(self, event: OrderEvent) -> Outcome:
        """Take a piece of evidence. Fills are booked in every status; see `Outcome`."""
        after = _NEXT[event.__class__].get(self.status)
        if after is None:
            return self._illegal(f"{type(event).__name__} while {self.status.value}")
        outcome: Outcome = _HANDLERS[event.__class__](self, event, after)
        if outcome is not Outcome.ILLEGAL and event.ts_received > self.ts_last:
            self.ts_last = event.ts_received
        return outcome

    # --- before the venue -----------------------------------------------------------------------
    def _denied(self, event: OrderDenied, after: OrderStatus) -> Outcome:
        if self.status is after:
            return Outcome.DUPLICATE
        if self.submit_request is not None:
            return self._illegal("denied although it may have left")
        return self._end(after, event.reasons)

    def _not_sent(self, event: OrderNotSent, after: OrderStatus) -> Outcome:
        if self.status in TERMINAL:
            return Outcome.DUPLICATE
        if self.status is not OrderStatus.INITIALIZED:
            # The gate dropped a replace: the order is as it was.
            if self.replace_request is not RequestState.SENT:
                return self._illegal("not sent although nothing was waiting to be sent")
            return self._replace_refused(event, after)
        if self.submit_request is not None:
            return self._illegal("not sent although it may have left")
        return self._end(after, (event.reason,))

    def _submitted(self, event: OrderSubmitted, after: OrderStatus) -> Outcome:
        if self.status is not OrderStatus.INITIALIZED:
            return Outcome.DUPLICATE
        if self.submit_request is not None:
            return self._illegal("sent again although it may have left")
        self.status = after
        self.submit_request = RequestState.SENT
        self.ts_submitted = event.ts_received
        return Outcome.APPLIED

    # --- words of the venue ---------------------------------------------------------------------
    def _accepted(self, event: OrderAccepted, after: OrderStatus) -> Outcome:
        known = self.venue_order_id
        if known is not None and known != event.venue_order_id:
            # One id of ours for two orders of theirs: both may fill.
            return self._illegal(f"accepted as {event.venue_order_id} and as {known}")
        if known is not None and self.status is after and self.ts_accepted is not None:
            return Outcome.DUPLICATE
        self.venue_order_id = event.venue_order_id
        self.ts_accepted = event.ts_received
        return self._proven(event, after)

    def _triggered(self, event: OrderTriggered, after: OrderStatus) -> Outcome:
        if self.status is after:
            return Outcome.DUPLICATE
        return self._proven(event, after)

    def _rejected(self, event: OrderRejected, after: OrderStatus) -> Outcome:
        if self.status is after:
            return Outcome.DUPLICATE
        if self.filled_units or self.claimed_units:
            return self._illegal("rejected although it has fills")
        text = (event.reason, event.text) if event.text else (event.reason,)
        return self._end(after, text)

    def _ended(self, event: OrderCanceled | OrderExpired, after: OrderStatus) -> Outcome:
        cumulative = event.cumulative_units
        if cumulative < self.claimed_units:
            return self._illegal(
                f"{after.value} with {cumulative} filled, but {self.claimed_units} are proven"
            )
        if self.status in TERMINAL:
            if cumulative == self.claimed_units:
                return Outcome.DUPLICATE
            return self._illegal(
                f"{cumulative} filled, but it ended {self.status.value} with {self.claimed_units}"
            )
        if self.pending is not None and cumulative == self.claimed_units:
            return Outcome.DUPLICATE
        self.claimed_units = cumulative
        self.pending = after
        self.reasons = (event.reason,) if event.reason else ()
        self._answer(event)
        self._settle()
        return Outcome.APPLIED

    def _replaced(self, event: OrderReplaced, after: OrderStatus) -> Outcome:
        quantity = event.quantity_units
        if self.status in TERMINAL:
            if self.status is OrderStatus.FILLED and quantity > self.filled_units:
                return self._illegal(f"replaced to {quantity} after it was filled")
            return Outcome.DUPLICATE
        if quantity <= 0 or quantity < self.filled_units:
            return self._illegal(f"replaced to {quantity}, but {self.filled_units} are filled")
        terms = (quantity, event.limit_units, event.trigger_units)
        if (
            self.replace_request is None
            and self.status is after
            and terms == (self.quantity_units, self.limit_units, self.trigger_units)
        ):
            return Outcome.DUPLICATE
        self.quantity_units, self.limit_units, self.trigger_units = terms
        self.replaced = True
        return self._proven(event, after)

    def _cancel_rejected(self, event: CancelRejected, _after: OrderStatus) -> Outcome:
        if self.cancel_request is None:
            return Outcome.DUPLICATE
        self._answer(event)
        return Outcome.APPLIED

    def _replace_refused(
        self, event: ReplaceRejected | OrderNotSent, _after: OrderStatus
    ) -> Outcome:
        if self.replace_request is None:
            return Outcome.DUPLICATE
        self._answer(event)
        self._settle()
        return Outcome.APPLIED

    def _unknown(self, _event: RequestUnknown, _after: OrderStatus) -> Outcome:
        sent, unknown = RequestState.SENT, RequestState.UNKNOWN
        if self.status in TERMINAL:
            return Outcome.DUPLICATE
        before = (self.submit_request, self.cancel_request, self.replace_request)
        if self.submit_request is sent or self.status is OrderStatus.INITIALIZED:
            # A restart can't tell whether an order that never said `submitted` had left.
            self.submit_request = unknown
        if self.cancel_request is sent:
            self.cancel_request = unknown
        if self.replace_request is sent:
            self.replace_request = unknown
        after = (self.submit_request, self.cancel_request, self.replace_request)
        return Outcome.DUPLICATE if after == before else Outcome.APPLIED

    # --- fills ------------------------------------------------------------------------------------
    def _filled(self, event: OrderFilled, after: OrderStatus) -> Outcome:
        quantity = event.quantity_units
        if quantity <= 0:
            return self._illegal(f"fill {event.fill_id} of {quantity}")
        known = self.fills.get(event.fill_id)
        if known is not None:
            return self._seen(known, event)
        self.fills[event.fill_id] = KnownFill(event.price_units, quantity)
        filled = self.filled_units + quantity
        self.filled_units = filled
        limit = self.claimed_units if self.pending is not None else self._worst_quantity
        why = self._doubt(event, filled, limit)
        self.claimed_units = max(self.claimed_units, event.cumulative_units)
        self.claimed_units = max(self.claimed_units, filled)
        if self.venue_order_id is None or self.replaced:
            self.venue_order_id = event.venue_order_id
        self._proven(event, after)
        if why is None:
            return Outcome.APPLIED
        self.alarm = f"fill {event.fill_id} of {quantity} booked: {why}"
        return Outcome.ALARM

    def _doubt(self, event: OrderFilled, filled: int, limit: int) -> str | None:
        """Why a fill that is booked should not have happened."""
        if self.status in TERMINAL:
            return f"the order was {self.status.value}"
        total = max(filled, event.cumulative_units)
        if total > limit:
            return f"{total} filled of {limit}"
        if event.side is not self.submit.side:
            return f"its side is {event.side.value}"
        venue_order_id = self.venue_order_id
        if venue_order_id not in (None, event.venue_order_id) and not self.replaced:
            return f"it belongs to venue order {event.venue_order_id}, not {venue_order_id}"
        return None

    def _seen(self, known: KnownFill, event: OrderFilled) -> Outcome:
        """A fill id that is known: a repetition, or the fill that a bust ran ahead of."""
        if known.state is FillState.BUSTED_UNSEEN:
            known.state = FillState.BUSTED
            known.price_units, known.quantity_units = event.price_units, event.quantity_units
            self.claimed_units = max(self.claimed_units - event.quantity_units, self.filled_units)
            self._settle()
            return Outcome.DUPLICATE
        same = (known.price_units, known.quantity_units) == (
            event.price_units,
            event.quantity_units,
        )
        if not same and known.state is FillState.BOOKED:
            return self._illegal(f"fill {event.fill_id} repeated with another price or quantity")
        return Outcome.DUPLICATE

    def _busted(self, event: FillBusted, _after: OrderStatus) -> Outcome:
        known = self.fills.get(event.fill_id)
        if known is None:
            self.fills[event.fill_id] = KnownFill(0, 0, FillState.BUSTED_UNSEEN)
            return Outcome.APPLIED
        if known.state in (FillState.BUSTED, FillState.BUSTED_UNSEEN):
            return Outcome.DUPLICATE
        known.state = FillState.BUSTED
        self._amend(-known.quantity_units)
        return Outcome.APPLIED

    def _corrected(self, event: FillCorrected, _after: OrderStatus) -> Outcome:
        known = self.fills.get(event.fill_id)
        if known is None or known.state in (FillState.BUSTED, FillState.BUSTED_UNSEEN):
            state = "unknown" if known is None else "busted"
            return self._illegal(f"correction of fill {event.fill_id}, which is {state}")
        if event.quantity_units <= 0:
            return self._illegal(f"fill {event.fill_id} corrected to {event.quantity_units}")
        terms = (event.price_units, event.quantity_units)
        if terms == (known.price_units, known.quantity_units):
            return Outcome.DUPLICATE
        change = event.quantity_units - known.quantity_units
        known.price_units, known.quantity_units = terms
        known.state = FillState.CORRECTED
        self._amend(change)
        if self.filled_units > self._worst_quantity:
            self.alarm = f"{self.filled_units} filled of {self._worst_quantity} after a correction"
            return Outcome.ALARM
        return Outcome.APPLIED

    # --- shared ---------------------------------------------------------------------------------
    @property
    def _worst_quantity(self) -> int:
        asked = self.asked
        if asked is None or asked.quantity_units is None:
            return self.quantity_units
        return max(self.quantity_units, asked.quantity_units)

    def _amend(self, change: int) -> None:
        """Fills changed after the fact: what the venue had counted changes with them."""
        self.filled_units += change
        self.claimed_units += change
        self._settle()

    def _proven(self, event: OrderEvent, after: OrderStatus) -> Outcome:
        """Take the status that the table names, and what the event answers."""
        self.status = after
        self._answer(event)
        self._settle()
        return Outcome.APPLIED

    def _answer(self, event: OrderEvent) -> None:
        for kind in ANSWERS[event.__class__]:
            if kind is RequestKind.SUBMIT:
                self.submit_request = None
            elif kind is RequestKind.CANCEL:
                self.cancel_request = None
            else:
                self.replace_request = self.asked = None

    def _settle(self) -> None:
        """Close when the fills prove it. A larger quantity that was asked for keeps it open."""
        if self.status in TERMINAL:
            return
        if self.pending is not None:
            if self.filled_units >= self.claimed_units:
                self._end(self.pending, self.reasons)
        elif self.filled_units and self.filled_units >= self._worst_quantity:
            self._end(OrderStatus.FILLED, self.reasons)

    def _end(self, status: OrderStatus, reasons: tuple[str, ...]) -> Outcome:
        self.status = status
        self.reasons = reasons
        self.pending = None
        self.submit_request = self.cancel_request = self.replace_request = self.asked = None
        return Outcome.APPLIED

    def _illegal(self, why: str) -> Outcome:
        self.alarm = why
        return Outcome.ILLEGAL


_HANDLERS: Final[Mapping[type[OrderEvent], Callable[[Order, Any, OrderStatus], Outcome]]] = {
    OrderDenied: Order._denied,
    OrderNotSent: Order._not_sent,
    OrderSubmitted: Order._submitted,
    OrderAccepted: Order._accepted,
    OrderRejected: Order._rejected,
    OrderTriggered: Order._triggered,
    OrderFilled: Order._filled,
    OrderCanceled: Order._ended,
    OrderExpired: Order._ended,
    OrderReplaced: Order._replaced,
    CancelRejected: Order._cancel_rejected,
    ReplaceRejected: Order._replace_refused,
    RequestUnknown: Order._unknown,
    FillBusted: Order._busted,
    FillCorrected: Order._corrected,
}
_NEXT: Final[Mapping[type[OrderEvent], Mapping[OrderStatus, OrderStatus]]] = {
    kind: {status: row[kind] for status, row in TRANSITIONS.items() if kind in row}
    for kind in _HANDLERS
}
