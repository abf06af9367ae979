"""What is halted, and why: the one table that risk, the gate and a failing core look at.

A halt has a scope: everything, a strategy, an instrument, or a strategy in an instrument. It lasts until
a resume of the same scope.
"""

from openoutcry.state.identifiers import InstrumentId, StrategyId

Scope = tuple[StrategyId | None, InstrumentId | None]


class Halts:
    """The halts in force. Risk writes it, and the supervisor when an actor of the core fails."""

    def __init__(self) -> None:
        self._reasons: dict[Scope, str] = {}

    def add(
        self,
        reason: str,
        strategy: StrategyId | None = None,
        instrument: InstrumentId | None = None,
    ) -> None:
        """Halt a scope; the latest reason stands."""
        self._reasons[strategy, instrument] = reason

    def lift(self, strategy: StrategyId | None, instrument: InstrumentId | None) -> None:
        """End the halt of a scope, if there is one."""
        self._reasons.pop((strategy, instrument), None)

    def reasons(self, strategy: StrategyId, instrument: InstrumentId) -> tuple[str, ...]:
        """Why a strategy may not trade an instrument: the reason of every halt that applies."""
        if not self._reasons:
            return ()
        scopes: tuple[Scope, ...] = (
            (None, None),
            (strategy, None),
            (None, instrument),
            (strategy, instrument),
        )
        found = (self._reasons.get(scope) for scope in scopes)
        return tuple(f"halted: {reason}" for reason in found if reason is not None)

    def snapshot(self) -> list[tuple[StrategyId | None, InstrumentId | None, str]]:
        """Every halt as (strategy, instrument, reason), in the order in which they were called."""
        return [(*scope, reason) for scope, reason in self._reasons.items()]

    def restore(self, snapshot: list[tuple[StrategyId | None, InstrumentId | None, str]]) -> None:
        """What was halted stays halted."""
        self._reasons = {
            (strategy, instrument): reason for strategy, instrument, reason in snapshot
        }
