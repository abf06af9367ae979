"""The alerts of a daemon, as its config wants them, and what they say of themselves."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from openoutcry.daemon.alerts.alert import Alert, Severity
from openoutcry.daemon.alerts.book import AlertBook
from openoutcry.daemon.alerts.channels import Channel, make_channels
from openoutcry.daemon.alerts.courier import Courier
from openoutcry.daemon.alerts.desk import AlertDesk
from openoutcry.daemon.alerts.rules import Disk
from openoutcry.daemon.alerts.store import AlertStore
from openoutcry.daemon.logs.pipe import LogPipe
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics.exposition import Family, by, one
from openoutcry.daemon.metrics.facts import MetricsSource
from openoutcry.daemon.secrets import Credentials
from openoutcry.state.operation_config import AlertsConfig


def open_desk(
    config: AlertsConfig,
    *,
    seen: str,
    source: MetricsSource,
    pipe: LogPipe,
    masker: Masker,
    credentials: Credentials,
    state_dir: Path,
    environ: Mapping[str, str] = os.environ,
    on_unacknowledged: Callable[[Alert], None],
) -> AlertDesk:
    """A desk that is ready to be started.

    Args:
        config: `[alerts]`.
        seen: Where alerts come from: mode and account, such as `PAPER main`.
        source: The core's facts.
        pipe: The log.
        masker: Masks what leaves.
        credentials: Loads what the channels need.
        state_dir: Where open alerts are kept, and whose disk is watched.
        environ: What commands get a few harmless variables of.
        on_unacknowledged: See `AlertDesk`.

    Raises:
        CredentialError: A credential is missing.
        ConfigError: A channel cannot be made.
    """
    log = pipe.log("openoutcry.alerts")
    made: list[AlertDesk] = []

    def on_change(name: str, why: str) -> None:
        if why:
            made[0].raise_alert("alert_undelivered", f"channel {name} fails: {why}", subject=name)
        else:
            made[0].resolve(f"alert_undelivered:{name}")

    channels = make_channels(config, credentials, masker, environ)
    desk = AlertDesk(
        AlertBook(
            seen=seen,
            repeat_s=float(config.repeat_s),
            escalate_s=float(config.escalate_s),
            mint=lambda: os.urandom(4).hex(),
        ),
        couriers=[_courier(each, config, seen, pipe, on_change) for each in channels],
        log=log,
        masker=masker,
        source=source,
        limits=config.limits,
        store=AlertStore(state_dir),
        on_unacknowledged=on_unacknowledged,
        disk=lambda: room(state_dir),
    )
    made.append(desk)
    return desk


def _courier(
    channel: Channel,
    config: AlertsConfig,
    seen: str,
    pipe: LogPipe,
    on_change: Callable[[str, str], None],
) -> Courier:
    log = pipe.log("openoutcry.alerts")
    return Courier(channel, per_minute=config.per_minute, seen=seen, log=log, on_change=on_change)


def room(folder: Path) -> Disk | None:
    """Room on a folder's disk for who may not use the reserve; None when nobody says."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Disk(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def families(desk: AlertDesk) -> Iterable[Family]:
    """Metrics of the alerts."""
    p = "openoutcry_alert"
    alerts = desk.open_alerts()
    counts = dict.fromkeys((s.value for s in Severity), 0)
    for alert in alerts:
        counts[alert.severity.value] += 1
    waiting = sum(not alert.acknowledged_by for alert in alerts)
    yield by(f"{p}s_open", "gauge", "Open alerts, by severity.", "severity", counts.items())
    yield one(f"{p}s_unacknowledged", "gauge", "Open alerts that nobody has seen.", waiting)
    yield by(f"{p}s_raised", "counter", "Alerts raised, by rule.", "rule", desk.raised.items())
    yield one(f"{p}_signals_dropped", "counter", "Signals that found no room.", desk.dropped)
    figures = [(courier.name, courier.figures) for courier in desk.couriers]
    sent = ((name, f.sent) for name, f in figures)
    yield by(f"{p}_notices_sent", "counter", "Notices delivered.", "channel", sent)
    failed = ((name, f.failed) for name, f in figures)
    yield by(f"{p}_deliveries_failed", "counter", "Tries that failed.", "channel", failed)
    dropped = ((name, f.dropped) for name, f in figures)
    yield by(f"{p}_notices_dropped", "counter", "Notices given up.", "channel", dropped)
    left = ((name, f.waiting) for name, f in figures)
    yield by(f"{p}_notices_waiting", "gauge", "Notices on their way.", "channel", left)
