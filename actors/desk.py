"""A strategy's desk: what it can see, and how its wishes become messages.

The desk reads the market, the books and the order table, and changes none of them: everything it does
leaves as a message when the strategy's handler returns. Orders asked for inside one handler are not in
the broker's table yet; they are counted here until they are, so that `target` never asks twice.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.actors.dispatcher import Cell
from openoutcry.actors.indicators.base import Indicator
from openoutcry.actors.market_data import MarketDataActor
from openoutcry.actors.ports import Clock
from openoutcry.actors.schedule import Timer, next_cron, next_multiple
from openoutcry.actors.timers import CancelTimer, SetTimer
from openoutcry.state.commands import CancelAll, CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import (
    OrderType,
    PriceType,
    Side,
    TimeInForce,
    TrailingKind,
    TriggerSource,
)
from openoutcry.state.errors import NotRepresentable, StrategyError
from openoutcry.state.identifiers import ClientOrderId, ClientOrderIds, InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.market_data import Quote
from openoutcry.state.messages import to_decimal
from openoutcry.state.orders import Order, OrderTable
from openoutcry.state.positions import Position
from openoutcry.state.universe import Universe

if TYPE_CHECKING:
    from openoutcry.actors.strategy import Number


class OrderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything optional about an order. Prices are prices, times nanoseconds UTC.

    `stop` is the trigger of a stop order, `take_profit` of a take-profit order; with `limit` they
    become stop-limit and take-profit-limit. `trail` is a price distance, `trail_bps` basis points.
    """

    limit: "Decimal | int | str | None" = None
    stop: "Decimal | int | str | None" = None
    take_profit: "Decimal | int | str | None" = None
    trail: "Decimal | int | str | None" = None
    trail_bps: int | None = None
    trigger_source: TriggerSource = TriggerSource.BID_ASK
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_ts: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    parent: ClientOrderId | None = None
    oco_group: str | None = None
    position: str | None = None
    tag: str = ""

    def order_type(self) -> OrderType:
        """The type that the given prices mean.

        Raises:
            StrategyError: Two triggers at once.
        """
        trails = self.trail is not None or self.trail_bps is not None
        triggers = (self.stop is not None) + (self.take_profit is not None) + trails
        if triggers > 1 or (self.trail is not None and self.trail_bps is not None):
            raise StrategyError("an order has one of stop, take_profit, trail and trail_bps")
        limited = self.limit is not None
        if trails:
            if limited:
                raise StrategyError("a trailing stop takes no limit")
            return OrderType.TRAILING_STOP
        if self.stop is not None:
            return OrderType.STOP_LIMIT if limited else OrderType.STOP
        if self.take_profit is not None:
            return OrderType.TAKE_PROFIT_LIMIT if limited else OrderType.TAKE_PROFIT
        return OrderType.LIMIT if limited else OrderType.MARKET


