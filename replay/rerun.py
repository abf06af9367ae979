"""Playing a session again: what its tape and its journal say came from outside, everything else made anew.

The same graph gets the rows of the tape and, at their stamps, the inputs from outside that the journal
holds: commands and reports of venues. Simulated venues stay inactive, nothing leaves, and each record that
the graph makes must be the next one of the journal, byte for byte. Recovery brings a session back this
way; `parity` proves it.

A restart stands in the journal as `SessionResumed`: the clock jumps over the time in which nobody
listened, and timers that came due meanwhile fire once, late.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.rerun_inputs import Records, Rows, Silence, Tape
from openoutcry.state.codec import AnyMessage, decode, kind_of
from openoutcry.state.commands import RiskApproved, VenueCommand
from openoutcry.state.events import ActorFailed, SessionResumed
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.journal_reader import JournalRecord

_FAILED: Final = ActorFailed.__name__.encode()
_SLICE: Final = 10_000
"""Delivered inputs between two looks at what they made."""


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where the re-run is not the journal.

    `recorded` is the journal's record and `made` the re-run's; None where one of them has none. `strategy`
    is whose doing it is, unless that is nobody's or that of one that is silent.
    """

    seq: int
    recorded: AnyMessage | None
    made: AnyMessage | None
    strategy: StrategyId | None

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
        stopped: Whether the session had been ended in order.
    """

    records: int
    intents: int
    orders: int
    divergence: Divergence | None
    seq: int
    missing: int
    leftover: tuple[tuple[int, bool, bytes], ...]
    stopped: bool


class Rerun:
    """One re-run of a session that stands where the records begin.

    Args:
        session: Fresh, or restored from a snapshot; its journal hands its records over here.
        records: The journal's records after that place.
        tape: The market data; rows that the session has taken already are skipped.
        last_seq: The journal's last input: what is made after it is left over.
        silent: Strategies that hear nothing, and whose orders come from the journal instead.
        progress: Told now and then which input was reached.
    """

    def __init__(
        self,
        session: LiveSession,
        records: Iterable[JournalRecord | _native.JournalBlock],
        tape: Tape,
        last_seq: int,
        *,
        silent: frozenset[StrategyId] = frozenset(),
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._session = session
        self._progress = progress
        books = session.graph.books
        speechless = sorted(silent)
        self._silence = Silence({strategy: books.number(strategy) for strategy in speechless})
        speaking = session.graph.strategies.keys() - silent
        self._speaking = Silence({strategy: books.number(strategy) for strategy in speaking})
        for strategy in speechless:
            session.graph.strategies[strategy].silence(partial(self._speak, strategy))
        self._records = Records(records, self._silence)
        self._rows = Rows(session, tape)
        self._last_seq = last_seq
        self._spoken = 0
        self._counted = session.journal.native.count
        self._healed = False
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
            # What a silent strategy wanted to be woken for is not known: each input is looked at.
            more = session.play(moment, 1, 1) if self._silence else session.play(moment, _SLICE)
            if self._silence:
                for message in self._unspoken(0):
                    session.graph.order(message.command)
            divergence = self._compare()
            self._progress(session.kernel.seq)
            if divergence is not None or not more:
                return divergence
        return None

    def _speak(self, strategy: StrategyId) -> None:
        """In a silent strategy's place: ask for what is its turn among the records of this input."""
        made = self._session.journal.native.count - self._counted
        for message in self._unspoken(made, strategy):
            self._session.graph.path.command(message.command)

    def _unspoken(
        self, made: int, strategy: StrategyId | None = None
    ) -> Iterator[RiskApproved[VenueCommand]]:
        """What silent strategies asked for at this input, after so many records of it.

        Of one strategy: up to the first record that is somebody else's.
        """
        for record in self._records.at(self._session.kernel.seq)[made:]:
            message = self._silence.doing(record)
            if isinstance(message, RiskApproved) and strategy in (None, message.command.strategy):
                if record.number > self._spoken:
                    self._spoken = record.number
                    yield message
            elif strategy is not None:
                return

    def _inject(self, until: int | None) -> None:
        for seq, stamp, message, body in self._records.external(until):
            self._session.plan(seq, stamp, message, body)

    def _end(self) -> int:
        """The last moment that is known: of the rows, and of what the journal holds."""
        return max(self._rows.last, self._records.end(), self._session.kernel.now)

    def _resume(self, resumed: SessionResumed) -> None:
        self._session.kernel.jump(resumed.ts)
        again = self._records.pop_resumed()
        self._session.plan(again.seq, again.stamp, again.message, again.body)

    def _compare(self) -> Divergence | None:
        batch = self._session.journal.native.hand_over()
        self._counted = self._session.journal.native.count
        if batch is None:
            return None
        if batch.last_seq > self._last_seq:
            self._leftover += [row for row in batch.records() if row[0] > self._last_seq]
        if self._silence:
            known = [row for row in batch.records() if row[0] <= self._last_seq]
            return self._compare_inputs(known)
        count = 0
        while True:
            count, equal = self._records.ahead.compare(batch, count, self._last_seq)
            if equal:
                return None
            if equal is None and self._records.read_on():
                continue
            recorded = self._records.next()
            if recorded is not None and _stopped_the_core(recorded):
                self._healed = True
                self._records.ahead.pop()
                continue
            made = [row for row in batch.records() if row[0] <= self._last_seq][count:]
            if recorded is None and self._healed:
                self._leftover = made + self._leftover
                return None
            return self._divergence(recorded, (made[0][0], made[0][2]))

    def _compare_inputs(self, made: list[tuple[int, bool, bytes]]) -> Divergence | None:
        """Whole inputs, whatever order their records are in: the silent spoke last of all."""
        if not made:
            return None
        recorded = self._records.up_to(made[-1][0])
        recorded.sort(key=lambda record: (record.seq, record.body))
        again = sorted((seq, body) for seq, _, body in made)
        for record, row in zip_longest(recorded, again):
            if record is None or row != (record.seq, record.body):
                return self._divergence(record, row)
            self._records.ahead.count(record.body)
        return None

    def _divergence(
        self, recorded: JournalRecord | None, made: tuple[int, bytes] | None
    ) -> Divergence:
        seqs = [recorded.seq] if recorded is not None else []
        seqs += [made[0]] if made is not None else []
        there = None if recorded is None or recorded.external else recorded.message
        here = None if made is None else decode(made[1])
        doers = [self._speaking.doer(one, min(seqs)) for one in (here, there) if one is not None]
        return Divergence(
            seq=min(seqs),
            recorded=None if recorded is None else recorded.message,
            made=here,
            strategy=next((doer for doer in doers if doer is not None), None),
        )

    def _result(self, divergence: Divergence | None) -> RerunResult:
        seq = self._session.kernel.seq
        if divergence is None and seq >= self._last_seq:
            left = self._records.next()
            if left is not None:
                divergence = self._divergence(left, None)
        records, intents, orders = self._records.ahead.counts
        return RerunResult(
            records=records,
            intents=intents,
            orders=orders,
            divergence=divergence,
            seq=seq,
            missing=max(self._last_seq - seq, 0),
            leftover=tuple(self._leftover),
            stopped=self._session.graph.stopped,
        )


def _stopped_the_core(record: JournalRecord) -> bool:
    """Whether an actor failed here so that the core stopped.

    The input is parked in the journal: a version that can handle it goes on from there.
    """
    if kind_of(record.body) != _FAILED:
        return False
    message = record.message
    return isinstance(message, ActorFailed) and message.policy == "halt"
