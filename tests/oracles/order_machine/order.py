"""One order as the engine must keep it: an independent statement of `rust_ext/src/orders`.

An order changes only on evidence. Its first dimension is the status, its second the requests that
were sent and not answered; both follow the tables in `transitions`. A timeout proves nothing:
the request becomes `UNKNOWN`, what it may do stays counted in `exposure_units`, and only a report or
the answer to a query resolves it.
"""

import msgspec

from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import OrderStatus, Outcome, RequestKind, RequestState
from openoutcry.state.events import OrderEvent
from openoutcry.state.identifiers import ClientOrderId, FillId, VenueOrderId
from tests.oracles.order_machine.evidence import HANDLERS, NEXT, KnownFill
from tests.oracles.order_machine.transitions import TERMINAL

_ILLEGAL = Outcome.ILLEGAL


class Order(msgspec.Struct, kw_only=True, gc=False):
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
        total = self.claimed_units if self.pending is not None else self.worst_units
        return max(total - self.filled_units, 0)

    @property
    def worst_units(self) -> int:
        """The total quantity at worst: the larger of the terms in force and those asked for."""
        asked = self.asked
        if asked is None or asked.quantity_units is None:
            return self.quantity_units
        return max(self.quantity_units, asked.quantity_units)

    @property
    def missing_units(self) -> int:
        """What the venue says was filled beyond the fills that are known."""
        return max(self.claimed_units - self.filled_units, 0)

    def terms(self) -> SubmitOrder:
        """The order as it would be submitted today, with the terms that are in force."""
        if not self.replaced:
            return self.submit
        return msgspec.structs.replace(
            self.submit,
            quantity_units=self.quantity_units,
            limit_units=self.limit_units,
            trigger_units=self.trigger_units,
        )

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
        after = NEXT[event.__class__].get(self.status)
        if after is None:
            self.alarm = f"{type(event).__name__} while {self.status.value}"
            return _ILLEGAL
        outcome = HANDLERS[event.__class__](self, event, after)
        if outcome is not _ILLEGAL and event.ts_received > self.ts_last:
            self.ts_last = event.ts_received
        return outcome
