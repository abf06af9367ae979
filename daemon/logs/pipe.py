"""The hand-over of log records: callers append, one thread writes.

A call costs a record and an append. The thread looks ten times a second, at once for errors; so a burst
is written in one go and the core's thread is woken up beside as seldom as possible. When `capacity`
records wait, the newest are dropped and counted; errors have room of their own above that.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from openoutcry.daemon.logs.limiter import RepeatLimiter
from openoutcry.daemon.logs.record import Level, Record, Shown, show
from openoutcry.daemon.masking import Masker

CAPACITY: Final = 20_000
POLL_S: Final = 0.1
CLOSE_S: Final = 5.0
_NAME: Final = "openoutcry.log"


class Sink(Protocol):
    """Where records go. Called on the log's thread only."""

    def write(self, batch: Sequence[Shown]) -> None:
        """Write records in order; an `OSError` or `ValueError` counts them as failed."""

    def close(self) -> None:
        """Let go of what is open."""


class LogFigures(msgspec.Struct, frozen=True):
    """Counts since the start: written by level, dropped at the hand-over, held back, failed to write."""

    written: Mapping[str, int]
    dropped: int
    held_back: int
    failed: int
    waiting: int


class LogPipe:
    """The queue and its thread.

    Args:
        sinks: Where records go.
        context: What every record carries: mode, account, config.
        masker: Masks texts, on the log's thread.
        level: Records below it are not made.
        capacity: How many may wait.
        limiter: Holds repeats back.
        clock: Wall clock, nanoseconds UTC.
    """

    def __init__(
        self,
        sinks: Iterable[Sink],
        *,
        masker: Masker,
        context: Mapping[str, Any] | None = None,
        level: int = Level.INFO,
        capacity: int = CAPACITY,
        limiter: RepeatLimiter | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.level = level
        self.clock = clock
        self._sinks = tuple(sinks)
        self._context = dict(context or {})
        self._masker = masker
        self._limiter = limiter or RepeatLimiter(20, 10.0)
        self._queue: deque[Record] = deque()
        self._capacity = capacity
        self._reserve = capacity + capacity // 4
        self._drops = threading.Lock()
        self._dropped = self._told = self._held_back = self._failed = 0
        self._written = dict.fromkeys((level.name.lower() for level in Level), 0)
        self._wake = threading.Event()
        self._written_out = threading.Condition()
        self._turns = 0
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=_NAME, daemon=True)

    def start(self) -> "LogPipe":
        """Start the thread; returns itself."""
        self._thread.start()
        return self

    def log(self, name: str) -> "Log":
        """A logger."""
        return Log(self, name)

    def put(self, record: Record) -> None:
        """Hand a record over; never waits."""
        urgent = record.level >= Level.ERROR
        if len(self._queue) >= (self._reserve if urgent else self._capacity):
            with self._drops:
                self._dropped += 1
            return
        self._queue.append(record)
        if urgent:
            self._wake.set()

    @property
    def figures(self) -> LogFigures:
        """Counts, for the metrics."""
        return LogFigures(
            dict(self._written), self._dropped, self._held_back, self._failed, len(self._queue)
        )

    def flush(self, timeout_s: float = CLOSE_S) -> bool:
        """Wait until what was handed over before is written; returns whether it is."""
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return not self._queue
        with self._written_out:
            goal = self._turns + 2  # the turn that goes on may have looked before
            self._wake.set()
            return self._written_out.wait_for(lambda: self._done(goal), timeout_s)

    def close(self, timeout_s: float = CLOSE_S) -> bool:
        """Write what waits and end; returns whether all of it is written."""
        self._ending = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        whole = not self._thread.is_alive() and not self._queue
        if whole:
            for sink in self._sinks:
                sink.close()
        return whole

    def _done(self, goal: int) -> bool:
        if self._turns < goal:
            self._wake.set()
        return self._turns >= goal

    def _run(self) -> None:
        while True:
            ending = self._ending
            self._wake.wait(POLL_S)
            self._wake.clear()
            self._turn(ending=ending)
            with self._written_out:
                self._turns += 1
                self._written_out.notify_all()
            if ending and not self._queue:
                return

    def _turn(self, *, ending: bool) -> None:
        now = time.monotonic()
        batch: list[Record] = []
        while self._queue and len(batch) < self._reserve:
            record = self._queue.popleft()
            if self._limiter.admit(record, now):
                batch.append(record)
            else:
                self._held_back += 1
        batch += self._limiter.due(now, everything=ending)
        dropped = self._dropped
        if dropped > self._told:
            fields = {"count": dropped - self._told}
            batch.append(Record(self.clock(), Level.ERROR, "log_records_dropped", _NAME, fields))
            self._told = dropped
        if batch:
            self._write([show(record, self._context, self._masker) for record in batch])

    def _write(self, batch: Sequence[Shown]) -> None:
        for sink in self._sinks:
            try:
                sink.write(batch)
            except (OSError, ValueError):
                self._failed += len(batch)
        for shown in batch:
            self._written[shown.level.name.lower()] += 1


class Log:
    """A logger: `log.info("order_sent", seq=17, order=id)`. Events are words, values are fields."""

    __slots__ = ("_bound", "_name", "_pipe")

    def __init__(self, pipe: LogPipe, name: str, bound: Mapping[str, Any] | None = None) -> None:
        self._pipe = pipe
        self._name = name
        self._bound = dict(bound or {})

    def bind(self, **fields: Any) -> "Log":
        """A logger whose records all carry these fields."""
        return Log(self._pipe, self._name, {**self._bound, **fields})

    def debug(self, event: str, /, **fields: Any) -> None:
        """What only a developer wants to know."""
        if self._pipe.level <= Level.DEBUG:
            self._put(10, event, fields)

    def info(self, event: str, /, **fields: Any) -> None:
        """What happened."""
        if self._pipe.level <= 20:
            self._put(20, event, fields)

    def warning(self, event: str, /, **fields: Any) -> None:
        """What should not be, and heals."""
        if self._pipe.level <= 30:
            self._put(30, event, fields)

    def error(self, event: str, /, error: BaseException | None = None, **fields: Any) -> None:
        """What went wrong, with the traceback of `error`."""
        self._put(40, event, fields, trace_of(error))

    def critical(self, event: str, /, error: BaseException | None = None, **fields: Any) -> None:
        """What needs a human."""
        self._put(50, event, fields, trace_of(error))

    def _put(self, level: int, event: str, fields: dict[str, Any], trace: str = "") -> None:
        pipe = self._pipe
        if self._bound:
            fields = {**self._bound, **fields}
        pipe.put(Record(pipe.clock(), level, event, self._name, fields, trace))


def trace_of(error: BaseException | None) -> str:
    """The traceback as text, or an empty one."""
    return "" if error is None else "".join(traceback.format_exception(error))
