"""The portfolio actor: every order passes it on the way down, every fill is booked by it on the way up.

Down: a strategy's order becomes its own venue order (no internal crossing); `CancelAll` and `Flatten` are
spelled out order by order. Up: a fill is booked before the strategy hears of it, so what a strategy
reads in `on_fill` includes that fill. Equity is sampled on a grid of simulated time and at every fill, and
each sample is part of the decision record.

All of that happens in the order path of the engine. Here are the messages that come from elsewhere:
commands of an operator, and what happens to the account without an order.
"""

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.books import Books
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.state.commands import CancelAll, CancelOrder, Flatten, ReplaceOrder, SubmitOrder
from openoutcry.state.events import (
    AccountLiquidated,
    CashAdjusted,
    PositionAdjusted,
    TimerFired,
)


class PortfolioActor(Actor):
    """Owns the books.

    Args:
        dispatcher: Where it runs.
        path: The order path.
        books: The books; only this actor and the path change them.
    """

    def __init__(self, dispatcher: Dispatcher, path: _native.OrderPath, books: Books) -> None:
        super().__init__(dispatcher, "portfolio")
        self._path = path
        self.books = books

    def begin(self) -> None:
        """Take the first equity sample and set the grid's timer."""
        self._path.on_grid()

    def end(self) -> None:
        """Take the last equity sample: what the account is worth when the data ends."""
        self._path.sample()

    @handles(SubmitOrder, CancelOrder, ReplaceOrder, CancelAll, Flatten)
    def on_command(
        self, command: SubmitOrder | CancelOrder | ReplaceOrder | CancelAll | Flatten
    ) -> None:
        """Send a command down the path."""
        self._path.command(command)

    @handles(CashAdjusted)
    def on_cash(self, event: CashAdjusted) -> None:
        """Book funding, dividends and other cash."""
        self.books.apply_cash(event)
        self._path.sample()

    @handles(PositionAdjusted)
    def on_split(self, event: PositionAdjusted) -> None:
        """Scale the holdings."""
        self.books.apply_split(event)
        self._path.sample()

    @handles(AccountLiquidated)
    def on_liquidated(self, event: AccountLiquidated) -> None:
        """Nothing to book: the fills that closed the positions come as fills."""

    @handles(TimerFired)
    def on_grid(self, _fired: TimerFired) -> None:
        """Sample equity on the grid."""
        self._path.on_grid()
