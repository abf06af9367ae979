"""Memory is bounded by the chunks at hand, not by the length of the recording."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.state.catalog import Catalog
from tests.benchmarks.cases.quotes import PERPETUAL
from tests.benchmarks.long_case import write_day

ROOT = Path(__file__).resolve().parent.parent.parent
DAYS, MORE_DAYS, DAY_ROWS = 3, 9, 500_000
ROW_BYTES = 6 * 8
RUNS = 4  # threads that decode make a peak vary by 30 MB, upwards only
LOADED_MB = (MORE_DAYS - DAYS) * DAY_ROWS * ROW_BYTES / 1e6  # 144: what the longer one would hold


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("how", ["catalog", "data"])
def test_three_times_as_many_days_take_no_more_memory(tmp_path, how):
    catalog = Catalog(tmp_path)
    catalog.add_instruments([PERPETUAL])
    for day in range(MORE_DAYS):
        write_day(catalog, day, DAY_ROWS)

    def played(days):
        command = [sys.executable, "-m", "tests.benchmarks.long_case", tmp_path, "play", days, how]
        done = subprocess.run(
            list(map(str, command)), cwd=ROOT, check=True, capture_output=True, text=True
        )
        answer = json.loads(done.stdout)
        assert answer["quotes"] == days * DAY_ROWS
        return answer

    if how == "data":
        played(MORE_DAYS)  # builds the columns
    few, many = ([played(days) for _ in range(RUNS)] for days in (DAYS, MORE_DAYS))
    for memory in ("peak_anonymous_mb", "peak_rss_mb"):
        grown = min(run[memory] for run in many) - min(run[memory] for run in few)
        assert grown < LOADED_MB / 3, f"{memory}: {grown} MB more, {few} {many}"
