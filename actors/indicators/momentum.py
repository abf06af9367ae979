"""How fast the close moves."""

from openoutcry.actors.indicators.base import Indicator


class Rsi(Indicator):
    """Relative strength index, 0 to 100; 50 where nothing moved.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Args:
        period: Changes that are smoothed; ready after one bar more.
    """

    engine_name = "rsi"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Roc(Indicator):
    """Rate of change of the close, in percent.

    Args:
        period: Bars to look back; ready after one bar more.
    """

    engine_name = "roc"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Macd(Indicator):
    """Difference of two EMAs of the close, and its EMA; all computed from the first bar on.

    Ready after `slow + signal - 1` bars. `value` is the line.

    Args:
        fast: Period of the fast EMA, below `slow`.
        slow: Period of the slow EMA.
        signal: Period of the EMA of the line.
    """

    engine_name = "macd"

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        super().__init__(fast, slow, signal)

    @property
    def line(self) -> float:
        """Fast EMA less slow EMA."""
        return self._native.output("line")

    @property
    def signal(self) -> float:
        """EMA of the line."""
        return self._native.output("signal")

    @property
    def histogram(self) -> float:
        """Line less signal."""
        return self._native.output("histogram")
