"""A maker at the touch of recorded books: what its place in the queue leaves of its fills."""

from decimal import Decimal

import pytest

from openoutcry.state.enums import LiquiditySide
from tests.scenarios import kit

pytestmark = [pytest.mark.data, pytest.mark.slow]
JOINER = "tests.scenarios.strategies:Joiner"
INSTRUMENTS = {"usdm": "BTCUSDT_PERP.BINANCE", "spot": "BTCUSDT.BINANCE"}
PLAYED = [
    ("usdm", "trades", "none", 669, 925, "5.962"),
    ("usdm", "trades", "proportional", 420, 364, "2.547"),
    ("usdm", "trades", "conservative", 404, 331, "2.366"),
    ("usdm", "both", "proportional", 420, 363, "2.537"),
    ("usdm", "both", "conservative", 404, 330, "2.356"),
    ("spot", "trades", "none", 1025, 2097, "8.01969"),
    ("spot", "trades", "proportional", 702, 658, "3.875325"),
    ("spot", "trades", "conservative", 685, 629, "3.65502"),
    ("spot", "both", "proportional", 702, 654, "3.885325"),
    ("spot", "both", "conservative", 685, 626, "3.67476"),
]


@pytest.fixture(scope="module")
def catalogs(shared_data, tmp_path_factory):
    root = tmp_path_factory.mktemp("queue")
    for market in INSTRUMENTS:
        kit.import_into(root / market, shared_data / "hftbacktest" / market, "binance-raw")
    return root


def play(catalogs, folder, market, matching):
    instrument = INSTRUMENTS[market]
    settings = {"account": "margin", "leverage": "10", "balances": {"USDT": "1000000"}}
    venue = kit.table(
        "[[venues]]", name="BINANCE", **settings, matching=matching, order_latency_us=5_000
    )
    joiner = kit.strategy("joiner", JOINER, instrument=instrument, size="0.01")
    parts = [venue, kit.feed(instrument, "book", "trade"), joiner]
    return kit.play(folder, kit.config(catalogs / market, "USDT", parts))


@pytest.mark.parametrize(("market", "passive", "queue", "orders", "fills", "filled"), PLAYED)
def test_a_place_in_the_queue_leaves_a_maker_part_of_its_fills(
    catalogs, tmp_path, market, passive, queue, orders, fills, filled
):
    """Orders, fills and the quantity filled, pinned."""
    matching = {"passive": passive, "queue": queue}
    result = play(catalogs, tmp_path, market, matching).result
    kit.told(f"{market} {passive} {queue}", result)
    assert result.detail is not None
    quantity = sum((fill.quantity for fill in result.detail.fills), Decimal(0))
    assert (result.orders, result.fills, quantity) == (orders, fills, Decimal(filled))
    assert {fill.liquidity for fill in result.detail.fills} == {LiquiditySide.MAKER}
    assert result.assumptions["BINANCE queue"].startswith(f"{queue}: ")
