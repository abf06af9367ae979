"""What the paper venue's log costs for each turn of the core in which the venue did something.

    python -m tests.benchmarks.paper_venue_bench [FOLDER]

A turn is one order that is taken and one cancel of another, with so many orders open; the figures are of
the log alone (entries, state, one write), then of the same with a wait for the disk, and of coming back.
"""

import sys
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from openoutcry.replay.paper_log import PaperLog, log_files
from tests.replay.paper_kit import Rig, cancel, order

TURNS = 3_000
SYNCED = 300


def turns(folder: Path, open_orders: int, count: int, *, sync: bool) -> tuple[list[float], int]:
    """Microseconds of the log for each turn, and bytes a turn."""
    log = PaperLog(folder, keep=None, sync=sync)
    rig = Rig(folder, [(10, 10_000, 10_002)], log=log)
    rig.play(1)
    for number in range(1, open_orders + 1):
        rig.send(order(number, limit_units=9_000))
    rig.play()
    before = sum(file.stat().st_size for file in log_files(folder))
    took = []
    for number in range(open_orders + 1, open_orders + count + 1):
        rig.send(order(number, limit_units=9_000), cancel(number - open_orders))
        while rig.kernel.next() is not None:
            pass
        begin = time.perf_counter_ns()
        rig.venue.append()
        took.append((time.perf_counter_ns() - begin) / 1_000)
    rig.die()
    size = sum(file.stat().st_size for file in log_files(folder)) - before
    return took, size // count


def main(parent: str | None) -> None:
    """Print the table."""
    print("open orders | state, bytes | record, bytes | µs p50 | p99 | synced p50 | p99 | back, ms")
    for open_orders in (2, 100):
        with TemporaryDirectory(dir=parent) as name:
            took, size = turns(Path(name) / "a", open_orders, TURNS, sync=False)
            synced, _ = turns(Path(name) / "b", open_orders, SYNCED, sync=True)
            begin = time.perf_counter()
            rig = Rig(Path(name) / "a", [], start=20)
            back = (time.perf_counter() - begin) * 1_000
            state = len(rig.venue.snapshot())
        cut = [quantiles(values, n=100) for values in (took, synced)]
        plain = f"{cut[0][49]:.1f} | {cut[0][98]:.1f}"
        waits = f"{cut[1][49]:.0f} | {cut[1][98]:.0f}"
        print(f"{open_orders} | {state} | {size} | {plain} | {waits} | {back:.0f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
