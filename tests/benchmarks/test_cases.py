"""Our cases of the benchmarks, at a hundredth of their size: they run, and do what they say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.replay.engine import replay
from openoutcry.state.catalog import Catalog
from tests.benchmarks.cases import depth, fresh, quotes, sweep
from tests.benchmarks.cases.measure import measure_replay
from tests.benchmarks.replay_case import CASES
from tests.benchmarks.rows import prepared
from tests.benchmarks.workloads import BY_NAME, WORKLOADS

ROWS = 10_000
SILENT = ("quotes_noop", "quotes_noop_py", "quotes_bars", "growth")


@pytest.fixture(scope="module")
def made(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the rows of this module's cases are made; without the generator there are none."""
    if not (shared / "bench" / "workload.py").exists():
        pytest.skip("the generator of the rows (../shared/bench) is not beside this checkout")
    return tmp_path_factory.mktemp("rows")


@pytest.mark.parametrize("name", CASES)
def test_a_case_plays_its_rows_and_trades_unless_it_only_listens(
    name: str, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in BY_NAME and BY_NAME[name].skipped:
        pytest.skip(BY_NAME[name].skipped)
    monkeypatch.setattr(sweep, "PAIRS", [(5, 30)])
    case = CASES[name]
    measured = case.run(prepared(case.rows(ROWS), made))
    assert measured["events"] > 0
    assert (measured["orders"] == 0) == name.startswith(SILENT)
    assert measured.get("denied", 0) == 0
    assert all(spent["cpu_s"] > 0 for spent in measured["phases"].values())


def test_every_workload_names_cases_that_are_there() -> None:
    inside = {name for item in WORKLOADS if not item.fresh for name in item.ours}
    outside = {name for item in WORKLOADS if item.fresh for name in item.ours}
    assert inside <= set(CASES)
    assert outside <= set(fresh.STRATEGIES)


def test_the_fresh_process_plays_the_config_of_the_case_inside(made: Path) -> None:
    inside = quotes.CASES["quotes_ema_tick"].settings(made)
    assert fresh.config("ema") == inside
    assert fresh.config("noop") == quotes.CASES["quotes_noop"].settings(made)


def test_the_fresh_process_prints_what_a_replay_gives(made: Path) -> None:
    catalog = prepared(f"quotes-{ROWS}", made)
    command = [sys.executable, "-m", "tests.benchmarks.cases.fresh", str(catalog), "ema"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    inside = measure_replay(quotes.CASES["quotes_ema_tick"], catalog)
    told = json.loads(printed)
    assert told == {name: inside[name] for name in told}


def test_the_depth_rows_end_in_the_touch_of_the_last_quote(made: Path) -> None:
    played = prepared(depth.CASES["depth_maker"].rows(ROWS), made)
    last_quote = list(Catalog(prepared(f"quotes-{ROWS // 2}", made)).chunks(
        "quote", quotes.PERPETUAL.id
    ))[-1]  # fmt: skip
    rows = list(Catalog(played).chunks("book", depth.PERPETUAL.id))[-1]
    bid, ask = (
        [int(p) for p, s, z in zip(rows["price"], rows["side"], rows["size"], strict=True)
         if s == side and z][-1]
        for side in (1, -1)
    )  # fmt: skip
    assert bid == int(last_quote["bid"][-1]) // 10
    assert ask == max(-(-int(last_quote["ask"][-1]) // 10), bid + 1)


def test_the_maker_sends_at_most_one_order_a_side_at_each_step(made: Path) -> None:
    catalog = prepared(depth.CASES["depth_maker"].rows(ROWS), made)
    result = replay(depth.CASES["depth_maker"].settings(catalog), catalog=catalog)
    assert result.status == "complete"
    assert result.detail is not None
    sent = [(order.ts_created, order.side) for order in result.detail.orders]
    assert len(set(sent)) == len(sent)
