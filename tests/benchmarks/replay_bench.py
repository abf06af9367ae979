"""Events per second of `replay`, beside NautilusTrader 2.0 on the same rows in the same run.

    python -m tests.benchmarks.replay_bench [--n 1000000] [--rounds 3] [CASE ...]

The rows are those of `../shared/bench/workload.py`. Each measurement is a process of its own; ours
and the peer's take turns, and the table shows medians. `run` plays rows that are in memory: ours as
columns, the peer's as the objects it needs. `whole` starts at the Parquet file: ours ends with the
result and its statistics, the peer's with its `run`, without statistics (imports count for neither). The peer gets an
environment under `.venvs/`, made when it is first needed.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.pythons import pythons

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("OPENOUTCRY_SHARED", ROOT.parent / "shared")) / "bench"
RUNS = ROOT / "runs" / "bench"
PEER = ROOT / ".venvs" / "nautilus"
PEER_PACKAGES = ("nautilus_trader==2.0.0rc7", "numpy", "pyarrow", "polars")
TIMEOUT_S = 300
CASES = {
    "quotes_noop": "quotes, nobody listens to them",
    "quotes_noop_py": "quotes, a Python handler counts each",
    "quotes_ema_tick": "quotes, EMA cross on 100-tick bars (880 orders)",
    "quotes_limits": "quotes, a limit pair re-placed every 100 (20,000 orders)",
    "bars_ema": "one-minute bars, EMA cross",
}
"""Scenario names of the peer's script, and what both sides do."""

EXPLAINED = {
    "quotes_limits": "ours is the exact sum over its fills; the peer's is 0.00000243 USDT less, "
    "which no rounding of these fees gives",
    "bars_ema": "a decision on a bar fills at the peer at that bar's close, with us at the next open",
}
"""Why both sides come to other orders or another balance."""

Row = dict[str, Any]


def peer_python() -> Path | str:
    """Python of the peer's environment, or why there is none."""
    python = PEER / "bin" / "python"
    done = PEER / ".installed"
    if done.exists():
        return python
    found = {version: path for version, path in pythons().items() if version >= (3, 13)}
    if not found:
        return "NautilusTrader 2.0 needs Python 3.13, which is not here"
    print("installing NautilusTrader 2.0 into .venvs/nautilus (600 MB)", flush=True)
    steps = (
        [str(found[max(found)]), "-m", "venv", "--clear", str(PEER)],
        [str(python), "-m", "pip", "install", "--quiet", "--pre", *PEER_PACKAGES],
    )
    for step in steps:
        if subprocess.run(step, check=False).returncode:
            return "NautilusTrader 2.0 could not be installed"
    done.touch()
    return python


def machine() -> str:
    """The processor, and how many of it there are."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [text.partition(":")[2].strip() for text in lines if text.startswith("model name")]
    return f"{os.cpu_count()} x {models[0] if models else platform.machine()}, {platform.system()}"


def measure(command: list[object]) -> Row | str:
    """The JSON line that a measurement prints, or why there is none."""
    started = time.perf_counter()
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {TIMEOUT_S} s"
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return (done.stderr.strip().splitlines() or ["printed nothing"])[-1]
    answer: Row = json.loads(lines[-1])
    return {**answer, "process_s": time.perf_counter() - started}


def median(rows: list[Row | str]) -> Row | str:
    """The row whose CPU time of the run is the median (other programs disturb it least), or the first reason why one is missing."""
    reasons = [row for row in rows if isinstance(row, str)]
    if reasons:
        return reasons[0]
    measured = [row for row in rows if not isinstance(row, str)]
    middle = statistics.median_low([row["run_cpu_s"] for row in measured])
    return next(row for row in measured if row["run_cpu_s"] == middle)


def whole(row: Row | str) -> Row | str:
    """The peer's row with the time from its Parquet file on: reading, converting, adding, running."""
    if isinstance(row, str):
        return row
    steps = ("load_wrangle", "add_data", "run")
    return {
        **row,
        "whole_s": sum(row[f"{step}_s"] for step in steps),
        "whole_cpu_s": sum(row[f"{step}_cpu_s"] for step in steps),
    }


