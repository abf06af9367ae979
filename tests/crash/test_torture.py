"""Kills of the real daemon: a twentieth of `make torture`, and one kill at each boundary."""

import random
from pathlib import Path

import pytest

from tests.crash.torture import STEPS, Plan, Round, Torture, figures, fork_server, import_tape

pytestmark = [pytest.mark.data, pytest.mark.slow]
KILLS = 50


@pytest.fixture(scope="module")
def catalog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("torture") / "catalog"
    import_tape(folder)
    return folder


def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path, catalog: Path) -> None:
    said: list[str] = []
    lines = Torture(tmp_path / "t", catalog, KILLS).run(said.append)
    found = figures(lines)
    assert [line.defects for line in lines if line.defects] == [], said
    assert (found["kills"], found["whole_processes"]) == (KILLS, KILLS // 10), said
    assert found["orders"] > KILLS, said


def test_a_kill_at_each_boundary_loses_and_doubles_nothing(tmp_path: Path, catalog: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    with fork_server() as forks:
        round_ = Round(tmp_path / "round", catalog, seed, forks)
        for count, step in enumerate(STEPS):
            few = 1 if step in ("journal open", "session back", "core made") else 1 + count % 3
            plan = Plan(step, 1 if "venue" in step and "log" not in step else few, 20.0, "fork")
            _, defects = round_.kill(plan)
            assert defects == [], f"seed {seed}, {step}"
            assert round_.reached, f"seed {seed}: it never came to {step!r}"
        _, defects = round_.end()
        assert defects == [], f"seed {seed}"
    assert round_.found.orders > 0


def test_what_was_done_is_not_done_again(tmp_path: Path, catalog: Path) -> None:
    first = Torture(tmp_path / "t", catalog, 2, a_round=2).run(lambda _: None)
    said: list[str] = []
    assert Torture(tmp_path / "t", catalog, 2, a_round=2).run(said.append) == first
    assert "2 of 2 kills done" in said[0]
