"""LEAN's market-hours database as calendars.

An entry has, by weekday, parts of the day with a state (`premarket`, `market`, `postmarket`), split
at midnight. Holidays, early closes and late opens go by local date, which is how a `Calendar` takes
them too. Only what is true for both is kept: holidays on which banks alone rest are no holidays.

Source: https://github.com/QuantConnect/Lean, MarketHoursDatabaseJsonConverter.cs and
SecurityExchangeHours.cs (`GetMarketHours`, what an early close and a late open of one date mean).
"""

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from openoutcry.state.calendars import WEEKDAYS, Calendar, Weekday
from openoutcry.state.errors import ConfigError, DataFormatError

_CLASS_NAMES: Final = {"cryptofuture": "CryptoFuture"}
_DEFAULT_ZONES: Final = {"equity": "America/New_York", "index": "America/Chicago"}
_DEFAULT_SESSION: Final = ("09:30", "16:00")
# Futures trade electronically nearly around the clock; the database calls most of it pre-market.
_STATES: Final = {"future": ("market", "premarket", "postmarket")}


class MarketHours(msgspec.Struct, frozen=True):
    """Of an instrument: the zone in which its files are written, and when it trades."""

    data_zone: str
    calendar: Calendar

    @property
    def trades_always(self) -> bool:
        """Whether there is nothing to say: no holiday, and every day is open around the clock."""
        week = [self.calendar.weekly.get(day) for day in WEEKDAYS]
        exceptions = (
            self.calendar.holidays or self.calendar.early_closes or self.calendar.late_opens
        )
        return not exceptions and all(day == (("00:00", "24:00"),) for day in week)


class HoursDatabase:
    """The market-hours database; without it, the defaults of the asset class apply.

    Raises:
        DataFormatError: The file is no such database.
    """

    def __init__(self, path: Path | None) -> None:
        self._entries: dict[str, Any] = {}
        self._made: dict[str, MarketHours] = {}
        if path is not None and path.exists():
            try:
                self._entries = dict(msgspec.json.decode(path.read_bytes())["entries"])
            except (msgspec.MsgspecError, KeyError, TypeError) as error:
                raise DataFormatError(f"{path}: not a market-hours database ({error})") from error

    def __bool__(self) -> bool:
        return bool(self._entries)

    def find(self, asset: str, market: str, symbol: str) -> MarketHours:
        """The entry of a symbol, else of its market, else the defaults.

        Raises:
            DataFormatError: The entry can't be read.
        """
        class_name = _CLASS_NAMES.get(asset, asset.capitalize())
        for name in (symbol.upper(), "[*]"):
            key = f"{class_name}-{market}-{name}"
            if key in self._entries:
                if key not in self._made:
                    self._made[key] = _read(asset, key, self._entries[key])
                return self._made[key]
        return _default(asset, market)


def _default(asset: str, market: str) -> MarketHours:
    zone = "UTC-05" if market == "fxcm" else _DEFAULT_ZONES.get(asset, "UTC")
    by_day = asset in _DEFAULT_ZONES
    hours = (_DEFAULT_SESSION if by_day else ("00:00", "24:00"),)
    weekly: dict[Weekday, tuple[tuple[str, str], ...]]
    weekly = dict.fromkeys(WEEKDAYS[:5] if by_day else WEEKDAYS, hours)
    return MarketHours(zone, Calendar(name=f"{asset}-{market}", time_zone=zone, weekly=weekly))


def _read(asset: str, key: str, entry: dict[str, Any]) -> MarketHours:
    try:
        calendar = _calendar(asset, key, entry)
        return MarketHours(str(entry["dataTimeZone"]), calendar)
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise DataFormatError(f"market-hours database: entry {key}: {error!r}") from error


def _calendar(asset: str, key: str, entry: dict[str, Any]) -> Calendar:
    states = _STATES.get(asset, ("market",))
    weekly = {
        day: tuple(
            (_time(part["start"]), _time(part["end"]))
            for part in entry.get(day) or ()
            if part["state"] in states
        )
        for day in WEEKDAYS
    }
    return Calendar(
        name=key.removesuffix("-[*]").lower(),
        time_zone=entry["exchangeTimeZone"],
        weekly={day: parts for day, parts in weekly.items() if parts},
        holidays=tuple(sorted(_date(text) for text in entry.get("holidays") or ())),
        early_closes=_times(entry.get("earlyCloses")),
        late_opens=_times(entry.get("lateOpens")),
        day_end=_day_end(entry, any(p[-1][1] == "24:00" for p in weekly.values() if p)),
    )


def _day_end(entry: dict[str, Any], crosses_midnight: bool) -> str:
    """When the trading day changes.

    Where trading goes on over midnight that is the commonest close of the main market: 17:00 in New
    York for currencies and CME futures.
    """
    if not crosses_midnight:
        return "00:00"
    closes: Counter[str] = Counter()
    for day in WEEKDAYS:
        ends = [_time(p["end"]) for p in entry.get(day) or () if p["state"] == "market"]
        closes.update([end for end in ends if end != "24:00"][-1:])
    return closes.most_common(1)[0][0] if closes else "00:00"


def _times(entry: dict[str, str] | None) -> dict[date, str]:
    return {
        _date(day): _time(at)
        for day, at in sorted((entry or {}).items(), key=lambda i: _date(i[0]))
    }


def _time(text: str) -> str:
    # Days, where there are any, stand in front: `1.00:00:00` or `1:00:00:00`. Digits may be missing.
    *days, hours, minutes, seconds = (int(part) for part in re.split("[.:]", text))
    total = sum(days) * 24 + hours
    return f"{total:02}:{minutes:02}:{seconds:02}" if seconds else f"{total:02}:{minutes:02}"


def _date(text: str) -> date:
    month, day, year = (int(part) for part in text.split("/"))
    return date(year, month, day)
