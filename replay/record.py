"""The record of one run: what the result and the report are made of.

A run is recorded as columns of integers, a row per order, fill and sample of equity: statistics are
worked out from these, and decimals are made only of the rows that somebody looks at. `RunRecord`
gives these columns at the end of a run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from openoutcry import _native
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.enums import LiquiditySide, OrderStatus, OrderType, TimeInForce
from openoutcry.state.events import OrderFilled
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.universe import Universe

Column = NDArray[Any]
"""Integers: of 64 bits or less, or Python's where an amount needs more."""

ORDER_TYPES: Final = tuple(OrderType)
TIMES_IN_FORCE: Final = tuple(TimeInForce)
STATUSES: Final = tuple(OrderStatus)
LIQUIDITY: Final = tuple(LiquiditySide)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """What the numbers in the columns stand for.

    Args:
        books: The unallocated book, then the strategies in the config's order.
        instruments: The run's instruments.
        currencies: Code and scale of each currency.
        texts: Tags and position legs; number 0 is the empty text.
        reasons: Why orders ended as they did, each a tuple of words; number 0 is the empty one.
    """

    books: Sequence[str]
    instruments: Sequence[Instrument]
    currencies: Sequence[tuple[str, int]]
    texts: Sequence[str] = ("",)
    reasons: Sequence[tuple[str, ...]] = ((),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderColumns:
    """A row per order that a strategy asked for, in that order, as it ended.

    Prices and quantities count the instrument's units; `UNDEFINED` is no price or time. Enum members
    are numbers in the order of their definition; `side` is +1 or -1.
    """

    id: Sequence[str]
    book: Column
    instrument: Column
    side: Column
    order_type: Column
    time_in_force: Column
    quantity: Column
    limit: Column
    trigger: Column
    status: Column
    filled: Column
    ts_created: Column
    ts_done: Column  # UNDEFINED while the order may still change
    reason: Column  # number in `Names.reasons`
    tag: Column  # number in `Names.texts`


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FillColumns:
    """A row per fill as it was booked, in that order; a fill taken back is one more row, reversed.

    `fee` counts units of `fee_currency`, positive when paid; `realized` settlement units, fees apart.
    """

    ts: Column
    order: Sequence[str]
    fill_id: Sequence[str]
    book: Column
    instrument: Column
    side: Column
    price: Column
    quantity: Column
    fee: Column
    fee_currency: Column
    liquidity: Column
    position: Column  # number in `Names.texts`, 0 for the netted position
    realized: Column

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EquityColumns:
    """A row per sample, in order of time: nanoseconds, and units of 10^-`scale` of the currency."""

    ts: Column
    units: Column
    scale: int

    def __len__(self) -> int:
        return len(self.ts)


def roomy(column: Column, times: int = 2) -> Column:
    """The column, or Python's integers where `times` its largest value would not fit 64 bits."""
    if column.dtype != object and len(column):
        largest = max(int(column.max()), -int(column.min()))
        if largest * times >= 2**63:
            return column.astype(object)
    return column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunColumns:
    """All that a result needs of what happened; `denials` counts the reasons of denied orders."""

    names: Names
    orders: OrderColumns
    fills: FillColumns
    equity: EquityColumns
    denied: int
    denials: Mapping[str, int]


def number_text(packed: bytes) -> str:
    """The text of a number in little-endian bytes."""
    return str(int.from_bytes(packed, "little"))


class Ids(Sequence[str]):
    """Ids kept as bytes: the text of one is made when somebody looks at it.

    Args:
        packed: The ids, one after the other.
        size: Bytes of each.
        text: Makes an id's text of its bytes.
    """

    def __init__(self, packed: bytes, size: int, text: Callable[[bytes], str]) -> None:
        self._packed, self._size, self._text = packed, size, text

    def __len__(self) -> int:
        return len(self._packed) // self._size

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        begin = range(0, len(self._packed), self._size)[at]
        return self._text(self._packed[begin : begin + self._size])


class RunRecord:
    """What the order path kept, in order. Memory grows with orders, not with data."""

    def __init__(self, path: _native.OrderPath) -> None:
        self._path = path

    @property
    def signals(self) -> list[SubmitOrder]:
        """Every order that was asked for."""
        return self._path.signals()

    @property
    def fills(self) -> list[tuple[StrategyId, OrderFilled, int]]:
        """Fills as they were booked, each with its profit in settlement units, fees apart."""
        return self._path.fills()

    def columns(self, universe: Universe, books: Sequence[StrategyId], currency: str) -> RunColumns:
        """The record as columns.

        Args:
            universe: The run's instruments and currencies.
            books: Names of the books.
            currency: The account's currency.
        """
        kept = self._path.columns()
        return RunColumns(
            names=Names(
                books=books,
                instruments=universe.instruments,
                currencies=universe.currencies,
                texts=kept.texts,
                reasons=kept.reasons,
            ),
            orders=OrderColumns(**_columns(kept.orders)),
            fills=FillColumns(**_columns(kept.fills)),
            equity=EquityColumns(**_columns(kept.equity), scale=universe.scale(currency)),
            denied=kept.denied,
            denials=kept.denials,
        )


_INTEGER: Final = np.dtype("<i8")
_IDS: Final[Mapping[str, tuple[int, Callable[[bytes], str]]]] = {
    "id": (16, bytes.hex),
    "order": (16, bytes.hex),
    "fill_id": (8, number_text),
}


def _columns(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _column(name, values) for name, values in kept.items()}


def _column(name: str, values: Any) -> Column | Sequence[str]:
    if name in _IDS:
        return Ids(values, *_IDS[name]) if isinstance(values, bytes) else values
    if isinstance(values, bytes):
        return np.frombuffer(values, dtype=_INTEGER)
    return np.array(values, dtype=object)
