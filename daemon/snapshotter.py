"""Snapshots while a session runs: taken between two turns, written by a thread once they are durable."""

import queue
import threading
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from openoutcry._native import FrozenOrders
from openoutcry.replay.live_session import LiveSession
from openoutcry.state.errors import JournalError
from openoutcry.state.journal import LmdbJournal
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
    """

    def __init__(
        self,
        session: LiveSession,
        journal: LmdbJournal,
        store: SnapshotStore,
        *,
        every_ns: int,
        every_inputs: int,
    ) -> None:
        self._session, self._journal, self._store = session, journal, store
        self._every_ns, self._every_inputs = every_ns, every_inputs
        self._last = (session.kernel.seq, session.kernel.now)
        self._queue: queue.SimpleQueue[_Taken | None] = queue.SimpleQueue()
        self._busy = False
        self.health = SnapshotHealth(0, 0, "")
        self._durable = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """Take one if it is time, and none is being written."""
        seq, now = self._session.kernel.seq, self._session.kernel.now
        inputs, age = seq - self._last[0], now - self._last[1]
        if inputs and not self._busy and (age >= self._every_ns or inputs >= self._every_inputs):
            self.take()

    def take(self, done: Callable[[str], None] = lambda _: None) -> int:
        """Take one now; `done` is told, on another thread, why it failed, or "". Returns its input."""
        seq, now = self._session.kernel.seq, self._session.kernel.now
        self._last = (seq, now)
        self._busy = True
        parts, orders = self._session.freeze()
        self._queue.put(_Taken(seq, self._journal.last_seq, parts, orders, done))
        return seq

    def durable(self) -> None:
        """The journal got further."""
        with self._durable:
            self._durable.notify_all()

    def close(self) -> None:
        """Write what was taken, and end."""
        self._queue.put(None)
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

    def _write(self, taken: "_Taken") -> None:
        """It waits for the disk to hold what it is a snapshot of."""
        with self._durable:
            reached = self._durable.wait_for(
                lambda: self._journal.health.durable_seq >= taken.last_record, _WAIT_S
            )
        if not reached:
            raise JournalError(f"the journal did not become durable up to input {taken.seq}")
        parts = taken.parts | {"orders": taken.orders.snapshot()}
        self._store.write(Snapshot(taken.seq, self._journal.position(taken.seq), parts))
