"""The broker actor: the truth about every order.

Only what risk approved arrives here. The intent is journaled, then handed to the outbound gate. Evidence
from the venue moves orders through the table of legal transitions (`rust_ext/src/orders/transitions.rs`); a
duplicate changes nothing, evidence that contradicts what is proven has risk halt the instrument with the
evidence in hand, and a verified fill is booked whatever the order's state.

All of that happens in the order path of the engine; a replay hands its evidence straight to it. Here are
the events that come as messages: those of live venues, and what happens to the account.
"""

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.ports import Clock
from openoutcry.state.commands import Halt
from openoutcry.state.events import (
    AccountLiquidated,
    AnyOrderEvent,
    CashAdjusted,
    OrderEvent,
    PositionAdjusted,
)


class BrokerActor(Actor):
    """Owns the order table.

    Args:
        dispatcher: Where it runs.
        clock: The core's time.
        path: The order path.
        orders: The table; only the path changes it.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        clock: Clock,
        path: _native.OrderPath,
        orders: _native.OrderTable,
    ) -> None:
        super().__init__(dispatcher, "broker")
        self._clock = clock
        self._path = path
        self.orders = orders
        self._portfolio: Cell | None = None
        self._risk: Cell | None = None

    def connect(self, portfolio: Cell, risk: Cell) -> None:
        """Name who hears of the account, and who halts when it is liquidated."""
        self._portfolio = portfolio
        self._risk = risk

    @handles(*AnyOrderEvent.__args__)
    def on_evidence(self, event: OrderEvent) -> None:
        """Apply what the venue proved."""
        self._path.evidence(event)

    @handles(CashAdjusted, PositionAdjusted, AccountLiquidated)
    def on_account(self, event: CashAdjusted | PositionAdjusted | AccountLiquidated) -> None:
        """Pass on what happened to the account; a liquidation halts."""
        assert self._portfolio is not None
        assert self._risk is not None
        if isinstance(event, AccountLiquidated):
            self.emit(self._risk, Halt(ts=self._clock.now, reason=f"liquidated: {event.reason}"))
        self.emit(self._portfolio, event)
