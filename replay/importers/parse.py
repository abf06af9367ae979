"""Texts, floats and times to exact 64-bit units.

A decimal text becomes an integer by moving its point; no float is involved. A float (doubles in
feather and Parquet files) becomes the nearest integer of units, and that integer must give the float
back to within the float's own rounding, otherwise the value has more decimals than the scale.
"""

import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openoutcry.state.errors import DataFormatError
from openoutcry.state.messages import UNDEFINED

Ints = NDArray[np.int64]

NS_PER_SECOND: Final = 10**9
NS_PER_DAY: Final = 86_400 * NS_PER_SECOND
_PLAIN: Final = r"^([+-]?)(\d*)(?:\.(\d*))?$"
_FIXED_ZONE: Final = re.compile(r"UTC([+-]\d{1,2})(?::?(\d\d))?")
_MOST_CHARACTERS: Final = 64
_EXACT_FLOAT: Final = 2.0**53
_FLOAT_NOISE_ULPS: Final = 8


class Parser:
    """Parses the columns of one file; errors name the file and the row, roundings are counted.

    Args:
        file: What errors call the file.
        first_row: Number of the first data row, as an editor shows it.
    """

    def __init__(self, file: str, first_row: int = 1) -> None:
        self.file = file
        self.first_row = first_row
        self.defects: dict[str, int] = {}

    def count(self, name: str, number: int) -> None:
        """Add to a named defect; nothing happens for 0."""
        if number:
            self.defects[name] = self.defects.get(name, 0) + int(number)

    def price(self, column: pl.Series, scale: int, *, optional: bool = False) -> pl.Series:
        """Units of 10^-scale; a price with more decimals is an error, never rounded."""
        return self._units(column, scale, "--price-scale", optional=optional)

    def size(self, column: pl.Series, scale: int, *, optional: bool = False) -> pl.Series:
        """Units of 10^-scale; more decimals are rounded half to even and counted.

        Recorders write sums of floats (`33.35399601000002`); the digits beyond the scale are theirs.
        """
        return self._units(column, scale, "--size-scale", optional=optional, rounds="size_rounded")

    def integer(self, column: pl.Series) -> pl.Series:
        """Whole numbers."""
        return self._units(column, 0, "")

    def error(self, row: int, what: str, remedy: str | None = None) -> DataFormatError:
        """The error that `what` stands in row index `row`."""
        return DataFormatError(f"{self.file}: row {self.first_row + row}: {what}", remedy=remedy)

    def _units(
        self,
        column: pl.Series,
        scale: int,
        option: str,
        *,
        optional: bool = False,
        rounds: str = "",
    ) -> pl.Series:
        if column.dtype.is_float():
            return self._units_of_float(column, scale, option, optional=optional, rounds=rounds)
        text = _as_text(column)
        missing = text.is_null() | (text == "")
        if scale == 0 and not missing.any():
            units = text.cast(pl.Int64, strict=False)
            if not units.has_nulls():
                return units
        if missing.any() and not optional:
            raise self.error(_first(missing), f"{column.name} is empty")
        text = self._without_exponents(text)
        sign, whole, fraction = (
            text.str.extract(_PLAIN, group).fill_null("") for group in (1, 2, 3)
        )
        bad = ~missing & (whole.str.len_bytes() + fraction.str.len_bytes() == 0)
        if bad.any():
            row = _first(bad)
            raise self.error(row, f"{column.name} is {_shown(text[row])}, which is no number")
        tail = fraction.str.slice(scale).str.strip_chars_end("0")
        kept = fraction.str.slice(0, scale).str.pad_end(scale, "0")
        units = (sign + whole + kept).cast(pl.Int64, strict=False)
        if scale == 0:
            units = pl.select(pl.when(whole == "").then(0).otherwise(units)).to_series()
        inexact = ~missing & (tail.str.len_bytes() > 0)
        if inexact.any():
            row = _first(inexact)
            if not rounds:
                what = f"{column.name} is {_shown(text[row])}, more than {scale} decimals"
                raise self.error(row, what, f"give more decimals with {option}")
            units = _rounded(text, units, inexact, scale)
            self.count(rounds, int(inexact.sum()))
        beyond = ~missing & units.is_null()
        if beyond.any():
            row = _first(beyond)
            what = f"{column.name} is {_shown(text[row])}, beyond 64 bits at {scale} decimals"
            raise self.error(row, what, f"give fewer decimals with {option}" if option else None)
        return (
            pl.select(pl.when(missing).then(UNDEFINED).otherwise(units))
            .to_series()
            .rename(column.name)
        )

    def _units_of_float(
        self, column: pl.Series, scale: int, option: str, *, optional: bool, rounds: str
    ) -> pl.Series:
        values = column.cast(pl.Float64).to_numpy()
        finite = np.isfinite(values)
        if not finite.all() and not optional:
            row = int(np.argmin(finite))
            raise self.error(row, f"{column.name} is {values[row]}, which is no number")
        scaled = np.rint(np.where(finite, values, 0) * 10.0**scale)
        if (beyond := np.abs(scaled) >= _EXACT_FLOAT).any():
            row = int(np.argmax(beyond))
            what = f"{column.name} is {values[row]!r}, more digits than a float holds at {scale} decimals"
            raise self.error(row, what, f"give fewer decimals with {option}")
        back = scaled / 10.0**scale
        # Writers leave noise in the last bits (5.330000000000001e-05); a decimal more is no noise.
        inexact = finite & (np.abs(back - values) > _FLOAT_NOISE_ULPS * np.spacing(np.abs(back)))
        if inexact.any():
            row = int(np.argmax(inexact))
            if not rounds:
                what = f"{column.name} is {float(values[row])!r}, more than {scale} decimals"
                raise self.error(row, what, f"give more decimals with {option}")
            self.count(rounds, int(inexact.sum()))
        units = np.where(finite, scaled.astype(np.int64), UNDEFINED)
        return pl.Series(column.name, units)

    def _without_exponents(self, text: pl.Series) -> pl.Series:
        has = text.str.contains(r"^[+-]?[\d.]+[eE][+-]?\d{1,2}$").fill_null(value=False)
        if not has.any():
            return text
        plain = [
            format(Decimal(value), "f") if scientific and len(value) <= _MOST_CHARACTERS else value
            for value, scientific in zip(text.to_list(), has.to_list(), strict=True)
        ]
        return pl.Series(text.name, plain, dtype=pl.String)


