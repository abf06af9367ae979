"""Recorded data that many replays share: read, checked and decoded once.

    data = Dataset.load("catalog", config.feeds)
    results = [replay(variant, data=data) for variant in variants]

A worker process that is given a `Dataset` maps the same decoded files; it does not copy them.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from openoutcry.state import catalog_files
from openoutcry.state.catalog import Catalog, StreamInfo, between, check_scales, overlaps
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.column_cache import LIMIT_BYTES, ColumnCache, MappedColumns
from openoutcry.state.errors import CatalogError

if TYPE_CHECKING:
    from openoutcry.replay.decode_ahead import DecodeAhead
    from openoutcry.state.calendars import Calendar
    from openoutcry.state.catalog_files import Columns
    from openoutcry.state.config import FeedConfig
    from openoutcry.state.identifiers import InstrumentId
    from openoutcry.state.instruments import AnyInstrument

T = TypeVar("T")

_SMALL_ROWS: Final = 1 << 16
"""A part of up to this many rows stays decoded in memory and needs no file: at most 4.7 MB."""


class Dataset:
    """A catalog as it is when it is first asked for each thing; later changes of it are not seen.

    Args:
        catalog: Folder of the recorded data.
        cache: Whether to keep decoded columns on disk, and in which folder; True chooses
            (docs/explanation/data.md). False decodes the Parquet files in each run.
        limit_bytes: Most that the cache folder may hold.
    """

    def __init__(
        self,
        catalog: Path | str,
        *,
        cache: bool | Path | str = True,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.catalog = Catalog(catalog)
        self._cached = cache
        self._limit = limit_bytes
        folder = None if isinstance(cache, bool) else Path(cache)
        self._cache = (
            ColumnCache(self.catalog.path, folder, limit_bytes=limit_bytes) if cache else None
        )
        self._streams: dict[StreamKey, StreamInfo | None] = {}
        self._parts: dict[StreamKey, list[_Part]] = {}
        self._remembered: dict[str, tuple[tuple[object, ...], Any]] = {}

    @classmethod
    def load(
        cls,
        catalog: Path | str,
        feeds: "Iterable[FeedConfig]",
        *,
        start: int | None = None,
        end: int | None = None,
        cache: bool | Path | str = True,
        limit_bytes: int = LIMIT_BYTES,
    ) -> "Dataset":
        """A dataset whose feeds are decoded at once, so that the first run is as fast as the others.

        Args:
            catalog: Folder of the recorded data.
            feeds: Which streams: those of a config.
            start: Decode what is received from here on (nanoseconds UTC); the rest when it is asked for.
            end: Decode what is received before this.
            cache: As of the class.
            limit_bytes: As of the class.

        Raises:
            CatalogError: The catalog lacks a feed's instrument or data.
            DataFormatError: A file cannot be used.
        """
        data = cls(catalog, cache=cache, limit_bytes=limit_bytes)
        for feed in feeds:
            for kind in feed.kinds:
                for bar in feed.bars if kind == "bar" else [None]:
                    data.stream(kind, feed.instrument, bar)
                    for part in data._between(StreamKey(kind, feed.instrument, bar), start, end):
                        data._columns(part)
        return data

    def __reduce__(self) -> "tuple[object, ...]":
        return (_restored, (self.catalog.path, self._cached, self._limit))

    @cached_property
    def instruments(self) -> "list[AnyInstrument]":
        """All instruments, sorted by id; raises as `Catalog.instruments`."""
        return self.catalog.instruments()

    @cached_property
    def calendars(self) -> "list[Calendar]":
        """Trading hours, sorted by name; raises as `Catalog.calendars`."""
        return self.catalog.calendars()

    def stream(self, kind: str, instrument: "InstrumentId", bar: str | None) -> StreamInfo | None:
        """What there is of a stream; raises as `Catalog.stream`."""
        key = StreamKey(kind, instrument, bar)
        if key not in self._streams:
            self._streams[key] = self.catalog.stream(kind, instrument, bar)
        return self._streams[key]

    def remembered(self, name: str, inputs: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` gave for the very same inputs, or gives now; the last is kept by name.

        Many runs differ in parameters of strategies only: the rest is worked out once.
        """
        known = self._remembered.get(name)
        if known is None or not all(map(operator.is_, known[0], inputs)):
            known = self._remembered[name] = inputs, make()
        made: T = known[1]
        return made

    def chunks(
        self,
        kind: str,
        instrument: "InstrumentId",
        bar: str | None = None,
        start: int | None = None,
        end: int | None = None,
        *,
        ahead: "DecodeAhead | None" = None,
    ) -> "Iterable[Columns]":
        """The rows with `start <= ts_received < end` in order; raises as `Catalog.chunks`.

        Args:
            kind: Kind of data.
            instrument: Whose.
            bar: Time frame and price type of bars.
            start: Nanoseconds UTC.
            end: Nanoseconds UTC.
            ahead: Decodes the next chunk while one is played.
        """
        if self._cache is None:
            decoded = self.catalog.chunks(kind, instrument, bar, start, end)
            return decoded if ahead is None else ahead.chunks(decoded)
        return self._shared(StreamKey(kind, instrument, bar), (start, end), ahead)

    def _shared(
        self,
        key: StreamKey,
        span: tuple[int | None, int | None],
        ahead: "DecodeAhead | None",
    ) -> "Iterator[Columns]":
        for part in self._between(key, *span):
            columns = self._columns(part)
            if columns is not None:
                yield from between(columns, *span)
                part.release()
                continue
            frames = catalog_files.read_stream(part.paths, key.kind)
            decoded = (c for f in frames for c in between(catalog_files.as_columns(f), *span))
            yield from decoded if ahead is None else ahead.chunks(decoded)

    def _between(self, key: StreamKey, start: int | None, end: int | None) -> "list[_Part]":
        """The parts of a stream that can have rows of a span, in order of time."""
        parts = self._all(key)
        if start is None and end is None:
            return parts
        return [p for p in parts if any(overlaps(path, key, start, end) for path in p.paths)]

    def _all(self, key: StreamKey) -> "list[_Part]":
        """The parts of a stream, in order of time."""
        if key not in self._parts:
            owner = next((item for item in self.instruments if item.id == key.instrument), None)
            paths = catalog_files.files(key, self.catalog.path)
            if owner is None or not (paths or self.catalog.is_tape):
                raise CatalogError(f"{self.catalog.path} has no {key}")
            for path in paths:
                check_scales(path, owner)
            batches = list(catalog_files.batches(paths))
            self._parts[key] = [_Part(key, batch, alone=len(batches) == 1) for batch in batches]
        return self._parts[key]

    def _columns(self, part: "_Part") -> "Columns | None":
        """The decoded columns of a part, in memory or mapped; None where they can't be kept."""
        if part.columns is None and not part.hopeless and self._cache is not None:
            rows = catalog_files.count_rows(part.paths, part.key.kind)
            if rows <= _SMALL_ROWS:
                part.columns = catalog_files.decoded(part.paths, part.key.kind)
            else:
                part.map(self._cache)
            part.hopeless = part.columns is None
        return part.columns


class _Part:
    """Files of a stream that are decoded together."""

    def __init__(self, key: StreamKey, paths: list[Path], *, alone: bool) -> None:
        self.key = key
        self.paths = paths
        self.columns: Columns | None = None
        self.hopeless = False
        self._alone = alone
        self._mapped: MappedColumns | None = None

    def map(self, cache: ColumnCache) -> None:
        """Take the columns from the cache, unless it has no place for them."""
        self._mapped = cache.columns(self.key, self.paths)
        if self._mapped is not None:
            self.columns = self._mapped.columns
            self.release()

    def release(self) -> None:
        """This part was played: of many, memory holds only those at hand."""
        if self._mapped is not None and not self._alone:
            self._mapped.release()


def _restored(catalog: Path, cache: bool | Path | str, limit_bytes: int) -> Dataset:
    return Dataset(catalog, cache=cache, limit_bytes=limit_bytes)
