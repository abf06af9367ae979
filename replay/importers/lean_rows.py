"""Rows of LEAN files as catalog columns.

Times are milliseconds since the local midnight of the file's date (fractional for CFD ticks), or
`yyyymmdd hh:mm` in histories; a bar is stamped with its start. Equity prices are deci-cents, all
others plain decimals.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from openoutcry.replay.importers.lean_hours import MarketHours
from openoutcry.replay.importers.lean_instruments import DECI_CENTS
from openoutcry.replay.importers.lean_layout import LeanFile
from openoutcry.replay.importers.parse import NS_PER_DAY, Ints, Parser, constant, midnight, to_utc
from openoutcry.state.errors import DataFormatError
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED

TRADE_BAR: Final = ("time", "open", "high", "low", "close", "volume")
QUOTE_BAR: Final = (
    "time", "bid_open", "bid_high", "bid_low", "bid_close", "bid_size",
    "ask_open", "ask_high", "ask_low", "ask_close", "ask_size",
)  # fmt: skip
TRADE_TICK: Final = ("time", "price", "size", "exchange", "condition", "suspicious")
QUOTE_TICK: Final = (
    "time", "bid", "bid_size", "ask", "ask_size", "exchange", "condition", "suspicious",
)  # fmt: skip
FX_TICK: Final = ("time", "bid", "ask")

_LATE: Final = 0x800 | 0x4000 | 0x10_0000 | 0x200_0000
"""Sale conditions of prints that are late or not at a current price: sold, out of sequence, average
price, prior reference price. Source: QuantConnect/Lean, TradeConditionFlags.cs."""
_BAR_NS: Final = {"second": 10**9, "minute": 60 * 10**9, "hour": 3600 * 10**9}


def entries(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and text of each CSV in a zip.

    Raises:
        DataFormatError: The zip is truncated or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise DataFormatError(f"{path.name}: truncated or not a zip file ({error})") from error


def read_rows(text: bytes, columns: Sequence[str], file: str) -> pl.DataFrame:
    """Headerless CSV as text columns.

    Raises:
        DataFormatError: Another number of fields than the format has.
    """
    if not text.strip():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    try:
        frame = pl.read_csv(text, has_header=False, infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise DataFormatError(f"{file}: rows of different lengths ({reason})") from error
    if frame.width != len(columns):
        raise DataFormatError(f"{file}: rows have {frame.width} fields, {len(columns)} expected")
    return frame.rename(dict(zip(frame.columns, columns, strict=True)))


class RowReader:
    """Turns the rows of one CSV into catalog columns.

    Args:
        file: Its path's meaning.
        hours: Zones and sessions of the instrument.
        instrument: Gives the scales.
        parser: Names the file in errors and counts defects.
    """

    def __init__(
        self, file: LeanFile, hours: MarketHours, instrument: Instrument, parser: Parser
    ) -> None:
        self._file = file
        self._hours = hours
        self._instrument = instrument
        self.parser = parser

    def starts(self, rows: pl.DataFrame) -> Ints:
        """Local wall-clock nanoseconds of the time column."""
        column = rows["time"]
        if self._file.day is not None:
            since = self.parser.price(column, 6)  # milliseconds with up to 6 decimals
            return since.to_numpy() + midnight(self._file.day)
        times = column.str.to_datetime("%Y%m%d %H:%M", time_unit="ns", strict=False)
        if times.has_nulls():
            row = int(times.is_null().arg_max() or 0)
            raise self.parser.error(row, f"time is {column[row]!r}, not yyyymmdd hh:mm")
        return times.cast(pl.Int64).to_numpy()

    def trades(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Trade ticks."""
        stamp = pl.Series(to_utc(self.starts(rows), self._hours.data_zone))
        height = rows.height
        frame = pl.DataFrame(
            {
                "ts_event": stamp,
                "ts_received": stamp,
                "price": self._price(rows["price"]),
                "size": self.parser.size(rows["size"], self._instrument.size_scale),
                "aggressor": constant(0, height),
                "trade_id": constant(0, height),
            }
        )
        condition = rows["condition"].str.to_integer(base=16, strict=False).fill_null(0)
        self.parser.count("late_print", int(((condition & _LATE) != 0).sum()))
        self.parser.count("suspicious", int((rows["suspicious"] == "1").sum()))
        self.parser.count("zero_size", int((frame["size"] == 0).sum()))
        return self._without_zero_prices(frame, ("price",))

    def national_quotes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One-sided rows put together: the newest bid and the newest ask are the NBBO."""
        stamp = pl.Series(to_utc(self.starts(rows), self._hours.data_zone))
        sides: dict[str, pl.Series] = {}
        updates = constant(0, rows.height)
        for side in ("bid", "ask"):
            price = self._price(rows[side], optional=True)
            size = self.parser.size(
                rows[f"{side}_size"], self._instrument.size_scale, optional=True
            )
            moved = price > 0  # the other side of a row is 0
            updates += moved.cast(pl.Int64)
            for name, value in ((side, price), (f"{side}_size", size)):
                newest = pl.when(moved).then(value).forward_fill().fill_null(UNDEFINED)
                sides[name] = pl.select(newest.alias(name)).to_series()
        self.parser.count("no_side", int((updates == 0).sum()))
        self.parser.count("suspicious", int((rows["suspicious"] == "1").sum()))
        return pl.DataFrame({"ts_event": stamp, "ts_received": stamp, **sides})

    def plain_quotes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """FX and CFD ticks: both sides in each row, no sizes."""
        stamp = pl.Series(to_utc(self.starts(rows), self._hours.data_zone))
        unknown = constant(UNDEFINED, rows.height)
        frame = pl.DataFrame(
            {
                "ts_event": stamp,
                "ts_received": stamp,
                "bid": self._price(rows["bid"]),
                "ask": self._price(rows["ask"]),
                "bid_size": unknown,
                "ask_size": unknown,
            }
        )
        return self._without_zero_prices(frame, ("bid", "ask"))

    def bars(self, rows: pl.DataFrame, prefix: str = "") -> pl.DataFrame:
        """Bars; `prefix` (`bid_`, `ask_`) takes one side of quote bars, whose sizes are no volume."""
        if prefix:
            empty = (rows[f"{prefix}open"].fill_null("") == "").fill_null(value=True)
            self.parser.count(f"empty_{prefix.rstrip('_')}", int(empty.sum()))
            rows = rows.filter(~empty)
        starts, ends = self._spans(self.starts(rows))
        volume = constant(UNDEFINED, rows.height)
        if not prefix:
            volume = self.parser.size(rows["volume"], self._instrument.size_scale)
        names = ("open", "high", "low", "close")
        frame = pl.DataFrame(
            {
                "ts_open": starts,
                "ts_event": ends,
                "ts_received": ends,
                **{name: self._price(rows[prefix + name]) for name in names},
                "volume": volume,
                "count": constant(0, rows.height),
            }
        )
        again = int((frame["ts_open"].diff() == 0).sum())
        self.parser.count("bar_written_twice", again)
        return self._without_zero_prices(frame, names)

    def _spans(self, local: Ints) -> tuple[Ints, Ints]:
        """Start and end of bars in UTC."""
        zone = self._hours.data_zone
        if self._file.resolution != "daily":
            starts = to_utc(local, zone)
            return starts, starts + _BAR_NS[self._file.resolution]
        if self._file.asset not in {"equity", "index"}:
            return to_utc(local, zone), to_utc(local + NS_PER_DAY, zone)
        opens, closes = np.empty_like(local), np.empty_like(local)
        for row, stamp in enumerate(local.tolist()):
            day = datetime.fromtimestamp(stamp // 10**9, UTC).date()
            opens[row], closes[row] = self._session(day)
        return opens, closes

    def _session(self, day: date) -> tuple[int, int]:
        """A session bar runs from the regular open to the close, early closes included."""
        found = self._hours.calendar.hours(day)
        if found is None:
            self.parser.count("bar_outside_session", 1)
            found = self._hours.calendar.usual_hours(day)
        if found is None:
            what = f"{self._file.path.name}: the market-hours database knows no hours of it"
            raise DataFormatError(what)
        return found

    def _price(self, column: pl.Series, *, optional: bool = False) -> pl.Series:
        scale = self._instrument.price_scale
        if self._file.asset == "equity":
            if scale < DECI_CENTS:
                raise DataFormatError(
                    f"{self.parser.file}: equity prices have {DECI_CENTS} decimals, not {scale}",
                    remedy="leave --price-scale out",
                )
            scale -= DECI_CENTS
        return self.parser.price(column, scale, optional=optional)

    def _without_zero_prices(self, frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        zero = pl.any_horizontal(*(pl.col(name) == 0 for name in names))
        kept = frame.filter(~zero)
        self.parser.count("zero_price_left_out", frame.height - kept.height)
        return kept


def count_crossed(frame: pl.DataFrame, parser: Parser) -> None:
    """Count crossed and locked quotes; they are kept, because the market published them."""
    both = (pl.col("bid") != UNDEFINED) & (pl.col("ask") != UNDEFINED)
    crossed, locked = frame.select(
        (both & (pl.col("bid") > pl.col("ask"))).sum().alias("crossed"),
        (both & (pl.col("bid") == pl.col("ask"))).sum().alias("locked"),
    ).row(0)
    parser.count("crossed_quote", crossed)
    parser.count("locked_quote", locked)
