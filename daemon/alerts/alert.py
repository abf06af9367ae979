"""What an alert is, and what is said about it."""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Any, Final

import msgspec

from openoutcry.daemon.logs.record import time_text


@unique
class Severity(StrEnum):
    """How soon somebody must look."""

    INFO = "info"  # good to know
    WARNING = "warning"  # today
    CRITICAL = "critical"  # now; unacknowledged, the account is put to reduce-only

    @property
    def rank(self) -> int:
        """0 to 2."""
        return _RANKS[self]


_RANKS: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is, or happened, as a rule sees it.

    Args:
        rule: Name of the rule.
        severity: How soon somebody must look.
        summary: What, in one line.
        remedy: What to do about it.
        subject: What it is about (a feed, a strategy); with the rule it makes the alert's key.
        lasting: It is resolved when nothing says so any more; otherwise it happened once.
        pushed: It ends when somebody says so, not because the core's facts are silent about it.
        seq: The input that caused it, 0 for none: it waits until the journal holds that one.
        fields: Further values.
    """

    rule: str
    severity: Severity
    summary: str
    remedy: str
    subject: str = ""
    lasting: bool = True
    pushed: bool = False
    seq: int = 0
    fields: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """Signals with the same key are one alert."""
        return f"{self.rule}:{self.subject}" if self.subject else self.rule


class Alert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open alert.

    Args:
        id: Names it for good; `ack` takes this or the key.
        key: The rule, and what it is about.
        rule: Name of the rule.
        severity: How soon somebody must look.
        summary: What, in one line, as last said.
        remedy: What to do about it.
        lasting: Whether it resolves by itself; if not, an acknowledgement closes it.
        pushed: As in `Signal`.
        seq: The input that caused it last.
        first: When it was raised, nanoseconds UTC.
        last: When it was last signalled.
        count: How often it was signalled.
        fields: Further values.
        acknowledged_by: Who has seen it; an empty text for nobody.
        escalated: Whether the account was put to reduce-only for it.
        waited_s: How long it has been unacknowledged.
        silent_s: Since it was last told.
        clear_s: For how long nothing has signalled it.
        durable: Whether the journal held its cause when it was told.
    """

    id: str
    key: str
    rule: str
    severity: Severity
    summary: str
    remedy: str
    lasting: bool
    pushed: bool
    seq: int
    first: int
    last: int
    count: int = 1
    fields: dict[str, str] = {}
    acknowledged_by: str = ""
    escalated: bool = False
    waited_s: float = 0.0
    silent_s: float = 0.0
    clear_s: float = 0.0
    durable: bool = True


@unique
class Kind(StrEnum):
    """Why something is said about an alert."""

    RAISED = "raised"
    WORSE = "worse"  # its severity rose
    AGAIN = "again"  # nobody has acknowledged it
    ESCALATED = "escalated"  # nobody has for too long: the account goes to reduce-only
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SUMMARY = "summary"  # of what the rate cap held back
    TEST = "test"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message about an alert; `seen` is where it comes from (`PAPER main`)."""

    kind: Kind
    severity: Severity
    summary: str
    seen: str
    ts: int
    alert: Alert | None = None
    remedy: str = ""

    @property
    def urgent(self) -> bool:
        """Whether no cap and no bound holds it back."""
        return self.severity is Severity.CRITICAL and self.kind not in (
            Kind.ACKNOWLEDGED,
            Kind.RESOLVED,
        )

    @property
    def title(self) -> str:
        """`[CRITICAL] PAPER main: all trading is halted`, in one line."""
        word = self.severity.value if self.kind in (Kind.RAISED, Kind.WORSE) else self.kind.value
        if self.kind in (Kind.AGAIN, Kind.ESCALATED):
            word = f"{self.severity.value}, {self.kind.value}"
        return " ".join(f"[{word.upper()}] {self.seen}: {self.summary}".split())

    def document(self) -> dict[str, Any]:
        """What channels send. `text` and `content` are what chat services show."""
        found: dict[str, Any] = {
            "text": self.title,
            "content": self.title,
            "kind": self.kind.value,
            "severity": self.severity.value,
            "summary": self.summary,
            "remedy": self.remedy,
            "from": self.seen,
            "time": time_text(self.ts),
        }
        if (alert := self.alert) is not None:
            found |= {
                "id": alert.id,
                "key": alert.key,
                "rule": alert.rule,
                "first": time_text(alert.first),
                "last": time_text(alert.last),
                "count": alert.count,
                "seq": alert.seq,
                "durable": alert.durable,
                "acknowledged_by": alert.acknowledged_by,
                "fields": dict(alert.fields),
            }
        return found

    def page(self) -> str:
        """Several lines for people."""
        lines = [self.title, ""]
        for name, value in self.document().items():
            if name not in ("text", "content", "fields") and value not in ("", None):
                lines.append(" ".join(f"{name}: {value}".split()))
        if self.alert is not None:
            lines += [f"{name}: {value}" for name, value in self.alert.fields.items()]
            if self.kind in (Kind.RAISED, Kind.WORSE, Kind.AGAIN, Kind.ESCALATED):
                lines += ["", f"acknowledge it: outcry ack {self.alert.id}"]
        return "\n".join(lines) + "\n"
