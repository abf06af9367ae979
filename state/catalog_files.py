"""The Parquet files of a catalog: which columns a kind has, where a row's file lies, safe reads.

polars is imported inside the functions, so that commands which touch no data start fast.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

import msgspec

from openoutcry.state.durable_files import sync_file
from openoutcry.state.errors import CatalogError, DataFormatError
from openoutcry.state.identifiers import InstrumentId

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[np.int64]]

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "quote": ("ts_event", "ts_received", "bid", "ask", "bid_size", "ask_size"),
    "trade": ("ts_event", "ts_received", "price", "size", "aggressor", "trade_id"),
    "bar": (
        "ts_open",
        "ts_event",
        "ts_received",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "count",
    ),
    "book": ("ts_event", "ts_received", "update_id", "side", "price", "size", "flags"),
    "mark": ("ts_event", "ts_received", "mark", "index"),
    "funding": ("ts_event", "ts_received", "rate"),
    "split": ("ts_event", "ts_received", "numerator", "denominator"),
    "dividend": ("ts_event", "ts_received", "amount"),
}
"""Columns of each kind, in file order; all int64 without nulls (docs/reference/catalog.md)."""

BOOK_LAST, BOOK_SNAPSHOT, BOOK_GAP = 1, 2, 4
"""Bits of a book row's `flags`."""

SCHEMA_VERSION: Final = 1
SLICE_ROWS: Final = 1 << 20
"""Most rows that one read returns: what bounds the memory of a feed."""

_ROW_GROUP_ROWS: Final = 1 << 17
_TOGETHER_BYTES: Final = (
    1 << 22
)  # of files that are read in one go: opening one costs a millisecond
_YEARLY: Final = ("mark", "funding", "split", "dividend")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_BAR_FOLDER: Final = re.compile(r"([1-9][0-9]{0,8}[smhdtv])-(last|bid|ask|mid)")


class CatalogFileError(DataFormatError):
    """A catalog file that cannot be used; `finding` is its name in the quality report."""

    default_remedy = "import the day again, or restore the file"

    def __init__(self, path: Path, finding: str, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.finding = finding


class StreamKey(msgspec.Struct, frozen=True, order=True):
    """Names one stream of rows: a kind of an instrument and, for bars, `timeframe-price type`."""

    kind: str
    instrument: InstrumentId
    bar: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CatalogError(f"{self.kind!r} is no kind of data; kinds are {', '.join(KINDS)}")
        if self.kind == "bar" and not (self.bar and _BAR_FOLDER.fullmatch(self.bar)):
            raise CatalogError(f"bars are named like 1m-last, not {self.bar!r}")
        if self.kind != "bar" and self.bar is not None:
            raise CatalogError(f"{self.kind} has no bar type, but {self.bar!r} was given")

    @property
    def yearly(self) -> bool:
        """Whether a file holds a UTC year instead of a UTC day."""
        seconds = timeframe_seconds(self.bar.partition("-")[0]) if self.bar else None
        return self.kind in _YEARLY or (seconds is not None and seconds >= 3600)

    def folder(self, root: Path) -> Path:
        """The folder that holds the stream's files."""
        folder = root / self.kind / _encode(self.instrument)
        return folder / self.bar if self.bar else folder

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.instrument, self.bar)))


def timeframe_seconds(timeframe: str) -> int | None:
    """Seconds of `5m` and the like; None for bars that are not made by time (`100t`)."""
    seconds = _UNIT_SECONDS.get(timeframe[-1:])
    return None if seconds is None else int(timeframe[:-1]) * seconds


class FileInfo(msgspec.Struct, frozen=True):
    """What the Parquet metadata of a file says (docs/reference/catalog.md)."""

    schema: int
    price_scale: int
    size_scale: int
    source: str
    receive_offset_ns: int
    defects: dict[str, int]


