"""The record of one run: what the result and the report are made of."""

from openoutcry import _native
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.events import OrderDenied, OrderFilled
from openoutcry.state.identifiers import ClientOrderId, StrategyId


class RunRecord:
    """What the order path kept, in order, as messages. Memory grows with orders, not with data."""

    def __init__(self, path: _native.OrderPath) -> None:
        self._path = path

    @property
    def signals(self) -> list[SubmitOrder]:
        """Every order that was asked for."""
        return self._path.signals()

    @property
    def fills(self) -> list[tuple[StrategyId, OrderFilled, int]]:
        """Fills as they were booked, each with its profit in settlement units, fees apart."""
        return self._path.fills()

    @property
    def denials(self) -> dict[ClientOrderId, OrderDenied]:
        """Denials by order: the order table never sees those orders."""
        return {event.client_order_id: event for event in self._path.denials()}

    @property
    def equity(self) -> list[tuple[int, int]]:
        """Samples of the account's value: time, units of the account currency."""
        return self._path.equity()
