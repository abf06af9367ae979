"""The quality report names what is wrong with a catalog, and how often."""

import shutil
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_check import Severity
from openoutcry.state.catalog_files import KINDS
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Spot
from openoutcry.state.messages import UNDEFINED

HOUR = 3600 * 10**9
BTC = Spot(
    id=InstrumentId("BTCUSDT.BINANCE"), base_currency="BTC", quote="USDT", price_scale=2, size_scale=3,
    tick=Decimal("0.05"), lot=Decimal("0.001"),
)  # fmt: skip


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.add_instruments([BTC])
    return catalog


def write(catalog, kind, bar=None, **columns):
    """Write rows; columns that are not given are 5, stamps count upwards from 1 s."""
    height = len(next(iter(columns.values())))
    stamps = np.arange(1, height + 1, dtype=np.int64) * 10**9
    rows = {
        n: np.array(columns.get(n, stamps if n.startswith("ts") else [5] * height))
        for n in KINDS[kind]
    }
    catalog.write(kind, BTC.id, rows, bar=bar, source="test")


def found(catalog):
    """Findings as name to count."""
    return {finding.name: finding.count for finding in catalog.check()}


def test_clean_data_has_no_findings(catalog):
    write(catalog, "quote", bid=[5, 10], ask=[10, 15])
    assert found(catalog) == {}


def test_crossed_locked_and_empty_quotes_are_notes(catalog):
    write(catalog, "quote", bid=[20, 10, UNDEFINED, 5], ask=[10, 10, 15, 10])
    assert found(catalog) == {"crossed_quote": 1, "locked_quote": 1, "empty_side": 1}
    assert {finding.severity for finding in catalog.check()} == {Severity.NOTE}


def test_prices_off_the_tick_are_counted(catalog):
    write(catalog, "trade", price=[5, 6, 7, 10, 100])
    assert found(catalog)["off_tick_price"] == 2


def test_gaps_repeats_and_zero_sizes_are_counted(catalog):
    ts = np.array([1, 1, HOUR + 2], dtype=np.int64)
    write(catalog, "trade", ts_event=ts, ts_received=ts, size=[0, 0, 1])
    assert found(catalog) == {"gap_over_1h": 1, "repeats_previous_row": 1, "zero_size": 2}


def test_a_print_far_from_its_neighbours_is_counted(catalog):
    write(catalog, "trade", price=[10_000, 10_150, 10_000, 10_005, 10_500, 10_505])
    assert found(catalog) == {"price_spike_1_percent": 1}


def test_contradicting_bars_are_errors(catalog):
    ts = {"ts_open": [1, 2], "ts_event": [2, 2], "ts_received": [3, 3]}
    write(catalog, "bar", "1m-last", **ts, open=[5, 5], high=[5, 10], low=[10, 5], close=[5, 5])
    assert found(catalog) == {"high_low_contradict": 1, "ends_before_start": 1}


def test_damage_is_found_and_the_rest_is_still_checked(catalog):
    for day in range(4):
        ts = np.array([day * 24 * HOUR + 1], dtype=np.int64)
        write(catalog, "trade", ts_event=ts, ts_received=ts, price=[6])
    paths = catalog.files("trade", BTC.id)
    paths[0].write_bytes(paths[0].read_bytes()[:100])
    pl.DataFrame({"a": [1]}).write_parquet(paths[1])
    shutil.copy(paths[2], paths[3])
    names = {(finding.file, finding.name) for finding in catalog.check()}
    assert names == {
        ("1970-01-01.parquet", "unreadable"),
        ("1970-01-02.parquet", "metadata_missing"),
        ("1970-01-03.parquet", "off_tick_price"),
        ("1970-01-04.parquet", "off_tick_price"),
        ("1970-01-04.parquet", "wrong_day"),
    }


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda f: f.drop("size"), "wrong_columns"),
        (lambda f: f.with_columns(pl.col("size").cast(pl.Float64)), "wrong_columns"),
        (lambda f: f.with_columns(pl.lit(None, dtype=pl.Int64).alias("size")), "nulls"),
        (lambda f: f.reverse(), "out_of_order"),
        (lambda f: f.clear(), "empty_file"),
        (lambda f: f.with_columns(ts_event=pl.col("ts_event") + 1), "received_before_event"),
        (lambda f: f.with_columns(price=pl.lit(0, dtype=pl.Int64)), "price_not_positive"),
    ],
)
def test_foreign_changes_to_a_file_are_named(catalog, change, name):
    write(catalog, "trade", price=[5, 5])
    (path,) = catalog.files("trade", BTC.id)
    metadata = {
        k: v for k, v in pl.read_parquet_metadata(path).items() if k.startswith("openoutcry")
    }
    change(pl.read_parquet(path)).write_parquet(path, metadata=metadata)
    assert name in found(catalog)


def test_a_newer_schema_is_named(catalog):
    write(catalog, "trade", price=[5])
    (path,) = catalog.files("trade", BTC.id)
    metadata = pl.read_parquet_metadata(path) | {"openoutcry.schema": "2"}
    metadata.pop("ARROW:schema", None)
    pl.read_parquet(path).write_parquet(path, metadata=metadata)
    assert found(catalog) == {"schema_unknown": 1}


def test_data_of_an_unlisted_instrument_is_an_error(catalog):
    write(catalog, "trade", price=[5])
    (catalog.path / "instruments.json").write_text("[]")
    assert found(catalog) == {"unknown_instrument": 1}


def test_a_calendar_that_the_catalog_lacks_is_an_error(catalog):
    write(catalog, "trade", price=[5])
    text = (catalog.path / "instruments.json").read_text()
    (catalog.path / "instruments.json").write_text(
        text.replace('"calendar": null', '"calendar": "x"')
    )
    assert found(catalog) == {"unknown_calendar": 1}
    catalog.add_calendars([Calendar(name="x", time_zone="UTC", weekly={})])
    assert found(catalog) == {}
