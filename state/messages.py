"""The base of every message, and how its units become decimals.

A price or quantity in a message is a 64-bit count of the instrument's own unit, 10^-scale; the
message carries both scales, so it can be read without looking anything up. Properties without the
`_units` suffix give `decimal.Decimal`. `UNDEFINED` stands for "not known" in any unit field.
"""

from decimal import Decimal
from typing import ClassVar, Final

import msgspec

from openoutcry.state.decimals import to_decimal
from openoutcry.state.errors import MissingData

__all__ = ["UNDEFINED", "Message", "known", "to_decimal"]

UNDEFINED: Final = -(2**63)
"""The unit value of a price or size that is not known (an empty side, a feed without sizes)."""


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """Base of all messages: immutable, tagged with its class name, compared by value."""

    schema_version: ClassVar[int] = 1


def known(units: int, scale: int, what: str) -> Decimal:
    """The decimal that `units` stand for.

    Raises:
        MissingData: The value is `UNDEFINED`.
    """
    if units == UNDEFINED:
        raise MissingData(f"there is no {what}")
    return to_decimal(units, scale)
