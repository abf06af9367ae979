"""What a re-run reads: the journal ahead, as far as inputs are needed, and the tape in windows of time."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from openoutcry import _native
from openoutcry.actors.strategy_actor import cell_name
from openoutcry.replay.live_session import LiveSession
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.codec import AnyMessage, decode_own, kind_of
from openoutcry.state.commands import CancelAll, CancelOrder, Flatten, RiskApproved, SubmitOrder
from openoutcry.state.control_messages import CommandAnswered, CommandReceived
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
from openoutcry.state.identifiers import ClientOrderId, StrategyId
from openoutcry.state.journal_reader import JournalRecord

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

_LONG_AGO: Final = -(2**63)
_NEVER: Final = 2**63 - 1
_LAST: Final = 100
"""Records at the journal's end that are looked at for its last stamp."""
_BOOK_LAST: Final = 1
"""Flag of the row that ends a book message: see docs/reference/catalog.md."""
_NOTES: Final = (JournalStarted, MarketDataTaped, CommandReceived, CommandAnswered)
"""Records about the journal, the tape and the control socket: no part of what the graph decided."""
_NOTE_KINDS: Final = frozenset(kind.__name__.encode() for kind in _NOTES)
_REFUSALS: Final = (OrderDenied, CancelRejected, ReplaceRejected)
_UNREPEATABLE: Final = (*_REFUSALS, ActorFailed)
"""What only the strategy itself can bring about once more."""
_BOOK: Final = 0x3FFF
"""The number of a book in what names the maker of an order's id: the rest says who spoke for it."""
_CANCELING: Final = frozenset(kind.__name__.encode() for kind in (CancelAll, CancelOrder, Flatten))
_OWN: Final = frozenset(
    kind.__name__.encode() for kind in (RiskApproved, TimerFired, ActorFailed, *_REFUSALS)
)
"""What may be a strategy's own doing."""


class Tape(Protocol):
    """The market data of a session, as it was received."""

    def chunks(self, stream: StreamKey, skip: int = 0) -> Iterator["Columns"]:
        """The rows of a stream in order, after the first `skip`."""


class External(NamedTuple):
    """An input from outside: its number and stamp, the message, and the same as the codec wrote it."""

    seq: int
    stamp: int
    message: AnyMessage
    body: bytes


def _lane(order: ClientOrderId) -> int:
    """Who made an order's id: the number of a strategy's book; more where somebody spoke for it."""
    return int(order[12:16], 16)


class Silence:
    """Strategies that hear nothing in a re-run: what was their doing comes from the journal.

    Args:
        books: The number of each such strategy.
    """

    def __init__(self, books: Mapping[StrategyId, int]) -> None:
        self._asked: set[int] = set()
        self._strategies = frozenset(books)
        self._books = {number: strategy for strategy, number in books.items()}
        self._cells = {cell_name(strategy): strategy for strategy in books}

    def __bool__(self) -> bool:
        return bool(self._strategies)

    def hear(self, record: JournalRecord) -> None:
        """Take note of an input from outside: what an operator cancels is nobody else's doing."""
        if kind_of(record.body) in _CANCELING:
            self._asked.add(record.seq)

    def doing(self, record: JournalRecord) -> AnyMessage | None:
        """The message, if a silent strategy brought it about."""
        if record.external or kind_of(record.body) not in _OWN:
            return None
        message = record.message
        return message if self.doer(message, record.seq) is not None else None

    def doer(self, message: AnyMessage, seq: int) -> StrategyId | None:
        """Which of these strategies brought a record of an input about."""
        canceled, doer = seq in self._asked, None
        match message:
            case (
                RiskApproved(command=SubmitOrder(client_order_id=order))
                | OrderDenied(client_order_id=order)
            ):
                doer = self._books.get(_lane(order))
            case RiskApproved(command=command):
                if command.strategy in self._strategies:
                    doer = command.strategy
                if canceled and isinstance(command, CancelOrder):
                    doer = None
            case TimerFired():
                doer = self._cells.get(message.owner)
            case ActorFailed():
                doer = self._cells.get(message.actor)
            case CancelRejected() | ReplaceRejected() if not canceled:
                doer = self._books.get(_lane(message.client_order_id) & _BOOK)
        return doer


