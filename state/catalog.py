"""The data catalog: recorded markets as Parquet files of exact integers.

The layout is docs/reference/catalog.md. A write replaces whatever the stream held between the
first and the last of its rows, so that importing a file again changes nothing, and importing the
neighbouring file of a day in another time zone keeps both parts of the UTC day.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from openoutcry.state import catalog_files
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog_files import KINDS, FileInfo, StreamKey
from openoutcry.state.errors import CatalogError, ConfigError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import AnyInstrument, Instrument

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from openoutcry.state.catalog_check import Finding
    from openoutcry.state.catalog_files import Columns

_INSTRUMENTS_FILE: Final = "instruments.json"
_CALENDARS_FILE: Final = "calendars.json"
_TAPE_FILE: Final = "tape.json"


class StreamInfo(msgspec.Struct, frozen=True):
    """One line of `outcry data ls`: times in nanoseconds UTC of `ts_received`, both inclusive."""

    kind: str
    instrument: InstrumentId
    bar: str | None
    rows: int
    first_ts: int
    last_ts: int
    files: int
    bytes: int


class Catalog:
    """A folder of instruments and their recorded data.

    Args:
        path: The folder. It need not exist before something is written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def instruments(self) -> list[AnyInstrument]:
        """All instruments, sorted by id.

        Raises:
            CatalogError: There is no catalog at the path, or its list of instruments is damaged.
        """
        file = self.path / _INSTRUMENTS_FILE
        try:
            found = msgspec.json.decode(file.read_bytes(), type=list[AnyInstrument])
        except OSError as error:
            raise CatalogError(
                f"{self.path} is no catalog: {_INSTRUMENTS_FILE} cannot be read",
                remedy="make one with `outcry data import` or `outcry data synth`",
            ) from error
        except msgspec.MsgspecError as error:
            raise CatalogError(f"{file}: {error}") from error
        return sorted(found, key=lambda instrument: instrument.id)

    def instrument(self, instrument: InstrumentId | str) -> AnyInstrument:
        """The instrument with an id.

        Raises:
            CatalogError: The catalog does not have it.
        """
        for found in self.instruments():
            if found.id == instrument:
                return found
        raise CatalogError(f"{self.path} has no instrument {instrument}")

    def add_instruments(
        self, instruments: Iterable[AnyInstrument], *, replace: bool = False
    ) -> None:
        """Add instruments; one that is already there stays as it is (its owner may have edited it).

        Args:
            instruments: What to add.
            replace: The new ones hold.

        Raises:
            CatalogError: An id is there with other scales: files written so far would change value.
        """
        exists = (self.path / _INSTRUMENTS_FILE).exists()
        known = {found.id: found for found in self.instruments()} if exists else {}
        for new in instruments:
            old = known.get(new.id, new)
            if replace or new.id not in known:
                known[new.id] = new
            if (old.price_scale, old.size_scale) != (new.price_scale, new.size_scale):
                raise CatalogError(
                    f"{new.id}: scales {new.price_scale}/{new.size_scale} contradict the catalog's "
                    f"{old.price_scale}/{old.size_scale}",
                    remedy="import into a new catalog, or give the import the catalog's scales",
                )
        self._write_list(_INSTRUMENTS_FILE, [known[key] for key in sorted(known)])

    def calendars(self) -> list[Calendar]:
        """Trading hours that instruments name, sorted by name; none when there is no such file.

        Raises:
            CatalogError: The file is damaged, or a calendar in it cannot be.
        """
        file = self.path / _CALENDARS_FILE
        if not file.exists():
            return []
        try:
            found = msgspec.json.decode(file.read_bytes(), type=list[Calendar])
        except (msgspec.MsgspecError, ConfigError, OSError) as error:
            raise CatalogError(
                f"{file}: {error}",
                remedy="correct the file; docs/reference/calendars.md has its form",
            ) from error
        if len({calendar.name for calendar in found}) < len(found):
            raise CatalogError(f"{file}: two calendars have one name", remedy="rename one of them")
        return sorted(found, key=lambda calendar: calendar.name)

    def add_calendars(self, calendars: Iterable[Calendar], *, replace: bool = False) -> None:
        """Add calendars; one whose name is there stays as it is (its owner may have edited it).

        With `replace` the new ones hold.
        """
        known = {calendar.name: calendar for calendar in self.calendars()}
        for calendar in calendars:
            if replace or calendar.name not in known:
                known[calendar.name] = calendar
        self._write_list(_CALENDARS_FILE, [known[name] for name in sorted(known)])

    @property
    def is_tape(self) -> bool:
        """Whether a session wrote it: its times of receipt are final, no feed's latency is added."""
        return (self.path / _TAPE_FILE).exists()

    def begin_tape(self) -> None:
        """Make this the catalog of a tape."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / _TAPE_FILE).touch()

    def write(
        self,
        kind: str,
        instrument: InstrumentId | str,
        columns: "Mapping[str, NDArray[np.int64]] | pl.DataFrame",
        *,
        bar: str | None = None,
        source: str,
        receive_offset_ns: int = 0,
        defects: Mapping[str, int] | None = None,
        append: bool = False,
    ) -> list[Path]:
        """Write rows sorted by `ts_received`; they replace what stood between the first and the last.

        Args:
            kind: One of `KINDS`.
            instrument: An id that `instruments()` has.
            columns: The columns of the kind, int64, without nulls, equally long.
            bar: `timeframe-price type` for bars.
            source: Format and file names for the metadata, without paths.
            receive_offset_ns: What was added to the recorded receive stamps.
            defects: Counted defects of these rows, for the metadata of the first file written.
            append: Keep what stands between the first and the last row: rows are merged by
                `ts_received`, the older ones first at equal times.

        Returns:
            The files written, one per UTC day or year.

        Raises:
            CatalogError: Unknown kind, instrument or bar type; columns or order are wrong; a tape.
        """
        key = StreamKey(kind, InstrumentId(instrument), bar)
        if self.is_tape:
            raise CatalogError(
                f"{self.path} is a tape, which only its session writes",
                remedy="write to another catalog",
            )
        owner = self.instrument(instrument)
        frame = _checked_frame(key, columns)
        written: list[Path] = []
        if frame.is_empty():
            return written
        for name, rows in catalog_files.partitions(key, frame["ts_received"].to_numpy()):
            path = key.folder(self.path) / f"{name}.parquet"
            part = frame[rows]
            info = FileInfo(
                schema=catalog_files.SCHEMA_VERSION,
                price_scale=owner.price_scale,
                size_scale=owner.size_scale,
                source=source,
                receive_offset_ns=receive_offset_ns,
                defects=dict(defects or {}) if not written else {},
            )
            if path.exists():
                part, info = _merge(path, key, part, info, append=append)
            catalog_files.write_file(path, part, info)
            written.append(path)
        return written

    def chunks(
        self,
        kind: str,
        instrument: InstrumentId | str,
        bar: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> "Iterator[Columns]":
        """The rows with `start <= ts_received < end` in order, a bounded slice at a time.

        Each chunk maps the column names of the kind to contiguous int64 arrays, which share memory
        with the decoded file; at most about a million rows are held at a time.

        Raises:
            CatalogError: The catalog has no such stream; of a tape, no such instrument.
            DataFormatError: A file is truncated, or has other columns or scales than it must.
        """
        key = StreamKey(kind, InstrumentId(instrument), bar)
        owner = self.instrument(instrument)
        paths = catalog_files.files(key, self.path)
        if not paths and not self.is_tape:
            raise CatalogError(f"{self.path} has no {key}")
        paths = [path for path in paths if overlaps(path, key, start, end)]
        return _read(key, owner, paths, start, end)

    def info(self, path: Path) -> FileInfo:
        """The metadata of one file."""
        return catalog_files.read_info(path)

    def files(
        self, kind: str, instrument: InstrumentId | str, bar: str | None = None
    ) -> list[Path]:
        """The files of a stream in order of time; empty when there are none."""
        return catalog_files.files(StreamKey(kind, InstrumentId(instrument), bar), self.path)

    def stream(
        self, kind: str, instrument: InstrumentId | str, bar: str | None = None
    ) -> StreamInfo | None:
        """What the catalog holds of one stream; None when it has no rows of it.

        Raises:
            DataFormatError: A file cannot be read.
        """
        return self._stream(StreamKey(kind, InstrumentId(instrument), bar))

    def ls(self) -> list[StreamInfo]:
        """What the catalog holds, one entry per stream.

        Raises:
            DataFormatError: A file cannot be read; `check` names all of them.
        """
        self.instruments()
        return [info for key in catalog_files.streams(self.path) if (info := self._stream(key))]

    def check(self) -> "list[Finding]":
        """Everything that is wrong or remarkable with the data, each a named finding with a count."""
        from openoutcry.state.catalog_check import check

        return check(self)

    def _stream(self, key: StreamKey) -> StreamInfo | None:
        """What the files say without reading their rows: they are sorted, and files follow in time."""
        paths = catalog_files.files(key, self.path)
        rows = catalog_files.count_rows(paths, key.kind) if paths else 0
        if not rows:
            return None
        ends = filter(None, map(catalog_files.end_stamps, paths))
        starts = filter(None, map(catalog_files.end_stamps, reversed(paths)))
        first, last = next(ends), next(starts)
        return StreamInfo(
            kind=key.kind,
            instrument=key.instrument,
            bar=key.bar,
            rows=rows,
            first_ts=first[0],
            last_ts=last[1],
            files=len(paths),
            bytes=sum(path.stat().st_size for path in paths),
        )

    def _write_list(self, name: str, items: Sequence[msgspec.Struct]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        temporary = self.path / f".{name}.{os.getpid()}.tmp"
        text = msgspec.json.format(msgspec.json.encode(items), indent=2)
        temporary.write_bytes(text + b"\n")
        temporary.replace(self.path / name)


def _checked_frame(
    key: StreamKey, columns: "Mapping[str, NDArray[np.int64]] | pl.DataFrame"
) -> "pl.DataFrame":
    """The columns as a frame in file order, proven to be what the catalog promises its readers."""
    import polars as pl

    expected = KINDS[key.kind]
    given = columns.columns if isinstance(columns, pl.DataFrame) else list(columns)
    if sorted(given) != sorted(expected):
        raise CatalogError(f"{key}: columns {' '.join(given)} are not {' '.join(expected)}")
    frame = pl.DataFrame({name: columns[name] for name in expected})
    wrong = [name for name, dtype in frame.schema.items() if dtype != pl.Int64]
    if wrong or sum(frame.null_count().row(0)):
        raise CatalogError(f"{key}: columns must be 64-bit integers without nulls ({wrong})")
    if not frame["ts_received"].is_sorted():
        raise CatalogError(f"{key}: rows are not in the order of ts_received")
    return frame.rechunk()


def _merge(
    path: Path, key: StreamKey, new: "pl.DataFrame", info: FileInfo, *, append: bool
) -> "tuple[pl.DataFrame, FileInfo]":
    """New rows put into an existing file, and the metadata of both."""
    import polars as pl

    old_info = catalog_files.read_info(path)
    old = pl.concat(list(catalog_files.read_slices(path, key.kind)))
    received = pl.col("ts_received")
    if append:
        merged = pl.concat([old, new]).sort("ts_received", maintain_order=True)
        kept = old.height
    else:
        before = old.filter(received < new["ts_received"][0])
        after = old.filter(received > new["ts_received"][-1])
        merged = pl.concat([before, new, after])
        kept = before.height + after.height
    if not kept:
        return merged, info
    if (old_info.price_scale, old_info.size_scale) != (info.price_scale, info.size_scale):
        raise CatalogError(f"{path}: written with other scales than the instrument has now")
    if old_info.receive_offset_ns != info.receive_offset_ns:
        raise CatalogError(
            f"{path}: holds rows with a receive offset of {old_info.receive_offset_ns} ns, the new "
            f"rows have {info.receive_offset_ns} ns",
            remedy="import all files of the day together, or set the offset",
        )
    return merged, _merged_info(old_info, info)


def _merged_info(old: FileInfo, new: FileInfo) -> FileInfo:
    if new.source in old.source.split("; "):  # imported again: counted once
        return msgspec.structs.replace(new, source=old.source, defects=old.defects | new.defects)
    names = sorted(old.defects.keys() | new.defects.keys())
    defects = {name: old.defects.get(name, 0) + new.defects.get(name, 0) for name in names}
    return msgspec.structs.replace(new, source=f"{old.source}; {new.source}", defects=defects)


def _read(
    key: StreamKey, owner: Instrument, paths: list[Path], start: int | None, end: int | None
) -> "Iterator[Columns]":
    for path in paths:
        check_scales(path, owner)
    for frame in catalog_files.read_stream(paths, key.kind):
        yield from between(catalog_files.as_columns(frame), start, end)


def between(columns: "Columns", start: int | None, end: int | None) -> "Iterator[Columns]":
    """The rows with `start <= ts_received < end`, sharing memory with the columns, unless there are none."""
    received = columns["ts_received"]
    first = 0 if start is None else int(received.searchsorted(start))
    last = len(received) if end is None else int(received.searchsorted(end))
    if first < last:
        yield {name: values[first:last] for name, values in columns.items()}


def check_scales(path: Path, owner: Instrument) -> None:
    """Prove that a file counts in the units that its instrument has now.

    Raises:
        CatalogError: It does not.
        DataFormatError: The file cannot be used.
    """
    info = catalog_files.read_info(path)
    if (info.price_scale, info.size_scale) != (owner.price_scale, owner.size_scale):
        raise CatalogError(
            f"{path}: written with scales {info.price_scale}/{info.size_scale}, the instrument "
            f"has {owner.price_scale}/{owner.size_scale}",
            remedy="restore the scales in instruments.json, or import the data again",
        )


def overlaps(path: Path, key: StreamKey, start: int | None, end: int | None) -> bool:
    """Whether a file can hold rows of the span: its name is its UTC day or year."""
    import numpy as np

    unit: Literal["Y", "D"] = "Y" if key.yearly else "D"
    try:
        period = np.datetime64(catalog_files.period(path), unit)
    except ValueError as error:
        raise CatalogError(f"{path}: the name is no UTC day or year") from error
    first, after = (
        int(t.astype("datetime64[ns]").astype(np.int64))
        for t in (period, period + np.timedelta64(1, unit))
    )
    return (start is None or start < after) and (end is None or first < end)
