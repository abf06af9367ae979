"""What stays inside the engine changes nothing: not what strategies hear, nor what they decide.

`make soak` (`OPENOUTCRY_EXAMPLES=4000`) looks at a hundred times as many markets. A failure prints its plan,
with the seed, which is all that market and strategies are made of: `skipping(Plan(...))` plays it again.
"""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.wild import KINDS, Plan, by_messages, restoring, skipping, stepping

EXAMPLES = int(os.environ.get("OPENOUTCRY_EXAMPLES", "40"))
LATENCIES = st.sampled_from([0, 0, 1, 700, 250_000])
PLANS = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    rows=st.integers(2, 150),
    kinds=st.tuples(*[st.integers(0, len(KINDS) - 1)] * 2),
    strategies=st.integers(1, 3),
    order_latency=LATENCIES,
    report_latency=LATENCIES,
    feed_latency=LATENCIES,
    chunk_rows=st.integers(1, 200),
)


@pytest.mark.timeout(0)
@settings(max_examples=EXAMPLES)
@given(plan=PLANS)
def test_every_way_to_play_comes_to_the_same(plan: Plan) -> None:
    """Skipping, cut elsewhere, stepping, with restored strategies, and as messages as live."""
    expected = skipping(plan)
    assert skipping(plan, plan.chunk_rows) == expected
    assert stepping(plan) == expected
    assert restoring(plan) == expected
    assert by_messages(plan) == expected


def test_the_markets_are_worth_playing() -> None:
    """Most of what a strategy can hear of is heard within a few plans."""
    heard = ""
    for seed in range(12):
        plan = Plan(seed, 100, (2, 3), 2, 700, 0, 0, 7)
        heard += "".join(map("".join, skipping(plan).heard.values()))
    for name in ("averages", "rsi", "bands", "macd", "level", "Quote(", "Trade(", "Bar("):
        assert name in heard, name
    for name in ("OrderFilled", "OrderCanceled", "OrderReplaced", "OrderTriggered", "TimerFired"):
        assert name in heard, name
