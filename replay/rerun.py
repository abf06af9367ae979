"""Playing a session again: what its tape and its journal say came from outside, everything else made anew.

The same graph gets the rows of the tape and, at their stamps, the inputs from outside that the journal
holds: commands and reports of venues. Simulated venues stay inactive, nothing leaves, and each record that
the graph makes must be the next one of the journal, byte for byte. Recovery brings a session back this
way; `parity` proves it.

A restart stands in the journal as `SessionResumed`: the clock jumps over the time in which nobody
listened, and timers that came due meanwhile fire once, late.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

import msgspec

from openoutcry.replay.live_session import LiveSession
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.codec import AnyMessage, decode, kind_of
from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.events import (
    JournalStarted,
    MarketDataTaped,
    SessionResumed,
)
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.journal_reader import JournalRecord

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

_NOTES = (JournalStarted, MarketDataTaped)
"""Records about the journal and the tape themselves: no part of what the graph decided."""
_INTENTS = (SubmitOrder, CancelOrder, ReplaceOrder)
_NOTE_KINDS = frozenset(kind.__name__.encode() for kind in _NOTES)
_INTENT_KINDS = frozenset(kind.__name__.encode() for kind in _INTENTS)
_SLICE = 10_000
"""Delivered inputs between two looks at what they made."""


class Tape(Protocol):
    """The market data of a session, as it was received."""

    def chunks(self, stream: StreamKey, skip: int = 0) -> Iterator["Columns"]:
        """The rows of a stream in order, after the first `skip`."""


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where the re-run is not the journal.

    `recorded` is the journal's record and `made` the re-run's; None where one of them has none.
    """

    seq: int
    recorded: AnyMessage | None
    made: AnyMessage | None

    @property
    def strategy(self) -> str | None:
        """The strategy whose intent differs."""
        for message in (self.made, self.recorded):
            if isinstance(message, _INTENTS):
                return message.strategy
        return None

    def __str__(self) -> str:
        def shown(message: AnyMessage | None) -> str:
            return "nothing" if message is None else f"{message}"

        return (
            f"at input {self.seq} the journal has {shown(self.recorded)}, "
            f"the re-run {shown(self.made)}"
        )


class RerunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How far a re-run came.

    Args:
        records: Records that were made again, all equal.
        intents: Those of them that were orders, cancels and replaces.
        orders: Those of them that were orders.
        divergence: Where it differs; the re-run ended there.
        seq: The last input that was played.
        missing: Inputs at the end of the journal that the tape has no market data for.
        leftover: What was made after the journal's end: (input, from outside, bytes).
    """

    records: int
    intents: int
    orders: int
    divergence: Divergence | None
    seq: int
    missing: int
    leftover: tuple[tuple[int, bool, bytes], ...]


class Rerun:
    """One re-run of a session that stands where the records begin.

    Args:
        session: Fresh, or restored from a snapshot; its journal hands its records over here.
        records: The journal's records after that place.
        tape: The market data; rows that the session has taken already are skipped.
        last_seq: The journal's last input: what is made after it is left over.
        silent: Strategies that hear nothing, and whose orders come from the journal instead.
    """

    def __init__(
        self,
        session: LiveSession,
        records: Iterable[JournalRecord],
        tape: Tape,
        last_seq: int,
        *,
        silent: frozenset[StrategyId] = frozenset(),
    ) -> None:
        self._session = session
        self._silent = silent
        for strategy in silent:
            session.graph.strategies[strategy].cell.pause()
        self._records = _Records(records)
        self._rows = _Rows(session, tape)
        self._last_seq = last_seq
        self._made = self._intents = self._orders = 0
        self._leftover: list[tuple[int, bool, bytes]] = []

    def run(self) -> RerunResult:
        """Play everything there is, as far as it is the same."""
        session = self._session
        divergence = None
        while divergence is None and not session.graph.dispatcher.stopped:
            resumed = self._records.resumed
            until = self._rows.advance(resumed.last_ts if resumed else None)
            self._inject(until)
            resumed = self._records.resumed
            moment = until if until is not None else self._end()
            if resumed is not None and resumed.last_ts <= moment:
                moment = resumed.last_ts
            divergence = self._play(moment)
            if divergence is None and resumed is not None and moment == resumed.last_ts:
                self._resume(resumed)
            elif until is None:
                break
        if divergence is None:
            divergence = self._compare()
        return self._result(divergence)

    def _play(self, moment: int) -> Divergence | None:
        """Play up to a moment, comparing what is made."""
        session = self._session
        while moment >= session.kernel.reached:
            more = session.play(moment, 1 if self._silent else _SLICE)
            if self._silent:
                self._speak_for_the_silent()
            divergence = self._compare()
            if divergence is not None or not more:
                return divergence
        return None

    def _speak_for_the_silent(self) -> None:
        """What silent strategies asked for at this input."""
        graph = self._session.graph
        for record in self._records.at(self._session.kernel.seq):
            if kind_of(record.body) in _INTENT_KINDS and not record.external:
                message = record.message
                if isinstance(message, _INTENTS) and message.strategy in self._silent:
                    graph.path.command(message)
        graph.dispatcher.drain()

    def _inject(self, until: int | None) -> None:
        for record in self._records.external(until):
            self._session.inject(stamp_of(record), record)

    def _end(self) -> int:
        """The last moment that is known: of the rows, and of what the journal holds."""
        return max(self._rows.last, self._records.end(), self._session.kernel.now)

    def _resume(self, resumed: SessionResumed) -> None:
        self._session.kernel.jump(resumed.ts)
        self._records.pop_resumed()
        self._session.inject(resumed.ts, resumed)

    def _compare(self) -> Divergence | None:
        batch = self._session.journal.native.hand_over()
        if batch is None:
            return None
        made = batch.records()
        if self._silent:  # they spoke last of all, whatever their place was
            made.sort(key=lambda row: (row[0], row[2]))
            self._records.sort(len(made))
        for seq, external, body in made:
            if seq > self._last_seq:
                self._leftover.append((seq, external, body))
                continue
            recorded = self._records.expect()
            if recorded is None or (recorded.seq, recorded.body) != (seq, body):
                return Divergence(
                    seq=seq if recorded is None else min(seq, recorded.seq),
                    recorded=None if recorded is None else recorded.message,
                    made=decode(body),
                )
            self._made += 1
            self._count(body)
        return None

    def _count(self, body: bytes) -> None:
        kind = kind_of(body)
        self._orders += kind == b"SubmitOrder"
        self._intents += kind in _INTENT_KINDS

    def _result(self, divergence: Divergence | None) -> RerunResult:
        seq = self._session.kernel.seq
        if divergence is None and seq >= self._last_seq:
            left = self._records.expect()
            if left is not None:
                divergence = Divergence(seq=left.seq, recorded=left.message, made=None)
        return RerunResult(
            records=self._made,
            intents=self._intents,
            orders=self._orders,
            divergence=divergence,
            seq=seq,
            missing=max(self._last_seq - seq, 0),
            leftover=tuple(self._leftover),
        )


class _Records:
    """The journal, read ahead as far as inputs from outside are needed."""

    def __init__(self, records: Iterable[JournalRecord]) -> None:
        self._records = iter(records)
        self._expected: deque[JournalRecord] = deque()
        self._waiting: AnyMessage | None = None
        self.last = -(2**63)

    @property
    def resumed(self) -> SessionResumed | None:
        """The restart that comes next, once everything before it was handed out."""
        waiting = self._waiting
        return waiting if isinstance(waiting, SessionResumed) else None

    def pop_resumed(self) -> None:
        """It is played."""
        self._waiting = None

    def external(self, until: int | None) -> Iterator[AnyMessage]:
        """Inputs from outside up to a moment (None: all), up to the next restart."""
        while True:
            message = self._waiting or self._read()
            self._waiting = message
            if message is None or isinstance(message, SessionResumed):
                return
            stamp = stamp_of(message)
            if until is not None and stamp > until:
                return
            self.last = max(self.last, stamp)
            self._waiting = None
            yield message

    def _read(self) -> AnyMessage | None:
        for record in self._records:
            self._expected.append(record)
            if record.external:
                return record.message
        return None

    def at(self, seq: int) -> list[JournalRecord]:
        """Records of an input, as far as they were read."""
        return [record for record in self._expected if record.seq == seq]

    def sort(self, count: int) -> None:
        """Bring the next records of each input into an order of their own."""
        while len(self._expected) < count and (record := next(self._records, None)):
            self._expected.append(record)
        head = [self._expected.popleft() for _ in range(min(count, len(self._expected)))]
        head.sort(key=lambda record: (record.seq, record.body))
        self._expected.extendleft(reversed(head))

    def end(self) -> int:
        """The stamp of the last record that was read."""
        record = self._expected[-1] if self._expected else None
        return self.last if record is None else max(self.last, stamp_of(record.message))

    def expect(self) -> JournalRecord | None:
        """The next record that the graph should make."""
        while True:
            if not self._expected:
                record = next(self._records, None)
                if record is None:
                    return None
                assert not record.external, "records are read ahead as far as they are needed"
                self._expected.append(record)
            record = self._expected.popleft()
            if kind_of(record.body) not in _NOTE_KINDS:
                return record


class _Rows:
    """The tape's rows on their way into a session, stream by stream, a window of time after another."""

    def __init__(self, session: LiveSession, tape: Tape) -> None:
        self._session = session
        self._chunks = {
            key: iter(tape.chunks(key, skip=session.rows_taken(key))) for key in session.streams
        }
        self._pushed: dict[StreamKey, int] = {}
        self._until = -(2**63)
        self.last = -(2**63)

    def advance(self, most: int | None) -> int | None:
        """Push rows until all of a further moment are there; that moment, None when the tape ends.

        `most` is a moment that is far enough.
        """
        while self._chunks:
            reached = min(self._pushed.get(key, -(2**63)) for key in self._chunks) - 1
            if reached > self._until or (most is not None and reached >= most):
                self._until = max(self._until, reached)
                return self._until
            for key in [k for k in self._chunks if self._pushed.get(k, -(2**63)) - 1 <= reached]:
                self._push(key)
        return None

    def _push(self, key: StreamKey) -> None:
        columns = next(self._chunks[key], None)
        if columns is None:
            del self._chunks[key]
            return
        stamps = columns["ts_received"]
        if len(stamps):
            self._session.push(key, columns)
            self._pushed[key] = int(stamps[-1])
            self.last = max(self.last, int(stamps[-1]))


def stamp_of(message: AnyMessage) -> int:
    """When an input from outside was received, nanoseconds UTC."""
    received = getattr(message, "ts_received", None)
    stamp: int = message.ts if received is None else received  # type: ignore[union-attr]
    return stamp
