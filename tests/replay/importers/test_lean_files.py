"""LEAN files made by the test: what is malformed is named with its file and row."""

import zipfile
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.replay.importers import ImportOptions, import_data
from openoutcry.replay.importers.lean_actions import FactorRow, dividend_amount, simplest_fraction
from openoutcry.replay.importers.lean_instruments import TickerMap
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError, DataFormatError
from openoutcry.state.messages import UNDEFINED


def put(root, path, text, entry=None):
    """Write a zip at a LEAN path."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry or f"{target.name[:8]}_x.csv", text)
    return target


def run(root, out, **options):
    return import_data(root, "lean", out, ImportOptions(**options))


EQUITY_TICK = "equity/usa/tick/x/20240102_trade.zip"
FX_TICK = "forex/fxcm/tick/eurusd/20240102_quote.zip"


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (EQUITY_TICK, "0,abc,100,Q,0,0", "row 1: price is 'abc', which is no number"),
        (EQUITY_TICK, "0,100,100,Q,0,0\n1,NaN,1,Q,0,0", "row 2: price is 'NaN'"),
        (EQUITY_TICK, "0,100,100,Q,0,0\n1,,1,Q,0,0", "row 2: price is empty"),
        (EQUITY_TICK, "0,100,100,Q", "rows have 4 fields, 6 expected"),
        (EQUITY_TICK, "0,100,100,Q,0,0\n0,1,1,1,1,1,1,1", "different lengths"),
        (FX_TICK, "0,1.12345678,1.2", "row 1: bid is '1.12345678', more than 6 decimals"),
        (FX_TICK, "x,1.1,1.2", "row 1: time is 'x'"),
        ("equity/usa/daily/x.zip", "2024010 00:00,1,1,1,1,1", "not yyyymmdd hh:mm"),
    ],
)
def test_a_bad_value_is_named_with_file_and_row(tmp_path, path, text, message):
    put(tmp_path, path, text)
    with pytest.raises(DataFormatError) as caught:
        run(tmp_path, tmp_path / "out")
    assert message in str(caught.value)
    assert path.rpartition("/")[2] in str(caught.value)


def test_a_truncated_zip_is_an_error(tmp_path):
    path = put(tmp_path, EQUITY_TICK, "0,100,100,Q,0,0")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataFormatError, match="truncated or not a zip"):
        run(tmp_path, tmp_path / "out")


def test_a_folder_without_data_is_an_error(tmp_path):
    with pytest.raises(DataFormatError, match="no LEAN market data"):
        run(tmp_path, tmp_path / "out")


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(DataFormatError, match="does not exist"):
        run(tmp_path / "nothing", tmp_path / "out")


def test_an_unknown_format_is_an_error(tmp_path):
    with pytest.raises(CatalogError, match="no import format"):
        import_data(tmp_path, "excel", tmp_path / "out")


def test_an_empty_file_gives_no_rows(tmp_path):
    put(tmp_path, EQUITY_TICK, "")
    assert run(tmp_path, tmp_path / "out").rows_written == 0


def test_zero_prices_are_left_out_and_counted(tmp_path):
    put(tmp_path, FX_TICK, "0,0,1.2\n1,1.1,1.2")
    report = run(tmp_path, tmp_path / "out")
    assert (report.rows_read, report.rows_written) == (2, 1)
    assert report.defects == {"zero_price_left_out": 1}


def test_time_that_goes_back_is_sorted_stably_and_counted(tmp_path):
    put(tmp_path, FX_TICK, "5,1.1,1.2\n1,1.3,1.4\n5,1.5,1.6")
    report = run(tmp_path, tmp_path / "out")
    (chunk,) = Catalog(tmp_path / "out").chunks("quote", "EURUSD.FXCM")
    assert chunk["bid"].tolist() == [1_300_000, 1_100_000, 1_500_000]
    assert report.defects == {"time_goes_back": 1}


def test_a_quote_before_the_other_side_is_known_has_an_empty_side(tmp_path):
    text = "0,10000,5,0,0,Q,0,0\n1,0,0,10100,7,Q,0,1"
    put(tmp_path, "equity/usa/tick/x/20240102_quote.zip", text)
    report = run(tmp_path, tmp_path / "out")
    (chunk,) = Catalog(tmp_path / "out").chunks("quote", "X.USA")
    assert chunk["ask"].tolist() == [UNDEFINED, 10100]
    assert chunk["bid_size"].tolist() == [5, 5]
    assert report.defects == {"suspicious": 1}


def test_fxcm_midnight_is_five_in_the_morning_utc(tmp_path):
    put(tmp_path, FX_TICK, "0.5,1.1,1.2")
    run(tmp_path, tmp_path / "out")
    (chunk,) = Catalog(tmp_path / "out").chunks("quote", "EURUSD.FXCM")
    stamp = pl.from_epoch(pl.Series(chunk["ts_event"]), time_unit="ns")[0]
    assert str(stamp) == "2024-01-02 05:00:00.000500"


@given(st.integers(1, 60), st.integers(1, 60))
def test_a_split_ratio_is_found_again_from_rounded_factors(numerator, denominator):
    ratio = Fraction(numerator, denominator)
    rounded = Fraction(round(ratio * 10**8), 10**8)
    assert simplest_fraction(rounded, Fraction(1, 100_000)) == ratio


@given(st.integers(1, 500), st.integers(1000, 70_000))
def test_a_dividend_is_found_again_from_rounded_factors(cents, reference_cents):
    amount, reference = Decimal(cents) / 100, Decimal(reference_cents) / 100
    if amount * 2 < reference:
        later = Decimal("0.9876543")
        factor = (later * (1 - amount / reference)).quantize(Decimal("0.0000001"))
        rows = [
            FactorRow(date(2024, 1, d), f, Decimal(1), reference)
            for d, f in ((1, factor), (2, later))
        ]
        found = dividend_amount(*rows)
        assert abs(found - amount) <= reference * Decimal("0.0000003")


def test_a_reused_ticker_belongs_to_nobody_between_its_owners(tmp_path):
    (tmp_path / "old.1.csv").write_text("20000101,x,N\n20020601,x,N\n")
    (tmp_path / "new.csv").write_text("20100101,x,Q\n20150101,x,Q\n20501231,new,Q\n")
    tickers = TickerMap(tmp_path)
    days = [date(2001, 1, 1), date(2005, 1, 1), date(2012, 1, 1), date(2016, 1, 1)]
    assert [tickers.security("X", day) for day in days] == ["old.1", None, "new", None]
    assert tickers.security("new", date(2016, 1, 1)) == "new"
    assert tickers.security("other", date(2016, 1, 1)) == "other"


def test_a_malformed_map_file_is_an_error(tmp_path):
    (tmp_path / "x.csv").write_text("20000101,x\nyesterday,x\n")
    with pytest.raises(DataFormatError, match=r"x.csv: row 2"):
        TickerMap(tmp_path)