def to_utc(local: Ints, zone: str) -> Ints:
    """Local wall-clock nanoseconds of a zone as UTC.

    `zone` is an IANA name or a fixed `UTC-05`. A time that a clock change skips moves forward by
    the change; one that occurs twice is taken as its first occurrence.

    Raises:
        DataFormatError: The zone is not known.
    """
    if zone in {"UTC", "Etc/UTC"}:
        return local
    if fixed := _FIXED_ZONE.fullmatch(zone):
        hours, minutes = int(fixed[1]), int(fixed[2] or 0)
        offset = (abs(hours) * 60 + minutes) * 60 * NS_PER_SECOND
        return local + (offset if hours < 0 else -offset)
    times = pl.Series("t", local, dtype=pl.Int64).cast(pl.Datetime("ns"))
    try:
        placed = times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise DataFormatError(f"{zone!r} is not a known time zone") from error
    skipped = placed.is_null().to_numpy()
    if skipped.any():
        return to_utc(np.where(skipped, local + 3600 * NS_PER_SECOND, local), zone)
    return placed.cast(pl.Int64).to_numpy()


def midnight(day: date) -> int:
    """Nanoseconds of a date's midnight, as local wall-clock time."""
    return (day - date(1970, 1, 1)).days * NS_PER_DAY


def decimals_of(step: Decimal) -> int:
    """Decimals that a tick or lot needs."""
    return max(0, -int(step.normalize().as_tuple().exponent))


def constant(value: int, height: int) -> pl.Series:
    """A column that repeats one number."""
    return pl.Series(np.full(height, value, dtype=np.int64))


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return column.str.strip_chars()
    return column.cast(pl.String)


def _rounded(text: pl.Series, units: pl.Series, inexact: pl.Series, scale: int) -> pl.Series:
    rows = inexact.arg_true()
    with_point = (Decimal(text[row]).scaleb(scale) for row in rows.to_list())
    values = [int(number.to_integral_value(ROUND_HALF_EVEN)) for number in with_point]
    return units.scatter(rows, pl.Series(values, dtype=pl.Int64))


def _first(mask: pl.Series) -> int:
    found = mask.arg_max()
    assert found is not None
    return found


def _shown(value: str | None) -> str:
    return repr((value or "")[:40])
