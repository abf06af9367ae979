"""Tables with named columns, from text or Parquet, to catalog rows by a map of column names.

What the options leave out is guessed from names and values, and every guess is told in a note.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from openoutcry.replay.importers import guess
from openoutcry.replay.importers.base import Batch, Item, Note
from openoutcry.replay.importers.options import AssetName, ImportOptions, TimeUnit
from openoutcry.replay.importers.parse import Ints, Parser, constant, to_utc
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import KINDS, timeframe_seconds
from openoutcry.state.errors import DataFormatError
from openoutcry.state.messages import UNDEFINED

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ts": ("ts_event", "timestamp", "ts", "time", "datetime", "date", "open_time", "open time", "gmt time"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "last"),
    "volume": ("volume", "vol", "v", "base_volume"),
    "count": ("count", "trades", "num_trades"),
    "bid": ("bid", "bid_price", "best_bid", "bp"),
    "ask": ("ask", "ask_price", "best_ask", "ap"),
    "bid_size": ("bid_size", "bid_qty", "bidsize", "bid_amount", "bid_volume"),
    "ask_size": ("ask_size", "ask_qty", "asksize", "ask_amount", "ask_volume"),
    "price": ("price", "p", "px"),
    "size": ("size", "amount", "qty", "quantity", "volume", "sz"),
    "aggressor": ("aggressor", "side", "taker_side"),
    "trade_id": ("trade_id", "id", "tid"),
    "rate": ("rate", "funding_rate", "funding rate", "fundingrate"),
    "mark": ("mark", "mark_price"),
    "index": ("index", "index_price"),
    "ts_received": ("ts_received", "ts_init", "ts_recv", "local_timestamp"),
}  # fmt: skip
"""Catalog columns and the names, in lower case, that are taken for them."""

_PRICES: Final = ("open", "high", "low", "close", "bid", "ask", "price", "mark", "index")
_SIZES: Final = ("volume", "bid_size", "ask_size", "size")
_OPTIONAL: Final = (
    "volume",
    "count",
    "bid_size",
    "ask_size",
    "size",
    "aggressor",
    "trade_id",
    "index",
)
_SHAPES: Final[dict[str, tuple[str, ...]]] = {
    "bar": ("open", "high", "low", "close"),
    "quote": ("bid", "ask"),
    "funding": ("rate",),
    "mark": ("mark",),
    "trade": ("price",),
}
"""What a kind must have; the first that fits is the guess."""

_SYMBOL_NAMES: Final = ("symbol", "ticker", "instrument", "coin", "pair")
_UNITS: Final[dict[TimeUnit, int]] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_BUYS: Final = ("b", "buy", "buyer", "bid", "1", "true")
_SELLS: Final = ("s", "sell", "seller", "a", "ask", "-1", "false")
_TEXT_TIMES: Final = (
    "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S%.f", "%Y%m%d %H:%M:%S%.f", "%Y%m%d %H%M%S", "%Y%m%d-%H:%M:%S%.f",
    "%d.%m.%Y %H:%M:%S%.f",
)  # fmt: skip
_TEXT_DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y")
_SCALE: Final = 8
_RATE_SCALE: Final = 12


def batches(
    frame: pl.DataFrame, path: Path, options: ImportOptions, catalog: Catalog, first_row: int
) -> Iterator[Item]:
    """The batch of one table.

    Args:
        frame: Its columns, texts or typed.
        path: Where it came from.
        options: What is known; the rest is guessed.
        catalog: Holds the instrument when it was imported before.
        first_row: Row number of the first data row, for errors.

    Raises:
        DataFormatError: A mapped column is missing, or a value is no number or time.
    """
    parser = Parser(path.name, first_row)
    frame = _one_symbol(frame, path, options)
    kind, names = _map(frame, path, options)
    if options.instrument is None:
        remedy = "add --instrument SYMBOL.VENUE"
        raise DataFormatError(
            f"{path.name}: the file does not say which instrument it is", remedy=remedy
        )
    if not options.columns:
        shown = ", ".join(f"{ours}={theirs}" for ours, theirs in names.items())
        yield Note(f"{path.name}: read as {kind}, guessed {shown}")
    known = guess.existing(catalog, options.instrument)
    scales = guess.scales_of(known, options, _SCALE)
    stamps, notes = _times(frame[names["ts"]], options, parser)
    yield from (Note(f"{path.name}: {note}") for note in notes)
    made = _values(frame, names, scales, parser)
    bar = None
    if kind == "bar":
        bar = options.bar or _guess_bar(stamps, path)
        if options.bar is None:
            yield Note(
                f"{path.name}: bars of {bar} by their distance, stamped with their {options.bar_stamp}"
            )
        made |= _bar_times(stamps, bar, options)
    else:
        made["ts_event"] = pl.Series(stamps)
        received = frame[names["ts_received"]] if "ts_received" in names else None
        made["ts_received"] = (
            made["ts_event"]
            if received is None
            else pl.Series(_times(received, options, parser)[0])
        )
    rows = pl.DataFrame(
        {name: made.get(name, constant(_unknown(name), frame.height)) for name in KINDS[kind]}
    )
    if known is None:
        prices = [made[name] for name in _PRICES if name in made]
        sizes = [made[name] for name in _SIZES if name in made]
        asset: AssetName = options.asset or "spot"
        known = guess.make(options.instrument, asset, options, scales, prices, sizes)
        yield Note(guess.described(known, options))
        if options.asset is None:
            yield Note(f"{known.id}: taken as spot; say --asset if it is not")
    yield Batch(
        instrument=known, kind=kind, bar=bar, source=path, rows_read=frame.height,
        columns=_without_zero_prices(rows, kind, parser), defects=parser.defects,
    )  # fmt: skip


def _one_symbol(frame: pl.DataFrame, path: Path, options: ImportOptions) -> pl.DataFrame:
    """The rows of one symbol, where a column names symbols."""
    name = next((c for c in frame.columns if c.strip().lower() in _SYMBOL_NAMES), None)
    if name is None:
        return frame
    if options.symbols:
        frame = frame.filter(
            frame[name].cast(pl.String).str.to_lowercase() == options.symbols[0].lower()
        )
    symbols = sorted(str(symbol) for symbol in frame[name].unique().to_list())
    if len(symbols) != 1:
        what = f"column {name} has {len(symbols)} symbols ({', '.join(symbols[:5])})"
        raise DataFormatError(f"{path.name}: {what}", remedy="choose one with --symbol")
    return frame


def _map(frame: pl.DataFrame, path: Path, options: ImportOptions) -> tuple[str, dict[str, str]]:
    """Kind, and catalog column to source column."""
    theirs = {name.strip().lower(): name for name in reversed(frame.columns)}
    names: dict[str, str] = {}
    for ours, theirs_name in options.columns.items():
        if ours not in _NAMES:
            raise DataFormatError(
                f"{ours!r} is no column to map", remedy=f"map {', '.join(_NAMES)}"
            )
        if theirs_name not in frame.columns:
            have = ", ".join(frame.columns)
            raise DataFormatError(f"{path.name}: no column {theirs_name!r}; it has {have}")
        names[ours] = theirs_name
    if not options.columns:
        for ours, candidates in _NAMES.items():
            if found := next((theirs[name] for name in candidates if name in theirs), None):
                names[ours] = found
    kind = options.kind or next(
        (kind for kind, needs in _SHAPES.items() if all(name in names for name in needs)), None
    )
    needs = (*_SHAPES.get(kind or "", ("price",)), "ts")
    missing = [name for name in needs if name not in names]
    if kind not in _SHAPES or missing:
        have = ", ".join(frame.columns)
        raise DataFormatError(
            f"{path.name}: nothing is mapped to {', '.join(missing) or 'a kind that can be read'}; it has {have}",
            remedy="give --kind and --map, for example --kind trade --map ts=T,price=p,size=q",
        )
    wanted = (*KINDS[kind], "ts")
    return kind, {ours: theirs for ours, theirs in names.items() if ours in wanted}


def _values(
    frame: pl.DataFrame, names: dict[str, str], scales: tuple[int, int], parser: Parser
) -> dict[str, pl.Series]:
    made: dict[str, pl.Series] = {}
    for ours, theirs in names.items():
        column = frame[theirs]
        optional = ours in _OPTIONAL or ours in {"bid", "ask"}
        if ours in _PRICES:
            made[ours] = parser.price(column, scales[0], optional=optional)
        elif ours in _SIZES:
            made[ours] = parser.size(column, scales[1], optional=optional)
        elif ours == "rate":
            made[ours] = parser.price(column, _RATE_SCALE)
        elif ours == "aggressor":
            made[ours] = _sides(column, parser)
        elif ours in {"trade_id", "count"}:
            ids = column.cast(pl.String).str.strip_chars().cast(pl.Int64, strict=False)
            parser.count(f"{ours}_no_number", ids.null_count())
            made[ours] = ids.fill_null(0)
    return made


def _sides(column: pl.Series, parser: Parser) -> pl.Series:
    words = dict.fromkeys(_BUYS, 1) | dict.fromkeys(_SELLS, -1)
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    sides = text.replace_strict(words, default=0, return_dtype=pl.Int64)
    parser.count("side_not_said", int((sides == 0).sum()))
    return sides


def _times(column: pl.Series, options: ImportOptions, parser: Parser) -> tuple[Ints, list[str]]:
    """UTC nanoseconds, and what was guessed."""
    zone = options.time_zone or "UTC"
    if column.dtype in {pl.Datetime, pl.Date} or isinstance(column.dtype, pl.Datetime):
        aware = getattr(column.dtype, "time_zone", None)
        stamps = column.cast(pl.Datetime("ns", aware)).cast(pl.Int64).to_numpy()
        return (stamps, []) if aware else (to_utc(stamps, zone), [])
    text = column.cast(pl.String).str.strip_chars()
    if text.str.contains(r"^\d{9,19}(\.\d+)?$").all():
        unit = options.ts_unit or _guess_unit(text)
        factor = _UNITS[unit]
        stamps = parser.price(text.alias("ts"), len(str(factor)) - 1).to_numpy()
        notes = [] if options.ts_unit else [f"times taken as {unit} since 1970 UTC"]
        return stamps, notes
    notes = [] if options.time_zone else ["times without a zone taken as UTC"]
    zoned = text.str.replace(r"(Z|\+00:?00)$", "")
    local = _text_times(zoned, parser)
    if zoned.equals(text):
        return to_utc(local, zone), notes
    return local, []


def _text_times(text: pl.Series, parser: Parser) -> Ints:
    for form in _TEXT_TIMES:
        times = text.str.to_datetime(form, time_unit="ns", strict=False)
        if not times.has_nulls():
            return times.cast(pl.Int64).to_numpy()
    for form in _TEXT_DATES:
        days = text.str.to_date(form, strict=False)
        if not days.has_nulls():
            return days.cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy()
    # Name the first row that the form of the first row does not fit.
    for form in _TEXT_TIMES:
        times = text.str.to_datetime(form, time_unit="ns", strict=False)
        if len(times) and times[0] is not None:
            row = int(times.is_null().arg_max() or 0)
            raise parser.error(row, f"{text[row]!r} is not a time like {text[0]!r}")
    shown = text[0] if len(text) else ""
    raise parser.error(
        0,
        f"{shown!r} is no time that is known here",
        "write it as ISO 8601, or as a number with --ts-unit",
    )


def _guess_unit(text: pl.Series) -> TimeUnit:
    digits = len((text[0] or "").partition(".")[0])
    return "s" if digits <= 11 else "ms" if digits <= 14 else "us" if digits <= 17 else "ns"


def _guess_bar(stamps: Ints, path: Path) -> str:
    """The time frame that the most frequent distance between rows shows."""
    steps = np.diff(np.sort(stamps))
    steps = steps[steps > 0]
    if not len(steps):
        raise DataFormatError(
            f"{path.name}: too few bars to guess their length", remedy="add --bar 1m-last"
        )
    values, counts = np.unique(steps, return_counts=True)
    seconds = int(values[np.argmax(counts)]) // 10**9
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}-last"
    raise DataFormatError(f"{path.name}: the bars' length is no whole second", remedy="add --bar")


def _bar_times(stamps: Ints, bar: str, options: ImportOptions) -> dict[str, pl.Series]:
    seconds = timeframe_seconds(bar.partition("-")[0])
    if seconds is None:
        raise DataFormatError(f"bars of {bar} have no fixed length", remedy="import time bars")
    length = seconds * 10**9
    ends = stamps + length if options.bar_stamp == "start" else stamps
    return {
        "ts_open": pl.Series(ends - length),
        "ts_event": pl.Series(ends),
        "ts_received": pl.Series(ends),
    }


def _unknown(name: str) -> int:
    return UNDEFINED if name in {*_SIZES, "index"} else 0


def _without_zero_prices(rows: pl.DataFrame, kind: str, parser: Parser) -> pl.DataFrame:
    names: Sequence[str] = [name for name in _SHAPES[kind] if name in _PRICES]
    if not names:
        return rows
    kept = rows.filter(~pl.any_horizontal(*(pl.col(name) == 0 for name in names)))
    parser.count("zero_price_left_out", rows.height - kept.height)
    return kept
