"""Compare what a venue says with what we know, and say what is missing: evidence, and what is odd.

Pure and the same for every venue. The evidence is what the venue's own reports would have come to, in an
order in which they could have come; given to the order path it brings orders and books up to date. What
no evidence can explain is a finding, for which the instrument is halted. Running it again after the
evidence was taken finds nothing more to say.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from enum import Enum, unique
from typing import Final

import msgspec

from openoutcry.state.enums import OrderStatus, RequestState
from openoutcry.state.events import (
    AnyAccountEvent,
    AnyOrderEvent,
    CancelRejected,
    CashAdjusted,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    ReplaceRejected,
    RequestUnknown,
)
from openoutcry.state.identifiers import ClientOrderId, FillId, InstrumentId
from openoutcry.state.orders import Order
from openoutcry.state.venue_answers import VenueAnswer, VenueOrder, VenueOrderStatus

NOT_FOUND: Final = "not_found"
"""Reason of an `OrderRejected`: the venue proves that it never got the order."""
NOT_RECEIVED: Final = "not_received"
"""Reason of a refused cancel or replace that the venue proves it never got."""
NO_ANSWER: Final = "not_in_the_answer"
"""Reason of a request that stays unknown: the venue said nothing about the order."""

_WORKING: Final = VenueOrderStatus.WORKING
_REJECTED: Final = VenueOrderStatus.REJECTED
_BEFORE_TRIGGER: Final = (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED, OrderStatus.ACCEPTED)
_Head = tuple[ClientOrderId, InstrumentId, int, int]


@unique
class Oddity(Enum):
    """What no evidence explains."""

    FOREIGN_ORDER = "foreign_order"  # works at the venue, and nobody here sent it
    FOREIGN_FILL = "foreign_fill"  # an execution of an order that nobody here sent
    LOST_ORDER = "lost_order"  # the venue took it once and does not know it any more
    UNRESOLVED = "unresolved"  # the venue says nothing about it, which proves nothing
    CONTRADICTION = "contradiction"  # venue and we are sure of two different things
    MISSING_FILLS = "missing_fills"  # the venue filled more than the fills that it tells of
    BALANCE = "balance"
    POSITION = "position"


class Finding(msgspec.Struct, frozen=True):
    """Something that a person must look at; trading of the instrument waits for it.

    `instrument` is None when the whole account is concerned.
    """

    kind: Oddity
    instrument: InstrumentId | None
    what: str


class Reconciliation(msgspec.Struct, frozen=True):
    """What to tell the core, in this order, and what to halt for."""

    evidence: tuple[AnyOrderEvent | AnyAccountEvent, ...]
    findings: tuple[Finding, ...]


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of a venue's account.

    `open` are the orders that are not over; `find` gives any order of ours by its id. `knows_fill`
    says whether a fill of an order that is not ours was booked, `events` are the account events of
    this venue that were taken, as far back as the venue's answer may go. `forgot` says whether an
    order is one of ours that ended too long ago to be known.
    """

    open: Collection[Order]
    find: Callable[[ClientOrderId], Order | None]
    knows_fill: Callable[[InstrumentId, FillId], bool]
    events: Collection[AnyAccountEvent] = ()
    forgot: Callable[[ClientOrderId], bool] = lambda _: False


def reconcile(ours: Ours, answer: VenueAnswer, now: int) -> Reconciliation:
    """What the venue's answer adds to what we know.

    Args:
        ours: Our side.
        answer: The venue's word.
        now: Stamp of the evidence, `ts_received`.
    """
    run = _Run(ours, answer, now)
    run.all()
    return Reconciliation((*run.before, *run.moved, *run.after), tuple(run.findings))


def differences(
    balances: Mapping[str, int], positions: Mapping[InstrumentId, int], answer: VenueAnswer
) -> tuple[Finding, ...]:
    """Where our books differ from the venue's account, once the evidence was taken.

    Args:
        balances: Our units by currency at this venue.
        positions: Our signed units by instrument at this venue, all legs together.
        answer: The venue's word; what it does not name is 0.
    """
    findings = []
    for code in sorted({*balances, *answer.balances}):
        our, their = balances.get(code, 0), answer.balances.get(code, 0)
        if our != their:
            text = f"{code} at {answer.venue}: {their} units there, {our} in our books"
            findings.append(Finding(Oddity.BALANCE, None, text))
    for instrument in sorted({*positions, *answer.positions}):
        our, their = positions.get(instrument, 0), answer.positions.get(instrument, 0)
        if our != their:
            text = f"{instrument}: {their} units at the venue, {our} in our books"
            findings.append(Finding(Oddity.POSITION, instrument, text))
    return tuple(findings)


