"""What the control socket needs of a daemon's core, and what it tells about a client."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from openoutcry.daemon.control.protocol import AnyMutation, AnyReply, EventsSince, Query, Role


class ClientInfo(NamedTuple):
    """Who asks.

    Attributes:
        name: What it calls itself.
        role: What it may ask.
        origin: `local`, or the name of its key in the list of clients.
    """

    name: str
    role: Role
    origin: str

    def __str__(self) -> str:
        return self.name if self.origin == "local" else f"{self.name} ({self.origin})"


class ControlCore(Protocol):
    """Answers requests; the core of a daemon, or a test."""

    def handle(
        self,
        request: Query | AnyMutation,
        client: ClientInfo,
        reply: Callable[[AnyReply], None],
    ) -> None:
        """Take a request that the client may ask. Called on the control thread; must not block.

        `reply` may be called at once or later, from any thread, once; more calls are ignored. An
        `OutcryError` that is raised is the answer too. A mutation comes at most once for each key.
        """


class EventHistory(Protocol):
    """Answers `EventsSince`."""

    def ask(self, request: EventsSince, reply: Callable[[AnyReply], None]) -> None:
        """Take a request; as `ControlCore.handle`."""


class DaemonInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is told at its hello."""

    version: str
    mode: str
    config: str
    features: tuple[str, ...] = ()
