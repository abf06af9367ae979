"""Moving averages of the close."""

from openoutcry.actors.indicators.base import Indicator


class Ema(Indicator):
    """Exponential moving average: alpha = 2/(period+1), seeded with the first close.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "ema"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Sma(Indicator):
    """Arithmetic mean of the last closes.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "sma"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Wma(Indicator):
    """Linearly weighted mean of the last closes: weight 1 for the oldest, `period` for the newest.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "wma"

    def __init__(self, period: int) -> None:
        super().__init__(period)
