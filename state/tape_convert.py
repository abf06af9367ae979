"""Makes Parquet of closed raw segments, so that a kill at any moment neither loses nor doubles a row.

    parts of the catalog ──▶ read again and compared ──▶ index ──▶ told ──▶ raw files removed

The names of the parts come from the number of the first segment, and the index decides: before it is there
the raw files hold, and the parts are made anew; once it is there the parts hold. Small segments, as quick
restarts leave them, are put together.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from openoutcry import _native
from openoutcry.state import catalog_files
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import KINDS, SCHEMA_VERSION, FileInfo, StreamKey
from openoutcry.state.durable_files import sync_folder, write_synced
from openoutcry.state.errors import TapeError
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.tape_files import (
    CATALOG,
    INDEX,
    Index,
    Part,
    RawSegment,
    Walked,
    index_numbers,
    index_path,
    raw_numbers,
    raw_path,
    read_index,
)

if TYPE_CHECKING:
    import polars as pl

    from openoutcry.state.catalog_files import Columns

DAY_NS: Final = 86_400 * 10**9
_GONE: Final = ".gone"
_BEGUN: Final = ".begun"
_TOGETHER: Final = 64  # segments: all of them are open at once
_VERIFY_ROWS: Final = 1 << 18
_DIGEST_ROWS: Final = 1 << 15


class Hooks(Protocol):
    """Where a test may stop the conversion."""

    def at(self, step: str) -> None:
        """A step is reached."""


class NoHooks:
    """Nobody stops it."""

    def at(self, step: str) -> None:
        """Go on."""


def ignored(_: MarketDataTaped) -> None:
    """Nobody is told."""


class Converter:
    """Converts the closed segments of a tape. One thread at a time.

    Args:
        tape: Folder of the tape.
        limit_bytes: Raw bytes that are put together.
        limit_ns: Time that is put together.
        on_closed: Told what is on the tape for good; again, if a kill came right after.
        hooks: For tests.
    """

    def __init__(
        self,
        tape: Path,
        *,
        limit_bytes: int,
        limit_ns: int,
        on_closed: Callable[[MarketDataTaped], None] = ignored,
        hooks: Hooks | None = None,
    ) -> None:
        self.tape = tape
        self.catalog = Catalog(tape / CATALOG)
        self._limit_bytes = limit_bytes
        self._limit_ns = limit_ns
        self._on_closed = on_closed
        self._hooks = hooks or NoHooks()

    def mend(self) -> None:
        """Finish what a kill left between two steps, and remove what was begun."""
        for old in sorted((self.tape / INDEX).glob(f"*{_GONE}")):
            self._forget(msgspec.json.decode(old.read_bytes(), type=Index), old)
        for number in index_numbers(self.tape):
            index = read_index(self.tape, number)
            if any(index.first <= raw <= index.last for raw in raw_numbers(self.tape)):
                self._settle(index)
        for begun in sorted((self.tape / INDEX).glob(f"*{_BEGUN}")):
            # Part of an attempt, which the next one may make of fewer segments.
            if not begun.with_suffix(".json").exists():
                for pattern in (f"*.{begun.stem}.parquet", f".*.{begun.stem}.parquet.*.tmp"):
                    for part in self.catalog.path.rglob(pattern):
                        part.unlink()
            begun.unlink()

    def due(self, before: int, now: int, *, final: bool = False) -> list[int]:
        """The segments that are converted together next; none while more of them should come.

        Args:
            before: Number of the segment that is written.
            now: The session's time, nanoseconds UTC.
            final: Whatever is there.
        """
        chosen: list[int] = []
        size, begin = 0, now
        for number in (n for n in raw_numbers(self.tape) if n < before):
            with_head = self._opened(number)
            if with_head is None:
                if chosen:
                    return chosen
                continue
            head, more = with_head.head, with_head.size
            with_head.close()
            begin = begin if chosen else head.now
            apart = size + more > self._limit_bytes or _day(head.now) != _day(begin)
            if chosen and (apart or head.holes or len(chosen) == _TOGETHER):
                return chosen
            chosen.append(number)
            size += more
        full = size >= self._limit_bytes or now - begin >= self._limit_ns
        return chosen if chosen and (final or full or _day(begin) != _day(now)) else []

    def convert(self, numbers: Sequence[int]) -> Index:
        """Make Parquet of neighbouring closed segments, or of the first of them that belong together.

        After an attempt that failed, `mend` comes first.

        Raises:
            TapeError: What was written is not what was read.
            OSError: No room, or a broken disk; nothing is lost, and it can be tried again.
            DataError: As above, seen through Parquet.
        """
        raws = [RawSegment(raw_path(self.tape, number)) for number in numbers]
        begun = index_path(self.tape, numbers[0]).with_suffix(_BEGUN)
        begun.touch()
        try:
            walked = _together(raws)
            index = self._parts(raws[: len(walked)], walked)
        finally:
            for raw in raws:
                raw.close()
        self._hooks.at("before index")
        _write_index(self.tape, index)
        begun.unlink()
        self._settle(index)
        return index

    def retain(self, keep_days: int, now: int) -> int:
        """Remove what is older than so many UTC days before the present one; returns how many indexes.

        The last one stays. 0 days keep everything.
        """
        numbers = index_numbers(self.tape) if keep_days else []
        removed = 0
        for number in numbers[:-1]:
            index = read_index(self.tape, number)
            if _day(index.last_now) >= _day(now) - keep_days:
                break
            path = index_path(self.tape, number)
            gone = path.with_suffix(_GONE)
            path.rename(gone)
            self._hooks.at("index gone")
            self._forget(index, gone)
            removed += 1
        return removed

    def _settle(self, index: Index) -> None:
        """What follows once the index is there; every step can be done again."""
        self._hooks.at("after index")
        self._on_closed(taped(self.tape, index))
        self._hooks.at("after note")
        for number in range(index.first, index.last + 1):
            raw_path(self.tape, number).unlink(missing_ok=True)
            self._hooks.at("after removal")

    def _forget(self, index: Index, gone: Path) -> None:
        for part in index.parts:
            (self.catalog.path / part.file).unlink(missing_ok=True)
            self._hooks.at("part gone")
        gone.unlink(missing_ok=True)

    def _opened(self, number: int) -> RawSegment | None:
        """A raw segment; what has no head cannot be used and is put aside."""
        path = raw_path(self.tape, number)
        try:
            return RawSegment(path)
        except TapeError:
            path.rename(path.with_suffix(".damaged"))
            return None

    def _parts(self, raws: Sequence[RawSegment], walked: Sequence[Walked]) -> Index:
        first, last = raws[0], raws[-1]
        streams = {place.stream: place.row for place in last.head.streams}
        streams |= {place.stream: place.row for place in first.head.streams}
        parts: list[Part] = []
        for stream, row in streams.items():
            parts += self._stream_parts(stream, row, raws)
        return Index(
            first=first.head.number,
            last=last.head.number,
            first_seq=first.head.seq + 1,
            last_seq=walked[-1].seq,
            first_now=first.head.now,
            last_now=walked[-1].now,
            streams=first.head.streams,
            ends=tuple(walked[-1].places),
            parts=tuple(parts),
            holes=first.head.holes,
            lost=last.lost,
        )

    def _stream_parts(self, key: StreamKey, row: int, raws: Sequence[RawSegment]) -> list[Part]:
        """Write the rows of one stream, a file for each UTC day or year."""
        import polars as pl

        frame = _frame(key, raws)
        if frame.is_empty():
            return []
        owner = self.catalog.instrument(key.instrument)
        info = FileInfo(SCHEMA_VERSION, owner.price_scale, owner.size_scale, "tape", 0, {})
        parts = []
        for period, rows in catalog_files.partitions(key, frame["ts_received"].to_numpy()):
            name = f"{period}.{raws[0].head.number:08}.parquet"
            path = key.folder(self.catalog.path) / name
            part = frame[rows]
            proof = _digest([part], part.columns)
            try:
                catalog_files.write_file(path, part, info, synced=True)
            except pl.exceptions.PolarsError as error:
                raise TapeError(f"{path}: {str(error).partition(chr(10))[0]}") from error
            sync_folder(path.parent)
            self._hooks.at("part written")
            if part_digest(path, key.kind) != proof:
                raise TapeError(f"{path}: what was written is not what was read")
            file = str(path.relative_to(self.catalog.path))
            parts.append(Part(key, file, row + rows.start, part.height, proof[1]))
        return parts


def _together(raws: Sequence[RawSegment]) -> list[Walked]:
    """Where the segments end, up to the first one that does not go on where the one before ended."""
    walked: list[Walked] = []
    ends: dict[StreamKey, int] = {}
    for raw in raws:
        starts = {place.stream: place.row for place in raw.head.streams}
        broken = any(starts.get(stream) != row for stream, row in ends.items())
        if walked and (broken or raw.head.holes):
            break
        walked.append(raw.walk())
        ends = {place.stream: place.row for place in walked[-1].places}
    return walked


def _frame(key: StreamKey, raws: Sequence[RawSegment]) -> "pl.DataFrame":
    """All rows of one stream. Put together by Polars, which lets the core's thread run meanwhile."""
    import polars as pl

    names = KINDS[key.kind]
    frames = [pl.DataFrame(schema=dict.fromkeys(names, pl.Int64))]
    for raw in raws:
        keys = [place.stream for place in raw.head.streams]
        if key in keys:
            pieces = raw.pieces(keys.index(key))
            frames += [pl.DataFrame(as_arrays(key, piece, keys.index(key))) for piece in pieces]
    return pl.concat(frames).rechunk()


