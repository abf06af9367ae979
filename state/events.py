"""Events: what happened, past participles.

Order events are evidence from the venue (or from our own risk and gate). Positional order is the
order in which the native venue fills the fields: append only. `ts_event` is the venue's time of the
event and `ts_received` ours, int64 nanoseconds UTC.
"""

from decimal import Decimal
from typing import Final

import msgspec

from openoutcry.state.control_messages import CommandAnswered, CommandReceived
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.identifiers import (
    ClientOrderId,
    FillId,
    InstrumentId,
    StrategyId,
    VenueId,
    VenueOrderId,
)
from openoutcry.state.messages import Message, to_decimal


class OrderEvent(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base of all evidence about one order."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    ts_event: int
    ts_received: int


class OrderDenied(OrderEvent, frozen=True, gc=False, tag=True):
    """Refused by our own risk, with every reason, each `check: why`."""

    reasons: tuple[str, ...]


class OrderNotSent(OrderEvent, frozen=True, gc=False, tag=True):
    """Dropped by the outbound gate: no byte of it left. An input, as evidence of a venue is."""

    reason: str


class OrderSubmitted(OrderEvent, frozen=True, gc=False, tag=True):
    """Handed to the outbound gate: from now on it may have left. Never on record."""


class OrderAccepted(OrderEvent, frozen=True, gc=False, tag=True):
    """Works at the venue."""

    venue_order_id: VenueOrderId


class OrderRejected(OrderEvent, frozen=True, gc=False, tag=True):
    """Refused by the venue. `reason` is a stable word, `text` the venue's own."""

    reason: str
    text: str


class OrderTriggered(OrderEvent, frozen=True, gc=False, tag=True):
    """A conditional order met its trigger and became live."""


class OrderFilled(OrderEvent, frozen=True, gc=False, tag=True):
    """Our execution of (part of) an order.

    `fee_units` count 10^-`fee_scale` of `fee_currency`, positive when paid and negative when a
    rebate. `cumulative_units` is the order's filled quantity including this fill, as the venue says.
    """

    venue_order_id: VenueOrderId
    fill_id: FillId
    side: Side
    price_units: int
    quantity_units: int
    cumulative_units: int
    price_scale: int
    size_scale: int
    fee_units: int
    fee_scale: int
    fee_currency: str
    liquidity: LiquiditySide
    position: str | None

    @property
    def price(self) -> Decimal:
        """Price of the fill."""
        return to_decimal(self.price_units, self.price_scale)

    @property
    def quantity(self) -> Decimal:
        """Quantity of the fill, unsigned."""
        return to_decimal(self.quantity_units, self.size_scale)

    @property
    def fee(self) -> Decimal:
        """Fee in `fee_currency`: positive paid, negative rebated."""
        return to_decimal(self.fee_units, self.fee_scale)


class OrderCanceled(OrderEvent, frozen=True, gc=False, tag=True):
    """Ended before filling. Final only once the known fills sum to `cumulative_units`."""

    cumulative_units: int
    reason: str


class OrderExpired(OrderEvent, frozen=True, gc=False, tag=True):
    """Ended by its time in force. Final only once the known fills sum to `cumulative_units`."""

    cumulative_units: int
    reason: str


class OrderReplaced(OrderEvent, frozen=True, gc=False, tag=True):
    """Works with new terms; None where a price does not apply."""

    quantity_units: int
    limit_units: int | None
    trigger_units: int | None


class CancelRejected(OrderEvent, frozen=True, gc=False, tag=True):
    """The venue refused a cancel; the order is as it was."""

    reason: str


class ReplaceRejected(OrderEvent, frozen=True, gc=False, tag=True):
    """The venue, or our own risk or gate, refused a replace; the order is as it was."""

    reason: str


class RequestUnknown(OrderEvent, frozen=True, gc=False, tag=True):
    """A request got no answer: it may or may not have reached the venue."""

    reason: str


class FillBusted(OrderEvent, frozen=True, gc=False, tag=True):
    """The venue took a fill back."""

    fill_id: FillId
    reason: str


class FillCorrected(OrderEvent, frozen=True, gc=False, tag=True):
    """The venue changed the price or quantity of a fill."""

    fill_id: FillId
    price_units: int
    quantity_units: int
    reason: str


AnyOrderEvent = (
    OrderDenied
    | OrderNotSent
    | OrderSubmitted
    | OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderReplaced
    | CancelRejected
    | ReplaceRejected
    | RequestUnknown
    | FillBusted
    | FillCorrected
)

ORDER_NEWS: Final = (
    OrderDenied,
    OrderNotSent,
    OrderAccepted,
    OrderRejected,
    OrderTriggered,
    OrderCanceled,
    OrderExpired,
    OrderReplaced,
    CancelRejected,
    ReplaceRejected,
    RequestUnknown,
)
"""What a strategy hears of an order beside its fills and what is taken back of them."""


class CashAdjusted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Cash that moved without a fill: funding, dividend, interest, cash in lieu, transfer.

    `amount_units` count 10^-`scale` of `currency`, positive when received. `strategy` is the book
    that held the position, None when it concerns the whole account.
    """

    venue: VenueId
    instrument: InstrumentId | None
    ts_event: int
    ts_received: int
    currency: str
    amount_units: int
    scale: int
    reason: str
    strategy: StrategyId | None

    @property
    def amount(self) -> Decimal:
        """The amount, positive when received."""
        return to_decimal(self.amount_units, self.scale)


class PositionAdjusted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A split changed a holding: the new signed quantity in units, cost unchanged.

    The fraction of a share that could not be kept follows as a `CashAdjusted` with the reason
    `cash in lieu`.
    """

    venue: VenueId
    instrument: InstrumentId
    ts_event: int
    ts_received: int
    numerator: int
    denominator: int


class AccountLiquidated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Equity fell below the maintenance margin: the venue closed the positions and halted."""

    venue: VenueId
    ts_event: int
    ts_received: int
    reason: str


AnyAccountEvent = CashAdjusted | PositionAdjusted | AccountLiquidated


class TimerFired(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A timer of one actor came due. `late_ns` is how long after its time the core learnt of it."""

    owner: str
    name: str
    ts: int
    late_ns: int = 0


class BookStale(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A feed has been silent beyond its limit, or recovered when `stale` is false."""

    instrument: InstrumentId
    ts: int
    stale: bool


class ActorFailed(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A handler raised: the input is parked and the policy that was applied is named."""

    actor: str
    sequence: int
    input: str
    error: str
    policy: str


class TradingHalted(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """No new order leaves until a resume; the scope is everything when no name is given."""

    ts: int
    reason: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


class TradingRestricted(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """Only orders that reduce leave until a resume; the scope is as that of a halt."""

    ts: int
    reason: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


class TradingResumed(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """The halt and the reduce-only state of a scope were lifted."""

    ts: int
    reason: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


class EquitySampled(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """The account's value at an instant, in units of the account currency."""

    ts: int
    units: int


class MarketDataTaped(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """The market data among the inputs `first` to `last` lies in a file of the tape.

    The journal holds ranges instead of the data. `file` is a path below the state directory, `rows`
    the number of inputs in it, `digest` its BLAKE3 in hex.
    """

    first: int
    last: int
    file: str
    rows: int
    digest: str


class JournalStarted(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A process opened the journal to write. `ts` is its wall clock, nanoseconds UTC.

    `epoch` is what client order ids begin with from here on (48 bits); `mode` is replay, paper or
    live; `config_hash` names the config in hex.
    """

    ts: int
    epoch: int
    mode: str
    code_version: str
    config_hash: str


class SessionStarted(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A state directory's session begins: strategies start. Its first input."""

    ts: int


class SessionResumed(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A session goes on after a time in which nobody listened.

    It went up to input `last_seq` at `last_ts`; the clock jumps from there to `ts`, and timers that
    came due in between fire once, late. `clean` says that it had been stopped, and did not crash.
    Client order ids begin with `epoch` from here on: a restored backup has one of its own.
    """

    ts: int
    last_seq: int
    last_ts: int
    clean: bool
    epoch: int


class SessionReconciled(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """The venues were asked and their answers taken: strategies hear of the gap, and go on.

    `last_seq` is the last input before the gap, `findings` what no evidence explains.
    """

    ts: int
    last_seq: int
    findings: tuple[str, ...] = ()


class SessionStopped(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A session ends in order: strategies stop. `policy` is what happens to orders and positions."""

    ts: int
    policy: str


AnySystemEvent = (
    TimerFired
    | BookStale
    | ActorFailed
    | TradingHalted
    | TradingRestricted
    | TradingResumed
    | EquitySampled
    | MarketDataTaped
    | JournalStarted
    | SessionStarted
    | SessionResumed
    | SessionReconciled
    | SessionStopped
    | CommandReceived
    | CommandAnswered
)
