"""freqtrade's data folder: candles, marks and funding (feather), trades (Parquet, json.gz).

    BASE_QUOTE-1m.feather                        candles of spot
    BASE_QUOTE_SETTLE-1h-futures|mark.feather    candles and mark prices of a perpetual
    BASE_QUOTE_SETTLE-8h-funding_rate.feather    funding; the rate stands in `open`
    BASE_QUOTE-trades.parquet|json.gz            trades

Candles are stamped with their start and become bars `[start, end)`. A mark is known at its candle's
end: its close. Numbers are doubles in feather and Parquet.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from openoutcry.replay.importers import guess
from openoutcry.replay.importers.base import Batch, Item, Note
from openoutcry.replay.importers.options import AssetName, ImportOptions
from openoutcry.replay.importers.parse import Parser, constant
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import timeframe_seconds
from openoutcry.state.errors import DataFormatError
from openoutcry.state.messages import UNDEFINED

_NAME: Final = re.compile(
    r"(?P<base>[^_]+)_(?P<quote>[^_-]+)(?:_(?P<settle>[^_-]+))?"
    r"-(?:(?P<timeframe>\d+[mhdw])(?:-(?P<what>futures|mark|funding_rate))?|(?P<trades>trades))"
    r"\.(?:feather|parquet|json\.gz)"
)
_SCALE: Final = 8
_RATE_SCALE: Final = 12
_NS_PER_MS: Final = 1_000_000
_HOUR_NS: Final = 3600 * 10**9
_TRADE_FIELDS: Final = ("timestamp", "id", "type", "side", "price", "amount", "cost")


def batches(source: Path, options: ImportOptions, catalog: Catalog, /) -> Iterator[Item]:
    """Batches of one file, or of all files of the format below a folder.

    Raises:
        DataFormatError: A file is truncated, has other columns, or a value that is no number.
    """
    paths = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    named = [(path, match) for path in paths if (match := _NAME.fullmatch(path.name))]
    if not named:
        remedy = "name a file such as BTC_USDT-5m.feather, or the folder that holds them"
        raise DataFormatError(f"{source}: no freqtrade file", remedy=remedy)
    # Trades twice (Parquet and json.gz) are one recording; Parquet is read.
    parquet = {path.name.split(".")[0] for path, _ in named if path.suffix == ".parquet"}
    for path, match in named:
        if path.name.endswith(".json.gz") and path.name.split(".")[0] in parquet:
            yield Note(f"{path.name}: left out, the same trades stand in the Parquet file")
        elif options.wants(f"{match['base']}{match['quote']}"):
            yield from _file(path, match.groupdict(), options, catalog)


def _file(
    path: Path, name: dict[str, str | None], options: ImportOptions, catalog: Catalog
) -> Iterator[Item]:
    base, quote = name["base"] or "", name["quote"] or ""
    perpetual = name["settle"] is not None
    folder = path.resolve().parent
    folder = folder.parent if folder.name == "futures" else folder
    venue = options.venue or re.sub(r"[^A-Z0-9_]", "_", folder.name.upper())
    suffix = "_PERP" if perpetual else ""
    instrument_id = options.instrument or f"{base}{quote}{suffix}.{venue}"
    known = guess.existing(catalog, instrument_id)
    scales = guess.scales_of(known, options, _SCALE)
    parser = Parser(path.name)
    kind, bar, frame = _frame(path, name, scales, parser)
    if known is None:
        prices = [frame[c] for c in ("price", "open", "high", "low", "close", "mark") if c in frame]
        sizes = [frame[c] for c in ("size", "volume") if c in frame]
        asset: AssetName = "perpetual" if perpetual else "spot"
        known = guess.make(instrument_id, asset, options, scales, prices, sizes, (base, quote))
        yield Note(guess.described(known, options))
    yield Batch(
        instrument=known,
        kind=kind,
        columns=frame,
        source=path,
        bar=bar,
        rows_read=frame.height,
        defects=parser.defects,
    )


def _frame(
    path: Path, name: dict[str, str | None], scales: tuple[int, int], parser: Parser
) -> tuple[str, str | None, pl.DataFrame]:
    """Catalog kind, bar type and rows of a file."""
    if name["trades"]:
        return "trade", None, _trades(_read(path), scales, parser)
    rows = _read(path)
    timeframe = (name["timeframe"] or "").replace("1w", "7d")
    seconds = timeframe_seconds(timeframe)
    if seconds is None:
        raise DataFormatError(f"{path.name}: {timeframe} is no time frame this reads")
    _require(rows, ("date", "open", "high", "low", "close", "volume"), path)
    starts = rows["date"].cast(pl.Datetime("ns", "UTC")).cast(pl.Int64)
    if name["what"] == "funding_rate":
        late = int((starts % _HOUR_NS != 0).sum())
        parser.count("funding_off_the_hour", late)
        rate = parser.price(rows["open"], _RATE_SCALE)
        return (
            "funding",
            None,
            pl.DataFrame({"ts_event": starts, "ts_received": starts, "rate": rate}),
        )
    ends = starts + seconds * 10**9
    if name["what"] == "mark":
        mark = parser.price(rows["close"], scales[0])
        index = constant(UNDEFINED, rows.height)
        columns = {"ts_event": ends, "ts_received": ends, "mark": mark, "index": index}
        return "mark", None, pl.DataFrame(columns)
    gaps = int((starts.diff() > seconds * 10**9).sum())
    parser.count("gap_between_candles", gaps)
    prices = {c: parser.price(rows[c], scales[0]) for c in ("open", "high", "low", "close")}
    frame = pl.DataFrame(
        {
            "ts_open": starts,
            "ts_event": ends,
            "ts_received": ends,
            **prices,
            "volume": parser.size(rows["volume"], scales[1], optional=True),
            "count": constant(0, rows.height),
        }
    )
    return "bar", f"{timeframe}-last", frame


def _trades(rows: pl.DataFrame, scales: tuple[int, int], parser: Parser) -> pl.DataFrame:
    stamps = parser.integer(rows["timestamp"]) * _NS_PER_MS
    sides = rows["side"].replace_strict({"buy": 1, "sell": -1}, default=0, return_dtype=pl.Int64)
    parser.count("side_not_said", int((sides == 0).sum()))
    ids = rows["id"].cast(pl.String).cast(pl.Int64, strict=False)
    parser.count("trade_id_no_number", ids.null_count())
    return pl.DataFrame(
        {
            "ts_event": stamps,
            "ts_received": stamps,
            "price": parser.price(rows["price"], scales[0]),
            "size": parser.size(rows["amount"], scales[1]),
            "aggressor": sides,
            "trade_id": ids.fill_null(0),
        }
    )


def _read(path: Path) -> pl.DataFrame:
    """The rows of a feather, Parquet or json.gz file."""
    try:
        if path.suffix == ".gz":
            return _read_json(path)
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ipc(path)
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise DataFormatError(f"{path.name}: truncated or damaged ({reason})") from error
    if "-trades" in path.name:
        _require(frame, _TRADE_FIELDS, path)
    return frame


def _read_json(path: Path) -> pl.DataFrame:
    """Trades as a list of lists; numbers stay the texts that stand in the file."""
    decoder: msgspec.json.Decoder[list[list[Any]]] = msgspec.json.Decoder(
        list[list[Any]], float_hook=str
    )
    try:
        rows = decoder.decode(gzip.decompress(path.read_bytes()))
    except msgspec.MsgspecError as error:
        raise DataFormatError(f"{path.name}: no list of trades ({error})") from error
    for number, row in enumerate(rows, 1):
        if len(row) != len(_TRADE_FIELDS):
            what = f"row {number}: {len(row)} fields, {len(_TRADE_FIELDS)} expected"
            raise DataFormatError(f"{path.name}: {what}")
    texts = [[None if value is None else str(value) for value in row] for row in rows]
    return pl.DataFrame(texts, schema=dict.fromkeys(_TRADE_FIELDS, pl.String), orient="row")


def _require(frame: pl.DataFrame, names: tuple[str, ...], path: Path) -> None:
    if missing := [name for name in names if name not in frame.columns]:
        raise DataFormatError(f"{path.name}: no column {', '.join(missing)}")
