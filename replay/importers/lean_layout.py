"""Where things lie in a LEAN data folder, and what its two databases say.

    CLASS/MARKET/tick|second|minute/SYMBOL/YYYYMMDD_trade|quote.zip    one day
    CLASS/MARKET/hour|daily/SYMBOL[_trade|_quote].zip                  whole history
    market-hours/market-hours-database.json                            zones and sessions
    symbol-properties/symbol-properties-database.csv                   ticks, lots, multipliers

Source: https://github.com/QuantConnect/Lean, `Data/` and the readme files in it.
"""

import csv
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.replay.importers.lean_hours import HoursDatabase, MarketHours

CLASSES: Final = ("equity", "forex", "cfd", "crypto", "cryptofuture", "future", "index")
UNSUPPORTED_CLASSES: Final = ("option", "futureoption", "indexoption")
RESOLUTIONS: Final = {"tick": "", "second": "1s", "minute": "1m", "hour": "1h", "daily": "1d"}
"""Folder names and the timeframe of the bars in them."""

_INTRADAY: Final = re.compile(r"(\d{8})_(trade|quote|openinterest)(_.*)?\.zip")
_HISTORY: Final = re.compile(r"(.+?)(?:_(trade|quote|openinterest)(_.*)?)?\.zip")


class LeanFile(msgspec.Struct, frozen=True, order=True):
    """A data file, by its path. `day` is None for whole histories."""

    asset: str
    market: str
    symbol: str
    resolution: str
    day: date | None
    content: str
    path: Path


def lean_file(path: Path) -> LeanFile | None:
    """What a path says about its file; None when it is not one of LEAN's market data zips."""
    parts = path.resolve().parts
    for at in range(len(parts) - 3):
        if parts[at] not in (*CLASSES, *UNSUPPORTED_CLASSES) or parts[at + 2] not in RESOLUTIONS:
            continue
        asset, market, resolution = parts[at : at + 3]
        if resolution in {"hour", "daily"}:
            if not (match := _HISTORY.fullmatch(parts[-1])):
                return None
            symbol, content = match[1], match[2] or _default_content(asset)
            return LeanFile(asset, market, symbol, resolution, None, content, path)
        if not (match := _INTRADAY.fullmatch(parts[-1])):
            return None
        day = datetime.strptime(match[1], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
        return LeanFile(asset, market, parts[at + 3], resolution, day, match[2], path)
    return None


def _default_content(asset: str) -> str:
    return "quote" if asset in {"forex", "cfd"} else "trade"


def data_root(source: Path) -> Path | None:
    """The folder that holds the asset classes, found upwards of a file or folder of it."""
    for folder in (source.resolve(), *source.resolve().parents):
        if (folder / "market-hours").is_dir() or (folder / "symbol-properties").is_dir():
            return folder
    return None


class Properties(msgspec.Struct, frozen=True):
    """One line of the symbol-properties database."""

    quote: str
    multiplier: Decimal
    tick: Decimal
    lot: Decimal
    known: bool = True


class Databases:
    """The databases beside the data; without them, the defaults of the asset class apply."""

    def __init__(self, root: Path | None) -> None:
        hours = root / "market-hours" / "market-hours-database.json" if root else None
        self._hours = HoursDatabase(hours)
        self._properties: dict[tuple[str, str, str], Properties] = {}
        if root is None:
            return
        properties = root / "symbol-properties" / "symbol-properties-database.csv"
        if properties.exists():
            self._properties = _read_properties(properties)

    @property
    def complete(self) -> bool:
        """Whether both databases were found."""
        return bool(self._hours and self._properties)

    def hours(self, asset: str, market: str, symbol: str) -> MarketHours:
        """Zones and sessions of an instrument."""
        return self._hours.find(asset, market, symbol)

    def properties(self, asset: str, market: str, symbol: str) -> Properties:
        """Tick, lot, multiplier and quote currency of an instrument."""
        for name in (symbol.upper(), "[*]"):
            if found := self._properties.get((market, name, asset)):
                return found
        quote = (
            symbol.upper()[-3:] if asset in {"forex", "cfd", "crypto", "cryptofuture"} else "USD"
        )
        tick = Decimal("0.00001") if asset == "forex" else Decimal("0.01")
        lot = Decimal("0.00000001") if asset.startswith("crypto") else Decimal(1)
        return Properties(quote, Decimal(1), tick, lot, known=False)


def _read_properties(path: Path) -> dict[tuple[str, str, str], Properties]:
    found = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.reader(line for line in lines if line.strip() and line[0] != "#"):
            if len(row) < 8 or row[0] == "market":
                continue
            market, symbol, asset, _, quote, multiplier, tick, lot = row[:8]
            found[market, symbol.upper(), asset] = Properties(
                quote, Decimal(multiplier), Decimal(tick), Decimal(lot)
            )
    return found
