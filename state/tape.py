"""The tape: the market data of a session exactly as its core saw it, crash-safe.

The core's thread calls `write` with the rows it is about to play and `flush` once a turn, which is one
write(2) to a raw segment: a killed process loses nothing, a power cut what was not synced. Closed segments
become Parquet in `tape/catalog` beside the core. Nothing here stops the core: where the disk refuses, rows are
counted and dropped, and a hole is on the tape as soon as it works again. The files stand in `tape_files.py`.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from openoutcry import _native
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import KINDS, StreamKey
from openoutcry.state.durable_files import FOLDER_MODE, NO_ROOM, sync_folder
from openoutcry.state.errors import TapeError
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.tape_config import TapeConfig
from openoutcry.state.tape_convert import DAY_NS, Converter, Hooks, ignored
from openoutcry.state.tape_files import (
    CATALOG,
    INDEX,
    SEGMENTS,
    Head,
    Hole,
    Missing,
    Place,
    RawSegment,
    index_numbers,
    mark_lost,
    raw_numbers,
    raw_path,
    read_index,
)
from openoutcry.state.tape_threads import ConvertThread, Disk, RealDisk, SyncThread

if TYPE_CHECKING:
    from openoutcry.state.config import FeedConfig
    from openoutcry.state.instruments import AnyInstrument

RETRY_S: Final = 0.25
"""How often a disk that refused is tried again."""
CONVERT_RETRY_S: Final = 5.0
CLOSE_S: Final = 30.0
_UNKNOWN: Final = "the process that wrote it lost rows and ended"


class TapeState(StrEnum):
    """How the tape is."""

    RUNNING = "running"
    FULL = "full"
    FAILED = "failed"
    CLOSED = "closed"


class TapeHealth(msgspec.Struct, frozen=True):
    """What an operator wants to know. `full` and `failed` are tried again and heal.

    `rows` were written by this process and `dropped_rows` lost; `holes` were begun by it. `torn_bytes` were cut
    off at the start. `waiting_segments` are closed and no Parquet yet, `convert_error` says why if that fails.
    `last_seq` is the last input whose rows are in the file.
    """

    state: TapeState
    reason: str
    last_seq: int
    rows: int
    dropped_rows: int
    holes: int
    torn_bytes: int
    waiting_segments: int
    convert_error: str


def streams_of(feeds: "Sequence[FeedConfig]") -> list[StreamKey]:
    """The streams of a config in the order in which its kernel has them."""
    return [
        StreamKey(kind, feed.instrument, bar)
        for feed in feeds
        for kind in feed.kinds
        for bar in (feed.bars if kind == "bar" else (None,))
    ]


def quiet(_: TapeHealth) -> None:
    """Nobody listens."""


class TapeWriter:
    """Writes the tape of one session. All but `health` is for the core's thread.

    Args:
        directory: The tape's folder, `STATE/tape`; made where it is not there.
        streams: What will be written; earlier streams keep their rows.
        instruments: Those of the streams, for the catalog.
        calendars: Trading hours that they name.
        config: Sizes and intervals.
        on_closed: Told on a thread of the tape what is in the catalog for good (`LmdbJournal.note`).
        on_change: Told on the core's thread when the state changes.
        rows: Rows of each stream that the core has played, where they may be more than the tape has: the
            difference is a hole.
        disk: The system, for tests.
        hooks: Steps of the conversion, for tests.
        background: Whether segments are converted while it runs, or only by `close`.
        keep_rows: Rows that may wait in memory while the disk is full; those of a turn beyond them are lost.

    Raises:
        TapeError: The tape that is there is damaged.
        SchemaTooNew: A newer openoutcry wrote it.
        CatalogError: An instrument has other scales than it had on this tape.
        OSError: The folder cannot be made or written to.
    """

    def __init__(
        self,
        directory: Path,
        streams: Sequence[StreamKey],
        instruments: "Sequence[AnyInstrument]",
        *,
        calendars: Sequence[Calendar] = (),
        config: TapeConfig | None = None,
        on_closed: Callable[[MarketDataTaped], None] = ignored,
        on_change: Callable[[TapeHealth], None] = quiet,
        rows: Mapping[StreamKey, int] | None = None,
        disk: Disk | None = None,
        hooks: Hooks | None = None,
        background: bool = True,
        keep_rows: int = 0,
    ) -> None:
        config = config or TapeConfig()
        self.directory = directory
        self._limit_bytes = config.segment_mb << 20
        self._limit_ns = config.segment_minutes * 60 * 10**9
        self._disk = disk or RealDisk()
        self._on_change = on_change
        _make_folders(directory, instruments, calendars)
        found = recover(directory)
        self.last_seq = found.seq
        self._now = found.now
        self._torn = found.torn
        self._number = found.number
        self._streams = _all_streams(found.places, streams)
        self._index = {place.stream: number for number, place in enumerate(self._streams)}
        self._frames = _native.TapeFrames(
            [list(KINDS[place.stream.kind]) for place in self._streams],
            [max(place.row, (rows or {}).get(place.stream, 0)) for place in self._streams],
            [place.stamp for place in self._streams],
        )
        self._stamps = (
            self._frames.stamps
        )  # as of the last frame, not of what waits for the next one
        self._hole: tuple[str, list[int], bool] | None = None
        self._holes = self._dropped = 0
        self._before = sum(self._frames.rows)
        if found.lost or self._frames.rows != [place.row for place in self._streams]:
            self._hole = (_UNKNOWN, [place.row for place in self._streams], not found.lost)
        self._state, self._reason = TapeState.RUNNING, ""
        self._fd = -1
        self._closed_below = self._number + 1  # read by the converting thread
        self._size = 0
        self._until = 0
        self._retry_at = 0.0
        self._waits = False
        self._sync_failed = False
        self._sync = SyncThread(directory, self._disk, config.sync_ms / 1000, self._segment_closed)
        self._converter = Converter(
            directory,
            limit_bytes=self._limit_bytes,
            limit_ns=self._limit_ns,
            on_closed=on_closed,
            hooks=hooks,
        )
        self._convert = ConvertThread(
            self._converter, self._moment, keep_days=config.keep_days, retry_s=CONVERT_RETRY_S
        )
        self._background = background
        self._keep_rows = keep_rows
        self._segment_closed()

    def write(self, stream: StreamKey, columns: Mapping[str, Any]) -> None:
        """Take rows of a stream, before they are played; they are copied.

        Args:
            stream: One of those given at the start.
            columns: The columns of its kind: contiguous int64 buffers of one length. `ts_received` is
                when the core sees the row; it never steps back, and is raised where it would.
        """
        self._frames.push(self._index[stream], columns)

    def flush(self, seq: int, now: int) -> bool:
        """Have the system hold what was written since the last flush: all of it or nothing.

        Args:
            seq: The last input that the core has handled.
            now: The session's time, nanoseconds UTC.

        Returns:
            Whether nothing waits: False while the disk is full, and the rows wait for room.
        """
        if not self._frames.blocks:
            return True
        self._now = now
        if self._waits and time.monotonic() < self._retry_at:
            return self._put_off()
        if self._hole is not None or self._fd < 0:
            if not self._next(now, needed=True):
                return self._put_off()
        elif self._size >= self._limit_bytes or now >= self._until or self._sync.error:
            self._next(now, needed=False)  # where that fails, the old one goes on
        data = self._frames.frame(seq, now)
        if data is None or not self._put(data):
            return self._put_off()
        self._clear()
        self._waits = False
        self.last_seq = seq
        self._sync.wrote()
        if self._state is not TapeState.RUNNING:
            self._heal()
        return True

    def _clear(self) -> None:
        self._frames.clear()
        self._stamps = self._frames.stamps

    def _put_off(self) -> bool:
        """Keep the rows for when there is room, where they may wait; else lose them."""
        waiting = sum(self._frames.rows) - sum(self._frames.before)
        if self._state is not TapeState.FULL or waiting > self._keep_rows:
            self._drop()
            self._waits = False
            return True
        self._waits = True
        if time.monotonic() >= self._retry_at:
            self._retry_at = time.monotonic() + RETRY_S
        return False

    def gap(self, reason: str) -> None:
        """Mark that rows are missing here that nobody counted; a hole stands before the next rows."""
        if self._hole is None:
            self._hole = (reason, self._frames.before, False)

    @property
    def rows(self) -> dict[StreamKey, int]:
        """Rows of each stream up to now, lost ones and earlier sessions included."""
        rows = self._frames.rows
        return {stream: rows[number] for stream, number in self._index.items()}

    @property
    def health(self) -> TapeHealth:
        """How it is; from any thread."""
        waiting = [n for n in raw_numbers(self.directory) if n < self._closed_below]
        state, reason = self._state, self._reason
        convert_error = self._convert.error
        if state is not TapeState.CLOSED:
            if not self._sync.alive:
                state, reason = TapeState.FAILED, "the syncing thread is dead"
            if not self._convert.alive:
                convert_error = "the converting thread is dead"
        return TapeHealth(
            state,
            reason,
            self.last_seq,
            sum(self._frames.before) - self._before - self._dropped,
            self._dropped,
            self._holes,
            self._torn,
            len(waiting),
            convert_error,
        )

    def close(self, timeout_s: float = CLOSE_S, *, convert: bool = True) -> bool:
        """Sync, make Parquet of everything unless told otherwise, end; whether all of that was done."""
        if self._state is TapeState.CLOSED:
            return True
        self._end_segment()
        ended = self._sync.close(timeout_s)
        converted = self._convert.close(timeout_s, convert=convert)
        self._turn(TapeState.CLOSED, "")
        return ended and converted

    # --- segments -------------------------------------------------------------------------------

    def _next(self, now: int, *, needed: bool) -> bool:
        """Begin a segment; False where the disk refuses, which is tried again after a while."""
        if time.monotonic() < self._retry_at:
            return False
        if self._sync.error:
            self._sync_failed = True
            self._turn(TapeState.FAILED, self._sync.error)
        number = self._number + 1
        head = self._head(number, now)
        fd = -1
        try:
            fd = self._sync.take(number)
            self._write_all(fd, head)
        except OSError as error:
            if fd >= 0:
                raw_path(self.directory, number).unlink(missing_ok=True)
                os.close(fd)
            self._retry_at = time.monotonic() + RETRY_S
            if needed:
                self._refused(error)
            return False
        self._holes += self._hole is not None
        self._hole = None
        self._number, self._fd, self._size = number, fd, len(head)
        self._until = min(now + self._limit_ns, (now // DAY_NS + 1) * DAY_NS)
        self._sync.begin(fd)
        self._closed_below = number
        return True

    def _heal(self) -> None:
        """Rows are written again; after a sync that failed, one must have worked."""
        if not self._sync_failed or self._sync.synced:
            self._sync_failed = False
            self._turn(TapeState.RUNNING, "")

    def _head(self, number: int, now: int) -> bytes:
        rows, stamps = self._frames.before, self._stamps
        places = tuple(
            Place(place.stream, row, stamp)
            for place, row, stamp in zip(self._streams, rows, stamps, strict=True)
        )
        holes: tuple[Hole, ...] = ()
        if self._hole is not None:
            reason, begin, counted = self._hole
            missing = tuple(
                Missing(place.stream, first, place.row - first if counted else None)
                for place, first in zip(places, begin, strict=True)
            )
            holes = (Hole(self.last_seq, reason, missing),)
        return Head(number, self.last_seq, now, places, holes).encode()

    def _put(self, data: bytes) -> bool:
        """Write a frame; a piece of one that found no room is cut off again."""
        try:
            self._write_all(self._fd, data)
        except OSError as error:
            if not (self._keep_rows and error.errno in NO_ROOM and self._cut_back()):
                self._cut_off(self._size)
            self._refused(error)
            return False
        self._size += len(data)
        return True

    def _write_all(self, fd: int, data: bytes) -> None:
        done = self._disk.write(fd, data)
        if done != len(data):
            view = memoryview(data)
            while done < len(data):
                done += self._disk.write(fd, view[done:])

    def _cut_back(self) -> bool:
        """Take back the piece of a frame that found no room; whether that worked."""
        try:
            os.ftruncate(self._fd, self._size)
            os.lseek(self._fd, self._size, os.SEEK_SET)
        except OSError:
            return False
        return True

    def _cut_off(self, size: int) -> None:
        """Remove what is behind the last whole frame, and note that rows were lost there."""
        try:
            os.ftruncate(self._fd, size)
            mark_lost(self._fd)
        except OSError:
            pass  # the sum of the frame tells its readers, and the next segment has the hole
        self._end_segment()

    def _end_segment(self) -> None:
        self._fd = -1
        self._closed_below = self._number + 1
        self._sync.end()

    def _refused(self, error: OSError) -> None:
        reason = f"cannot write the tape: {os.strerror(error.errno or 0)}"
        self._turn(TapeState.FULL if error.errno in NO_ROOM else TapeState.FAILED, reason)

    def _drop(self) -> None:
        """Lose the rows of this turn, counted."""
        before = self._frames.before
        if self._hole is None:
            self._hole = (self._reason, before, True)
        self._dropped += sum(self._frames.rows) - sum(before)
        self._clear()

    def _turn(self, state: TapeState, reason: str) -> None:
        if state is not self._state:
            self._state, self._reason = state, reason
            self._on_change(self.health)

    def _moment(self) -> tuple[int, int]:
        return self._closed_below, self._now

    def _segment_closed(self) -> None:
        if self._background:
            self._convert.wake()


class Found(msgspec.Struct):
    """Where a tape ends that is there: last segment, input, time, places; what was cut off, or lost."""

    number: int = 0
    seq: int = 0
    now: int = 0
    places: tuple[Place, ...] = ()
    torn: int = 0
    lost: bool = False


def recover(tape: Path) -> Found:
    """Find the end of a tape, and cut off a frame that was not whole.

    Raises:
        TapeError: The last index is damaged.
        SchemaTooNew: A newer openoutcry wrote the last segment.
        OSError: It cannot be read, or cut.
    """
    for spare in (tape / SEGMENTS).glob("spare-*"):
        spare.unlink()
    indexed = index_numbers(tape)
    found = Found()
    if indexed:
        last = read_index(tape, indexed[-1])
        found = Found(last.last, last.last_seq, last.last_now, last.ends, 0, last.lost)
    for number in reversed([n for n in raw_numbers(tape) if n > found.number]):
        path = raw_path(tape, number)
        if (size := path.stat().st_size) == 0:
            path.unlink()
            continue
        try:
            raw = RawSegment(path)
        except TapeError:
            # Killed while its head was written: no row can be in it.
            found.torn += size
            path.rename(path.with_suffix(".damaged"))
            continue
        walked = raw.walk()
        lost = raw.lost or walked.damaged
        raw.close()
        if walked.torn:
            os.truncate(path, walked.end)
            found.torn += walked.torn
        places = tuple(walked.places)
        return Found(number, walked.seq, walked.now, places, found.torn, lost)
    return found


def _all_streams(known: Sequence[Place], streams: Sequence[StreamKey]) -> list[Place]:
    """The streams that there were, and the new ones behind them."""
    there = [place.stream for place in known]
    return [*known, *(Place(key, 0) for key in dict.fromkeys(streams) if key not in there)]


def _make_folders(
    directory: Path, instruments: "Sequence[AnyInstrument]", calendars: Sequence[Calendar]
) -> None:
    for folder in (directory, *(directory / name for name in (SEGMENTS, INDEX, CATALOG))):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    catalog = Catalog(directory / CATALOG)
    catalog.begin_tape()
    catalog.add_instruments(instruments, replace=True)
    if calendars:
        catalog.add_calendars(calendars, replace=True)
    sync_folder(directory)
