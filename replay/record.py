"""The record of one run: what the result and the report are made of.

A run is recorded as columns of integers, a row per order, fill and sample of equity: statistics are
worked out from these, and decimals are made only of the rows that somebody looks at. `RunRecord`
gives these columns at the end of a run.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from openoutcry import _native
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.enums import LiquiditySide, OrderStatus, OrderType, Side, TimeInForce
from openoutcry.state.events import OrderDenied, OrderFilled
from openoutcry.state.identifiers import ClientOrderId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.orders import Order
from openoutcry.state.universe import Universe

T = TypeVar("T", bound=Hashable)

Column = NDArray[Any]
"""Integers: of 64 bits or less, or Python's where an amount needs more."""

ORDER_TYPES: Final = tuple(OrderType)
TIMES_IN_FORCE: Final = tuple(TimeInForce)
STATUSES: Final = tuple(OrderStatus)
LIQUIDITY: Final = tuple(LiquiditySide)
_SIGNS: Final = {side: side.sign for side in Side}
_ENDS: Final = (
    OrderStatus.DENIED,
    OrderStatus.NOT_SENT,
    OrderStatus.FILLED,
    OrderStatus.CANCELED,
    OrderStatus.EXPIRED,
    OrderStatus.REJECTED,
)
_OVER: Final = np.array([status in _ENDS for status in STATUSES])
_NOTHING: Final = np.zeros(0, dtype=np.int64)


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

    @property
    def denials(self) -> dict[ClientOrderId, OrderDenied]:
        """Denials by order: the order table never sees those orders."""
        return {event.client_order_id: event for event in self._path.denials()}

    @property
    def equity(self) -> list[tuple[int, int]]:
        """Samples of the account's value: time, units of the account currency."""
        return self._path.equity()

    def columns(
        self,
        universe: Universe,
        books: Sequence[StrategyId],
        currency: str,
        find: Callable[[ClientOrderId], Order | None],
    ) -> RunColumns:
        """The record as columns.

        Args:
            universe: The run's instruments and currencies.
            books: Names of the books.
            currency: The account's currency.
            find: The order table's orders by id.
        """
        texts, reasons = _Numbers[str](""), _Numbers[tuple[str, ...]](())
        numbers = _numbered(books)
        orders = self._orders(universe, numbers, texts, reasons, find)
        fills = self._fills(universe, numbers, texts)
        denials, samples = self.denials, self.equity
        words = (reason for event in denials.values() for reason in event.reasons)
        return RunColumns(
            names=Names(
                books=books,
                instruments=universe.instruments,
                currencies=universe.currencies,
                texts=tuple(texts),
                reasons=tuple(reasons),
            ),
            orders=orders,
            fills=fills,
            equity=EquityColumns(
                ts=_column(ts for ts, _ in samples),
                units=_column(units for _, units in samples),
                scale=universe.scale(currency),
            ),
            denied=len(denials),
            denials=Counter(words),
        )

    def _orders(
        self,
        universe: Universe,
        numbers: Mapping[StrategyId, int],
        texts: "_Numbers[str]",
        reasons: "_Numbers[tuple[str, ...]]",
        find: Callable[[ClientOrderId], Order | None],
    ) -> OrderColumns:
        denials = self.denials
        (
            id_, strategy, instrument, side, kind, force, quantity, limit, trigger, ts, tag
        ) = _taken(
            self.signals, "client_order_id", "strategy", "instrument", "side", "order_type",
            "time_in_force", "quantity_units", "limit_units", "trigger_units", "ts", "tag",
        )  # fmt: skip
        # The table never sees the orders that risk denied.
        known = list(map(find, id_))
        status = [OrderStatus.DENIED if order is None else order.status for order in known]
        statuses = _column(map(_numbered(STATUSES).__getitem__, status))
        reason = [
            (denials[name].reasons if name in denials else ()) if order is None else order.reasons
            for name, order in zip(id_, known, strict=True)
        ]
        last = _column(UNDEFINED if order is None else order.ts_last for order in known)
        return OrderColumns(
            id=id_,
            book=_column(map(numbers.__getitem__, strategy)),
            instrument=_column(map(universe.index.__getitem__, instrument)),
            side=_column(map(_SIGNS.__getitem__, side)),
            order_type=_column(map(_numbered(ORDER_TYPES).__getitem__, kind)),
            time_in_force=_column(map(_numbered(TIMES_IN_FORCE).__getitem__, force)),
            quantity=_column(quantity),
            limit=_column(UNDEFINED if units is None else units for units in limit),
            trigger=_column(UNDEFINED if units is None else units for units in trigger),
            status=statuses,
            filled=_column(0 if order is None else order.filled_units for order in known),
            ts_created=_column(ts),
            ts_done=np.where(_OVER[statuses], last, UNDEFINED),
            reason=_column(reasons[words] for words in reason),
            tag=_column(texts[text] for text in tag),
        )

    def _fills(
        self, universe: Universe, numbers: Mapping[StrategyId, int], texts: "_Numbers[str]"
    ) -> FillColumns:
        booked = self.fills
        (
            ts, order, fill_id, instrument, side, price, quantity, fee, currency, liquidity, leg
        ) = _taken(
            [fill for _, fill, _ in booked], "ts_event", "client_order_id", "fill_id",
            "instrument", "side", "price_units", "quantity_units", "fee_units", "fee_currency",
            "liquidity", "position",
        )  # fmt: skip
        return FillColumns(
            ts=_column(ts),
            order=order,
            fill_id=fill_id,
            book=_column(numbers[name] for name, _, _ in booked),
            instrument=_column(map(universe.index.__getitem__, instrument)),
            side=_column(map(_SIGNS.__getitem__, side)),
            price=_column(price),
            quantity=_column(quantity),
            fee=_column(fee),
            fee_currency=_column(map(universe.currency_index.__getitem__, currency)),
            liquidity=_column(map(_numbered(LIQUIDITY).__getitem__, liquidity)),
            position=_column(texts[name or ""] for name in leg),
            realized=_column(realized for _, _, realized in booked),
        )


class _Numbers(dict[T, int]):
    """Numbers for values as they come."""

    def __init__(self, first: T) -> None:
        super().__init__({first: 0})

    def __missing__(self, value: T) -> int:
        return self.setdefault(value, len(self))


def _numbered(values: Iterable[T]) -> dict[T, int]:
    return {value: number for number, value in enumerate(values)}


def _column(values: Iterable[int]) -> Column:
    listed = list(values)
    try:
        return np.frombuffer(array("q", listed), dtype=np.int64) if listed else _NOTHING
    except OverflowError:
        return np.array(listed, dtype=object)


def _taken(rows: Sequence[object], *fields: str) -> list[list[Any]]:
    """The values of some fields, field by field."""
    return [list(map(attrgetter(field), rows)) for field in fields]
