"""Where the close stands within the recent range."""

from openoutcry.actors.indicators.base import Indicator


class Stochastic(Indicator):
    """Lane's slow stochastic oscillator, 0 to 100; 50 in a range without width.

    Ready after `period + smooth + signal - 2` bars. `value` is `k`. A `smooth` of 1 makes it the
    fast one, as in `StochasticFast`.

    Args:
        period: Bars of the range.
        smooth: Bars over which `k` is averaged.
        signal: Bars over which `d` averages `k`.
    """

    engine_name = "stochastic"

    def __init__(self, period: int = 14, smooth: int = 3, signal: int = 3) -> None:
        super().__init__(period, smooth, signal)

    @property
    def k(self) -> float:
        """Where the close stands."""
        return self._native.output("k")

    @property
    def d(self) -> float:
        """Mean of `k`."""
        return self._native.output("d")


class StochasticFast(Stochastic):
    """Lane's fast stochastic oscillator: `k` is not averaged. Ready after `period + signal - 1` bars.

    Args:
        period: Bars of the range.
        signal: Bars over which `d` averages `k`.
    """

    def __init__(self, period: int = 14, signal: int = 3) -> None:
        super().__init__(period, 1, signal)

    def __repr__(self) -> str:
        """As it is written in a strategy, with the value."""
        period, _, signal = self._parameters
        return f"{type(self).__name__}({period}, {signal}) = {self.value}"


class StochRsi(Indicator):
    """Stochastic oscillator of the RSI, 0 to 100; 50 where the RSI stands still.

    Ready after `period + lookback + smooth + signal - 2` bars. `value` is `k`. Source: T. Chande and
    S. Kroll, The New Technical Trader (1994).

    Args:
        period: Of the RSI.
        lookback: Values of the RSI that make the range.
        smooth: Values over which `k` is averaged; 1 for not at all.
        signal: Values over which `d` averages `k`.
    """

    engine_name = "stoch_rsi"

    def __init__(
        self, period: int = 14, lookback: int = 14, smooth: int = 3, signal: int = 3
    ) -> None:
        super().__init__(period, lookback, smooth, signal)

    @property
    def k(self) -> float:
        """Where the RSI stands in its range."""
        return self._native.output("k")

    @property
    def d(self) -> float:
        """Mean of `k`."""
        return self._native.output("d")


class WilliamsR(Indicator):
    """Williams' %R, -100 (at the low) to 0 (at the high); -50 in a range without width.

    Args:
        period: Bars of the range; ready after as many.
    """

    engine_name = "williams_r"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Cci(Indicator):
    """Commodity channel index: typical price against its mean, in 0.015 mean absolute deviations.

    0 where nothing deviates. Source: D. Lambert, Commodity Channel Index (1980).

    Args:
        period: Bars; ready after as many.
    """

    engine_name = "cci"

    def __init__(self, period: int = 20) -> None:
        super().__init__(period)


class UltimateOscillator(Indicator):
    """Buying pressure over true range of three lengths, weighted 4, 2 and 1, 0 to 100.

    A length without range counts as its middle. Source: L. Williams, The Ultimate Oscillator (1985).

    Args:
        short: Bars of the first length.
        middle: Bars of the second, above `short`.
        long: Bars of the third, above `middle`; ready after one bar more.
    """

    engine_name = "ultimate"

    def __init__(self, short: int = 7, middle: int = 14, long: int = 28) -> None:
        super().__init__(short, middle, long)
