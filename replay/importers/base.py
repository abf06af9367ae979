"""What all importers share: batches and the session that writes them into a catalog."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec
import polars as pl

from openoutcry.replay.importers.options import ImportOptions, ImportReport, StreamReport
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import KINDS, StreamKey
from openoutcry.state.instruments import AnyInstrument


class Batch(msgspec.Struct, kw_only=True):
    """Rows of one stream from one file, in the order of the file.

    `rows_read` counts the rows of the file behind this batch and no other. `calendar` is the one
    that the instrument names.
    """

    instrument: AnyInstrument
    kind: str
    columns: pl.DataFrame
    source: Path
    bar: str | None = None
    rows_read: int = 0
    receive_offset_ns: int = 0
    defects: dict[str, int] = {}
    calendar: Calendar | None = None


class Skipped(msgspec.Struct, frozen=True):
    """A file, or rows of one, that an importer knows of and does not import: counted, with a reason."""

    source: Path
    defect: str
    count: int = 1
    rows_read: int = 0


class Note(msgspec.Struct, frozen=True):
    """Something guessed or assumed, in one sentence for people; a repeated note is kept once."""

    text: str


Item = Batch | Skipped | Note


class Importer(Protocol):
    """Reads one format: a function from a path to batches, one file in memory at a time.

    The catalog is for reading what an earlier import ended with; the session does the writing.

    Raises:
        DataFormatError: The source is not of the format, truncated, or has a value that is no number.
    """

    def __call__(self, source: Path, options: ImportOptions, catalog: Catalog, /) -> Iterator[Item]:
        """Yield the batches of a file or folder, in order of time for each stream."""
        ...


class Session:
    """Writes the batches of one import and keeps its report."""

    def __init__(self, format_name: str, catalog: Catalog) -> None:
        self.report = ImportReport(format=format_name, catalog=str(catalog.path))
        self._catalog = catalog
        self._last: dict[StreamKey, int] = {}
        self._streams: dict[StreamKey, StreamReport] = {}
        self._instruments: dict[str, AnyInstrument] = {}
        self._sources: dict[Path, None] = {}

    def take(self, item: Item) -> None:
        """Write a batch, or note what was skipped or assumed."""
        if isinstance(item, Note):
            if item.text not in self.report.notes:
                self.report.notes.append(item.text)
            return
        self._sources.setdefault(item.source)
        self.report.files_read = len(self._sources)
        self.report.rows_read += item.rows_read
        if isinstance(item, Skipped):
            self._count({item.defect: item.count})
            return
        self._write(item)

    def _count(self, defects: dict[str, int]) -> None:
        for name in sorted(defects):
            self.report.defects[name] = self.report.defects.get(name, 0) + defects[name]

    def _write(self, batch: Batch) -> None:
        instrument = batch.instrument
        if self._instruments.get(instrument.id) != instrument:
            if batch.calendar is not None:
                self._catalog.add_calendars([batch.calendar])
            self._catalog.add_instruments([instrument])
            self._instruments[instrument.id] = instrument
        frame = batch.columns.select(KINDS[batch.kind])
        defects = dict(batch.defects)
        if not frame["ts_received"].is_sorted():
            back = int((frame["ts_received"].diff() < 0).sum())
            defects["time_goes_back"] = defects.get("time_goes_back", 0) + back
            frame = frame.sort("ts_received", maintain_order=True)
        self._count(defects)
        if frame.is_empty():
            return
        key = StreamKey(batch.kind, instrument.id, batch.bar)
        last = self._last.get(key)
        self._catalog.write(
            batch.kind,
            instrument.id,
            frame,
            bar=batch.bar,
            source=f"{self.report.format} {batch.source.name}",
            receive_offset_ns=batch.receive_offset_ns,
            defects=defects,
            append=last is not None and frame.item(0, "ts_received") <= last,
        )
        self._last[key] = max(last or 0, frame.item(-1, "ts_received"))
        self._add_rows(key, frame.height)

    def _add_rows(self, key: StreamKey, rows: int) -> None:
        stream = self._streams.get(key)
        if stream is None:
            stream = StreamReport(kind=key.kind, instrument=key.instrument, bar=key.bar, rows=0)
            self._streams[key] = stream
            self.report.streams.append(stream)
        stream.rows += rows
        self.report.rows_written += rows
