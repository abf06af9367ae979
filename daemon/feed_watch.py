"""Silence of feeds: what nobody sends cannot be noticed by waiting for it.

Several times a second of the session's clock each watched instrument is looked at: have rows been taken
since the last look? One that was silent for longer than its feed's `silent_after_ms` becomes an input,
`BookStale`, and another one when it is back; risk denies new orders in between. As inputs they stand in
the journal, so a re-run needs no watch. Outside an instrument's trading hours silence is no silence.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from openoutcry.replay.hours import calendars_of, sessions_of
from openoutcry.replay.live_session import HOURS_AHEAD_NS, LiveSession
from openoutcry.replay.venue_config import Sessions
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.events import BookStale
from openoutcry.state.identifiers import InstrumentId

EVERY_NS: Final = 250_000_000
"""How often it looks, in nanoseconds of the session."""
_MS: Final = 1_000_000
_LONG_AGO: Final = -(2**63)


class FeedWatch:
    """Looks at the feeds of a session. For the core's thread.

    Args:
        session: Whose feeds.
        inject: Makes an input of a `BookStale`.
        calendars: Trading hours, for the instruments that name a calendar.

    Attributes:
        due: When it looks next, nanoseconds UTC of the session.
        last: Per instrument, when a row of it was last seen to be taken (ns UTC of the session): at
            most a look late. An instrument that has not spoken since the start is not in it.
        limits: Nanoseconds of silence that are too long, for the instruments that are watched.
    """

    def __init__(
        self,
        session: LiveSession,
        inject: Callable[[BookStale], None],
        *,
        calendars: Iterable[Calendar] = (),
    ) -> None:
        self._session, self._inject = session, inject
        self.last: dict[InstrumentId, int] = {}
        self.limits: Mapping[InstrumentId, int] = {
            feed.instrument: feed.silent_after_ms * _MS
            for feed in session.config.feeds
            if feed.silent_after_ms is not None
        }
        self._rows = dict.fromkeys(session.streams, -1)
        self._since = dict.fromkeys(self.limits, session.kernel.now)
        """From when on each watched one is silent: its last row, or the start."""
        self._silent = silent_feeds(session)
        self._hours: dict[InstrumentId, tuple[Sequence[int], Sequence[int]]] = {}
        for instrument, spans in _hours(session, calendars).items():
            self.set_hours(instrument, ((span.open_ns, span.close_ns) for span in spans))
        self.due = 0

    @property
    def silent(self) -> frozenset[InstrumentId]:
        """What is silent beyond its limit."""
        return frozenset(self._silent)

    def turn(self, moment: int) -> None:
        """Look; `moment` is that of the turn, up to which everything was pushed."""
        self.due = moment + EVERY_NS
        for stream in self._rows:
            self._look(stream, moment)
        for instrument, limit in self.limits.items():
            self._judge(instrument, limit, moment)
        for instrument in sorted(self._silent - self.limits.keys()):  # watched no more
            self._speaks(instrument, moment)

    def set_hours(self, instrument: InstrumentId, hours: Iterable[tuple[int, int]]) -> None:
        """When an instrument trades: openings and closes, nanoseconds UTC, in order."""
        spans = list(hours)
        self._hours[instrument] = ([begin for begin, _ in spans], [end for _, end in spans])

    def _look(self, stream: StreamKey, moment: int) -> None:
        taken = self._session.rows_taken(stream)
        before, self._rows[stream] = self._rows[stream], taken
        if before not in (-1, taken):  # the first look only counts
            instrument = stream.instrument
            self.last[instrument] = moment
            if instrument in self._since:
                self._since[instrument] = moment

    def _judge(self, instrument: InstrumentId, limit: int, moment: int) -> None:
        opened = self._opened(instrument, moment)
        if opened is None:
            return
        silent = moment - max(self._since[instrument], opened) > limit
        if silent and instrument not in self._silent:
            self._silent.add(instrument)
            self._inject(BookStale(instrument=instrument, ts=moment, stale=True))
        elif instrument in self._silent and instrument in self.last and not silent:
            self._speaks(instrument, moment)

    def _speaks(self, instrument: InstrumentId, moment: int) -> None:
        self._silent.discard(instrument)
        self._inject(BookStale(instrument=instrument, ts=moment, stale=False))

    def _opened(self, instrument: InstrumentId, moment: int) -> int | None:
        """Since when it trades; None when it does not, and the past where it always does."""
        hours = self._hours.get(instrument)
        if hours is None:
            return _LONG_AGO
        opens, closes = hours
        number = bisect_right(opens, moment) - 1
        return opens[number] if number >= 0 and moment < closes[number] else None


def silent_feeds(session: LiveSession) -> set[InstrumentId]:
    """What risk holds to be silent now: after a restart, from the time before."""
    rows = session.graph.risk.control.view()
    return {
        InstrumentId(scope[1])
        for check, scope, _, used, _, _ in rows
        if check == "market_state" and used == _SILENT and scope[1] is not None
    }


_SILENT: Final = "its feed is silent"


def _hours(session: LiveSession, calendars: Iterable[Calendar]) -> Sessions:
    """Trading hours of the instruments that have some, as far ahead as the session knows them."""
    items = session.universe.instruments
    start = session.kernel.now
    return sessions_of(items, calendars_of(items, calendars), start, start + HOURS_AHEAD_NS)
