"""The journal's thread: takes what the core hands over, commits it in groups, says how far it got.

    running ──no room──▶ full ──room again──▶ running
       │                   │
       └────── any other error, a full buffer, the thread's end ──▶ failed (for ever)

`full`: batches wait in memory, in order, and are tried again; nothing is reported durable. `failed`: the
error of a sync is never tried again, because the system may have thrown the data away and say yes the
second time. What is handed over after that is counted and dropped.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import msgspec

from openoutcry import _native
from openoutcry.state.errors import JournalError, JournalFull
from openoutcry.state.journal_meta import Position
from openoutcry.state.journal_store import JournalStore, Pair

COMMIT_BYTES: Final = 4 << 20
"""What one commit holds at most, unless a single batch is larger."""
TRIM_RECORDS: Final = 5_000
"""Records that one commit drops at the beginning."""


class JournalState(StrEnum):
    """How the writer is."""

    RUNNING = "running"
    FULL = "full"
    FAILED = "failed"
    CLOSED = "closed"


class JournalHealth(msgspec.Struct, frozen=True):
    """What an operator, and the gate's policy, want to know.

    `durable_seq` is the last input whose records are on disk; `waiting_bytes` is what the buffer
    holds; `dropped_records` came after the failure.
    """

    state: JournalState
    reason: str
    durable_seq: int
    waiting_records: int
    waiting_bytes: int
    dropped_records: int


class Hooks(Protocol):
    """Where a test may stop the writer."""

    def at(self, step: str) -> None:
        """A step is reached: before append, after append, before commit, after commit."""


class NoHooks:
    """Nobody stops it."""

    def at(self, step: str) -> None:
        """Go on."""


_Item = tuple[_native.JournalBatch | bytes | int | None, int]
"""A batch and the input it goes up to; or a record of the edge's own; or a number up to which the
beginning is dropped; or None to end."""


class _Framed(NamedTuple):
    """A batch as records: their end, the input they go up to, how many and how large they were."""

    pairs: list[Pair]
    head: Position
    seq: int
    records: int
    size: int


class JournalWriter:
    """The one thread that writes. The core calls `submit`, which never waits.

    Args:
        store: Open for writing; closed with the writer.
        group_s: How long a group is collected; 0 commits whatever waits.
        buffer_bytes: What may wait; beyond it the journal has failed.
        retry_s: How often a full journal tries again.
        on_durable: Called on this thread after each commit; must not wait or raise.
        on_change: Called on the thread that noticed, when the state changes.
        hooks: For tests.
    """

    def __init__(
        self,
        store: JournalStore,
        *,
        group_s: float,
        buffer_bytes: int,
        retry_s: float,
        on_durable: Callable[[], None],
        on_change: Callable[[JournalHealth], None],
        hooks: Hooks,
    ) -> None:
        self._store = store
        self._group_s = group_s
        self._buffer_bytes = buffer_bytes
        self._retry_s = retry_s
        self._on_durable = on_durable
        self._on_change = on_change
        self._hooks = hooks
        self.head = store.head
        self.durable_seq = self.head.seq
        self.durable_records = 0
        """How many of the records that were handed over are on disk."""
        self._chain = self.head.chain()
        # Not a SimpleQueue: its `get` with a timeout may wait for ever once the time is up (CPython 3.11).
        self._queue: queue.Queue[_Item] = queue.Queue()
        self._waiting: deque[_Item] = deque()
        self._framed: deque[_Framed] = deque()
        self._framed_seq = self.head.seq
        self._most_bytes = COMMIT_BYTES
        self._trim_to = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()  # of the state: any thread may be the one that notices
        self._state = JournalState.RUNNING
        self._reason = ""
        self._submitted = self._written = 0
        self._submitted_bytes = self._written_bytes = 0
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # --- for the core ---------------------------------------------------------------------------

    def submit(self, batch: _native.JournalBatch, seq: int) -> None:
        """Take a batch that holds everything up to input `seq`."""
        if self._state is JournalState.FAILED:
            self._dropped += batch.count
            return
        self._submitted += batch.count
        self._submitted_bytes += batch.size
        self._queue.put((batch, seq))
        if self._submitted_bytes - self._written_bytes > self._buffer_bytes:
            self._latch(f"more than {self._buffer_bytes} bytes wait to be written")

    @property
    def submitted_records(self) -> int:
        """Records of batches that were taken so far."""
        return self._submitted

    def note(self, record: bytes) -> None:
        """Take a record of an edge's own, outside the decision record; from any thread.

        There are few of them, so they don't count for the buffer.
        """
        if self._state is not JournalState.FAILED:
            self._queue.put((record, 0))

    def trim(self, number: int) -> None:
        """Drop the records up to a number, when nothing waits; from any thread."""
        self._queue.put((number, 0))

    @property
    def running(self) -> bool:
        """Whether records become durable now."""
        return self._state is JournalState.RUNNING

    @property
    def health(self) -> JournalHealth:
        """How it is."""
        if self._state in {JournalState.RUNNING, JournalState.FULL} and not self._thread.is_alive():
            self._latch("the journal's thread is dead")
        return JournalHealth(
            self._state,
            self._reason,
            self.durable_seq,
            self._submitted - self._written,
            self._submitted_bytes - self._written_bytes,
            self._dropped,
        )

    def close(self, timeout_s: float) -> bool:
        """Write what waits, end the thread, close the store; returns whether everything is written."""
        self._closing.set()
        self._queue.put((None, 0))
        self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        if ended:
            self._end()
        with self._lock:
            whole = self._state is JournalState.RUNNING and self._submitted == self._written
            if self._state is not JournalState.FAILED:
                self._state = JournalState.CLOSED
        return ended and whole

    def _end(self) -> None:
        try:
            if self._state is JournalState.RUNNING:
                self._store.sync()  # what was committed without one survives the machine too
        except JournalError as error:
            self._latch(error.message)
        self._store.close()

    # --- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        reason = "the journal's thread ended by an error"
        try:
            while self._collect():
                self._write()
                self._trim_some()
            reason = ""
        except JournalError as error:
            reason = error.message
        finally:
            if reason:
                self._latch(reason)

    def _collect(self) -> bool:
        """Wait until there is something to do, and take all of it; False at the end."""
        stuck = bool(self._framed or self._waiting)
        try:
            self._waiting.append(self._queue.get(timeout=self._timeout(stuck=stuck)))
            if self._group_s and not stuck:
                self._closing.wait(self._group_s)
            while True:
                self._waiting.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        if self._closing.is_set():
            self._write()
            return False
        return self._state is not JournalState.FAILED

    def _timeout(self, *, stuck: bool) -> float | None:
        if self._trim_to:
            return 0.0
        return self._retry_s if stuck else None

    def _write(self) -> None:
        """Commit everything that waits, as far as there is room."""
        while self._waiting or self._framed:
            while self._waiting:
                self._frame(*self._waiting.popleft())
            if self._framed and not self._commit():
                return

    def _frame(self, item: _native.JournalBatch | bytes | int | None, seq: int) -> None:
        """Make records of what was handed over."""
        if item is None or isinstance(item, int):
            self._trim_to = max(self._trim_to, item or 0)
            return
        count = size = 0
        if isinstance(item, bytes):
            item, seq = self._own(item), self._framed_seq
        else:
            count, size = item.count, item.size
        try:
            pairs = self._chain.frame(item)
        except ValueError as error:
            raise JournalError(f"the core handed over: {error}") from error
        self._framed_seq = seq
        self._framed.append(_Framed(pairs, Position.of(self._chain), seq, count, size))

    def _own(self, record: bytes) -> _native.JournalBatch:
        journal = _native.Journal(after=self._chain.seq)
        journal.append(self._chain.seq, record)
        batch = journal.hand_over()
        assert batch is not None
        return batch

    def _commit(self) -> bool:
        """Commit a group; False when there is no room, or when it does not count any more."""
        group = self._group()
        pairs = [pair for framed in group for pair in framed.pairs]
        last = group[-1]
        try:
            self._store.commit(pairs, last.head, self._hooks.at)
        except JournalFull as error:
            self._most_bytes = max(self._most_bytes // 2, 1)  # a little may fit
            self._turn(JournalState.FULL, error.message)
            return False
        self._most_bytes = COMMIT_BYTES
        self.head = last.head
        for framed in group:
            self._framed.popleft()
            self._written += framed.records
            self._written_bytes += framed.size
        with self._lock:
            if self._state is JournalState.FAILED:
                return False
            self.durable_seq = last.seq
            self.durable_records = self._written
        self._turn(JournalState.RUNNING, "")
        self._on_durable()
        return True

    def _group(self) -> list[_Framed]:
        """What one commit takes of what is framed."""
        group = []
        size = 0
        for framed in self._framed:
            group.append(framed)
            size += framed.size
            if size >= self._most_bytes:
                break
        return group

    def _trim_some(self) -> None:
        """Drop a piece of the beginning, so that what is handed over never waits for long."""
        if not self._trim_to or self._framed or self._state is not JournalState.RUNNING:
            return
        last = min(self._trim_to, self.head.number)
        try:
            more = self._store.trim(last, TRIM_RECORDS) == TRIM_RECORDS
        except JournalFull:
            more = False  # the next commit says so
        if not more:
            self._trim_to = 0

    # --- states ---------------------------------------------------------------------------------

    def _latch(self, reason: str) -> None:
        self._turn(JournalState.FAILED, reason)

    def _turn(self, state: JournalState, reason: str) -> None:
        with self._lock:
            if self._state is state or self._state in {JournalState.FAILED, JournalState.CLOSED}:
                return
            self._state, self._reason = state, reason
        self._on_change(self.health)
