"""All orders of a run: found by id, listed while open, summed up while they may fill.

Memory is bounded. Open orders are kept as they are, and so are the last `recent` closed ones; older
ones are packed into bytes, from which they come back whole when late evidence arrives, so that a fill
delivered twice is recognised however late it comes. Beyond `archived` packed orders the oldest are
forgotten and counted: evidence about one of those is evidence about an order that nobody knows.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import msgspec

from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import Outcome, Side
from openoutcry.state.errors import InvalidTransition
from openoutcry.state.events import OrderEvent
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId
from tests.oracles.order_machine.order import Order
from tests.oracles.order_machine.transitions import TERMINAL

LaneKey = tuple[StrategyId | None, InstrumentId]

RECENT_ORDERS: Final = 1_000
"""Closed orders that a table keeps unpacked when nothing else is said."""

_BUY: Final = Side.BUY
_ILLEGAL: Final = Outcome.ILLEGAL
_SUBMIT_FIELDS: Final = SubmitOrder.__struct_fields__


class _Lane:
    """What may still fill of one instrument, for one strategy or for all of them."""

    __slots__ = ("buy", "buy_reducing", "open", "sell", "sell_reducing")

    def __init__(self) -> None:
        self.open: dict[ClientOrderId, Order] = {}
        self.buy = self.sell = 0  # orders that may increase the position
        self.buy_reducing = self.sell_reducing = 0  # reduce-only orders

    def add(self, submit: SubmitOrder, units: int) -> None:
        if submit.side is _BUY:
            if submit.reduce_only:
                self.buy_reducing += units
            else:
                self.buy += units
        elif submit.reduce_only:
            self.sell_reducing += units
        else:
            self.sell += units


class _Entry:
    """An open order, the lanes that count it and what they count."""

    __slots__ = ("all", "counted", "order", "own")

    def __init__(self, order: Order, own: _Lane, everyone: _Lane) -> None:
        self.order = order
        self.own = own
        self.all = everyone
        self.counted = 0

    def count(self, units: int) -> None:
        change = units - self.counted
        if change:
            self.counted = units
            self.own.add(self.order.submit, change)
            self.all.add(self.order.submit, change)


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

    def __init__(self, recent: int = RECENT_ORDERS, archived: int = 1_000_000) -> None:
        assert recent >= 1
        assert archived >= 0
        self._recent = recent
        self._archived = archived
        self._clear()

    def _clear(self) -> None:
        self._open: dict[ClientOrderId, _Entry] = {}
        self._closed: OrderedDict[ClientOrderId, Order] = OrderedDict()
        self._archive: OrderedDict[ClientOrderId, bytes] = OrderedDict()
        self._lanes: dict[LaneKey, _Lane] = {}
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
        entry = self._open.get(client_order_id)
        if entry is not None:
            return entry.order
        order = self._closed.get(client_order_id)
        if order is None and client_order_id in self._archive:
            return _unpack(self._archive[client_order_id])
        return order

    def request(self, command: CancelOrder | ReplaceOrder) -> str | None:
        """Note that a cancel or replace is on its way. Returns why it can't be, or None."""
        entry = self._open.get(command.client_order_id)
        if entry is None:
            known = self.get(command.client_order_id)
            return "no such order" if known is None else known.request(command)
        refusal = entry.order.request(command)
        if refusal is None:
            entry.count(entry.order.exposure_units)
        return refusal

    def apply(self, order: Order, event: OrderEvent) -> Outcome:
        """Take evidence about an order of this table and keep lists and sums in step."""
        outcome = order.apply(event)
        if outcome is _ILLEGAL:
            return outcome
        key = order.submit.client_order_id
        entry = self._open.get(key)
        if entry is None:
            if key in self._archive:
                self._archive[key] = _pack(order)
        elif order.status in TERMINAL:
            self._close(key, entry)
        else:
            entry.count(order.exposure_units)
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
        orders = (entry.order for entry in tuple(self._open.values()))
        if strategy is None:
            return orders
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
                open=[entry.order for entry in self._open.values()],
                closed=list(self._closed.values()),
                archive=list(self._archive.items()),
                forgotten=self.forgotten,
            )
        )

    def canonical(self) -> bytes:
        """Every order by its id, as bytes: the same for the same orders, however they are kept."""
        known = {key: entry.order for key, entry in self._open.items()}
        known |= self._closed
        known |= {key: _unpack(packed) for key, packed in self._archive.items()}
        return msgspec.msgpack.encode([known[key] for key in sorted(known)])

    def restore(self, data: bytes) -> None:
        """Become the table that a snapshot was taken of."""
        stored = msgspec.msgpack.decode(data, type=TableSnapshot)
        self._clear()
        for order in stored.open:
            self._enter(order)
        self._closed = OrderedDict((order.client_order_id, order) for order in stored.closed)
        self._archive = OrderedDict(stored.archive)
        self.forgotten = stored.forgotten

    def _enter(self, order: Order) -> None:
        submit = order.submit
        lanes = self._lanes
        own = lanes.get((submit.strategy, submit.instrument))
        if own is None:
            own = lanes[submit.strategy, submit.instrument] = _Lane()
            lanes.setdefault((None, submit.instrument), _Lane())
        entry = _Entry(order, own, lanes[None, submit.instrument])
        key = submit.client_order_id
        self._open[key] = entry
        entry.own.open[key] = entry.all.open[key] = order
        entry.count(order.exposure_units)

    def _close(self, key: ClientOrderId, entry: _Entry) -> None:
        entry.count(0)
        del self._open[key], entry.own.open[key], entry.all.open[key]
        self._closed[key] = entry.order
        if len(self._closed) > self._recent:
            oldest, order = self._closed.popitem(last=False)
            self._archive[oldest] = _pack(order)
            if len(self._archive) > self._archived:
                self._archive.popitem(last=False)
                self.forgotten += 1


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
