"""Instruments: what can be traded or observed at a venue, and the exact units of its numbers.

The scales belong to the instrument's `version` and never change within it; a new tick or lot is a
new version, journaled. Kinds differ in how they settle:

- *delivery* (spot, equity, FX pair on a cash account): a fill moves the notional in cash.
- *margined* (perpetual, future, CFD, FX pair on margin): a fill moves only realised profit and fees.
"""

from decimal import Decimal
from functools import cached_property, lru_cache
from operator import index

import msgspec

from openoutcry.state.decimals import parse_decimal, to_decimal, to_units
from openoutcry.state.errors import ConfigError, NotRepresentable, NumericError, NumericOverflow
from openoutcry.state.identifiers import InstrumentId, VenueId, venue_of

_I64_MAX = 2**63 - 1
# A strategy asks for the same few quantities again and again, and orders them.
_repeated_decimal = lru_cache(maxsize=1024)(to_decimal)


class Instrument(
    msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, dict=True
):
    """Base of all instruments.

    Args:
        id: `SYMBOL.VENUE`.
        quote: Currency of the price.
        price_scale: Decimals of a price unit, 0..18.
        size_scale: Decimals of a quantity unit, 0..18.
        tick: Smallest price step; a multiple of the price unit.
        lot: Smallest quantity step; a multiple of the quantity unit.
        min_quantity: Smallest order; None for one lot.
        max_quantity: Largest order; None for no limit.
        min_notional: Smallest order value in the settlement currency; None for no limit.
        multiplier: Settlement currency (quote currency) per price point and unit of quantity.
        margin_initial: Fraction of notional needed to open, None when not margined.
        margin_maintenance: Fraction of notional needed to hold.
        calendar: Name of the trading-hours calendar; None trades around the clock.
        version: Counts changes of ticks, lots and scales.
    """

    id: InstrumentId
    quote: str
    price_scale: int
    size_scale: int
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    margin_initial: Decimal | None = None
    margin_maintenance: Decimal | None = None
    calendar: str | None = None
    version: int = 1

    def __post_init__(self) -> None:
        for name, scale in (("price_scale", self.price_scale), ("size_scale", self.size_scale)):
            if not 0 <= scale <= 18:
                raise ConfigError(f"{self.id}: {name} = {scale} is not in 0..18")
        venue_of(self.id)
        for name, step, scale in (
            ("tick", self.tick, self.price_scale),
            ("lot", self.lot, self.size_scale),
        ):
            try:
                units = to_units(step, scale)
            except NumericError:
                units = 0
            if units <= 0:
                raise ConfigError(f"{self.id}: {name} {step} is no multiple of 10^-{scale}")

    @property
    def venue(self) -> VenueId:
        """The venue part of the id."""
        return venue_of(self.id)

    @property
    def settlement(self) -> str:
        """Currency in which profit and fees are paid."""
        return self.quote

    @property
    def base(self) -> str | None:
        """Currency that a unit of quantity is, None when it is no currency (a share, a contract)."""
        return None

    @property
    def inverse(self) -> bool:
        """Whether quantity counts quote currency and profit is paid in the base (coin-margined)."""
        return False

    @property
    def margined(self) -> bool:
        """Whether a fill moves only profit and fees instead of the notional."""
        return False

    @cached_property
    def tick_units(self) -> int:
        """Tick in price units."""
        return to_units(self.tick, self.price_scale)

    @cached_property
    def lot_units(self) -> int:
        """Lot in quantity units."""
        return to_units(self.lot, self.size_scale)

    def price_units(self, price: Decimal | int | str) -> int:
        """A price in units.

        Raises:
            NotRepresentable: Off the tick, not a number, or more decimals than the scale.
            NumericOverflow: Beyond 64 bits.
        """
        return self._units(price, self.price_scale, self.tick_units, "tick", self.tick)

    def quantity_units(self, quantity: Decimal | int | str) -> int:
        """A quantity in units. Raises as `price_units`, with the lot for the tick."""
        return self._units(quantity, self.size_scale, self.lot_units, "lot", self.lot)

    def price(self, units: int) -> Decimal:
        """The price that `units` stand for."""
        return to_decimal(units, self.price_scale)

    def quantity(self, units: int) -> Decimal:
        """The quantity that `units` stand for."""
        return _repeated_decimal(units, self.size_scale)

    def round_price(self, price: Decimal) -> Decimal:
        """The nearest price on a tick, halves to even."""
        ticks = (price / self.tick).to_integral_value()
        return ticks * self.tick

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """The largest quantity on a lot that is not above `quantity` in size (toward zero)."""
        sign = -1 if quantity < 0 else 1
        return sign * (abs(quantity) // self.lot) * self.lot

    def _units(
        self, value: Decimal | int | str, scale: int, step: int, what: str, step_text: Decimal
    ) -> int:
        if isinstance(value, str):
            value = parse_decimal(value)
        elif not isinstance(value, Decimal):
            value = Decimal(index(value))  # a float has no `index`: it is a TypeError here
        units = to_units(value, scale)
        if units % step:
            raise NotRepresentable(
                f"{self.id}: {value} is not a multiple of the {what} {step_text}"
            )
        if abs(units) > _I64_MAX:
            raise NumericOverflow(f"{self.id}: {value} does not fit 64 bits at scale {scale}")
        return units


class Spot(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """A currency or coin against another, delivered: `BTCUSDT` buys BTC with USDT."""

    base_currency: str

    @property
    def base(self) -> str | None:
        """The currency that is bought."""
        return self.base_currency


class Equity(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """A share or fund unit."""

    shortable: bool = True


class Perpetual(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """A perpetual swap, linear, or inverse when `is_inverse` (quantity counts contracts).

    For inverse contracts `multiplier` is the quote-currency value of one contract (100 USD for the
    COIN-M BTCUSD perpetual) and profit is paid in `base_currency`.
    """

    base_currency: str
    settlement_currency: str
    is_inverse: bool = False
    funding_interval_hours: int = 8

    @property
    def base(self) -> str | None:
        """The currency of the underlying."""
        return self.base_currency

    @property
    def settlement(self) -> str:
        """Currency in which profit and fees are paid."""
        return self.settlement_currency

    @property
    def inverse(self) -> bool:
        """Whether profit is paid in the base currency."""
        return self.is_inverse

    @property
    def margined(self) -> bool:
        """Always: a fill moves only profit and fees."""
        return True


class Future(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """A dated future, linear; `expiry` in nanoseconds UTC."""

    expiry: int
    underlying: str

    @property
    def margined(self) -> bool:
        """Always: a fill moves only profit and fees."""
        return True


class FxPair(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """A currency pair; `leveraged` pairs settle like a CFD, others deliver both currencies."""

    base_currency: str
    leveraged: bool = True

    @property
    def base(self) -> str | None:
        """The currency that is bought."""
        return self.base_currency

    @property
    def margined(self) -> bool:
        """Whether a fill moves only profit and fees."""
        return self.leveraged


class Cfd(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """A contract for difference on an underlying."""

    underlying: str = ""

    @property
    def margined(self) -> bool:
        """Always: a fill moves only profit and fees."""
        return True


class Index(Instrument, frozen=True, kw_only=True, tag=True, dict=True):
    """An index level: observed, never traded."""


AnyInstrument = Spot | Equity | Perpetual | Future | FxPair | Cfd | Index
