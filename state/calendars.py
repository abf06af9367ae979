"""Trading calendars: when an instrument trades, in local words and in nanoseconds UTC.

A calendar says what a venue says: weekly hours in local time, days on which it is closed, days on
which it closes early or opens late. Everything is decided by the local *date* of a moment:

1. The hours of each weekday, those that cross midnight split there.
2. Less what is closed on that date: all of a holiday; from the early close on; before the late
   open. A date with an early close and a later late open is closed between the two only.
3. Spans that touch are one; at `day_end` the trading day changes, and trading that goes on is cut.

The wall clock of a zone is not steady: a time that a clock change skips lies as far behind the
change as it says (02:30 becomes 03:30), one that occurs twice is its first occurrence.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from openoutcry.state.errors import ConfigError

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip

_SECOND_NS: Final = 10**9
_DAY_S: Final = 86_400
_TIME: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?", re.ASCII)
_FIXED: Final = re.compile(r"UTC([+-])(\d\d?)(?::?(\d\d))?", re.ASCII)
_EPOCH: Final = date(1970, 1, 1)
# Nanoseconds of 64 bits reach from 1677 to 2262; a day more on each side must still be a date.
_FIRST_DAY: Final = date(1677, 9, 23)
_LAST_DAY: Final = date(2262, 4, 9)


class Session(NamedTuple):
    """A span without a pause in which an instrument trades, nanoseconds UTC.

    `[open_ns, close_ns)`; `day_close_ns` is the last close of its trading day, later than `close_ns`
    before a lunch break.
    """

    open_ns: int
    close_ns: int
    day_close_ns: int


class _Rules(NamedTuple):
    """A calendar in numbers: times of day as seconds since local midnight."""

    week: list[list[tuple[int, int]]]
    zone: tzinfo
    holidays: frozenset[date]
    early: dict[date, int]
    late: dict[date, int]
    day_end: int


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """When instruments trade.

    Args:
        name: What instruments call it.
        time_zone: IANA name, `UTC`, or a fixed offset like `UTC-05`.
        weekly: Hours by weekday as `[open, close]` in local time, `HH:MM` or `HH:MM:SS`, the close up
            to `24:00`. A close that is not after its open lies on the next date.
        holidays: Local dates without trading.
        early_closes: Local date to the time at which trading ends.
        late_opens: Local date to the time at which trading begins, or begins again.
        day_end: Local time at which one trading day ends and the next begins. Trading days end with
            the last close before it.

    Raises:
        ConfigError: A time, time zone or weekday that is none.
    """

    name: str
    time_zone: str
    weekly: dict[Weekday, tuple[tuple[str, str], ...]]
    holidays: tuple[date, ...] = ()
    early_closes: dict[date, str] = {}
    late_opens: dict[date, str] = {}
    day_end: str = "00:00"

    def __post_init__(self) -> None:
        assert self._rules  # what cannot be is refused at once, not when it is first asked for

    def sessions(self, start_ns: int, end_ns: int) -> list[Session]:
        """The sessions that have a moment in `[start_ns, end_ns)`, ascending and disjoint."""
        # Three days on each side: the trading day of a session may have begun, or end, outside.
        found = self._sessions(_local_day(start_ns, -3), _local_day(end_ns, 3))
        return [item for item in found if item.close_ns > start_ns and item.open_ns < end_ns]

    def whole_days(self, start_ns: int, end_ns: int) -> list[Session]:
        """Trading around the clock: one session from each `day_end` to the next, holidays too."""
        ends = self._day_ends(_local_day(start_ns, -2), _local_day(end_ns, 2))
        found = (Session(a, b, b) for a, b in pairwise(ends))
        return [item for item in found if item.close_ns > start_ns and item.open_ns < end_ns]

    def session_of(self, ts: int) -> Session | None:
        """The session that contains a moment; None while closed."""
        found = self.sessions(ts, ts + 1)
        return found[0] if found else None

    def hours(self, day: date) -> tuple[int, int] | None:
        """First open and last close on a local date, nanoseconds UTC; None when it has none."""
        return self._bounds(day, _without(self._spans(day), *self._closed(day)))

    def usual_hours(self, day: date) -> tuple[int, int] | None:
        """As `hours`, had the date been a usual one of its weekday, or of the first that trades."""
        week = ((day.weekday() + step) % 7 for step in range(7))
        spans = next((spans for at in week if (spans := self._rules.week[at])), [])
        return self._bounds(day, spans)

    def next_trading_date(self, after: date) -> date:
        """The first local date with hours after a date; the next date when a month has none."""
        for step in range(1, 32):
            if self.hours(after + timedelta(step)):
                return after + timedelta(step)
        return after + timedelta(1)

    @cached_property
    def _rules(self) -> _Rules:
        """What the text of the fields means."""
        week: list[list[tuple[int, int]]] = [[] for _ in WEEKDAYS]
        for number, name in enumerate(WEEKDAYS):
            for opened, closed in self.weekly.get(name, ()):
                first, last = self._seconds(opened), self._seconds(closed)
                if first == _DAY_S:
                    raise ConfigError(f"calendar {self.name}: a session can't open at 24:00")
                if first < last:
                    week[number].append((first, last))
                else:
                    week[number].append((first, _DAY_S))
                    week[(number + 1) % 7].append((0, last))
        return _Rules(
            week=[sorted(span for span in spans if span[0] < span[1]) for spans in week],
            zone=_zone(self.name, self.time_zone),
            holidays=frozenset(self.holidays),
            early={day: self._seconds(at) for day, at in self.early_closes.items()},
            late={day: self._seconds(at) for day, at in self.late_opens.items()},
            day_end=self._seconds(self.day_end) % _DAY_S,
        )

    def _seconds(self, text: str) -> int:
        """Seconds since midnight."""
        if found := _TIME.fullmatch(text):
            hours, minutes, seconds = (int(part or 0) for part in found.groups())
            total = (hours * 60 + minutes) * 60 + seconds
            if minutes < 60 and seconds < 60 and total <= _DAY_S:
                return total
        raise ConfigError(
            f"calendar {self.name}: {text!r} is no time of day", remedy="write it as in 09:30"
        )

    def _spans(self, day: date) -> list[tuple[int, int]]:
        return self._rules.week[day.weekday()]

    def _closed(self, day: date) -> list[tuple[int, int]]:
        """What of a date is closed although its weekday trades."""
        if day in self._rules.holidays:
            return [(0, _DAY_S)]
        early, late = self._rules.early.get(day), self._rules.late.get(day)
        if early is not None and late is not None and early < late:
            return [(early, late)]
        before = [] if late is None else [(0, late)]
        return before if early is None else [*before, (early, _DAY_S)]

    def _utc(self, day: date, seconds: int) -> int:
        """A local time as nanoseconds UTC."""
        day += timedelta(seconds // _DAY_S)
        at = time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
        offset = datetime.combine(day, at, self._rules.zone).utcoffset()
        assert offset is not None  # the zone is known
        shift = offset.days * _DAY_S + offset.seconds
        return ((day - _EPOCH).days * _DAY_S + seconds % _DAY_S - shift) * _SECOND_NS

    def _bounds(self, day: date, spans: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
        if not spans:
            return None
        return self._utc(day, spans[0][0]), self._utc(day, spans[-1][1])

    def _day_ends(self, first: date, last: date) -> list[int]:
        days = (first + timedelta(step) for step in range((last - first).days + 1))
        return [self._utc(day, self._rules.day_end) for day in days]

    def _open_spans(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        for step in range((last - first).days + 1):
            day = first + timedelta(step)
            for opened, closed in _without(self._spans(day), *self._closed(day)):
                span = self._utc(day, opened), self._utc(day, closed)
                if span[0] < span[1]:
                    yield span

    def _sessions(self, first: date, last: date) -> list[Session]:
        ends = self._day_ends(first, last)
        pieces: list[tuple[int, int, int]] = []  # trading day, open, close
        for span in _joined(sorted(self._open_spans(first, last))):
            opened, closed = span
            number = bisect_right(ends, opened)
            for end in ends[number : bisect_right(ends, closed - 1)]:
                pieces.append((number, opened, end))
                opened, number = end, number + 1
            pieces.append((number, opened, closed))
        closes = {number: closed for number, _, closed in pieces}
        return [Session(opened, closed, closes[number]) for number, opened, closed in pieces]


def missing_calendar(name: str, instrument: str, known: Mapping[str, Calendar]) -> ConfigError:
    """The error of an instrument whose calendar is nowhere."""
    return ConfigError(
        f"{instrument}: there is no calendar {name!r}",
        remedy=f"add it to calendars.json of the catalog (it has: {', '.join(sorted(known)) or 'none'})"
        ", or take `calendar` from the instrument: it then trades around the clock",
    )


def _local_day(ts: int, days: int) -> date:
    number = ts // (_DAY_S * _SECOND_NS) + days
    return max(_FIRST_DAY, min(_LAST_DAY, _EPOCH + timedelta(number)))


def _without(
    spans: Sequence[tuple[int, int]], *closed: tuple[int, int]
) -> Sequence[tuple[int, int]]:
    """Spans less what is closed."""
    for first, last in closed:
        parts = [((a, min(b, first)), (max(a, last), b)) for a, b in spans]
        spans = [part for pair in parts for part in pair if part[0] < part[1]]
    return spans


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for opened, closed in spans:
        if joined and opened <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closed))
        else:
            joined.append((opened, closed))
    return joined


def _zone(calendar: str, text: str) -> tzinfo:
    if text == "UTC":
        return UTC
    if fixed := _FIXED.fullmatch(text):
        minutes = int(fixed[2]) * 60 + int(fixed[3] or 0)
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if fixed[1] == "-" else minutes))
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"calendar {calendar}: {text!r} is no time zone that this machine knows",
            remedy="write an IANA name like America/New_York, or UTC-05; the names come with the"
            " system's tzdata",
        ) from error
