"""The peers: where each lives, how its script is called, and how what it prints is read."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.benchmarks.places import ROOT, SCRIPTS, SHARED, VENVS
from tests.pythons import pythons

Measured = dict[str, Any]
BOTH_CLOCKS = ROOT / "tests" / "benchmarks" / "both_clocks.py"
REQUIREMENTS = ROOT / "tests" / "benchmarks" / "environments"


@dataclass(frozen=True)
class Peer:
    """A program that users would take instead.

    Args:
        key: Name of its environment, and of its pinned packages under `environments/`.
        title: Name and version.
        python: The oldest Python that it runs on, and the newest that it is tried with.
    """

    key: str
    title: str
    python: tuple[tuple[int, int], tuple[int, int]]


PEERS = {
    peer.key: peer
    for peer in (
        Peer("nautilus1", "NautilusTrader 1.231.0", ((3, 12), (3, 13))),
        Peer("nautilus2", "NautilusTrader 2.0.0rc7", ((3, 13), (3, 14))),
        Peer("hftbacktest", "hftbacktest 2.4.4", ((3, 11), (3, 13))),
        Peer("vectorbt", "vectorbt 1.2.0", ((3, 11), (3, 13))),
        Peer("backtesting", "backtesting.py 0.6.6", ((3, 11), (3, 13))),
        Peer("backtrader", "backtrader 1.9.78.123", ((3, 11), (3, 13))),
        Peer("zipline", "zipline-reloaded 3.2.1", ((3, 11), (3, 13))),
    )
}


@cache
def _found() -> dict[tuple[int, ...], Path]:
    return pythons()


def interpreter(peer: Peer) -> tuple[tuple[int, ...], Path] | None:
    """The Python that a peer gets: 3.12 where that fits, else the oldest that does."""
    oldest, newest = peer.python
    fitting = {version: path for version, path in _found().items() if oldest <= version <= newest}
    if not fitting:
        return None
    version = (3, 12) if (3, 12) in fitting else min(fitting)
    return version, fitting[version]


def environment(peer: Peer) -> Path | str:
    """Python of a peer's environment, made when it is not there; or why there is none."""
    folder = VENVS / peer.key
    python = folder / "bin" / "python"
    pinned = (REQUIREMENTS / f"{peer.key}.txt").read_text()
    stamp = folder / ".installed"
    if stamp.exists() and stamp.read_text() == pinned:
        return python
    chosen = interpreter(peer)
    if chosen is None:
        oldest = ".".join(map(str, peer.python[0]))
        return f"needs Python {oldest} or a little newer, which is not here"
    print(f"installing {peer.title} into .venvs/{peer.key}", flush=True)
    listed = str(REQUIREMENTS / f"{peer.key}.txt")
    steps = (
        [str(chosen[1]), "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", listed],
    )
    for step in steps:
        if subprocess.run(step, check=False).returncode:
            return "could not be installed"
    stamp.write_text(pinned)
    return python


def python_of(peer: Peer) -> str:
    """Version of the Python that a peer runs on, or a dash."""
    settings = VENVS / peer.key / "pyvenv.cfg"
    if not settings.exists():
        return "-"
    entries = dict(line.split(" = ", 1) for line in settings.read_text().splitlines())
    return entries.get("version", "-")


# --- what the scripts print ----------------------------------------------------------------------

Reader = Callable[[dict[str, Any]], Measured]


def last_line(output: str) -> dict[str, Any] | None:
    """The JSON of the last line that holds some."""
    for line in reversed(output.splitlines()):
        text = line.removeprefix("RESULT ").strip()
        if text.startswith("{"):
            found: dict[str, Any] = json.loads(text)
            return found
    return None


def _phase(line: dict[str, Any], *parts: str) -> dict[str, float]:
    """Wall and CPU seconds of one part of the run, or of several together."""
    return {
        "wall_s": sum(line[f"{part}"] for part in parts),
        "cpu_s": sum(line[f"{part}_cpu"] for part in parts),
    }