class _Run:
    """One comparison. `before`, `moved` and `after` together are the evidence.

    Orders begin first, then everything moves in the order in which it did, then orders end.
    """

    def __init__(self, ours: Ours, answer: VenueAnswer, now: int) -> None:
        self.ours, self.answer, self.now = ours, answer, now
        self.before: list[AnyOrderEvent] = []
        self.moved: list[OrderFilled | AnyAccountEvent] = []
        self.after: list[AnyOrderEvent] = []
        self.findings: list[Finding] = []
        self.missed: Counter[ClientOrderId] = Counter()

    def all(self) -> None:
        """What moved, the orders of the answer, then ours that it leaves out."""
        self.movements()
        named = set()
        for theirs in self.answer.orders:
            order = None
            if theirs.client_order_id is not None:
                named.add(theirs.client_order_id)
                order = self.ours.find(theirs.client_order_id)
            if order is None:
                self.foreign(theirs)
            elif self.agrees(order, theirs):
                self.both(order, theirs)
        for order in self.ours.open:
            if order.client_order_id not in named:
                self.left_out(order)

    # --- what moved -----------------------------------------------------------------------------
    def movements(self) -> None:
        """Each fill and account event that we do not know."""
        known = Counter(map(_identity, self.ours.events))
        for movement in self.answer.movements:
            if isinstance(movement, OrderFilled):
                order = self.ours.find(movement.client_order_id)
                if order is not None:
                    self.fill(order, movement)
                elif not self.ours.forgot(movement.client_order_id):
                    self.stray(movement)
            elif known[identity := _identity(movement)]:
                known[identity] -= 1
            else:
                self.moved.append(msgspec.structs.replace(movement, ts_received=self.now))

    def fill(self, order: Order, fill: OrderFilled) -> None:
        """A fill of an order of ours."""
        ours = order.fills.get(fill.fill_id)
        if ours is None:
            position = order.submit.position
            own = msgspec.structs.replace(fill, ts_received=self.now, position=position)
            self.moved.append(own)
            self.missed[fill.client_order_id] += fill.quantity_units
        elif (ours.price_units, ours.quantity_units) != (fill.price_units, fill.quantity_units):
            there = f"{fill.quantity_units} at {fill.price_units} there"
            here = f"{ours.quantity_units} at {ours.price_units} here"
            self.odd(Oddity.CONTRADICTION, order, f"fill {fill.fill_id} is {there}, {here}")

    def stray(self, fill: OrderFilled) -> None:
        """An execution of an order that is not ours: it is booked, and looked at."""
        if not self.ours.knows_fill(fill.instrument, fill.fill_id):
            self.moved.append(msgspec.structs.replace(fill, ts_received=self.now))
            text = f"fill {fill.fill_id} of venue order {fill.venue_order_id} is not ours"
            self.findings.append(Finding(Oddity.FOREIGN_FILL, fill.instrument, text))

    # --- orders that both know ------------------------------------------------------------------
    def agrees(self, order: Order, theirs: VenueOrder) -> bool:
        """Whether nothing that is proven here speaks against what the venue says."""
        known = order.venue_order_id
        if theirs.instrument != order.instrument:
            self.odd(Oddity.CONTRADICTION, order, f"the venue has it for {theirs.instrument}")
        elif known and theirs.venue_order_id and known != theirs.venue_order_id:
            text = f"venue order {theirs.venue_order_id}, here it is {known}"
            self.odd(Oddity.CONTRADICTION, order, text)
        elif theirs.status is _REJECTED and (order.filled_units or order.ts_accepted is not None):
            self.odd(Oddity.CONTRADICTION, order, "rejected there, accepted or filled here")
        elif order.is_final and not _same_end(order, theirs):
            text = f"{theirs.status.value} there, {order.status.value} here"
            self.odd(Oddity.CONTRADICTION, order, text)
        else:
            return True
        return False

    def both(self, order: Order, theirs: VenueOrder) -> None:
        """An order of ours as the venue knows it."""
        filled = order.filled_units + self.missed[ClientOrderId(order.client_order_id)]
        if filled != theirs.filled_units:
            text = f"filled {theirs.filled_units} units, fills of {filled} are known"
            self.odd(Oddity.MISSING_FILLS, order, text)
        if order.is_final:
            return
        head = self.head(order, theirs.ts)
        if theirs.status is _REJECTED:
            self.after.append(OrderRejected(*head, theirs.reason, ""))
            return
        self.begin(order, theirs, head)
        if order.pending is None and theirs.status is VenueOrderStatus.CANCELED:
            self.after.append(OrderCanceled(*head, theirs.filled_units, theirs.reason))
        elif order.pending is None and theirs.status is VenueOrderStatus.EXPIRED:
            self.after.append(OrderExpired(*head, theirs.filled_units, theirs.reason))
        elif order.cancel_request is not None and self.is_deaf(theirs):
            self.after.append(CancelRejected(*head, NOT_RECEIVED))

    def begin(self, order: Order, theirs: VenueOrder, head: _Head) -> None:
        """That it works, on which terms, and whether its trigger was met."""
        if order.ts_accepted is None:
            self.before.append(OrderAccepted(*head, theirs.venue_order_id))
        terms = (theirs.quantity_units, theirs.limit_units, theirs.trigger_units)
        changed = terms != (order.quantity_units, order.limit_units, order.trigger_units)
        asked = order.asked
        if changed or (asked is not None and terms == _wanted(order)):
            self.before.append(OrderReplaced(*head, *terms))
        elif asked is not None and self.is_deaf(theirs):
            self.before.append(ReplaceRejected(*head, NOT_RECEIVED))
        if theirs.triggered and order.status in _BEFORE_TRIGGER:
            self.before.append(OrderTriggered(*head))

    def is_deaf(self, theirs: VenueOrder) -> bool:
        """Whether a request that changed nothing at the venue will not change it any more."""
        return self.answer.proves_absence or theirs.status is not _WORKING

    # --- orders that only one side knows --------------------------------------------------------
    def left_out(self, order: Order) -> None:
        """An open order of ours that the venue does not name."""
        head = self.head(order, self.answer.ts)
        proven = order.venue_order_id is not None or bool(order.filled_units)
        if proven and self.answer.proves_absence:
            self.odd(Oddity.LOST_ORDER, order, "the venue accepted it and does not know it")
        elif self.answer.proves_absence:
            self.after.append(OrderRejected(*head, NOT_FOUND, ""))
        else:
            if _asks(order):
                self.after.append(RequestUnknown(*head, NO_ANSWER))
            self.odd(Oddity.UNRESOLVED, order, "the venue does not name it")

    def foreign(self, theirs: VenueOrder) -> None:
        """An order that nobody here sent."""
        if theirs.status is _WORKING:
            text = f"venue order {theirs.venue_order_id} ({theirs.client_order_id or 'no id'})"
            found = Finding(Oddity.FOREIGN_ORDER, theirs.instrument, f"{text} is not ours")
            self.findings.append(found)

    # --- shared -------------------------------------------------------------------------------
    def head(self, order: Order, ts: int) -> _Head:
        """What all evidence about an order begins with."""
        return ClientOrderId(order.client_order_id), InstrumentId(order.instrument), ts, self.now

    def odd(self, kind: Oddity, order: Order, what: str) -> None:
        """A finding about an order."""
        text = f"order {order.client_order_id}: {what}"
        self.findings.append(Finding(kind, InstrumentId(order.instrument), text))


