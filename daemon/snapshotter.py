"""Snapshots while a session runs: taken between two turns, written by a thread once they are durable."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from openoutcry._native import FrozenOrders
from openoutcry.replay.live_session import LiveSession
from openoutcry.state.errors import JournalError, StateError
from openoutcry.state.journal import LmdbJournal
from openoutcry.state.journal_writer import JournalState
from openoutcry.state.snapshots import Snapshot, SnapshotStore

_WAIT_S: Final = 30.0


class SnapshotHealth(msgspec.Struct, frozen=True):
    """The last snapshot: its input, and why the last one that was tried failed ("" when it did not)."""

    seq: int
    taken: int
    error: str


class _Taken(NamedTuple):
    """A snapshot of an input, and the last record up to it."""

    seq: int
    last_record: int
    parts: dict[str, bytes]
    orders: FrozenOrders
    done: Callable[[str], None]


class Snapshotter:
    """Takes a snapshot when it is time. All but `health` is for the core's thread.

    Args:
        session: What is kept.
        journal: Names the place in the journal.
        store: Where it is kept.
        every_ns: Nanoseconds of the session between two; 0 only when asked.
        every_inputs: Inputs between two.
        extra: What is kept beside the session, by part.
    """

    def __init__(
        self,
        session: LiveSession,
        journal: LmdbJournal,
        store: SnapshotStore,
        *,
        every_ns: int,
        every_inputs: int,
        extra: Callable[[], Mapping[str, bytes]] = dict,
    ) -> None:
        self._session, self._journal, self._store = session, journal, store
        self._every_ns, self._every_inputs = every_ns, every_inputs
        self._extra = extra
        self._last = (session.kernel.seq, session.kernel.now)
        self._queue: queue.SimpleQueue[_Taken | None] = queue.SimpleQueue()
        self._busy = False
        self._put_off: Callable[[str], None] | None = None
        self.health = SnapshotHealth(0, 0, "")
        self._durable = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """Take one if it is time, and none is being written."""
        seq, now = self._session.kernel.seq, self._session.kernel.now
        inputs, age = seq - self._last[0], now - self._last[1]
        if self._put_off is not None:
            self.take(self._put_off)
        elif inputs and not self._busy and (age >= self._every_ns or inputs >= self._every_inputs):
            self.take()

    def take(self, done: Callable[[str], None] = lambda _: None) -> int:
        """Take one now; `done` is told, on another thread, why it failed, or "". Returns its input.

        Where an input is under way it is put off to the next turn.
        """
        seq, now = self._session.kernel.seq, self._session.kernel.now
        try:
            parts, orders = self._session.freeze()
            parts |= self._extra()
        except StateError:
            self._put_off = done
            return seq
        self._put_off = None
        self._last = (seq, now)
        self._busy = True
        self._queue.put(_Taken(seq, self._journal.last_seq, parts, orders, done))
        return seq

    def durable(self) -> None:
        """The journal got further."""
        with self._durable:
            self._durable.notify_all()

    def close(self) -> None:
        """Write what was taken, and end."""
        if self._put_off is not None:
            self._put_off("an input was under way until the end")
        self._queue.put(None)
        self.durable()
        self._thread.join(_WAIT_S)

    def _run(self) -> None:
        while (taken := self._queue.get()) is not None:
            try:
                self._write(taken)
                self.health = SnapshotHealth(taken.seq, self.health.taken + 1, "")
            except JournalError as error:
                self.health = SnapshotHealth(self.health.seq, self.health.taken, error.message)
            self._busy = False
            taken.done(self.health.error)

    def _settled(self, last_record: int) -> bool:
        """Whether a record is on disk, or never will be."""
        health = self._journal.health
        return health.durable_seq >= last_record or health.state is JournalState.FAILED

    def _write(self, taken: "_Taken") -> None:
        """It waits for the disk to hold what it is a snapshot of."""
        with self._durable:
            self._durable.wait_for(lambda: self._settled(taken.last_record), _WAIT_S)
        if self._journal.health.durable_seq < taken.last_record:
            raise JournalError(f"the journal did not become durable up to input {taken.seq}")
        parts = taken.parts | {"orders": taken.orders.snapshot()}
        self._store.write(Snapshot(taken.seq, self._journal.position(taken.seq), parts))
