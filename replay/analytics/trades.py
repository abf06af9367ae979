"""Round trips: fills folded into trades, from flat to flat.

A trade opens when a position leaves zero and closes when it returns to it. A fill that turns the
position over is split at zero: its first part closes one trade, the rest opens the next, and its
fee is divided by quantity with the remainder on the closing part, so that no fee is lost.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from openoutcry.replay.result import Amounts, FillRow, TradeRow
from openoutcry.state.currencies import scale_of
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument

_EXACT = Context(prec=80)  # a product of three 64-bit decimals has at most 57 digits
_SHOWN_DIGITS = 12  # of averages, which are for reading only

_Key = tuple[StrategyId, InstrumentId, str | None]


class _OpenTrade:
    """A trade being built; quantities are unsigned, `side` is that of the opening fill."""

    def __init__(self, fill: FillRow, instrument: Instrument) -> None:
        self.first = fill
        self.instrument = instrument
        self.held = Decimal(0)
        self.peak = Decimal(0)
        self.bought = Fraction(0)  # settlement value of the entering fills
        self.sold = Fraction(0)  # and of the leaving ones
        self.entered = Decimal(0)
        self.left = Decimal(0)
        self.entry_points = Fraction(0)  # sum of price x quantity, for the averages
        self.exit_points = Fraction(0)
        self.fees: Amounts = {}
        self.fills = 0

    def add(self, fill: FillRow, quantity: Decimal, fee: Decimal) -> None:
        """Take (part of) a fill."""
        points = Fraction(fill.price) * Fraction(quantity)
        value = _value(self.instrument, fill.price, quantity)
        if fill.side is self.first.side:
            self.held += quantity
            self.entered += quantity
            self.bought += value
            self.entry_points += points
        else:
            self.held -= quantity
            self.left += quantity
            self.sold += value
            self.exit_points += points
        self.peak = max(self.peak, self.held)
        self.fills += 1
        if fee:
            self.fees[fill.fee_currency] = self.fees.get(fill.fee_currency, Decimal(0)) + fee

    def row(self, exit_ts: int | None) -> TradeRow:
        """The trade as a row; open when `exit_ts` is None."""
        instrument, first = self.instrument, self.first
        pnl = self._pnl() if exit_ts is not None else None
        paid = self.fees.get(instrument.settlement, Decimal(0))
        return TradeRow(
            strategy=first.strategy,
            instrument=first.instrument,
            position=first.position,
            side=first.side,
            quantity=self.peak,
            entry_ts=first.ts,
            exit_ts=exit_ts,
            entry_price=_shown(self.entry_points, self.entered),
            exit_price=_shown(self.exit_points, self.left) if self.left else None,
            pnl=pnl,
            net=None if pnl is None else pnl - paid,
            currency=instrument.settlement,
            fees=dict(sorted(self.fees.items())),
            fills=self.fills,
        )

    def _pnl(self) -> Decimal:
        """Profit in the settlement currency, before fees.

        Exact for linear instruments; an inverse one divides by prices, so its sum is rounded once,
        half to even, to the currency's scale. An inverse long earns when the value in the base
        currency falls, hence the sign.
        """
        difference = self.sold - self.bought
        sign = self.first.side.sign * (-1 if self.instrument.inverse else 1)
        total = sign * difference
        exact = _EXACT.divide(Decimal(total.numerator), Decimal(total.denominator))
        if Fraction(exact) == total:
            return exact.normalize(_EXACT) if exact else Decimal(0)
        return exact.quantize(
            Decimal(1).scaleb(-scale_of(self.instrument.settlement)), ROUND_HALF_EVEN
        )


def round_trips(
    fills: Iterable[FillRow], instruments: Mapping[InstrumentId, Instrument]
) -> tuple[TradeRow, ...]:
    """The trades that fills make, in the order in which they closed; open ones last.

    Args:
        fills: In order of time.
        instruments: Every instrument that was filled.
    """
    done: list[TradeRow] = []
    trades: dict[_Key, _OpenTrade] = {}
    for fill in fills:
        key = (fill.strategy, fill.instrument, fill.position)
        quantity, fee = fill.quantity, fill.fee
        trade = trades.get(key)
        if trade is not None and fill.side is not trade.first.side and quantity >= trade.held:
            closing = trade.held
            opening_fee = _part(fee, quantity - closing, quantity)
            trade.add(fill, closing, fee - opening_fee)
            done.append(trade.row(fill.ts))
            del trades[key]
            quantity, fee = quantity - closing, opening_fee
            trade = None
        if not quantity:
            continue
        if trade is None:
            trade = trades[key] = _OpenTrade(fill, instruments[fill.instrument])
        trade.add(fill, quantity, fee)
    return (*done, *(trade.row(None) for trade in trades.values()))


def exposure_ns(trades: Iterable[TradeRow], last_ts: int) -> int:
    """How long at least one position was open, in nanoseconds; overlaps count once."""
    total, covered = 0, -(2**63)
    for trade in sorted(trades, key=lambda t: t.entry_ts):
        end = last_ts if trade.exit_ts is None else trade.exit_ts
        total += max(0, end - max(trade.entry_ts, covered))
        covered = max(covered, end)
    return total


def is_win(trade: TradeRow) -> bool:
    """Whether a closed trade earned more than the fees paid in its own currency."""
    return trade.net is not None and trade.net > 0


def _value(instrument: Instrument, price: Decimal, quantity: Decimal) -> Fraction:
    size = Fraction(quantity) * Fraction(instrument.multiplier)
    return size / Fraction(price) if instrument.inverse else size * Fraction(price)


def _part(fee: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """The share of a fee that falls on `part`, cut to the fee's own decimals."""
    if not part or not fee:
        return Decimal(0)
    exponent = Decimal((0, (1,), min(0, int(fee.as_tuple().exponent))))
    return _EXACT.divide(_EXACT.multiply(fee, part), whole).quantize(exponent, "ROUND_DOWN")


def _shown(points: Fraction, quantity: Decimal) -> Decimal:
    average = points / Fraction(quantity)
    shown = Context(prec=_SHOWN_DIGITS).divide(
        Decimal(average.numerator), Decimal(average.denominator)
    )
    return shown.normalize()
