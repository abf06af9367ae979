"""The gap in profit between what filled and what a replay would have filled, split into its causes.

Everything counts in integers: of `Worth.scale` decimals, in which the value of a fill of a linear contract
is exact. The parts of a gap add up to it to the last unit; what each means stands in
docs/explanation/compare.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import msgspec

from openoutcry.replay.compare_fills import Fill, Filled, matched
from openoutcry.state.identifiers import UNALLOCATED, InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.universe import Universe

_INVERSE_DIGITS: Final = 12
"""Decimals below the currency's unit to which the value of an inverse contract is rounded, as in the books."""


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Reference prices in price units: at moments, and at the end of the session.

    At the end there are three: 0 is the reference price, 1 what a long position is valued at, -1 a short one.
    """

    at: Mapping[tuple[InstrumentId, int], int]
    end: Mapping[tuple[InstrumentId, int], int]

    def price(self, instrument: InstrumentId, ts: int) -> int | None:
        """The price at a moment; None before the first one."""
        return self.at.get((instrument, ts))


class Gap(msgspec.Struct, kw_only=True):
    """Profit of one strategy with one instrument in one currency, in units of 10^-`scale`.

    `real - modelled` is the sum of the parts: `latency`, `slippage`, `fees`, `missed`, `extra`,
    `marks`, `adjustments` and `rounding`.
    """

    strategy: StrategyId
    instrument: InstrumentId
    currency: str
    scale: int
    modelled: int = 0
    real: int = 0
    latency: int = 0
    slippage: int = 0
    fees: int = 0
    missed: int = 0
    extra: int = 0
    marks: int = 0
    adjustments: int = 0
    rounding: int = 0

    def add(self, name: str, units: int, scale: int) -> None:
        """Add units of 10^-`scale`; the row takes the finer of both scales."""
        if scale > self.scale:
            finer = _TEN ** (scale - self.scale)
            for each in AMOUNTS:
                setattr(self, each, getattr(self, each) * finer)
            self.scale = scale
        units *= _TEN ** (self.scale - scale)
        setattr(self, name, getattr(self, name) + units)

    @property
    def gap(self) -> int:
        """How much more was really earned."""
        return self.real - self.modelled

    @property
    def parts(self) -> int:
        """The sum of the parts, which is the gap."""
        return sum(getattr(self, name) for name in PARTS)


PARTS: Final = (
    "latency",
    "slippage",
    "fees",
    "missed",
    "extra",
    "marks",
    "adjustments",
    "rounding",
)
AMOUNTS: Final = ("modelled", "real", *PARTS)
_TEN: Final[Any] = 10  # to type checkers a power of int may be a float


class Piece(NamedTuple):
    """A quantity that filled in both runs, or in one of them only."""

    quantity: int
    modelled: Fill | None
    real: Fill | None


class Worth:
    """What quantities of an instrument cost and are worth, exact.

    Args:
        item: The instrument.
        universe: Scales of currencies.
    """

    def __init__(self, item: Instrument, universe: Universe) -> None:
        sign, digits, exponent = item.multiplier.as_tuple()
        assert sign == 0
        assert isinstance(exponent, int)
        self._multiplier = Fraction(int("".join(map(str, digits)))) * _power(max(exponent, 0))
        places = max(-exponent, 0)
        self._inverse = item.inverse
        cents = universe.scale(item.settlement)
        if item.inverse:
            self.scale = cents + _INVERSE_DIGITS
            self._factor = _power(self.scale + item.price_scale - item.size_scale - places)
        else:
            exact = item.price_scale + item.size_scale + places
            self.scale = max(exact, cents)
            self._factor = _power(self.scale - exact)

    def value(self, quantity: int | Fraction, price: int) -> int:
        """The signed value of a signed quantity in units of 10^-`scale`; a coin contract's is negative."""
        if self._inverse:
            return round(-quantity * self._multiplier * self._factor / price)
        return round(quantity * price * self._multiplier * self._factor)


def _power(exponent: int) -> Fraction:
    return Fraction(_TEN**exponent) if exponent >= 0 else Fraction(1, _TEN**-exponent)


def pieces(modelled: Filled, real: Filled) -> Iterator[Piece]:
    """Both runs' fills side by side: those of the same order in their order, quantity by quantity."""
    ours, theirs = real.orders(), modelled.orders()
    both = matched(modelled, real)
    for key, fills in theirs.items():
        yield from _beside(fills, ours.get(both.get(key, ""), []))
    alone = ours.keys() - {both[key] for key in theirs.keys() & both.keys()}
    for key in sorted(alone):
        yield from _beside([], ours[key])


def _beside(modelled: Sequence[Fill], real: Sequence[Fill]) -> Iterator[Piece]:
    there, here = iter(modelled), iter(real)
    a, b = next(there, None), next(here, None)
    left_a, left_b = _quantity(a), _quantity(b)
    while a is not None or b is not None:
        both = a is not None and b is not None
        quantity = min(left_a, left_b) if both else left_a + left_b
        yield Piece(quantity, a, b)
        left_a -= quantity if a is not None else 0
        left_b -= quantity if b is not None else 0
        if a is not None and left_a == 0:
            a = next(there, None)
            left_a = _quantity(a)
        if b is not None and left_b == 0:
            b = next(here, None)
            left_b = _quantity(b)


def _quantity(fill: Fill | None) -> int:
    return 0 if fill is None else fill.quantity_units


