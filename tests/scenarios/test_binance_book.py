"""Binance's recorded books: rebuilt by the kernel, carried over midnight, taken from and made in."""

import bisect
import gzip
import json
import random
from decimal import Decimal
from itertools import pairwise

import pytest

from openoutcry import _native
from openoutcry.state import binding
from openoutcry.state.catalog import Catalog
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.identifiers import VenueId
from tests.scenarios import kit

pytestmark = [pytest.mark.data, pytest.mark.slow]
BTC = "BTCUSDT.BINANCE"
# The book comes each 100 ms and lags bookTicker: what rests is filled by trades, which do not lag.
MAKER = kit.strategy(
    "maker",
    "market_maker",
    instrument=BTC,
    size="0.001",
    max_position="0.01",
    half_spread_ticks=200,
    requote_ticks=100,
)
SWEEPER = kit.strategy("sweeper", "tests.scenarios.strategies:Sweeper", instrument=BTC)
BALANCES = {"USDT": "100000000", "BTC": "1000"}
MIDNIGHT = 1_723_161_600 * kit.SECOND


def venue(**more):
    fees = {"maker": "0.001", "taker": "0.001"}
    return kit.table("[[venues]]", name="BINANCE", balances=BALANCES, fees=fees, **more)


@pytest.fixture(scope="module")
def catalog(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spot") / "data"
    report = kit.import_into(folder, shared_data / "hftbacktest" / "spot", "binance-raw")
    rows = {stream["kind"]: stream["rows"] for stream in report["streams"]}
    assert rows == {"quote": 73_174, "trade": 19_904, "book": 300_094}
    assert report["defects"] == {}
    return folder


def test_orders_beyond_the_top_walk_exactly_the_levels_that_were_there(catalog, tmp_path):
    parts = [venue(matching={"consume": False}), kit.feed(BTC, "book", "trade"), SWEEPER]
    played = kit.play(tmp_path, kit.config(catalog, "USDT", parts)).result
    kit.told("spot sweeper", played)
    detail = played.detail
    assert detail is not None
    orders = [order for order in detail.orders if order.tag != "no_book"]
    for order in orders:
        fills = [f for f in detail.fills if f.client_order_id == order.client_order_id]
        seen = [tuple(map(Decimal, level.split("x"))) for level in order.tag.split()]
        assert [(fill.price, fill.quantity) for fill in fills] == seen
        sign = 1 if order.side is Side.BUY else -1
        assert all(a.price * sign < b.price * sign for a, b in pairwise(fills))
    assert len(orders) > 50
    assert min(fill.ts for fill in detail.fills) < MIDNIGHT < max(f.ts for f in detail.fills)
    assert played.events.get("book_invalidated", 0) == 0


def test_a_maker_and_a_taker_over_midnight_end_at_balances_that_their_fills_add_up_to(
    catalog, tmp_path
):
    matching = {"passive": "trades"}
    parts = [venue(matching=matching), kit.feed(BTC, "quote", "trade", "book"), MAKER, SWEEPER]
    text = kit.config(catalog, "USDT", parts)
    played, again = (kit.play(tmp_path / name, text) for name in ("one", "two"))
    kit.told("spot maker and sweeper", played.result)
    assert kit.unmeasured(played) == kit.unmeasured(again)
    result = played.result
    assert result.events["quote"] == 73_174
    assert result.events["trade"] == 19_904
    assert result.detail is not None
    usdt, btc = (Decimal(BALANCES[code]) for code in ("USDT", "BTC"))
    for fill in result.detail.fills:
        sign = 1 if fill.side is Side.BUY else -1
        usdt -= sign * fill.price * fill.quantity + fill.fee
        btc += sign * fill.quantity
    assert result.balances[VenueId("BINANCE")] == {"BTC": btc, "USDT": usdt}
    by_role = {fill.strategy: fill.liquidity for fill in result.detail.fills}
    assert by_role == {"maker": LiquiditySide.MAKER, "sweeper": LiquiditySide.TAKER}


@pytest.mark.parametrize("lost", [1, 9])
def test_each_lost_diff_invalidates_the_book_and_nothing_fills_on_it(shared_data, tmp_path, lost):
    """Until the first hole orders fill; afterwards there is no book, so there is no fill."""
    source = tmp_path / "raw"
    source.mkdir()
    draw = random.Random(lost)
    broken_at = 0
    for path in sorted((shared_data / "hftbacktest/spot").iterdir()):
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        gone: set[int] = set()
        if "0809" in path.name:
            diffs = [n for n, line in enumerate(lines) if b"depthUpdate" in line]
            gone = {diffs[n] for n in draw.sample(range(101, len(diffs) - 5, 2), lost)}
            broken_at = int(lines[min(gone)].split()[0])
        kept = b"".join(line for n, line in enumerate(lines) if n not in gone)
        (source / path.name).write_bytes(gzip.compress(kept, 1))
    catalog = tmp_path / "data"
    report = kit.import_into(
        catalog, source, "binance-raw", "--symbol", "BTCUSDT", "--receive-offset-ns", 0
    )
    assert report["defects"].pop("received_before_event") > 300_000, "the clock was left alone"
    assert report["defects"] == {"sequence_break": lost}
    parts = [venue(), kit.feed(BTC, "book", "trade"), SWEEPER]
    result = kit.play(tmp_path / "run", kit.config(catalog, "USDT", parts)).result
    assert result.events["book_invalidated"] == lost
    assert result.detail is not None
    assert max(fill.ts for fill in result.detail.fills) <= broken_at
    late = [order for order in result.detail.orders if order.ts_created > broken_at]
    assert late
    denied = "market_state: its book is lost until the next snapshot"
    assert {(order.tag, order.reason) for order in late} == {("no_book", denied)}


@pytest.mark.parametrize(
    ("folder", "instrument", "agreed", "compared"),
    [
        ("cm", "BTCUSD_PERP.BINANCE", 13_808, 13_808),
        ("spot", BTC, 5_735, 5_737),
        ("usdm", "BTCUSDT_PERP.BINANCE", 5_703, 5_703),
    ],
)
def test_the_top_of_the_kernels_book_is_the_venues_own(
    shared_data, tmp_path, folder, instrument, agreed, compared
):
    """After each diff: best prices and sizes of the kernel's market against `bookTicker`."""
    source = shared_data / "hftbacktest" / folder
    kit.import_into(tmp_path, source, "binance-raw")
    known = Catalog(tmp_path).instrument(instrument)
    first_of, tickers = _tickers(source)
    ids = sorted(tickers)
    table = binding.currency_table([known])
    spec = binding.spec(known, table)
    market = _native.Market([spec])
    kernel = _native.Kernel([spec], [known.id], table, [], market)
    kernel.add_feed("book", 0, Catalog(tmp_path).chunks("book", instrument))
    hits, seen = 0, 0
    for update in iter(kernel.next, None):
        at = bisect.bisect_right(ids, update.update_id) - 1
        if update.update_id not in first_of or at < 0 or ids[at] < first_of[update.update_id]:
            continue
        quote = tickers[ids[at]]
        top = tuple(
            (known.price_units(quote[p]), int(known.quantity_units(quote[q])))
            for p, q in (("b", "B"), ("a", "A"))
        )
        (bid,), (ask,) = market.book_top(0, 1)
        seen += 1
        hits += (bid, ask) == top
    assert (hits, seen) == (agreed, compared)
    assert "crossed_book" not in kernel.defects()


def _tickers(source):
    """The first id of each diff by its last, and the best prices by id."""
    first_of, tickers = {}, {}
    for path in sorted(source.iterdir()):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                data = json.loads(line.partition(" ")[2]).get("data", {})
                if data.get("e") == "depthUpdate":
                    first_of[data["u"]] = data["U"]
                elif "B" in data:
                    tickers[data["u"]] = data
    return first_of, tickers
