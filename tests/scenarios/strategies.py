"""Strategies of the scenarios: each does one thing that can be computed by hand."""

from decimal import Decimal

from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import Side, TimeInForce
from openoutcry.state.events import TimerFired
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar

SECOND = 1_000_000_000


class Sweeper(Strategy):
    """Every few seconds takes three whole levels and one lot of the fourth, both ways in turn.

    The levels that it sees are the order's tag, so a test can compare them with the fills.
    """

    class Params(Strategy.Params):
        instrument: InstrumentId
        seconds: int = 10

    class State(Strategy.State, kw_only=True):
        sent: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_book(self.params.instrument)

    def on_start(self) -> None:
        self.every("sweep", self.params.seconds * SECOND)

    def on_timer(self, timer: TimerFired) -> None:
        side = Side.BUY if self.state.sent % 2 == 0 else Side.SELL
        bids, asks = self.book(self.params.instrument, 4)
        levels = asks if side is Side.BUY else bids
        if len(levels) < 4:
            self.submit(self.params.instrument, side, "0.001", tag="no_book")
            return
        lot = self.instrument_of(self.params.instrument).lot
        wanted = [*levels[:3], (levels[3][0], lot)]
        self.state.sent += 1
        self.submit(
            self.params.instrument,
            side,
            sum(size for _, size in wanted),
            time_in_force=TimeInForce.IOC,
            tag=" ".join(f"{price}x{size}" for price, size in wanted),
        )


class Holder(Strategy):
    """Trades `size` (negative: sells short) once, at the first bar."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        size: Decimal
        timeframe: str = "1d"

    class State(Strategy.State, kw_only=True):
        done: bool = False

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_bars(self.params.instrument, self.params.timeframe)

    def on_bar(self, bar: Bar) -> None:
        if not self.state.done:
            self.state.done = True
            self.target(bar.instrument, self.params.size)


class Joiner(Strategy):
    """Each second: an offer of one size at each touch, and away with what stands elsewhere."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        size: Decimal

    params: Params

    def setup(self) -> None:
        self.subscribe_book(self.params.instrument)

    def on_start(self) -> None:
        self.every("join", SECOND)

    def on_timer(self, timer: TimerFired) -> None:
        bids, asks = self.book(self.params.instrument, 1)
        if not bids or not asks:
            return
        known = self.instrument_of(self.params.instrument)
        touch = {Side.BUY: bids[0][0], Side.SELL: asks[0][0]}
        kept = set()
        for order in self.orders(self.params.instrument):
            if order.limit_units == known.price_units(touch[order.side]):
                kept.add(order.side)
            else:
                self.cancel(order.client_order_id)
        for side, price in touch.items():
            if side not in kept:
                size = self.params.size
                self.submit(self.params.instrument, side, size, limit=price, post_only=True)
