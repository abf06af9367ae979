"""Frame in → order bytes out, inside the process: `python -m tests.benchmarks.latency_case [QUOTES]`.

A paper daemon is turned by hand on a market that brings one quote at a time; the strategy answers each with
an order at the market. Printed are microseconds, p50 and p99, of

- floor, Python: a plain callback that is given the same row as a message,
- floor, kernel: the row pushed into a session that nobody trades in, and played,
- turn: from the row in hand to the order handed to the journal's writer, everything that the daemon does in
  a turn included (feed, tape, venue's log, journal),
- out: what the gate's second look costs until the order has left, once the journal is durable.

`turn + out` is what stands between frame and order bytes without the disk's wait; `wait` is that wait.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from openoutcry.daemon.parts import Daemon
from tests.benchmarks.daemon_kit import SteppedClock, start, write_config, write_quotes

QUOTES: Final = 5_000
_WARM_UP: Final = 500
_HEAD: Final = f"{'':34}{'p50 µs':>9}{'p99 µs':>9}"


def shown(what: str, spent: Sequence[int]) -> str:
    """A line of the table."""
    spent = spent[_WARM_UP:]
    p50, p99 = statistics.median(spent), statistics.quantiles(spent, n=100)[98]
    return f"{what:34}{p50 / 1000:9.1f}{p99 / 1000:9.1f}"


def next_row(daemon: Daemon) -> None:
    """Move the clock on to the next quote."""
    clock = daemon.core.clock
    assert isinstance(clock, SteppedClock)
    clock.last = max(clock.last, daemon.core.feed.next_ts() or 0)


def settled(daemon: Daemon) -> None:
    """Turn until the order was answered and everything is durable: the journal's thread rests then."""
    core = daemon.core
    while not core.is_quiet:
        if core.session.graph.path.waiting:
            core.wait()
        core.turn()
    while core.journal.settle() < core.session.kernel.seq:
        core.wait()


def orders(daemon: Daemon, count: int) -> tuple[list[int], list[int], list[int]]:
    """Turn, wait and way out of so many orders."""
    core, clock = daemon.core, time.perf_counter_ns
    path, journal = core.session.graph.path, core.journal
    turns, waits, outs = [], [], []
    for _ in range(count):
        next_row(daemon)
        began = clock()
        core.turn()
        made = clock()
        while path.waiting and journal.settle() < core.session.kernel.seq:
            core.wait()
        durable = clock()
        path.on_durable(core.moment)
        outs.append(clock() - durable)
        waits.append(durable - made)
        turns.append(made - began)
        assert not path.waiting
        settled(daemon)
    return turns, waits, outs


def bare(daemon: Daemon, count: int) -> list[int]:
    """Push and play the row, and nothing else."""
    core, clock = daemon.core, time.perf_counter_ns
    spent = []
    for _ in range(count):
        next_row(daemon)
        moment = core.clock.now()
        ((stream, columns),) = core.feed.poll(moment)
        began = clock()
        core.session.push(stream, columns)
        core.session.play(moment)
        spent.append(clock() - began)
    return spent


def callback(count: int) -> list[int]:
    """A Python function that is called with a row."""
    clock = time.perf_counter_ns
    seen = []

    def on_quote(bid: int, ask: int) -> None:
        seen.append(bid + ask)

    spent = []
    handler: Callable[[int, int], None] = on_quote
    for number in range(count):
        began = clock()
        handler(number, number + 1)
        spent.append(clock() - began)
    return spent


def main(count: int) -> None:
    """Print the table."""
    print(_HEAD)
    print(shown("floor: a Python callback", callback(count)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_quotes(folder / "catalog", count + 10)
        for strategy, durability in (
            ("Nobody", "process"),
            ("Taker", "process"),
            ("Taker", "strict"),
        ):
            own = folder / f"{strategy}-{durability}"
            own.mkdir()
            (own / "catalog").symlink_to(folder / "catalog")
            daemon = start(write_config(own / "busy.toml", strategy, durability=durability), own)
            if strategy == "Nobody":
                print(shown("floor: push and play, no strategy", bare(daemon, count)))
            else:
                turns, waits, outs = orders(daemon, count)
                both = [turn + out for turn, out in zip(turns, outs, strict=True)]
                print(shown(f"{durability}: turn", turns))
                print(shown(f"{durability}: out", outs))
                print(shown(f"{durability}: turn + out", both))
                print(shown(f"{durability}: the journal's wait", waits))
            daemon.close(snapshot=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else QUOTES)
