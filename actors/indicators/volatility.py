"""How far prices range."""

from openoutcry.actors.indicators.base import Indicator


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


class StdDev(Indicator):
    """Standard deviation of the last closes, of the population.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "std_dev"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Bollinger(Indicator):
    """Mean of the last closes and a band of standard deviations (population) around it.

    Args:
        period: Bars; ready after as many.
        deviations: Half the width of the band.
    """

    engine_name = "bollinger"

    def __init__(self, period: int = 20, deviations: float = 2.0) -> None:
        super().__init__(period, deviations)

    @property
    def middle(self) -> float:
        """The mean."""
        return self._native.output("middle")

    @property
    def upper(self) -> float:
        """Upper edge of the band."""
        return self._native.output("upper")

    @property
    def lower(self) -> float:
        """Lower edge of the band."""
        return self._native.output("lower")


class Donchian(Indicator):
    """Highest high and lowest low of the last bars.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "donchian"

    def __init__(self, period: int = 20) -> None:
        super().__init__(period)

    @property
    def middle(self) -> float:
        """Halfway between the edges."""
        return self._native.output("middle")

    @property
    def upper(self) -> float:
        """Highest high."""
        return self._native.output("upper")

    @property
    def lower(self) -> float:
        """Lowest low."""
        return self._native.output("lower")
