"""What a simulated venue remembers of its orders: the sum of its entries.

Open orders, the last ended ones with every fill, and the last events of the account: enough to answer any
question about an order by its client id. Beyond the limits the oldest are forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from openoutcry.replay import venue_entries as entries
from openoutcry.replay.venue_entries import NOBODY, AnyEntry
from openoutcry.state.errors import CodecError
from openoutcry.state.venue_answers import VenueOrderStatus

ENDED_ORDERS: Final = 10_000
"""Ended orders, used-up groups and events of the account that a venue remembers."""

_DUPLICATE: Final = "duplicate_client_order_id"


class KnownOrder(msgspec.Struct, array_like=True):
    """An order as the entries tell it."""

    id: str
    instrument: str
    side: str
    quantity: int
    limit: int | None
    trigger: int | None
    venue_order_id: str = ""
    status: VenueOrderStatus = VenueOrderStatus.WORKING
    filled: int = 0
    triggered: bool = False
    reason: str = ""
    ts: int = 0
    fills: list[entries.Filled] = []


AccountEntry = entries.Cash | entries.Split | entries.Liquidated | entries.Filled


class _Kept(msgspec.Struct, array_like=True):
    orders: list[KnownOrder]
    groups: list[int]
    events: list[tuple[int, AccountEntry]]
    last_fill: int


_decoder: Final = msgspec.msgpack.Decoder(_Kept)


class VenueHistory:
    """Orders by client id, groups that are used up, events of the account.

    Args:
        limit: Ended orders, groups and events that are remembered, each.
    """

    def __init__(self, limit: int = ENDED_ORDERS) -> None:
        self.limit = limit
        self._orders: dict[str, KnownOrder] = {}
        self._ended: dict[str, None] = {}
        self._groups: dict[int, None] = {}
        self._events: list[tuple[int, AccountEntry]] = []
        self._last_fill = 0
        self._asked: dict[str, entries.Submit] = {}

    @property
    def orders(self) -> Mapping[str, KnownOrder]:
        """Every order that is remembered, by its id."""
        return self._orders

    def movements(self) -> list[AccountEntry]:
        """Every fill and account event that is remembered, in the order in which they happened."""
        fills = (fill for order in self._orders.values() for fill in order.fills)
        placed: list[tuple[int, AccountEntry]] = [(int(fill.fill_id), fill) for fill in fills]
        placed += self._events[-self.limit :]
        # A fill stands before the events that came until the next one; sorting is stable.
        return [entry for _, entry in sorted(placed, key=lambda item: item[0])]

    @property
    def groups(self) -> tuple[int, ...]:
        """Groups of which an order has filled."""
        return tuple(self._groups)

    def open(self) -> Iterator[KnownOrder]:
        """The orders that work, in order of arrival."""
        working = VenueOrderStatus.WORKING
        return (order for order in self._orders.values() if order.status is working)

    def ended(self) -> list[tuple[str, int]]:
        """Ended orders as (id, filled quantity)."""
        return [(id_, self._orders[id_].filled) for id_ in self._ended]

    def take(self, news: Iterable[AnyEntry]) -> None:
        """Follow what happened.

        Raises:
            CodecError: Entries that no venue can have written in this order.
        """
        for entry in news:
            if isinstance(entry, entries.GroupDone):
                self._groups[entry.group] = None
                _bound(self._groups, self.limit)
            elif isinstance(entry, entries.OrderEntry):
                if entry.id == NOBODY and isinstance(entry, entries.Filled):
                    self._note(entry)
                else:
                    self._order(entry)
            elif isinstance(entry, AccountEntry):
                self._note(entry)

    def _note(self, entry: AccountEntry) -> None:
        if isinstance(entry, entries.Filled):
            self._last_fill = int(entry.fill_id)
        self._events.append((self._last_fill, entry))
        if len(self._events) > 2 * self.limit:
            del self._events[: -self.limit]

    def _order(self, entry: entries.OrderEntry) -> None:
        match entry:
            case entries.Submit():
                self._asked[entry.id] = entry
            case entries.Accepted():
                self._begin(entry).venue_order_id = entry.venue_order_id
            case entries.Rejected():
                if entry.reason == _DUPLICATE:
                    self._asked.pop(entry.id, None)
                else:
                    self._begin(entry)
                    self._end(entry, VenueOrderStatus.REJECTED, entry.reason)
            case entries.Cancel() | entries.Replace() | entries.CancelRefused():
                pass
            case entries.ReplaceRefused():
                pass
            case _:
                self._change(entry)

    def _change(self, entry: entries.OrderEntry) -> None:
        order = self._orders.get(entry.id)
        if order is None or order.status is not VenueOrderStatus.WORKING:
            raise CodecError(f"a venue's entry about order {entry.id}, which does not work there")
        order.ts = entry.ts
        match entry:
            case entries.Triggered():
                order.triggered = True
            case entries.Replaced():
                order.quantity, order.limit = entry.quantity, entry.limit
                order.trigger = entry.trigger
            case entries.Filled():
                order.fills.append(entry)
                self._last_fill = int(entry.fill_id)
                order.filled = entry.cumulative
                if order.filled == order.quantity:
                    self._end(entry, VenueOrderStatus.FILLED, "")
            case entries.Canceled():
                self._end(entry, VenueOrderStatus.CANCELED, entry.reason)
            case entries.Expired():
                self._end(entry, VenueOrderStatus.EXPIRED, entry.reason)

    def _begin(self, entry: entries.OrderEntry) -> KnownOrder:
        asked = self._asked.pop(entry.id, None)
        if asked is None or entry.id in self._orders:
            raise CodecError(f"a venue's answer about order {entry.id}, which nobody sent")
        terms = (asked.side, asked.quantity, asked.limit, asked.trigger)
        order = KnownOrder(entry.id, entry.instrument, *terms, ts=entry.ts, fills=[])
        self._orders[entry.id] = order
        return order

    def _end(self, entry: entries.OrderEntry, status: VenueOrderStatus, reason: str) -> None:
        order = self._orders[entry.id]
        order.status, order.reason, order.ts = status, reason, entry.ts
        self._ended[entry.id] = None
        if len(self._ended) > self.limit:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._orders[oldest]

    def snapshot(self) -> bytes:
        """Everything, for `restore`."""
        ended = [self._orders[id_] for id_ in self._ended]
        events = self._events[-self.limit :]
        kept = _Kept([*ended, *self.open()], list(self._groups), events, self._last_fill)
        return msgspec.msgpack.encode(kept)

    @classmethod
    def restore(cls, data: bytes, limit: int = ENDED_ORDERS) -> "VenueHistory":
        """The history that a snapshot was taken of.

        Raises:
            CodecError: The bytes are none.
        """
        try:
            kept = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise CodecError(f"no history of a venue: {str(error)[:200]}") from error
        history = cls(limit)
        history._groups = dict.fromkeys(kept.groups)
        history._events, history._last_fill = kept.events, kept.last_fill
        for order in kept.orders:
            history._orders[order.id] = order
            if order.status is not VenueOrderStatus.WORKING:
                history._ended[order.id] = None
        for id_ in list(history._ended)[: max(len(history._ended) - limit, 0)]:
            del history._ended[id_], history._orders[id_]
        return history


def _bound(items: dict[int, None], limit: int) -> None:
    if len(items) > limit:
        del items[next(iter(items))]
