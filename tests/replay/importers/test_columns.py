"""Text and Parquet tables: guessed or mapped, and every guess is told."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from openoutcry.replay.importers import ImportOptions, import_data
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import DataFormatError
from openoutcry.state.messages import UNDEFINED

X = "X.Y"


def load(tmp_path, text, name="a.csv", **options):
    """Import a text; the report and the rows."""
    path = tmp_path / name
    path.write_text(text)
    options = {"instrument": X} | options
    report = import_data(path, "csv", tmp_path / "out", ImportOptions(**options))
    stream = report.streams[0]
    chunks = Catalog(tmp_path / "out").chunks(stream.kind, X, stream.bar)
    return report, pl.concat([pl.DataFrame(chunk) for chunk in chunks])


def at(year, month, day, hour=0, minute=0):
    """Nanoseconds of a UTC time."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 10**9


def test_bars_are_guessed_and_the_guess_is_told(tmp_path):
    text = "Date,Open,High,Low,Close,Volume\n2024-01-02,1.5,2,1,1.75,100\n2024-01-03,1,1,1,1,\n2024-01-04,1,1,1,1,3\n"
    report, rows = load(tmp_path, text)
    assert rows["ts_open"][0] == at(2024, 1, 2)
    assert rows["ts_received"][0] == rows["ts_event"][0] == at(2024, 1, 3)
    assert rows["close"][0] == 175_000_000
    assert rows["volume"].to_list() == [10_000_000_000, UNDEFINED, 300_000_000]
    assert any("guessed ts=Date, open=Open" in note for note in report.notes)
    assert any("bars of 1d-last" in note for note in report.notes)


@pytest.mark.parametrize(
    ("stamp", "unit"),
    [
        ("1704153600", "s"),
        ("1704153600000", "ms"),
        ("1704153600.000", "s"),
        ("1704153600000000", "us"),
    ],
)
def test_units_of_times_are_guessed_by_length(tmp_path, stamp, unit):
    report, rows = load(tmp_path, f"time;price;qty;side\n{stamp};1.5;2;SELL\n")
    assert rows.row(0, named=True)["ts_event"] == at(2024, 1, 2)
    assert (rows["price"][0], rows["aggressor"][0]) == (150_000_000, -1)
    assert f"a.csv: times taken as {unit} since 1970 UTC" in report.notes


@pytest.mark.parametrize("stamp", ["2024-01-02T05:00:00Z", "2024-01-02 05:00:00+00:00"])
def test_a_zone_in_the_text_wins(tmp_path, stamp):
    _, rows = load(tmp_path, f"ts,price\n{stamp},1\n", time_zone="America/New_York")
    assert rows["ts_event"][0] == at(2024, 1, 2, 5)
    assert rows["size"][0] == UNDEFINED


def test_a_given_zone_is_applied(tmp_path):
    _, rows = load(tmp_path, "ts,price\n2024-07-02 00:00:00.5,1\n", time_zone="America/New_York")
    assert rows["ts_event"][0] == at(2024, 7, 2, 4) + 500_000_000


def test_mapped_columns_are_taken(tmp_path):
    columns = {"ts": "T", "bid": "b", "ask": "a"}
    _, rows = load(
        tmp_path, "T,a,b,price\n1704153600,2,1,9\n", columns=columns, kind="quote", ts_unit="s"
    )
    assert (rows["bid"][0], rows["ask"][0], rows["bid_size"][0]) == (10**8, 2 * 10**8, UNDEFINED)


def test_bars_stamped_with_their_end(tmp_path):
    text = "time,open,high,low,close\n1704153660,1,1,1,1\n"
    _, rows = load(tmp_path, text, bar="1m-last", bar_stamp="end")
    assert (rows["ts_open"][0], rows["ts_event"][0]) == (at(2024, 1, 2), at(2024, 1, 2, 0, 1))


def test_a_file_of_numbers_has_no_header(tmp_path):
    columns = {"ts": "1", "price": "2", "size": "3"}
    _, rows = load(tmp_path, "1704153600,90.54,1.1\n1704153601,90.45,1\n", columns=columns)
    assert rows["price"].to_list() == [9_054_000_000, 9_045_000_000]


