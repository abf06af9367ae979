"""freqtrade data: trades give the recorded candles, late funding stamps are kept."""

import gzip
from datetime import UTC, datetime

import polars as pl
import pytest

from openoutcry.replay.importers import ImportOptions, import_data
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import DataFormatError
from openoutcry.state.messages import UNDEFINED


def read(catalog, *args):
    return pl.concat([pl.DataFrame(chunk) for chunk in catalog.chunks(*args)])


@pytest.mark.data
@pytest.mark.parametrize("suffix", ["parquet", "json.gz"])
@pytest.mark.parametrize(("bar", "minutes", "candles"), [("1m", 1, 2_469), ("5m", 5, 706)])
def test_trades_give_the_recorded_candles(shared_data, tmp_path, suffix, bar, minutes, candles):
    for name in (f"XRP_ETH-trades.{suffix}", f"XRP_ETH-{bar}.feather"):
        import_data(shared_data / "freqtrade" / name, "freqtrade", tmp_path)
    catalog = Catalog(tmp_path)
    trades = read(catalog, "trade", "XRPETH.FREQTRADE")
    assert trades.height == 12_477
    length, price = minutes * 60 * 10**9, pl.col("price")
    built = (
        trades.group_by(pl.col("ts_event") // length * length, maintain_order=True)
        .agg(price.first(), price.max().alias("high"), price.min().alias("low"), price.last().alias("close"), pl.col("size").sum())
        .rename({"ts_event": "ts_open", "price": "open", "size": "volume"})
    )  # fmt: skip
    recorded = read(catalog, "bar", "XRPETH.FREQTRADE", f"{bar}-last")
    assert recorded.height == candles
    assert recorded.select(built.columns).equals(built)
    assert (recorded["ts_received"] == recorded["ts_open"] + length).all()


@pytest.mark.data
def test_marks_and_funding_of_a_perpetual(shared_data, tmp_path):
    report = import_data(shared_data / "freqtrade/futures", "freqtrade", tmp_path)
    assert report.defects == {"funding_off_the_hour": 59}
    catalog = Catalog(tmp_path)
    funding = read(catalog, "funding", "XRPUSDT_PERP.FREQTRADE")
    assert funding["rate"][0] == 100_000_000, "0.0001 in 10^-12"
    assert datetime.fromtimestamp(funding["ts_event"][0] / 1e9, UTC).microsecond == 17_000
    marks = read(catalog, "mark", "XRPUSDT_PERP.FREQTRADE")
    assert marks["mark"][0] == 121_431_000, "the close of the first candle, known at its end"
    assert marks["index"].unique().to_list() == [UNDEFINED]


@pytest.mark.data
def test_missing_candles_are_counted(shared_data, tmp_path):
    report = import_data(shared_data / "freqtrade/ADA_BTC-5m.feather", "freqtrade", tmp_path)
    assert report.rows_written == 5_720
    assert report.defects["gap_between_candles"] > 0


def candles(path, **changes):
    """A feather file of two candles."""
    dates = [datetime(2024, 1, 1, 0, n, tzinfo=UTC) for n in (0, 1)]
    columns = {"date": dates, **{n: [1.5, 2.5] for n in ("open", "high", "low", "close", "volume")}}
    pl.DataFrame(columns | changes).write_ipc(path)
    return path


def test_a_nan_price_is_an_error(tmp_path):
    path = candles(tmp_path / "A_B-1m.feather", close=[1.5, float("nan")])
    with pytest.raises(DataFormatError, match=r"A_B-1m.feather: row 2: close is nan"):
        import_data(path, "freqtrade", tmp_path / "out")


def test_a_nan_volume_is_not_known(tmp_path):
    path = candles(tmp_path / "A_B-1m.feather", volume=[float("nan"), 1.0])
    import_data(path, "freqtrade", tmp_path / "out", ImportOptions(venue="X"))
    assert read(Catalog(tmp_path / "out"), "bar", "AB.X", "1m-last")["volume"][0] == UNDEFINED


def test_a_missing_column_is_an_error(tmp_path):
    path = tmp_path / "A_B-1m.feather"
    pl.DataFrame({"date": [1], "open": [1.0]}).write_ipc(path)
    with pytest.raises(DataFormatError, match="no column high, low, close, volume"):
        import_data(path, "freqtrade", tmp_path / "out")


def test_truncated_files_are_errors(tmp_path):
    path = candles(tmp_path / "A_B-1m.feather")
    path.write_bytes(path.read_bytes()[:200])
    trades = tmp_path / "A_B-trades.json.gz"
    trades.write_bytes(gzip.compress(b"[[1,2,3]]")[:-6])
    for damaged in (path, trades):
        with pytest.raises(DataFormatError, match="truncated or damaged"):
            import_data(damaged, "freqtrade", tmp_path / "out")


def test_a_folder_without_files_of_the_format_is_an_error(tmp_path):
    with pytest.raises(DataFormatError, match="no freqtrade file"):
        import_data(tmp_path, "freqtrade", tmp_path / "out")