def streams(root: Path) -> Iterator[StreamKey]:
    """The streams that have a folder, sorted."""
    for kind in sorted(KINDS):
        for folder in sorted(p for p in (root / kind).glob("*") if p.is_dir()):
            instrument = InstrumentId(unquote(folder.name))
            if kind != "bar":
                yield StreamKey(kind, instrument)
                continue
            for bar in sorted(p.name for p in folder.iterdir() if _BAR_FOLDER.fullmatch(p.name)):
                yield StreamKey(kind, instrument, bar)


def files(key: StreamKey, root: Path) -> list[Path]:
    """The stream's files in order of time."""
    return sorted(p for p in key.folder(root).glob("*.parquet") if not p.name.startswith("."))


def partitions(key: StreamKey, ts_received: "NDArray[np.int64]") -> Iterator[tuple[str, slice]]:
    """Cut sorted receive times into (file name without suffix, rows)."""
    import numpy as np

    unit = "datetime64[Y]" if key.yearly else "datetime64[D]"
    labels = ts_received.view("datetime64[ns]").astype(unit)
    starts = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
    ends = np.append(starts[1:], len(labels))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield str(labels[start]), slice(start, end)


def period(path: Path) -> str:
    """The UTC day or year that a file holds rows of: `2024-08-08` also of `2024-08-08.00000012.parquet`."""
    return path.stem.partition(".")[0]


