"""Trading calendars: local words become nanoseconds UTC, through clock changes and short days."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state.calendars import WEEKDAYS, Calendar, Session
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError, ConfigError

NEW_YORK = ZoneInfo("America/New_York")
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
    "UTC-05",
)
HOUR = 3600 * 10**9
DAY = 24 * HOUR


def ns(text: str, zone: Any = UTC) -> int:
    """A wall-clock time as nanoseconds UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 10**9


def equity(**changes: Any) -> Calendar:
    """US shares with one holiday and one short day."""
    base = Calendar(
        name="us",
        time_zone="America/New_York",
        weekly=dict.fromkeys(WEEKDAYS[:5], (("09:30", "16:00"),)),
        holidays=(date(2015, 12, 25),),
        early_closes={date(2015, 12, 24): "13:00"},
    )
    return msgspec.structs.replace(base, **changes)


def currencies() -> Calendar:
    """Sunday evening to Friday evening, days that end at 17:00."""
    week: Any = dict.fromkeys(("sunday", *WEEKDAYS[:4]), (("17:00", "17:00"),))
    return Calendar(name="fx", time_zone="America/New_York", weekly=week, day_end="17:00")


def times(sessions: list[Session]) -> list[tuple[str, ...]]:
    """Sessions as New York's clock shows them."""
    show = "%a %d %H:%M"
    return [
        tuple(datetime.fromtimestamp(ts // 10**9, NEW_YORK).strftime(show) for ts in session)
        for session in sessions
    ]


def test_a_week_with_a_short_day_and_a_holiday() -> None:
    found = equity().sessions(ns("2015-12-23"), ns("2015-12-29"))
    assert times(found) == [
        ("Wed 23 09:30", "Wed 23 16:00", "Wed 23 16:00"),
        ("Thu 24 09:30", "Thu 24 13:00", "Thu 24 13:00"),
        ("Mon 28 09:30", "Mon 28 16:00", "Mon 28 16:00"),
    ]
    assert found[1].close_ns == ns("2015-12-24T18:00")


@pytest.mark.parametrize(
    ("friday", "utc"),
    [("2024-03-08", (14, 13)), ("2024-11-01", (13, 14))],
    ids=["spring", "autumn"],
)
def test_the_open_follows_the_clock_of_the_zone(friday: str, utc: tuple[int, int]) -> None:
    start = ns(friday)
    before, after = equity().sessions(start, start + 4 * DAY)
    hours = [datetime.fromtimestamp(s.open_ns // 10**9, UTC).hour for s in (before, after)]
    assert hours == list(utc)
    assert {s.close_ns - s.open_ns for s in (before, after)} == {6 * HOUR + HOUR // 2}


def test_a_session_over_midnight_is_an_hour_longer_or_shorter_when_the_clock_changes() -> None:
    night: Any = {"saturday": (("22:00", "06:00"),)}
    calendar = Calendar(name="night", time_zone="Europe/Berlin", weekly=night, day_end="12:00")
    lengths = []
    for saturday in ("2024-03-23", "2024-03-30", "2024-10-26"):
        (found,) = calendar.sessions(ns(saturday), ns(saturday) + 2 * DAY)
        lengths.append((found.close_ns - found.open_ns) // HOUR)
    assert lengths == [8, 7, 9]


def test_trading_that_goes_on_is_cut_where_the_day_ends() -> None:
    found = currencies().sessions(ns("2024-01-04T12:00"), ns("2024-01-09"))
    assert times(found) == [
        ("Wed 03 17:00", "Thu 04 17:00", "Thu 04 17:00"),
        ("Thu 04 17:00", "Fri 05 17:00", "Fri 05 17:00"),
        ("Sun 07 17:00", "Mon 08 17:00", "Mon 08 17:00"),
        ("Mon 08 17:00", "Tue 09 17:00", "Tue 09 17:00"),
    ]


def test_a_break_ends_a_session_and_not_the_day() -> None:
    lunch: Any = {"monday": (("09:00", "12:00"), ("13:00", "16:00"))}
    found = equity(weekly=lunch).sessions(ns("2024-01-08"), ns("2024-01-09"))
    assert times(found) == [
        ("Mon 08 09:00", "Mon 08 12:00", "Mon 08 16:00"),
        ("Mon 08 13:00", "Mon 08 16:00", "Mon 08 16:00"),
    ]


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [
        ("13:00", "18:00", [("00:00", "13:00"), ("18:00", "24:00")]),
        ("18:00", "13:00", [("13:00", "18:00")]),
        ("13:00", None, [("00:00", "13:00")]),
        (None, "13:00", [("13:00", "24:00")]),
    ],
)
def test_early_closes_and_late_opens_of_one_date(
    early: str | None, late: str | None, expected: list[tuple[str, str]]
) -> None:
    day = date(2024, 1, 8)
    calendar = Calendar(
        name="c",
        time_zone="UTC",
        weekly={"monday": (("00:00", "24:00"),)},
        early_closes={day: early} if early else {},
        late_opens={day: late} if late else {},
    )
    found = calendar.sessions(ns("2024-01-08"), ns("2024-01-09"))
    shown = [(s.open_ns - ns("2024-01-08"), s.close_ns - ns("2024-01-08")) for s in found]
    assert shown == [(int(a[:2]) * HOUR, int(b[:2]) * HOUR) for a, b in expected]


def test_around_the_clock_the_days_still_end() -> None:
    days = currencies().whole_days(ns("2024-03-09"), ns("2024-03-11"))
    assert times(days) == [
        ("Fri 08 17:00", "Sat 09 17:00", "Sat 09 17:00"),
        ("Sat 09 17:00", "Sun 10 17:00", "Sun 10 17:00"),
        ("Sun 10 17:00", "Mon 11 17:00", "Mon 11 17:00"),
    ]


def test_hours_of_a_date() -> None:
    christmas = date(2015, 12, 25)
    assert equity().hours(christmas) is None
    assert equity().hours(date(2015, 12, 24)) == (ns("2015-12-24T14:30"), ns("2015-12-24T18:00"))
    usual = ns("2015-12-25T14:30"), ns("2015-12-25T21:00")
    assert equity().usual_hours(christmas) == usual
    assert equity().usual_hours(date(2015, 12, 26)) == (usual[0] + DAY, usual[1] + DAY)
    assert equity().next_trading_date(date(2015, 12, 24)) == date(2015, 12, 28)


def test_a_skipped_time_moves_behind_the_change_and_a_repeated_one_is_the_first() -> None:
    weekly: Any = {"sunday": (("01:30", "02:30"),)}
    calendar = Calendar(name="c", time_zone="America/New_York", weekly=weekly)
    (spring,) = calendar.sessions(ns("2024-03-10"), ns("2024-03-11"))
    assert times([spring])[0][:2] == ("Sun 10 01:30", "Sun 10 03:30")
    (autumn,) = calendar.sessions(ns("2024-11-03"), ns("2024-11-04"))
    assert autumn.open_ns == ns("2024-11-03T05:30")
    assert autumn.close_ns - autumn.open_ns == 2 * HOUR


SPANS = st.tuples(st.integers(0, 23 * 60), st.integers(1, 24 * 60)).map(
    lambda span: tuple(f"{m // 60:02}:{m % 60:02}" for m in span)
)
DATES = st.dates(date(2023, 12, 1), date(2025, 1, 31))
TIMES = st.integers(0, 24 * 60).map(lambda m: f"{m // 60:02}:{m % 60:02}")
CALENDARS = st.builds(
    Calendar,
    name=st.just("any"),
    time_zone=st.sampled_from(ZONES),
    weekly=st.dictionaries(
        st.sampled_from(WEEKDAYS), st.lists(SPANS, max_size=3).map(tuple), max_size=7
    ),
    holidays=st.lists(DATES, max_size=20).map(tuple),
    early_closes=st.dictionaries(DATES, TIMES, max_size=20),
    late_opens=st.dictionaries(DATES, TIMES, max_size=20),
    day_end=st.sampled_from(["00:00", "17:00", "02:30", "23:45"]),
)
STARTS = st.integers(ns("2023-12-01"), ns("2024-12-31"))


@given(CALENDARS, STARTS, st.integers(1, 40 * DAY))
def test_sessions_ascend_and_are_disjoint(calendar: Calendar, start: int, length: int) -> None:
    """Whatever the calendar says."""
    found = calendar.sessions(start, start + length)
    assert all(s.open_ns < s.close_ns <= s.day_close_ns for s in found)
    for before, after in pairwise(found):
        assert before.close_ns <= after.open_ns
        same_day = before.day_close_ns == after.day_close_ns
        assert same_day or before.day_close_ns <= after.open_ns


@given(CALENDARS, STARTS, st.integers(1, 20 * DAY), st.integers(0, 100))
def test_what_a_session_is_does_not_depend_on_who_asks(
    calendar: Calendar, start: int, length: int, percent: int
) -> None:
    """A part of the span gives the same sessions, and so does each of their moments."""
    middle = start + length * percent // 100
    whole = calendar.sessions(start, start + length)
    parts = calendar.sessions(start, middle) + calendar.sessions(middle, start + length)
    assert [s for s in whole if s not in parts] == []
    assert [s for s in parts if s not in whole] == []
    for session in whole:
        assert calendar.session_of(session.open_ns) == session
        assert calendar.session_of(session.close_ns - 1) == session
        assert calendar.session_of(session.close_ns) != session


@given(CALENDARS, STARTS)
def test_a_moment_trades_when_the_local_clock_says_so(calendar: Calendar, ts: int) -> None:
    """An independent reading: the moment's own local date and time, rule by rule.

    Hours that a clock change repeats or skips are left out: there the words have two readings.
    """
    ts -= ts % (60 * 10**9)
    zone = (
        ZoneInfo(calendar.time_zone)
        if calendar.time_zone != "UTC-05"
        else datetime.fromisoformat("2024-01-01T00:00-05:00").tzinfo
    )
    local = datetime.fromtimestamp(ts // 10**9, zone)
    offsets = {(local + timedelta(hours=h)).utcoffset() for h in (-36, -3, 0, 3, 36)}
    if len(offsets) > 1:
        return
    day, minute = local.date(), local.strftime("%H:%M")
    opened = any(
        a <= minute < b if a < b else minute >= a
        for a, b in calendar.weekly.get(WEEKDAYS[day.weekday()], ())
    ) or any(minute < b <= a for a, b in calendar.weekly.get(WEEKDAYS[(day.weekday() - 1) % 7], ()))
    early, late = calendar.early_closes.get(day), calendar.late_opens.get(day)
    if day in calendar.holidays:
        opened = False
    elif early is not None and late is not None and early < late:
        opened = opened and not early <= minute < late
    else:
        opened = opened and (early is None or minute < early) and (late is None or minute >= late)
    assert (calendar.session_of(ts) is not None) == opened


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_zone": "Mars/Phobos"}, "no time zone"),
        ({"time_zone": "../etc/passwd"}, "no time zone"),
        ({"weekly": {"monday": (("9:30", "16:00"),)}}, "'9:30' is no time of day"),
        ({"weekly": {"monday": (("09:30", "24:01"),)}}, "'24:01' is no time of day"),
        ({"weekly": {"monday": (("24:00", "01:00"),)}}, "open at 24:00"),
        ({"early_closes": {date(2024, 1, 1): "noon"}}, "'noon' is no time of day"),
        ({"day_end": "12:60"}, "'12:60' is no time of day"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match="calendar us: ") as caught:
        equity(**changes)
    assert message in str(caught.value)


def test_a_catalog_keeps_calendars_beside_the_instruments(tmp_path: Any) -> None:
    catalog = Catalog(tmp_path / "data")
    assert catalog.calendars() == []
    catalog.add_calendars([equity(), currencies()])
    edited = equity(holidays=())
    catalog.add_calendars([edited])
    assert catalog.calendars() == [currencies(), equity()]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '[{"name": "x", "time_zone": "UTC", "weekly": {}, "holiday": []}]',
        '[{"name": "x", "time_zone": "UTC", "weekly": {"mon": []}}]',
        '[{"name": "x", "time_zone": "UTC", "weekly": {}, "holidays": ["2024-02-30"]}]',
        '[{"name": "x", "time_zone": "Nowhere", "weekly": {}}]',
        '[{"name": "x", "time_zone": "UTC", "weekly": {}}, {"name": "x", "time_zone": "UTC", "weekly": {}}]',
    ],
)
def test_a_damaged_file_is_a_catalog_error(tmp_path: Any, text: str) -> None:
    (tmp_path / "calendars.json").write_text(text)
    with pytest.raises(CatalogError, match=r"calendars\.json"):
        Catalog(tmp_path).calendars()
