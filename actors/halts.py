"""What is halted, and why: the one table that risk, the gate and a failing core look at.

A halt has a scope: everything, a strategy, an instrument, or a strategy in an instrument. It lasts until
a resume of the same scope. The table itself is part of the engine's risk.
"""

from openoutcry import _native
from openoutcry.state.identifiers import InstrumentId, StrategyId


class Halts:
    """The halts in force. Risk writes it, and the supervisor when an actor of the core fails.

    Args:
        risk: Where the table stands.
    """

    def __init__(self, risk: _native.Risk) -> None:
        self._risk = risk

    def add(
        self,
        reason: str,
        strategy: StrategyId | None = None,
        instrument: InstrumentId | None = None,
    ) -> None:
        """Halt a scope; the latest reason stands."""
        self._risk.halt(reason, strategy, instrument)

    def lift(self, strategy: StrategyId | None, instrument: InstrumentId | None) -> None:
        """End the halt of a scope, if there is one."""
        self._risk.resume(strategy, instrument)

    def reasons(self, strategy: StrategyId, instrument: InstrumentId) -> tuple[str, ...]:
        """Why a strategy may not trade an instrument: the reason of every halt that applies."""
        return self._risk.halts(strategy, instrument)
