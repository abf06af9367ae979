"""Positions as strategies and results see them: read-only views of a ledger."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, Protocol

import msgspec

from openoutcry.state.decimals import to_decimal
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.money import Money
from openoutcry.state.universe import Universe

_AVERAGE_DIGITS: Final = 6  # beyond the instrument's price scale
_DISPLAY = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Holdings(Protocol):
    """What a position view is made of: a native `Ledger`, or the `Books` of a run."""

    def legs(self, book: int, instrument: int, /) -> list[int]:
        """Numbers of the open legs."""

    def quantity(self, book: int, instrument: int, leg: int = 0, /) -> int:
        """Signed quantity units of a leg."""

    def net_quantity(self, book: int, instrument: int, /) -> int:
        """Signed quantity units of all legs."""

    def cost(self, book: int, instrument: int, leg: int = 0, /) -> tuple[int, int]:
        """Exact cost of a leg in the settlement currency, as (units, scale)."""

    def realized(self, book: int, instrument: int, /) -> int:
        """Realised profit in settlement units."""

    def unrealized(self, book: int, instrument: int, mark: int, /) -> int:
        """Profit at a mark in settlement units."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy holds of one instrument, all legs together, at one moment.

    Args:
        instrument: What is held.
        strategy: Who holds it.
        quantity: Signed; negative is short.
        average_entry_price: Derived from the exact cost for reading, rounded 6 decimals beyond the
            price scale (half to even); None when flat, or when long and short legs are both open.
        realized: Realised profit so far, fees apart, in the settlement currency.
        unrealized: Profit at the mark; None when something is held and no price is known.
    """

    instrument: InstrumentId
    strategy: StrategyId
    quantity: Decimal
    average_entry_price: Decimal | None
    realized: Money
    unrealized: Money | None

    @property
    def is_flat(self) -> bool:
        """Whether the net quantity is zero."""
        return self.quantity == 0

    @property
    def is_long(self) -> bool:
        """Whether the net quantity is positive."""
        return self.quantity > 0

    @property
    def is_short(self) -> bool:
        """Whether the net quantity is negative."""
        return self.quantity < 0

    @classmethod
    def of(
        cls,
        ledger: Holdings,
        book: int,
        universe: Universe,
        number: int,
        mark: int | None,
        strategy: StrategyId,
    ) -> "Position":
        """The view of one book.

        Args:
            ledger: The account's ledger.
            book: The strategy's book in it.
            universe: The lists that the ledger was made with.
            number: Number of the instrument.
            mark: Price units to value the position at, None (or `UNDEFINED`) when not known.
            strategy: The strategy's id.
        """
        instrument = universe.instruments[number]
        currency = instrument.settlement
        scale = universe.scale(currency)
        legs = ledger.legs(book, number)
        price = UNDEFINED if mark is None else mark
        unrealized = None
        if price != UNDEFINED or not legs:
            unrealized = Money(ledger.unrealized(book, number, price), currency, scale)
        return cls(
            instrument=instrument.id,
            strategy=strategy,
            quantity=instrument.quantity(ledger.net_quantity(book, number)),
            average_entry_price=_average(ledger, book, number, legs, instrument),
            realized=Money(ledger.realized(book, number), currency, scale),
            unrealized=unrealized,
        )


def _average(
    ledger: Holdings, book: int, number: int, legs: list[int], instrument: Instrument
) -> Decimal | None:
    quantities = [ledger.quantity(book, number, leg) for leg in legs]
    one_sided = bool(legs) and all((q > 0) == (quantities[0] > 0) for q in quantities)
    if not one_sided:
        return None
    costs = [ledger.cost(book, number, leg) for leg in legs]
    cost = to_decimal(sum(units for units, _ in costs), costs[0][1])  # legs share one scale
    if instrument.inverse and cost == 0:
        return None
    worth = _DISPLAY.multiply(instrument.quantity(sum(quantities)), instrument.multiplier)
    # A coin-margined contract costs quantity x multiplier / price, so its price is the inverse.
    price = _DISPLAY.divide(worth, cost) if instrument.inverse else _DISPLAY.divide(cost, worth)
    step = Decimal(1).scaleb(-instrument.price_scale - _AVERAGE_DIGITS)
    return price.quantize(step, context=_DISPLAY)
