"""What an event costs as the data grows: the same quotes again and again, each time later."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.session import ReplaySession
from openoutcry.state.catalog import Catalog
from openoutcry.state.config import Config
from tests.benchmarks.cases import quotes
from tests.benchmarks.cases.measure import Case, Measured, Stopwatch, play
from tests.benchmarks.cases.strategies import Idle, WatchBars

Columns = Mapping[str, NDArray[np.int64]]


class Repeated:
    """Chunks of columns, `times` over; each is made when it is asked for.

    Args:
        columns: One round of them.
        times: How many rounds.
    """

    def __init__(self, columns: Columns, times: int) -> None:
        self._columns = columns
        self._times = times
        ts = columns["ts_received"]
        self._span = int(ts[-1] - ts[0]) + 1_000_000
        self.cpu_s = 0.0

    def __iter__(self) -> Iterator[Columns]:
        for round_ in range(self._times):
            started = time.process_time()
            ts = self._columns["ts_received"] + round_ * self._span
            made = {**self._columns, "ts_event": ts, "ts_received": ts}
            self.cpu_s += time.process_time() - started
            yield made


class Measure:
    """`run` is the kernel's own time: making the chunks is taken off."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, case: Case, catalog: Path) -> Measured:
        """Play the rows in rounds."""
        config = case.settings(catalog)
        source = Catalog(catalog)
        parts = list(source.chunks("quote", config.feeds[0].instrument))
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        repeated = Repeated(whole, self.times)
        start = int(whole["ts_received"][0])
        session = ReplaySession(config, source.instruments(), lambda *_: repeated, start=start)
        watch = Stopwatch()
        play(session)
        spent = watch.read()
        counted = session.kernel.counts()
        run = {name: seconds - repeated.cpu_s for name, seconds in spent.items()}
        return {
            "events": counted["quote"],
            "bars": counted.get("built_bar", 0),
            "orders": 0,
            "ns_per_event": round(run["cpu_s"] / counted["quote"] * 1e9, 2),
            "phases": {"run": run},
        }


def _case(cls: type[Strategy], times: int) -> Case:
    def made(_catalog: Path) -> Config:
        return quotes.config(cls)

    return Case("quotes-{}".format, made, Measure(times))


CASES = {
    f"growth_{name}_{times}": _case(cls, times)
    for name, cls in (("idle", Idle), ("bars", WatchBars))
    for times in (1, 10, 100)
}
