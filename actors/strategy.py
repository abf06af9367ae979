"""The `Strategy` class: what people write.

A strategy is one class. It declares its parameters and everything it remembers; the framework gives
it the market, its positions and orders, and takes its orders. It never reads a clock, a file or a
socket: `self.now` is the time, and what it must remember lives in `self.state`.

    class EmaCross(Strategy):
        class Params(Strategy.Params):
            instrument: InstrumentId
            size: Decimal
            fast: int = 10
            slow: int = 20

        params: Params

        def setup(self) -> None:
            self.fast = self.indicator(Ema(self.params.fast), self.params.instrument, "1m")
            self.slow = self.indicator(Ema(self.params.slow), self.params.instrument, "1m")
            self.cross("trend", self.fast, self.slow)

        def on_cross(self, cross: Crossed) -> None:
            self.target(cross.instrument, self.params.size if cross.above else -self.params.size)

What it asks for is looked after by the engine; Python is entered only for what it listens to: `on_bar`
costs time at every bar, `on_cross` only when the lines cross.

Prices and quantities are `decimal.Decimal` (or int, or a decimal text); a float is refused. Times are
int nanoseconds UTC.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, Self, TypeVar, Unpack

import msgspec

from openoutcry.actors.desk import Desk, EntryOptions, OrderOptions
from openoutcry.actors.indicators.base import Indicator
from openoutcry.actors.interests import Line
from openoutcry.actors.schedule import Missed
from openoutcry.state.enums import OrderType, PriceType, Side
from openoutcry.state.errors import StrategyError
from openoutcry.state.events import AnyOrderEvent, OrderFilled, TimerFired
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.market_data import (
    Bar,
    BookInvalidated,
    BookUpdate,
    FundingRate,
    MarkPrice,
    Quote,
    Trade,
)
from openoutcry.state.orders import Order
from openoutcry.state.positions import Position
from openoutcry.state.signals import Crossed

IndicatorT = TypeVar("IndicatorT", bound=Indicator)
Number = Decimal | int | str


class RecoveryGap(msgspec.Struct, frozen=True):
    """What a strategy missed: the inputs after `last_seq` until it was recovered at `ts`."""

    last_seq: int
    ts: int


class Strategy:
    """Base of all strategies. Override the `on_...` methods you need."""

    class Params(msgspec.Struct, forbid_unknown_fields=True):
        """Declared parameters: typed, taken from the config, and fixed from then on."""

        def __setattr__(self, name: str, value: object) -> None:
            # Not `frozen`: type checkers would then ask every subclass to say so too.
            raise StrategyError(
                f"parameter {name} is set to {value!r} while the strategy runs",
                remedy="parameters are fixed; what changes belongs into State",
            )

    class State(msgspec.Struct):
        """All that a strategy remembers; every field has a default. Snapshots save exactly this."""

    params: Params
    state: State
    _sealed: ClassVar[bool] = False

    def __init__(self, strategy_id: StrategyId, params: Params, desk: Desk) -> None:
        self.id = strategy_id
        self.params = params
        self.state = type(self).State()
        self._desk = desk

    def __setattr__(self, name: str, value: object) -> None:
        if self._sealed and name != "state":
            raise StrategyError(
                f"{type(self).__name__}.{name} is set outside setup()",
                remedy=f"declare `{name}` in the strategy's State and set self.state.{name}",
            )
        object.__setattr__(self, name, value)

    def seal(self) -> Self:
        """End of `setup`: from now on only `self.state` changes."""
        object.__setattr__(self, "_sealed", True)
        return self

    # --- what you override ------------------------------------------------------------------

    def setup(self) -> None:
        """Declare subscriptions, indicators and crosses. Runs whenever the strategy is built; no orders."""

    def on_start(self) -> None:
        """The first start, before any data."""

    def on_recovered(self, gap: RecoveryGap) -> None:
        """Instead of `on_start` after a crash: `self.state` is back, orders and positions are true."""

    def on_quote(self, quote: Quote) -> None:
        """A subscribed quote."""

    def on_trade(self, trade: Trade) -> None:
        """A subscribed trade."""

    def on_bar(self, bar: Bar) -> None:
        """A subscribed bar closed; indicators attached to it are already updated."""

    def on_cross(self, cross: Crossed) -> None:
        """Lines crossed that `cross` declared, or a price reached what `watch_price` waits for.

        It comes after `on_bar` or `on_quote` for the datum that did it.
        """

    def on_book(self, update: BookUpdate | BookInvalidated) -> None:
        """A subscribed book changed (read it with `self.book`), or can't be trusted any more."""

    def on_mark(self, mark: MarkPrice) -> None:
        """A subscribed mark price."""

    def on_funding(self, funding: FundingRate) -> None:
        """A subscribed funding rate was settled."""

    def on_fill(self, fill: OrderFilled) -> None:
        """One of our orders filled, in part or whole; the position includes it."""

    def on_order(self, event: AnyOrderEvent) -> None:
        """Anything else that happened to one of our orders: accepted, denied, canceled, ..."""

    def on_timer(self, timer: TimerFired) -> None:
        """A timer of ours came due."""

    def on_stop(self) -> None:
        """The last call: the run ends or the daemon stops."""

    # --- data -------------------------------------------------------------------------------

    def subscribe_quotes(
        self,
        instrument: InstrumentId,
        *,
        every_ms: int | None = None,
        min_ticks: int | None = None,
    ) -> None:
        """Get `on_quote` for every quote of an instrument, or only for some. Only in `setup`.

        Args:
            instrument: What.
            every_ms: Not before so many milliseconds (of `ts_received`) after the last one.
            min_ticks: Not before the mid is so many ticks away from the last one's.

        With both, both must hold. The first quote passes; one without a bid or an ask does not.

        Raises:
            StrategyError: It is subscribed to already, or a limit is not a positive int.
        """
        if every_ms is None and min_ticks is None:
            self._desk.interests.subscribe("quote", instrument)
        else:
            self._desk.interests.throttle(instrument, every_ms, min_ticks)

    def subscribe_trades(self, instrument: InstrumentId) -> None:
        """Get `on_trade` for every trade of an instrument. Only in `setup`."""
        self._desk.interests.subscribe("trade", instrument)

    def subscribe_book(self, instrument: InstrumentId) -> None:
        """Get `on_book` for every change of an instrument's L2 book. Only in `setup`."""
        self._desk.interests.subscribe("book", instrument)

    def subscribe_marks(self, instrument: InstrumentId) -> None:
        """Get `on_mark` for every mark price of an instrument. Only in `setup`."""
        self._desk.interests.subscribe("mark", instrument)

    def subscribe_funding(self, instrument: InstrumentId) -> None:
        """Get `on_funding` for every settled funding rate. Only in `setup`."""
        self._desk.interests.subscribe("funding", instrument)

    def subscribe_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None = None
    ) -> None:
        """Get `on_bar` for `timeframe` bars (`1m`, `100t`, ...). Only in `setup`.

        The bars are built in any case; without an `on_bar` method they stay in the engine.
        """
        self._desk.interests.subscribe_bars(instrument, timeframe, price_type)

    def indicator(
        self,
        indicator: IndicatorT,
        instrument: InstrumentId,
        timeframe: str,
        price_type: PriceType | None = None,
    ) -> IndicatorT:
        """Attach an indicator to bars, which this subscribes to. Only in `setup`.

        The engine updates it when a bar closes, before anybody hears of the bar.

        Raises:
            StrategyError: It is attached already, or computed in Python.
        """
        self._desk.interests.attach(indicator, instrument, timeframe, price_type)
        return indicator

    def cross(
        self,
        name: str,
        first: Line,
        second: Line | Number | float,
        *,
        skip_flat: bool = False,
    ) -> None:
        """Get `on_cross` when `first >= second` is no longer what it was. Only in `setup`.

        Both are evaluated at the close of each bar that they are attached to, once both are ready;
        the first time counts as a change.

        Args:
            name: What `Crossed.name` will be; one per instrument.
            first: An attached indicator, or one with the name of an output: `(macd, "line")`.
            second: As `first`, attached to the same bars, or a number.
            skip_flat: Do not evaluate bars whose high equals their low.

        Raises:
            StrategyError: A line is not attached, the bars differ, or the name is taken.
        """
        self._desk.interests.cross(name, first, second, skip_flat)

    def watch_price(self, name: str, instrument: InstrumentId, price: Number) -> None:
        """Get `on_cross` once, when the price reaches a level from where it is now.

        The price is the mid of the quotes where the instrument has any, else the last trade. A level
        set again under its name is replaced. Any time after `setup`; it counts from when the handler
        returns, and not at all when that raises.

        Raises:
            NotRepresentable: A price off its tick.
            StrategyError: The name is that of a cross, or this is `setup`.
        """
        self._desk.interests.watch_price(name, instrument, price)

    def unwatch_price(self, name: str, instrument: InstrumentId) -> None:
        """Wait no more for a level; one that is not there is ignored."""
        self._desk.interests.unwatch_price(name, instrument)

    # --- what is ----------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Time of the input being handled, nanoseconds UTC."""
        return self._desk.now

    @property
    def now_utc(self) -> datetime:
        """`now` as an aware datetime, truncated to microseconds."""
        seconds, rest = divmod(self._desk.now, 1_000_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)

    def instrument_of(self, instrument: InstrumentId) -> Instrument:
        """The instrument's definition: tick, lot, currencies."""
        return self._desk.universe.instrument(instrument)

    def position(self, instrument: InstrumentId) -> Position:
        """What this strategy holds of an instrument."""
        return self._desk.position(instrument)

    def quantity(self, instrument: InstrumentId) -> Decimal:
        """Signed quantity that this strategy holds."""
        return self._desk.quantity(instrument)

    def cash(self, currency: str) -> Decimal:
        """The account's balance of a currency, over all venues."""
        return self._desk.cash(currency)

    def orders(self, instrument: InstrumentId | None = None) -> list[Order]:
        """This strategy's open orders, oldest first. Read them; change them by commands only."""
        return self._desk.orders.open_orders(instrument)

    def quote(self, instrument: InstrumentId) -> Quote | None:
        """The last quote (or top of the book), None before the first."""
        return self._desk.quote(instrument)

    def book(
        self, instrument: InstrumentId, depth: int = 10
    ) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks as (price, size), best first; both empty while the book is not valid."""
        return self._desk.book(instrument, depth)

    # --- orders -----------------------------------------------------------------------------

    def buy(
        self, instrument: InstrumentId, quantity: Number, **options: Unpack[OrderOptions]
    ) -> ClientOrderId:
        """Buy: at market, or with `limit=`, `stop=`, ... as `submit` takes them."""
        return self._desk.orders.submit(instrument, Side.BUY, quantity, None, options)

    def sell(
        self, instrument: InstrumentId, quantity: Number, **options: Unpack[OrderOptions]
    ) -> ClientOrderId:
        """Sell: at market, or with `limit=`, `stop=`, ... as `submit` takes them."""
        return self._desk.orders.submit(instrument, Side.SELL, quantity, None, options)

    def submit(
        self,
        instrument: InstrumentId,
        side: Side,
        quantity: Number,
        order_type: OrderType | None = None,
        **options: Unpack[OrderOptions],
    ) -> ClientOrderId:
        """Send an order.

        Args:
            instrument: What.
            side: Which way.
            quantity: How much, a multiple of the lot.
            order_type: Derived from the prices when left out: none is a market order, `limit` a
                limit order, `stop` a stop, `stop` and `limit` a stop-limit.
            **options: `OrderOptions`: `limit`, `stop`, `take_profit`, `trail`, `trail_bps`,
                `trigger_source`, `time_in_force`, `expire_ts`, `post_only`, `reduce_only`,
                `parent`, `oco_group`, `position`, `tag`.

        Returns:
            The order's id. What becomes of it arrives in `on_order` and `on_fill`.

        Raises:
            NotRepresentable: A price off its tick or a quantity off its lot.
            StrategyError: Options that contradict each other.
        """
        return self._desk.orders.submit(instrument, side, quantity, order_type, options)

    def bracket(
        self,
        instrument: InstrumentId,
        side: Side,
        quantity: Number,
        *,
        stop: Number,
        take_profit: Number,
        **entry: Unpack[EntryOptions],
    ) -> tuple[ClientOrderId, ClientOrderId, ClientOrderId]:
        """An entry with a protective stop and a profit limit that cancel each other.

        The two exits work at the venue from the entry's first fill, sized by what it filled.
        Returns the ids of entry, stop and profit order.
        """
        parent = self.submit(instrument, side, quantity, **entry)
        common = OrderOptions(parent=parent, oco_group=parent, reduce_only=True)
        other = side.opposite
        at_stop: OrderOptions = {**common, "stop": stop}
        at_profit: OrderOptions = {**common, "limit": take_profit}
        stop_id = self.submit(instrument, other, quantity, **at_stop)
        profit_id = self.submit(instrument, other, quantity, **at_profit)
        return parent, stop_id, profit_id

    def cancel(self, order: ClientOrderId) -> None:
        """Take back what is left of an order."""
        self._desk.orders.cancel(order)

    def cancel_all(self, instrument: InstrumentId | None = None) -> None:
        """Take back all of this strategy's orders (of one instrument)."""
        self._desk.orders.cancel_all(instrument)

    def replace(
        self,
        order: ClientOrderId,
        *,
        quantity: Number | None = None,
        limit: Number | None = None,
        stop: Number | None = None,
    ) -> None:
        """Change an order's total quantity, limit or trigger; None keeps a value."""
        self._desk.orders.replace(order, quantity, limit, stop)

    def target(
        self, instrument: InstrumentId, quantity: Number, **options: Unpack[OrderOptions]
    ) -> ClientOrderId | None:
        """Trade the difference between `quantity` and what is held, working or unknown.

        Reduce-only orders (the exits of a bracket) are not counted: they never pass zero.

        Returns the order's id, or None when nothing needs to be done.
        """
        return self._desk.orders.target(instrument, quantity, options)

    # --- timers -----------------------------------------------------------------------------

    def set_timer(self, name: str, at: int, *, missed: Missed = "once") -> None:
        """Get `on_timer` once, at a time (at once when it has passed). Replaces the same name.

        When it comes due while nobody listens, `missed="once"` calls late (`timer.late_ns`), at the
        next start; `"skip"` does not call.
        """
        self._desk.set_timer(name, at, missed)

    def after(self, name: str, delay_ns: int, *, missed: Missed = "once") -> None:
        """Get `on_timer` once, after a delay; `missed` as of `set_timer`."""
        self._desk.set_timer(name, self._desk.now + delay_ns, missed)

    def every(self, name: str, interval_ns: int, *, missed: Missed = "once") -> None:
        """Get `on_timer` at each multiple of an interval since the epoch (UTC).

        Of the times that nobody listened at, `missed="once"` tells of the first, late, at the next
        start; `"all"` of each (the last 10,000) in order; `"skip"` of none.
        """
        self._desk.every(name, interval_ns, missed)

    def cron(self, name: str, expression: str, *, missed: Missed = "once") -> None:
        """Get `on_timer` by a cron expression of five fields, UTC: `0 16 * * 1-5`.

        `missed` as of `every`.
        """
        self._desk.cron(name, expression, missed)

    def cancel_timer(self, name: str) -> None:
        """Forget a timer."""
        self._desk.cancel_timer(name)
