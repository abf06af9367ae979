"""The catalog: what is written is read back, exactly, or a named error says why not."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import KINDS, StreamKey, partitions, read_slices
from openoutcry.state.errors import CatalogError, DataFormatError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Equity, Spot

DAY = 86_400 * 10**9
BTC = Spot(
    id=InstrumentId("BTCUSDT.BINANCE"), base_currency="BTC", quote="USDT", price_scale=2, size_scale=3,
    tick=Decimal("0.01"), lot=Decimal("0.001"),
)  # fmt: skip


def trades(stamps, price=100):
    """Trade columns with the given receive times."""
    ts = np.array(stamps, dtype=np.int64)
    other = {name: np.full(len(ts), price, dtype=np.int64) for name in KINDS["trade"][2:]}
    return {"ts_event": ts, "ts_received": ts, **other}


def read(catalog, *args, **spans):
    """All chunks of a stream as one frame."""
    return pl.concat([pl.DataFrame(chunk) for chunk in catalog.chunks(*args, **spans)])


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    catalog.add_instruments([BTC])
    return catalog


def test_rows_come_back_as_they_were_written(catalog):
    columns = trades([5, 5, DAY, 3 * DAY])
    catalog.write("trade", BTC.id, columns, source="test a.csv")
    assert read(catalog, "trade", BTC.id).equals(pl.DataFrame(columns))


def test_a_file_holds_one_utc_day(catalog):
    catalog.write("trade", BTC.id, trades([0, DAY - 1, DAY]), source="test")
    names = [path.name for path in catalog.files("trade", BTC.id)]
    assert names == ["1970-01-01.parquet", "1970-01-02.parquet"]


def test_hourly_bars_are_filed_by_year(catalog):
    columns = {name: np.array([DAY], dtype=np.int64) for name in KINDS["bar"]}
    catalog.write("bar", BTC.id, columns, bar="1h-last", source="test")
    (path,) = catalog.files("bar", BTC.id, "1h-last")
    assert path.name == "1970.parquet"


def test_columns_are_contiguous_integers(catalog):
    catalog.write("trade", BTC.id, trades(range(1000)), source="test")
    (chunk,) = catalog.chunks("trade", BTC.id)
    assert list(chunk) == list(KINDS["trade"])
    assert all(c.dtype == np.int64 and c.flags.c_contiguous for c in chunk.values())


def test_a_large_file_is_read_in_slices(catalog):
    catalog.write("trade", BTC.id, trades(range(1000)), source="test")
    (path,) = catalog.files("trade", BTC.id)
    heights = [frame.height for frame in read_slices(path, "trade", slice_rows=300)]
    assert heights == [300, 300, 300, 100]


def test_many_small_files_are_read_together_and_a_bad_one_is_still_named(catalog):
    columns = trades(range(0, 40 * DAY, DAY // 4))
    catalog.write("trade", BTC.id, columns, source="test")
    (chunk,) = catalog.chunks("trade", BTC.id)
    assert pl.DataFrame(chunk).equals(pl.DataFrame(columns))
    files = catalog.files("trade", BTC.id)
    one_by_one = pl.concat([frame for path in files for frame in read_slices(path, "trade")])
    assert one_by_one.equals(pl.DataFrame(columns))
    bad = files[20]
    frame = pl.read_parquet(bad).with_columns(pl.lit(None, dtype=pl.Int64).alias("price"))
    frame.write_parquet(bad, metadata=pl.read_parquet_metadata(bad))
    with pytest.raises(DataFormatError, match=f"{bad.name}: nulls"):
        list(catalog.chunks("trade", BTC.id))


def test_a_stream_is_described_by_the_ends_of_its_files(catalog):
    assert catalog.stream("trade", BTC.id) is None
    catalog.write("trade", BTC.id, trades([5, 7, DAY, 3 * DAY]), source="test")
    found = catalog.stream("trade", BTC.id)
    assert found is not None
    assert (found.rows, found.first_ts, found.last_ts, found.files) == (4, 5, 3 * DAY, 3)
    assert catalog.ls() == [found]


@given(st.lists(st.integers(0, 5 * DAY), min_size=1))
def test_partitions_cover_every_row_once(stamps):
    ts = np.sort(np.array(stamps, dtype=np.int64))
    found = list(partitions(StreamKey("trade", BTC.id), ts))
    assert np.concatenate([ts[rows] for _, rows in found]).tolist() == ts.tolist()
    assert [name for name, _ in found] == sorted({name for name, _ in found})


def test_a_span_is_cut_at_start_and_before_end(catalog):
    catalog.write("trade", BTC.id, trades([1, 2, DAY, DAY + 1, 2 * DAY]), source="test")
    found = read(catalog, "trade", BTC.id, start=2, end=2 * DAY)
    assert found["ts_received"].to_list() == [2, DAY, DAY + 1]


def test_writing_the_same_rows_again_changes_nothing(catalog):
    for _ in range(2):
        catalog.write("trade", BTC.id, trades([1, 2, 2, DAY]), source="test", defects={"odd": 3})
    assert read(catalog, "trade", BTC.id)["ts_received"].to_list() == [1, 2, 2, DAY]
    assert catalog.info(catalog.files("trade", BTC.id)[0]).defects == {"odd": 3}


def test_the_neighbouring_part_of_a_day_is_kept(catalog):
    catalog.write("trade", BTC.id, trades([10, 20]), source="test a", defects={"odd": 1})
    catalog.write("trade", BTC.id, trades([30, 40]), source="test b", defects={"odd": 2})
    catalog.write("trade", BTC.id, trades([30, 35], price=7), source="test b", defects={"odd": 2})
    found = read(catalog, "trade", BTC.id)
    assert found["ts_received"].to_list() == [10, 20, 30, 35, 40]
    assert found["price"].to_list() == [100, 100, 7, 7, 100]
    info = catalog.info(catalog.files("trade", BTC.id)[0])
    assert (info.source, info.defects) == ("test a; test b", {"odd": 2})


def test_appending_merges_by_receive_time_with_older_rows_first(catalog):
    catalog.write("trade", BTC.id, trades([10, 20], price=1), source="a")
    catalog.write("trade", BTC.id, trades([10, 15], price=2), source="b", append=True)
    found = read(catalog, "trade", BTC.id)
    assert list(zip(found["ts_received"], found["price"], strict=True)) == [
        (10, 1), (10, 2), (15, 2), (20, 1),
    ]  # fmt: skip


def test_a_failed_write_leaves_the_old_file(catalog, monkeypatch):
    catalog.write("trade", BTC.id, trades([1]), source="test")
    monkeypatch.setattr(pl.DataFrame, "write_parquet", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        catalog.write("trade", BTC.id, trades([2]), source="test")
    monkeypatch.undo()
    assert read(catalog, "trade", BTC.id)["ts_received"].to_list() == [1]
    assert [p.name for p in catalog.path.rglob("*.tmp")] == []


def test_odd_ids_become_safe_folder_names(tmp_path):
    catalog = Catalog(tmp_path)
    odd = "A/B ~é%.V"
    catalog.add_instruments([Equity(id=InstrumentId(odd), quote="USD", price_scale=2, size_scale=0, tick=Decimal("0.01"), lot=Decimal(1))])  # fmt: skip
    catalog.write("trade", odd, trades([1]), source="test")
    assert [p.name for p in (tmp_path / "trade").iterdir()] == ["A%2FB%20%7E%C3%A9%25.V"]
    assert [info.instrument for info in catalog.ls()] == [odd]


def test_ls_counts_rows_files_and_span(catalog):
    catalog.write("trade", BTC.id, trades([5, 6, DAY]), source="test")
    (info,) = catalog.ls()
    assert (info.kind, info.rows, info.first_ts, info.last_ts, info.files) == (
        "trade",
        3,
        5,
        DAY,
        2,
    )
    assert info.bytes == sum(p.stat().st_size for p in catalog.files("trade", BTC.id))


def test_instruments_are_sorted_and_survive(catalog):
    other = Equity(id=InstrumentId("AAPL.USA"), quote="USD", price_scale=4, size_scale=0, tick=Decimal("0.01"), lot=Decimal(1))  # fmt: skip
    catalog.add_instruments([other])
    assert Catalog(catalog.path).instruments() == [other, BTC]
    assert catalog.instrument("AAPL.USA") == other


def test_an_instrument_that_is_there_stays_as_it_is(catalog):
    edited = Spot(
        **{n: getattr(BTC, n) for n in BTC.__struct_fields__ if n != "tick"}, tick=Decimal("0.1")
    )
    catalog.add_instruments([edited])
    assert catalog.instrument(BTC.id).tick == Decimal("0.01")


def test_other_scales_are_refused(catalog):
    other = Spot(
        **{n: getattr(BTC, n) for n in BTC.__struct_fields__ if n != "price_scale"}, price_scale=4
    )
    with pytest.raises(CatalogError, match="scales"):
        catalog.add_instruments([other])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("candle", BTC.id), "no kind"),
        (("bar", BTC.id), "bars are named"),
        (("bar", BTC.id, "1x-last"), "bars are named"),
        (("trade", BTC.id, "1m-last"), "no bar type"),
        (("trade", "ETHUSDT.BINANCE"), "no instrument"),
        (("trade", BTC.id), "has no trade"),
    ],
)
def test_what_is_not_there_is_named(catalog, args, message):
    with pytest.raises(CatalogError, match=message):
        list(catalog.chunks(*args))


def test_a_folder_without_a_catalog_is_named(tmp_path):
    with pytest.raises(CatalogError, match="is no catalog"):
        Catalog(tmp_path / "nothing").instruments()


@pytest.mark.parametrize(
    "columns",
    [
        trades([2, 1]),
        {**trades([1]), "extra": np.array([1])},
        {k: v for k, v in trades([1]).items() if k != "size"},
        {**trades([1]), "price": np.array([1.5])},
        {**trades([1]), "price": pl.Series([None], dtype=pl.Int64)},
    ],
    ids=["order", "extra column", "missing column", "float", "null"],
)
def test_wrong_columns_are_refused_on_write(catalog, columns):
    with pytest.raises(CatalogError):
        catalog.write("trade", BTC.id, columns, source="test")


def test_a_truncated_file_is_an_error_with_its_name(catalog):
    catalog.write("trade", BTC.id, trades(range(100)), source="test")
    (path,) = catalog.files("trade", BTC.id)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataFormatError, match=r"1970-01-01.parquet"):
        list(catalog.chunks("trade", BTC.id))


def test_changed_scales_are_noticed_on_read(catalog):
    catalog.write("trade", BTC.id, trades([1]), source="test")
    text = (catalog.path / "instruments.json").read_text()
    (catalog.path / "instruments.json").write_text(
        text.replace('"price_scale": 2', '"price_scale": 3')
    )
    with pytest.raises(CatalogError, match="scales"):
        list(catalog.chunks("trade", BTC.id))


def test_a_damaged_instrument_list_is_an_error(catalog):
    (catalog.path / "instruments.json").write_text("[{")
    with pytest.raises(CatalogError, match=r"instruments.json"):
        catalog.instruments()
