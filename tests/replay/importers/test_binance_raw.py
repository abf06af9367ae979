"""Raw Binance recordings: the rebuilt book agrees with the venue's own best prices."""

import bisect
import gzip
import json
import random

import polars as pl
import pytest

from openoutcry.replay.importers import ImportOptions, import_data
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import BOOK_GAP, BOOK_LAST, BOOK_SNAPSHOT
from openoutcry.state.errors import DataFormatError

FUTURES_DIFF = '{"data":{"e":"depthUpdate","E":1700000000500,"T":1700000000400,"s":"XYZUSDT","U":%d,"u":%d,"pu":%d,"b":[["10.5","%s"]],"a":[]}}'
SNAPSHOT = '{"lastUpdateId":%d,"E":1700000000500,"bids":[["10.5","1"]],"asks":[["10.6","1"]]}'


def read(catalog, *args):
    return pl.concat([pl.DataFrame(chunk) for chunk in catalog.chunks(*args)])


def raw(paths):
    """Messages of recordings."""
    for path in paths:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                yield json.loads(line.partition(" ")[2])


def tops(rows):
    """Best bid and ask (price, size) after each message of a book stream, by update id."""
    sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
    best: dict[int, int | None] = {1: None, -1: None}
    for update, side, price, size, flags in rows.select(
        "update_id", "side", "price", "size", "flags"
    ).iter_rows():
        if flags & BOOK_SNAPSHOT:
            sides, best = {1: {}, -1: {}}, {1: None, -1: None}
        levels = sides[side]
        if size:
            levels[price] = size
            if best[side] is None or price * side > best[side] * side:
                best[side] = price
        else:
            levels.pop(price, None)
            if price == best[side]:
                best[side] = (max if side == 1 else min)(levels, default=None)
        if flags & BOOK_LAST:
            yield update, *((best[s], sides[s].get(best[s] or 0)) for s in (1, -1))


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "instrument", "agreed", "compared"),
    [
        ("cm", "BTCUSD_PERP.BINANCE", 13_808, 13_808),
        ("spot", "BTCUSDT.BINANCE", 5_735, 5_737),
        ("usdm", "BTCUSDT_PERP.BINANCE", 5_703, 5_703),
    ],
)
def test_the_rebuilt_book_has_the_best_prices_of_the_venue(
    shared_data, tmp_path, folder, instrument, agreed, compared
):
    source = shared_data / "hftbacktest" / folder
    report = import_data(source, "binance-raw", tmp_path)
    assert report.defects == {}
    tickers, first_of = {}, {}
    for message in raw(sorted(source.iterdir())):
        data = message.get("data", {})
        if data.get("e") == "depthUpdate":
            first_of[data["u"]] = data["U"]
        elif "B" in data:
            tickers[data["u"]] = data
    known = Catalog(tmp_path).instrument(instrument)
    ids = sorted(tickers)
    hits, seen = 0, 0
    for update, bid, ask in tops(read(Catalog(tmp_path), "book", instrument)):
        at = bisect.bisect_right(ids, update) - 1
        if update not in first_of or at < 0 or ids[at] < first_of[update]:
            continue
        quote = tickers[ids[at]]
        seen += 1
        hits += (bid, ask) == tuple(
            (known.price_units(quote[p]), int(known.quantity_units(quote[q])))
            for p, q in (("b", "B"), ("a", "A"))
        )
        assert bid[0] < ask[0]
    assert (hits, seen) == (agreed, compared)


@pytest.mark.data
@pytest.mark.parametrize("lost", [0, 1, 7, 40])
def test_lost_diffs_are_reported_exactly(shared_data, tmp_path, lost):
    """Remove k diffs that are no neighbours: k breaks, k marked rows."""
    lines = gzip.decompress(
        (shared_data / "hftbacktest/spot/btcusdt_20240809.gz").read_bytes()
    ).splitlines(keepends=True)
    diffs = [n for n, line in enumerate(lines) if b"depthUpdate" in line]
    # pytest-randomly seeds `random` and prints the seed.
    gone = {diffs[n] for n in random.sample(range(5, len(diffs) - 5, 2), lost)}
    first = json.loads(lines[diffs[0]].partition(b" ")[2])["data"]["U"]
    head = (
        lines[0].split(b" ")[0]
        + b' {"lastUpdateId":%d,"bids":[["1","1"]],"asks":[["99999","1"]]}\n'
    )
    kept = [line for n, line in enumerate(lines) if n not in gone]
    path = tmp_path / "btcusdt.gz"
    path.write_bytes(gzip.compress(head % (first - 1) + b"".join(kept), 1))
    report = import_data(path, "binance-raw", tmp_path / "out")
    assert report.defects.get("sequence_break", 0) == lost
    book = read(Catalog(tmp_path / "out"), "book", "BTCUSDT.BINANCE")
    assert (book["flags"] & BOOK_GAP != 0).sum() == lost


