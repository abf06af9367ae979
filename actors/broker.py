"""The broker actor: the truth about every order.

Only what risk approved arrives here (the type says so). The intent is journaled, then handed to the
outbound gate. Evidence from the venue moves orders through the table of legal transitions in
`rust_ext/src/orders/transitions.rs`; a duplicate changes nothing, evidence that contradicts what is proven has
risk halt the instrument with the evidence in hand, and a verified fill is booked whatever the order's
state.
"""

from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.gate import OutboundGate
from openoutcry.actors.ports import ApprovedCommand, Inlet, Journal
from openoutcry.state.commands import (
    CancelOrder,
    Halt,
    ReplaceOrder,
    RiskApproved,
    SubmitOrder,
    VenueCommand,
)
from openoutcry.state.events import (
    AccountLiquidated,
    CancelRejected,
    CashAdjusted,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderSubmitted,
    OrderTriggered,
    PositionAdjusted,
    ReplaceRejected,
    RequestUnknown,
)
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.orders import OrderTable, Outcome


class BrokerActor(Actor):
    """Owns the order table.

    Args:
        dispatcher: Where it runs.
        inlet: Time and sequence numbers.
        journal: Where intents are recorded before anything leaves.
        gate: Where approved commands leave.
        orders: The table; only this actor changes it.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        inlet: Inlet,
        journal: Journal,
        gate: OutboundGate,
        orders: OrderTable,
    ) -> None:
        super().__init__(dispatcher, "broker")
        self._inlet = inlet
        self._journal = journal
        self._gate = gate
        self.orders = orders
        self._portfolio: Cell | None = None
        self._risk: Cell | None = None
        gate.connect(self._on_sent, self._on_not_sent)

    def connect(self, portfolio: Cell, risk: Cell) -> None:
        """Name who hears of every event, and who halts when the evidence contradicts itself."""
        self._portfolio = portfolio
        self._risk = risk

    @handles(RiskApproved)
    def on_approved(self, approved: ApprovedCommand) -> None:
        """Record the intent, then hand it to the gate."""
        command = approved.command
        if isinstance(command, SubmitOrder):
            self.orders.add(command)
        elif (refusal := self.orders.request(command)) is not None:
            self._refuse(command, refusal)
            return
        seq = self._inlet.seq
        self._journal.append(seq, approved)
        self._gate.release(seq, approved)

    def _refuse(self, command: CancelOrder | ReplaceOrder, reason: str) -> None:
        """A cancel or replace of an order that is over: answered here, it never leaves."""
        assert self._portfolio is not None
        kind = CancelRejected if isinstance(command, CancelOrder) else ReplaceRejected
        now = self._inlet.now
        event = kind(command.client_order_id, command.instrument, now, now, reason)
        self.emit(self._portfolio, event)

    @handles(
        OrderAccepted,
        OrderRejected,
        OrderTriggered,
        OrderFilled,
        OrderCanceled,
        OrderExpired,
        OrderReplaced,
        CancelRejected,
        ReplaceRejected,
        RequestUnknown,
        FillBusted,
        FillCorrected,
    )
    def on_evidence(self, event: OrderEvent) -> None:
        """Apply what the venue proved, and tell the portfolio."""
        assert self._portfolio is not None
        applied = self.orders.apply(event)
        if applied is None:
            # Not ours, or forgotten: a fill is booked as unallocated, everything else is an alarm.
            self._alarm(event, "an order nobody knows")
            if isinstance(event, OrderFilled):
                self.emit(self._portfolio, event)
            return
        outcome, alarm = applied
        if outcome is Outcome.DUPLICATE:
            return
        if outcome is not Outcome.APPLIED:
            self._alarm(event, f"{outcome.value}: {alarm}")
        if outcome is not Outcome.ILLEGAL:
            self.emit(self._portfolio, event)

    @handles(CashAdjusted, PositionAdjusted, AccountLiquidated)
    def on_account(self, event: CashAdjusted | PositionAdjusted | AccountLiquidated) -> None:
        """Pass on what happened to the account; a liquidation halts."""
        assert self._portfolio is not None
        if isinstance(event, AccountLiquidated):
            self._halt(f"liquidated: {event.reason}")
        self.emit(self._portfolio, event)

    def _on_sent(self, command: VenueCommand) -> None:
        if isinstance(command, SubmitOrder):
            now = self._inlet.now
            self._apply(OrderSubmitted(command.client_order_id, command.instrument, now, now))

    def _on_not_sent(self, event: OrderNotSent) -> None:
        assert self._portfolio is not None
        self._apply(event)
        self._journal.append(self._inlet.seq, event)
        self._dispatcher.post(self._portfolio, event)

    def _apply(self, event: OrderSubmitted | OrderNotSent) -> None:
        applied = self.orders.apply(event)
        assert applied is not None, "the gate released an order that the table does not have"

    def _alarm(self, event: OrderEvent, what: str) -> None:
        reason = f"{type(event).__name__} of {event.client_order_id}: {what}"
        self._halt(reason, event.instrument)

    def _halt(self, reason: str, instrument: InstrumentId | None = None) -> None:
        assert self._risk is not None
        self.emit(self._risk, Halt(ts=self._inlet.now, reason=reason, instrument=instrument))