class Account:
    """Adds up gaps.

    Args:
        universe: Instruments and currencies.
        names: The books' names, the account's first.
        market: Reference prices.
    """

    def __init__(self, universe: Universe, names: Sequence[StrategyId], market: Market) -> None:
        self._universe = universe
        self._names = names
        self._market = market
        self._worth = {item.id: Worth(item, universe) for item in universe.instruments}
        self._rows: dict[tuple[StrategyId, InstrumentId, str], Gap] = {}

    def split(self, modelled: Filled, real: Filled) -> tuple[Gap, ...]:
        """The gaps, in order of strategy, instrument and currency."""
        self._profit(modelled, "modelled")
        self._profit(real, "real")
        for piece in pieces(modelled, real):
            match piece:
                case Piece(quantity, Fill() as there, Fill() as here):
                    self._both(quantity, there, here)
                case Piece(_, Fill() as there, None):
                    self._alone(piece, there, modelled, "missed")
                case Piece(_, None, Fill() as here):
                    self._alone(piece, here, real, "extra")
        for row in self._rows.values():
            row.rounding = row.gap - row.parts
        return tuple(row for _, row in sorted(self._rows.items()))

    # --- what each run earned -------------------------------------------------------------------

    def _profit(self, run: Filled, name: str) -> None:
        """Cash of every fill, what is held at the end as books value it, fees, other cash."""
        held: dict[tuple[int, InstrumentId], Fraction] = {}
        for fill in run.fills.values():
            signed = fill.quantity_units * fill.side.sign
            self._add(fill, name, -self._worth[fill.instrument].value(signed, fill.price_units))
            if fill.fee_units:
                row = self._find(self._owner(fill.book), fill.instrument, fill.fee_currency)
                row.add(name, -fill.fee_units, fill.fee_scale)
                row.add("fees", -_SIGN[name] * fill.fee_units, fill.fee_scale)
            key = (fill.book, fill.instrument)
            held[key] = held.get(key, Fraction(0)) + _left(fill, fill.quantity_units, run)
        for (book, instrument), quantity in held.items():
            row = self._row(book, instrument)
            scale = self._worth[instrument].scale
            worth = self._at_end(instrument, quantity, (quantity > 0) - (quantity < 0))
            row.add(name, worth, scale)
            spread = worth - self._at_end(instrument, quantity)
            row.add("marks", _SIGN[name] * spread, scale)
        for event in run.cash:
            owner = event.strategy or UNALLOCATED
            row = self._find(owner, event.instrument or InstrumentId(""), event.currency)
            row.add(name, event.amount_units, event.scale)
            row.add("adjustments", _SIGN[name] * event.amount_units, event.scale)

    def _at_end(self, instrument: InstrumentId, quantity: Fraction, side: int = 0) -> int:
        price = self._market.end.get((instrument, side))
        return 0 if price is None else self._worth[instrument].value(quantity, price)

    # --- what the difference is made of ---------------------------------------------------------

    def _alone(self, piece: Piece, fill: Fill, run: Filled, part: str) -> None:
        """A quantity that filled in one run only: what it earned until the end."""
        signed = piece.quantity * fill.side.sign
        cash = -self._worth[fill.instrument].value(signed, fill.price_units)
        earned = cash + self._at_end(fill.instrument, _left(fill, piece.quantity, run))
        self._add(fill, part, earned if part == "extra" else -earned)

    def _both(self, quantity: int, modelled: Fill, real: Fill) -> None:
        """A quantity that filled in both: the market's way between, and the distance from it."""
        worth = self._worth[real.instrument]
        signed = quantity * real.side.sign
        cash = worth.value(signed, modelled.price_units) - worth.value(signed, real.price_units)
        before = self._market.price(real.instrument, modelled.ts)
        after = self._market.price(real.instrument, real.ts)
        latency = 0
        if before is not None and after is not None:
            latency = worth.value(signed, before) - worth.value(signed, after)
        self._add(real, "latency", latency)
        self._add(real, "slippage", cash - latency)

    # --- rows -----------------------------------------------------------------------------------

    def _add(self, fill: Fill, name: str, units: int) -> None:
        self._row(fill.book, fill.instrument).add(name, units, self._worth[fill.instrument].scale)

    def _owner(self, book: int) -> StrategyId:
        return self._names[book] if book < len(self._names) else UNALLOCATED

    def _row(self, book: int, instrument: InstrumentId) -> Gap:
        settlement = self._universe.instrument(instrument).settlement
        return self._find(self._owner(book), instrument, settlement)

    def _find(self, strategy: StrategyId, instrument: InstrumentId, currency: str) -> Gap:
        key = (strategy, instrument, currency)
        if key not in self._rows:
            scale = self._universe.scale(currency)
            self._rows[key] = Gap(
                strategy=strategy, instrument=instrument, currency=currency, scale=scale
            )
        return self._rows[key]


_SIGN: Final = {"real": 1, "modelled": -1}


def _left(fill: Fill, quantity: int, run: Filled) -> Fraction:
    """What is left at the end of a part of a fill: what splits made of it."""
    left = Fraction(quantity * fill.side.sign)
    for ts, numerator, denominator in run.splits.get(fill.instrument, ()):
        if ts > fill.ts:
            left = left * numerator / denominator
    return left


def totals(rows: Iterable[Gap]) -> tuple[Gap, ...]:
    """The sums of all rows of each currency."""
    found: dict[str, Gap] = {}
    for row in rows:
        total = found.setdefault(
            row.currency,
            Gap(
                strategy=StrategyId(""),
                instrument=InstrumentId(""),
                currency=row.currency,
                scale=row.scale,
            ),
        )
        for name in AMOUNTS:
            total.add(name, getattr(row, name), row.scale)
    return tuple(found[code] for code in sorted(found))
