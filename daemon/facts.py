"""What a running daemon knows of itself beside the graph: made on the core's thread when somebody asks."""

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from openoutcry import __version__
from openoutcry.daemon.control.facts import CoreFacts, FeedFacts
from openoutcry.daemon.control.views import JournalRow, RecoveryRow, TapeRow, VenueRow

if TYPE_CHECKING:
    from openoutcry.daemon.parts import Daemon

_MS: Final = 1_000_000


class DaemonFacts:
    """Makes the facts of one daemon. All of it is for the core's thread.

    Args:
        daemon: The daemon.
        alerts: How many alerts nobody has acknowledged.
        wall: The system's clock, nanoseconds UTC.
        steady: A clock that never steps back, nanoseconds.
    """

    def __init__(
        self,
        daemon: "Daemon",
        *,
        alerts: Callable[[], int] = lambda: 0,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._daemon, self.alerts, self._steady = daemon, alerts, steady
        self._started, self._began = wall(), steady()
        self._pid = os.getpid()
        found = daemon.recovered
        self._diverged: dict[str, str] = (
            {} if found is None else {d.strategy: str(d) for d in found.diverged if d.strategy}
        )
        self._venues = tuple(
            VenueRow(name=venue.name, state="simulated") for venue in daemon.config.venues
        )
        self._recovery = self._recovery_row()
        session = daemon.session
        self._limits = tuple(
            _limit(daemon.config.risk.limits(item.id).max_data_age_ms)
            for item in session.universe.instruments
        )

    def _recovery_row(self) -> RecoveryRow | None:
        daemon = self._daemon
        if daemon.recovered is None:
            return None
        return RecoveryRow(
            ts=self._started,
            seq=daemon.recovered.seq,
            records=daemon.recovered.records,
            took=daemon.took,
            gap="; ".join((*daemon.recovered.problems, *daemon.findings)),
        )

    def __call__(self) -> CoreFacts:
        """The facts of this moment."""
        daemon, session = self._daemon, self._daemon.session
        run, kernel, journal = daemon.config.run, session.kernel, daemon.journal
        return CoreFacts(
            mode=run.mode.value,
            name=run.name,
            account=run.name,
            pid=self._pid,
            version=__version__,
            started=self._started,
            uptime=self._steady() - self._began,
            now=max(daemon.core.moment, kernel.now),
            seq=kernel.seq,
            durable_seq=journal.durable_seq,
            lag=daemon.core.behind // daemon.speed,
            journal=self._journal(),
            tape=self._tape(),
            feeds=self._feeds(),
            venues=self._venues,
            recovery=self._recovery,
            alerts=self.alerts(),
            diverged=self._diverged,
        )

    def _journal(self) -> JournalRow:
        health = self._daemon.journal.health
        return JournalRow(
            state=health.state.value,
            reason=health.reason,
            waiting_records=health.waiting_records,
            waiting_bytes=health.waiting_bytes,
            dropped_records=health.dropped_records,
        )

    def _tape(self) -> TapeRow:
        tape = self._daemon.tape
        if tape is None:
            return TapeRow(state="off")
        health = tape.health
        state = "failed" if health.state in ("full", "failed") else "recording"
        if state == "recording" and (health.holes or health.dropped_rows):
            return TapeRow(state="incomplete", reason=f"{health.dropped_rows} rows are missing")
        return TapeRow(state=state, reason=health.reason)

    def _feeds(self) -> tuple[FeedFacts, ...]:
        """Sheds are counted by kind, for all instruments together: they stand at the first."""
        session = self._daemon.session
        shed = dict(self._daemon.core.door.shed)
        rows = []
        for number in self._fed():
            item = session.universe.instruments[number]
            last = last_datum(session.market, number)
            rows.append(
                FeedFacts(instrument=item.id, last=last, limit=self._limits[number], shed=shed)
            )
            shed = {}
        return tuple(rows)

    def _fed(self) -> Sequence[int]:
        index = self._daemon.session.universe.index
        return tuple(dict.fromkeys(index[feed.instrument] for feed in self._daemon.config.feeds))


def last_datum(market: object, number: int) -> int | None:
    """When anything of an instrument was received last, nanoseconds UTC."""
    looks = ("quote", "trade", "bar", "mark")
    found = [seen[0] for look in looks if (seen := getattr(market, look)(number)) is not None]
    return max(found, default=None)


def _limit(age_ms: int | str) -> int | None:
    return age_ms * _MS if isinstance(age_ms, int) else None
