"""What evidence may do to an order: the one table of legal transitions, for both of its dimensions.

`TRANSITIONS[status][event class]` is the status that follows. An event class that is missing from a
row contradicts that status: nothing changes and the instrument is halted. Three rules stand beside
the table, because they depend on quantities:

- a fill that completes the order leads to `FILLED` where the table says `PARTIALLY_FILLED`;
- `CANCELED` and `EXPIRED` are reached once the known fills sum to the report's cumulative quantity;
- a fill is booked whatever the status: after a terminal one it raises an alarm.

`ANSWERS[event class]` names the requests that an event resolves. A `RequestUnknown` resolves nothing
and changes no status: every request that is still out becomes `UNKNOWN` until one of these arrives.
"""

from collections.abc import Mapping
from typing import Final

from openoutcry.state.enums import OrderStatus, RequestKind
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

_S = OrderStatus
Row = dict[type[OrderEvent], OrderStatus]

TERMINAL: Final = frozenset(
    {_S.DENIED, _S.NOT_SENT, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED}
)
"""Statuses that nothing leaves any more (membership only: never iterated)."""

_PROOF: Final[Row] = {  # what the first word from the venue proves, whatever it is
    OrderAccepted: _S.ACCEPTED,
    OrderRejected: _S.REJECTED,
    OrderTriggered: _S.TRIGGERED,
    OrderFilled: _S.PARTIALLY_FILLED,
    OrderCanceled: _S.CANCELED,
    OrderExpired: _S.EXPIRED,
    OrderReplaced: _S.ACCEPTED,
}


def _unchanged(status: OrderStatus, *events: type[OrderEvent]) -> Row:
    return dict.fromkeys(events, status)


def _aside(status: OrderStatus) -> Row:
    """Events that never change a status: refused requests, timeouts, amended fills."""
    return _unchanged(
        status, CancelRejected, ReplaceRejected, RequestUnknown, FillBusted, FillCorrected
    )


def _ended_here(status: OrderStatus) -> Row:
    """Rows of an order that never left: only a fill would still be booked."""
    return _unchanged(status, OrderFilled, RequestUnknown, CancelRejected, ReplaceRejected) | {
        (OrderDenied if status is _S.DENIED else OrderNotSent): status,
        FillBusted: status,
        FillCorrected: status,
    }


def _ended_there(status: OrderStatus) -> Row:
    """Rows of an order that worked at the venue and ended: late and repeated words are harmless."""
    return _aside(status) | _unchanged(
        status,
        OrderSubmitted,
        OrderAccepted,
        OrderTriggered,
        OrderFilled,
        OrderCanceled,
        OrderExpired,
        OrderReplaced,
        OrderNotSent,
    )


TRANSITIONS: Final[Mapping[OrderStatus, Row]] = {
    _S.INITIALIZED: _aside(_S.INITIALIZED)
    | _PROOF
    | {
        OrderDenied: _S.DENIED,
        OrderNotSent: _S.NOT_SENT,
        OrderSubmitted: _S.SUBMITTED,
    },
    _S.SUBMITTED: _aside(_S.SUBMITTED)
    | _PROOF
    | _unchanged(_S.SUBMITTED, OrderSubmitted)
    | {OrderNotSent: _S.NOT_SENT},
    _S.ACCEPTED: _aside(_S.ACCEPTED)
    | _PROOF
    | _unchanged(_S.ACCEPTED, OrderSubmitted, OrderNotSent),
    _S.TRIGGERED: _aside(_S.TRIGGERED)
    | _PROOF
    | _unchanged(_S.TRIGGERED, OrderSubmitted, OrderNotSent, OrderAccepted, OrderReplaced),
    _S.PARTIALLY_FILLED: _aside(_S.PARTIALLY_FILLED)
    | {kind: status for kind, status in _PROOF.items() if kind is not OrderRejected}
    | _unchanged(
        _S.PARTIALLY_FILLED,
        OrderSubmitted,
        OrderNotSent,
        OrderAccepted,
        OrderTriggered,
        OrderReplaced,
    ),
    _S.FILLED: _ended_there(_S.FILLED),
    _S.CANCELED: _ended_there(_S.CANCELED),
    _S.EXPIRED: _ended_there(_S.EXPIRED),
    _S.REJECTED: _aside(_S.REJECTED)
    | _unchanged(_S.REJECTED, OrderSubmitted, OrderNotSent, OrderRejected, OrderFilled),
    _S.DENIED: _ended_here(_S.DENIED),
    _S.NOT_SENT: _ended_here(_S.NOT_SENT),
}
"""The first dimension: status and event class give the next status; what is missing is illegal."""

ANSWERS: Final[Mapping[type[OrderEvent], tuple[RequestKind, ...]]] = {
    OrderAccepted: (RequestKind.SUBMIT,),
    OrderTriggered: (RequestKind.SUBMIT,),
    OrderFilled: (RequestKind.SUBMIT,),
    OrderRejected: (RequestKind.SUBMIT, RequestKind.CANCEL, RequestKind.REPLACE),
    OrderCanceled: (RequestKind.SUBMIT, RequestKind.CANCEL, RequestKind.REPLACE),
    OrderExpired: (RequestKind.SUBMIT, RequestKind.CANCEL, RequestKind.REPLACE),
    OrderReplaced: (RequestKind.SUBMIT, RequestKind.REPLACE),
    OrderNotSent: (RequestKind.REPLACE,),
    CancelRejected: (RequestKind.CANCEL,),
    ReplaceRejected: (RequestKind.REPLACE,),
}
"""The second dimension: which outstanding requests an event resolves; a final status resolves all."""
