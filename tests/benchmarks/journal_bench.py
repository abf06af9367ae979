"""What journaling costs: `python -m tests.benchmarks.journal_bench [FOLDER]`, on the disk of the folder.

On the core's thread: nanoseconds per record and per hand-over. On the disk: how long a group takes from
hand-over to durable, and how many records a second go through.
"""

import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from openoutcry import _native
from openoutcry.state.codec import encode
from openoutcry.state.journal import JournalOptions, LmdbJournal, open_journal
from openoutcry.state.journal_admin import verify
from openoutcry.state.journal_check import check_file
from tests.order_kit import EVIDENCE
from tests.state.journal_kit import identity

ROUNDS = 7
BODY = encode(EVIDENCE.fill(3))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Waiter:
    """Waits for the writer as a loop would: one wake-up per commit."""

    def __init__(self) -> None:
        self.heard = threading.Condition()

    def durable(self) -> None:
        with self.heard:
            self.heard.notify()

    def wait(self, journal: LmdbJournal, seq: int) -> None:
        with self.heard:
            self.heard.wait_for(lambda: journal.settle() >= seq)


def opened(folder: Path, durability: Any) -> tuple[LmdbJournal, Waiter]:
    shutil.rmtree(folder, ignore_errors=True)
    waiter = Waiter()
    options = JournalOptions(durability=durability, buffer_bytes=1 << 30)
    return open_journal(folder, identity(), options, on_durable=waiter.durable), waiter


def best(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(ROUNDS))


def core_costs(folder: Path) -> None:
    """Nanoseconds on the core's thread, best of several rounds."""
    count = 20_000
    fill = EVIDENCE.fill(3)

    def native(after: int | None) -> float:
        journal = _native.Journal(after=after)
        begin = time.perf_counter_ns()
        for seq in range(count):
            journal.append(seq, BODY)
        return (time.perf_counter_ns() - begin) / count

    def from_python() -> float:
        journal = _native.Journal(after=0)
        begin = time.perf_counter_ns()
        for seq in range(count):
            journal.append(seq, encode(fill))
        return (time.perf_counter_ns() - begin) / count

    def handing_over(records: int) -> float:
        journal, waiter = opened(folder, "strict")
        append = journal.native.append
        begin = time.thread_time_ns()
        for seq in range(1, 2001):
            for _ in range(records):
                append(seq, BODY)
            journal.hand_over(seq)
        spent = time.thread_time_ns() - begin
        waiter.wait(journal, 2000)
        journal.close()
        return spent / 2000 / records

    say(f"record of {len(BODY)} bytes, on the core's thread, ns:")
    say(f"  append, nobody writes it     {best(lambda: native(None)):6.0f}")
    say(f"  append, for the writer       {best(lambda: native(0)):6.0f}")
    say(f"  the same, encoded in Python  {best(from_python):6.0f}")
    for records in (1, 5):
        cost = best(partial(handing_over, records))
        say(f"  with a hand-over each {records}        {cost:6.0f}   (CPU, a record)")


def commits(folder: Path, durability: str, records: int, groups: int) -> list[float]:
    """Microseconds from hand-over to durable, one group at a time."""
    journal, waiter = opened(folder, durability)
    spent = []
    for seq in range(1, groups + 1):
        for _ in range(records):
            journal.native.append(seq, BODY)
        begin = time.perf_counter()
        journal.hand_over(seq)
        waiter.wait(journal, seq)
        spent.append((time.perf_counter() - begin) * 1e6)
    journal.close()
    return spent


def through(folder: Path, durability: str) -> float:
    """Records a second, handed over one by one as fast as the core can."""
    count = 100_000
    journal, waiter = opened(folder, durability)
    begin = time.perf_counter()
    for seq in range(1, count + 1):
        journal.native.append(seq, BODY)
        journal.hand_over(seq)
    waiter.wait(journal, count)
    spent = time.perf_counter() - begin
    journal.close()
    return count / spent


def main(folder: Path) -> None:
    core_costs(folder / "s")
    say(
        "\nhand-over to durable, µs (p50 / p99), and records a second when all are handed over at once:"
    )
    say(
        "durability        1 record       10 records      100 records     1000 records    records/s"
    )
    for durability in ("strict", "group", "process"):
        cells = []
        for records, groups in ((1, 500), (10, 500), (100, 300), (1000, 60)):
            spent = commits(folder / "s", durability, records, groups)
            p99 = statistics.quantiles(spent, n=100)[98]
            cells.append(f"{statistics.median(spent):6.0f} / {p99:6.0f}")
        rate = max(through(folder / "s", durability) for _ in range(3))
        say(f"{durability:10} {'  '.join(cells)}  {rate:9,.0f}")
    begin = time.perf_counter()
    report = verify(folder / "s")
    middle = time.perf_counter()
    check_file(folder / "s" / "journal" / "data.mdb")
    size = (folder / "s" / "journal" / "data.mdb").stat().st_size
    walk = time.perf_counter() - middle
    say(f"\nverify {report.records:,} records ({size / 1e6:.0f} MB): {middle - begin:.2f} s,")
    say(
        f"of which the walk through the file {walk:.2f} s; {size / report.records:.0f} bytes a record"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main(Path(name))
