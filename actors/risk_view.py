"""What risk sees: the market, the books and the order table, and orders that are on their way.

An approved order reaches the broker's table only when the broker handles it. Orders approved while one
input is handled are counted here until then, so that two orders of one handler can't both take the
last of a limit.
"""

from collections import deque
from typing import Final

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.actors.ports import Inlet
from openoutcry.state.commands import ReplaceOrder, SubmitOrder
from openoutcry.state.enums import OrderStatus, OrderType, RequestState, Side, TimeInForce
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId
from openoutcry.state.orders import Order, OrderTable
from openoutcry.state.universe import Universe

_PASSING: Final = (TimeInForce.IOC, TimeInForce.FOK)


class _Approved:
    """An order or replace on its way to the broker: its terms, and the exposure that it adds."""

    __slots__ = ("added", "command", "terms")

    def __init__(self, command: SubmitOrder | ReplaceOrder, terms: SubmitOrder, added: int) -> None:
        self.command = command
        self.terms = terms
        self.added = added


class LiveRiskView:
    """The `RiskView` of a running graph.

    Args:
        inlet: Time, and which input is being handled.
        universe: Numbers of the instruments.
        market: Last prices.
        books: Positions.
        orders: The broker's order table.
    """

    def __init__(
        self,
        inlet: Inlet,
        universe: Universe,
        market: _native.Market,
        books: Books,
        orders: OrderTable,
    ) -> None:
        self._inlet = inlet
        self._index = universe.index
        self._market = market
        self._books = books
        self._orders = orders
        self._on_the_way: deque[_Approved] = deque()
        self._leaving: dict[ClientOrderId, None] = {}  # orders whose cancel is on its way
        self._seq = 0

    @property
    def now(self) -> int:
        """Time of the input being handled."""
        return self._inlet.now

    def quote(self, instrument: InstrumentId) -> tuple[int, int, int, int, int] | None:
        """(ts_received, bid, ask, bid size, ask size) of the last quote or book top."""
        return self._market.quote(self._index[instrument])

    def trade(self, instrument: InstrumentId) -> tuple[int, int, int] | None:
        """(ts_received, price, size) of the last trade."""
        return self._market.trade(self._index[instrument])

    def bar(self, instrument: InstrumentId) -> tuple[int, int] | None:
        """(ts_received, close) of the last bar."""
        return self._market.bar(self._index[instrument])

    def position_units(self, strategy: StrategyId | None, instrument: InstrumentId) -> int:
        """Signed position of a strategy, or of the account."""
        if strategy is None:
            return self._books.account_position(instrument)
        return self._books.position(strategy, instrument)

    def working_units(
        self, strategy: StrategyId | None, instrument: InstrumentId
    ) -> tuple[int, int]:
        """What may still be bought and sold at worst, orders that can only reduce left out."""
        buying, selling = self._orders.working_units(strategy, instrument, reduce_only=False)
        for approved in self._on_the_way:
            terms = approved.terms
            if (
                terms.instrument == instrument
                and strategy in (None, terms.strategy)
                and not terms.reduce_only
            ):
                if terms.side is Side.BUY:
                    buying += approved.added
                else:
                    selling += approved.added
        return buying, selling

    def resting(self, instrument: InstrumentId, side: Side) -> list[tuple[StrategyId, int]]:
        """(strategy, limit price) of our orders on a side that rest, or may soon, oldest first."""
        found: list[tuple[StrategyId, int]] = []
        buying, selling = self._orders.working_units(None, instrument)
        if buying if side is Side.BUY else selling:
            for order in self._orders.open_orders(None, instrument):
                if order.side is side and not self._leaves(order) and self._may_rest(order):
                    asked = None if order.asked is None else order.asked.limit_units
                    limits = (order.limit_units, asked)
                    found += [(order.strategy, units) for units in limits if units is not None]
        for approved in self._on_the_way:
            terms = approved.terms
            if terms.client_order_id in self._leaving:
                continue
            if (terms.instrument, terms.side) == (instrument, side) and _rests(terms):
                assert terms.limit_units is not None
                found.append((terms.strategy, terms.limit_units))
        return found

    def _leaves(self, order: Order) -> bool:
        """Whether its cancel was sent before: commands reach a venue in their order."""
        return order.cancel_request is RequestState.SENT or order.client_order_id in self._leaving

    def _may_rest(self, order: Order) -> bool:
        """Whether an open order may stand in the book: not before its trigger or its parent's fill."""
        submit = order.submit
        if submit.parent is not None:
            parent = self._orders.get(submit.parent)
            if parent is not None and not parent.filled_units:
                return False
        rests = submit.order_type is OrderType.LIMIT and submit.time_in_force not in _PASSING
        return rests or order.status is OrderStatus.TRIGGERED

    def reserve(self, command: SubmitOrder | ReplaceOrder, terms: SubmitOrder, added: int) -> None:
        """Count an approved command until the broker's table does."""
        self._seq = self._inlet.seq
        self._on_the_way.append(_Approved(command, terms, max(added, 0)))

    def cancel(self, client_order_id: ClientOrderId) -> None:
        """Note a cancel that is on its way to the broker."""
        self.refresh()
        self._seq = self._inlet.seq
        self._leaving[client_order_id] = None

    def refresh(self) -> None:
        """Let go of what the broker's table counts by now; called before an order is looked at."""
        waiting = self._on_the_way
        if self._leaving and self._inlet.seq != self._seq:
            self._leaving.clear()
        if waiting and self._inlet.seq != self._seq:
            # An input is handled to completion: whatever was on its way has arrived.
            waiting.clear()
        while waiting and self._has_arrived(waiting[0]):
            waiting.popleft()

    def terms(self, client_order_id: ClientOrderId) -> tuple[SubmitOrder, int, int] | None:
        """(terms in force, filled units, exposure) of an order that may be replaced."""
        order = self._orders.get(client_order_id)
        if order is not None:
            return order.terms(), order.filled_units, order.exposure_units
        for approved in self._on_the_way:
            if approved.terms.client_order_id == client_order_id:
                return approved.terms, 0, approved.added
        return None

    def _has_arrived(self, approved: _Approved) -> bool:
        order = self._orders.get(approved.terms.client_order_id)
        if isinstance(approved.command, SubmitOrder):
            return order is not None
        return order is None or order.replace_request is not None


def _rests(terms: SubmitOrder) -> bool:
    return (
        terms.order_type is OrderType.LIMIT
        and terms.limit_units is not None
        and terms.parent is None
        and terms.time_in_force not in _PASSING
    )
