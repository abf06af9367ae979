"""The open alerts: one per key, told once, again while nobody acknowledges, and once more when resolved.

Nothing here reads a clock, sleeps or sends: every call says what time it is and gets what must be told.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from msgspec.structs import replace

from openoutcry.daemon.alerts.alert import Alert, Kind, Notice, Severity, Signal

OPEN_MAX: Final = 10_000
CLEAR_S: Final = 10.0
"""How long a condition must be gone before its alert is resolved: so one that comes and goes stays one."""
DOWN_S_MAX: Final = 7 * 86_400.0


class AlertBook:
    """What is open.

    Args:
        seen: Where alerts come from, such as `PAPER main`.
        repeat_s: An unacknowledged critical alert is said again so often.
        escalate_s: Unacknowledged for so long, it escalates.
        mint: Makes ids.
        clear_s: See `CLEAR_S`.
    """

    def __init__(
        self,
        *,
        seen: str,
        repeat_s: float,
        escalate_s: float,
        mint: Callable[[], str],
        clear_s: float = CLEAR_S,
    ) -> None:
        self._seen = seen
        self._repeat_s = repeat_s
        self._escalate_s = escalate_s
        self._mint = mint
        self._clear_s = clear_s
        self._open: dict[str, Alert] = {}
        self.raised: dict[str, int] = {}
        """How many alerts each rule has raised."""
        self.left_out = 0
        """Signals that found no room; never critical ones."""

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The open ones, oldest first."""
        return tuple(self._open.values())

    def take(self, signal: Signal, now: int, *, durable: bool = True) -> list[Notice]:
        """A signal came: a new alert, or one more time for an open one.

        Args:
            signal: What is.
            now: Wall clock, nanoseconds UTC.
            durable: Whether the journal holds its cause.
        """
        old = self._open.get(signal.key)
        if old is not None:
            return self._take_again(old, signal, now)
        if len(self._open) >= OPEN_MAX and signal.severity is not Severity.CRITICAL:
            self.left_out += 1
            return []
        alert = Alert(
            id=self._mint(), key=signal.key, rule=signal.rule, severity=signal.severity,
            summary=signal.summary, remedy=signal.remedy, lasting=signal.lasting,
            pushed=signal.pushed, seq=signal.seq,
            first=now, last=now, fields=dict(signal.fields), durable=durable,
        )  # fmt: skip
        self.raised[signal.rule] = self.raised.get(signal.rule, 0) + 1
        # Good news that happened once is told and forgotten: nobody need acknowledge it.
        if signal.lasting or signal.severity is not Severity.INFO:
            self._open[alert.key] = alert
        return [self._notice(Kind.RAISED, alert, now)]

    def _take_again(self, old: Alert, signal: Signal, now: int) -> list[Notice]:
        worse = signal.severity.rank > old.severity.rank
        alert = replace(
            old, severity=signal.severity if worse else old.severity, summary=signal.summary,
            seq=max(old.seq, signal.seq), last=now, count=old.count + 1, clear_s=0.0,
            fields=dict(signal.fields),
        )  # fmt: skip
        if worse:  # who has seen a warning has not seen this
            alert = replace(alert, acknowledged_by="", waited_s=0.0, silent_s=0.0)
        self._open[alert.key] = alert
        return [self._notice(Kind.WORSE, alert, now)] if worse else []

    def resolve(self, key: str, now: int) -> list[Notice]:
        """A condition ended."""
        alert = self._open.pop(key, None)
        return [] if alert is None else [self._notice(Kind.RESOLVED, alert, now)]

    def acknowledge(self, which: str, by: str, now: int) -> tuple[Alert | None, list[Notice]]:
        """Somebody has seen an alert, named by id or key: it is not repeated any more.

        One that happened once is closed by this.
        """
        old = next((a for a in self._open.values() if which in (a.id, a.key)), None)
        if old is None or old.acknowledged_by:
            return old, []
        alert = replace(old, acknowledged_by=by)
        if alert.lasting:
            self._open[alert.key] = alert
        else:
            del self._open[alert.key]
        return alert, [self._notice(Kind.ACKNOWLEDGED, alert, now)]

    def turn(self, now: int, elapsed_s: float, present: Collection[str] | None) -> list[Notice]:
        """Time passed.

        Args:
            now: Wall clock, nanoseconds UTC.
            elapsed_s: Since the last turn, by a clock that is never stepped.
            present: Keys of all conditions that hold; None when nobody knows.
        """
        notices: list[Notice] = []
        for old in list(self._open.values()):
            judged = present is not None and old.lasting and not old.pushed
            gone = judged and old.key not in (present or ())
            clear_s = (
                old.clear_s + elapsed_s if gone else 0.0 if present is not None else old.clear_s
            )
            if gone and clear_s >= self._clear_s:
                notices += self.resolve(old.key, now)
                continue
            alert = replace(old, clear_s=clear_s)
            if not alert.acknowledged_by and alert.severity is Severity.CRITICAL:
                alert, said = self._wait(alert, now, elapsed_s)
                notices += said
            self._open[alert.key] = alert
        return notices

    def _wait(self, alert: Alert, now: int, elapsed_s: float) -> tuple[Alert, list[Notice]]:
        alert = replace(
            alert, waited_s=alert.waited_s + elapsed_s, silent_s=alert.silent_s + elapsed_s
        )
        if not alert.escalated and alert.waited_s >= self._escalate_s:
            alert = replace(alert, escalated=True, silent_s=0.0)
            return alert, [self._notice(Kind.ESCALATED, alert, now)]
        if alert.silent_s >= self._repeat_s:
            alert = replace(alert, silent_s=0.0)
            return alert, [self._notice(Kind.AGAIN, alert, now)]
        return alert, []

    def restore(self, alerts: Iterable[Alert], down_s: float) -> list[Alert]:
        """Take over what was open before a restart.

        Args:
            alerts: What was saved.
            down_s: For how long nobody counted.

        Returns:
            Those that had escalated and are still unacknowledged: whoever was called is called again,
            because nobody knows whether the process lived long enough to act.
        """
        down_s = min(max(down_s, 0.0), DOWN_S_MAX)
        for old in alerts:
            self._open[old.key] = replace(old, waited_s=old.waited_s + down_s, clear_s=0.0)
        return [a for a in self._open.values() if a.escalated and not a.acknowledged_by]

    def _notice(self, kind: Kind, alert: Alert, now: int) -> Notice:
        return Notice(
            kind=kind,
            severity=alert.severity,
            summary=alert.summary,
            seen=self._seen,
            ts=now,
            alert=alert,
            remedy=alert.remedy,
        )
