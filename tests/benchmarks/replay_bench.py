"""Ours beside its peers, on the same rows in the same run; writes docs/performance.md.

    python -m tests.benchmarks.replay_bench [--n 1000000] [--rounds 3] [--quick] [--fresh] [CASE ...]

The rows are those of `../shared/bench/workload.py`. Each measurement is a process of its own; ours
and the peers take turns, and the tables show medians. Every measurement is a line under `runs/bench/`:
an interrupted run goes on where it stopped, and only what changed since (our code, a script, a pinned
package), is older than a day or is named with `--fresh` is measured again. Each peer has an environment
under `.venvs/`, made when it is first needed. `--report` only writes the report anew.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import records, report
from tests.benchmarks.peers import PEERS, Call, environ, environment, our_command
from tests.benchmarks.places import ROOT, RUNS, SHARED, binance, month
from tests.benchmarks.processes import run
from tests.benchmarks.workloads import BY_NAME, WORKLOADS, Workload

OUR_LIMIT_S = 900
PREPARE_LIMIT_S = 900
FULL = 1_000_000
Measured = dict[str, Any]


@dataclass
class Bench:
    """One invocation: how many rows, how many rounds, where records go."""

    n: int
    rounds: int
    kept: records.Records

    def workload(self, workload: Workload) -> None:
        """Measure what is missing of a workload, contestants in turn."""
        mark = records.fingerprint(workload)
        self.kept.drop(workload.name, keep=mark)
        self.kept.forgive(workload.name)
        contestants: list[tuple[str, Call | None]] = [(case, None) for case in workload.ours]
        contestants += [(call.peer, call) for call in workload.calls]
        for round_ in range(self.rounds):
            for name, call in contestants:
                done = self.kept.of(workload.name, name)
                if len(done) > round_ or any("error" in one["measured"] for one in done):
                    continue
                started = time.perf_counter()
                measured = self.ours(workload, name) if call is None else self.peer(call)
                self.kept.add(
                    workload=workload.name,
                    contestant=name,
                    fingerprint=mark,
                    revision=records.revision(),
                    n=self.n,
                    measured=measured,
                )
                took = time.perf_counter() - started
                said = measured.get("error", "")
                print(
                    f"{workload.name}: {name}, round {round_ + 1}: {took:.0f} s {said}", flush=True
                )

    def ours(self, workload: Workload, case: str) -> Measured:
        """One measured process of ours."""
        if workload.fresh:
            catalog = self.prepared(f"quotes-{self.n}")
            command = our_command("-m", "tests.benchmarks.cases.fresh", str(catalog), case)
        else:
            command = our_command("-m", "tests.benchmarks.replay_case", case, str(self.n))
            made = run([*command, "--prepare"], PREPARE_LIMIT_S, environ(RUNS))
            if "error" in made:
                return made
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            found = run(command, OUR_LIMIT_S, environ(Path(scratch)))
        return merged(found, dict)

    def peer(self, call: Call) -> Measured:
        """One measured process of a peer, or why there is none."""
        python = environment(PEERS[call.peer])
        if isinstance(python, str):
            return {"error": python}
        catalog = RUNS / f"{call.peer}-{self.n}"
        places: dict[str, object] = {
            "n": self.n,
            "half": self.n // 2,
            "month": month(self.n),
            "catalog": catalog,
        }
        for place, rows in {"rows": f"rows-{self.n}", "binance": binance(self.n)}.items():
            if f"{{{place}}}" in call.arguments + call.prepare:
                places[place] = self.prepared(rows)
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            variables = environ(Path(scratch))
            if call.prepare and not (catalog / ".written").exists():
                command = call.command(python, places, call.prepare)
                made = run(command, PREPARE_LIMIT_S, variables)
                if "error" in made:
                    return made
                (catalog / ".written").touch()
            found = run(call.command(python, places, call.arguments), call.limit_s, variables)
        return merged(found, call.read)

    def prepared(self, name: str) -> Path:
        """A folder of rows, made in a process of its own."""
        folder = RUNS / name
        if not (folder / ".written").exists():
            command = our_command("-m", "tests.benchmarks.rows", name)
            subprocess.run(command, cwd=ROOT, check=True)
        return folder


def merged(found: Measured, read: Any) -> Measured:
    """What a process printed, together with what it cost from outside."""
    if "error" in found:
        return found
    said = read(found["line"])
    phases = {**said.get("phases", {}), "process": found["process"]}
    return {"peak_rss_mb": found["peak_rss_mb"], **said, "phases": phases}


def chosen(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list[Workload]:
    """The workloads that the command line asks for."""
    if unknown := set(args.cases) - set(BY_NAME):
        parser.error(f"no such case: {sorted(unknown)}; there are {list(BY_NAME)}")
    named = [BY_NAME[name] for name in args.cases] or list(WORKLOADS)
    for item in named:
        if item.skipped:
            print(f"{item.name}: skipped, {item.skipped}")
    return [i for i in named if not (i.skipped or (args.quick and i.needs_nautilus))]


def main() -> int:
    """Measure what is missing, write the report; exit 1 when one of ours could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--n", type=int, default=FULL, help="rows of the large workloads")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each row")
    parser.add_argument("--quick", action="store_true", help="without NautilusTrader")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    args = parser.parse_args()
    workloads = chosen(parser, args)
    if not SHARED.exists():
        print("the benchmark rows are made by ../shared/bench/workload.py, which is not here")
        return 0
    kept = records.Records(RUNS / f"raw-{args.n}.jsonl")
    bench = Bench(args.n, args.rounds, kept)
    started = time.perf_counter()
    for workload in [] if args.report else workloads:
        if args.fresh:
            kept.drop(workload.name)
        bench.workload(workload)
        print("\n".join(report.section(workload, kept)), flush=True)
    text = report.document(kept, args.n)
    complete = args.n == FULL and all(kept.of(item.name) or item.skipped for item in WORKLOADS)
    path = ROOT / "docs" / "performance.md" if complete else RUNS / f"performance-{args.n}.md"
    path.write_text(text)
    print(f"\nwrote {path.relative_to(ROOT)} after {time.perf_counter() - started:.0f} s")
    ours = [kept.of(workload.name, case) for workload in workloads for case in workload.ours]
    return int(any("error" in one["measured"] for lines in ours for one in lines))


if __name__ == "__main__":
    sys.exit(main())
