"""EMA cross: long while the fast average is at or above the slow one, else short (or flat)."""

from openoutcry.actors.indicators import Ema
from openoutcry.actors.strategies.crossing import Crossing


class EmaCross(Crossing):
    """Always in the market once warmed up, unless `long_only`.

    A bar in which nothing happened (open = high = low = close) updates the averages and is not
    acted upon.
    """

    class Params(Crossing.Params):
        """`fast` and `slow` count bars."""

        fast: int = 10
        slow: int = 20

    params: Params

    def setup(self) -> None:
        """Attach both averages to the bars, and ask when they cross."""
        p = self.params
        self.fast = self.indicator(Ema(p.fast), p.instrument, p.timeframe, p.price_type)
        self.slow = self.indicator(Ema(p.slow), p.instrument, p.timeframe, p.price_type)
        self.cross("side", self.fast, self.slow, skip_flat=True)
