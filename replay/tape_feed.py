"""Recorded data as a session's feed: at each poll the rows that have become known since the last one.

The rows carry the times of receipt that a replay of the same config gives them (`latency_us` added, never
stepping back), so that a tape of a session that played a tape equals it. The slices share memory with what a
second thread has decoded ahead.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from openoutcry.replay.dataset import Dataset
from openoutcry.state.catalog_files import BOOK_GAP, BOOK_LAST, BOOK_SNAPSHOT, timeframe_seconds
from openoutcry.state.errors import CatalogError
from openoutcry.state.tape import streams_of

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns, StreamKey
    from openoutcry.state.config import FeedConfig

SECOND: Final = 10**9
_NEVER: Final = 2**63 - 1
_IDS: Final = {"trade": "trade_id", "book": "update_id"}
_TIMES: Final = ("ts_open", "ts_event", "ts_received")


class Rows(msgspec.Struct, frozen=True):
    """How the rows of a stream are changed from lap to lap: `lap_ns` later, numbers `lap_ids` higher."""

    latency_ns: int
    lap_ns: int = 0
    lap_ids: int = 0


class TapeFeed:
    """Recorded data between two times, given out by the clock of whoever polls.

    Args:
        data: The recorded data. Of a tape's catalog the times are final: no latency is added.
        feeds: The config's feeds.
        start: From here on, by recorded time of receipt (nanoseconds UTC); None for all.
        end: Up to here, exclusive; None for all.
        loop: Begin again at the end, for ever. Each lap comes a whole number of seconds later (of bars'
            time frames, where bars are played), with new trade and update ids; a book that a lap does not
            begin with a snapshot has a gap there. Splits, dividends and funding come again in each lap.

    Raises:
        CatalogError: A feed has no data, or with `loop` there is nothing to repeat.
        DataFormatError: A file cannot be used.
    """

    def __init__(
        self,
        data: Dataset,
        feeds: "Sequence[FeedConfig]",
        *,
        start: int | None = None,
        end: int | None = None,
        loop: bool = False,
    ) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tape-feed")
        latency = {feed.instrument: feed.latency_us * 1_000 for feed in feeds}
        final = data.catalog.is_tape
        self._sources = []
        for key in streams_of(feeds):
            rows = Rows(0 if final else latency[key.instrument])
            self._sources.append(_Source(data, key, (start, end), rows))
        self._lap_ns = self._measure() if loop else 0
        self._streams = self._begin(0)
        self.first_ts = self.next_ts()
        """When the first row becomes known; None when there is none."""

    def poll(self, until: int) -> "list[tuple[StreamKey, Columns]]":
        """The rows that became known since the last poll and up to a moment, stream by stream.

        A book's message comes whole with its first row. Streams stand in the order of the config.
        """
        found: list[tuple[StreamKey, Columns]] = []
        for stream in self._streams:
            if stream.next <= until:
                found += ((stream.key, columns) for columns in stream.take(until))
        return found

    def skip(self, until: int) -> None:
        """Pass over the rows up to a moment, as after a restart; whole laps are not read."""
        if self._lap_ns and self.first_ts is not None and until > self.first_ts:
            lap = (until - self.first_ts) // self._lap_ns
            self._streams = self._begin(lap)
        self.poll(until)

    def next_ts(self) -> int | None:
        """When the next row becomes known; None when there is none any more."""
        found = min((stream.next for stream in self._streams), default=_NEVER)
        return None if found == _NEVER else found

    @property
    def exhausted(self) -> bool:
        """Whether everything was given out."""
        return self.next_ts() is None

    def close(self) -> None:
        """End the decoding thread."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, lap: int) -> "list[FeedStream]":
        return [FeedStream(each.key, each.chunks(lap), self._pool) for each in self._sources]

    def _measure(self) -> int:
        """Read everything once, to know what makes the laps differ."""
        ends = [source.measure() for source in self._sources]
        first = min(begin for begin, _, _ in ends)
        last = max(end for _, end, _ in ends)
        if first > last:
            raise CatalogError("there is no data to repeat")
        steps = [timeframe_seconds(s.key.bar.partition("-")[0]) for s in self._sources if s.key.bar]
        step = math.lcm(1, *(each for each in steps if each)) * SECOND
        lap_ns = (last - first) // step * step + step
        self._sources = [
            source.looped(lap_ns, ids)
            for source, (_, _, ids) in zip(self._sources, ends, strict=True)
        ]
        return lap_ns


