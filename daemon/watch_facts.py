"""The core's facts, copied out of a daemon: what metrics, health and alerts read."""

import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from openoutcry.actors.books import ACCOUNT
from openoutcry.actors.graph import Graph
from openoutcry.actors.strategy_actor import cell_name
from openoutcry.daemon.alerts.rules import scope_name
from openoutcry.daemon.control.answers import PAUSED
from openoutcry.daemon.feed_watch import FeedWatch
from openoutcry.daemon.metrics.facts import (
    LAG_BOUNDS_S,
    CoreFacts,
    FeedFacts,
    Histogram,
    HistogramFacts,
)
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.watch_records import DIVERGED, RecordWatch, names_a_pause
from openoutcry.state.decimals import to_decimal
from openoutcry.state.errors import CurrencyMismatch, MissingData

_SECOND: Final = 10**9
_DAY_NS: Final = 86_400 * _SECOND
_SLOW: Final = 4
"""Facts that cost more are looked at with every so many."""
_STEP_NS: Final = _SECOND // 2
"""The wall clock was stepped when it moved so far against a steady one between two looks."""


class _Slow(msgspec.Struct, frozen=True):
    """What costs more than a few microseconds to look at."""

    tape_rows: int = 0
    tape_holes: int = 0
    orders: dict[str, int] = {}
    unknown: int = 0
    unknown_s: float = 0.0


