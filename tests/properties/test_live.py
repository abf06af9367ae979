"""A live session is a replay: the same rows and reports give the same decisions, in whatever pieces.

`make soak` (`OPENOUTCRY_EXAMPLES=4000`) looks at a hundred times as many markets. A failure prints its
plan, with the seed, which is all that market, strategies, slices and saves are made of.
"""

import os

import pytest
from hypothesis import given, settings

from tests.properties.live import Repeat, in_slices, original
from tests.properties.test_skipping import PLANS
from tests.properties.wild import Plan, skipping

EXAMPLES = int(os.environ.get("OPENOUTCRY_EXAMPLES", "40"))


@pytest.mark.timeout(0)
@settings(max_examples=EXAMPLES)
@given(plan=PLANS)
def test_rows_pushed_in_slices_and_played_up_to_moments_come_to_the_same(plan: Plan) -> None:
    assert in_slices(plan) == skipping(plan)


@pytest.mark.timeout(0)
@settings(max_examples=EXAMPLES)
@given(plan=PLANS)
def test_a_run_repeated_from_its_tape_and_journal_decides_the_same(plan: Plan) -> None:
    """Without venues; also when everything is saved in between and goes on elsewhere."""
    first = original(plan)
    for saves in (0.0, 0.2):
        records, found = Repeat(plan, first).run(saves)
        assert records == first.records
        assert found.heard == first.outcome.heard
        assert found.failures == first.outcome.failures
        assert found.state == first.outcome.state


def test_what_is_repeated_is_worth_it() -> None:
    """Reports, fills and snapshots with open orders, bars and timers occur within a few plans."""
    reports = 0
    for seed in range(6):
        reports += len(original(Plan(seed, 100, (2, 3), 2, 700, 0, 0, 7)).reports())
    assert reports > 100