def line(case: str, name: str, row: Row | str) -> str:
    """One side of a case, as a line of the table."""
    if isinstance(row, str):
        return f"| {case} | {name} | {row} |"
    rates = [
        f"{row['events'] / row[f'{part}_s'] / 1e6:.2f} M/s "
        f"({row[f'{part}_s']:.2f} s, CPU {row[f'{part}_cpu_s']:.2f})"
        for part in ("run", "whole")
    ]
    peak = f"{row['peak_rss_mb']:.0f} MB"
    return f"| {case} | {name} | {' | '.join([*rates, peak, str(row['orders']), row['balance']])} |"


def compare(case: str, rounds: int, ours: list[object], peer: list[object] | str) -> Row:
    """Measure both sides in turn, print their medians and the ratio."""
    mine: list[Row | str] = []
    theirs: list[Row | str] = []
    for _ in range(rounds):
        mine.append(measure([*ours, case]))
        theirs.append(whole(peer if isinstance(peer, str) else measure([*peer, case])))
    left, right = median(mine), median(theirs)
    print(line(case, "openoutcry", left))
    print(line("", "NautilusTrader", right), flush=True)
    result: Row = {"case": case, "openoutcry": left, "nautilus": right}
    if not isinstance(left, str) and not isinstance(right, str):
        ratios = {part: right[f"{part}_cpu_s"] / left[f"{part}_cpu_s"] for part in ("run", "whole")}
        result["ratios"] = ratios
        smaller = right["peak_rss_mb"] / left["peak_rss_mb"]
        print(
            f"| | CPU, peer / ours | {ratios['run']:.1f}x | {ratios['whole']:.1f}x | {smaller:.1f}x | "
            f"{difference(case, left, right)} | |",
            flush=True,
        )
    return result


def difference(case: str, ours: Row, peer: Row) -> str:
    """Whether both sides did the same, and if not, why."""
    if (ours["orders"], ours["balance"]) == (peer["orders"], peer["balance"]):
        return "same orders, same balance"
    return EXPLAINED.get(case, "NOT EXPLAINED")


def main() -> int:
    """Compare every case; exit 1 when one of ours could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if unknown := set(args.cases) - set(CASES):
        parser.error(f"no such case: {sorted(unknown)}; there are {list(CASES)}")
    if not SHARED.exists():
        print("the benchmark rows are made by ../shared/bench/workload.py, which is not here")
        return 0
    rows = RUNS / f"rows-{args.n}"
    if not (rows / "bars_1d_50x504.parquet").exists():
        subprocess.run(
            [sys.executable, str(SHARED / "workload.py"), str(rows), "--n", str(args.n)], check=True
        )
    ours: list[object] = [sys.executable, "-m", "tests.benchmarks.replay_case", rows]
    if not (rows / "catalog" / ".written").exists():
        subprocess.run([*map(str, ours), "prepare"], cwd=ROOT, check=True)
        (rows / "catalog" / ".written").touch()
    python = peer_python()
    peer: list[object] | str = (
        python
        if isinstance(python, str)
        else [python, SHARED / "nautilus_v2_bench.py", "--data", rows, "--n", args.n]
    )
    python_of = {"ours": sys.version.split()[0], "peer": "3.13" if isinstance(peer, list) else "-"}
    print(
        f"{args.n} rows, medians of {args.rounds}; Python {python_of}; {datetime.now(UTC).date()}; {machine()}"
    )
    print("\n| case | | run | whole | peak | orders | balance |\n|---|---|---|---|---|---|---|")
    results = [compare(case, args.rounds, ours, peer) for case in args.cases]
    (RUNS / "result.json").write_text(json.dumps(results, indent=2))
    print(f"\nwrote {(RUNS / 'result.json').relative_to(ROOT)}")
    return int(any(isinstance(result["openoutcry"], str) for result in results))


if __name__ == "__main__":
    sys.exit(main())
