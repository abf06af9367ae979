"""What a ledger must hold, worked out with fractions and without its code.

Exact cash flows are kept per currency, exact quantities and average costs per leg. Only the two
roundings that define a value are repeated here: an inverse contract's fill to 10^-20 coins, and the
fraction of a split to cost units.
"""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from openoutcry import _native
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Cfd, Equity, Instrument, Perpetual, Spot
from openoutcry.state.universe import Universe

INVERSE_UNIT = Fraction(1, 10**20)  # BTC has 8 decimals, cost 12 more


SPOT = Spot(
    id=InstrumentId("BTCUSD.V"), quote="USD", base_currency="BTC", price_scale=2, size_scale=5,
    tick=Decimal("0.01"), lot=Decimal("0.00001"),
)  # fmt: skip
SHARE = Equity(
    id=InstrumentId("GOOG.V"), quote="USD", price_scale=4, size_scale=0, tick=Decimal("0.0001"),
    lot=Decimal(1),
)  # fmt: skip
CONTRACT = Cfd(
    id=InstrumentId("DAX.V"), quote="EUR", price_scale=1, size_scale=1, tick=Decimal("0.1"),
    lot=Decimal("0.5"), multiplier=Decimal("0.125"), margin_initial=Decimal("0.05"),
)  # fmt: skip
LINEAR = Perpetual(
    id=InstrumentId("ETHUSDT.V"), quote="USDT", base_currency="ETH", settlement_currency="USDT",
    price_scale=6, size_scale=4, tick=Decimal("0.000001"), lot=Decimal("0.0001"),
)  # fmt: skip
COIN = Perpetual(
    id=InstrumentId("BTCUSD_PERP.V"), quote="USD", base_currency="BTC", settlement_currency="BTC",
    is_inverse=True, price_scale=1, size_scale=0, tick=Decimal("0.1"), lot=Decimal(1),
    multiplier=Decimal(100),
)  # fmt: skip

UNIVERSE = Universe([SPOT, SHARE, CONTRACT, LINEAR, COIN], ["BNB"], {"USDT": 6})
BOOKS = 2


def number_of(instrument: Instrument) -> int:
    return UNIVERSE.index[instrument.id]


def currency(code: str) -> int:
    return UNIVERSE.currency_index[code]


def new_ledger() -> _native.Ledger:
    return _native.Ledger(UNIVERSE.currencies, UNIVERSE.specs, BOOKS)


class Oracle:
    """The exact account of every book together, and every leg's exact quantity and cost."""

    def __init__(self) -> None:
        self.cash: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.fees: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.quantity: defaultdict[tuple[int, InstrumentId, int], int] = defaultdict(int)
        self.cost: defaultdict[tuple[int, InstrumentId, int], Fraction] = defaultdict(Fraction)
        self.realized: defaultdict[tuple[int, InstrumentId], Fraction] = defaultdict(Fraction)
        self.roundings: defaultdict[tuple[int, InstrumentId], int] = defaultdict(int)

    def value(self, item: Instrument, price: int, quantity: int | Fraction) -> Fraction:
        """Price x quantity x multiplier in the settlement currency, unsigned; inverse: the quotient."""
        at: Fraction = Fraction(price, 10**item.price_scale)
        size: Fraction = Fraction(quantity) / 10**item.size_scale * Fraction(item.multiplier)
        if item.inverse:
            return round(size / at / INVERSE_UNIT) * INVERSE_UNIT
        return size * at

    def fill(
        self, book: int, item: Instrument, leg: int, side: int, price: int, quantity: int
    ) -> None:
        """Book a fill; the profit of a close is measured against the exact average cost."""
        value = self.value(item, price, quantity)
        direction = -1 if item.inverse else 1  # who buys an inverse contract sells coins
        self.cash[item.settlement] -= direction * side * value
        if isinstance(item, Spot):
            base = side * Fraction(quantity, 10**item.size_scale)
            self.cash[item.base_currency] += base
        key = (book, item.id, leg)
        held, cost = self.quantity[key], self.cost[key]
        closed = min(abs(held), quantity) if held * side < 0 else 0
        if closed:
            removed = cost * closed / abs(held)
            got = -side * self.value(item, price, closed)
            self.realized[book, item.id] += direction * (got - removed)
            cost -= removed
        self.roundings[book, item.id] += 2
        self.quantity[key] = held + side * quantity
        self.cost[key] = cost + side * (value - (self.value(item, price, closed) if closed else 0))

    def fee(self, code: str, units: int) -> None:
        amount = Fraction(units, 10 ** UNIVERSE.scale(code))
        self.cash[code] -= amount
        self.fees[code] += amount

    def adjust(self, code: str, units: int) -> None:
        self.cash[code] += Fraction(units, 10 ** UNIVERSE.scale(code))

    def split(self, book: int, item: Instrument, ratio: Fraction, price: int) -> None:
        """Fractions of a lot are paid out; shares keep their cost, contracts close the fraction."""
        point = Fraction(item.multiplier) / 10 ** (item.price_scale + item.size_scale)
        for key in [key for key in self.quantity if key[:2] == (book, item.id)]:
            exact = self.quantity[key] * ratio
            kept = int(exact / item.lot_units) * item.lot_units
            paid = round((exact - kept) * price) * point
            self.cash[item.settlement] += paid
            if item.margined:
                removed = self.cost[key] * (exact - kept) / exact if exact else Fraction(0)
                self.realized[book, item.id] += paid - removed
            else:
                removed = self.cost[key] if kept == 0 else Fraction(0)
                self.realized[book, item.id] -= removed
            self.roundings[book, item.id] += 2
            self.cost[key] -= removed
            self.quantity[key] = kept
