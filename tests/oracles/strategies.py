"""The strategies of the reference backtests, with the reference's own way of sending orders."""

from decimal import Decimal

from openoutcry.actors.indicators import Ema
from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import PriceType, Side
from openoutcry.state.events import TimerFired
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Quote
from openoutcry.state.signals import Crossed


class BuyThenSell(Strategy):
    """Buys at the second tick, sells at the fourth."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        size: Decimal

    class State(Strategy.State):
        ticks: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        self.state.ticks += 1
        if self.state.ticks == 2:
            self.buy(quote.instrument, self.params.size)
        if self.state.ticks == 4:
            self.sell(quote.instrument, self.params.size)


class CloseAndReverse(Strategy):
    """EMA cross that closes the whole position and then opens anew: two orders for a reversal."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        size: Decimal
        timeframe: str
        price_type: PriceType
        fast: int = 10
        slow: int = 20

    params: Params

    def setup(self) -> None:
        p = self.params
        self.fast = self.indicator(Ema(p.fast), p.instrument, p.timeframe, p.price_type)
        self.slow = self.indicator(Ema(p.slow), p.instrument, p.timeframe, p.price_type)
        self.cross("side", self.fast, self.slow, skip_flat=True)

    def on_cross(self, cross: Crossed) -> None:
        side = Side.BUY if cross.above else Side.SELL
        held = self.quantity(cross.instrument)
        if held * side.sign <= 0:
            self.reverse(side, held)

    def reverse(self, side: Side, held: Decimal) -> None:
        if held:
            self.close(held)
        self.enter(side)

    def close(self, held: Decimal) -> None:
        side = Side.SELL if held > 0 else Side.BUY
        self.submit(self.params.instrument, side, abs(held))

    def enter(self, side: Side) -> None:
        self.submit(self.params.instrument, side, self.params.size)

    def on_stop(self) -> None:
        self.cancel_all(self.params.instrument)
        held = self.quantity(self.params.instrument)
        if held:
            self.close(held)


class TwapReverse(CloseAndReverse):
    """As above, each entry in `slices` equal parts over `horizon_ms`; closes are one order."""

    class Params(CloseAndReverse.Params):
        slices: int = 4
        horizon_ms: int = 10_000

    class State(Strategy.State):
        side: Side = Side.BUY
        left: int = 0
        entries: int = 0

    params: Params
    state: State

    def enter(self, side: Side) -> None:
        self.state.side, self.state.left = side, self.params.slices
        self.state.entries += 1
        self.slice()

    def slice(self) -> None:
        self.state.left -= 1
        part = self.params.size / self.params.slices
        self.submit(self.params.instrument, self.state.side, part)
        if self.state.left:
            delay_ns = self.params.horizon_ms * 1_000_000 // self.params.slices
            self.after("slice", delay_ns)

    def on_timer(self, timer: TimerFired) -> None:
        self.slice()
