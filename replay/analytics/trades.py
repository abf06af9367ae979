"""Round trips: fills folded into trades, from flat to flat.

A trade opens when a position leaves zero and closes when it returns to it. A fill that turns the
position over is split at zero: its first part closes one trade, the rest opens the next, and its
fee is divided by quantity with the remainder on the closing part, so that no fee is lost.

Everything is worked out on whole columns, in units; decimals are made of single rows (`rows`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cached_property

import numpy as np

from openoutcry.replay.record import Column, FillColumns, Names, roomy
from openoutcry.replay.result import Amounts, TradeRow
from openoutcry.replay.rows import side_of
from openoutcry.state.currencies import scale_of
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import to_decimal
from openoutcry.state.money import Rounding, divide

_SHOWN = Context(prec=12)  # averages are for reading only


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Fills in the order of book, instrument and leg, those that turn a position over as two parts."""

    fill: Column  # row of the fill
    quantity: Column
    fee: Column
    before: Column  # signed position
    after: Column


@dataclass(frozen=True, slots=True, eq=False)
class _Paid:
    """Fees in one currency, by trade; `some` where any fill had a fee."""

    code: str
    scale: int
    units: Column
    some: Column


class Trades:
    """The trades that fills make, in the order in which they closed; open ones last.

    Args:
        fills: In order of time.
        names: What the numbers in them stand for.
    """

    def __init__(self, fills: FillColumns, names: Names) -> None:
        self.names = names
        self._fills = fills
        parts = _parts(fills)
        begins = (parts.before == 0).nonzero()[0]
        ends = np.append(begins[1:], len(parts.fill))[: len(begins)] - 1
        closed = parts.after[ends] == 0
        # Closed ones in the order of the fill that closed them, open ones of the one that opened.
        at = np.where(closed, parts.fill[ends], parts.fill[begins] + len(fills))
        self._order = np.argsort(at, kind="stable")
        self._parts, self._begins, self._ends = parts, begins, ends
        self.first = parts.fill[begins][self._order]
        """Row of the fill that opened each trade."""
        self.closed = closed[self._order]
        """Which trades are over."""
        self.entry_ts = fills.ts[self.first]
        self.exit_ts = fills.ts[parts.fill[ends][self._order]]
        """Time of the last fill; means something for closed trades only."""
        self.book = fills.book[self.first]
        self.instrument = fills.instrument[self.first]
        self.side = fills.side[self.first]

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def _enters(self) -> Column:
        """Whether each part adds to its trade."""
        sides = self._fills.side[self._parts.fill]
        lengths = np.diff(np.append(self._begins, len(sides)))
        entered: Column = sides == np.repeat(sides[self._begins], lengths)
        return entered

    def _sums(self, values: Column, where: Column | None = None) -> Column:
        """Sums by trade, in the order of trades."""
        if where is not None:
            values = np.where(where, values, 0)
        if not len(self._begins):
            return values[:0]
        sums: Column = np.add.reduceat(roomy(values, len(values)), self._begins)
        return sums[self._order]

    @cached_property
    def entered(self) -> tuple[Column, Column]:
        """Quantity of the entries, and the sum of price x quantity, in units."""
        return self._moved(self._enters)

    @cached_property
    def left(self) -> tuple[Column, Column]:
        """Quantity of the exits, and the sum of price x quantity, in units."""
        return self._moved(~self._enters)

    def _moved(self, where: Column) -> tuple[Column, Column]:
        parts = self._parts
        price = self._fills.price[parts.fill]
        dear = max(abs(int(price.max())), abs(int(price.min()))) if len(price) else 1
        points = price * roomy(parts.quantity, max(dear, 1))
        return self._sums(parts.quantity, where), self._sums(points, where)

    @cached_property
    def fees(self) -> Sequence[_Paid]:
        """Fees by currency, in the order of their codes."""
        parts = self._parts
        currency = self._fills.fee_currency[parts.fill]
        paid = parts.fee != 0
        found = []
        for number in np.unique(currency[paid]).tolist():
            mine = paid & (currency == number)
            code, scale = self.names.currencies[number]
            some = self._sums(mine.astype(np.int64)) > 0
            found.append(_Paid(code, scale, self._sums(parts.fee, mine), some))
        return sorted(found, key=lambda paid: paid.code)

    @cached_property
    def profits(self) -> tuple[Column, Column]:
        """Profit of each closed trade in its settlement currency, before fees: (units, scale).

        Exact for a linear instrument. An inverse one divides by prices, so its sum is rounded once,
        half to even, to the currency's scale; whoever holds it long earns as 1/price falls.
        """
        points = (self.left[1].astype(object) - self.entered[1]) * self.side
        units, scales = points, np.zeros(len(self), dtype=np.int64)
        for number in np.unique(self.instrument).tolist():
            item = self.names.instruments[number]
            mine = self.instrument == number
            if item.inverse:
                scales[mine] = scale_of(item.settlement)
                for trade in (mine & self.closed).nonzero()[0].tolist():
                    units[trade] = self._inverse(item, trade)
            else:
                multiplier, scale = _integer(item.multiplier)
                scales[mine] = item.price_scale + item.size_scale + scale
                units[mine] = points[mine] * multiplier
        return units, scales

    def _inverse(self, item: Instrument, trade: int) -> int:
        begin, end = self._begins[self._order[trade]], self._ends[self._order[trade]] + 1
        rows = self._parts.fill[begin:end]
        numerator, denominator = 0, 1
        for price, quantity, enters in zip(
            self._fills.price[rows].tolist(),
            self._parts.quantity[begin:end].tolist(),
            self._enters[begin:end].tolist(),
            strict=True,
        ):
            signed = quantity if enters else -quantity
            numerator, denominator = numerator * price + signed * denominator, denominator * price
        multiplier, scale = _integer(item.multiplier)
        power = scale_of(item.settlement) + item.price_scale - item.size_scale - scale
        numerator *= int(self.side[trade]) * multiplier * 10 ** max(power, 0)
        denominator *= 10 ** max(-power, 0)
        if denominator < 0:
            numerator, denominator = -numerator, -denominator
        return divide(numerator, denominator, Rounding.HALF_EVEN)

    @cached_property
    def nets(self) -> tuple[Column, int]:
        """Profit of each closed trade less the fees paid in its settlement currency.

        All in units of one scale, whatever the currency: (units, scale).
        """
        units, scales = self.profits
        finest = max([int(scales.max(initial=0)), *(paid.scale for paid in self.fees)])
        nets = units * (10 ** (finest - scales).astype(object))
        for paid in self.fees:
            mine = self._settles_in(paid.code)
            nets = nets - np.where(mine, paid.units, 0).astype(object) * 10 ** (finest - paid.scale)
        return nets, finest

    def _settles_in(self, code: str) -> Column:
        own = np.array([item.settlement == code for item in self.names.instruments], dtype=bool)
        found: Column = own[self.instrument]
        return found

    def all_settle_in(self, code: str) -> bool:
        """Whether every closed trade does."""
        return bool(self._settles_in(code)[self.closed].all())

    @cached_property
    def wins(self) -> Column:
        """Which closed trades earned more than the fees paid in their own currency."""
        won: Column = self.closed & (self.nets[0] > 0).astype(bool)
        return won

    def profit(self, trade: int) -> tuple[Decimal, Decimal]:
        """What a closed trade earned before fees, and less those in its own currency, exactly."""
        (units, scales), (nets, finest) = self.profits, self.nets
        scale = int(scales[trade])
        settlement = self.names.instruments[self.instrument[trade]].settlement
        own = [p.scale for p in self.fees if p.code == settlement and p.some[trade]]
        shown = max([scale, *own])
        net = to_decimal(int(nets[trade]) // 10 ** (finest - shown), shown)
        return to_decimal(int(units[trade]), scale), net

    def rows(self) -> tuple[TradeRow, ...]:
        """Every trade for people."""
        parts, begins = self._parts, self._begins
        if not len(self):
            return ()
        peaks = np.maximum.reduceat(np.abs(parts.after), begins)[self._order].tolist()
        counts = np.diff(np.append(begins, len(parts.fill)))[self._order].tolist()
        return tuple(self._row(trade, peaks[trade], counts[trade]) for trade in range(len(self)))

    def _row(self, trade: int, peak: int, fills: int) -> TradeRow:
        item = self.names.instruments[self.instrument[trade]]
        position = int(self._fills.position[self.first[trade]])
        closed = bool(self.closed[trade])
        pnl, net = self.profit(trade) if closed else (None, None)
        fees: Amounts = {
            paid.code: to_decimal(int(paid.units[trade]), paid.scale)
            for paid in self.fees
            if paid.some[trade]
        }
        return TradeRow(
            strategy=StrategyId(self.names.books[self.book[trade]]),
            instrument=item.id,
            position=self.names.texts[position] if position else None,
            side=side_of(int(self.side[trade])),
            quantity=to_decimal(peak, item.size_scale),
            entry_ts=int(self.entry_ts[trade]),
            exit_ts=int(self.exit_ts[trade]) if closed else None,
            entry_price=_shown(item, self.entered, trade),
            exit_price=_shown(item, self.left, trade) if self.left[0][trade] else None,
            pnl=pnl,
            net=net,
            currency=item.settlement,
            fees=fees,
            fills=fills,
        )


def exposure_ns(entries: Column, exits: Column) -> int:
    """How long at least one position was open, in nanoseconds; overlaps count once.

    Args:
        entries: When each opened.
        exits: When each closed, or the end of the run.
    """
    if not len(entries):
        return 0
    order = np.argsort(entries, kind="stable")
    begins, ends = entries[order], exits[order]
    covered = np.maximum.accumulate(ends)
    begins[1:] = np.maximum(begins[1:], covered[:-1])
    return int(np.maximum(ends - begins, 0).sum())


def _parts(fills: FillColumns) -> _Parts:
    order = np.lexsort((fills.position, fills.instrument, fills.book))
    keys = [column[order] for column in (fills.book, fills.instrument, fills.position)]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    quantity, fee = fills.quantity[order], fills.fee[order]
    signed = fills.side[order] * quantity
    # Sums over all groups may wrap around; what is left after subtracting their start does not.
    total = np.cumsum(signed)
    starts = fresh.nonzero()[0]
    lengths = np.diff(np.append(starts, len(order)))
    after = total - np.repeat(total[starts] - signed[starts], lengths)
    before = after - signed
    turned = ((before > 0) & (after < 0)) | ((before < 0) & (after > 0))
    rows = np.repeat(np.arange(len(order)), 1 + turned)
    second = np.zeros(len(rows), dtype=bool)
    second[1:] = rows[1:] == rows[:-1]
    first = np.zeros(len(rows), dtype=bool)
    first[:-1] = second[1:]
    split = turned[rows]
    opened = np.where(split, np.abs(after[rows]), 0)
    share = _shares(fee[rows], opened, quantity[rows], split)
    return _Parts(
        fill=order[rows],
        quantity=np.where(second, opened, quantity[rows] - opened),
        fee=np.where(second, share, fee[rows] - share),
        before=np.where(second, 0, before[rows]),
        after=np.where(first, 0, after[rows]),
    )


def _shares(fees: Column, parts: Column, wholes: Column, split: Column) -> Column:
    """Fee x part / whole, toward zero; 0 where nothing is split."""
    shares = np.zeros_like(fees)
    at = split.nonzero()[0]
    exact = fees[at].astype(object) * parts[at]
    signs = np.where(fees[at] < 0, -1, 1)
    shares[at] = signs * (np.abs(exact) // wholes[at])
    return shares


def _integer(value: Decimal) -> tuple[int, int]:
    """A decimal as (units, scale)."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    return int(value.scaleb(scale)), scale


def _shown(item: Instrument, moved: tuple[Column, Column], trade: int) -> Decimal:
    points = to_decimal(int(moved[1][trade]), item.price_scale + item.size_scale)
    quantity = to_decimal(int(moved[0][trade]), item.size_scale)
    return _SHOWN.divide(points, quantity).normalize(_SHOWN)
