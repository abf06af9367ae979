"""Texts and floats become exact units, or an error that names file and row."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.replay.importers.parse import Parser, to_utc
from openoutcry.state.errors import DataFormatError
from openoutcry.state.messages import UNDEFINED


def price(values, scale, **options):
    """Units of some values."""
    return Parser("f.csv").price(pl.Series("price", values), scale, **options).to_list()


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1), st.integers(0, 18))
def test_a_decimal_text_is_read_exactly(units, scale):
    texts = [format(Decimal(unit).scaleb(-scale), "f") for unit in units]
    assert price(texts, scale) == units


@given(st.lists(st.integers(-(10**13), 10**13), min_size=1), st.integers(0, 8))
def test_a_float_that_stands_for_a_decimal_gives_its_units(units, scale):
    floats = [float(Decimal(unit).scaleb(-scale)) for unit in units]
    assert price(floats, scale) == units


def test_noise_in_the_last_bits_of_a_float_is_no_decimal():
    assert price([5.330000000000001e-05, 0.07745453000000001], 8) == [5330, 7745453]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("1.5", 150),
        ("-.5", -50),
        ("+2", 200),
        ("3.", 300),
        (" 4.10 ", 410),
        ("1e-2", 1),
        ("1.2E+1", 1200),
    ],
)
def test_forms_of_numbers(text, units):
    assert price(["1", text], 2) == [100, units]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "NaN",
        "inf",
        ".",
        "-",
        "1,5",
        "1.2.3",
        "0x10",
        "1e999999",
        "9" * 30,
        "1_0",
        "1.005",
    ],
)
@pytest.mark.parametrize("scale", [2, 0])
def test_what_is_no_number_is_an_error_with_its_row(text, scale):
    with pytest.raises(DataFormatError, match=r"f.csv: row 2: "):
        price(["1", text], scale)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 0.12345])
def test_floats_that_have_no_units_are_errors(value):
    with pytest.raises(DataFormatError, match=r"f.csv: row 2: "):
        price([1.0, value], 2)


def test_missing_optional_values_are_undefined():
    assert price(["1", "", None], 1, optional=True) == [10, UNDEFINED, UNDEFINED]
    assert price([1.0, float("nan")], 1, optional=True) == [10, UNDEFINED]


def test_sizes_are_rounded_half_to_even_and_counted():
    parser = Parser("f")
    sizes = parser.size(pl.Series(["33.35399601000002", "1.25", "1.35", "2"]), 1)
    assert sizes.to_list() == [334, 12, 14, 20]
    assert parser.defects == {"size_rounded": 3}


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC"])
@given(seconds=st.integers(0, 2_000_000_000))
def test_local_times_agree_with_zoneinfo(zone, seconds):
    local = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=ZoneInfo(zone))
    back = local.astimezone(UTC).astimezone(ZoneInfo(zone))
    if back.replace(tzinfo=None) == local.replace(tzinfo=None):  # a time that exists
        found = to_utc(np.array([seconds * 10**9]), zone)[0]
        assert found == int(local.timestamp()) * 10**9


def test_a_fixed_zone_has_no_summer():
    local = np.array([0, 180 * 86_400 * 10**9])
    assert (to_utc(local, "UTC-05") - local).tolist() == [5 * 3600 * 10**9] * 2


def test_a_skipped_hour_moves_forward():
    local = datetime(2024, 3, 10, 2, 30, tzinfo=UTC)
    found = to_utc(np.array([int(local.timestamp()) * 10**9]), "America/New_York")[0]
    assert datetime.fromtimestamp(found / 1e9, UTC) == datetime(2024, 3, 10, 7, 30, tzinfo=UTC)


def test_an_unknown_zone_is_an_error():
    with pytest.raises(DataFormatError, match="Mars"):
        to_utc(np.array([0]), "Mars/Olympus")
