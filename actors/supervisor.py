"""What happens when an actor's handler raises.

| actor | policy | why |
|---|---|---|
| a strategy | paused: it gets nothing more, its orders stay as they are, everything else goes on | one bad idea must not stop the others |
| market data, portfolio, risk, broker | trading halts: the gate lets nothing new out | a wrong ledger or an unchecked order costs money |

The input that failed is recorded as parked (`ActorFailed`), with its sequence number, so that it can
be found and handled again. The failing handler left nothing behind: what it emitted never left.
"""

from collections.abc import Callable

from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.ports import Inlet, Journal
from openoutcry.state.events import ActorFailed


class Supervisor:
    """Applies the policy table and keeps the record of failures.

    Args:
        inlet: Names the input that failed.
        journal: Where the failure is recorded.
        strategies: Names of the cells that may be paused; every other failure halts.
        halt: Stops all trading; called with the reason.
    """

    def __init__(
        self,
        inlet: Inlet,
        journal: Journal,
        strategies: frozenset[str],
        halt: Callable[[str], None],
    ) -> None:
        self._inlet = inlet
        self._journal = journal
        self._strategies = strategies
        self._halt = halt
        self.failures: list[ActorFailed] = []
        self.errors: list[Exception] = []

    def restore(self, failures: list[ActorFailed], dispatcher: Dispatcher) -> None:
        """Remember failures of before: who was paused stays paused."""
        self.failures = list(failures)
        for failure in failures:
            dispatcher.cells[failure.actor].pause()

    @property
    def halted(self) -> bool:
        """Whether a failure has stopped all trading."""
        return any(failure.policy == "halt" for failure in self.failures)

    def on_failure(self, cell: Cell, message: str, error: Exception, /) -> bool:
        """Record the failure and apply the policy of the actor; whether the core may go on."""
        pauses = cell.name in self._strategies
        failure = ActorFailed(
            actor=cell.name,
            sequence=self._inlet.seq,
            input=message,
            error=f"{type(error).__name__}: {error}",
            policy="pause" if pauses else "halt",
        )
        self.failures.append(failure)
        self.errors.append(error)
        self._journal.append(self._inlet.seq, failure)
        cell.pause()
        if not pauses:
            self._halt(f"{cell.name} failed: {failure.error}")
        return pauses