class Desk:
    """One strategy's view and voice.

    Args:
        strategy: Whose desk it is.
        cell: The strategy actor's cell: the owner of subscriptions and timers.
        ids: Mints client order ids.
        clock: Time.
        universe: Instruments and currencies.
        market: Last prices and books.
        books: Positions and cash.
        orders: The broker's order table.
        data: Where subscriptions go; called at start, outside any handler.
        emit: Sends a message to a cell when the handler returns.
        portfolio: Where commands go.
        timers: Where timer requests go.
    """

    def __init__(
        self,
        *,
        strategy: StrategyId,
        cell: Cell,
        ids: ClientOrderIds,
        clock: Clock,
        universe: Universe,
        market: _native.Market,
        books: Books,
        orders: OrderTable,
        data: MarketDataActor,
        emit: Callable[[Cell, object], None],
        portfolio: Cell,
        timers: Cell,
    ) -> None:
        self.strategy = strategy
        self.universe = universe
        self.ids = ids
        self._cell = cell
        self._clock = clock
        self._market = market
        self._books = books
        self._orders = orders
        self._data = data
        self._emit = emit
        self._portfolio = portfolio
        self._timers = timers
        self.pending: dict[ClientOrderId, SubmitOrder] = {}
        self.timers: dict[str, Timer] = {}
        self.indicators: dict[tuple[InstrumentId, str, PriceType], list[Indicator]] = {}
        self.signals = 0

    @property
    def now(self) -> int:
        """Nanoseconds UTC of the input being handled."""
        return self._clock.now

    # --- data -------------------------------------------------------------------------------

    def subscribe(self, kind: str, instrument: InstrumentId) -> None:
        """Deliver a kind of market data to the strategy."""
        self.universe.instrument(instrument)
        self._data.subscribe(kind, instrument, self._cell)

    def subscribe_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None
    ) -> PriceType:
        """Deliver bars to the strategy; returns their price type."""
        self.universe.instrument(instrument)
        return self._data.subscribe_bars(instrument, timeframe, price_type, self._cell)

    def attach(
        self,
        indicator: Indicator,
        instrument: InstrumentId,
        timeframe: str,
        price_type: PriceType | None,
    ) -> None:
        """Update an indicator with these bars, before the strategy sees them."""
        resolved = self.subscribe_bars(instrument, timeframe, price_type)
        self.indicators.setdefault((instrument, timeframe, resolved), []).append(indicator)

    # --- what is ----------------------------------------------------------------------------

    def position_units(self, instrument: InstrumentId) -> int:
        """Signed quantity units of the strategy."""
        return self._books.position(self.strategy, instrument)

    def quantity(self, instrument: InstrumentId) -> Decimal:
        """Signed quantity of the strategy."""
        item = self.universe.instrument(instrument)
        return item.quantity(self._books.position(self.strategy, instrument))

    def position(self, instrument: InstrumentId) -> Position:
        """The strategy's position."""
        return self._books.position_view(self.strategy, instrument)

    def cash(self, currency: str) -> Decimal:
        """The account's balance of a currency."""
        scale = self.universe.scale(currency)
        return to_decimal(self._books.total_balance(currency), scale)

    def open_orders(self, instrument: InstrumentId | None) -> list[Order]:
        """The strategy's open orders, oldest first."""
        return self._orders.open_orders(self.strategy, instrument)

    def quote(self, instrument: InstrumentId) -> Quote | None:
        """The last quote."""
        item = self.universe.instrument(instrument)
        last = self._market.quote(self.universe.index[instrument])
        if last is None:
            return None
        ts, bid, ask, bid_size, ask_size = last
        return Quote(
            instrument, ts, ts, item.price_scale, item.size_scale, bid, ask, bid_size, ask_size
        )

    def book(
        self, instrument: InstrumentId, depth: int
    ) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks, best first; empty while the book is not valid."""
        item = self.universe.instrument(instrument)
        number = self.universe.index[instrument]
        if not self._market.book_valid(number):
            return [], []
        bids, asks = self._market.book_top(number, depth)
        price, size = item.price_scale, item.size_scale
        return (
            [(to_decimal(p, price), to_decimal(q, size)) for p, q in bids],
            [(to_decimal(p, price), to_decimal(q, size)) for p, q in asks],
        )

    # --- orders -----------------------------------------------------------------------------

    def submit(
        self,
        instrument: InstrumentId,
        side: Side,
        quantity: "Number",
        order_type: OrderType | None,
        options: OrderOptions,
    ) -> ClientOrderId:
        """Send an order down the graph."""
        item = self.universe.instrument(instrument)
        units = item.quantity_units(_exact(quantity, "quantity"))
        if units <= 0:
            raise StrategyError(f"{instrument}: the quantity {quantity} is not positive")
        return self._submit_units(item, side, units, order_type, options)

    def _submit_units(
        self,
        item: Instrument,
        side: Side,
        units: int,
        order_type: OrderType | None,
        options: OrderOptions,
    ) -> ClientOrderId:
        meant = options.order_type()
        if order_type not in (None, meant):
            raise StrategyError(f"{order_type} does not fit the given prices, which mean {meant}")
        trigger = options.stop if options.stop is not None else options.take_profit
        in_bps = options.trail_bps is not None
        trail = options.trail_bps if in_bps else _price(item, options.trail, "trail")
        order = SubmitOrder(
            ts=self._clock.now,
            client_order_id=self.ids.mint(),
            strategy=self.strategy,
            instrument=item.id,
            side=side,
            order_type=meant,
            quantity_units=units,
            price_scale=item.price_scale,
            size_scale=item.size_scale,
            limit_units=_price(item, options.limit, "limit"),
            trigger_units=_price(item, trigger, "stop"),
            trigger_source=options.trigger_source,
            trailing_offset_units=trail,
            trailing_kind=TrailingKind.BASIS_POINTS if in_bps else TrailingKind.PRICE,
            time_in_force=options.time_in_force,
            expire_ts=options.expire_ts,
            post_only=options.post_only,
            reduce_only=options.reduce_only,
            parent=options.parent,
            oco_group=options.oco_group,
            position=options.position,
            arrival_units=self._market.valuation(self.universe.index[item.id], 0),
            tag=options.tag,
        )
        self.pending[order.client_order_id] = order
        self.signals += 1
        self._emit(self._portfolio, order)
        return order.client_order_id

    def cancel(self, order: ClientOrderId) -> None:
        """Ask for a cancel."""
        submit = self._own(order)
        self._emit(
            self._portfolio,
            CancelOrder(
                ts=self.now,
                client_order_id=order,
                strategy=self.strategy,
                instrument=submit.instrument,
            ),
        )

    def cancel_all(self, instrument: InstrumentId | None) -> None:
        """Ask for every own order to be canceled, those of the running handler too."""
        for order in self._not_yet_known():
            if instrument in (None, order.instrument):
                self.cancel(order.client_order_id)
        command = CancelAll(ts=self.now, strategy=self.strategy, instrument=instrument)
        self._emit(self._portfolio, command)

    def replace(
        self,
        order: ClientOrderId,
        quantity: "Number | None",
        limit: "Number | None",
        stop: "Number | None",
    ) -> None:
        """Ask for new terms."""
        submit = self._own(order)
        item = self.universe.instrument(submit.instrument)
        units = None if quantity is None else item.quantity_units(_exact(quantity, "quantity"))
        self._emit(
            self._portfolio,
            ReplaceOrder(
                ts=self.now,
                client_order_id=order,
                strategy=self.strategy,
                instrument=submit.instrument,
                quantity_units=units,
                limit_units=_price(item, limit, "limit"),
                trigger_units=_price(item, stop, "stop"),
            ),
        )

    def target(
        self, instrument: InstrumentId, quantity: "Number", options: OrderOptions
    ) -> ClientOrderId | None:
        """Send the order that brings held, working and unknown quantity to `quantity`."""
        item = self.universe.instrument(instrument)
        wanted = item.quantity_units(_exact(quantity, "quantity"))
        buying, selling = self._orders.working_units(self.strategy, instrument)
        delta = wanted - self.position_units(instrument) - buying + selling
        for order in self._not_yet_known():
            if order.instrument == instrument:
                delta -= order.side.sign * order.quantity_units
        if delta == 0:
            return None
        side = Side.BUY if delta > 0 else Side.SELL
        return self._submit_units(item, side, abs(delta), None, options)

    def _not_yet_known(self) -> list[SubmitOrder]:
        """Own orders that the broker has not seen yet: those emitted by the running handler."""
        for known in [order for order in self.pending if self._orders.get(order) is not None]:
            del self.pending[known]
        return list(self.pending.values())

    def _own(self, order: ClientOrderId) -> SubmitOrder:
        pending = self.pending.get(order)
        if pending is not None:
            return pending
        found = self._orders.get(order)
        if found is None or found.strategy != self.strategy:
            raise StrategyError(f"{self.strategy} has no order {order}")
        return found.submit

    # --- timers -----------------------------------------------------------------------------

    def set_timer(self, name: str, at: int) -> None:
        """Fire once."""
        self._arm(name, Timer(due=at))

    def every(self, name: str, interval_ns: int) -> None:
        """Fire at each multiple of an interval."""
        due = next_multiple(self.now, interval_ns)
        self._arm(name, Timer(due=due, interval_ns=interval_ns))

    def cron(self, name: str, expression: str) -> None:
        """Fire by a cron expression."""
        self._arm(name, Timer(due=next_cron(self.now, expression), cron=expression))

    def cancel_timer(self, name: str) -> None:
        """Forget a timer."""
        self.timers.pop(name, None)
        self._emit(self._timers, CancelTimer(owner=self._cell.name, name=name))

    def rearm(self, name: str) -> None:
        """After a timer fired: set it again when it repeats, else forget it."""
        timer = self.timers.get(name)
        due = timer.next_after(self.now) if timer is not None else None
        if timer is None or due is None:
            self.timers.pop(name, None)
        else:
            timer.due = due
            self._arm(name, timer)

    def _arm(self, name: str, timer: Timer) -> None:
        self.timers[name] = timer
        self._emit(self._timers, SetTimer(owner=self._cell.name, name=name, ts=timer.due))


def _exact(value: "Number", what: str) -> "Number":
    if isinstance(value, float):
        raise NotRepresentable(
            f"{what} {value!r} is a float", remedy=f'write Decimal("{value}") or "{value}"'
        )
    return value


def _price(item: Instrument, value: "Number | None", what: str) -> int | None:
    return None if value is None else item.price_units(_exact(value, what))
