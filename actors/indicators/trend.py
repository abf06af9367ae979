"""Whether there is a trend, which way, and where it ends."""

from openoutcry.actors.indicators.base import Indicator


class Directional(Indicator):
    """What `Dmi` and `Adx` share: the movement up and down."""

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)

    @property
    def plus_di(self) -> float:
        """Movement up, in percent of the true range."""
        return self._native.output("plus_di")

    @property
    def minus_di(self) -> float:
        """Movement down, in percent of the true range."""
        return self._native.output("minus_di")


class Dmi(Directional):
    """Wilder's directional movement: `value` is DX, 0 to 100; 0 where nothing moved.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Args:
        period: Movements that are smoothed, from their mean on; ready after one bar more.
    """

    engine_name = "dmi"

    @property
    def dx(self) -> float:
        """How one-sided the movement is."""
        return self._native.output("dx")


class Adx(Directional):
    """Wilder's average directional index: DX smoothed once more, from the mean of the first on.

    Args:
        period: Of both smoothings; ready after twice as many bars.
    """

    engine_name = "adx"

    @property
    def adx(self) -> float:
        """How one-sided the movement has been."""
        return self._native.output("adx")


class Adxr(Indicator):
    """Mean of the ADX and the one of `period - 1` bars ago.

    Args:
        period: As in `Adx`; ready after 3 period - 1 bars.
    """

    engine_name = "adxr"

    def __init__(self, period: int = 14) -> None:
        super().__init__(period)


class Aroon(Indicator):
    """How recently the extremes were made, the latest of equal ones; `value` is the oscillator.

    Args:
        period: Bars to look back; ready after one bar more.
    """

    engine_name = "aroon"

    def __init__(self, period: int = 25) -> None:
        super().__init__(period)

    @property
    def up(self) -> float:
        """100 when this bar made the highest high, 0 when it was `period` bars ago."""
        return self._native.output("up")

    @property
    def down(self) -> float:
        """100 when this bar made the lowest low, 0 when it was `period` bars ago."""
        return self._native.output("down")

    @property
    def oscillator(self) -> float:
        """Up less down, -100 to 100."""
        return self._native.output("oscillator")


class ParabolicSar(Indicator):
    """Wilder's parabolic stop and reverse; ready after two bars.

    Starts long, at the first low, unless the second bar reaches further below the first than above
    it. Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Args:
        step: Acceleration of the stop, and what each new extreme adds to it.
        maximum: Largest acceleration.
    """

    engine_name = "parabolic_sar"

    def __init__(self, step: float = 0.02, maximum: float = 0.2) -> None:
        super().__init__(step, maximum)

    @property
    def direction(self) -> float:
        """1 while the stop is below the price, -1 while it is above."""
        return self._native.output("direction")


class Supertrend(Indicator):
    """Band of average true ranges around the middle of the bar that trails the price.

    Starts above the price.

    Args:
        period: True ranges that are smoothed, as Wilder did; ready after one bar more.
        ranges: Average true ranges between the middle and the band.
    """

    engine_name = "supertrend"

    def __init__(self, period: int = 10, ranges: float = 3.0) -> None:
        super().__init__(period, ranges)

    @property
    def direction(self) -> float:
        """1 while the band is below the price, -1 while it is above."""
        return self._native.output("direction")
