"""The operator actor: what a person asks for by hand, beside what other actors take themselves.

A manual order becomes a `SubmitOrder` and goes down the order path like any other, through every check.
Its id is made of the sequence number of the input that asked for it, so that a second playing makes the
same one and nothing has to be remembered.
"""

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.books import Books
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.actors.ports import Inlet
from openoutcry.state.commands import ManualOrder
from openoutcry.state.identifiers import operator_order_id
from openoutcry.state.messages import UNDEFINED


class OperatorActor(Actor):
    """Places manual orders.

    Args:
        dispatcher: Where it runs.
        inlet: Numbers and stamps of the inputs.
        path: The order path.
        books: Numbers of the books.
        market: Last prices, for the price at arrival.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        inlet: Inlet,
        path: _native.OrderPath,
        books: Books,
        market: _native.Market,
    ) -> None:
        super().__init__(dispatcher, "operator")
        self._inlet = inlet
        self._path = path
        self._books = books
        self._market = market

    @property
    def epoch(self) -> int:
        """First part of the ids of its orders: a restored backup has one of its own."""
        return self._path.epoch

    @handles(ManualOrder)
    def on_order(self, order: ManualOrder) -> None:
        """Send the order down the path."""
        book = self._books.number(order.strategy)
        number = self._books.universe.index[order.instrument]
        arrival = self._market.valuation(number, 0)
        known = None if arrival == UNDEFINED else arrival
        order_id = operator_order_id(self.epoch, book, self._inlet.seq)
        self._path.command(order.submit(order_id, known))
