"""The risk actor: nothing new reaches the broker without passing every check.

The checks run in the order path of the engine (`rust_ext/src/risk`): an approved command goes on as
`RiskApproved[...]`, a denied order becomes `OrderDenied` with all its reasons, each `check: why`; a denied
replace becomes `ReplaceRejected`, because the order itself is as it was. Cancels pass in every state:
they only ever reduce risk.

Every halt is called here, whoever asks for it: an operator, or the path when the evidence contradicts
itself. From then on orders of its scope are denied with the reason, and what waits at the gate does not
leave.
"""

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.state.commands import Halt, Restrict, Resume, SetLimit
from openoutcry.state.errors import ConfigError
from openoutcry.state.events import BookStale


class RiskActor(Actor):
    """Calls the halts, and owns what the checks remember.

    Args:
        dispatcher: Where it runs.
        path: The order path.
        risk: Limits, latches and the memory of the checks.

    Attributes:
        refused: Why limits could not be set, newest last: nothing changed then.
    """

    def __init__(self, dispatcher: Dispatcher, path: _native.OrderPath, risk: _native.Risk) -> None:
        super().__init__(dispatcher, "risk")
        self.control = _native.RiskControl(path)
        self.risk = risk
        self.refused: list[str] = []

    @handles(Halt)
    def on_halt(self, command: Halt) -> None:
        """Deny new orders in a scope from now on, and stop what waits at the gate."""
        self.control.halt(command.reason, command.strategy, command.instrument, command.venue)

    @handles(Restrict)
    def on_restrict(self, command: Restrict) -> None:
        """Let only orders pass that reduce."""
        self.control.restrict(command.reason, command.strategy, command.instrument, command.venue)

    @handles(Resume)
    def on_resume(self, command: Resume) -> None:
        """Lift every latch of a scope."""
        self.control.resume(command.reason, command.strategy, command.instrument, command.venue)

    @handles(SetLimit)
    def on_set_limit(self, command: SetLimit) -> None:
        """Hold another limit; whoever asked has seen before whether it is one."""
        scope = (command.strategy, command.instrument, command.venue)
        try:
            self.risk.set_limit(command.name, command.value, *scope)
        except ConfigError as error:
            self.refused.append(str(error))

    @handles(BookStale)
    def on_stale(self, event: BookStale) -> None:
        """Deny new orders on an instrument while its feed is silent."""
        self.control.feed_stale(event.instrument, event.stale)

    def snapshot(self) -> bytes:
        """Latches, limits set at run time and what the checks remember."""
        return self.risk.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Continue from a snapshot: what was latched stays latched."""
        self.risk.restore(snapshot)
