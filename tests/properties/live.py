"""The random markets of `wild`, played as a live session does: pushed in slices, up to a moment at a time.

`in_slices` has the venues inside, as paper trading has. `repeated` has none: what they reported comes
from the journal of another run, as when a state is rebuilt, and now and then everything is saved and goes
on in another kernel and graph.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from openoutcry.replay.session import ReplaySession
from openoutcry.state.codec import AnyMessage, decode
from openoutcry.state.config import FeedConfig
from openoutcry.state.events import (
    AccountLiquidated,
    CancelRejected,
    CashAdjusted,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    PositionAdjusted,
    ReplaceRejected,
)
from openoutcry.state.memory_journal import MemoryJournal
from tests.harness import MINUTE, SECOND, T0, Columns
from tests.properties.wild import INSTRUMENTS, Outcome, Plan, drawn, outcome, prepare

Record = tuple[int, bytes]
Report = (
    OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderFilled
    | OrderCanceled
    | OrderExpired
    | OrderReplaced
    | CancelRejected
    | ReplaceRejected
    | CashAdjusted
    | PositionAdjusted
    | AccountLiquidated
)
"""What only venues say."""


class LiveSession(ReplaySession):
    """The session of a plan with live feeds in place of its recorded ones."""

    def __init__(self, plan: Plan) -> None:
        self.rows: list[Columns] = []
        self.pushed: list[int] = []
        settings, self._data = drawn(plan)
        last = max(int(whole["ts_received"][-1]) for whole in self._data.values())
        super().__init__(
            settings, INSTRUMENTS, lambda *_: (), start=T0, end=last, keep_records=True
        )

    def _add_feed(self, feed: FeedConfig, _chunks: object) -> None:
        for kind in feed.kinds:
            named = ("1m", "last") if kind == "bar" else None
            key = "bar:1m-last" if kind == "bar" else kind
            whole = dict(self._data[key, feed.instrument])
            received = np.array(whole["ts_received"], dtype=np.int64) + feed.latency_us * 1000
            whole["ts_received"] = received
            number = self.kernel.add_live_feed(kind, self.universe.index[feed.instrument], named)
            assert number == len(self.rows)
            self.rows.append(whole)
            self.pushed.append(0)

    @property
    def last(self) -> int:
        """When the last row is received."""
        return max(int(whole["ts_received"][-1]) for whole in self.rows)

    def push(self, until: int, draw: random.Random) -> None:
        """Push all rows up to a moment, in pieces, and some of those behind them."""
        for number, whole in enumerate(self.rows):
            # The open of a bar is known at its time only if the bar is.
            known = whole.get("ts_open", whole["ts_received"])
            target = int(np.searchsorted(np.array(known), until, side="right"))
            target = min(len(known), target + draw.randrange(4) * draw.randrange(2))
            while self.pushed[number] < target:
                begin = self.pushed[number]
                end = min(target, begin + draw.choice([1, 2, 5, 50]))
                piece = {
                    name: np.ascontiguousarray(values[begin:end], dtype=np.int64)
                    for name, values in whole.items()
                }
                self.kernel.push(number, piece)
                self.pushed[number] = end

    def play_until(self, moment: int, draw: random.Random) -> bool:
        """Everything up to a moment, with pauses."""
        while self.kernel.reached < moment:
            if not self.player.play(draw.choice([None, 1, 7]), until=moment):
                return False
        return True


def moments(last: int, draw: random.Random) -> Iterator[int]:
    """Moments up to the last one; many of them are those of rows."""
    now = T0 - 1
    while now < last:
        now += draw.choice([1, 10**6, 299_999_999, SECOND, SECOND, 9 * SECOND, MINUTE])
        if draw.random() < 0.3:
            now -= (now - T0) % SECOND
        yield min(max(now, T0), last)


def in_slices(plan: Plan) -> Outcome:
    """Play it in slices, with the venues inside."""
    ready, draw = LiveSession(plan), random.Random(plan.seed + 1)
    ready.begin()
    for moment in moments(ready.last, draw):
        ready.push(moment, draw)
        if not ready.play_until(moment, draw):
            break
    ready.kernel.cut()
    ready.play()
    ready.end()
    return outcome(ready, ready.graph)


@dataclass(frozen=True)
class Original:
    """A run that is repeated.

    `reported` are the inputs that were reports; `marks` the last inputs of the data, before the venues
    finished, and of all.
    """

    outcome: Outcome
    records: list[Record]
    reported: frozenset[int]
    marks: tuple[int, int, int]

    def reports(self) -> list[tuple[int, Report, bytes]]:
        """Sequence number, message and bytes of what venues reported."""
        found, before = [], 0
        for seq, encoded in self.records:
            if seq > before and seq in self.reported:
                message: AnyMessage = decode(encoded)
                assert isinstance(message, Report)
                found.append((seq, message, encoded))
            before = seq
        return found


def original(plan: Plan) -> Original:
    """A replay of a plan."""
    ready = prepare(plan, stepping=False, chunk_rows=None)
    reported: dict[int, None] = {}  # in order

    def play() -> int:
        before = ready.kernel.counts().get("report", 0)
        while ready.play(1):
            count = ready.kernel.counts().get("report", 0)
            if count > before:
                reported[ready.kernel.seq] = None
            before = count
        return ready.kernel.seq

    ready.begin()
    data = play()
    ready.graph.stop()
    stopped = play()
    ready.kernel.finish()
    finished = play()
    ready.graph.end()
    ready.graph.close()
    found = outcome(ready, ready.graph)
    marks = (data, stopped, finished)
    return Original(found, ready.journal.records(), frozenset(reported), marks)


class Repeat:
    """The run of a plan once more, from rows and reports."""

    def __init__(self, plan: Plan, first: Original) -> None:
        self.plan = plan
        self.left = first.reports()
        self.records: list[Record] = []
        self.failures: list[str] = []
        self.draw = random.Random(plan.seed + 2)
        self.marks = first.marks
        self.ready = LiveSession(plan)
        self.ready.kernel.set_venues_active(False)

    def inject(self, ts: int, seq: int) -> None:
        """Bring in the reports up to a moment and an input."""
        while self.left and self.left[0][0] <= seq and self.left[0][1].ts_received <= ts:
            number, message, encoded = self.left.pop(0)
            stamp = message.ts_received
            self.ready.kernel.inject(stamp, "report", message, encoded, number)

    def go_on_elsewhere(self) -> None:
        """Save everything, and go on in a fresh kernel and graph."""
        old = self.ready
        graph = old.graph
        kernel, path = old.kernel.snapshot(), graph.path.snapshot()
        state = (graph.orders.snapshot(), graph.books.snapshot(), graph.risk_state.snapshot())
        strategies = [graph.snapshot_strategy(name) for name in graph.strategies]
        paused = [name for name, actor in graph.strategies.items() if actor.cell.paused]
        self._retire()
        self.ready = ready = LiveSession(self.plan)
        ready.kernel.set_venues_active(False)
        ready.kernel.restore(kernel)
        ready.pushed = [ready.kernel.rows_taken(number) for number in range(len(ready.rows))]
        graph = ready.graph
        graph.orders.restore(state[0])
        graph.books.restore(state[1])
        graph.risk_state.restore(state[2])
        graph.path.restore(path)
        for snapshot in strategies:
            graph.strategies[snapshot.strategy].restore(snapshot)
        for name in paused:
            graph.strategies[name].cell.pause()

    def _retire(self) -> None:
        journal = self.ready.journal
        assert isinstance(journal, MemoryJournal)
        self.records += journal.records()
        supervisor = self.ready.graph.supervisor
        assert not supervisor.halted, supervisor.failures
        self.failures += [f"{item.actor} {item.input} {item.error}" for item in supervisor.failures]

    def run(self, saves: float) -> tuple[list[Record], Outcome]:
        """Play it, saving everything at some of the moments: the records, and what it came to."""
        first, second, third = self.marks
        self.ready.begin()
        for moment in moments(self.ready.last, self.draw):
            self.ready.push(moment, self.draw)
            self.inject(moment, first)
            if not self.ready.play_until(moment, self.draw):
                break
            if self.draw.random() < saves:
                self.go_on_elsewhere()
        ready = self.ready
        self.inject(2**63 - 1, first)
        ready.kernel.cut()
        ready.play()
        ready.graph.stop()
        self.inject(2**63 - 1, second)
        ready.play()
        self.inject(2**63 - 1, third)
        ready.kernel.finish()
        ready.play()
        ready.graph.end()
        ready.graph.close()
        self._retire()
        assert not self.left
        found = outcome(ready, ready.graph)
        return self.records, Outcome(found.heard, self.failures, found.journal, found.state)
