"""The one thread of the decision core: runs actors in a fixed, repeatable order.

Every input is handled to completion before the next: the actor it is addressed to handles it, what
that handler emitted is appended to one first-in-first-out queue, and so on until the queue is empty.
There is no other source of order, so the same inputs give the same decisions.

A handler is atomic. What it emits is held back until it returns; if it raises, nothing of it leaves
and the supervisor's policy for that actor applies.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from openoutcry.actors.base import Actor

Handler = Callable[[object], object]


class FailureHandler(Protocol):
    """Decides what happens to an actor whose handler raised."""

    def on_failure(self, cell: "Cell", message: object, error: Exception) -> None:
        """Apply the policy; called outside any handler."""


class Cell:
    """An actor's place in the dispatcher: what a reference points to, also over restarts."""

    __slots__ = ("actor", "failures", "handlers", "name", "parked")

    def __init__(self, name: str, actor: "Actor", handlers: dict[type, Handler]) -> None:
        self.name = name
        self.actor = actor
        self.handlers = handlers
        self.parked = 0
        self.failures = 0

    def pause(self) -> None:
        """From now on messages are counted instead of handled."""
        self.handlers = _Parking(self)

    @property
    def paused(self) -> bool:
        """Whether messages are counted instead of handled."""
        return isinstance(self.handlers, _Parking)


class _Parking(dict[type, Handler]):
    """The handler table of a paused actor: every message type is counted and let go."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._cell = cell

    def __missing__(self, _message_type: type) -> Handler:
        return self._park

    def _park(self, _message: object) -> None:
        self._cell.parked += 1


class Dispatcher:
    """Runs inputs through the actors, one at a time, to completion."""

    def __init__(self) -> None:
        self._ready: deque[tuple[Cell, object]] = deque()
        self._outbox: list[tuple[Cell, object]] = []
        self.running: Cell | None = None  # whose handler runs
        self._asked: list[Cell] = []  # who is answering: the last one answers the one before it
        self._failure_handler: FailureHandler | None = None
        self.cells: dict[str, Cell] = {}

    def supervise(self, handler: FailureHandler) -> None:
        """Name who decides about failing actors. Without one, a failure propagates."""
        self._failure_handler = handler

    def add(self, cell: Cell) -> None:
        """Give an actor its place. Names are unique."""
        assert cell.name not in self.cells, f"two actors are named {cell.name}"
        self.cells[cell.name] = cell

    def emit(self, cell: Cell, message: object) -> None:
        """Send a message from inside a handler: it leaves when the handler returns."""
        self._outbox.append((cell, message))

    def post(self, cell: Cell, message: object) -> None:
        """Send from wherever we are: through the outbox inside a handler, directly outside."""
        inside = self.running is not None or self._asked
        (self._outbox if inside else self._ready).append((cell, message))

    def is_busy(self, cell: Cell) -> bool:
        """Whether an actor's handler runs, or waits for an answer: asking it now would never end."""
        return cell is self.running or cell in self._asked

    def dispatch(self, cell: Cell, message: object) -> None:
        """Handle one input and everything that follows from it."""
        self.publish((cell,), message)

    def publish(self, cells: Sequence[Cell], message: object) -> None:
        """Hand one input to several actors, in order, then handle everything that follows from it."""
        kind, outbox = message.__class__, self._outbox
        for cell in cells:
            self.running = cell
            try:
                cell.handlers[kind](message)
            except Exception as error:  # noqa: BLE001 - the actor edge: policy, not traceback
                self._fail(cell, message, error)
            if outbox:
                self._ready.extend(outbox)
                outbox.clear()
        self.running = None
        if self._ready:
            self.drain()

    def drain(self) -> None:
        """Handle what waits, and what follows from it, until nothing does."""
        ready, outbox = self._ready, self._outbox
        while ready:
            cell, message = ready.popleft()
            self.running = cell
            try:
                cell.handlers[message.__class__](message)
            except Exception as error:  # noqa: BLE001 - the actor edge: policy, not traceback
                self._fail(cell, message, error)
            if outbox:
                ready.extend(outbox)
                outbox.clear()
        self.running = None

    def call(self, cell: Cell, message: object) -> object:
        """An ask on the core thread: a plain call whose emissions join the caller's.

        A failure goes to the caller, who is atomic itself; what the callee emitted is dropped.
        """
        outbox = self._outbox
        mark = len(outbox)
        self._asked.append(cell)
        try:
            return cell.actor.receive(message)
        except BaseException:
            del outbox[mark:]
            raise
        finally:
            self._asked.pop()
            if self.running is None and not self._asked:
                self._ready.extend(outbox)
                outbox.clear()

    def _fail(self, cell: Cell, message: object, error: Exception) -> None:
        """Drop what the failed handler emitted, then do as the supervisor decides."""
        self._outbox.clear()
        self.running = None
        cell.failures += 1
        if self._failure_handler is None:
            self._ready.clear()
            raise error
        self._failure_handler.on_failure(cell, message, error)
