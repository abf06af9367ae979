"""The ports: everything the decision core may know of the world.

A run differs from another only in what stands behind these. Nothing above them reads the time,
draws a random number, starts a thread, opens a socket or touches a file.
"""

from typing import Protocol

from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import RiskApproved, SubmitOrder, VenueCommand
from openoutcry.state.events import AnyAccountEvent, OrderEvent, OrderFilled
from openoutcry.state.identifiers import StrategyId


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
    def durable_seq(self) -> int:
        """Everything caused by inputs up to this sequence number survives a crash."""

    def append(self, seq: int, record: AnyMessage, /) -> None:
        """Add a record caused by input `seq`; records keep their order."""


class VenuePort(Protocol):
    """Where approved commands leave for a venue. Reports come back through the inlet."""

    def submit(self, command: VenueCommand, /) -> None:
        """Send; returns at once and raises nothing that the venue decides."""


class Observer(Protocol):
    """Hears what the portfolio sees: a replay's record of the run, live the event stream."""

    def on_signal(self, order: SubmitOrder, /) -> None:
        """A strategy asked for an order."""

    def on_event(self, strategy: StrategyId, event: OrderEvent, /) -> None:
        """Something happened to an order, fills apart."""

    def on_fill(self, strategy: StrategyId, fill: OrderFilled, realized: int, /) -> None:
        """A fill was booked; `realized` is its profit in settlement units, fees apart."""

    def on_account(self, event: AnyAccountEvent, /) -> None:
        """Cash or a holding changed without a fill."""

    def on_equity(self, ts: int, units: int, /) -> None:
        """A sample of the account's value, in units of the account currency."""


ApprovedCommand = RiskApproved[VenueCommand]

__all__ = ["ApprovedCommand", "Clock", "Inlet", "Journal", "Observer", "VenuePort"]
