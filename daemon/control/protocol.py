"""What goes over the control socket: requests, replies, events, who may ask what.

A message is three frames, after the identity that a ROUTER puts before them:

    b"OO1" | request id (8 bytes, the client's own) | body (msgpack)

The body is a map by field names with the class name under `type`, so that an old client survives
new fields of a reply. Requests are strict: an unknown field is an error, every text has a largest
length, every integer has bounds, and a price or quantity is a plain decimal in a text, because making
a number of `1E+999999` occupies a processor for more than a minute.
"""

from enum import IntEnum, unique
from typing import Annotated, Final, Literal

import msgspec

from openoutcry.state.enums import Side, TimeInForce
from openoutcry.state.errors import ProtocolError

PROTOCOL: Final = 1
"""The protocol's version; `Hello` says which ones a client speaks."""
MAGIC: Final = b"OO1"
"""First frame of every message, both ways."""
ID_BYTES: Final = 8
"""Length of a request id."""
MAX_REQUEST: Final = 64 * 1024
"""Longest message that a daemon takes; ZeroMQ drops the connection of who sends a longer frame."""
MAX_REPLY: Final = 16 * 1024 * 1024
"""Longest reply that a client takes."""
EVENTS_MAX: Final = 1000
"""Most events in the answer to one `EventsSince`."""

_END: Final = r"$(?!\n)"  # `$` alone lets a line feed follow
_NUMBER: Final = r"-?[0-9]{1,18}(\.[0-9]{1,18})?"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""A name of a strategy, an instrument, a venue, an order, a limit."""
Text = Annotated[str, msgspec.Meta(max_length=200)]
"""A remark for people."""
Number = Annotated[str, msgspec.Meta(max_length=38, pattern=f"^{_NUMBER}{_END}")]
"""A plain decimal: sign, at most 18 digits, a point and at most 18 more. No exponent, no NaN."""
LimitValue = Annotated[str, msgspec.Meta(max_length=38, pattern=f"^(unlimited|{_NUMBER}){_END}")]
"""The value of a limit: a `Number`, or `unlimited`."""
Key = Annotated[str, msgspec.Meta(max_length=32, pattern=f"^[0-9a-f]{{32}}{_END}")]
"""An idempotency key: 16 random bytes as 32 lowercase hex digits."""
Counter = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A sequence number, or nanoseconds since 1970 UTC."""


@unique
class Role(IntEnum):
    """Who may ask what; each role may do what those above it here may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Base of what a client asks."""


