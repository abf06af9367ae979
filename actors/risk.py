"""The risk actor: nothing new reaches the broker without passing every check.

An approved command becomes `RiskApproved[...]`, the only thing a broker takes. A denied order becomes
`OrderDenied` with all its reasons, each `check: why`; a denied replace becomes `ReplaceRejected`,
because the order itself is as it was. Cancels pass in every state: they only ever reduce risk.

Every halt is called here, whoever asks for it: an operator, or the broker and the portfolio when the
evidence contradicts itself. From then on orders of its scope are denied with the reason, and what waits
at the gate does not leave.
"""

import msgspec

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.books import Books
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.halts import Halts
from openoutcry.actors.ports import Inlet, Journal
from openoutcry.actors.risk_checks import RiskCheck, standard_checks
from openoutcry.actors.risk_view import LiveRiskView
from openoutcry.state.commands import (
    CancelOrder,
    Halt,
    ReplaceOrder,
    Resume,
    RiskApproved,
    SubmitOrder,
)
from openoutcry.state.config import RiskConfig
from openoutcry.state.enums import Mode
from openoutcry.state.events import OrderDenied, ReplaceRejected, TradingHalted, TradingResumed
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.orders import OrderTable
from openoutcry.state.universe import Universe


class RiskSnapshot(msgspec.Struct, frozen=True):
    """What risk remembers: halts in the order in which they were called, and each check's memory."""

    halts: list[tuple[StrategyId | None, InstrumentId | None, str]]
    checks: dict[str, bytes]


class RiskActor(Actor):
    """Calls the halts, and owns the memory of the checks.

    Args:
        dispatcher: Where it runs.
        inlet: Time and sequence numbers.
        journal: Where denials and halts are recorded.
        config: The limits; a missing one denies.
        mode: `"unlimited"` is refused in live mode.
        universe: The run's instruments.
        market: Last prices.
        books: Positions.
        orders: The broker's order table.
        halts: What is halted; the gate looks at the same table.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        inlet: Inlet,
        journal: Journal,
        config: RiskConfig,
        mode: Mode,
        universe: Universe,
        market: _native.Market,
        books: Books,
        orders: OrderTable,
        halts: Halts,
    ) -> None:
        super().__init__(dispatcher, "risk")
        self._inlet = inlet
        self._journal = journal
        self._view = LiveRiskView(inlet, universe, market, books, orders)
        self._checks = standard_checks(universe.instruments, config, mode)
        self._remembering = tuple(
            check for check in self._checks if type(check).approved is not RiskCheck.approved
        )
        self._halts = halts
        self._portfolio: Cell | None = None
        self._broker: Cell | None = None

    def connect(self, portfolio: Cell, broker: Cell) -> None:
        """Name the neighbours."""
        self._portfolio = portfolio
        self._broker = broker

    @handles(SubmitOrder)
    def on_submit(self, order: SubmitOrder) -> None:
        """Approve or deny a new order."""
        assert self._broker is not None
        assert self._portfolio is not None
        self._view.refresh()
        reasons = self._reasons(order, order.quantity_units)
        if not reasons:
            self._approve(order, order, order.quantity_units)
            return
        now = self._inlet.now
        denied = OrderDenied(order.client_order_id, order.instrument, now, now, reasons)
        self._journal.append(self._inlet.seq, denied)
        self.emit(self._portfolio, denied)

    @handles(ReplaceOrder)
    def on_replace(self, command: ReplaceOrder) -> None:
        """Approve or deny new terms; they are measured like a new order with those terms."""
        assert self._broker is not None
        assert self._portfolio is not None
        view = self._view
        view.refresh()
        found = view.terms(command.client_order_id)
        if found is None:
            reasons: tuple[str, ...] = ("risk: there is no such order",)
        else:
            old, filled, exposure = found
            terms = msgspec.structs.replace(
                old,
                quantity_units=_or(command.quantity_units, old.quantity_units),
                limit_units=_or(command.limit_units, old.limit_units),
                trigger_units=_or(command.trigger_units, old.trigger_units),
            )
            added = max(terms.quantity_units - filled, 0) - exposure
            reasons = self._reasons(terms, added)
            if not reasons:
                self._approve(command, terms, added)
                return
        now = self._inlet.now
        rejected = ReplaceRejected(
            command.client_order_id, command.instrument, now, now, f"denied: {'; '.join(reasons)}"
        )
        self._journal.append(self._inlet.seq, rejected)
        self.emit(self._portfolio, rejected)

    @handles(CancelOrder)
    def on_cancel(self, command: CancelOrder) -> None:
        """Pass a cancel on, whatever the state."""
        assert self._broker is not None
        self._view.cancel(command.client_order_id)
        self.emit(self._broker, RiskApproved(command=command))

    @handles(Halt)
    def on_halt(self, command: Halt) -> None:
        """Deny new orders in a scope from now on, and stop what waits at the gate."""
        self._halts.add(command.reason, command.strategy, command.instrument)
        halted = TradingHalted(
            ts=self._inlet.now,
            reason=command.reason,
            strategy=command.strategy,
            instrument=command.instrument,
        )
        self._journal.append(self._inlet.seq, halted)

    @handles(Resume)
    def on_resume(self, command: Resume) -> None:
        """Lift the halt of a scope."""
        self._halts.lift(command.strategy, command.instrument)
        resumed = TradingResumed(
            ts=self._inlet.now,
            reason=command.reason,
            strategy=command.strategy,
            instrument=command.instrument,
        )
        self._journal.append(self._inlet.seq, resumed)

    def snapshot(self) -> RiskSnapshot:
        """Halts and what the checks remember."""
        return RiskSnapshot(
            halts=self._halts.snapshot(),
            checks={check.name: check.snapshot() for check in self._remembering},
        )

    def restore(self, snapshot: RiskSnapshot) -> None:
        """Continue from a snapshot: what was halted stays halted."""
        self._halts.restore(snapshot.halts)
        for check in self._remembering:
            check.restore(snapshot.checks[check.name])

    def _approve(self, command: SubmitOrder | ReplaceOrder, terms: SubmitOrder, added: int) -> None:
        assert self._broker is not None
        for check in self._remembering:
            check.approved(terms, self._inlet.now)
        self._view.reserve(command, terms, added)
        self.emit(self._broker, RiskApproved(command=command))

    def _reasons(self, order: SubmitOrder, added: int) -> tuple[str, ...]:
        """Everything that speaks against an order, not only the first."""
        view = self._view
        reasons = [
            f"{check.name}: {why}"
            for check in self._checks
            if (why := check.check(order, added, view)) is not None
        ]
        return (*self._halts.reasons(order.strategy, order.instrument), *reasons)


def _or(new: int | None, old: int | None) -> int | None:
    return old if new is None else new