class _Source:
    """Where the rows of one stream come from."""

    def __init__(
        self, data: Dataset, key: "StreamKey", span: tuple[int | None, int | None], rows: Rows
    ) -> None:
        self.key = key
        self._data = data
        self._span = span
        self._rows = rows

    def looped(self, lap_ns: int, lap_ids: int) -> "_Source":
        """The same rows for ever."""
        rows = msgspec.structs.replace(self._rows, lap_ns=lap_ns, lap_ids=lap_ids)
        return _Source(self._data, self.key, self._span, rows)

    def measure(self) -> tuple[int, int, int]:
        """First and last time of receipt, and how far the numbers of rows reach."""
        first, last, low, high = _NEVER, -_NEVER, _NEVER, -_NEVER
        name = _IDS.get(self.key.kind)
        for columns in self.chunks(0):
            stamps = columns["ts_received"]
            first, last = min(first, int(stamps[0])), int(stamps[-1])
            if name is not None:
                ids = columns[name][columns[name] != 0]
                low = min(low, int(ids.min(initial=_NEVER)))
                high = max(high, int(ids.max(initial=-_NEVER)))
        return first, last, max(high - low + 1, 0)

    def chunks(self, lap: int) -> "Iterator[Columns]":
        """The rows from a lap on, with the times of receipt that the kernel gives them."""
        for number in count(lap):
            last = -_NEVER
            for columns in self._data.chunks(
                self.key.kind, self.key.instrument, self.key.bar, *self._span
            ):
                stamped = _stamped(columns, self._rows.latency_ns, last)
                beginning, last = last == -_NEVER, int(stamped["ts_received"][-1])
                yield self._shifted(stamped, number, beginning=beginning) if number else stamped
            if not self._rows.lap_ns or last == -_NEVER:
                return

    def _shifted(self, columns: "Columns", lap: int, *, beginning: bool) -> "Columns":
        """The rows of a later lap."""
        moved = dict(columns)
        for time in _TIMES:
            if time in columns:
                moved[time] = columns[time] + lap * self._rows.lap_ns
        name = _IDS.get(self.key.kind)
        if name is not None:
            ids = columns[name]
            moved[name] = np.where(ids == 0, 0, ids + lap * self._rows.lap_ids)
        if self.key.kind == "book" and beginning and not columns["flags"][0] & BOOK_SNAPSHOT:
            moved["flags"] = columns["flags"].copy()
            moved["flags"][0] |= BOOK_GAP
        return moved


def _stamped(columns: "Columns", latency_ns: int, last: int) -> "Columns":
    """The rows with final times of receipt; the same arrays where nothing has to change."""
    stamps = columns["ts_received"]
    if latency_ns:
        stamps = stamps + latency_ns
    if int(stamps[0]) < last or bool((stamps[1:] < stamps[:-1]).any()):
        stamps = np.maximum.accumulate(np.maximum(stamps, last))
    return columns if stamps is columns["ts_received"] else columns | {"ts_received": stamps}


class FeedStream:
    """One stream while it is given out.

    Args:
        key: Which.
        chunks: Its rows.
        pool: Where the chunk after the one at hand is made; None makes it when it is needed.

    Attributes:
        next: When its next row becomes known; far away at the end.
    """

    def __init__(
        self, key: "StreamKey", chunks: "Iterator[Columns]", pool: ThreadPoolExecutor | None
    ) -> None:
        self.key = key
        self._pool = pool
        self._chunks = chunks
        self._columns: Columns = {}
        self._rows = self._at = 0
        self._pending: Future[Columns | None] | None = None
        self._book = key.kind == "book"
        self._inside = False
        self._ask()
        self.next = 0
        self._advance()

    def take(self, until: int) -> "Iterator[Columns]":
        """The rows up to a moment."""
        while self.next <= until or (self._inside and self.next != _NEVER):
            begin = self._at
            # Not `searchsorted`: its set-up costs more than the few looks at a handful of rows.
            end = bisect_right(self._columns["ts_received"], until, begin)
            if self._book:
                end = self._whole(begin, end)
            if end > begin:
                yield {name: values[begin:end] for name, values in self._columns.items()}
            self._at = end
            self._advance()

    def _advance(self) -> None:
        """Know the next row."""
        while self._at >= self._rows:
            pending = self._pending
            columns = next(self._chunks, None) if pending is None else pending.result()
            if columns is None:
                self._columns, self.next = {}, _NEVER
                return
            self._ask()
            self._columns, self._at, self._rows = columns, 0, len(columns["ts_received"])
        self.next = int(self._columns["ts_received"][self._at])

    def _ask(self) -> None:
        """Have the next chunk made."""
        if self._pool is not None:
            self._pending = self._pool.submit(next, self._chunks, None)

    def _whole(self, begin: int, end: int) -> int:
        """Move a cut to the end of the message that it would divide."""
        flags = self._columns["flags"]
        inside = self._inside if end == begin else not flags[end - 1] & BOOK_LAST
        while inside and end < self._rows and not flags[end] & (BOOK_SNAPSHOT | BOOK_GAP):
            inside = not flags[end] & BOOK_LAST
            end += 1
        self._inside = bool(inside) and end == self._rows
        return end
