"""Collects a report. Whatever cannot be had is named in it, never a reason to have no report."""

import http.client
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.daemon.bugreport.entry import Entry, Missing, of_bytes, of_json, of_text
from openoutcry.daemon.bugreport.slice import journal_slice
from openoutcry.daemon.config_loader import LoadedConfig
from openoutcry.daemon.doctor.finding import Subject
from openoutcry.daemon.doctor.finding import run as examine
from openoutcry.daemon.doctor.installation import CHECKS
from openoutcry.daemon.doctor.probe import Probe
from openoutcry.daemon.doctor.storage import credential_names
from openoutcry.daemon.masking import LEAST, PROCESS, Masker
from openoutcry.daemon.secrets import ENVIRONMENT, Credentials
from openoutcry.state.errors import CredentialError, OutcryError
from openoutcry.state.journal_reader import open_reader

LOG_BYTES: Final = 2 << 20
RECORDS: Final = 1_000
_SHOWN: Final = ("LANG", "LC_ALL", "TZ", "TERM", "SHELL", "JOURNAL_STREAM", "NOTIFY_SOCKET")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a report of.

    Args:
        state_dir: A state directory, also of a daemon that runs.
        loaded: Its config.
        last: Inputs that the slice should reach back.
        with_slice: Whether journal and tape come along.
        environ: The environment.
    """

    state_dir: Path
    loaded: LoadedConfig | None
    last: int
    with_slice: bool
    environ: Mapping[str, str]


def known_secrets(wish: Wish) -> Masker:
    """A masker that knows every credential that can be found from here."""
    masker = PROCESS
    environ = dict(wish.environ)
    for name, value in environ.items():
        if name.startswith(ENVIRONMENT) and len(value) >= LEAST:
            masker.add(value)
    credentials = Credentials(environ, masker)
    config = None if wish.loaded is None else wish.loaded.config
    for name in credential_names(Subject(config=config)):
        try:
            credentials.load(name)
        except CredentialError:
            continue  # what is not here cannot be in the report either
    return masker


def collect(wish: Wish, probe: Probe, masker: Masker) -> Iterator[Entry | Missing]:
    """Everything, small things first."""
    yield _versions(probe, masker)
    yield _environment(wish, masker)
    yield from _config(wish, masker)
    yield _doctor(wish, probe, masker)
    yield from _alerts(wish, masker)
    yield from _log(wish, probe, masker)
    yield _metrics(wish, masker)
    yield _journal_tail(wish, masker)
    if wish.with_slice:
        yield from journal_slice(wish.state_dir, wish.last, masker)


def _versions(probe: Probe, masker: Masker) -> Entry:
    packages = {d.name: d.version for d in metadata.distributions()}
    document = {
        **probe.versions(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "packages": dict(sorted(packages.items())),
    }
    return of_json("versions.json", "openoutcry, Python, system, packages", document, masker)


def _environment(wish: Wish, masker: Masker) -> Entry:
    shown = {name: wish.environ[name] for name in _SHOWN if name in wish.environ}
    others = sorted(name for name in wish.environ if name not in shown)
    document = {"shown": shown, "names_only": others, "arguments": len(sys.argv)}
    return of_json(
        "environment.json", "names of variables; values of harmless ones", document, masker
    )


def _config(wish: Wish, masker: Masker) -> Iterator[Entry | Missing]:
    if wish.loaded is None:
        yield Missing("config.toml", "no --config was given")
        return
    text = wish.loaded.path.read_text(encoding="utf-8")
    yield of_text("config.toml", "the config; what looks like a secret is blanked", text, masker)


def _doctor(wish: Wish, probe: Probe, masker: Masker) -> Entry:
    loaded = wish.loaded
    subject = Subject(
        config=loaded.config if loaded else None,
        config_file=loaded.path.absolute() if loaded else None,
        catalog=loaded.catalog if loaded else None,
        state_dir=wish.state_dir,
        environ=wish.environ,
    )
    found = list(examine(CHECKS, probe, subject))
    return of_json("doctor.json", "findings of outcry doctor", found, masker)


def _alerts(wish: Wish, masker: Masker) -> Iterator[Entry | Missing]:
    file = wish.state_dir / "alerts.json"
    try:
        yield of_bytes("alerts.json", "open alerts", file.read_bytes(), masker)
    except OSError as error:
        yield Missing("alerts.json", os.strerror(error.errno or 0))


def _log(wish: Wish, probe: Probe, masker: Masker) -> Iterator[Entry | Missing]:
    loaded = wish.loaded
    if loaded is not None and loaded.config.log.file is not None:
        file = loaded.folder / loaded.config.log.file
        try:
            with file.open("rb") as stream:
                stream.seek(max(file.stat().st_size - LOG_BYTES, 0))
                text = stream.read().decode(errors="replace")
            yield of_text("log.jsonl", "the end of the log", text, masker)
        except OSError as error:
            yield Missing("log.jsonl", f"{file}: {os.strerror(error.errno or 0)}")
        return
    done = probe.run(("journalctl", "-q", "-t", "openoutcry", "-n", "2000", "-o", "json"))
    if done is None or done[0] or not done[1].strip():
        yield Missing("log.jsonl", "the config names no log file, and journald has no record")
    else:
        yield of_text("log.jsonl", "the end of the log, from journald", done[1], masker)


def _metrics(wish: Wish, masker: Masker) -> Entry | Missing:
    config = None if wish.loaded is None else wish.loaded.config.metrics
    if config is None or not config.enabled:
        return Missing("metrics.txt", "metrics are not enabled")
    host, _, port = config.listen.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=3)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read(LOG_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return Missing("metrics.txt", f"{config.listen}: {error}")
    finally:
        connection.close()
    return of_text("metrics.txt", "what the daemon says of itself", text, masker)


def _journal_tail(wish: Wish, masker: Masker) -> Entry | Missing:
    try:
        reader = open_reader(wish.state_dir)
        try:
            lines = [record.json_line() for record in reader.after(reader.last(RECORDS))]
        finally:
            reader.store.close()
    except OutcryError as error:
        return Missing("journal.jsonl", error.message)
    data = b"\n".join(lines) + b"\n"
    return of_text("journal.jsonl", "last records: orders, fills, commands", data.decode(), masker)
