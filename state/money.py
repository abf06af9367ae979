"""Money: an exact amount in one currency, and the named ways to round.

An amount is an integer count of 10^-`scale` of its currency, at most 128 bits. Sums of two
currencies are errors, and so is `*`: what multiplies money rounds, and says how (`scaled`).

Where rounding happens, and how:

| what | mode |
|---|---|
| settlement: cost units become currency units at a fill; valuation at a mark | `HALF_EVEN` |
| the cost that a partial close removes, in cost units; the rest stays in the open cost | `HALF_EVEN` |
| value of an inverse contract's fill, 12 decimals beyond the currency's unit | `HALF_EVEN` |
| fees that are paid, margins that are required | `UP` |
| rebates, the quantity that a split leaves (to lots) | `DOWN` |
"""

from decimal import Decimal
from enum import Enum, unique
from typing import Final

import msgspec

from openoutcry.state.decimals import parse_decimal, to_decimal, to_units
from openoutcry.state.errors import CurrencyMismatch, NotRepresentable, NumericOverflow

_LIMIT: Final = 2**127
_MAX_FACTOR_DIGITS: Final = 100


@unique
class Rounding(Enum):
    """How a value between two units becomes one of them."""

    HALF_EVEN = "half_even"  # to the nearest unit, exact halves to the even one
    UP = "up"  # away from zero
    DOWN = "down"  # toward zero


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator` / `denominator` as an integer; the denominator is positive."""
    assert denominator > 0
    magnitude, rest = divmod(abs(numerator), denominator)
    if rounding is Rounding.UP:
        magnitude += rest > 0
    elif rounding is Rounding.HALF_EVEN:
        magnitude += 2 * rest > denominator or (2 * rest == denominator and magnitude % 2 == 1)
    return -magnitude if numerator < 0 else magnitude


class Money(msgspec.Struct, frozen=True):
    """An exact amount: `units` of 10^-`scale` of `currency`.

    Raises:
        NumericOverflow: More than 128 bits.
    """

    units: int
    currency: str
    scale: int

    def __post_init__(self) -> None:
        if not -_LIMIT < self.units < _LIMIT:
            raise NumericOverflow(f"an amount of {self.currency} does not fit 128 bits")

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str, scale: int) -> "Money":
        """An amount in units; a text is read by `parse_decimal`.

        Raises:
            NotRepresentable: More decimals than the scale, or not a number.
            NumericOverflow: More than 128 bits.
        """
        value = parse_decimal(amount) if isinstance(amount, str) else Decimal(amount)
        return cls(to_units(value, scale), currency, scale)

    @property
    def amount(self) -> Decimal:
        """The amount as a decimal, exact."""
        return to_decimal(self.units, self.scale)

    def scaled(self, factor: Decimal | int, rounding: Rounding) -> "Money":
        """The amount times a factor, rounded once.

        Raises:
            NotRepresentable: The factor is not a number.
            NumericOverflow: The factor is beyond all bounds, or the result beyond 128 bits.
        """
        factor = Decimal(factor)
        if not factor.is_finite():
            raise NotRepresentable(f"the factor {factor} is not a number")
        exponent = factor.as_tuple().exponent
        assert isinstance(exponent, int)  # the others are those of NaN and the infinities
        if factor.adjusted() > _MAX_FACTOR_DIGITS or exponent < -_MAX_FACTOR_DIGITS:
            raise NumericOverflow(f"the factor {factor:.6E} has too many digits")
        numerator, denominator = factor.as_integer_ratio()
        return self._with(divide(self.units * numerator, denominator, rounding))

    def __add__(self, other: "Money") -> "Money":
        return self._with(self.units + self._same(other))

    def __sub__(self, other: "Money") -> "Money":
        return self._with(self.units - self._same(other))

    def __neg__(self) -> "Money":
        return self._with(-self.units)

    def __abs__(self) -> "Money":
        return self._with(abs(self.units))

    def __bool__(self) -> bool:
        return self.units != 0

    def __lt__(self, other: "Money") -> bool:
        return self.units < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.units <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.units > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.units >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def _with(self, units: int) -> "Money":
        return Money(units, self.currency, self.scale)

    def _same(self, other: "Money") -> int:
        if (self.currency, self.scale) != (other.currency, other.scale):
            raise CurrencyMismatch(
                f"{self.currency} with {self.scale} decimals and {other.currency} with {other.scale}"
            )
        return other.units
