"""The operator's side of a running daemon: log, facts, alerts and the watch over feeds, beside the core.

`Watch` lives as long as the process has its state directory; `begin` gives the `Watcher`, whose `turn` the
runner calls between two turns of the core. It reads a clock and returns, but for what was recorded
meanwhile and, four times a second, the facts.
"""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from msgspec.structs import replace

from openoutcry import __version__, _native
from openoutcry.daemon.alerts.alert import Alert
from openoutcry.daemon.feed_watch import FeedWatch
from openoutcry.daemon.metrics.facts import CoreFacts, Histogram
from openoutcry.daemon.operation import Operation, open_operation
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.watch_facts import Facts
from openoutcry.daemon.watch_records import RecordWatch
from openoutcry.state.commands import Restrict
from openoutcry.state.errors import OutcryError
from openoutcry.state.events import BookStale

if TYPE_CHECKING:
    from openoutcry.daemon.config_loader import LoadedConfig
    from openoutcry.state.journal import LmdbJournal

EVERY_NS: Final = 250_000_000
"""Between two looks at everything, in real nanoseconds."""
_SECOND: Final = 10**9


class Watch:
    """Opens what an operator sees once the state directory is ours, and ends it last.

    Args:
        monotonic: Nanoseconds of a steady clock.
    """

    def __init__(self, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self.operation: Operation | None = None
        self._daemon: Daemon | None = None
        self._facts = CoreFacts(at_s=0)

    def open(
        self,
        loaded: "LoadedConfig",
        journal: "LmdbJournal",
        state_dir: Path,
        stream: TextIO | None = None,
    ) -> None:
        """The journal is open: nobody else writes to its state directory.

        Args:
            loaded: The config, with the mode that it runs in.
            journal: What was opened.
            state_dir: Where.
            stream: Where the log goes when journald does not take it; None is stderr.

        Raises:
            CredentialError: A credential is missing.
            ConfigError: An address is taken, or a channel cannot be made.
            JournalError: A file cannot be written to.
        """
        run = loaded.config.run
        operation = self.operation = open_operation(
            loaded,
            account=run.name,
            state_dir=state_dir,
            on_unacknowledged=self.restrict,
            stream=stream,
        )
        log = operation.log("openoutcry.daemon")
        log.info(
            "starting", version=__version__, state_dir=str(state_dir), epoch=journal.meta.epoch
        )
        self._facts = CoreFacts(at_s=0, mode=run.mode.value, account=run.name)
        mended = journal.recovery
        if mended.lost is not None:
            first, last = mended.lost
            log.warning(
                "journal_cut",
                records=last - first + 1,
                reason=mended.reason,
                kept_in=mended.kept_in,
            )
        if mended.left_by is not None:
            text = f"process {mended.left_by.pid} ended without closing the journal"
            operation.desk.raise_alert("unclean_restart", text, seq=journal.durable_seq)
        self._say_at(journal.durable_seq)

    def progress(self, text: str) -> None:
        """The start got so far; may be called as often as one likes."""
        if self._monotonic() / _SECOND - self._facts.at_s >= EVERY_NS / _SECOND:
            self._say_at(self._facts.durable_seq)
        if self.operation is not None:
            self.operation.log("openoutcry.daemon").debug("progress", text=text)

    def begin(self, daemon: Daemon, monotonic: Callable[[], int] = time.monotonic_ns) -> "Watcher":
        """The session is back; from now on there are turns to watch, by a steady clock."""
        assert self.operation is not None, "open comes first"
        self._daemon = daemon
        took_s = (self._monotonic() - self._began) / _SECOND
        _tell_of_recovery(self.operation, daemon, took_s)
        return Watcher(self.operation, daemon, monotonic)

    def _say_at(self, seq: int) -> None:
        now_s = self._monotonic() / _SECOND
        self._facts = replace(self._facts, at_s=now_s, seq=seq, durable_seq=seq)
        if self.operation is not None:
            self.operation.cell.write(self._facts)

    def restrict(self, alert: Alert) -> None:
        """Have the account put to reduce-only, unless it is; from any thread, without waiting."""
        daemon = self._daemon
        if daemon is not None:
            daemon.core.post(lambda: _restrict(daemon, alert))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it; an error is the last thing that is logged."""
        operation = self.operation
        if operation is None:
            return
        say = operation.log("openoutcry.daemon")
        if isinstance(error, OutcryError):
            fields = {"code": error.code, "reason": error.message, "remedy": error.remedy}
            say.error("failed", error, **fields)
        elif isinstance(error, Exception):
            say.critical("ended_by_an_error", error)
        else:
            say.info("ended")
        operation.close()


class Watcher:
    """Watches a core that turns. For the core's thread.

    Args:
        operation: Where everything goes.
        daemon: What is watched.
        monotonic: Nanoseconds of a steady clock.
    """

    def __init__(
        self,
        operation: Operation,
        daemon: Daemon,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._operation, self._daemon, self._monotonic = operation, daemon, monotonic
        self._core, self._kernel = daemon.core, daemon.session.kernel
        self._log = operation.log("openoutcry.daemon")
        self._batches: deque[_native.JournalBatch] = deque()
        daemon.journal.listeners.append(self._batches.append)
        level = operation.log_level
        self._records = RecordWatch(operation.log("openoutcry.core"), level, operation.desk)
        self._lag = Histogram()
        self.feeds = FeedWatch(daemon.session, self._inject, calendars=daemon.calendars)
        self._facts = Facts(daemon, self.feeds, self._records, self._lag)
        self._edges: dict[str, tuple[str, str]] = {
            "journal": ("running", ""),
            "tape": ("running", ""),
        }
        self._snapshot = daemon.snapshotter.health
        self._seq = self._kernel.seq
        self._due = 0
        self._ready = False
        self._speed, self._second = daemon.speed, daemon.speed * _SECOND
        self._set_anchor()
        daemon.when_ready.append(self._is_ready)

    def turn(self) -> None:
        """To be called between two turns of the core."""
        seq, now = self._kernel.seq, self._monotonic()
        if seq != self._seq:
            self._seq = seq
            moment = self._anchor + now * self._speed
            self._lag.observe(max(moment - self._kernel.now, 0) / self._second)
        if self._batches:
            self._read()
        moment = self._core.moment
        if moment >= self.feeds.due:
            self.feeds.turn(moment)
        if now >= self._due:
            self._look()

    def acknowledge(self, alert: str, client: str) -> bool:
        """Somebody has seen an alert, named by its id or key; whether there is one. From any thread."""
        return self._operation.desk.acknowledge(alert, client) is not None

    def unacknowledged(self) -> int:
        """Open alerts that nobody has seen; from any thread, without waiting."""
        return self._operation.desk.unacknowledged

    def close(self) -> None:
        """The last look, once everything is on disk."""
        self._read()
        self._ready = False
        self._look()
        self._log.info(
            "stopped", seq=self._kernel.seq, durable_seq=self._daemon.journal.durable_seq
        )

    def _read(self) -> None:
        while self._batches:
            self._records.read(self._batches.popleft())

    def _set_anchor(self) -> None:
        """The session's time at 0 of the steady clock: reading its own clock each turn costs more."""
        seen, now = self._kernel.now, self._monotonic()
        behind = round(self._core.clock.behind_s(seen) * self._second)
        self._anchor = seen + behind - now * self._speed

    def _look(self) -> None:
        self._due = self._monotonic() + EVERY_NS
        self._set_anchor()
        self._operation.cell.write(self._facts.make(ready=self._ready))
        journal = self._daemon.journal.health
        self._edge("journal", journal.state.value, journal.reason)
        self._edge("tape", *self._facts.tape)
        self._look_at_snapshots()

    def _edge(self, name: str, state: str, reason: str) -> None:
        before, self._edges[name] = self._edges[name], (state, reason)
        if before != (state, reason):
            say = self._log.info if state in ("running", "closed") else self._log.error
            say(f"{name}_{state}", reason=reason, seq=self._kernel.seq)

    def _look_at_snapshots(self) -> None:
        health, before = self._daemon.snapshotter.health, self._snapshot
        self._snapshot = health
        if health.error and health.error != before.error:
            self._log.error("snapshot_failed", reason=health.error, seq=self._kernel.seq)
        elif health.taken != before.taken:
            self._log.debug("snapshot_taken", seq=health.seq)

    def _inject(self, event: BookStale) -> None:
        self._core.inject(event)

    def _is_ready(self) -> None:
        self._ready = True
        self._log.info("ready", seq=self._kernel.seq)
        self._due = 0


def _restrict(daemon: Daemon, alert: Alert) -> None:
    """Put the account to reduce-only, unless it is; on the core's thread."""
    risk = daemon.session.graph.risk_state
    if not any((row[0], row[1], row[3]) == (None, None, None) for row in risk.restricted()):
        reason = f"nobody acknowledged the alert {alert.key}"
        daemon.core.inject(Restrict(ts=0, reason=reason))


def _tell_of_recovery(operation: Operation, daemon: Daemon, took_s: float) -> None:
    log, desk = operation.log("openoutcry.daemon"), operation.desk
    recovered, seq = daemon.recovered, daemon.session.kernel.seq
    if recovered is None:
        log.info("session_begins", seq=seq)
        return
    for problem in recovered.problems:
        log.warning("snapshot_not_used", reason=problem)
    for divergence in recovered.diverged:
        log.error("diverged", strategy=divergence.strategy, reason=str(divergence))
    for finding in daemon.findings:
        log.error("reconcile_finding", finding=finding)
    log.info(
        "recovered",
        seq=seq,
        snapshot_seq=recovered.snapshot_seq,
        records=recovered.records,
        seconds=round(took_s, 3),
        findings=len(daemon.findings),
    )
    if daemon.findings or recovered.diverged:
        said = [*daemon.findings, *map(str, recovered.diverged)]
        desk.raise_alert("recovery_needs_human", "; ".join(said)[:1000], seq=seq)
    else:
        text = f"recovered to input {seq:,} in {took_s:.1f} s; {recovered.records:,} records made again"
        desk.raise_alert("recovery_finished", text, seq=seq)
