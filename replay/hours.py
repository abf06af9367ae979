"""Trading hours of a run: what the calendars of its instruments mean in its span of time."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from openoutcry.replay.venue_config import Sessions
from openoutcry.state.calendars import Calendar, Session, missing_calendar
from openoutcry.state.config import VenueConfig
from openoutcry.state.instruments import Instrument

_MARGIN_NS = 31 * 86_400 * 10**9
"""Sessions are known this long around the data: the next close after the last row, and all of a bar
of several days around the first."""


def calendars_of(
    instruments: Iterable[Instrument], calendars: Iterable[Calendar]
) -> dict[str, Calendar]:
    """The calendar of each instrument that names one, by instrument id.

    Raises:
        ConfigError: There is no calendar of that name.
    """
    known = {calendar.name: calendar for calendar in calendars}
    found: dict[str, Calendar] = {}
    for item in instruments:
        if item.calendar is None:
            continue
        if item.calendar not in known:
            raise missing_calendar(item.calendar, item.id, known)
        found[item.id] = known[item.calendar]
    return found


def sessions_of(
    instruments: Iterable[Instrument], calendars: Mapping[str, Calendar], start: int, end: int
) -> Sessions:
    """The sessions of instruments between two times (nanoseconds UTC), and a month around."""
    return _resolved(instruments, calendars, (start, end), whole_days=False)


def venue_sessions(
    venue: VenueConfig,
    instruments: Iterable[Instrument],
    calendars: Mapping[str, Calendar],
    start: int,
    end: int,
) -> Sessions:
    """When a venue takes and matches orders: in the sessions, or at all times with `hours = "all"`.

    Then too an instrument's DAY orders end with the trading day of its calendar.
    """
    own = [item for item in instruments if item.venue == venue.name]
    return _resolved(own, calendars, (start, end), whole_days=venue.hours != "regular")


def _resolved(
    instruments: Iterable[Instrument],
    calendars: Mapping[str, Calendar],
    span: tuple[int, int],
    *,
    whole_days: bool,
) -> Sessions:
    known: dict[str, tuple[Session, ...]] = {}
    found = {}
    for item in instruments:
        calendar = calendars.get(item.id)
        if calendar is None:
            continue
        if calendar.name not in known:
            text = msgspec.json.encode(calendar)
            known[calendar.name] = _days(text, *span, whole_days=whole_days)
        found[item.id] = known[calendar.name]
    return found


@lru_cache(maxsize=32)
def _days(calendar: bytes, start: int, end: int, *, whole_days: bool) -> tuple[Session, ...]:
    """The sessions of a calendar, kept: a year takes milliseconds, and many runs play the same span."""
    known = msgspec.json.decode(calendar, type=Calendar)
    resolve = known.whole_days if whole_days else known.sessions
    return tuple(resolve(start - _MARGIN_NS, end + _MARGIN_NS))