class Hello(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """The first message of a connection: the versions that the client speaks, and its name."""

    proto_min: Annotated[int, msgspec.Meta(ge=1, le=1000)] = PROTOCOL
    proto_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = PROTOCOL
    client: Name


class Ping(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Is anybody there? Answered by the core, so it proves the round trip through it."""


class Status(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """The daemon on one screen."""


class Positions(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Positions by strategy and instrument."""


class Orders(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Working orders, or also those that have ended; None means every one."""

    strategy: Name | None = None
    instrument: Name | None = None
    all: bool = False


class Fills(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """The last fills."""

    last: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20


class Balances(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Balances by venue and asset."""


class Strategies(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Strategies: running, paused, halted, failed."""


class RiskView(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Limits, what of them is used, halts and latches."""


class Why(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """The chain behind an order: tick, signal, checks, intent, sent, reports."""

    order: Name


class EventsSince(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """The events after a record of the journal: what a subscriber missed.

    `after` is `Event.number` of the last one that it has; 0 begins at the first that is kept.
    """

    after: Counter
    limit: Annotated[int, msgspec.Meta(ge=1, le=EVENTS_MAX)] = EVENTS_MAX


class Mutation(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Base of what changes the world.

    Args:
        key: A resend with the same key and content gets the first answer and changes nothing; with
            other content it is an error.
        reason: Why, for the journal and for `why`.
        expires_ns: Nanoseconds since 1970 UTC after which it must not be carried out any more.
    """

    key: Key
    reason: Text = ""
    expires_ns: Counter | None = None


class Pause(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A strategy's new orders are denied; it goes on watching, and its orders stay."""

    strategy: Name


class Resume(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Lift a pause or a halt of exactly this scope; no name at all is the halt of everything."""

    strategy: Name | None = None
    instrument: Name | None = None
    venue: Name | None = None


class Halt(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """No new order from now on, in this scope; no name at all is everything. Cancels still flow."""

    strategy: Name | None = None
    instrument: Name | None = None
    venue: Name | None = None


class CancelAll(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Cancel every working order of this scope."""

    strategy: Name | None = None
    instrument: Name | None = None
    venue: Name | None = None


class Flatten(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Cancel, then close the positions of this scope at market."""

    strategy: Name | None = None
    instrument: Name | None = None
    venue: Name | None = None


class PlaceOrder(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """An order by hand. Through every risk check, like any other.

    Neither `limit` nor `trigger` is a market order, `limit` a limit order, `trigger` a stop order,
    both a stop-limit order. Without a strategy it belongs to the unallocated book.
    """

    strategy: Name | None = None
    instrument: Name
    side: Side
    quantity: Number
    limit: Number | None = None
    trigger: Number | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_ns: Counter | None = None
    post_only: bool = False
    reduce_only: bool = False


class CancelOrderRequest(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Take back one order, named by its client order id."""

    order: Name


class SetLimit(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Change a limit while running. A looser one needs `confirm_loosening`."""

    name: Name
    instrument: Name | None = None
    strategy: Name | None = None
    value: LimitValue
    confirm_loosening: bool = False


class Reload(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Read the config again: show the plan (`dry_run`), or carry it out as a whole."""

    dry_run: bool = False
    confirm_loosening: bool = False


class TakeSnapshot(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Write a snapshot now."""


class Stop(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """End the daemon; what happens to working orders and positions is the policy."""

    policy: Literal["leave", "cancel", "flatten"] = "leave"


class Ack(Mutation, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """Somebody has seen an alert."""

    alert: Name


AnyMutation = (
    Pause
    | Resume
    | Halt
    | CancelAll
    | Flatten
    | PlaceOrder
    | CancelOrderRequest
    | SetLimit
    | Reload
    | TakeSnapshot
    | Stop
    | Ack
)
"""What changes the world, once for each key."""


class Preview(Request, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """What a command would do at this moment; it is not carried out, and its key stays unused."""

    command: AnyMutation


Query = (
    Ping
    | Status
    | Positions
    | Orders
    | Fills
    | Balances
    | Strategies
    | RiskView
    | Why
    | Preview
    | EventsSince
)
"""What is answered and changes nothing."""
AnyRequest = Hello | Query | AnyMutation

ROLES: Final[dict[type[Request], Role]] = {
    Hello: Role.VIEWER,
    Ping: Role.VIEWER,
    Status: Role.VIEWER,
    Positions: Role.VIEWER,
    Orders: Role.VIEWER,
    Fills: Role.VIEWER,
    Balances: Role.VIEWER,
    Strategies: Role.VIEWER,
    RiskView: Role.VIEWER,
    Why: Role.VIEWER,
    Preview: Role.VIEWER,
    EventsSince: Role.VIEWER,
    Pause: Role.OPERATOR,
    Resume: Role.OPERATOR,
    Halt: Role.OPERATOR,
    CancelAll: Role.OPERATOR,
    Flatten: Role.OPERATOR,
    PlaceOrder: Role.OPERATOR,
    CancelOrderRequest: Role.OPERATOR,
    TakeSnapshot: Role.OPERATOR,
    Ack: Role.OPERATOR,
    SetLimit: Role.ADMIN,
    Reload: Role.ADMIN,
    Stop: Role.ADMIN,
}
"""The least role that each request needs."""

NIL: Final = msgspec.Raw(b"\xc0")


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of what a daemon answers. A client skips fields that it does not know."""


class Welcome(Reply, frozen=True, kw_only=True, tag=True):
    """The answer to `Hello`: the version to speak, and who is there."""

    proto: int
    version: str
    mode: str
    config: str
    role: str
    features: tuple[str, ...] = ()


class Ok(Reply, frozen=True, kw_only=True, tag=True):
    """The answer to a query: msgpack of what was asked for (docs/reference/control.md)."""

    body: msgspec.Raw = NIL


class Err(Reply, frozen=True, kw_only=True, tag=True):
    """It was not done. `retry` says whether the same may succeed a little later."""

    code: str
    message: str
    remedy: str
    retry: bool = False


class Accepted(Reply, frozen=True, kw_only=True, tag=True):
    """A mutation was applied, as the input `seq`.

    `durable` is false when the journal is stuck: applied, not yet durable. `body` is msgpack of what
    there is to say: the id of an order, the plan of a reload.
    """

    durable: bool
    seq: int
    body: msgspec.Raw = NIL


AnyReply = Welcome | Ok | Err | Accepted


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One event of the published stream.

    Args:
        start: When this stream began, nanoseconds UTC: a restarted daemon counts from 1 again.
        seq: Counts the events of this stream without a gap, from 1.
        number: The record of the journal that it is; 0 when the journal does not hold it.
        journal_seq: The input that caused it.
        body: The message as the journal holds it (`state/codec.py`).
    """

    start: int
    seq: int
    number: int
    journal_seq: int
    body: bytes


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Once a second: the last event of the stream, so that a lost one shows without a next one."""

    start: int
    last_seq: int
    last_number: int
    ts: int


AnyPublished = Event | Heartbeat


class EventsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the answer to `EventsSince`.

    `events` have `start` and `seq` 0: they come from the journal, not from the stream. `after` is what
    to ask with next; `more` whether there is more now. `dropped` is the last record that should have
    been here and is kept no longer, 0 when nothing is missing.
    """

    events: tuple[Event, ...]
    after: int
    more: bool
    dropped: int = 0


BAD_INPUT: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Everything that decoding raises for bad bytes; a RecursionError is a nesting bomb."""

_encoder: Final = msgspec.msgpack.Encoder()
_requests: Final[msgspec.msgpack.Decoder[AnyRequest]] = msgspec.msgpack.Decoder(AnyRequest)
_replies: Final[msgspec.msgpack.Decoder[AnyReply]] = msgspec.msgpack.Decoder(AnyReply)
_pages: Final[msgspec.msgpack.Decoder[EventsPage]] = msgspec.msgpack.Decoder(EventsPage)
_published: Final[msgspec.msgpack.Decoder[AnyPublished]] = msgspec.msgpack.Decoder(AnyPublished)


def encode(message: AnyRequest | AnyReply | AnyPublished | EventsPage) -> bytes:
    """The body of a message."""
    return _encoder.encode(message)


def decode_request(body: bytes | memoryview) -> AnyRequest:
    """The request in a body.

    Raises:
        ProtocolError: It is none.
    """
    if len(body) > MAX_REQUEST:
        raise ProtocolError(f"{len(body)} bytes are more than the {MAX_REQUEST} of a request")
    try:
        return _requests.decode(body)
    except BAD_INPUT as error:
        raise ProtocolError(f"no request: {_brief(error)}") from error


def decode_reply(body: bytes | memoryview) -> AnyReply:
    """The reply in a body.

    Raises:
        ProtocolError: It is none.
    """
    try:
        return _replies.decode(body)
    except BAD_INPUT as error:
        raise ProtocolError(f"no reply: {_brief(error)}") from error


def decode_published(body: bytes | memoryview) -> AnyPublished:
    """The event or heartbeat in a body.

    Raises:
        ProtocolError: It is none.
    """
    try:
        return _published.decode(body)
    except BAD_INPUT as error:
        raise ProtocolError(f"no event: {_brief(error)}") from error


def decode_page(body: msgspec.Raw) -> EventsPage:
    """The answer to `EventsSince`.

    Raises:
        ProtocolError: It is none.
    """
    try:
        return _pages.decode(body)
    except BAD_INPUT as error:
        raise ProtocolError(f"no events: {_brief(error)}") from error


def _brief(error: BaseException) -> str:
    """The reason, without echoing a hostile input at length."""
    return str(error)[:200] or type(error).__name__
