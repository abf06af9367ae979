"""The record of one run: what the result and the report are made of."""

from openoutcry.state.commands import SubmitOrder
from openoutcry.state.events import AnyAccountEvent, OrderDenied, OrderEvent, OrderFilled
from openoutcry.state.identifiers import ClientOrderId, StrategyId


class RunRecord:
    """Keeps what the portfolio sees, in order. Memory grows with orders, not with data."""

    def __init__(self) -> None:
        self.signals: list[SubmitOrder] = []
        self.fills: list[tuple[StrategyId, OrderFilled, int]] = []
        self.account: list[AnyAccountEvent] = []
        self.equity: list[tuple[int, int]] = []
        self.denials: dict[ClientOrderId, OrderDenied] = {}

    def on_signal(self, order: SubmitOrder, /) -> None:
        """A strategy asked for an order."""
        self.signals.append(order)

    def on_event(self, _strategy: StrategyId, event: OrderEvent, /) -> None:
        """Only denials matter: the order table never sees those orders."""
        if isinstance(event, OrderDenied):
            self.denials[event.client_order_id] = event

    def on_fill(self, strategy: StrategyId, fill: OrderFilled, realized: int, /) -> None:
        """A fill was booked."""
        self.fills.append((strategy, fill, realized))

    def on_account(self, event: AnyAccountEvent, /) -> None:
        """Cash or a holding changed without a fill."""
        self.account.append(event)

    def on_equity(self, ts: int, units: int, /) -> None:
        """A sample of the account's value."""
        self.equity.append((ts, units))
