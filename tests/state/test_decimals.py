"""Decimals and units: exact whatever the context, bounded whatever the text."""

import decimal
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import openoutcry.state.binding  # noqa: F401 (gives the engine its error classes)
from openoutcry import _native
from openoutcry.state.decimals import MAX_TEXT, parse_decimal, to_decimal, to_units
from openoutcry.state.errors import NotRepresentable, NumericOverflow

NOT_PLAIN = [
    "", "-", ".", "1.", ".5", "+1", "1e3", "1E+999999", "NaN", "sNaN", "Infinity", "-inf",
    " 1", "1 ", "1\n", "1_000", "--1", "1.2.3", "0x10", "١٢", "1,5", "\u22121",
]  # fmt: skip

units_64 = st.integers(-(2**63) + 1, 2**63 - 1)
units_128 = st.integers(-(2**127) + 1, 2**127 - 1)
scales = st.integers(0, 18)


@given(units_128, scales)
def test_units_and_decimals_are_each_other(units: int, scale: int) -> None:
    assert to_units(to_decimal(units, scale), scale) == units


@given(units_128, scales)
def test_a_careless_decimal_context_rounds_nothing(units: int, scale: int) -> None:
    with decimal.localcontext(decimal.Context(prec=3)):
        assert to_units(to_decimal(units, scale), scale) == units


@given(units_64, scales)
def test_the_engine_and_python_read_a_text_alike(units: int, scale: int) -> None:
    text = f"{to_decimal(units, scale):f}"
    assert parse_decimal(text) == to_decimal(units, scale)
    assert _native.parse_units(text, scale) == units


@given(st.text(alphabet="0123456789.-+eEnaif_ ", max_size=MAX_TEXT + 3), scales)
def test_the_engine_reads_no_text_that_python_refuses(text: str, scale: int) -> None:
    try:
        value = parse_decimal(text)
    except NotRepresentable:
        with pytest.raises(NotRepresentable):
            _native.parse_units(text, scale)
        return
    try:
        read = _native.parse_units(text, scale)
    except NotRepresentable:
        assert value.scaleb(scale) % 1 != 0
    except NumericOverflow:
        assert abs(value.scaleb(scale)) >= 2**63
    else:
        assert to_decimal(read, scale) == value


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(NotRepresentable):
        parse_decimal(text)
    with pytest.raises(NotRepresentable):
        _native.parse_units(text, 2)


def test_a_longer_text_than_any_number_is_refused() -> None:
    with pytest.raises(NotRepresentable, match="longer"):
        parse_decimal("0" * (MAX_TEXT + 1))
    with pytest.raises(NotRepresentable, match="longer"):
        _native.parse_units("0" * (MAX_TEXT + 1), 2)


@pytest.mark.parametrize("value", ["1E+999999", "-1E+999999", "1E+40", str(2**127)])
def test_a_decimal_beyond_128_bits_is_an_overflow_at_once(value: str) -> None:
    """`int(Decimal("1E+999999"))` occupies a processor for more than a minute."""
    before = time.process_time()
    with pytest.raises(NumericOverflow):
        to_units(Decimal(value), 2)
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "0.001", "1E-999999", "1.0000000000000000000000000000001"]
)
def test_a_decimal_that_has_no_units_is_refused(value: str) -> None:
    with pytest.raises(NotRepresentable):
        to_units(Decimal(value), 2)


def test_zeros_beyond_the_scale_do_not_matter() -> None:
    assert to_units(Decimal("1.50000"), 1) == 15
    assert _native.parse_units("1.50000", 1) == 15
    assert to_units(Decimal("0E-50"), 2) == 0
    assert to_units(Decimal("0E+50"), 2) == 0


def test_the_mark_of_the_unknown_is_never_read() -> None:
    """-2**63 stands for "not known" in every field of units."""
    with pytest.raises(NumericOverflow):
        _native.parse_units(str(-(2**63)), 0)
    assert _native.parse_units(str(-(2**63) + 1), 0) == -(2**63) + 1
