"""The ports: everything the decision core may know of the world.

A run differs from another only in what stands behind these. Nothing above them reads the time,
draws a random number, starts a thread, opens a socket or touches a file.
"""

from typing import Protocol

from openoutcry import _native
from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import VenueCommand


class Clock(Protocol):
    """Time as the core knows it: the stamp of the input being handled, and timers."""

    @property
    def now(self) -> int:
        """Nanoseconds UTC of the current input; never steps back."""

    def set_timer(self, ts: int, owner: str, name: str, /) -> int:
        """Ask for a `TimerFired` at `ts` (or as soon as possible when past); returns a handle."""

    def cancel_timer(self, handle: int, /) -> None:
        """Forget a timer; unknown handles are ignored."""


class Inlet(Clock, Protocol):
    """The one door: gives every input of the core its sequence number and stamp."""

    @property
    def seq(self) -> int:
        """Sequence number of the current input; the first is 1."""

    def next(self) -> object | None:
        """The next input, or None when there is none now (replay: none ever again)."""


class Journal(Protocol):
    """An ordered record store."""

    @property
    def native(self) -> _native.Journal:
        """Where the order path records, in the same order as `append`.

        Its `durable_count` says how many of its records survive a crash, `durable_seq` up to which
        input everything does.
        """

    def append(self, seq: int, record: AnyMessage, /, *, external: bool = False) -> None:
        """Add a record caused by input `seq`; records keep their order.

        `external` marks an input that came from outside: a re-run can't make it again.
        """


class VenuePort(Protocol):
    """Where approved commands leave for a venue. Reports come back through the inlet."""

    def submit(self, command: VenueCommand, /) -> None:
        """Send; returns at once and raises nothing that the venue decides.

        What it raises halts trading; the command may have left.
        """


__all__ = ["Clock", "Inlet", "Journal", "VenuePort"]
