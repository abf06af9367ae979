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


class Trima(Indicator):
    """Triangular mean of the last closes: the weights rise to the middle and fall again.

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "trima"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Dema(Indicator):
    """Double EMA: 2 EMA - EMA(EMA), each seeded with the first value it takes.

    Source: P. Mulloy, Smoothing Data with Faster Moving Averages (1994).

    Args:
        period: Of each EMA; ready after 2 period - 1 bars.
    """

    engine_name = "dema"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Tema(Indicator):
    """Triple EMA: 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA)), each seeded with the first value it takes.

    Source: P. Mulloy, Smoothing Data with Faster Moving Averages (1994).

    Args:
        period: Of each EMA; ready after 3 period - 2 bars.
    """

    engine_name = "tema"

    def __init__(self, period: int) -> None:
        super().__init__(period)


class Rma(Indicator):
    """Wilder's average: the mean of the first closes, then 1/period of each new one.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "rma"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Kama(Indicator):
    """Kaufman's adaptive average: fast where prices go straight, slow where they go to and fro.

    Starts at the close before its first value. A window in which nothing moved counts as straight.
    Source: P. J. Kaufman, Trading Systems and Methods.

    Args:
        period: Changes that tell how straight prices go; ready after one bar more.
        fast: Period of the EMA that it is on a straight way, below `slow`.
        slow: Period of the EMA that it nears on a way that leads nowhere.
    """

    engine_name = "kama"

    def __init__(self, period: int = 10, fast: int = 2, slow: int = 30) -> None:
        super().__init__(period, fast, slow)


class Hma(Indicator):
    """Hull's average: WMA over sqrt(period) values of 2 WMA(period/2) - WMA(period), rounded down.

    Source: A. Hull, How to reduce lag in a moving average (2005).

    Args:
        period: Bars; ready after period + sqrt(period) - 1.
    """

    engine_name = "hma"

    def __init__(self, period: int) -> None:
        super().__init__(period)
