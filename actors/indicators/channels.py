"""Bands around the price, and the extremes and middles that they are made of."""

from openoutcry.actors.indicators.base import Banded, Indicator


class Bollinger(Banded):
    """Mean of the last closes and a band of standard deviations (population) around it.

    Args:
        period: Bars; ready after as many.
        deviations: Half the width of the band.
    """

    engine_name = "bollinger"

    def __init__(self, period: int = 20, deviations: float = 2.0) -> None:
        super().__init__(period, deviations)


class Keltner(Banded):
    """EMA of the close and a band of average true ranges around it.

    Ready after the longer of `period` and `range_period + 1` bars.

    Args:
        period: Of the EMA, seeded with the first close.
        range_period: True ranges that are smoothed, as Wilder did.
        ranges: Half the width of the band.
    """

    engine_name = "keltner"

    def __init__(self, period: int = 20, range_period: int = 10, ranges: float = 2.0) -> None:
        super().__init__(period, range_period, ranges)


class Donchian(Banded):
    """Highest high and lowest low of the last bars.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "donchian"

    def __init__(self, period: int = 20) -> None:
        super().__init__(period)


class Highest(Indicator):
    """Highest high of the last bars.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "highest"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Lowest(Indicator):
    """Lowest low of the last bars.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "lowest"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Midpoint(Indicator):
    """Halfway between the highest and the lowest of the last closes.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "midpoint"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Midprice(Indicator):
    """Halfway between the highest high and the lowest low of the last bars.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "midprice"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Ichimoku(Indicator):
    """Ichimoku Kinko Hyo: lines halfway between extremes, and the cloud of an earlier bar.

    Ready after `long + displacement` bars. `value` is the conversion line. Nothing here looks ahead:
    the lagging line of a chart is the close itself, drawn `displacement` bars back.

    Args:
        short: Bars of the conversion line.
        middle: Bars of the base line, above `short`.
        long: Bars of the second span, above `middle`.
        displacement: Bars by which the cloud is drawn ahead. Charts that count the current bar as
            the first of 26 draw it 25 ahead.
    """

    engine_name = "ichimoku"

    def __init__(
        self, short: int = 9, middle: int = 26, long: int = 52, displacement: int = 26
    ) -> None:
        super().__init__(short, middle, long, displacement)

    @property
    def conversion(self) -> float:
        """Tenkan-sen: halfway line of the shortest length."""
        return self._native.output("conversion")

    @property
    def base(self) -> float:
        """Kijun-sen: halfway line of the middle length."""
        return self._native.output("base")

    @property
    def span_a(self) -> float:
        """Senkou span A over this bar: `ahead_a` of `displacement` bars ago."""
        return self._native.output("span_a")

    @property
    def span_b(self) -> float:
        """Senkou span B over this bar: `ahead_b` of `displacement` bars ago."""
        return self._native.output("span_b")

    @property
    def ahead_a(self) -> float:
        """Mean of conversion and base line, drawn `displacement` bars ahead."""
        return self._native.output("ahead_a")

    @property
    def ahead_b(self) -> float:
        """Halfway line of the longest length, drawn `displacement` bars ahead."""
        return self._native.output("ahead_b")
