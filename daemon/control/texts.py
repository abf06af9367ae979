"""Units as the decimal texts of an answer: exact, never with an exponent."""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.state.decimals import to_decimal
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.universe import Universe


def plain(value: Decimal) -> str:
    """A decimal without an exponent, with all its decimals."""
    return f"{value:f}"


def units(count: int, scale: int) -> str:
    """What `count` units of 10^-`scale` stand for."""
    return f"{to_decimal(count, scale):f}"


def known(count: int | None, scale: int) -> str | None:
    """As `units`; None for what is not known."""
    return None if count is None or count == UNDEFINED else units(count, scale)


def amounts(by_currency: Mapping[str, int], universe: Universe) -> dict[str, str]:
    """Money by currency; what is zero is left out."""
    return {code: units(n, universe.scale(code)) for code, n in by_currency.items() if n}
