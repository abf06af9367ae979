"""What the volume says. Bars whose volume is not known count as bars without volume."""

from openoutcry.actors.indicators.base import Indicator


class Vwap(Indicator):
    """Volume-weighted mean of the typical price, (high + low + close)/3, of the UTC day.

    It starts anew with the first bar that opens on another UTC day, and so does `count`. Bars whose
    volume is not known change nothing. Ready once something was traded on the day.
    """

    engine_name = "vwap"

    def __init__(self) -> None:
        super().__init__()


class Obv(Indicator):
    """On-balance volume since the start: that of rising closes less that of falling ones.

    The first bar counts as rising; ready with it. Source: J. Granville, New Key to Stock Market
    Profits (1963).
    """

    engine_name = "obv"

    def __init__(self) -> None:
        super().__init__()


class Mfi(Indicator):
    """Money flow index, 0 to 100; 50 where no money flowed.

    Typical price times volume of the rising bars, in percent of that of rising and falling ones.

    Args:
        period: Changes of the typical price; ready after one bar more.
    """

    engine_name = "mfi"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class AccumulationDistribution(Indicator):
    """Accumulation/distribution line since the start; ready with the first bar.

    Each bar adds its volume times where it closed, from -1 (at its low) to 1 (at its high); a bar
    without range adds nothing.
    """

    engine_name = "accumulation_distribution"

    def __init__(self) -> None:
        super().__init__()


class Chaikin(Indicator):
    """Chaikin's oscillator: a fast less a slow EMA of the accumulation/distribution line.

    Args:
        fast: Period of the fast EMA, below `slow`.
        slow: Period of the slow EMA; ready after as many bars.
    """

    engine_name = "chaikin"

    def __init__(self, fast: int = 3, slow: int = 10) -> None:
        super().__init__(fast, slow)
