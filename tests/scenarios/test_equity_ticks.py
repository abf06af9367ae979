"""Three days of US equity ticks, all of them, through several strategies at once."""

import pytest

from tests.scenarios import kit

pytestmark = [pytest.mark.data, pytest.mark.slow]
AIG, BAC, SPY = "AIG.USA", "BAC.USA", "SPY.USA"
RECORDED = {
    (AIG, "quote"): 3_622_087,
    (AIG, "trade"): 120_701,
    (BAC, "quote"): 1_697_831,
    (BAC, "trade"): 336_876,
    (SPY, "trade"): 1_141_823,
}


@pytest.fixture(scope="module")
def catalog(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("equities") / "data"
    report = kit.import_into(folder, shared_data / "lean" / "equity" / "usa" / "tick", "lean")
    rows = {(item["instrument"], item["kind"]): item["rows"] for item in report["streams"]}
    assert rows == RECORDED
    assert report["defects"] == {
        "crossed_quote": 688,
        "late_print": 1_762,
        "locked_quote": 187_673,
    }
    return folder


def test_every_tick_of_three_days_plays_twice_to_the_same_bytes(catalog, tmp_path):
    """6.9 million rows, four strategies, one account."""
    fees = {"per_share": "0.005", "minimum": "1"}
    parts = [
        kit.table(
            "[[venues]]", name="USA", account="margin", balances={"USD": "1000000"}, fees=fees
        ),
        kit.feed(AIG, "quote", "trade"),
        kit.feed(BAC, "quote", "trade"),
        kit.feed(SPY, "trade"),
        kit.strategy("aig", "ema_cross", instrument=AIG, size="100", price_type="mid"),
        kit.strategy(
            "bac", "bollinger_reversion", instrument=BAC, size="300", timeframe="500t", period=20
        ),
        kit.strategy("spy", "ema_cross", instrument=SPY, size="50", timeframe="1000t", fast=5),
        kit.strategy("hold", "buy_and_hold", instrument=SPY, size="200", timeframe="1m"),
    ]
    text = kit.config(catalog, "USD", parts)
    played, again = (kit.play(tmp_path / name, text) for name in ("one", "two"))
    for one in (played, again):
        kit.told("SPY, AIG and BAC ticks", one.result)
    result = played.result
    assert result.run_id == again.result.run_id
    assert result.journal_hash == again.result.journal_hash
    assert result.state_hash == again.result.state_hash
    assert kit.unmeasured(played) == kit.unmeasured(again)
    assert sum(result.events[kind] for kind in ("quote", "trade")) == sum(RECORDED.values())
    assert sum(RECORDED.values()) == 6_919_318
    assert result.defects.get("crossed_quote") == 688
    assert {item.strategy for item in result.strategies if item.fills} >= {"aig", "bac", "spy"}
    assert result.detail is not None
    refused = {order.reason for order in result.detail.orders if not order.filled}
    assert refused <= {"market_closed"}, "bars before the opening are seen, not traded on"
    gained = result.final_equity.amount - result.initial_equity.amount
    profit = result.realized_pnl["USD"] + result.unrealized_pnl["USD"] - result.fees["USD"]
    assert gained == profit
