"""A strategy's desk: what it can see, and how its wishes become messages.

The desk reads the market, the books and the order table, and changes none of them: everything it does
leaves when the strategy's handler returns. Orders go through the engine's `OrderDesk`, which counts those
of the running handler too, so that `target` never asks twice.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import msgspec

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.actors.dispatcher import Cell
from openoutcry.actors.interests import StrategyInterests
from openoutcry.actors.schedule import Missed, Timer, checked, next_cron, next_multiple
from openoutcry.state.enums import TimeInForce, TriggerSource
from openoutcry.state.errors import NotRepresentable
from openoutcry.state.events import TimerFired
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId
from openoutcry.state.market_data import Quote
from openoutcry.state.messages import to_decimal
from openoutcry.state.positions import Position
from openoutcry.state.universe import Universe

if TYPE_CHECKING:
    from openoutcry.actors.strategy import Number


class EntryOptions(TypedDict, total=False):
    """What is optional about an entry whose stop and profit limit are orders of their own."""

    limit: "Number | None"
    trail: "Number | None"
    trail_bps: int | None
    trigger_source: TriggerSource
    time_in_force: TimeInForce
    expire_ts: int | None
    post_only: bool
    reduce_only: bool
    parent: ClientOrderId | None
    oco_group: str | None
    position: str | None
    tag: str


class OrderOptions(EntryOptions, total=False):
    """Everything optional about an order. Prices are prices, times nanoseconds UTC.

    `stop` is the trigger of a stop order, `take_profit` of a take-profit order; with `limit` they
    become stop-limit and take-profit-limit. `trail` is a price distance, `trail_bps` basis points.
    """

    stop: "Number | None"
    take_profit: "Number | None"


class Desk:
    """One strategy's view and voice.

    Args:
        strategy: Whose desk it is.
        cell: The strategy actor's cell: the owner of its timers.
        path: Where orders go.
        universe: Instruments and currencies.
        market: Last prices and books.
        books: Positions and cash.
        interests: What the strategy asks to be woken for.
    """

    def __init__(
        self,
        *,
        strategy: StrategyId,
        cell: Cell,
        path: _native.OrderPath,
        universe: Universe,
        market: _native.Market,
        books: Books,
        interests: StrategyInterests,
    ) -> None:
        self.strategy = strategy
        self.universe = universe
        self.interests = interests
        self.orders = _native.OrderDesk(
            path, books.number(strategy), partial(_exact_units, universe)
        )
        self._cell = cell
        self._market = market
        self._books = books
        self.timers: dict[str, Timer] = {}

    @property
    def now(self) -> int:
        """Nanoseconds UTC of the input being handled."""
        return self.orders.now

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

    # --- timers -----------------------------------------------------------------------------

    def set_timer(self, name: str, at: int, missed: Missed = "once") -> None:
        """Fire once."""
        missed = checked(missed)
        # One that is set to a time which has passed is late, and yet not missed.
        self._arm(name, Timer(due=at, missed=missed if at > self.now else "once"))

    def every(self, name: str, interval_ns: int, missed: Missed = "once") -> None:
        """Fire at each multiple of an interval."""
        due = next_multiple(self.now, interval_ns)
        self._arm(name, Timer(due=due, interval_ns=interval_ns, missed=checked(missed)))

    def cron(self, name: str, expression: str, missed: Missed = "once") -> None:
        """Fire by a cron expression."""
        due = next_cron(self.now, expression)
        self._arm(name, Timer(due=due, cron=expression, missed=checked(missed)))

    def cancel_timer(self, name: str) -> None:
        """Forget a timer."""
        self.timers.pop(name, None)
        self.orders.set_timer(name, None)

    def fired(self, event: TimerFired) -> Iterator[TimerFired]:
        """A timer fired: set it again when it repeats, else forget it; what to tell the strategy of it."""
        timer = self.timers.get(event.name)
        self._rearm(event.name, timer)
        if timer is None:
            yield event
            return
        again = self.timers.get(event.name)
        for ts in timer.times(event.ts, self.now):
            yield msgspec.structs.replace(event, ts=ts, late_ns=self.now - ts)
            if self.timers.get(event.name) is not again:
                return  # the strategy has set it to something else, or does not want it any more

    def _rearm(self, name: str, timer: Timer | None) -> None:
        due = timer.next_after(self.now) if timer is not None else None
        if timer is None or due is None:
            self.timers.pop(name, None)
        else:
            timer.due = due
            self._arm(name, timer)

    def _arm(self, name: str, timer: Timer) -> None:
        self.timers[name] = timer
        self.orders.set_timer(name, timer.due)


def _exact_units(universe: Universe, instrument: InstrumentId, what: str, value: "Number") -> int:
    """Units of a number that the engine would not take as it is.

    Raises:
        ConfigError: The instrument is not part of this run.
        NotRepresentable: A float, or a value off its tick or lot.
    """
    item = universe.instrument(instrument)
    if isinstance(value, float):
        raise NotRepresentable(
            f"{what} {value!r} is a float", remedy=f'write Decimal("{value}") or "{value}"'
        )
    return item.quantity_units(value) if what == "quantity" else item.price_units(value)
