"""Instruments of a LEAN folder: ids, units, and which security a ticker was on a day."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.replay.importers.lean_layout import Databases, Properties
from openoutcry.replay.importers.options import ImportOptions
from openoutcry.replay.importers.parse import decimals_of
from openoutcry.state.errors import DataFormatError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import (
    AnyInstrument,
    Cfd,
    Equity,
    Future,
    FxPair,
    Index,
    Perpetual,
    Spot,
)

DECI_CENTS: Final = 4
"""Equity prices are integers of 10^-4."""

_PRICE_SCALES: Final = {
    "equity": DECI_CENTS, "index": 4, "forex": 6, "cfd": 6, "crypto": 8, "cryptofuture": 8, "future": 6,
}  # fmt: skip
_SIZE_SCALES: Final = {"crypto": 8, "cryptofuture": 8}


def make_instrument(
    databases: Databases,
    options: ImportOptions,
    asset: str,
    market: str,
    symbol: str,
    contract: str | None = None,
) -> AnyInstrument:
    """The instrument of a file, or of one contract (`201312`) in a futures file.

    It names the calendar of the market-hours database, unless that is open around the clock.

    The tick is the database's; the price scale may hold more decimals, because recorded prices of
    other times and aggregators are not always on today's tick.
    """
    found = databases.properties(asset, market, symbol)
    name, venue = symbol.upper(), options.venue or market.upper()
    # Binance and Bybit list a spot pair and a perpetual under one symbol.
    name += {"cryptofuture": "_PERP"}.get(asset, f"_{contract}" if contract else "")
    price_scale, size_scale = options.price_scale, options.size_scale
    if price_scale is None:
        price_scale = max(_PRICE_SCALES[asset], decimals_of(found.tick))
    if size_scale is None:
        size_scale = max(_SIZE_SCALES.get(asset, 0), decimals_of(found.lot))
    hours = databases.hours(asset, market, symbol)
    common = {
        "id": InstrumentId(f"{name}.{venue}"),
        "quote": found.quote,
        "price_scale": price_scale,
        "size_scale": size_scale,
        "tick": options.tick or found.tick,
        "lot": options.lot or found.lot,
        "multiplier": found.multiplier,
        "calendar": None if hours.trades_always else hours.calendar.name,
    }
    return _of_class(asset, symbol.upper(), contract, found, common)


def _of_class(
    asset: str, symbol: str, contract: str | None, found: Properties, common: dict[str, object]
) -> AnyInstrument:
    base = symbol.removesuffix(found.quote) or symbol
    extra: dict[str, object] = {}
    kind: type[AnyInstrument]
    if asset == "equity":
        kind = Equity
    elif asset == "forex":
        kind, extra = FxPair, {"base_currency": base}
    elif asset == "cfd":
        kind, extra = Cfd, {"underlying": base}
    elif asset == "crypto":
        kind, extra = Spot, {"base_currency": base}
    elif asset == "cryptofuture":
        inverse = found.quote == "USD"
        settlement = base if inverse else found.quote
        extra = {"base_currency": base, "settlement_currency": settlement, "is_inverse": inverse}
        kind = Perpetual
    elif asset == "future":
        assert contract is not None
        kind, extra = Future, {"expiry": month_end(contract), "underlying": symbol}
    else:
        kind = Index
    return msgspec.convert({**common, **extra, "type": kind.__name__}, kind)


def month_end(contract: str) -> int:
    """End of a contract month (`201312`) in nanoseconds UTC: the files name the month only."""
    year, month = int(contract[:4]), int(contract[4:6])
    following = date(year + month // 12, month % 12 + 1, 1)
    return int(datetime(following.year, following.month, 1, tzinfo=UTC).timestamp()) * 10**9


class TickerMap:
    """Which security a ticker stood for on a day, from the map files of one market.

    A map file names one security; each line gives the ticker it had up to that date. Tickers are
    reused (BNO) and change (NWSA to FOXA to TFCFA), so a security is named by its map file.
    """

    def __init__(self, folder: Path) -> None:
        self._spans: dict[str, list[tuple[date, date, str]]] = {}
        for path in sorted(folder.glob("*.csv")):
            self._read(path)

    def security(self, ticker: str, day: date) -> str | None:
        """The security, in lower case; None when the ticker belonged to one without a map file.

        A ticker that no map file names at all is taken as the security itself.
        """
        spans = self._spans.get(ticker.lower())
        if spans is None:
            return ticker.lower()
        for first, last, name in spans:
            if first <= day <= last:
                return name
        return None

    def knows(self, ticker: str) -> bool:
        """Whether any map file names the ticker."""
        return ticker.lower() in self._spans

    def _read(self, path: Path) -> None:
        first: date | None = None
        for number, row in enumerate(csv.reader(path.read_text(encoding="utf-8").splitlines()), 1):
            if not row:
                continue
            try:
                last = date(int(row[0][:4]), int(row[0][4:6]), int(row[0][6:8]))
                ticker = row[1].lower()
            except (ValueError, IndexError) as error:
                raise DataFormatError(f"{path.name}: row {number}: not DATE,TICKER") from error
            span = (first or last, last, path.stem)
            self._spans.setdefault(ticker, []).append(span)
            first = date.fromordinal(last.toordinal() + 1) if last.year < 2050 else last
