"""The market-hours database as calendars."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openoutcry.replay.importers.lean_hours import HoursDatabase
from openoutcry.state.errors import DataFormatError

WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def utc(text: str) -> int:
    """Nanoseconds of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def database(folder: Path, key: str, **entry: Any) -> HoursDatabase:
    """A database of one entry."""
    zones = {"dataTimeZone": "UTC", "exchangeTimeZone": "UTC"}
    path = folder / "hours.json"
    path.write_text(json.dumps({"entries": {key: {**zones, **entry}}}))
    return HoursDatabase(path)


def part(start: str, end: str, state: str = "market") -> dict[str, str]:
    """A part of a day."""
    return {"start": start, "end": end, "state": state}


def test_an_odd_time_is_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    """Both odd forms stand in the published file."""
    found = database(
        tmp_path,
        "Cfd-x-Y",
        monday=[part("22:0:00", "1:00:00:00")],
        earlyCloses={"1/8/2024": "23:0:30"},
    ).find("cfd", "x", "y")
    assert found.calendar.weekly == {"monday": (("22:00", "24:00"),)}
    assert list(found.calendar.early_closes.values()) == ["23:00:30"]
    with pytest.raises(DataFormatError, match="entry Cfd-x-Y"):
        database(tmp_path, "Cfd-x-Y", monday=[part("noon", "13:00:00")]).find("cfd", "x", "y")


def test_around_the_clock_is_no_calendar(tmp_path: Path) -> None:
    always = {day: [part("00:00:00", "1.00:00:00")] for day in WEEK}
    entry = database(tmp_path, "Crypto-x-[*]", **always).find("crypto", "x", "btcusd")
    assert entry.trades_always
    holiday = database(tmp_path, "Crypto-x-[*]", **always, holidays=["1/1/2024"])
    assert not holiday.find("crypto", "x", "btcusd").trades_always


@pytest.mark.parametrize(("asset", "always"), [("equity", False), ("crypto", True)])
def test_without_a_database_the_class_has_its_usual_hours(asset: str, always: bool) -> None:
    assert HoursDatabase(None).find(asset, "usa", "x").trades_always == always


@pytest.mark.data
@pytest.mark.parametrize(
    ("asset", "market", "symbol", "expected"),
    [
        (
            "equity", "usa", "spy",
            [("01 13:30", "01 20:00"), ("02 13:30", "02 20:00"), ("05 13:30", "05 20:00")],
        ),
        (
            "forex", "fxcm", "eurusd",
            [("30 21:00", "01 21:00"), ("01 21:00", "02 21:00"), ("04 21:00", "05 21:00")],
        ),
        (
            "cfd", "oanda", "xauusd",
            [("30 22:03", "01 20:58"), ("01 22:03", "02 20:58"), ("04 22:03", "05 20:58")],
        ),
        (
            "future", "comex", "gc",
            [("30 22:00", "01 21:00"), ("01 22:00", "02 21:00"), ("04 22:00", "05 21:00")],
        ),
        (
            "index", "usa", "spx",
            [("01 13:30", "01 20:15"), ("02 13:30", "02 20:15"), ("05 13:30", "05 20:15")],
        ),
    ],
)  # fmt: skip
def test_a_week_of_each_class(
    shared_data: Path, asset: str, market: str, symbol: str, expected: list[tuple[str, str]]
) -> None:
    """Thursday 2014-05-01 to Monday: futures trade before and after their main session too."""
    path = shared_data / "lean" / "market-hours" / "market-hours-database.json"
    calendar = HoursDatabase(path).find(asset, market, symbol).calendar
    found = calendar.sessions(utc("2014-05-01T00:00"), utc("2014-05-05T21:00"))
    shown = [
        tuple(datetime.fromtimestamp(ts // 10**9, UTC).strftime("%d %H:%M") for ts in s[:2])
        for s in found
    ]
    assert shown == expected


@pytest.mark.data
def test_every_entry_of_the_published_file_is_a_calendar(shared_data: Path) -> None:
    """549 entries, each with sessions in 2020."""
    path = shared_data / "lean" / "market-hours" / "market-hours-database.json"
    database = HoursDatabase(path)
    keys = json.loads(path.read_text())["entries"]
    counts = []
    for key in keys:
        class_name, market, symbol = key.split("-", 2)
        calendar = database.find(class_name.lower(), market, symbol).calendar
        counts.append(len(calendar.sessions(utc("2020-02-03T00:00"), utc("2020-02-08T00:00"))))
    assert len(counts) == 549
    assert min(counts) > 0
