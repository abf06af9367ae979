"""Many runs in one process: each cleans up after itself."""

import gc
import os
from pathlib import Path

import pykka
import pytest

from openoutcry.actors.strategies.ema_cross import EmaCross
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.engine import replay
from openoutcry.state.catalog import Catalog
from tests.harness import config, feed, strategy
from tests.markets import MARGIN, PERP, quote_walk

GROWTH = 0.01
"""Of what a process holds after the first runs; a graph that stayed alive in each is some 300 kB."""


def resident_kb() -> int:
    """Memory of this process now, not its peak."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("shared", [False, True], ids=["catalog", "dataset"])
@pytest.mark.parametrize("runs", [300, pytest.param(1_000, marks=pytest.mark.slow)])
def test_many_replays_keep_memory_flat_and_leave_no_actor_behind(tmp_path, runs, shared):
    catalog = Catalog(tmp_path)
    catalog.add_instruments([PERP])
    catalog.write("quote", PERP.id, quote_walk(3, 500), source="test")
    cross = strategy(EmaCross, instrument=PERP.id, size="0.1", fast=2, slow=4, timeframe="1m")
    settings = config(MARGIN, [feed(PERP.id, "quote")], [cross], currency="USDT")
    data = Dataset.load(tmp_path, settings.feeds) if shared else None
    before = len(pykka.ActorRegistry.get_all())
    hashes = []
    level = 0
    for run in range(runs):
        if run == runs // 2:  # caches are full, and the allocator has found its sizes
            gc.collect()
            level = resident_kb()
        result = replay(settings, catalog=None if shared else tmp_path, data=data)
        assert len(pykka.ActorRegistry.get_all()) == before
        if run in (0, runs - 1):
            hashes.append((result.journal_hash, result.state_hash))
    gc.collect()
    assert result.orders > 0
    assert hashes[0] == hashes[1]
    grown = resident_kb() - level
    assert grown < level * GROWTH, f"{grown} kB more than {level} after {runs} runs"
