"""The outbound gate: nothing leaves before what caused it is durable.

The core applies inputs at once; the gate holds every approved command until the journal is durable
up to the input that caused it. Durability is never an input of the core. After a wait, just before
a command leaves, the gate asks again: is trading halted, is the intent too old? What it drops becomes
`OrderNotSent`. Cancels pass a halt: they only ever reduce risk.
"""

from collections import deque
from collections.abc import Callable

from openoutcry.actors.halts import Halts
from openoutcry.actors.ports import ApprovedCommand, Clock, Journal, VenuePort
from openoutcry.state.commands import CancelOrder, SubmitOrder, VenueCommand
from openoutcry.state.events import OrderNotSent

NotSent = Callable[[OrderNotSent], None]
Sent = Callable[[VenueCommand], None]


class OutboundGate:
    """Lets approved commands out, in order, once the journal allows it.

    Args:
        clock: The core's time.
        journal: Tells up to which input everything is durable.
        venue: Where commands leave.
        halts: What is halted at this moment.
        max_age_ns: An order older than this when it may leave is dropped.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        venue: VenuePort,
        halts: Halts,
        max_age_ns: int = 5_000_000_000,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._venue = venue
        self._halts = halts
        self._max_age_ns = max_age_ns
        self._waiting: deque[tuple[int, VenueCommand]] = deque()
        self._sent: Sent | None = None
        self._not_sent: NotSent | None = None

    def connect(self, sent: Sent, not_sent: NotSent) -> None:
        """Name who learns what became of a command."""
        self._sent = sent
        self._not_sent = not_sent

    @property
    def waiting(self) -> int:
        """Commands held back until the journal is durable."""
        return len(self._waiting)

    def release(self, seq: int, approved: ApprovedCommand) -> None:
        """Take a command caused by input `seq`; it leaves when that input is durable."""
        if not self._waiting and self._journal.durable_seq >= seq:
            self._send(approved.command)
        else:
            self._waiting.append((seq, approved.command))

    def on_durable(self) -> None:
        """The journal has become durable further: let out what may go, in order."""
        durable = self._journal.durable_seq
        while self._waiting and self._waiting[0][0] <= durable:
            self._send(self._waiting.popleft()[1])

    def _send(self, command: VenueCommand) -> None:
        reason = self._refusal(command)
        if reason is None:
            if self._sent is not None:
                self._sent(command)
            self._venue.submit(command)
        elif self._not_sent is not None:
            now = self._clock.now
            self._not_sent(
                OrderNotSent(command.client_order_id, command.instrument, now, now, reason)
            )

    def _refusal(self, command: VenueCommand) -> str | None:
        if isinstance(command, CancelOrder):
            return None
        halted = self._halts.reasons(command.strategy, command.instrument)
        if halted:
            return "; ".join(halted)
        if isinstance(command, SubmitOrder) and self._clock.now - command.ts > self._max_age_ns:
            return f"older than {self._max_age_ns // 1_000_000} ms when it could leave"
        return None
