"""What the doctor says, and what he is told to look at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum, unique
from pathlib import Path

import msgspec

from openoutcry.daemon.doctor.probe import Probe
from openoutcry.state.config import Config


@unique
class Weight(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    UNKNOWN = "unknown"  # this system does not say
    WARNING = "warning"
    ERROR = "error"  # do not trade like this: exit 3


class Finding(msgspec.Struct, frozen=True):
    """One result. `remedy` is empty when there is nothing to do."""

    check: str
    weight: Weight
    what: str
    remedy: str = ""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at beside the machine; what was not named is left out.

    Args:
        config: The config.
        config_file: Where it stands.
        catalog: Its catalog.
        state_dir: A state directory.
        environ: The environment, where credentials and folders are named.
    """

    config: Config | None = None
    config_file: Path | None = None
    catalog: Path | None = None
    state_dir: Path | None = None
    environ: Mapping[str, str] = {}


Check = Callable[[Probe, Subject], Iterable[Finding]]


def ok(check: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Weight.OK, what)


def unknown(check: str, what: str) -> Finding:
    """This system does not say."""
    return Finding(check, Weight.UNKNOWN, what)


def warning(check: str, what: str, remedy: str) -> Finding:
    """Better otherwise."""
    return Finding(check, Weight.WARNING, what, remedy)


def error(check: str, what: str, remedy: str) -> Finding:
    """Do not trade like this."""
    return Finding(check, Weight.ERROR, what, remedy)


def run(checks: Iterable[Check], probe: Probe, subject: Subject) -> Iterator[Finding]:
    """Every finding, in order."""
    for check in checks:
        yield from check(probe, subject)