def nautilus(line: dict[str, Any]) -> Measured:
    """`run` is `engine.run()`; `whole` also reads the Parquet rows and makes the objects of them."""
    steps = ("load_wrangle", "add_data", "run")
    # 1.x times the reading and the converting apart, 2.0 together; both state their CPU as one.
    wall = line.get("load_wrangle_s", line.get("parquet_read_s", 0.0) + line.get("wrangle_s", 0.0))
    walls = {**line, "load_wrangle_s": wall}
    return {
        "events": line["events"],
        "orders": line["orders"],
        "filled": line.get("fills"),
        "balance": line["balance"],
        "peak_rss_mb": line["peak_rss_mb"],
        "phases": {
            "run": {"wall_s": line["run_s"], "cpu_s": line["run_cpu_s"]},
            "whole": {
                "wall_s": sum(walls[f"{step}_s"] for step in steps),
                "cpu_s": sum(line[f"{step}_cpu_s"] for step in steps),
            },
        },
    }


def node(line: dict[str, Any]) -> Measured:
    """A node over the peer's own catalog: what counts is the whole process, taken from outside."""
    return {
        "events": line.get("rows", line.get("events")),
        "orders": line.get("orders"),
        "phases": {},
    }


def timed(line: dict[str, Any]) -> Measured:
    """A script that times one thing: from rows in memory to the result."""
    return {**_counts(line), "phases": {"result": _phase(line, "s")}}


def zipline(line: dict[str, Any]) -> Measured:
    """`whole` also writes the rows as a bundle, which zipline reads them from."""
    phases = {"result": _phase(line, "s"), "whole": _phase(line, "s", "ingest_s")}
    return {**_counts(line), "phases": phases}


def compiled(line: dict[str, Any]) -> Measured:
    """A script that does it twice: `cold` compiles, `warm` does not."""
    phases = {"cold": _phase(line, "cold_s"), "warm": _phase(line, "warm_s")}
    return {**_counts(line), "phases": phases}


def hftbacktest(line: dict[str, Any]) -> Measured:
    """As `compiled`; it counts trades and orders in its own words."""
    return {**compiled(line), "orders": line["submitted"], "fills": line["trades"]}


def hftbacktest_own(line: dict[str, Any]) -> Measured:
    """Our own script for it: what it calls trades are whole orders."""
    return {**compiled(line), "orders": line["submitted"], "filled": line["trades"]}


def _counts(line: dict[str, Any]) -> Measured:
    value = line.get("value", line.get("balance"))
    return {
        "events": line.get("events", line.get("n")),
        "orders": None,
        "fills": line.get("fills"),
        "balance": None if value is None else f"{value:.2f}",
        "runs": line.get("runs", line.get("combos", line.get("cols"))),
    }


# --- calls ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """How a peer plays a workload.

    Args:
        peer: Which one.
        script: Its script under `../shared/bench`, or under `peer_scripts` here.
        arguments: With `{n}`, `{half}`, `{month}` (rows), `{rows}`, `{binance}`, `{catalog}` (folders).
        read: What its line means.
        both_clocks: The script reads one clock at a time; see `both_clocks.py`.
        limit_s: Wall seconds that it gets.
        prepare: Arguments of a run that must come once before, when a catalog is needed.
    """

    peer: str
    script: str
    arguments: str
    read: Reader
    both_clocks: bool = True
    limit_s: int = 300
    prepare: str = ""

    @property
    def file(self) -> Path:
        """The script."""
        ours = SCRIPTS / self.script
        return ours if ours.exists() else SHARED / self.script

    def command(self, python: Path, places: dict[str, object], arguments: str) -> list[str]:
        """What to run."""
        launcher = [str(BOTH_CLOCKS)] if self.both_clocks else []
        words = arguments.format(**places).split()
        return [str(python), *launcher, str(self.file), *words]


def environ(scratch: Path) -> dict[str, str]:
    """Environment of a measured process: its own caches, so that `cold` is cold each time."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {
        **kept,
        "CLOCK": "wall",
        "NUMBA_CACHE_DIR": str(scratch / "numba"),
        "ZIPLINE_ROOT": str(scratch / "zipline"),
        "PYTHONWARNINGS": "ignore",
    }


def our_command(*words: str) -> list[str]:
    """A run of ours, on the Python that runs this."""
    return [sys.executable, *words]
