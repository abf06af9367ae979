"""The desk: takes what the core and the edges signal, judges the core's facts, and hands notices out.

`raise_alert`, `hear` and `resolve` may be called from any thread, the core's included: they append and
return. One thread does the rest.

Nothing leaves before the journal holds what caused it, with two exceptions: a journal that cannot be
written to (the alert is about that), and `HOLD_S` seconds of waiting; the notice then says `durable: false`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from openoutcry.daemon.alerts.alert import Alert, Kind, Notice, Severity, Signal
from openoutcry.daemon.alerts.book import AlertBook
from openoutcry.daemon.alerts.courier import Courier
from openoutcry.daemon.alerts.rules import CoreEvent, Disk, ended_by, of_event, of_facts, signal
from openoutcry.daemon.alerts.store import AlertStore
from openoutcry.daemon.logs.pipe import Log
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics.facts import CoreFacts, MetricsSource
from openoutcry.state.operation_config import AlertLimits

INBOX: Final = 10_000
TURN_S: Final = 0.25
HOLD_S: Final = 2.0
SAVE_S: Final = 60.0
_LEVELS: Final = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}


class _Item(NamedTuple):
    """Something in the inbox: a signal, or the key of what ended; and when it came."""

    what: Signal | str
    came_s: float


class AlertDesk:
    """Runs the alerts of one daemon.

    Args:
        book: The open alerts.
        couriers: One for each channel.
        log: Every notice stands here.
        masker: Masks what is signalled, before anything is kept or sent.
        source: The core's facts.
        limits: From where on something is an alert.
        store: Keeps the open alerts over restarts; None keeps nothing.
        on_unacknowledged: Called once in this process for each critical alert that nobody acknowledged
            in time, as soon as the core is ready; it has to have the core put the account to
            reduce-only, and must not wait.
        disk: Room on the journal's disk; None when it is not known.
        clock: Monotonic seconds.
        wall: Wall clock, nanoseconds UTC.
    """

    def __init__(
        self,
        book: AlertBook,
        *,
        couriers: Iterable[Courier],
        log: Log,
        masker: Masker,
        source: MetricsSource,
        limits: AlertLimits,
        store: AlertStore | None = None,
        on_unacknowledged: Callable[[Alert], None] = lambda _: None,
        disk: Callable[[], Disk | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._book = book
        self._couriers = tuple(couriers)
        self._log = log
        self._masker = masker
        self._source = source
        self._limits = limits
        self._store = store
        self._on_unacknowledged = on_unacknowledged
        self._disk = disk
        self._clock = clock
        self._wall = wall
        self._inbox: deque[_Item] = deque()
        self._held: list[_Item] = []
        self._dropped = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._before: CoreFacts | None = None
        self._turned_s = self._saved_s = clock()
        self._changed = False
        self.unacknowledged = 0
        """Open alerts that nobody has seen, as of the last turn."""
        self._calls: list[Alert] = []
        self._thread = threading.Thread(target=self._run, name="openoutcry.alerts", daemon=True)

    # --- from any thread ------------------------------------------------------------------------

    def raise_alert(
        self,
        rule: str,
        summary: str,
        *,
        subject: str = "",
        seq: int = 0,
        severity: Severity | None = None,
        **fields: object,
    ) -> None:
        """Signal a rule of the table; `seq` is the input that caused it."""
        self._put(signal(rule, summary, subject=subject, seq=seq, severity=severity, **fields))

    def hear(self, event: CoreEvent, seq: int) -> None:
        """Take an event of the core; those that mean nothing to anybody cost a look."""
        if (ended := ended_by(event)) is not None:
            self.resolve(ended)
        elif (found := of_event(event, seq)) is not None:
            self._put(found)

    def resolve(self, key: str) -> None:
        """What was signalled under a key is over."""
        self._inbox.append(_Item(key, self._clock()))
        self._wake.set()

    def acknowledge(self, which: str, by: str) -> Alert | None:
        """Somebody has seen an alert, named by its id or key; None when there is none.

        Not for the core's thread: it waits for the desk.
        """
        with self._lock:
            alert, notices = self._book.acknowledge(which, by, self._wall())
            self._tell(notices)
            self._save()
            self._count()
        return alert

    def open_alerts(self) -> tuple[Alert, ...]:
        """What is open, oldest first."""
        with self._lock:
            return self._book.alerts

    @property
    def couriers(self) -> Sequence[Courier]:
        """The channels' couriers, for the metrics."""
        return self._couriers

    @property
    def raised(self) -> dict[str, int]:
        """How many alerts each rule has raised."""
        return dict(self._book.raised)

    @property
    def dropped(self) -> int:
        """Signals that found no room; never critical ones."""
        return self._dropped + self._book.left_out

    def _put(self, found: Signal) -> None:
        if len(self._inbox) >= INBOX and found.severity is not Severity.CRITICAL:
            self._dropped += 1
            return
        self._inbox.append(_Item(found, self._clock()))
        self._wake.set()

    # --- the desk's thread ----------------------------------------------------------------------

    def start(self) -> None:
        """Take over what was open before, and start the threads."""
        for courier in self._couriers:
            courier.start()
        if self._store is not None:
            self._restore(self._store)
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Tell what waits, save what is open, and end; returns whether everything was delivered."""
        deadline = self._clock() + timeout_s
        self._ending.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        left = [c for c in self._couriers if not c.close(max(deadline - self._clock(), 0.1))]
        return not left and not self._thread.is_alive()

    def turn(self) -> None:
        """One look at everything; the thread makes four a second."""
        now_s, now = self._clock(), self._wall()
        facts = self._source.read()
        with self._lock:
            self._take(facts, now_s, now)
            present = None if facts is None else self._judge(facts, now_s)
            notices = self._book.turn(now, now_s - self._turned_s, present)
            self._turned_s = now_s
            self._before = facts or self._before
            self._tell(notices)
            if self._changed or (self._book.alerts and now_s - self._saved_s >= SAVE_S):
                self._save()
            self._count()
        self._calls += [n.alert for n in notices if n.kind is Kind.ESCALATED and n.alert]
        if facts is not None and facts.ready:
            while self._calls:
                self._on_unacknowledged(self._calls.pop(0))

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.wait(TURN_S)
            self._wake.clear()
            self.turn()
        self._source = _Nothing()  # what waits for the journal goes now
        self.turn()
        with self._lock:
            self._save()

    def _take(self, facts: CoreFacts | None, now_s: float, now: int) -> None:
        items, self._held = self._held, []
        while self._inbox:
            items.append(self._inbox.popleft())
        for item in items:
            if isinstance(item.what, str):
                self._tell(self._book.resolve(item.what, now))
                continue
            durable = facts is None or item.what.seq <= facts.durable_seq
            waits = not durable and facts is not None and facts.journal == "running"
            if waits and now_s - item.came_s < HOLD_S:
                self._held.append(item)
            else:
                self._tell(self._book.take(self._masked(item.what), now, durable=durable))

    def _masked(self, found: Signal) -> Signal:
        text = self._masker.text
        fields = {name: text(value) for name, value in found.fields.items()}
        return replace(
            found, summary=text(found.summary), subject=text(found.subject), fields=fields
        )

    def _judge(self, facts: CoreFacts, now_s: float) -> set[str]:
        """Queue what the facts say that is not open yet; returns the keys of all that holds."""
        age_s = now_s - facts.at_s
        found = list(of_facts(facts, self._before, age_s, self._disk(), self._limits))
        known = {alert.key for alert in self._book.alerts}
        known |= {held.what.key for held in self._held if isinstance(held.what, Signal)}
        new = [each for each in found if each.key not in known or not each.lasting]
        if new:
            self._held += [_Item(each, now_s) for each in new]
            self._take(facts, now_s, self._wall())
        return {each.key for each in found}

    def _tell(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self._changed = True
            alert = notice.alert
            say = getattr(self._log, _LEVELS[notice.severity if notice.urgent else Severity.INFO])
            if not notice.urgent and notice.kind in (Kind.RAISED, Kind.WORSE):
                say = getattr(self._log, _LEVELS[notice.severity])
            say(
                f"alert_{notice.kind.value}",
                text=notice.summary,
                severity=notice.severity,
                remedy=notice.remedy,
                **(
                    {}
                    if alert is None
                    else {"alert": alert.id, "alert_key": alert.key, "seq": alert.seq}
                ),
            )
            for courier in self._couriers:
                courier.hand_over(notice)

    def _count(self) -> None:
        self.unacknowledged = sum(not alert.acknowledged_by for alert in self._book.alerts)

    def _save(self) -> None:
        self._changed, self._saved_s = False, self._clock()
        if self._store is None:
            return
        try:
            self._store.save(self._book.alerts, self._wall())
        except OSError as error:
            self._log.error("alerts_not_saved", reason=error.strerror)

    def _restore(self, store: AlertStore) -> None:
        saved = store.load()
        if store.problem:
            self._log.error("alerts_not_restored", reason=store.problem)
        self._calls += self._book.restore(saved.alerts, (self._wall() - saved.ts) / 10**9)


class _Nothing:
    """A source without facts."""

    def read(self) -> CoreFacts | None:
        """Nothing."""
        return None