@pytest.mark.data
@pytest.mark.slow
def test_the_book_goes_on_in_the_next_recording(shared_data, tmp_path):
    """Two files imported one after the other give the rows of both imported together."""
    source = shared_data / "hftbacktest/spot"
    options = ImportOptions(receive_offset_ns=1_280_000_000)
    import_data(source, "binance-raw", tmp_path / "together", options)
    for path in sorted(source.iterdir()):
        report = import_data(path, "binance-raw", tmp_path / "one by one", options)
        assert report.defects == {}
    for kind in ("book", "quote", "trade"):
        one, other = (
            read(Catalog(tmp_path / n), kind, "BTCUSDT.BINANCE") for n in ("together", "one by one")
        )
        assert one.equals(other)


@pytest.mark.data
def test_the_receive_clock_is_corrected_and_the_offset_is_kept(shared_data, tmp_path):
    data = gzip.decompress((shared_data / "hftbacktest/cm/btcusd_perp_20240808.gz").read_bytes())
    (tmp_path / "cm.txt").write_bytes(b"".join(data.splitlines(keepends=True)[:5000]))
    report = import_data(tmp_path / "cm.txt", "binance-raw", tmp_path)
    catalog = Catalog(tmp_path)
    for kind in ("book", "quote", "trade"):
        rows = read(catalog, kind, "BTCUSD_PERP.BINANCE")
        assert (rows["ts_received"] > rows["ts_event"]).all()
        (offset,) = {
            catalog.info(p).receive_offset_ns for p in catalog.files(kind, "BTCUSD_PERP.BINANCE")
        }
        assert 1_260_000_000 < offset < 1_290_000_000
    assert any(str(offset) in note for note in report.notes)
    assert catalog.instrument("BTCUSD_PERP.BINANCE").inverse


def record(tmp_path, *bodies):
    """A recording of messages, one a second."""
    path = tmp_path / "xyz.txt"
    path.write_text(
        "".join(f"17000000{n:02}000000000 {body}\n" for n, body in enumerate(bodies, 1))
    )
    return path


def test_a_small_recording(tmp_path):
    path = record(
        tmp_path,
        FUTURES_DIFF % (1, 5, 0, "2"),
        SNAPSHOT % 4,
        FUTURES_DIFF % (6, 9, 5, "0"),
        '{"stream":"xyz@markPrice","data":{"e":"markPriceUpdate","s":"XYZUSDT"}}',
        '{"data":{"e":"trade","E":1700000000500,"T":1700000000400,"s":"XYZUSDT","t":7,"p":"10.5","q":"3","m":true}}',
        '{"data":{"e":"trade","E":1700000000500,"T":1700000000400,"s":"OTHER","t":7,"p":"10.5","q":"3","m":true}}',
    )
    report = import_data(path, "binance-raw", tmp_path / "out")
    assert report.rows_read == 6
    assert report.defects == {
        "message_not_imported_markPriceUpdate": 1,
        "message_of_another_symbol": 1,
    }
    catalog = Catalog(tmp_path / "out")
    trades = read(catalog, "trade", "XYZUSDT_PERP.BINANCE")
    assert trades["aggressor"].to_list() == [-1], "the buyer was the maker"
    assert read(catalog, "book", "XYZUSDT_PERP.BINANCE").height == 4


def test_a_recording_without_a_snapshot_says_so(tmp_path):
    path = record(tmp_path, FUTURES_DIFF % (1, 5, 0, "2"))
    report = import_data(path, "binance-raw", tmp_path / "out")
    assert report.defects == {"diff_without_snapshot": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "row 2: no JSON object"),
        ('{"data":{"e":"depthUpdate","s":"XYZUSDT"}}', "row 2: a field is missing"),
        (
            '{"data":{"e":"trade","T":1,"s":"XYZUSDT","t":1,"p":"x","q":"1","m":true}}',
            "row 2: price is 'x'",
        ),
        (
            '{"data":{"e":"depthUpdate","E":1,"s":"XYZUSDT","U":6,"u":7,"pu":5,"b":[["NaN","1"]],"a":[]}}',
            "row 2: price is 'NaN'",
        ),
    ],
)
def test_a_bad_line_is_an_error_with_its_row(tmp_path, body, message):
    path = record(tmp_path, SNAPSHOT % 5, body, FUTURES_DIFF % (6, 9, 5, "0"))
    with pytest.raises(DataFormatError, match=message):
        import_data(path, "binance-raw", tmp_path / "out")


def test_a_line_without_receive_time_is_an_error(tmp_path):
    (tmp_path / "a.txt").write_text("now {}\n")
    with pytest.raises(DataFormatError, match=r"row 1: .* no receive time"):
        import_data(tmp_path / "a.txt", "binance-raw", tmp_path / "out")


def test_a_truncated_gzip_is_an_error(tmp_path):
    data = gzip.compress(record(tmp_path, *[FUTURES_DIFF % (6, 9, 5, "0")] * 50).read_bytes())
    (tmp_path / "a.gz").write_bytes(data[:-20])
    with pytest.raises(DataFormatError, match="truncated or damaged gzip"):
        import_data(tmp_path / "a.gz", "binance-raw", tmp_path / "out")
