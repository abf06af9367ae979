"""How far prices range."""

from openoutcry.actors.indicators.base import Indicator


class TrueRange(Indicator):
    """Range of a bar together with the close before it; ready after two bars."""

    engine_name = "true_range"

    def __init__(self) -> None:
        super().__init__()


class Atr(Indicator):
    """Average true range, smoothed as Wilder did.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Args:
        period: True ranges that are smoothed; ready after one bar more, since the first true range
            needs a previous close.
    """

    engine_name = "atr"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Natr(Indicator):
    """Average true range in percent of the close.

    Args:
        period: True ranges that are smoothed; ready after one bar more.
    """

    engine_name = "natr"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class StdDev(Indicator):
    """Standard deviation of the last closes, of the population.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "std_dev"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Variance(Indicator):
    """Variance of the last closes, of the population.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "variance"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class ZScore(Indicator):
    """Distance of the close from the mean of the last ones, in standard deviations (population).

    0 where nothing moved.

    Args:
        period: Bars, at least 2; ready after as many.
    """

    engine_name = "z_score"

    def __init__(self, period: int = 20) -> None:
        super().__init__(period)


class RealizedVolatility(Indicator):
    """Standard deviation (sample) of logarithmic returns, times the root of `bars_per_year`.

    A fraction, not percent: 0.5 is 50 % a year. Prices must be positive.

    Args:
        period: Returns, at least 2; ready after one bar more.
        bars_per_year: How many bars a year has on this market: 525,600 minutes where it never
            closes, 252 days on an exchange; 1 for the volatility of one bar.
    """

    engine_name = "realized_volatility"

    def __init__(self, period: int, bars_per_year: float) -> None:
        super().__init__(period, bars_per_year)


class LinearRegression(Indicator):
    """Straight line of least squares through the last closes; `value` is its end at the newest bar.

    Args:
        period: Bars, at least 2; ready after as many.
    """

    engine_name = "linear_regression"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)

    @property
    def slope(self) -> float:
        """Rise of the line per bar, as a price."""
        return self._native.output("slope")

    @property
    def intercept(self) -> float:
        """Start of the line, at the oldest bar."""
        return self._native.output("intercept")

    @property
    def r_squared(self) -> float:
        """Share of the variance that the line explains, 0 to 1; 0 where nothing moved."""
        return self._native.output("r_squared")
