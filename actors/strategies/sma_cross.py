"""SMA cross: long while the fast average is at or above the slow one, else flat (or short)."""

from openoutcry.actors.indicators import Sma
from openoutcry.actors.strategies.crossing import Crossing


class SmaCross(Crossing):
    """Holds `size` or nothing; with `long_only = false` it goes short instead of flat."""

    class Params(Crossing.Params):
        """`fast` and `slow` count bars."""

        fast: int = 10
        slow: int = 30
        long_only: bool = True

    params: Params

    def setup(self) -> None:
        """Attach both averages to the bars, and ask when they cross."""
        p = self.params
        self.fast = self.indicator(Sma(p.fast), p.instrument, p.timeframe, p.price_type)
        self.slow = self.indicator(Sma(p.slow), p.instrument, p.timeframe, p.price_type)
        self.cross("side", self.fast, self.slow)
