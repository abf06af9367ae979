"""100 parameter pairs of an SMA cross over five years of days, on data that is read once."""

from pathlib import Path

from openoutcry.replay.collect import RunFacts, collect
from openoutcry.replay.session import ReplaySession
from openoutcry.state.catalog import Catalog
from openoutcry.state.config import Config
from tests.benchmarks.cases import bars
from tests.benchmarks.cases.measure import (
    Case,
    Measured,
    Stopwatch,
    first_ts,
    loaded,
    play,
    with_params,
)

PAIRS = [(fast, slow) for fast in range(5, 25, 2) for slow in range(30, 130, 10)]
"""The peers' grid."""


def measure_sweep(case: Case, catalog: Path) -> Measured:
    """`result` is all runs with their statistics, on columns in memory."""
    whole = Stopwatch()
    config = case.settings(catalog)
    source = Catalog(catalog)
    instruments = source.instruments()
    columns, start = loaded(config, source), first_ts(config, source)
    watch = Stopwatch()
    fills, best, events = 0, float("-inf"), 0
    for fast, slow in PAIRS:
        chosen = with_params(config, fast=fast, slow=slow)
        session = ReplaySession(chosen, instruments, columns, start=start)
        play(session)
        result = collect(session, RunFacts(run_id="", interrupted=False, first_ts=start))
        fills += result.fills
        events += result.events_total
        best = max(best, result.performance.total_return or 0.0)
    spent = watch.read()
    return {
        "events": events,
        "orders": fills,
        "fills": fills,
        "runs": len(PAIRS) * len(instruments),
        "best": best,
        "phases": {"result": spent, "whole": whole.read()},
    }


def _config(catalog: Path) -> Config:
    return bars.sma(bars.instruments(catalog), "1d-last")


def _one(_n: int) -> str:
    return "daily-1825x1"


def _ten(_n: int) -> str:
    return "daily-1825x10"


CASES = {
    "sweep_1": Case(_one, _config, measure_sweep),
    "sweep_10": Case(_ten, _config, measure_sweep),
}
