"""Long recordings: what a quote that nobody asked for costs, and how much memory playing them takes.

    python -m tests.benchmarks.long_case FOLDER [MILLIONS ...]     # by default 1 10 50

Writes a catalog of days of a million quotes where it is missing (23 MB a day), and plays its first days,
each time in a process of its own: decoded as it plays (`catalog`), and from the column cache (`data`, 48 MB
a day on disk). Anonymous memory is what the run holds; mapped files are the page cache's, and go when
somebody else needs the room.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from openoutcry.replay.dataset import Dataset
from openoutcry.replay.engine import replay
from openoutcry.state.catalog import Catalog
from tests.benchmarks.cases.quotes import PERPETUAL, config
from tests.benchmarks.cases.strategies import Idle

DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9  # 2024-01-01
DAY_ROWS = 1_000_000
_SAMPLE_S = 0.005


def write_day(catalog: Catalog, day: int, rows: int = DAY_ROWS) -> None:
    """Write one day of a seeded random walk."""
    rng = np.random.default_rng(day)
    ts = START + day * DAY + np.arange(rows) * (DAY // rows)
    bid = 6_000_000 + np.cumsum(rng.integers(-3, 4, rows))
    sizes = rng.integers(1, 2_000, (2, rows))
    columns = {"ts_event": ts, "ts_received": ts, "bid": bid, "ask": bid + rng.integers(1, 5, rows)}
    columns |= {"bid_size": sizes[0], "ask_size": sizes[1]}
    catalog.write("quote", PERPETUAL.id, columns, source=f"seed {day}")


class Anonymous:
    """Watches the anonymous memory of this process from a thread."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak in MB."""
        self._done.set()
        self._thread.join()
        return self.peak_mb

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_S):
            status = Path("/proc/self/status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
            self.peak_mb = max(self.peak_mb, int(line.split()[1]) / 1000)


def measure(folder: Path, days: int, how: str) -> dict[str, object]:
    """Play the first days of the catalog."""
    settings = config(Idle)
    end = START + days * DAY
    watch = Anonymous()
    loaded = 0.0
    if how == "data":
        cpu = time.process_time()
        data = Dataset.load(folder, settings.feeds, end=end)
        loaded = time.process_time() - cpu
        result = replay(settings, data=data, end=end)
    else:
        result = replay(settings, catalog=folder, end=end)
    cost = result.measurement
    assert cost is not None
    quotes = result.events["quote"]
    return {
        "how": how,
        "quotes": quotes,
        "load_cpu_s": round(loaded, 2),
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
        "cpu_ns_per_quote": round(cost.cpu_s * 1e9 / quotes, 1),
        "peak_anonymous_mb": round(watch.stop()),
        "peak_rss_mb": round(cost.peak_rss_mb),
        "journal_hash": result.journal_hash[:16],
    }


def main(folder: Path, millions: list[int]) -> None:
    """Write what is missing and measure each length in a process of its own."""
    catalog = Catalog(folder)
    catalog.add_instruments([PERPETUAL])
    present = {path.stem for path in catalog.files("quote", PERPETUAL.id)}
    for day in range(max(millions)):
        if str(np.datetime64(START + day * DAY, "ns").astype("datetime64[D]")) not in present:
            write_day(catalog, day)
    for days in millions:
        for how in ("catalog", "data", "data"):  # the second time the columns are there
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.long_case",
                folder,
                "play",
                days,
                how,
            ]
            subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    if sys.argv[2:3] == ["play"]:
        print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[3]), sys.argv[4])), flush=True)
    else:
        main(Path(sys.argv[1]), list(map(int, sys.argv[2:])) or [1, 10, 50])