class Records:
    """The journal, read ahead as far as inputs from outside are needed."""

    def __init__(
        self, records: Iterable[JournalRecord | _native.JournalBlock], silence: Silence
    ) -> None:
        self._blocks = iter(records)
        self._silence = silence
        self._external: deque[External] = deque()
        self._waiting: External | None = None
        self.ahead = _native.JournalAhead([kind.__name__ for kind in _NOTES])
        self.last = _LONG_AGO

    @property
    def resumed(self) -> SessionResumed | None:
        """The restart that comes next, once everything before it was handed out."""
        message = self._waiting.message if self._waiting else None
        return message if isinstance(message, SessionResumed) else None

    def pop_resumed(self) -> External:
        """It is played."""
        assert self._waiting is not None
        found, self._waiting = self._waiting, None
        return found

    def external(self, until: int | None) -> "Iterator[External]":
        """Inputs from outside with their numbers, up to a moment (None: all), or the next restart."""
        while True:
            self._waiting = self._waiting or self._read()
            if self._waiting is None or self.resumed is not None:
                return
            stamp = self._waiting.stamp
            if until is not None and stamp > until:
                return
            self.last = max(self.last, stamp)
            yield self._waiting
            self._waiting = None

    def _read(self) -> "External | None":
        while not self._external:
            if not self.read_on():
                return None
        return self._external.popleft()

    def read_on(self) -> bool:
        """Read further; False at the end."""
        block = next(self._blocks, None)
        if block is None:
            return False
        if isinstance(block, JournalRecord):
            block = _native.JournalBlock([block])
        if self._silence:
            for record in (JournalRecord(*row) for row in block.records()):
                if record.external:
                    self._silence.hear(record)
                if record.external or isinstance(self._silence.doing(record), TimerFired):
                    self._external.append(_external(record.seq, record.body))
        else:
            self._external += [_external(seq, body) for _, seq, body, _ in block.external()]
        self.ahead.push(block)
        return True

    def at(self, seq: int) -> list[JournalRecord]:
        """What the graph should make of an input, as far as it was read."""
        same = (JournalRecord(*row) for row in self.ahead.at(seq))
        return [record for record in same if not self._is_skipped(record)]

    def up_to(self, seq: int) -> list[JournalRecord]:
        """The next records that the graph should make, of the inputs up to one."""
        taken = (JournalRecord(*row) for row in self.ahead.take(seq))
        return [record for record in taken if not self._is_skipped(record)]

    def end(self) -> int:
        """The latest stamp of what was read last."""
        read = (JournalRecord(*row) for row in self.ahead.last(_LAST))
        known = (record for record in read if not self._is_skipped(record))
        stamps = (stamp_of(record.message) for record in islice(known, 3))
        return max(self.last, *stamps, _LONG_AGO)

    def next(self) -> JournalRecord | None:
        """The next record that the graph should make, for when the re-run is over."""
        if self._silence:
            while self.read_on():
                pass
            return next(iter(self.up_to(_NEVER)), None)
        while True:
            row = self.ahead.next()
            if row is not None:
                return JournalRecord(*row)
            if not self.read_on():
                return None

    def _is_skipped(self, record: JournalRecord) -> bool:
        if kind_of(record.body) in _NOTE_KINDS:
            return True
        silence = self._silence
        return bool(silence) and isinstance(silence.doing(record), _UNREPEATABLE)


def _external(seq: int, body: bytes) -> External:
    message = decode_own(body)
    return External(seq, stamp_of(message), message, body)


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
    """When an input was received, or a record was made, nanoseconds UTC."""
    message = message.command if isinstance(message, RiskApproved) else message
    stamp: int | None = getattr(message, "ts_received", None)
    if stamp is not None:
        return stamp
    stamp = getattr(message, "ts", None)
    return _LONG_AGO if stamp is None else stamp + getattr(message, "late_ns", 0)
