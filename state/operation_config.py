"""`[log]`, `[metrics]` and `[alerts]`: what an operator sees of a daemon.

Secrets never stand here: a key that ends in `_credential` names one, see `daemon/secrets.py`.
"""

from decimal import Decimal
from typing import Literal

import msgspec

LevelName = Literal["debug", "info", "warning", "error", "critical"]
SeverityName = Literal["info", "warning", "critical"]


class OperationStruct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of these sections: an unknown key is an error."""


class LogConfig(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[log]`: how much is logged, and where to."""

    level: LevelName = "info"
    format: Literal["auto", "human", "json", "journald"] = "auto"
    file: str | None = None  # JSON lines, beside the stream; relative to the config file
    libraries: dict[str, LevelName] = {}  # least level by logger of a library
    burst: int = 20  # records of one kind in `window_s`, the rest is summed up
    window_s: int = 10
    capacity: int = 20_000  # records that may wait


class MetricsConfig(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[metrics]`: the page for Prometheus; there is none unless enabled."""

    enabled: bool = False
    listen: str = "127.0.0.1:9464"  # loopback only
    hosts: tuple[str, ...] = ()  # further values of the Host header, for a proxy in front


class WebhookConfig(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[alerts.webhooks]]`: a JSON POST. One of `url` and `url_credential` is given."""

    name: str
    url: str | None = None
    url_credential: str | None = None
    token_credential: str | None = None  # sent as `Authorization: Bearer ...`
    least: SeverityName = "warning"
    timeout_s: int = 3


class EmailConfig(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[alerts.emails]]`: a mail by SMTP. Without encryption only to loopback."""

    name: str
    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_credential: str | None = None
    ca_file: str | None = None  # instead of the system's authorities
    least: SeverityName = "warning"
    timeout_s: int = 5


class CommandConfig(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[alerts.commands]]`: a program that gets the alert as JSON on stdin; no shell."""

    name: str
    argv: tuple[str, ...]
    least: SeverityName = "warning"
    timeout_s: int = 5


class AlertLimits(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[alerts.limits]`: from where on something is an alert."""

    unknown_order_s: int = 30
    core_lag_ms: int = 1000
    disk_free_percent: int = 5
    disk_free_mb: int = 512
    clock_skew_ms: int = 500
    daily_loss: Decimal | None = None  # in the account currency
    facts_age_s: int = 5  # the core says nothing of itself for so long
    watchdog_percent: int = 50  # of the watchdog's time, without a round trip through the core


class AlertsConfig(OperationStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[alerts]`: who is told of what goes wrong. The log always is."""

    per_minute: int = 10  # messages to a channel that are not critical; the rest is summed up
    repeat_s: int = 900  # an unacknowledged critical alert is said again
    escalate_s: int = 600  # then the account trades reduce-only
    limits: AlertLimits = AlertLimits()
    webhooks: tuple[WebhookConfig, ...] = ()
    emails: tuple[EmailConfig, ...] = ()
    commands: tuple[CommandConfig, ...] = ()
