"""Sweeps: every variant in its place, whatever becomes of the others."""

import os
import re
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openoutcry.actors.strategies.ema_cross import EmaCross
from openoutcry.actors.strategy import Strategy
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.engine import replay
from openoutcry.replay.result import to_json
from openoutcry.replay.sweep import sweep, variants
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import ConfigError
from tests.harness import config, feed, strategy
from tests.markets import MARGIN, PERP, quote_walk

ROOT = Path(__file__).resolve().parents[2]
FAST = [2, 3, 5, 8]


class Stops(Strategy):
    """Somebody presses Ctrl-C in the third run, or the process dies, or setup is wrong."""

    class Params(Strategy.Params):
        run: int
        what: str

    params: Params

    def setup(self) -> None:
        self.subscribe_quotes(PERP.id)
        if self.params.run == 3 and self.params.what == "raise":
            raise ValueError("on purpose")

    def on_start(self) -> None:
        if self.params.run == 3 and self.params.what == "interrupt":
            signal.raise_signal(signal.SIGINT)
        if self.params.run == 3 and self.params.what == "die":
            os._exit(1)


def settings(cls, **params):
    return config(MARGIN, [feed(PERP.id, "quote")], [strategy(cls, **params)], currency="USDT")


@pytest.fixture
def data(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.add_instruments([PERP])
    catalog.write("quote", PERP.id, quote_walk(3, 2_000), source="test")
    return Dataset(tmp_path)


CROSS = settings(EmaCross, instrument=PERP.id, size="0.1", slow=10, timeframe="1m")


def same(result):
    return to_json(result, measurement=False)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_results_are_those_of_single_runs_in_the_order_of_the_configs(data, workers):
    configs = variants(CROSS, {"fast": FAST})
    done = sweep(configs, data=data, workers=workers)
    assert not done.interrupted
    assert [run.params["s"]["fast"] for run in done.runs] == FAST
    assert list(map(same, done.results)) == [same(replay(one, data=data)) for one in configs]
    assert len({result.state_hash for result in done.results}) > 1


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_cannot_be_made_is_reported_with_its_parameters_and_stops_no_other(
    data, workers
):
    done = sweep(variants(CROSS, {"fast": [2, "two", 3]}), data=data, workers=workers)
    (wrong,) = done.errors
    assert wrong.params["s"]["fast"] == "two"
    assert wrong.error is not None
    assert wrong.error.startswith("X1000: strategy s: parameters of ")
    assert [run.result is None for run in done.runs] == [False, True, False]


def test_an_error_of_the_strategy_in_setup_is_one_run_s(data):
    grid = {"run": range(1, 6), "what": ["raise"]}
    done = sweep(variants(settings(Stops), grid), data=data)
    assert [run.error for run in done.runs if run.error] == ["ValueError: on purpose"]
    assert len(done.results) == 4


def test_ctrl_c_gives_what_is_done(data):
    grid = {"run": range(1, 6), "what": ["interrupt"]}
    done = sweep(variants(settings(Stops), grid), data=data)
    assert done.interrupted
    assert [run.params["s"]["run"] for run in done.runs] == [1, 2]


@pytest.mark.slow
def test_a_worker_that_dies_is_reported(data):
    grid = {"run": range(1, 6), "what": ["die"]}
    done = sweep(variants(settings(Stops), grid), data=data, workers=2)
    assert [run.params["s"]["run"] for run in done.runs] == [1, 2, 3, 4, 5]
    assert done.errors
    assert all("the worker process died" in str(run.error) for run in done.errors)


def test_a_grid_is_every_combination_the_last_parameter_first():
    made = variants(CROSS, {"fast": [2, 3], "s.slow": [10, 20]})
    assert [(c.strategies[0].params["fast"], c.strategies[0].params["slow"]) for c in made] == [
        (2, 10),
        (2, 20),
        (3, 10),
        (3, 20),
    ]
    assert {c.strategies[0].params["size"] for c in made} == {"0.1"}


def test_a_grid_of_a_strategy_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="there is no strategy other"):
        variants(CROSS, {"other.fast": [2]})


def test_the_example_of_the_page_finds_the_best(data):
    page = ROOT / "docs" / "how-to" / "sweep-parameters.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(page), "exec"), names)
    best = names["best_of"](CROSS, data.catalog.path)
    grid = variants(CROSS, {"fast": [5, 10, 20], "slow": [50, 100]})
    assert best.final_equity.amount == max(
        replay(one, data=data).final_equity.amount for one in grid
    )


def test_results_of_workers_have_their_rows(data):
    """A result travels as columns; its rows are made where they are looked at."""
    import pickle

    result = replay(variants(CROSS, {"fast": [2]})[0], data=data)
    there = pickle.loads(pickle.dumps(result))
    assert there.detail == result.detail
    assert there.final_equity.amount != Decimal(0)
