"""What filled: the orders and fills of one run, read from its records.

Fills that the venue took back are gone, corrected ones have their new price and quantity. An order is
known by its lane (the number of its strategy) and its counter: two runs of one config give the same
decision the same number as long as they decide alike, under ids that differ in their epoch only.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from openoutcry.state.codec import AnyMessage, decode, kind_of
from openoutcry.state.commands import RiskApproved, SubmitOrder
from openoutcry.state.enums import Side
from openoutcry.state.events import (
    CashAdjusted,
    FillBusted,
    FillCorrected,
    OrderFilled,
    PositionAdjusted,
)
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, owner_number_of

_READ: Final = frozenset(
    kind.__name__.encode()
    for kind in (
        RiskApproved,
        OrderFilled,
        FillBusted,
        FillCorrected,
        CashAdjusted,
        PositionAdjusted,
    )
)
_HEAD_BYTES: Final = 64
"""Where the class of an intent's command stands."""
_NUMBER_DIGITS: Final = 20
"""Hex digits of an id that are not its epoch."""
_LANE_DIGITS: Final = 4
"""Hex digits of a key that are its lane."""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill as it counts. `key` names its order, `ts` is the venue's time; the rest as `OrderFilled`."""

    key: str
    book: int
    instrument: InstrumentId
    ts: int
    side: Side
    price_units: int
    quantity_units: int
    fee_units: int
    fee_scale: int
    fee_currency: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An order that passed risk."""

    key: str
    instrument: InstrumentId
    side: Side
    ts: int


@dataclass(kw_only=True)
class Filled:
    """What filled in one run, in the order in which it was booked.

    `decisions` has the orders by key, `splits` (time, numerator, denominator) by instrument; `last_ts`
    is the last moment of these records.
    """

    fills: dict[tuple[str, str], Fill] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    cash: list[CashAdjusted] = field(default_factory=list)
    splits: dict[InstrumentId, list[tuple[int, int, int]]] = field(default_factory=dict)
    last_ts: int = 0

    def orders(self) -> dict[str, list[Fill]]:
        """The fills of each order."""
        found: dict[str, list[Fill]] = {}
        for fill in self.fills.values():
            found.setdefault(fill.key, []).append(fill)
        return found

    def take(self, message: AnyMessage) -> None:
        """The next record."""
        match message:
            case RiskApproved(command=SubmitOrder() as order):
                key = key_of(order.client_order_id)
                self.last_ts = max(self.last_ts, order.ts)
                self.decisions[key] = Decision(
                    key=key, instrument=order.instrument, side=order.side, ts=order.ts
                )
            case OrderFilled():
                fill = _fill(message)
                self.fills[fill.key, message.fill_id] = fill
                self.last_ts = max(self.last_ts, message.ts_received)
            case FillBusted():
                self.fills.pop((key_of(message.client_order_id), message.fill_id), None)
            case FillCorrected():
                self._correct(message)
            case CashAdjusted():
                self.cash.append(message)
                self.last_ts = max(self.last_ts, message.ts_received)
            case PositionAdjusted():
                split = (message.ts_received, message.numerator, message.denominator)
                self.splits.setdefault(message.instrument, []).append(split)

    def _correct(self, event: FillCorrected) -> None:
        name = (key_of(event.client_order_id), event.fill_id)
        if (fill := self.fills.get(name)) is not None:
            self.fills[name] = msgspec.structs.replace(
                fill, price_units=event.price_units, quantity_units=event.quantity_units
            )


def matched(modelled: Filled, real: Filled) -> dict[str, str]:
    """Which order of the model an order of the session is: keys of the session's by the model's.

    The same decision at the same time first; of what is left, the same number, if it is for the same
    instrument and side: then it was decided at another time.
    """
    there, here = _terms(modelled), _terms(real)
    waiting: dict[tuple[object, ...], deque[str]] = {}
    for key, decision in here.items():
        waiting.setdefault(_moment(key, decision), deque()).append(key)
    found = {}
    for key, decision in there.items():
        if same := waiting.get(_moment(key, decision)):
            found[key] = same.popleft()
    taken = set(found.values())
    for key, decision in there.items():
        other = here.get(key)
        if key in found or key in taken or other is None:
            continue
        if (other.instrument, other.side) == (decision.instrument, decision.side):
            found[key] = key
    return found


def _moment(key: str, decision: Decision) -> tuple[object, ...]:
    return key[:_LANE_DIGITS], decision.instrument, decision.side, decision.ts


def _terms(run: Filled) -> dict[str, Decision]:
    """All decisions; that of a fill without one (a foreign order) was made when it filled."""
    found = dict(run.decisions)
    for fill in run.fills.values():
        if fill.key not in found:
            found[fill.key] = Decision(
                key=fill.key, instrument=fill.instrument, side=fill.side, ts=fill.ts
            )
    return found


def filled(bodies: Iterable[bytes]) -> Filled:
    """What filled, of the records of a run in their order."""
    found = Filled()
    for body in bodies:
        kind = kind_of(body)
        if kind not in _READ:
            continue
        if kind == b"RiskApproved" and b"SubmitOrder" not in body[:_HEAD_BYTES]:
            continue
        found.take(decode(body))
    return found


def key_of(order: ClientOrderId) -> str:
    """An order's id without its epoch."""
    return order[-_NUMBER_DIGITS:]


def _fill(event: OrderFilled) -> Fill:
    return Fill(
        key=key_of(event.client_order_id),
        book=owner_number_of(event.client_order_id) or 0,
        instrument=event.instrument,
        ts=event.ts_event,
        side=event.side,
        price_units=event.price_units,
        quantity_units=event.quantity_units,
        fee_units=event.fee_units,
        fee_scale=event.fee_scale,
        fee_currency=event.fee_currency,
    )
