"""Commands: what is asked. Imperatives; nothing has happened yet.

Only `RiskApproved[...]` reaches a broker: its type makes an unchecked order impossible to send.
"""

from decimal import Decimal
from typing import Final, Generic, TypeVar

from openoutcry.state.enums import OrderType, Side, TimeInForce, TrailingKind, TriggerSource
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId, VenueId
from openoutcry.state.messages import Message, to_decimal


class Command(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """Base of all commands. `ts` is the inlet's stamp of the input that caused it."""

    ts: int


class SubmitOrder(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Place a new order.

    Prices count 10^-`price_scale`, quantities 10^-`size_scale`; a price that does not apply is
    None. `trailing_offset_units` is in price units or basis points (`trailing_kind`).
    `parent` holds the order back until the parent fills, sized by what it filled (bracket, OTO);
    orders sharing a `oco_group` cancel each other. `position` names a leg under hedging.
    `arrival_units` is the mid or last price when the strategy decided (slippage is measured
    against it); None when nothing was known.
    """

    client_order_id: ClientOrderId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    order_type: OrderType
    quantity_units: int
    price_scale: int
    size_scale: int
    limit_units: int | None = None
    trigger_units: int | None = None
    trigger_source: TriggerSource = TriggerSource.BID_ASK
    trailing_offset_units: int | None = None
    trailing_kind: TrailingKind = TrailingKind.PRICE
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_ts: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    parent: ClientOrderId | None = None
    oco_group: str | None = None
    position: str | None = None
    arrival_units: int | None = None
    tag: str = ""

    @property
    def quantity(self) -> Decimal:
        """How much is asked for, unsigned."""
        return to_decimal(self.quantity_units, self.size_scale)

    @property
    def limit(self) -> Decimal | None:
        """Limit price."""
        return None if self.limit_units is None else to_decimal(self.limit_units, self.price_scale)

    @property
    def trigger(self) -> Decimal | None:
        """Trigger price."""
        units = self.trigger_units
        return None if units is None else to_decimal(units, self.price_scale)


class CancelOrder(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Take back what is left of an order."""

    client_order_id: ClientOrderId
    strategy: StrategyId
    instrument: InstrumentId


class ReplaceOrder(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Change quantity (the new total, fills included), limit or trigger; None keeps a value."""

    client_order_id: ClientOrderId
    strategy: StrategyId
    instrument: InstrumentId
    quantity_units: int | None = None
    limit_units: int | None = None
    trigger_units: int | None = None


class CancelAll(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Cancel every working order, of one strategy and instrument where they are named."""

    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None


class Flatten(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Cancel, then close positions at market, of one strategy and instrument where named."""

    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None


class Halt(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """No new order from now on; cancels still flow. Of a strategy, instrument, venue, or of all."""

    reason: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


class Restrict(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Only orders that reduce from now on; cancels still flow. The scope is as that of a halt."""

    reason: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


class Resume(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Lift the halt and the reduce-only state of exactly this scope; what led to them is forgotten."""

    reason: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


class SetLimit(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """Another value of a limit from now on.

    `name` is its key in the config, `value` a plain decimal or `unlimited`. The scope is one strategy,
    venue or instrument; none is the account, and every instrument for limits of instruments.
    """

    name: str
    value: str
    strategy: StrategyId | None = None
    instrument: InstrumentId | None = None
    venue: VenueId | None = None


MANUAL: Final = "manual"
"""The tag of manual orders."""


class ManualOrder(Command, frozen=True, gc=False, kw_only=True, tag=True):
    """An order that an operator places by hand; it becomes a `SubmitOrder` whose id names this input.

    Fields as of `SubmitOrder`. `strategy` is whose book it is for; `unallocated` is nobody's.
    """

    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    order_type: OrderType
    quantity_units: int
    price_scale: int
    size_scale: int
    limit_units: int | None = None
    trigger_units: int | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_ts: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    reason: str = ""

    def submit(
        self, client_order_id: ClientOrderId, arrival_units: int | None = None
    ) -> SubmitOrder:
        """The order that it becomes, under this id."""
        return SubmitOrder(
            ts=self.ts,
            client_order_id=client_order_id,
            strategy=self.strategy,
            instrument=self.instrument,
            side=self.side,
            order_type=self.order_type,
            quantity_units=self.quantity_units,
            price_scale=self.price_scale,
            size_scale=self.size_scale,
            limit_units=self.limit_units,
            trigger_units=self.trigger_units,
            time_in_force=self.time_in_force,
            expire_ts=self.expire_ts,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
            arrival_units=arrival_units,
            tag=MANUAL,
        )


CommandT = TypeVar("CommandT", bound=Command, covariant=True)


class RiskApproved(Message, Generic[CommandT], frozen=True, gc=False, kw_only=True, tag=True):
    """A command that passed every check. Only the risk actor makes one."""

    command: CommandT


VenueCommand = SubmitOrder | CancelOrder | ReplaceOrder
"""What may cross the outbound gate to a venue, wrapped in `RiskApproved`."""

OperatorCommand = (
    CancelOrder | CancelAll | Flatten | Halt | Restrict | Resume | ManualOrder | SetLimit
)
"""What an operator may ask of the core; each is an input with a number of its own."""

AnyCommand = SubmitOrder | ReplaceOrder | OperatorCommand