def as_arrays(key: StreamKey, piece: _native.TapePiece, number: int) -> "Columns":
    """The columns of a stream in a piece."""
    import numpy as np

    columns = piece.columns(number)
    return {
        name: np.frombuffer(column, dtype="<i8")
        for name, column in zip(KINDS[key.kind], columns, strict=True)
    }


def _digest(frames: "Iterable[pl.DataFrame]", names: Sequence[str]) -> tuple[int, str]:
    """Rows and digest of the columns of frames, in small steps: each holds the interpreter's lock."""
    hashers = [_native.Hasher() for _ in names]
    rows = 0
    for frame in frames:
        rows += frame.height
        for name, hasher in zip(names, hashers, strict=True):
            for piece in frame[name].to_frame().iter_slices(_DIGEST_ROWS):
                hasher.update(piece.to_series().to_numpy().tobytes())
    return rows, _native.digest(b"".join(hasher.digest() for hasher in hashers)).hex()


def part_digest(path: Path, kind: str) -> tuple[int, str]:
    """Rows and digest of a part as it is in the catalog.

    Raises:
        DataFormatError: It cannot be read.
    """
    names = KINDS[kind]
    return _digest(catalog_files.read_slices(path, kind, slice_rows=_VERIFY_ROWS), names)


def taped(tape: Path, index: Index) -> MarketDataTaped:
    """What the journal notes of an index: its digest holds the digests of all its rows."""
    path = index_path(tape, index.first)
    return MarketDataTaped(
        first=index.first_seq,
        last=index.last_seq,
        file=str(path.relative_to(tape.parent)),
        rows=index.rows,
        digest=_native.digest(path.read_bytes()).hex(),
    )


def _write_index(tape: Path, index: Index) -> None:
    path = index_path(tape, index.first)
    temporary = path.with_suffix(".tmp")
    write_synced(temporary, msgspec.json.encode(index))
    temporary.replace(path)
    sync_folder(path.parent)


def _day(ns: int) -> int:
    return ns // DAY_NS