def test_steps_become_tick_and_lot(tmp_path):
    load(
        tmp_path,
        "time,price,size\n1704153600,1.25,30\n1704153601,2.50,10\n",
        price_scale=4,
        size_scale=0,
    )
    found = Catalog(tmp_path / "out").instrument(X)
    assert (found.tick, found.lot, found.price_scale) == (Decimal("1.25"), Decimal(10), 4)


def test_zero_prices_and_time_going_back_are_counted(tmp_path):
    report, rows = load(tmp_path, "time,price\n1704153601,1\n1704153600,2\n1704153602,0\n")
    assert rows["price"].to_list() == [2 * 10**8, 10**8]
    assert report.defects == {"zero_price_left_out": 1, "time_goes_back": 1}
    assert (report.rows_read, report.rows_written) == (3, 2)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n", {}, "nothing is mapped to price, ts"),
        ("time,price\n1704153600,1\n", {"instrument": None}, "does not say which instrument"),
        ("time,price\n1704153600,1\n", {"columns": {"ts": "when", "price": "price"}}, "no column 'when'; it has time, price"),
        ("time,price\n1704153600,1\n", {"columns": {"prise": "price"}}, "'prise' is no column to map"),
        ("time,price\n1704153600,NaN\n", {}, "row 2: price is 'NaN'"),
        ("time,price\n1704153600,1\n1704153601,\n", {}, "row 3: price is empty"),
        ("time,price\nyesterday,1\n", {}, "row 2: 'yesterday' is no time"),
        ("time,price\n2024-01-01 00:00:00,1\nlater,1\n", {}, "row 3: 'later' is not a time like"),
        ("time,price\n1704153600,1,5\n", {}, "row 2: 3 fields, the header names 2"),
        ("time,price\n1704153600\n", {}, "row 2: 1 fields, the header names 2"),
        ("time,price,price\n1,1,1\n", {}, "header repeats price"),
        ("", {}, "fewer than two columns"),
        ("symbol,time,price\nA,1704153600,1\nB,1704153600,1\n", {}, r"2 symbols \(A, B\)"),
        ("time,open,high,low,close\n1704153600,1,1,1,1\n", {}, "too few bars"),
        ("time,price\n1704153600,1.123456789\n", {}, "more than 8 decimals"),
        ("time,price\n1704153600,1\n", {"time_zone": "Mars", "ts_unit": None}, None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path, text, options, message):
    if message is None:  # a zone is not needed for numbers
        load(tmp_path, text, **options)
        return
    with pytest.raises(DataFormatError, match=message):
        load(tmp_path, text, **options)


@pytest.mark.data
def test_a_header_shorter_than_its_rows_is_an_error(shared_data, tmp_path):
    path = shared_data / "backtrader/2006-01-02-volume-min-001.txt"
    with pytest.raises(DataFormatError, match="row 2: 8 fields, the header names 7"):
        import_data(path, "csv", tmp_path, ImportOptions(instrument=X))


def test_typed_parquet_columns(tmp_path):
    frame = pl.DataFrame(
        {
            "date": [date(2024, 1, 2), date(2024, 1, 3)],
            **{
                n: pl.Series(["1.5", "2.5"]).cast(pl.Decimal(38, 8))
                for n in ("open", "high", "low", "close")
            },
            "volume": [1.25, 3.0],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    options = ImportOptions(instrument=X, time_zone="UTC+03")
    import_data(tmp_path / "a.parquet", "parquet", tmp_path / "out", options)
    (chunk,) = Catalog(tmp_path / "out").chunks("bar", X, "1d-last")
    assert chunk["ts_open"].tolist() == [at(2024, 1, 1, 21), at(2024, 1, 2, 21)]
    assert chunk["close"].tolist() == [150_000_000, 250_000_000]
    assert chunk["volume"].tolist() == [125_000_000, 300_000_000]


def test_a_truncated_parquet_is_an_error(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataFormatError, match="truncated or no Parquet"):
        import_data(
            tmp_path / "a.parquet", "parquet", tmp_path / "out", ImportOptions(instrument=X)
        )
