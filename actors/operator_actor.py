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
from openoutcry.state.commands import ManualOrder, SubmitOrder
from openoutcry.state.identifiers import operator_order_id
from openoutcry.state.messages import UNDEFINED

MANUAL: str = "manual"
"""The tag of manual orders."""


class OperatorActor(Actor):
    """Places manual orders.

    Args:
        dispatcher: Where it runs.
        inlet: Numbers and stamps of the inputs.
        path: The order path.
        books: Numbers of the books.
        market: Last prices, for the price at arrival.
        epoch: First part of client order ids.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        inlet: Inlet,
        path: _native.OrderPath,
        books: Books,
        market: _native.Market,
        epoch: int,
    ) -> None:
        super().__init__(dispatcher, "operator")
        self._inlet = inlet
        self._path = path
        self._books = books
        self._market = market
        self.epoch = epoch

    @handles(ManualOrder)
    def on_order(self, order: ManualOrder) -> None:
        """Send the order down the path."""
        book = self._books.number(order.strategy)
        number = self._books.universe.index[order.instrument]
        arrival = self._market.valuation(number, 0)
        self._path.command(
            SubmitOrder(
                ts=order.ts,
                client_order_id=operator_order_id(self.epoch, book, self._inlet.seq),
                strategy=order.strategy,
                instrument=order.instrument,
                side=order.side,
                order_type=order.order_type,
                quantity_units=order.quantity_units,
                price_scale=order.price_scale,
                size_scale=order.size_scale,
                limit_units=order.limit_units,
                trigger_units=order.trigger_units,
                time_in_force=order.time_in_force,
                expire_ts=order.expire_ts,
                post_only=order.post_only,
                reduce_only=order.reduce_only,
                arrival_units=None if arrival == UNDEFINED else arrival,
                tag=MANUAL,
            )
        )
