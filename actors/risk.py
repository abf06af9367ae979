"""The risk actor: nothing new reaches the broker without passing every check.

The checks run in the order path of the engine (`rust_ext/src/risk`): an approved command goes on as
`RiskApproved[...]`, a denied order becomes `OrderDenied` with all its reasons, each `check: why`; a denied
replace becomes `ReplaceRejected`, because the order itself is as it was. Cancels pass in every state:
they only ever reduce risk.

Every halt is called here, whoever asks for it: an operator, or the path when the evidence contradicts
itself. From then on orders of its scope are denied with the reason, and what waits at the gate does not
leave.

Limits change while running by `SetLimit`; the config that is in force stands here.
"""

from collections.abc import Sequence

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.actors.limit_changes import with_limit
from openoutcry.actors.risk_limits import native_limits
from openoutcry.state.commands import Halt, Resume, SetLimit
from openoutcry.state.config import RiskConfig
from openoutcry.state.enums import Mode
from openoutcry.state.instruments import Instrument


class RiskActor(Actor):
    """Calls the halts, and owns what the checks remember.

    Args:
        dispatcher: Where it runs.
        path: The order path.
        risk: Limits, halts and the memory of the checks.
        config: The limits that `risk` was made with.
        instruments: The run's instruments.
        mode: The run's mode.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        path: _native.OrderPath,
        risk: _native.Risk,
        config: RiskConfig,
        instruments: Sequence[Instrument],
        mode: Mode,
    ) -> None:
        super().__init__(dispatcher, "risk")
        self._path = path
        self._instruments = instruments
        self._mode = mode
        self.risk = risk
        self.config = config

    @handles(Halt)
    def on_halt(self, command: Halt) -> None:
        """Deny new orders in a scope from now on, and stop what waits at the gate."""
        self._path.halt(command.reason, command.strategy, command.instrument)

    @handles(Resume)
    def on_resume(self, command: Resume) -> None:
        """Lift the halt of a scope."""
        self._path.resume(command.reason, command.strategy, command.instrument)

    @handles(SetLimit)
    def on_limit(self, command: SetLimit) -> None:
        """Put a limit in force. What the checks remember stays."""
        self.config = with_limit(self.config, command)
        for item in self._instruments:
            limits = native_limits(item, self.config.limits(item.id), self._mode)
            self.risk.set_limits(item.id, limits)

    def snapshot(self) -> bytes:
        """Halts and what the checks remember."""
        return self.risk.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Continue from a snapshot: what was halted stays halted."""
        self.risk.restore(snapshot)
