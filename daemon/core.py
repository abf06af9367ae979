"""The core loop: one thread that hands the session its inputs, makes what follows durable, and lets it out.

One turn:

    1. take the moment, push the rows received up to it, inject what came from outside
    2. play everything up to that moment
    3. write the venue's log, the tape and the journal, in this order: what witnesses the journal is
       never behind it
    4. let out what waited for records that are durable now: orders, answers, events

Nothing here decides anything about trading, and nothing above it reads a clock. Edges speak to the core
through `post` and `offer`, from any thread.
"""

import contextlib
import queue
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol, cast

import msgspec
import numpy as np

from openoutcry.actors.inlet import LiveInlet
from openoutcry.replay.live_session import REPORTS, LiveSession
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.codec import AnyMessage
from openoutcry.state.journal import LmdbJournal

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

SLICE: Final = 2_000
"""Delivered inputs of one turn: what was decided first must not wait for all that came at once."""
_MOST_WAIT_S: Final = 0.25


class Clock(Protocol):
    """The session's time: the wall's, or a faster one."""

    def now(self) -> int:
        """Nanoseconds UTC, later than the last time."""

    def wait_s(self, until_ns: int, /) -> float:
        """Wall seconds until then; 0 when it is past."""

    def behind_s(self, ts: int, /) -> float:
        """Wall seconds since then; 0 when it is ahead."""


class Feed(Protocol):
    """Where rows come from."""

    def poll(self, until: int) -> Iterable[tuple[StreamKey, "Columns"]]:
        """Rows received since the last time, up to a moment, in the order of their streams."""

    def skip(self, until: int) -> None:
        """Pass over the rows up to a moment."""

    def next_ts(self) -> int | None:
        """When the next row is due, as far as it is known; None when it is not."""

    @property
    def exhausted(self) -> bool:
        """Whether no row will ever come."""


class Tape(Protocol):
    """What keeps the rows."""

    def write(self, stream: StreamKey, columns: "Columns") -> None:
        """Rows that are about to be played."""

    def flush(self, seq: int, now: int) -> bool:
        """They are in the file when this returns, whatever happens to the process; False when they wait."""


class Witness(Protocol):
    """The log of a simulated venue."""

    def append(self) -> bool:
        """What the venue took and did is in the file when this returns; False when it is not."""


