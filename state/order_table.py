"""All orders of a run: found by id, listed while open, summed up while they may fill.

Memory is bounded. Open orders are kept as they are, and so are the last `recent` closed ones; older
ones are packed into bytes, from which they come back whole when late evidence arrives, so that a fill
delivered twice is recognised however late it comes. Beyond `archived` packed orders the oldest are
forgotten and counted: evidence about one of those is evidence about an order that nobody knows.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import Side
from openoutcry.state.errors import InvalidTransition
from openoutcry.state.events import OrderEvent
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId
from openoutcry.state.orders import Order, Outcome

LaneKey = tuple[StrategyId | None, InstrumentId]

_SUBMIT_FIELDS: Final = SubmitOrder.__struct_fields__


class _Lane:
    """What may still fill of one instrument, for one strategy or for all of them."""

    __slots__ = ("buy", "buy_reducing", "open", "sell", "sell_reducing")

    def __init__(self) -> None:
        self.open: dict[ClientOrderId, Order] = {}
        self.buy = self.sell = 0  # orders that may increase the position
        self.buy_reducing = self.sell_reducing = 0  # reduce-only orders

    def add(self, submit: SubmitOrder, units: int) -> None:
        if submit.side is Side.BUY:
            if submit.reduce_only:
                self.buy_reducing += units
            else:
                self.buy += units
        elif submit.reduce_only:
            self.sell_reducing += units
        else:
            self.sell += units


class TableSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """The table as it is stored; orders in the order of their creation or closing."""

    open: list[Order]
    closed: list[Order]
    archive: list[tuple[ClientOrderId, bytes]]
    forgotten: int


class OrderTable:
    """Orders by client id, and the exposure of what still works.

    Args:
        recent: Closed orders that are kept unpacked.
        archived: Packed orders that are kept at all.
    """

    def __init__(self, recent: int = 1_000, archived: int = 1_000_000) -> None:
        assert recent >= 1
        assert archived >= 0
        self._recent = recent
        self._archived = archived
        self._open: dict[ClientOrderId, Order] = {}
        self._closed: dict[ClientOrderId, Order] = {}
        self._archive: dict[ClientOrderId, bytes] = {}
        self._lanes: dict[LaneKey, _Lane] = {}
        self._exposure: dict[ClientOrderId, int] = {}
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._open) + len(self._closed) + len(self._archive)

    def add(self, submit: SubmitOrder) -> Order:
        """Enter a new order; its whole quantity counts as exposure from now on.

        Raises:
            InvalidTransition: The client order id was used before.
        """
        key = submit.client_order_id
        if self.get(key) is not None:
            raise InvalidTransition(f"client order id {key} is used twice")
        order = Order.new(submit)
        self._enter(order)
        return order

    def get(self, client_order_id: ClientOrderId) -> Order | None:
        """An order in any state, or None when nobody knows it (or it was forgotten).

        A packed order is unpacked into a copy: change orders through the table only.
        """
        order = self._open.get(client_order_id) or self._closed.get(client_order_id)
        if order is None and (packed := self._archive.get(client_order_id)) is not None:
            order = _unpack(packed)
        return order

    def request(self, command: CancelOrder | ReplaceOrder) -> str | None:
        """Note that a cancel or replace is on its way. Returns why it can't be, or None."""
        order = self._open.get(command.client_order_id)
        if order is None:
            known = self.get(command.client_order_id)
            return "no such order" if known is None else known.request(command)
        refusal = order.request(command)
        if refusal is None:
            self._reserve(order)
        return refusal

    def apply(self, order: Order, event: OrderEvent) -> Outcome:
        """Take evidence about an order of this table and keep lists and sums in step."""
        key = order.submit.client_order_id
        outcome = order.apply(event)
        if key in self._open:
            if order.is_final:
                self._close(order)
            elif outcome is not Outcome.DUPLICATE:
                self._reserve(order)
        elif key in self._archive:
            self._archive[key] = _pack(order)
        return outcome

    def open_orders(
        self, strategy: StrategyId | None = None, instrument: InstrumentId | None = None
    ) -> Iterator[Order]:
        """Orders that are not final, oldest first, of one strategy and instrument where named.

        The table may be changed while iterating.
        """
        if instrument is not None:
            lane = self._lanes.get((strategy, instrument))
            return iter(()) if lane is None else iter(tuple(lane.open.values()))
        orders = tuple(self._open.values())
        if strategy is None:
            return iter(orders)
        return (order for order in orders if order.submit.strategy == strategy)

    def working_units(
        self, strategy: StrategyId | None, instrument: InstrumentId, *, reduce_only: bool = True
    ) -> tuple[int, int]:
        """What may still be bought and sold at worst, both unsigned, in units of quantity.

        Counts unsent, working and unknown orders, and the larger terms while a replace is out.
        With `reduce_only=False`, orders that can only shrink a position are left out.
        """
        lane = self._lanes.get((strategy, instrument))
        if lane is None:
            return 0, 0
        if reduce_only:
            return lane.buy + lane.buy_reducing, lane.sell + lane.sell_reducing
        return lane.buy, lane.sell

    def snapshot(self) -> bytes:
        """The whole table as bytes; the same table gives the same bytes."""
        return msgspec.msgpack.encode(
            TableSnapshot(
                open=list(self._open.values()),
                closed=list(self._closed.values()),
                archive=list(self._archive.items()),
                forgotten=self.forgotten,
            )
        )

    def restore(self, data: bytes) -> None:
        """Become the table that a snapshot was taken of."""
        stored = msgspec.msgpack.decode(data, type=TableSnapshot)
        self.__init__(self._recent, self._archived)  # type: ignore[misc]
        for order in stored.open:
            self._enter(order)
        self._closed = {order.client_order_id: order for order in stored.closed}
        self._archive = dict(stored.archive)
        self.forgotten = stored.forgotten

    def _enter(self, order: Order) -> None:
        submit = order.submit
        key = submit.client_order_id
        self._open[key] = order
        self._exposure[key] = 0
        for lane in self._lanes_of(submit):
            lane.open[key] = order
        self._reserve(order)

    def _reserve(self, order: Order) -> None:
        submit = order.submit
        key = submit.client_order_id
        units = order.exposure_units
        change = units - self._exposure[key]
        if change:
            self._exposure[key] = units
            for lane in self._lanes_of(submit):
                lane.add(submit, change)

    def _close(self, order: Order) -> None:
        submit = order.submit
        key = submit.client_order_id
        del self._open[key]
        released = self._exposure.pop(key)
        for lane in self._lanes_of(submit):
            lane.add(submit, -released)
            del lane.open[key]
        self._closed[key] = order
        if len(self._closed) > self._recent:
            oldest = next(iter(self._closed))
            self._archive[oldest] = _pack(self._closed.pop(oldest))
            if len(self._archive) > self._archived:
                del self._archive[next(iter(self._archive))]
                self.forgotten += 1

    def _lanes_of(self, submit: SubmitOrder) -> tuple[_Lane, _Lane]:
        lanes = self._lanes
        instrument = submit.instrument
        own = lanes.get((submit.strategy, instrument))
        if own is None:
            own = lanes[submit.strategy, instrument] = _Lane()
            lanes.setdefault((None, instrument), _Lane())
        return own, lanes[None, instrument]


def _pack(order: Order) -> bytes:
    """An order as bytes, its command without field names: about a third of the size."""
    submit = msgspec.structs.astuple(order.submit)
    rest = msgspec.structs.astuple(order)[1:]
    return msgspec.msgpack.encode((submit, rest))


def _unpack(data: bytes) -> Order:
    submit, rest = msgspec.msgpack.decode(data)
    fields = dict(zip(Order.__struct_fields__[1:], rest, strict=True))
    fields["submit"] = {"type": "SubmitOrder", **dict(zip(_SUBMIT_FIELDS, submit, strict=True))}
    return msgspec.convert(fields, Order)
