"""What a re-run reads: the journal ahead, as far as inputs are needed, and the tape in windows of time."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from openoutcry.actors.strategy_actor import cell_name
from openoutcry.replay.live_session import LiveSession
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.codec import AnyMessage, kind_of
from openoutcry.state.commands import RiskApproved
from openoutcry.state.events import (
    ActorFailed,
    CancelRejected,
    JournalStarted,
    MarketDataTaped,
    OrderDenied,
    ReplaceRejected,
    SessionResumed,
    TimerFired,
)
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.journal_reader import JournalRecord

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

_LONG_AGO: Final = -(2**63)
_BOOK_LAST: Final = 1
"""Flag of the row that ends a book message: see docs/reference/catalog.md."""
_NOTES: Final = (JournalStarted, MarketDataTaped)
"""Records about the journal and the tape themselves: no part of what the graph decided."""
_NOTE_KINDS: Final = frozenset(kind.__name__.encode() for kind in _NOTES)
_REFUSALS: Final = (OrderDenied, CancelRejected, ReplaceRejected)
_UNREPEATABLE: Final = (*_REFUSALS, ActorFailed)
"""What only the strategy itself can bring about once more."""
_OWN: Final = frozenset(
    kind.__name__.encode() for kind in (RiskApproved, TimerFired, ActorFailed, *_REFUSALS)
)
"""What may be a strategy's own doing."""


class Tape(Protocol):
    """The market data of a session, as it was received."""

    def chunks(self, stream: StreamKey, skip: int = 0) -> Iterator["Columns"]:
        """The rows of a stream in order, after the first `skip`."""


class Silence:
    """Strategies that hear nothing in a re-run: what was their doing comes from the journal.

    Args:
        books: The number of each such strategy.
    """

    def __init__(self, books: Mapping[StrategyId, int]) -> None:
        self._strategies = frozenset(books)
        self._books = frozenset(books.values())
        self._cells = frozenset(map(cell_name, books))

    def __bool__(self) -> bool:
        return bool(self._strategies)

    def doing(self, record: JournalRecord) -> AnyMessage | None:
        """The message, if a silent strategy brought it about."""
        if record.external or kind_of(record.body) not in _OWN:
            return None
        message = record.message
        match message:
            case RiskApproved():
                ours = message.command.strategy in self._strategies
            case TimerFired():
                ours = message.owner in self._cells
            case ActorFailed():
                ours = message.actor in self._cells
            case OrderDenied() | CancelRejected() | ReplaceRejected():
                ours = int(message.client_order_id[12:16], 16) in self._books
            case _:
                ours = False
        return message if ours else None


class Records:
    """The journal, read ahead as far as inputs from outside are needed."""

    def __init__(self, records: Iterable[JournalRecord], silence: Silence) -> None:
        self._records = iter(records)
        self._silence = silence
        self._expected: deque[JournalRecord] = deque()
        self._waiting: AnyMessage | None = None
        self.last = _LONG_AGO

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
            if self._silence and isinstance(timer := self._silence.doing(record), TimerFired):
                return timer
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
            if kind_of(record.body) in _NOTE_KINDS:
                continue
            if self._silence and isinstance(self._silence.doing(record), _UNREPEATABLE):
                continue
            return record


class Rows:
    """The tape's rows on their way into a session, stream by stream, a window of time after another."""

    def __init__(self, session: LiveSession, tape: Tape) -> None:
        self._session = session
        self._chunks = {
            key: iter(tape.chunks(key, skip=session.rows_taken(key))) for key in session.streams
        }
        self._rests: dict[StreamKey, Columns] = {}
        self._pushed: dict[StreamKey, int] = {}
        self._until = _LONG_AGO
        self.last = _LONG_AGO

    def advance(self, most: int | None) -> int | None:
        """Push rows until all of a further moment are there; that moment, None when the tape ends.

        `most` is a moment that is far enough.
        """
        while self._chunks:
            reached = min(self._pushed.get(key, _LONG_AGO) for key in self._chunks) - 1
            if reached > self._until or (most is not None and reached >= most):
                self._until = max(self._until, reached)
                return self._until
            for key in [k for k in self._chunks if self._pushed.get(k, _LONG_AGO) - 1 <= reached]:
                self._push(key)
        return None

    def _push(self, key: StreamKey) -> None:
        columns = next(self._chunks[key], None)
        if columns is None:
            del self._chunks[key]
            return
        columns = self._whole(key, columns)
        stamps = columns["ts_received"]
        if len(stamps):
            self._session.push(key, columns)
            self._pushed[key] = int(stamps[-1])
            self.last = max(self.last, int(stamps[-1]))

    def _whole(self, key: StreamKey, columns: "Columns") -> "Columns":
        """A book's messages stay whole: what is cut off at the end waits for the next chunk."""
        if key.kind != "book":
            return columns
        before = self._rests.pop(key, None)
        if before is not None:
            columns = {name: np.concatenate([before[name], columns[name]]) for name in columns}
        ends = np.flatnonzero(columns["flags"] & _BOOK_LAST)
        whole = int(ends[-1]) + 1 if len(ends) else 0
        if whole < len(columns["flags"]):
            self._rests[key] = {name: column[whole:] for name, column in columns.items()}
        return {name: column[:whole] for name, column in columns.items()}


def stamp_of(message: AnyMessage) -> int:
    """When an input from outside was received, nanoseconds UTC."""
    received = getattr(message, "ts_received", None)
    stamp: int = message.ts if received is None else received  # type: ignore[union-attr]
    return stamp
