"""What is said of a config's strategies before they run."""

import sys
from pathlib import Path

import pytest

from openoutcry.daemon.config_loader import ConfigFileError, load
from openoutcry.daemon.strategy_checks import check_strategies, suspects_of

CONFIG = """\
[run]
name = "x"
[[venues]]
name = "SIM"
balances = { USD = "1" }
[[feeds]]
instrument = "A.SIM"
kinds = ["quote"]
[[strategies]]
id = "one"
type = "TYPE"
params = { PARAMS }
"""
GOOD = 'instrument = "A.SIM", size = "1"'


@pytest.fixture(autouse=True)
def _own_modules(monkeypatch):
    """What a test imports from its folder is forgotten after it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("mine"):
            del sys.modules[name]


def written(folder: Path, kind: str, params: str = GOOD, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    file = folder / "outcry.toml"
    file.write_text(CONFIG.replace("TYPE", kind).replace("PARAMS", params))
    return file


def refused(file: Path) -> tuple[int, str, str, str]:
    with pytest.raises(ConfigFileError) as caught:
        check_strategies(load(file))
    (problem,) = caught.value.problems
    return problem.line, problem.key, problem.what, problem.remedy


def test_a_shipped_strategy_is_found_by_name(tmp_path):
    (found,) = check_strategies(load(written(tmp_path, "ema_cross")))
    assert found.__name__ == "EmaCross"
    assert not suspects_of(found)


def test_a_wrong_name_gets_the_nearest_shipped_one(tmp_path):
    line, key, what, remedy = refused(written(tmp_path, "ema_corss"))
    assert (line, key) == (11, "strategies[0].type")
    assert "ema_corss" in what
    assert "ema_cross" in remedy


@pytest.mark.parametrize(
    ("params", "key", "remedy"),
    [
        (f"{GOOD}, fats = 5", "fats", 'did you mean "fast"?'),
        ('instrument = "A.SIM", size = 0.5', "size", 'write "0.5", in quotes'),
        (f'{GOOD}, fast = "5"', "fast", "write a whole number without quotes"),
        ('size = "1"', "instrument", 'add instrument = "..."'),
    ],
)
def test_parameters_are_checked_against_those_of_the_class(tmp_path, params, key, remedy):
    line, found, _, said = refused(written(tmp_path, "ema_cross", params))
    assert (line, found, said) == (12, f"strategies[0].params.{key}", remedy)


OWN = """\
import time
from datetime import datetime

from openoutcry.actors.strategy import Strategy


class Mine(Strategy):
    def on_start(self):
        datetime.now()
        open("x")
"""


def test_a_strategy_beside_the_config_is_found_and_its_suspects_are_named(tmp_path):
    (found,) = check_strategies(load(written(tmp_path, "mine:Mine", "", mine=OWN)))
    said = [str(suspect).rpartition("/")[2] for suspect in suspects_of(found)]
    assert said == [
        "mine.py:1: imports time",
        "mine.py:9: calls datetime.now()",
        "mine.py:10: calls open()",
    ]


def test_a_class_that_is_no_strategy_is_refused(tmp_path):
    file = written(tmp_path, "mine_other:Mine", "", mine_other="class Mine: pass\n")
    assert "is no Strategy class" in refused(file)[2]
