"""Units as the decimal texts of an answer: exact, never with an exponent."""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.state.messages import UNDEFINED
from openoutcry.state.universe import Universe


def plain(value: Decimal) -> str:
    """A decimal without an exponent, with all its decimals."""
    return f"{value:f}"


def units(count: int, scale: int) -> str:
    """What `count` units of 10^-`scale` stand for: as a decimal writes it, four times as fast."""
    if not scale:
        return str(count)
    digits = str(abs(count)).rjust(scale + 1, "0")
    return f"{'-' if count < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def known(count: int | None, scale: int) -> str | None:
    """As `units`; None for what is not known."""
    return None if count is None or count == UNDEFINED else units(count, scale)


def amounts(by_currency: Mapping[str, int], universe: Universe) -> dict[str, str]:
    """Money by currency; what is zero is left out."""
    return {code: units(n, universe.scale(code)) for code, n in by_currency.items() if n}
