"""The door of the core: where inputs that come from other threads wait, and where load is shed.

Edges `offer` messages from any thread; the core's thread takes all of them with `drain`, the urgent ones
first, and gives them to the kernel, which is the inlet: it stamps and numbers them. What was shed is
itself an input or a count that `status` shows. Behind the door nothing is dropped, conflated or reordered.

| message | when too much waits |
|---|---|
| cancel, halt, restrict, resume | never dropped, taken before everything else |
| venue report, account event | never dropped; beyond `alarm_depth` the alarm is raised |
| quote, mark price | conflated: the latest of an instrument takes the place of the waiting one |
| trade, bar, funding, corporate action | the oldest waiting trade is dropped and counted |
| book update | the whole book is dropped and becomes one `BookInvalidated` |
| other command | refused: `offer` returns False |
"""

import threading
from collections import Counter, deque
from typing import Final

from openoutcry.state.commands import CancelAll, CancelOrder, Command, Halt, Restrict, Resume
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import (
    BookInvalidated,
    BookUpdate,
    MarketData,
    MarkPrice,
    Quote,
    Trade,
)

_URGENT: Final = (CancelOrder, CancelAll, Halt, Restrict, Resume)
_CONFLATED: Final = (Quote, MarkPrice)
_Key = tuple[type, InstrumentId]


class LiveInlet:
    """Bounded and thread-safe.

    Args:
        max_trades: Waiting trades of one instrument before the oldest is dropped.
        max_book_updates: Waiting updates of one book before it is dropped whole.
        max_commands: Waiting commands before a new one is refused.
        alarm_depth: Waiting reports at which `alarmed` becomes true.
    """

    def __init__(
        self,
        *,
        max_trades: int = 10_000,
        max_book_updates: int = 1_000,
        max_commands: int = 256,
        alarm_depth: int = 10_000,
    ) -> None:
        self._max_trades = max_trades
        self._max_book_updates = max_book_updates
        self._max_commands = max_commands
        self._alarm_depth = alarm_depth
        self._lock = threading.Lock()
        self._urgent: deque[object] = deque()
        self._waiting: deque[object | _Key] = deque()
        self._latest: dict[_Key, MarketData] = {}
        self._depth: Counter[_Key] = Counter()
        self._dropped_books: dict[InstrumentId, None] = {}
        self._commands = 0
        self._reports = 0
        self.shed: Counter[str] = Counter()

    # --- from any thread ------------------------------------------------------------------------

    def offer(self, message: object) -> bool:
        """Bring an input to the door; False when it is refused and will never be handled."""
        with self._lock:
            if isinstance(message, _URGENT):
                self._urgent.append(message)
            elif isinstance(message, MarketData):
                self._offer_data(message)
            elif isinstance(message, Command):
                if self._commands >= self._max_commands:
                    self.shed["command refused"] += 1
                    return False
                self._commands += 1
                self._waiting.append(message)
            else:
                self._reports += 1
                self._waiting.append(message)
            return True

    def _offer_data(self, message: MarketData) -> None:
        key = (type(message), message.instrument)
        if isinstance(message, _CONFLATED):
            if key in self._latest:
                self.shed[f"{type(message).__name__} conflated"] += 1
            else:
                self._waiting.append(key)
            self._latest[key] = message
            return
        if isinstance(message, Trade) and self._depth[key] >= self._max_trades:
            self._drop_oldest(key)
        if isinstance(message, BookUpdate) and not self._book_may_wait(message, key):
            return
        self._depth[key] += 1
        self._waiting.append(message)

    def _drop_oldest(self, key: _Key) -> None:
        oldest = next(m for m in self._waiting if (type(m), getattr(m, "instrument", None)) == key)
        self._waiting.remove(oldest)
        self._depth[key] -= 1
        self.shed["Trade dropped"] += 1

    def _book_may_wait(self, update: BookUpdate, key: _Key) -> bool:
        """Whether a book update may wait; when not, its book is dropped until a snapshot."""
        instrument = update.instrument
        if instrument in self._dropped_books:
            if not update.snapshot:
                self.shed["BookUpdate dropped"] += 1
                return False
            del self._dropped_books[instrument]
        if self._depth[key] < self._max_book_updates:
            return True
        kept = [m for m in self._waiting if (type(m), getattr(m, "instrument", None)) != key]
        self.shed["BookUpdate dropped"] += len(self._waiting) - len(kept) + 1
        self._waiting = deque(kept)
        self._depth[key] = 0
        self._dropped_books[instrument] = None
        self._waiting.append(
            BookInvalidated(
                instrument,
                update.ts_event,
                update.ts_received,
                update.price_scale,
                update.size_scale,
                f"more than {self._max_book_updates} updates waited",
            )
        )
        return False

    @property
    def alarmed(self) -> bool:
        """Whether so many reports wait that trading should stop until they are handled."""
        return self._reports >= self._alarm_depth

    # --- from the core's thread -------------------------------------------------------------------

    def drain(self) -> list[object]:
        """Everything that waits, the urgent messages first, each group as it came."""
        with self._lock:
            taken: list[object] = [
                *self._urgent,
                *(self._latest[m] if isinstance(m, tuple) else m for m in self._waiting),
            ]
            self._urgent.clear()
            self._waiting.clear()
            self._latest.clear()
            self._depth.clear()
            self._commands = self._reports = 0
        return taken
