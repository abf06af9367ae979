"""Real pykka actors that run on the dispatcher instead of a thread each.

A stock pykka actor owns a thread and an unbounded inbox, dies on the first exception in a `tell` and
has a random name. Ours keep pykka's actors, references, asks, proxies and registry, and replace what
a trading core cannot live with: names are given, delivery order is the dispatcher's, an exception is
answered by the supervisor's policy, and an ask that would wait for itself raises at once.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self, TypeVar, overload

import pykka
from pykka import ThreadingFuture

from openoutcry.actors.dispatcher import Cell, Dispatcher, Handler
from openoutcry.state.errors import DeadlockError, UnhandledMessage

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])


def handles(*message_types: type) -> Callable[[HandlerT], HandlerT]:
    """Mark a method as the handler of message types."""

    def mark(method: HandlerT) -> HandlerT:
        method.__handles__ = message_types  # type: ignore[attr-defined]
        return method

    return mark


class _Handlers(dict[type, Handler]):
    """An actor's handler table; pykka's own messages take pykka's own path."""

    def __init__(self, actor: "Actor", table: dict[type, Handler]) -> None:
        super().__init__(table)
        self._actor = actor

    def __missing__(self, message_type: type) -> Handler:
        if message_type.__module__.startswith("pykka"):
            return self._actor._handle_receive  # noqa: SLF001 - pykka's hook for implementors
        raise UnhandledMessage(f"{self._actor.name} has no handler for {message_type.__name__}")


class _Inbox:
    """What pykka puts envelopes into; asks that could not run at once wait here."""

    def __init__(self) -> None:
        self.ref: CoreRef | None = None

    def put(self, envelope: Any, /) -> None:
        assert self.ref is not None
        self.ref.tell(envelope.message)

    def get(self) -> Any:
        raise AssertionError("the dispatcher delivers; nobody gets from an inbox")

    def empty(self) -> bool:
        return True


class CoreRef(pykka.ActorRef[Any]):
    """A reference to an actor of the core. Use it on the core's thread only."""

    def __init__(self, actor: "Actor", dispatcher: Dispatcher, cell: Cell) -> None:
        super().__init__(actor)
        self._dispatcher = dispatcher
        self.cell = cell

    def tell(self, message: object) -> None:
        """Send without waiting. Inside a handler it leaves when the handler returns."""
        if self.actor_stopped.is_set():
            raise pykka.ActorDeadError(f"{self} not found")
        self._dispatcher.post(self.cell, message)

    @overload
    def ask(
        self, message: Any, *, block: Literal[False], timeout: float | None = None
    ) -> pykka.Future[Any]: ...
    @overload
    def ask(self, message: Any, *, block: Literal[True], timeout: float | None = None) -> Any: ...
    @overload
    def ask(
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any | pykka.Future[Any]: ...
    def ask(
        self,
        message: Any,
        *,
        block: bool = True,
        timeout: float | None = None,  # noqa: ARG002 - pykka's signature; nothing here waits
    ) -> Any | pykka.Future[Any]:
        """Call the actor now and return its answer.

        Raises:
            DeadlockError: The actor is itself waiting, directly or not, for this answer.
            ActorDeadError: The actor was stopped.
        """
        if self.actor_stopped.is_set():
            raise pykka.ActorDeadError(f"{self} not found")
        if self._dispatcher.is_busy(self.cell):
            raise DeadlockError(f"{self.cell.name} waits, directly or not, for itself")
        if block:
            return self._dispatcher.call(self.cell, message)
        future: ThreadingFuture[Any] = ThreadingFuture()
        try:
            future.set(self._dispatcher.call(self.cell, message))
        except Exception:  # noqa: BLE001 - pykka's contract: the error waits in the future
            future.set_exception()
        return future


class Actor(pykka.Actor):
    """Base of the core's actors: one state, one name, one handler per message type."""

    _handler_names: ClassVar[dict[type, str]] = {}

    def __init_subclass__(cls) -> None:
        """Collect the methods marked with `handles`, those of base classes included."""
        super().__init_subclass__()
        names = dict(cls._handler_names)
        for name, attribute in vars(cls).items():
            for message_type in getattr(attribute, "__handles__", ()):
                names[message_type] = name
        cls._handler_names = names

    def __init__(self, dispatcher: Dispatcher, name: str) -> None:
        super().__init__()
        self.name = name
        self.actor_urn = f"urn:outcry:{name}"
        self._dispatcher = dispatcher
        table = {kind: getattr(self, method) for kind, method in self._handler_names.items()}
        self.cell = Cell(name, self, _Handlers(self, table))
        self._actor_ref = CoreRef(self, dispatcher, self.cell)
        inbox = self.actor_inbox
        assert isinstance(inbox, _Inbox)
        inbox.ref = self._actor_ref
        dispatcher.add(self.cell)
        self.emit = dispatcher.emit

    @classmethod
    def launch(cls, *args: Any, **kwargs: Any) -> Self:
        """Start an actor as pykka's `start` does, but return the actor: the graph wires actors."""
        actor = cls(*args, **kwargs)
        pykka.ActorRegistry.register(actor.actor_ref)
        actor._start_actor_loop()
        return actor

    def retire(self) -> None:
        """Stop at once and leave the registry; messages that wait are not handled."""
        if not self.actor_stopped.is_set():
            self._stop()

    def receive(self, message: object) -> object:
        """Handle a message and return the answer (the path of an ask)."""
        return self.cell.handlers[message.__class__](message)

    def on_receive(self, message: Any) -> Any:
        """Refuse a message without a handler: nothing is dropped silently."""
        raise UnhandledMessage(f"{self.name} has no handler for {type(message).__name__}")

    @staticmethod
    def _create_actor_inbox() -> _Inbox:
        return _Inbox()

    @staticmethod
    def _create_future() -> ThreadingFuture[Any]:
        return ThreadingFuture()

    def _start_actor_loop(self) -> None:
        self._actor_loop_setup()
