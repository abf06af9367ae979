"""Market data: what a venue publishes about an instrument.

`ts_event` is the venue's time and `ts_received` ours, both int64 nanoseconds since the epoch, UTC.
Fields ending in `_units` count 10^-`price_scale` or 10^-`size_scale`. Positional order is the
order in which the native engine fills the fields: append only.
"""

from collections.abc import Iterator
from decimal import Decimal
from struct import Struct as Packed

import msgspec

from openoutcry.state.enums import PriceType, Side
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.messages import UNDEFINED, known, to_decimal


class MarketData(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base of all market data. Positional, because the native engine builds millions of them."""

    instrument: InstrumentId
    ts_event: int
    ts_received: int
    price_scale: int
    size_scale: int


class Quote(MarketData, frozen=True, gc=False, tag=True):
    """Best bid and ask. A side that is empty has `UNDEFINED` units; so has a size not published."""

    bid_units: int
    ask_units: int
    bid_size_units: int
    ask_size_units: int

    @property
    def has_bid(self) -> bool:
        """Whether somebody bids."""
        return self.bid_units != UNDEFINED

    @property
    def has_ask(self) -> bool:
        """Whether somebody offers."""
        return self.ask_units != UNDEFINED

    @property
    def sized(self) -> bool:
        """Whether the feed publishes sizes."""
        return UNDEFINED not in (self.bid_size_units, self.ask_size_units)

    @property
    def bid(self) -> Decimal:
        """Best bid price. Raises `MissingData` when nobody bids."""
        return known(self.bid_units, self.price_scale, "bid")

    @property
    def ask(self) -> Decimal:
        """Best ask price. Raises `MissingData` when nobody offers."""
        return known(self.ask_units, self.price_scale, "ask")

    @property
    def bid_size(self) -> Decimal:
        """Size at the bid. Raises `MissingData` on a feed without sizes."""
        return known(self.bid_size_units, self.size_scale, "bid size")

    @property
    def ask_size(self) -> Decimal:
        """Size at the ask. Raises `MissingData` on a feed without sizes."""
        return known(self.ask_size_units, self.size_scale, "ask size")

    @property
    def mid(self) -> Decimal:
        """Half of bid plus ask, exact. Raises `MissingData` when a side is empty."""
        return (self.bid + self.ask) / 2

    @property
    def crossed(self) -> bool:
        """Whether the bid is above the ask: a defect that is kept, flagged and never matched on."""
        return self.has_bid and self.has_ask and self.bid_units > self.ask_units


class Trade(MarketData, frozen=True, gc=False, tag=True):
    """A public print. `aggressor` is None when the venue does not say."""

    price_units: int
    size_units: int
    aggressor: Side | None
    trade_id: str

    @property
    def price(self) -> Decimal:
        """Price of the print."""
        return to_decimal(self.price_units, self.price_scale)

    @property
    def size(self) -> Decimal:
        """Size of the print. Raises `MissingData` on a feed without sizes."""
        return known(self.size_units, self.size_scale, "size")


class Bar(MarketData, frozen=True, gc=False, tag=True):
    """Open, high, low, close and volume of `[ts_open, ts_event)`; it exists for nobody earlier.

    `timeframe` is `<n>` and one of `s m h d` (time), `t` (ticks) or `v` (volume), as in `1m` or
    `100t`. `count` is how many updates it was built from, 0 when the recorder did not say.
    """

    timeframe: str
    price_type: PriceType
    ts_open: int
    open_units: int
    high_units: int
    low_units: int
    close_units: int
    volume_units: int
    count: int

    @property
    def open(self) -> Decimal:
        """First price of the interval."""
        return to_decimal(self.open_units, self.price_scale)

    @property
    def high(self) -> Decimal:
        """Highest price of the interval."""
        return to_decimal(self.high_units, self.price_scale)

    @property
    def low(self) -> Decimal:
        """Lowest price of the interval."""
        return to_decimal(self.low_units, self.price_scale)

    @property
    def close(self) -> Decimal:
        """Last price of the interval."""
        return to_decimal(self.close_units, self.price_scale)

    @property
    def volume(self) -> Decimal:
        """Traded size. Raises `MissingData` when the source has none."""
        return known(self.volume_units, self.size_scale, "volume")


_LEVEL = Packed("<bqq")


class BookUpdate(MarketData, frozen=True, gc=False, tag=True):
    """One L2 message: levels that changed, or with `snapshot` the whole book.

    `levels` packs each level in 17 little-endian bytes: side (i8: +1 bid, -1 ask), price units
    (i64), size units (i64; 0 deletes the level). Read it through `changes()`.
    """

    update_id: int
    snapshot: bool
    levels: bytes

    def changes(self) -> Iterator[tuple[Side, Decimal, Decimal]]:
        """Side, price and new size of each changed level, in the venue's order."""
        for sign, price, size in _LEVEL.iter_unpack(self.levels):
            side = Side.BUY if sign > 0 else Side.SELL
            yield side, to_decimal(price, self.price_scale), to_decimal(size, self.size_scale)


class BookInvalidated(MarketData, frozen=True, gc=False, tag=True):
    """The book is not to be trusted until the next snapshot: a gap, a reconnect, an overload."""

    reason: str


class MarkPrice(MarketData, frozen=True, gc=False, tag=True):
    """The venue's mark (margin and liquidation) and index prices; the index may be `UNDEFINED`."""

    mark_units: int
    index_units: int

    @property
    def mark(self) -> Decimal:
        """Mark price."""
        return to_decimal(self.mark_units, self.price_scale)


class FundingRate(MarketData, frozen=True, gc=False, tag=True):
    """The rate settled at `ts_event`: longs pay `rate` x notional to shorts, as 10^-12 units."""

    rate_units: int

    @property
    def rate(self) -> Decimal:
        """The rate as a fraction: 0.0001 is one basis point."""
        return to_decimal(self.rate_units, 12)


class Split(MarketData, frozen=True, gc=False, tag=True):
    """`numerator` new shares for `denominator` old ones, before the open of the ex-date."""

    numerator: int
    denominator: int


class Dividend(MarketData, frozen=True, gc=False, tag=True):
    """Cash per share of the holding at the ex-date's open, in 10^-12 of the quote currency."""

    amount_units: int

    @property
    def amount(self) -> Decimal:
        """Cash per share."""
        return to_decimal(self.amount_units, 12)


AnyMarketData = (
    Quote | Trade | Bar | BookUpdate | BookInvalidated | MarkPrice | FundingRate | Split | Dividend
)