def write_file(path: Path, frame: "pl.DataFrame", info: FileInfo, *, synced: bool = False) -> None:
    """Write a file so that readers see the old one or the new one, never a part.

    Args:
        path: Where.
        frame: The rows.
        info: The metadata.
        synced: Have the disk hold the contents before the file appears under its name.
    """
    metadata = {
        "openoutcry.schema": str(info.schema),
        "openoutcry.price_scale": str(info.price_scale),
        "openoutcry.size_scale": str(info.size_scale),
        "openoutcry.source": info.source,
        "openoutcry.receive_offset_ns": str(info.receive_offset_ns),
        "openoutcry.defects": json.dumps(info.defects, sort_keys=True),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # Snappy decodes fastest, and a replay reads far more often than an import writes.
        frame.write_parquet(
            temporary, compression="snappy", row_group_size=_ROW_GROUP_ROWS, metadata=metadata
        )
        if synced:
            sync_file(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_info(path: Path) -> FileInfo:
    """The metadata of a file.

    Raises:
        CatalogFileError: Truncated, no Parquet, not written by openoutcry, or by a newer one.
    """
    import polars as pl

    try:
        found: Mapping[str, str] = pl.read_parquet_metadata(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error
    try:
        info = FileInfo(
            schema=int(found["openoutcry.schema"]),
            price_scale=int(found["openoutcry.price_scale"]),
            size_scale=int(found["openoutcry.size_scale"]),
            source=found["openoutcry.source"],
            receive_offset_ns=int(found["openoutcry.receive_offset_ns"]),
            defects=msgspec.json.decode(found["openoutcry.defects"], type=dict[str, int]),
        )
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        what = "the openoutcry metadata is missing or damaged"
        raise CatalogFileError(path, "metadata_missing", what) from error
    if info.schema != SCHEMA_VERSION:
        what = f"schema {info.schema}, and this openoutcry reads schema {SCHEMA_VERSION}"
        raise CatalogFileError(path, "schema_unknown", what)
    return info


def read_slices(
    path: Path, kind: str, columns: Sequence[str] = (), slice_rows: int = SLICE_ROWS
) -> Iterator["pl.DataFrame"]:
    """The rows of a file in order, at most `slice_rows` at a time, each column in one piece.

    Only `columns` are read; left out, all columns of the kind.

    Raises:
        CatalogFileError: Truncated, no Parquet, other columns or types than the kind has, or nulls.
    """
    import polars as pl

    columns = columns or KINDS[kind]
    try:
        lazy = _scan([path])
        schema = lazy.collect_schema()
        wrong = [c for c in columns if schema.get(c) != pl.Int64]
        if wrong:
            what = f"no 64-bit integer column {', '.join(wrong)}"
            raise CatalogFileError(path, "wrong_columns", what)
        lazy = lazy.select(columns)
        total = int(lazy.select(pl.len()).collect().item())
        for offset in range(0, total, slice_rows):
            frame = lazy.slice(offset, slice_rows).collect().rechunk()
            if sum(frame.null_count().row(0)):
                raise CatalogFileError(path, "nulls", "nulls, which a catalog never has")
            yield frame
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error


def read_stream(paths: Sequence[Path], kind: str) -> Iterator["pl.DataFrame"]:
    """The rows of many files in order; as `read_slices`, with small files put together.

    Raises:
        CatalogFileError: As `read_slices`, for the first file that cannot be used.
    """
    for batch in batches(paths):
        frame = _together(batch, KINDS[kind]) if len(batch) > 1 else None
        if frame is not None:
            yield frame
            continue
        for path in batch:  # alone, or one of them cannot be used: then this names it
            yield from read_slices(path, kind)


def decoded(paths: Sequence[Path], kind: str) -> "Columns":
    """All rows of a few small files, each column in one piece; raises as `read_stream`."""
    import polars as pl

    frames = list(read_stream(paths, kind))
    empty = pl.DataFrame(schema=dict.fromkeys(KINDS[kind], pl.Int64))
    return as_columns(pl.concat([empty, *frames]).rechunk())


def count_rows(paths: Sequence[Path], kind: str) -> int:
    """How many rows the files have together, read from their ends.

    Raises:
        CatalogFileError: As `read_slices`, for the first file that cannot be used.
    """
    import polars as pl

    try:
        return int(_scan(paths).select(pl.len()).collect().item())
    except (OSError, pl.exceptions.PolarsError):
        return sum(frame.height for path in paths for frame in read_slices(path, kind))


def end_stamps(path: Path) -> tuple[int, int] | None:
    """The first and last `ts_received` of a file; None when it has no rows.

    Raises:
        CatalogFileError: Truncated, no Parquet, or without that column.
    """
    import polars as pl

    try:
        received = _scan([path]).select("ts_received")
        ends = pl.concat([received.head(1), received.tail(1)]).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error
    return (ends.item(0, 0), ends.item(1, 0)) if ends.height else None


def batches(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Neighbours whose sizes stay within what is read in one go; a large file is alone."""
    batch: list[Path] = []
    size = 0
    for path in paths:
        more = path.stat().st_size
        if batch and size + more > _TOGETHER_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += more
    if batch:
        yield batch


def _together(paths: Sequence[Path], columns: Sequence[str]) -> "pl.DataFrame | None":
    """The rows of several files in order; None when they are many, or not as they must be."""
    import polars as pl

    try:
        lazy = _scan(paths).select(columns)
        if lazy.select(pl.len()).collect().item() > SLICE_ROWS:
            return None
        frame = lazy.collect()
    except (OSError, pl.exceptions.PolarsError):
        return None
    if frame.schema != dict.fromkeys(columns, pl.Int64) or sum(frame.null_count().row(0)):
        return None
    return frame.rechunk()


def _scan(paths: Sequence[Path]) -> "pl.LazyFrame":
    import polars as pl

    return pl.scan_parquet(list(paths), glob=False, hive_partitioning=False)


def as_columns(frame: "pl.DataFrame") -> "Columns":
    """The columns of a frame as contiguous int64 arrays that share its memory."""
    return {name: frame[name].to_numpy() for name in frame.columns}


def _unreadable(path: Path, error: Exception) -> CatalogFileError:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    return CatalogFileError(path, "unreadable", f"truncated or not a Parquet file ({reason})")


def _encode(instrument: str) -> str:
    # `quote` leaves `~` alone, the catalog's alphabet does not.
    return quote(instrument, safe="").replace("~", "%7E")
