"""Paper sessions over whole recordings decide what their replays decide: `outcry run`, then `outcry parity`.

Faster than anybody would watch, so that they fit a test.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.crash.torture import BTC, import_tape
from tests.scenarios import kit

pytestmark = [pytest.mark.data, pytest.mark.slow]
AIG, BAC, SPY = "AIG.USA", "BAC.USA", "SPY.USA"
DAY = "20131007"
DAY_ROWS = 1_920_914


def paper(folder: Path, text: str, speed: int) -> Any:
    """A session to the end of its tape, and its parity document."""
    config, state = folder / "outcry.toml", folder / "state"
    config.write_text(text, encoding="utf-8")
    words = ("run", config, "--state-dir", state, "--feed", "tape", "--until-end")
    ran = kit.outcry(*words, "--speed", speed)
    assert ran.code == 0, ran.out + ran.err
    said = kit.outcry("parity", state)
    found = kit.outcry("parity", state, "--json").document
    orders = f"{found['orders']:,}"
    assert said.code == 0, said.out
    line = f"parity: {orders} live orders = {orders} replayed orders, 0 differences"
    assert said.out.strip() == line
    assert (found["same"], found["complete"], found["holes"]) == (True, True, 0)
    return found


def test_both_days_of_the_recorded_book_on_paper(shared_data: Path, tmp_path: Path) -> None:
    import_tape(tmp_path / "catalog")
    maker = {"size": "0.001", "max_position": "0.01", "half_spread_ticks": 200}
    parts = [
        kit.table(
            "[[venues]]",
            name="BINANCE",
            balances={"USDT": "100000000", "BTC": "1000"},
            fees={"maker": "0.001", "taker": "0.001"},
            matching={"passive": "trades"},
        ),
        kit.feed(BTC, "quote", "trade", "book"),
        kit.strategy("maker", "market_maker", instrument=BTC, requote_ticks=100, **maker),
        kit.strategy("sweeper", "tests.scenarios.strategies:Sweeper", instrument=BTC),
    ]
    found = paper(tmp_path, kit.config(tmp_path / "catalog", "USDT", parts), speed=100)
    assert found["orders"] > 300
    assert found["inputs"] > 90_000


def test_a_day_of_equity_ticks_on_paper(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "lean" / "equity" / "usa" / "tick"
    for symbol in ("aig", "bac", "spy"):
        day = tmp_path / "raw" / "equity" / "usa" / "tick" / symbol
        day.mkdir(parents=True)
        for file in (source / symbol).glob(f"{DAY}*"):
            shutil.copy(file, day)
    catalog = tmp_path / "catalog"
    kit.import_into(catalog, tmp_path / "raw" / "equity" / "usa" / "tick", "lean")
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
    found = paper(tmp_path, kit.config(catalog, "USD", parts), speed=5_000)
    assert found["orders"] > 30
    assert found["inputs"] >= DAY_ROWS