def _same_end(order: Order, theirs: VenueOrder) -> bool:
    """Whether an order that is over here may stand so at the venue."""
    if order.status is OrderStatus.REJECTED:
        return theirs.status is _REJECTED
    ends: Mapping[OrderStatus, VenueOrderStatus] = {
        OrderStatus.FILLED: VenueOrderStatus.FILLED,
        OrderStatus.CANCELED: VenueOrderStatus.CANCELED,
        OrderStatus.EXPIRED: VenueOrderStatus.EXPIRED,
    }
    # An order that was replaced to what it had filled is canceled there and filled here.
    done = theirs.status is not _WORKING and theirs.filled_units == order.filled_units
    return ends.get(order.status) is theirs.status or (
        done and order.status is OrderStatus.FILLED and theirs.quantity_units == theirs.filled_units
    )


def _wanted(order: Order) -> tuple[int, int | None, int | None]:
    """The terms that an outstanding replace asks for."""
    asked = order.asked
    assert asked is not None
    quantity, limit, trigger = asked.quantity_units, asked.limit_units, asked.trigger_units
    return (
        order.quantity_units if quantity is None else quantity,
        order.limit_units if limit is None else limit,
        order.trigger_units if trigger is None else trigger,
    )


def _asks(order: Order) -> bool:
    """Whether a request waits for an answer, or may have left."""
    requests = (order.submit_request, order.cancel_request, order.replace_request)
    unsaid = order.status is OrderStatus.INITIALIZED and order.submit_request is None
    return unsaid or RequestState.SENT in requests


def _identity(event: AnyAccountEvent) -> tuple[object, ...]:
    """What makes two tellings of an account event the same: all but when we heard, and whose it is."""
    if isinstance(event, CashAdjusted):
        event = msgspec.structs.replace(event, strategy=None)
    bare = msgspec.structs.replace(event, ts_received=0)
    return (type(event).__name__, *msgspec.structs.astuple(bare))
