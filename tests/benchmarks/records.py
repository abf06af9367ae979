"""Raw results: a line of JSON per measurement, so that an interrupted run goes on where it stopped."""

import hashlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.benchmarks.peers import REQUIREMENTS
from tests.benchmarks.places import ROOT
from tests.benchmarks.workloads import Workload

Record = dict[str, Any]
MAX_AGE_S = 24 * 3600
"""Older measurements are made again: the machine was another."""
TOO_SLOW = "did not end"
"""How the error of a peer starts that ran out of time."""
_OURS = ("state", "actors", "replay", "tests/benchmarks/cases", "tests/oracles")


def fingerprint(workload: Workload) -> str:
    """Changes when anything does that the workload's figures depend on: ours, scripts, packages."""
    files = [*(ROOT / "src" / "openoutcry").glob("_native*.so")]
    for folder in _OURS:
        files += sorted((ROOT / folder).rglob("*.py"))
    for call in workload.calls:
        files += [call.file, REQUIREMENTS / f"{call.peer}.txt"]
    called = [(call.peer, call.script, call.arguments) for call in workload.calls]
    found = hashlib.sha256(repr((workload.ours, called)).encode())
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def revision() -> str:
    """The commit that runs, marked when what is measured differs from it."""
    commit = _git("rev-parse", "--short=10", "HEAD") or "no commit"
    return (
        f"{commit}, changed" if _git("status", "--porcelain", "--", *_OURS, "rust_ext") else commit
    )


def _git(*words: str) -> str:
    asked = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return asked.stdout.strip()


class Records:
    """The measurements of one number of rows.

    Args:
        path: The file of lines; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[Record] = []
        if path.exists():
            self._lines = [json.loads(line) for line in path.read_text().splitlines()]

    def add(self, **fields: Any) -> Record:
        """Keep a measurement."""
        record = {"at": time.time(), "load": os.getloadavg()[0], **fields}
        self._lines.append(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        return record

    def drop(self, workload: str, keep: str | None = None) -> None:
        """Forget a workload's measurements, but those with a fingerprint that are not old."""
        oldest = time.time() - MAX_AGE_S
        self._keep(
            lambda record: (
                record["workload"] != workload
                or (record["fingerprint"] == keep and record["at"] > oldest)
            )
        )

    def forgive(self, workload: str) -> None:
        """Forget a workload's failures, but those that only time could mend."""
        self._keep(
            lambda record: (
                record["workload"] != workload
                or record["measured"].get("error", TOO_SLOW).startswith(TOO_SLOW)
            )
        )

    def _keep(self, wanted: Callable[[Record], bool]) -> None:
        self._lines = [record for record in self._lines if wanted(record)]
        if self.path.exists():
            whole = "".join(json.dumps(record) + "\n" for record in self._lines)
            temporary = self.path.with_suffix(".tmp")
            temporary.write_text(whole)
            temporary.replace(self.path)

    def of(self, workload: str, contestant: str | None = None) -> list[Record]:
        """The measurements of a workload, of all or of one contestant, in order."""
        return [
            record
            for record in self._lines
            if record["workload"] == workload and contestant in (None, record["contestant"])
        ]


def median(records: Iterable[Record]) -> Record | None:
    """Each figure's median over the rounds; a failed round fails the row; None without any."""
    measured: list[Record] = [record["measured"] for record in records]
    if not measured:
        return None
    failed = [item for item in measured if "error" in item]
    if failed:
        return failed[0]
    middle = dict(measured[-1])
    middle["peak_rss_mb"] = statistics.median(item["peak_rss_mb"] for item in measured)
    middle["rounds"] = len(measured)
    middle["phases"] = {
        phase: {
            clock: statistics.median(item["phases"][phase][clock] for item in measured)
            for clock in ("wall_s", "cpu_s")
        }
        for phase in measured[-1]["phases"]
    }
    return middle
