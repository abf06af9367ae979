"""Splits, dividends and funding from LEAN's factor and margin-interest files.

A factor file has lines `date,price factor,split factor,reference price`; the factors apply to
prices on or before the date. A change between a line and the next therefore happened at the open of
the first session after the line's date, the ex-date. With p, s the factors of a line, p', s' those
of the next, and r the reference price (the raw close on the line's date):

    split     s' / s        new shares for one old; the simplest fraction within 10^-5 of it
    dividend  r (1 - p/p')  per share; the shortest decimal within the rounding of the factors

Source: https://github.com/QuantConnect/Lean, Data/equity/readme.md and FactorFileRow.cs.

Both are stamped at the local midnight that begins the ex-date: before any trade of that day, and
long after the company announced them, so nothing looks ahead.
"""

import csv
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from openoutcry.replay.importers.lean_hours import MarketHours
from openoutcry.replay.importers.lean_rows import read_rows
from openoutcry.replay.importers.parse import Parser, midnight, to_utc
from openoutcry.state.errors import DataFormatError

AMOUNT_SCALE: Final = 12
"""Decimals of dividend amounts and funding rates in the catalog."""

_SPLIT_TOLERANCE: Final = Fraction(1, 100_000)
_FACTOR_ROUNDING: Final = Decimal("0.00000005")
_LAST_YEAR: Final = 2050


class FactorRow(msgspec.Struct, frozen=True):
    """One line of a factor file."""

    day: date
    price_factor: Decimal
    split_factor: Decimal
    reference: Decimal


def read_factors(path: Path) -> list[FactorRow]:
    """The lines of a factor file, in order of date.

    Raises:
        DataFormatError: A line has other fields, or a factor that is not positive.
    """
    rows = []
    for number, fields in enumerate(csv.reader(path.read_text(encoding="utf-8").splitlines()), 1):
        if not fields:
            continue
        try:
            text, price, split, reference = fields
            day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
            row = FactorRow(day, Decimal(price), Decimal(split), Decimal(reference))
        except (ValueError, ArithmeticError) as error:
            raise DataFormatError(f"{path.name}: row {number}: not DATE,P,S,REFERENCE") from error
        if row.price_factor <= 0 or row.split_factor <= 0:
            raise DataFormatError(f"{path.name}: row {number}: a factor is not positive")
        rows.append(row)
    return sorted(rows, key=lambda row: row.day)


def splits(rows: Sequence[FactorRow], hours: MarketHours) -> pl.DataFrame:
    """The splits between consecutive lines."""
    days, ratios = [], []
    for row, following in pairwise(rows):
        ratio = Fraction(following.split_factor) / Fraction(row.split_factor)
        if abs(ratio - 1) > _SPLIT_TOLERANCE:
            days.append(hours.calendar.next_trading_date(row.day))
            ratios.append(simplest_fraction(ratio, _SPLIT_TOLERANCE))
    return _stamped(
        days,
        hours.calendar.time_zone,
        numerator=[ratio.numerator for ratio in ratios],
        denominator=[ratio.denominator for ratio in ratios],
    )


def dividends(rows: Sequence[FactorRow], hours: MarketHours, parser: Parser) -> pl.DataFrame:
    """The dividends between consecutive lines, in 10^-12 of the quote currency per share."""
    days, amounts = [], []
    for row, following in pairwise(rows):
        if row.price_factor == following.price_factor or row.day.year >= _LAST_YEAR:
            continue
        if row.split_factor != following.split_factor:
            parser.count("split_and_dividend_same_day", 1)
        if row.reference <= 0 or row.price_factor > following.price_factor:
            parser.count("dividend_not_derivable", 1)
            continue
        days.append(hours.calendar.next_trading_date(row.day))
        amounts.append(int(dividend_amount(row, following).scaleb(AMOUNT_SCALE)))
    return _stamped(days, hours.calendar.time_zone, amount=amounts)


def dividend_amount(row: FactorRow, following: FactorRow) -> Decimal:
    """The dividend per share between two lines, as short as the rounding of the factors allows."""
    ratio = row.price_factor / following.price_factor
    amount = row.reference * (1 - ratio)
    # Each factor is off by at most half of its last digit.
    doubt = row.reference * (1 + ratio) * _FACTOR_ROUNDING / following.price_factor
    for places in range(1, 7):
        rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
        if rounded > 0 and abs(rounded - amount) <= doubt:
            return rounded
    return amount.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def simplest_fraction(value: Fraction, tolerance: Fraction) -> Fraction:
    """The fraction with the smallest denominator within a relative tolerance of a positive value."""
    low, high = value * (1 - tolerance), value * (1 + tolerance)
    assert 0 < low < high
    return _simplest_between(low, high)


def _simplest_between(low: Fraction, high: Fraction) -> Fraction:
    whole = low.numerator // low.denominator
    if whole == low:
        return Fraction(whole)
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / _simplest_between(1 / (high - whole), 1 / (low - whole))


def funding(path: Path, parser: Parser) -> pl.DataFrame:
    """A margin-interest file: `yyyymmdd hh:mm:ss,rate`, UTC, without a header."""
    rows = read_rows(path.read_bytes(), ("time", "rate"), path.name)
    times = rows["time"].str.to_datetime("%Y%m%d %H:%M:%S", time_unit="ns", strict=False)
    if times.has_nulls():
        row = int(times.is_null().arg_max() or 0)
        raise parser.error(row, f"time is {rows.item(row, 0)!r}, not yyyymmdd hh:mm:ss")
    stamps = times.cast(pl.Int64).rename("ts")
    rates = parser.price(rows["rate"], AMOUNT_SCALE)
    return pl.DataFrame({"ts_event": stamps, "ts_received": stamps, "rate": rates})


def _stamped(days: Sequence[date], zone: str, **columns: Sequence[int]) -> pl.DataFrame:
    local = pl.Series([midnight(day) for day in days], dtype=pl.Int64).to_numpy()
    stamps = to_utc(local, zone)
    data = {name: pl.Series(values, dtype=pl.Int64) for name, values in columns.items()}
    return pl.DataFrame({"ts_event": stamps, "ts_received": stamps, **data})
