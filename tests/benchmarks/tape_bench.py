"""What the tape costs: `python -m tests.benchmarks.tape_bench [FOLDER]`, on the disk of the folder.

On the core's thread: microseconds of `write` and `flush` for a turn of one quote and of 1,000; then of a core
that turns every 200 µs, alone and while a thread beside it makes Parquet. Beside the core: megabytes of raw rows a
second that are converted, and read.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openoutcry.state.tape import TapeWriter
from openoutcry.state.tape_config import TapeConfig
from openoutcry.state.tape_convert import Converter
from openoutcry.state.tape_reader import TapeReader
from openoutcry.state.tape_threads import ConvertThread
from tests.markets import PERP
from tests.state.tape_kit import DAY, QUOTE, T0

Columns = dict[str, NDArray[np.int64]]
NOTHING_BESIDE = TapeConfig(segment_mb=1 << 20, sync_ms=3_600_000)
BIG_TURNS, BIG_ROWS = 1_300, 1_000  # 62 MB: a segment


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def quotes(rows: int, ts: int) -> Columns:
    """A walk; numbers that compress as a market's do."""
    draw = np.random.default_rng(1)
    bid = 4_000_000 + np.cumsum(draw.integers(-9, 10, rows))
    stamps = ts + np.arange(rows, dtype=np.int64) * 1_000
    sizes = draw.integers(1, 5_000, (2, rows))
    values = (stamps, stamps, bid, bid + 10, sizes[0], sizes[1])
    names = ("ts_event", "ts_received", "bid", "ask", "bid_size", "ask_size")
    return dict(zip(names, values, strict=True))


def opened(folder: Path, config: TapeConfig = NOTHING_BESIDE) -> TapeWriter:
    shutil.rmtree(folder, ignore_errors=True)
    return TapeWriter(folder, [QUOTE], [PERP], config=config, background=False)


def turns(
    tape: TapeWriter,
    rows: int,
    count: int,
    pause_us: int = 0,
    go_on: Callable[[], bool] | None = None,
) -> str:
    """Microseconds of turns: p50, p99, p99.9, largest."""
    costs = []
    columns = quotes(rows, T0)
    seq = 0
    while seq < count or (go_on is not None and go_on()):
        begin = time.perf_counter_ns()
        tape.write(QUOTE, columns)
        tape.flush(seq := seq + 1, T0 + seq)
        end = time.perf_counter_ns()
        costs.append((end - begin) / 1_000)
        if pause_us:
            time.sleep(pause_us / 1_000_000)
    found = np.percentile(costs, [50, 99, 99.9, 100])
    return " / ".join(f"{value:,.1f}" for value in found) + f"  ({len(costs):,} turns)"


def closed_segment(folder: Path) -> float:
    """A segment of a turn of 1,000 quotes after the other; its megabytes."""
    tape = opened(folder)
    for number in range(BIG_TURNS):
        now = T0 + number * 10**9
        tape.write(QUOTE, quotes(BIG_ROWS, now))
        tape.flush(number + 1, now)
    tape.close(convert=False)
    return BIG_TURNS * BIG_ROWS * 48 / 1e6


def converter(folder: Path) -> Converter:
    return Converter(folder, limit_bytes=1 << 40, limit_ns=DAY)


def beside(folder: Path) -> str:
    """A core's turns while segments are converted beside it, four times in a row."""
    folders = [folder / f"other-{number}" for number in range(4)]
    for each in folders:
        closed_segment(each)
    threads: list[ConvertThread] = []

    def busy() -> bool:
        if threads and threads[-1].alive:
            return True
        if not folders:
            return False
        thread = ConvertThread(
            converter(folders.pop()), lambda: (1 << 30, T0 + 9 * DAY), keep_days=0, retry_s=1
        )
        thread.close(0, convert=True)
        threads.append(thread)
        return True

    tape = opened(folder / "tape")
    found = turns(tape, 1, 0, pause_us=200, go_on=busy)
    tape.close(convert=False)
    return found


def main(folder: Path) -> None:
    say("µs of write + flush on the core's thread: p50 / p99 / p99.9 / largest")
    for rows, count in ((1, 50_000), (1_000, 3_000)):
        tape = opened(folder / "tape")
        say(f"  {rows:>5} rows a turn, back to back       {turns(tape, rows, count)}")
        tape.close(convert=False)
    for name, sync_ms in (("nothing beside it", 3_600_000), ("a sync every 20 ms", 20)):
        tape = opened(folder / "tape", TapeConfig(segment_mb=1 << 20, sync_ms=sync_ms))
        found = turns(tape, 1, 10_000, pause_us=200)
        say(f"      1 row every 200 µs, {name:<19} {found}")
        tape.close(convert=False)
    say(f"      1 row every 200 µs, converting          {beside(folder)}")
    megabytes = closed_segment(folder / "tape")
    begin = time.perf_counter()
    rows = sum(len(chunk["bid"]) for chunk in TapeReader(folder / "tape").chunks(QUOTE))
    say(f"raw rows read      {megabytes / (time.perf_counter() - begin):,.0f} MB/s ({rows:,} rows)")
    begin = time.perf_counter()
    converter(folder / "tape").convert([1])
    took = time.perf_counter() - begin
    size = sum(path.stat().st_size for path in (folder / "tape/catalog").rglob("*.parquet")) / 1e6
    say(
        f"made into Parquet  {megabytes / took:,.0f} MB/s, verified; {megabytes:.0f} MB became {size:.0f} MB"
    )
    begin = time.perf_counter()
    rows = sum(len(chunk["bid"]) for chunk in TapeReader(folder / "tape").chunks(QUOTE))
    say(f"Parquet rows read  {megabytes / (time.perf_counter() - begin):,.0f} MB/s ({rows:,} rows)")


if __name__ == "__main__":
    place = tempfile.mkdtemp(dir=sys.argv[1] if sys.argv[1:] else None)
    try:
        main(Path(place))
    finally:
        shutil.rmtree(place)
