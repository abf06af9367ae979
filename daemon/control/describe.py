"""Messages in one line of plain words, for `tail` and `why`. Imports nothing heavy."""

import msgspec

from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import (
    CancelAll,
    CancelOrder,
    Flatten,
    Halt,
    ManualOrder,
    ReplaceOrder,
    Resume,
    RiskApproved,
    SubmitOrder,
)
from openoutcry.state.control_messages import CommandReceived
from openoutcry.state.decimals import to_decimal
from openoutcry.state.events import (
    ActorFailed,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    TimerFired,
    TradingHalted,
    TradingResumed,
)
from openoutcry.state.market_data import Bar, Quote, Trade
from openoutcry.state.messages import UNDEFINED


def describe(message: AnyMessage) -> str:  # noqa: PLR0911 - one line for each kind of message
    """What a message says, without its time."""
    match message:
        case OrderEvent():
            return describe_event(message)
        case RiskApproved():
            return describe_command(message.command)
        case TradingHalted() | TradingResumed() | Halt() | Resume() | CancelAll() | Flatten():
            return _scoped(message)
        case ManualOrder():
            return f"manual order: {describe_order(message)}"
        case CommandReceived(verb=verb, client=client):
            return f"{verb} of {client}"
        case TimerFired(owner=owner, name=name):
            return f"timer {name} of {owner}"
        case ActorFailed(actor=actor, error=error, policy=policy):
            return f"{actor} failed: {error} ({policy})"
        case Quote() | Trade() | Bar():
            return describe_datum(message)
        case _:
            return ", ".join(f"{name} {value}" for name, value in _fields(message) if value != "")


def describe_command(command: SubmitOrder | CancelOrder | ReplaceOrder) -> str:
    """An intent: what is asked of the venue."""
    match command:
        case SubmitOrder():
            return f"{describe_order(command)}, {command.time_in_force.value}"
        case CancelOrder():
            return "cancel"
        case ReplaceOrder(quantity_units=quantity, limit_units=limit, trigger_units=trigger):
            named = (("quantity", quantity), ("limit", limit), ("trigger", trigger))
            terms = [f"{name} {count} units" for name, count in named if count is not None]
            return "replace: " + ", ".join(terms)


def describe_order(order: SubmitOrder | ManualOrder) -> str:
    """`buy 0.5 BTCUSDT.SIM limit 60000.00`."""
    quantity = to_decimal(order.quantity_units, order.size_scale)
    text = f"{order.side.value} {quantity:f} {order.instrument}"
    for word, price in (("limit", order.limit_units), ("trigger", order.trigger_units)):
        if price is not None:
            text += f" {word} {to_decimal(price, order.price_scale):f}"
    if order.limit_units is None and order.trigger_units is None:
        text += " at market" if order.order_type.value == "market" else f" {order.order_type.value}"
    return text


def describe_event(event: OrderEvent) -> str:
    """What a venue, our risk or our gate said of an order."""
    match event:
        case OrderFilled():
            side = "bought" if event.side.value == "buy" else "sold"
            fee = f", fee {event.fee:f} {event.fee_currency}" if event.fee_units else ""
            return f"{side} {event.quantity:f} at {event.price:f} ({event.liquidity.value}){fee}"
        case OrderDenied(reasons=reasons):
            return "denied: " + "; ".join(reasons)
        case OrderAccepted(venue_order_id=venue):
            return f"accepted as {venue}"
        case OrderRejected(reason=reason, text=text):
            return f"rejected: {reason}" + (f" ({text})" if text and text != reason else "")
        case OrderCanceled(reason=reason) | OrderExpired(reason=reason):
            word = "canceled" if isinstance(event, OrderCanceled) else "expired"
            return f"{word}: {reason}"
        case _:
            reason = getattr(event, "reason", "")
            return _words(type(event).__name__) + (f": {reason}" if reason else "")


def describe_datum(datum: Quote | Trade | Bar) -> str:
    """A quote, trade or bar by its prices."""

    def price(units: int) -> str:
        return "none" if units == UNDEFINED else f"{to_decimal(units, datum.price_scale):f}"

    match datum:
        case Quote(bid_units=bid, ask_units=ask):
            return f"quote of {datum.instrument}: bid {price(bid)}, ask {price(ask)}"
        case Trade(price_units=units):
            return f"trade of {datum.instrument} at {price(units)}"
        case Bar(close_units=units):
            return f"bar of {datum.instrument}, close {price(units)}"


def _scoped(message: msgspec.Struct) -> str:
    named = [getattr(message, "strategy", None), getattr(message, "instrument", None)]
    scope = " ".join(name for name in named if name) or "everything"
    reason = getattr(message, "reason", "")
    return f"{_words(type(message).__name__)} {scope}" + (f": {reason}" if reason else "")


def _words(name: str) -> str:
    """`TradingHalted` as `trading halted`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _fields(message: msgspec.Struct) -> list[tuple[str, object]]:
    hidden = ("ts", "ts_event", "ts_received")
    named = zip(message.__struct_fields__, msgspec.structs.astuple(message), strict=True)
    return [(name, value) for name, value in named if name not in hidden and value is not None]
