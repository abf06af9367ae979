"""What a venue says when it is asked: its orders, executions, balances and positions.

The same for every venue, simulated or real; its adapter fills it in. `replay/reconcile.py` compares it
with what we know.
"""

from collections.abc import Mapping
from enum import Enum, unique

import msgspec

from openoutcry.state.events import AnyAccountEvent, OrderFilled
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, VenueId, VenueOrderId


@unique
class VenueOrderStatus(Enum):
    """How an order stands at its venue."""

    WORKING = "working"  # also held back, waiting or partly filled
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as its venue knows it.

    Quantities and prices count the instrument's units. `filled_units` is the cumulative quantity,
    `ts` the venue's time of the last change. `client_order_id` is None for an order that somebody
    sent without one, or under one that is not ours.
    """

    client_order_id: ClientOrderId | None
    venue_order_id: VenueOrderId
    instrument: InstrumentId
    status: VenueOrderStatus
    quantity_units: int
    limit_units: int | None
    trigger_units: int | None
    filled_units: int
    triggered: bool
    reason: str
    ts: int


class VenueAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All that a venue said at one moment.

    `movements` are the executions of those orders and of any others of the account, and what moved cash
    or positions without a fill, in the order in which they happened: the profit that a fill realises
    depends on the fills before it. Their `ts_received` means nothing. `balances` are units by currency, `positions` signed quantities by instrument, all legs
    together.

    `proves_absence` says that no request is under way any more and that an order that is not among
    `orders` never reached the venue: true of a venue that answers for every id that it was asked
    about. Otherwise what is missing stays unknown.
    """

    venue: VenueId
    ts: int
    orders: tuple[VenueOrder, ...]
    movements: tuple[OrderFilled | AnyAccountEvent, ...]
    balances: Mapping[str, int] = {}
    positions: Mapping[InstrumentId, int] = {}
    proves_absence: bool = False
