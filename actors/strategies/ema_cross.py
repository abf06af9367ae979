"""EMA cross: long while the fast average is at or above the slow one, else short (or flat)."""

from decimal import Decimal

from openoutcry.actors.indicators import Ema
from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import PriceType
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar


class EmaCross(Strategy):
    """Always in the market once warmed up, unless `long_only`.

    A bar in which nothing happened (open = high = low = close) updates the averages and is not
    acted upon.
    """

    class Params(Strategy.Params):
        """`size` is the held quantity; `fast` and `slow` count bars."""

        instrument: InstrumentId
        size: Decimal
        timeframe: str = "1m"
        price_type: PriceType | None = None
        fast: int = 10
        slow: int = 20
        long_only: bool = False

    params: Params

    def setup(self) -> None:
        """Attach both averages to the bars."""
        p = self.params
        self.fast = self.indicator(Ema(p.fast), p.instrument, p.timeframe, p.price_type)
        self.slow = self.indicator(Ema(p.slow), p.instrument, p.timeframe, p.price_type)

    def on_bar(self, bar: Bar) -> None:
        """Hold the side that the averages say."""
        if not self.slow.ready or bar.high_units == bar.low_units:
            return
        if self.fast.value >= self.slow.value:
            self.target(bar.instrument, self.params.size)
        else:
            self.target(bar.instrument, 0 if self.params.long_only else -self.params.size)

    def on_stop(self) -> None:
        """Go home flat."""
        self.cancel_all(self.params.instrument)
        self.target(self.params.instrument, 0)
