"""Decimals and units: exact both ways, whatever the caller's decimal context says.

Python's decimal arithmetic rounds to the precision of a context that anybody may change (28 digits
by default, 128-bit money has 39). Here every conversion is exact or an error.
"""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

from openoutcry.state.errors import NotRepresentable, NumericOverflow

MAX_TEXT: Final = 40
"""Longest number at a wire edge; 39 characters hold any 128-bit amount."""

_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_MAX_DIGITS = 38  # of units: 10^38 is the last power of ten in 128 bits
_EXACT = Context(prec=100, traps=[InvalidOperation, Inexact])
_shifted = _EXACT.scaleb


def parse_decimal(text: str) -> Decimal:
    """The number in a text of at most `MAX_TEXT` characters: `-`, digits, a point and digits.

    Exponents, NaN, infinities, blanks, `+` and underscores are refused: an integer made from
    `1E+999999` occupies a processor for more than a minute.

    Raises:
        NotRepresentable: Anything else.
    """
    if len(text) > MAX_TEXT:
        raise NotRepresentable(f"{text[:MAX_TEXT]!r}... is longer than a number can be")
    if _PLAIN.fullmatch(text) is None:
        raise NotRepresentable(
            f"{text!r} is not a plain decimal", remedy="write it like -12.50, without an exponent"
        )
    return Decimal(text)


def to_decimal(units: int, scale: int) -> Decimal:
    """The decimal that `units` of 10^-`scale` stand for, exact."""
    return _shifted(Decimal(units), -scale)


def to_units(value: Decimal, scale: int) -> int:
    """A decimal in units of 10^-`scale`, exact, at most 128 bits.

    Raises:
        NotRepresentable: More decimals than the scale, or not a number.
        NumericOverflow: Beyond 128 bits.
    """
    if not value.is_finite():
        raise NotRepresentable(f"{value} is not a number")
    # Looked at before any integer is made: the exponent alone can be a denial of service.
    if value and value.adjusted() + scale > _MAX_DIGITS:
        raise NumericOverflow(f"{value:.6E} does not fit 128 bits at scale {scale}")
    try:
        units = int(_EXACT.to_integral_exact(_shifted(value, scale)))
    except Inexact:
        raise NotRepresentable(f"{value} has more than {scale} decimals") from None
    if not -(2**127) < units < 2**127:
        raise NumericOverflow(f"{value} does not fit 128 bits at scale {scale}")
    return units
