"""How fast the close moves."""

from openoutcry.actors.indicators.base import Indicator, Lined


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


class Momentum(Indicator):
    """Difference of the close and an earlier one, as a price.

    Args:
        period: Bars to look back; ready after one bar more.
    """

    engine_name = "momentum"

    def __init__(self, period: int = 10) -> None:
        super().__init__(period)


class Macd(Lined):
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


class Ppo(Lined):
    """As `Macd`, in percent of the slow EMA.

    Ready after `slow + signal - 1` bars. `value` is the line.

    Args:
        fast: Period of the fast EMA, below `slow`.
        slow: Period of the slow EMA.
        signal: Period of the EMA of the line.
    """

    engine_name = "ppo"

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        super().__init__(fast, slow, signal)


class Apo(Indicator):
    """Difference of two EMAs of the close, both computed from the first bar on.

    Args:
        fast: Period of the fast EMA, below `slow`.
        slow: Period of the slow EMA; ready after as many bars.
    """

    engine_name = "apo"

    def __init__(self, fast: int = 12, slow: int = 26) -> None:
        super().__init__(fast, slow)


class Trix(Indicator):
    """Change over one bar of the EMA of the EMA of the EMA of the close, in percent.

    Source: J. Hutson, Good TRIX (1983).

    Args:
        period: Of each EMA; ready after 3 period - 1 bars.
    """

    engine_name = "trix"

    def __init__(self, period: int = 15) -> None:
        super().__init__(period)


class Cmo(Indicator):
    """Chande's momentum oscillator, -100 to 100; 0 where nothing moved.

    The rises less the falls of the last changes, over all of them, not smoothed. Source: T. Chande
    and S. Kroll, The New Technical Trader (1994).

    Args:
        period: Changes; ready after one bar more.
    """

    engine_name = "cmo"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)
