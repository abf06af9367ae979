"""`kill -9` at any moment: what was reported durable is there, once, and the chain holds.

Two of the 200 kills of `make torture` run here, and one at each step of a commit.
"""

import random

import pytest

from tests.crash.journal_kills import STEPS, check, kill_once, run_child
from tests.state.journal_kit import Watch, opened, write


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_of_a_commit(tmp_path, step):
    directory = tmp_path / "s"
    reported = run_child(directory, step, count=9, size=0, reports=1)
    there = check(directory, reported)
    watch = Watch()
    journal = opened(directory, watch)
    assert journal.recovery.left_by is None, "`check` had the lock in between"
    assert journal.last_seq == there
    write(journal, watch, there + 1, there + 5)
    assert journal.close()
    assert check(directory, there + 5) == there + 5


def test_killed_again_and_again_at_random(tmp_path):
    seed = random.SystemRandom().getrandbits(32)
    for number in range(2):
        assert kill_once(tmp_path / "s", seed + number), f"seed {seed + number}"
