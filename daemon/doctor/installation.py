"""Checks of the installation: versions, time zones, ports, the unit."""

import re
from collections.abc import Iterator
from typing import Final

from openoutcry.daemon.doctor import machine, storage
from openoutcry.daemon.doctor.finding import Check, Finding, Subject, error, ok, unknown, warning
from openoutcry.daemon.doctor.probe import Probe

UNIT: Final = "openoutcry@.service"
_UNITS: Final = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
SCORE: Final = 1.5
_ZONES: Final = ("America/New_York", "Europe/London", "Asia/Tokyo")


def versions(probe: Probe, _: Subject) -> Iterator[Finding]:
    """The engine is of the same version as what calls it."""
    found = probe.versions()
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    if found["engine"] != found["openoutcry"]:
        remedy = "install anew: `pip install --force-reinstall openoutcry`"
        yield error("versions", f"{text}: engine and package differ", remedy)
    else:
        yield ok("versions", text)


def zones(probe: Probe, _: Subject) -> Iterator[Finding]:
    """Sessions are computed with the system's time zones."""
    missing = [name for name in _ZONES if not probe.zone(name)]
    if missing:
        remedy = "`apt-get install tzdata`, or `pip install tzdata`"
        yield error("time zones", f"{', '.join(missing)} are not known", remedy)
    else:
        yield ok("time zones", "known")


def ports(probe: Probe, subject: Subject) -> Iterator[Finding]:
    """Addresses that the config wants are free, unless our own daemon has them."""
    if subject.config is None or not subject.config.metrics.enabled:
        return
    listen = subject.config.metrics.listen
    host, _, port = listen.rpartition(":")
    reason = probe.address_taken(host.strip("[]"), int(port))
    running = subject.state_dir is not None and probe.owner(subject.state_dir)[0] == "held"
    if reason and not running:
        yield warning(
            "ports", f"{listen}: {reason}", "choose another metrics.listen, or stop who has it"
        )
    else:
        yield ok("ports", f"{listen} is {'in use by the daemon' if reason else 'free'}")


def unit(probe: Probe, _: Subject) -> Iterator[Finding]:
    """How exposed the installed unit is."""
    place = next((f"{d}/{UNIT}" for d in _UNITS if probe.text(f"{d}/{UNIT}") is not None), None)
    if place is None:
        return
    done = probe.run(("systemd-analyze", "security", "--offline=true", place))
    score = re.search(r"Overall exposure level for .*: (\d+\.\d)", done[1] if done else "")
    if score is None:
        yield unknown("unit", f"{place}: systemd-analyze does not say how exposed it is")
    elif float(score[1]) > SCORE:
        remedy = "look for drop-ins that loosen it: `systemctl cat openoutcry@NAME`"
        yield warning("unit", f"{place} has exposure {score[1]}, more than {SCORE}", remedy)
    else:
        yield ok("unit", f"{place} has exposure {score[1]}")


CHECKS: Final[tuple[Check, ...]] = (
    versions,
    zones,
    machine.clock,
    machine.limits,
    machine.memory,
    machine.processor,
    storage.disk,
    storage.permissions,
    storage.credentials,
    storage.state,
    storage.catalog,
    ports,
    unit,
)
"""In the order in which they are told."""