class Core:
    """The loop and its state. All but `post`, `offer` and `wake` is for the core's thread.

    Args:
        session: What is played.
        journal: Where its records become durable.
        feed: Its market.
        clock: Its time.
        tape: Keeps the market, unless None.
        witnesses: Logs of simulated venues.
        after_turn: Called when a turn has written what it made.
    """

    def __init__(
        self,
        session: LiveSession,
        journal: LmdbJournal,
        feed: Feed,
        clock: Clock,
        *,
        tape: Tape | None = None,
        witnesses: Iterable[Witness] = (),
        after_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self.session = session
        self.journal = journal
        self.feed = feed
        self.clock = clock
        self.tape = tape
        self.witnesses = tuple(witnesses)
        self.after_turn = after_turn
        self.door = LiveInlet()
        self.turns = 0
        self.moment = session.kernel.now
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._posted: deque[Callable[[], None]] = deque()
        self._injected: list[tuple[AnyMessage, Callable[[int], None] | None]] = []
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._recorded: list[Callable[[], None]] = []
        self._noted: deque[tuple[int, Callable[[], None]]] = deque()
        self.behind = 0
        """How much of the session's time was left to play when the last turn ended, nanoseconds."""

    # --- from any thread ----------------------------------------------------------------------

    def wake(self) -> None:
        """End a wait: something is to be done. Signal handlers may call it, in the middle of a wait."""
        if self._wake.empty():
            self._wake.put(None)

    def post(self, action: Callable[[], None]) -> None:
        """Run something on the core's thread, between two turns."""
        self._posted.append(action)
        self.wake()

    def offer(self, message: object) -> bool:
        """Bring an input from outside; False when it is refused and will never be handled."""
        taken = self.door.offer(message)
        self.wake()
        return taken

    # --- on the core's thread -----------------------------------------------------------------

    def inject(self, message: AnyMessage, handled: Callable[[int], None] | None = None) -> None:
        """Hand the session an input in the next turn; `handled` is told its number then."""
        self._injected.append((message, handled))
        self.wake()

    def when_durable(self, seq: int, action: Callable[[], None]) -> None:
        """Do something once everything up to an input survives a crash; actions keep their order."""
        self._waiting.append((seq, action))

    def when_recorded(self, action: Callable[[], None]) -> None:
        """Do something once every record of this turn survives a crash, notes of old inputs included."""
        self._recorded.append(action)
        self.wake()

    def turn(self) -> bool:
        """One turn; whether there is more to do at once."""
        self.turns += 1
        while self._posted:
            self._posted.popleft()()
        moment = self.moment = self.clock.now()
        earliest = max(self.session.kernel.now, self.session.kernel.reached + 1)
        for stream, received in self.feed.poll(moment):
            columns = not_before(received, earliest)
            if self.tape is not None:
                self.tape.write(stream, columns)
            self.session.push(stream, columns)
        self._inject(moment)
        more = self.session.play(moment, SLICE)
        self.behind = moment - self.session.kernel.reached if more else 0
        self._write(moment)
        self.after_turn()
        released = self._let_out(moment)
        return more or released or bool(self._injected or self._posted)

    def _inject(self, moment: int) -> None:
        injected, self._injected = self._injected, []
        for message, handled in injected:
            self.session.inject(moment, stamped(message, moment), handled)
        for offered in self.door.drain():
            self.session.inject(moment, stamped(cast("AnyMessage", offered), moment))

    def _write(self, moment: int) -> None:
        seq = self.session.kernel.seq
        written = [witness.append() for witness in self.witnesses]
        if self.tape is not None:
            written.append(self.tape.flush(seq, moment))
        # Where something waits the records wait too: without its tape no session can be brought back.
        if all(written):
            self.journal.hand_over(seq)
        else:
            self.journal.hold_back("no room on the disk for the tape or a paper venue's log")
        count = self.journal.native.count
        self._noted += [(count, action) for action in self._recorded]
        self._recorded = []

    def _let_out(self, moment: int) -> bool:
        """Let go what waited for the journal; whether a venue got something to do."""
        durable = self.journal.settle()
        path = self.session.graph.path
        waiting = path.waiting
        for dropped in path.on_durable(moment):
            self.inject(dropped)
        while self._waiting and self._waiting[0][0] <= durable:
            self._waiting.popleft()[1]()
        while self._noted and self._noted[0][0] <= self.journal.native.durable_count:
            self._noted.popleft()[1]()
        return path.waiting < waiting

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits for the journal, and no request for its venue's answer."""
        graph = self.session.graph
        waits = graph.path.waiting or self._waiting or self._noted or self._injected
        pending = any(order.outstanding is not None for order in graph.orders.open_orders())
        return not waits and not pending

    @property
    def is_finished(self) -> bool:
        """Whether no row will come any more, and everything that was played is durable."""
        return self.feed.exhausted and self.is_quiet

    def wait(self, most_s: float = _MOST_WAIT_S) -> None:
        """Sleep until something is due or somebody wakes the core."""
        due = [
            ts for ts in (self.feed.next_ts(), self.session.kernel.next_task()) if ts is not None
        ]
        timeout = min([most_s, *(self.clock.wait_s(ts) for ts in due)])
        with contextlib.suppress(queue.Empty):
            self._wake.get(timeout=max(timeout, 0.0))
            while True:
                self._wake.get_nowait()


def not_before(columns: "Columns", earliest: int) -> "Columns":
    """Rows with the stamps at which they are played: a moment that was played out takes none any more.

    After a restart a feed may give out rows of the time before; the tape must have them as they came.
    """
    stamps = columns["ts_received"]
    if not len(stamps) or int(stamps[0]) >= earliest:
        return columns
    return columns | {"ts_received": np.maximum(stamps, earliest)}


def stamped(message: AnyMessage, moment: int) -> AnyMessage:
    """An input from outside with the stamp at which it is handled."""
    field = "ts_received" if isinstance(message, REPORTS) else "ts"
    return msgspec.structs.replace(message, **{field: moment})