class Facts:
    """Makes facts of a daemon. For the core's thread.

    Args:
        daemon: Whose.
        feeds: When they last spoke.
        records: Counts of what was recorded.
        lag: From an input's stamp to the end of its handling, in real seconds.
        monotonic: Nanoseconds of a steady clock.
        wall: The system's clock, nanoseconds UTC.

    Attributes:
        tape: State and reason of the tape.
    """

    def __init__(
        self,
        daemon: Daemon,
        feeds: FeedWatch,
        records: RecordWatch,
        lag: Histogram,
        *,
        monotonic: Callable[[], int] = time.monotonic_ns,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._daemon, self._feeds, self._records, self._lag = daemon, feeds, records, lag
        self._monotonic, self._wall = monotonic, wall
        kernel = daemon.session.kernel
        self._not_skipped = kernel.seq - kernel.delivered
        self._made = 0
        bounds = [round(bound * _SECOND) for bound in LAG_BOUNDS_S]
        daemon.session.graph.dispatcher.time_handlers(bounds)
        self._slow = _Slow()
        self.tape = ("running", "")
        self._offset = wall() - monotonic()
        self._steps = 0
        self._day: tuple[int, Decimal] | None = None
        self._began = kernel.now

    def make(self, *, ready: bool) -> CoreFacts:
        """The present."""
        if self._made % _SLOW == 0:
            self._slow = self._look()
        self._made += 1
        daemon, records = self._daemon, self._records
        session, graph, core = daemon.session, daemon.session.graph, daemon.core
        kernel, journal, run = session.kernel, daemon.journal.health, daemon.config.run
        equity = _equity(graph)
        currency = run.account_currency
        slow = self._slow
        return CoreFacts(
            at_s=self._monotonic() / _SECOND,
            now=kernel.now,
            ready=ready,
            mode=run.mode.value,
            account=run.name,
            seq=kernel.seq,
            durable_seq=daemon.journal.durable_seq,
            inputs=kernel.counts(),
            skipped=kernel.seq - kernel.delivered - self._not_skipped,
            lag=self._lag.facts,
            handler=_handlers(graph),
            journal=journal.state.value,
            journal_waiting=journal.waiting_records,
            journal_waiting_bytes=journal.waiting_bytes,
            journal_dropped=journal.dropped_records,
            snapshot_seq=daemon.snapshotter.health.seq,
            tape_rows=slow.tape_rows,
            tape_holes=slow.tape_holes,
            gate_waiting=graph.path.waiting,
            gate_dropped=dict(records.not_sent),
            orders=slow.orders,
            unknown=slow.unknown,
            unknown_s=slow.unknown_s,
            fills=records.fills,
            denied=records.denied,
            equity={} if equity is None else {currency: equity},
            day_result=self._day_result(equity, kernel.now),
            currency=currency,
            halted=_halted(graph),
            reduce_only=any(
                scope_name(row[0], row[1], row[3]) == "all" for row in graph.risk_state.restricted()
            ),
            strategies=_strategies(graph),
            failures=len(graph.supervisor.failures),
            feeds=self._ages(),
            venues={venue.name: True for venue in daemon.venues},
            shed=dict(core.door.shed),
            clock_steps=self._clock_steps(),
            commands=records.commands,
        )

    def _look(self) -> _Slow:
        daemon = self._daemon
        found = daemon.session.graph.orders.open_orders()
        unknown = [order.ts_last for order in found if order.is_unknown]
        oldest = daemon.session.kernel.now - min(unknown) if unknown else 0
        tape = None if daemon.tape is None else daemon.tape.health
        if tape is not None:
            self.tape = (tape.state.value, tape.reason)
        return _Slow(
            tape_rows=0 if tape is None else tape.rows,
            tape_holes=0 if tape is None else tape.dropped_rows,
            orders=dict(Counter(order.status.value for order in found)),
            unknown=len(unknown),
            unknown_s=oldest / _SECOND,
        )

    def _ages(self) -> dict[str, FeedFacts]:
        """No limit stands here: silence beyond it is an input, and `book_stale` tells of it."""
        moment = self._daemon.core.moment
        last = self._feeds.last
        names = dict.fromkeys(stream.instrument for stream in self._daemon.session.streams)
        return {
            name: FeedFacts(age_s=(moment - last.get(name, self._began)) / _SECOND)
            for name in names
        }

    def _day_result(self, equity: Decimal | None, now: int) -> Decimal | None:
        """Since 0:00 UTC of the session, or since the start where that was later."""
        if equity is None:
            return None
        day = now // _DAY_NS
        if self._day is None or self._day[0] != day:
            self._day = (day, equity)
        return equity - self._day[1]

    def _clock_steps(self) -> int:
        offset = self._wall() - self._monotonic()
        if abs(offset - self._offset) > _STEP_NS:
            self._steps += 1
        self._offset = offset
        return self._steps


def _handlers(graph: Graph) -> HistogramFacts:
    found = graph.dispatcher.handler_times()
    if found is None:
        return HistogramFacts()
    counts, total_ns = found
    return HistogramFacts(LAG_BOUNDS_S, tuple(counts), total_ns / _SECOND)


def _equity(graph: Graph) -> Decimal | None:
    books = graph.books
    try:
        return to_decimal(books.book_equity(ACCOUNT), books.scale)
    except (MissingData, CurrencyMismatch):
        return None


def _halted(graph: Graph) -> dict[str, str]:
    """Halts by scope; a strategy that is paused is told of as a strategy."""
    found = {
        scope_name(strategy, instrument, venue): reason
        for strategy, instrument, reason, venue, _ in graph.risk_state.halted()
        if not names_a_pause(reason, strategy, instrument, venue)
    }
    for failure in graph.supervisor.failures:
        if failure.policy == "halt":
            found["all"] = f"{failure.actor} failed: {failure.error}"
    return found


def _strategies(graph: Graph) -> dict[str, str]:
    """The state of each: running, paused (by somebody, or because it failed), diverged."""
    states: dict[str, str] = {item.id: "running" for item in graph.config.strategies}
    cells = {cell_name(item.id): item.id for item in graph.config.strategies}
    for failure in graph.supervisor.failures:
        if failure.actor in cells:
            states[cells[failure.actor]] = "paused"
    for strategy, instrument, reason, venue, _ in graph.risk_state.halted():
        if strategy in states and instrument is None and venue is None:
            if reason.startswith(DIVERGED):
                states[strategy] = "diverged"
            elif reason.startswith(PAUSED):
                states[strategy] = "paused"
    return states
