"""A daemon that runs for long: `python -m tests.benchmarks.soak FOLDER [MINUTES] [MARKET]`.

The real daemon on paper, on a market played again and again at 50 times real time: the Binance recordings
where they are (MARKET `binance`), else a walk of quotes (`walk`). Every second its anonymous memory, file
descriptors and threads are read. In the end the memory's slope after the warm-up must be below 1 MB for each
hour of the market, descriptors and threads flat, nothing unhandled in its output, its end clean.

A second call with the same folder goes on with the same session and adds its minutes: what is fitted is one
slope for all parts, each with a level of its own.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.benchmarks import binance_rows
from tests.benchmarks.daemon_kit import write_quotes
from tests.benchmarks.places import SPOT

SPEED: Final = 50
WARM_UP_S: Final = 330.0
"""Of each part so much is left out of the fit, but half of it at most: pools and memories fill up first."""
_TRANSIENT: Final = 2
"""Descriptors and threads that come and go with a file that is being written."""
MOST_SLOPE: Final = 1.0
"""Megabytes for each hour of the market."""
_WALK: Final = 2_400
_ROWS: Final = 200_000
_END_S: Final = 30

_CONFIG: Final = """
[run]
name = "soak"
account_currency = "USDT"

[[feeds]]
instrument = "{instrument}"
kinds = {kinds}

[[venues]]
name = "{venue}"
balances = {{ USDT = "1000000000" }}
{account}

[[strategies]]
id = "busy"
type = "tests.benchmarks.cases.busy:{strategy}"
params = {{ instrument = "{instrument}" }}

[[strategies]]
id = "trend"
type = "ema_cross"
params = {{ instrument = "{instrument}", size = "0.01", fast = 10, slow = 30 }}

[risk.default]
max_order_value = "100000000"
max_order_quantity = "1000"
max_position = "1000"
max_orders = 10000
collar = {{ max_deviation_bps = "5000" }}

[daemon]
snapshot_every_s = 3600
"""


class Sample(NamedTuple):
    """The daemon at one moment."""

    part: int
    seconds: float
    anonymous_kb: int
    descriptors: int
    threads: int


class Judged(NamedTuple):
    """What the samples say."""

    minutes: float
    slope: float
    steady: bool
    first_mb: float
    last_mb: float

    @property
    def passed(self) -> bool:
        """Whether it may go on for months."""
        return self.slope < MOST_SLOPE and self.steady


def prepare(folder: Path, market: str) -> None:
    """Market and config of a soak, once."""
    if (folder / "soak.toml").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if market == "binance":
        binance_rows.write(folder / "catalog", str(_ROWS))
        names = {
            "instrument": binance_rows.INSTRUMENT,
            "venue": "BINANCE",
            "kinds": '["book", "trade"]',
            "account": "",
            "strategy": "TapeTrader",
        }
    else:
        write_quotes(folder / "catalog", _WALK, step_ns=500_000_000)
        names = {
            "instrument": "BTCUSDT-PERP.SIM",
            "venue": "SIM",
            "kinds": '["quote"]',
            "account": 'account = "margin"\nleverage = "10"',
            "strategy": "Trader",
        }
    (folder / "soak.toml").write_text(_CONFIG.format(**names))


def sample(pid: int, part: int, seconds: float) -> Sample:
    """Read what the system knows of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    memory, threads = int(status["RssAnon"].split()[0]), int(status["Threads"])
    return Sample(part, seconds, memory, descriptors, threads)


def run(folder: Path, seconds: float) -> list[str]:
    """Let the daemon live so long; what was wrong with its end."""
    kept = read(folder)
    part = kept[-1].part + 1 if kept else 1
    arguments = ["run", "soak.toml", "--catalog", "catalog", "--feed", "tape", "--loop"]
    arguments += ["--speed", str(SPEED), "--state-dir", "state"]
    program = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    with (folder / "output.txt").open("a+") as output, (folder / "samples.jsonl").open("a") as out:
        begin_of_output = output.tell()
        daemon = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": path},
            stdout=output,
            stderr=output,
        )
        begin = time.monotonic()
        while daemon.poll() is None and time.monotonic() < begin + seconds:
            time.sleep(1)
            if daemon.poll() is None:
                row = sample(daemon.pid, part, time.monotonic() - begin)
                out.write(json.dumps(row) + "\n")
                out.flush()
        problems = []
        if daemon.poll() is not None:
            problems.append("it ended by itself")
        daemon.send_signal(signal.SIGTERM)
        try:
            code = daemon.wait(_END_S)
        except subprocess.TimeoutExpired:
            daemon.kill()
            code = daemon.wait()
        if code:
            problems.append(f"it ended with {code}")
        output.seek(begin_of_output)
        said = output.read()
    if "Traceback" in said or "failed at input" in said:
        problems.append(f"it said:\n{said[-4000:]}")
    return problems


def read(folder: Path) -> list[Sample]:
    """All samples so far."""
    file = folder / "samples.jsonl"
    if not file.exists():
        return []
    return [Sample(*json.loads(line)) for line in file.read_text().splitlines()]


def judge(samples: list[Sample]) -> Judged:
    """One slope for all parts, each with its own level."""
    top = bottom = 0.0
    steady = True
    warm: list[Sample] = []
    minutes = 0.0
    for part in sorted({row.part for row in samples}):
        rows = [row for row in samples if row.part == part]
        minutes += rows[-1].seconds / 60
        begin = min(WARM_UP_S, rows[-1].seconds / 2)
        rows = [row for row in rows if row.seconds >= begin]
        hours = [row.seconds / 3600 * SPEED for row in rows]
        memory = [row.anonymous_kb / 1024 for row in rows]
        x, y = statistics.fmean(hours), statistics.fmean(memory)
        top += sum((h - x) * (m - y) for h, m in zip(hours, memory, strict=True))
        bottom += sum((h - x) ** 2 for h in hours)
        half = len(rows) // 2
        for early, late in (
            ([r.descriptors for r in rows[:half]], [r.descriptors for r in rows[half:]]),
            ([r.threads for r in rows[:half]], [r.threads for r in rows[half:]]),
        ):
            steady = steady and statistics.median(late) <= statistics.median(early)
            steady = steady and max(late) <= max(early) + _TRANSIENT
        warm += rows
    first, last = warm[0].anonymous_kb / 1024, warm[-1].anonymous_kb / 1024
    return Judged(minutes, top / bottom, steady, first, last)


def main(arguments: list[str]) -> int:
    """Prepare, run, judge; the exit code."""
    folder = Path(arguments[0]).absolute()
    minutes = float(arguments[1]) if arguments[1:] else 30.0
    market = arguments[2] if arguments[2:] else ("binance" if SPOT.exists() else "walk")
    prepare(folder, market)
    problems = run(folder, minutes * 60)
    judged = judge(read(folder))
    print(
        f"{judged.minutes:.1f} minutes at {SPEED}x: {judged.slope:+.3f} MB an hour of the market "
        f"(below {MOST_SLOPE}), {judged.first_mb:.1f} to {judged.last_mb:.1f} MB, descriptors and "
        f"threads {'flat' if judged.steady else 'GROW'}"
    )
    for problem in problems:
        print(problem)
    return 0 if judged.passed and not problems else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
