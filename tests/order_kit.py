"""Orders and evidence with short names, for tests of everything that handles orders."""

from decimal import Decimal
from typing import Any

from openoutcry import _native
from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import LiquiditySide, OrderStatus, OrderType, Side
from openoutcry.state.events import (
    CancelRejected,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderSubmitted,
    OrderTriggered,
    ReplaceRejected,
    RequestUnknown,
)
from openoutcry.state.identifiers import (
    ClientOrderId,
    FillId,
    InstrumentId,
    StrategyId,
    VenueOrderId,
)
from openoutcry.state.instruments import Spot
from openoutcry.state.orders import Order, OrderTable, Outcome, order_table
from openoutcry.state.universe import Universe

BTC = InstrumentId("BTCUSDT.SIM")
STRATEGY, OTHER = StrategyId("s1"), StrategyId("s2")
SIZE = 10
VENUE_ID = VenueOrderId("v1")


def coin(instrument: InstrumentId = BTC) -> Spot:
    """What is traded here: whole units at two decimals."""
    return Spot(
        id=instrument,
        base_currency="BTC",
        quote="USDT",
        price_scale=2,
        size_scale=0,
        tick=Decimal("0.01"),
        lot=Decimal(1),
    )


def directory() -> _native.Directory:
    """Names of a run with two instruments and two strategies."""
    universe = Universe([coin(), coin(InstrumentId("X.SIM"))])
    return _native.Directory(universe.specs, universe.currencies, [STRATEGY, OTHER])


def client_id(number: int = 1) -> ClientOrderId:
    """The client order id of a numbered order."""
    return ClientOrderId(f"{number:032x}")


def submit(number: int = 1, **changes: Any) -> SubmitOrder:
    """A limit buy of ten units."""
    fields: dict[str, Any] = {
        "ts": 1,
        "client_order_id": client_id(number),
        "strategy": STRATEGY,
        "instrument": BTC,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity_units": SIZE,
        "price_scale": 2,
        "size_scale": 0,
        "limit_units": 10_000,
    }
    return SubmitOrder(**(fields | changes))


def cancel(number: int = 1) -> CancelOrder:
    """Take the order back."""
    return CancelOrder(ts=2, client_order_id=client_id(number), strategy=STRATEGY, instrument=BTC)


def replace(quantity: int | None = None, limit: int | None = None, number: int = 1) -> ReplaceOrder:
    """Ask for other terms."""
    return ReplaceOrder(
        ts=2,
        client_order_id=client_id(number),
        strategy=STRATEGY,
        instrument=BTC,
        quantity_units=quantity,
        limit_units=limit,
    )


class Evidence:
    """Every event class about one order, with defaults that fit the order of `submit`."""

    def __init__(self, number: int = 1, ts: int = 5) -> None:
        self._head = (client_id(number), BTC, ts, ts)
        self.denied = OrderDenied(*self._head, ("price_collar: too far",))
        self.not_sent = OrderNotSent(*self._head, "halted")
        self.submitted = OrderSubmitted(*self._head)
        self.accepted = OrderAccepted(*self._head, VENUE_ID)
        self.rejected = OrderRejected(*self._head, "insufficient_balance", "no money")
        self.triggered = OrderTriggered(*self._head)
        self.cancel_rejected = CancelRejected(*self._head, "too late")
        self.replace_rejected = ReplaceRejected(*self._head, "too late")
        self.unknown = RequestUnknown(*self._head, "no answer within 5 s")

    def accepted_as(self, venue_order_id: str) -> OrderAccepted:
        """An acknowledgement with another venue id."""
        return OrderAccepted(*self._head, VenueOrderId(venue_order_id))

    def fill(
        self,
        quantity: int,
        fill_id: str = "f1",
        cumulative: int = 0,
        price: int = 10_000,
        side: Side = Side.BUY,
        venue_order_id: str = "v1",
    ) -> OrderFilled:
        """A fill; without a cumulative the venue claims no more than this fill."""
        return OrderFilled(
            *self._head,
            VenueOrderId(venue_order_id),
            FillId(fill_id),
            side,
            price,
            quantity,
            cumulative or quantity,
            2,
            0,
            0,
            8,
            "USDT",
            LiquiditySide.TAKER,
            None,
        )

    def canceled(self, cumulative: int = 0) -> OrderCanceled:
        """The venue ended it."""
        return OrderCanceled(*self._head, cumulative, "requested")

    def expired(self, cumulative: int = 0) -> OrderExpired:
        """The time in force ended it."""
        return OrderExpired(*self._head, cumulative, "ioc")

    def replaced(
        self, quantity: int = SIZE, limit: int | None = 10_000, trigger: int | None = None
    ) -> OrderReplaced:
        """New terms are in force."""
        return OrderReplaced(*self._head, quantity, limit, trigger)

    def busted(self, fill_id: str = "f1") -> FillBusted:
        """A fill was taken back."""
        return FillBusted(*self._head, FillId(fill_id), "erroneous")

    def corrected(self, quantity: int, fill_id: str = "f1", price: int = 10_000) -> FillCorrected:
        """A fill was changed."""
        return FillCorrected(*self._head, FillId(fill_id), price, quantity, "erroneous")


EVIDENCE = Evidence()


class OneOrder:
    """One order in a table of its own: evidence goes in; its attributes are those of the moment."""

    def __init__(self, terms: SubmitOrder | None = None) -> None:
        self.table = order_table(directory())
        self._id = self.table.add(submit() if terms is None else terms).client_order_id

    @property
    def now(self) -> Order:
        """A look at the order."""
        order = self.table.get(self._id)
        assert order is not None
        return order

    def apply(self, event: OrderEvent) -> Outcome:
        """Take a piece of evidence."""
        return applied(self.table, event)

    def request(self, command: CancelOrder | ReplaceOrder) -> str | None:
        """Ask for something; None, or why it can't be asked."""
        return self.table.request(command)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


def applied(table: OrderTable, event: OrderEvent) -> Outcome:
    """What a piece of evidence meant to an order that the table knows; an alarm is in the order."""
    verdict = table.apply(event)
    order = table.get(event.client_order_id)
    assert verdict is not None
    assert order is not None
    outcome, alarm = verdict
    alarming = outcome in (Outcome.ILLEGAL, Outcome.ALARM)
    assert alarm == (order.alarm if alarming else None)
    return outcome


_FACTS = (
    "submit", "quantity_units", "limit_units", "trigger_units", "status", "filled_units",
    "claimed_units", "venue_order_id", "submit_request", "cancel_request", "replace_request",
    "replaced", "pending", "reasons", "ts_submitted", "ts_accepted", "ts_last", "client_order_id",
    "is_final", "is_open", "outstanding", "is_unknown", "leaves_units", "exposure_units",
    "worst_units", "missing_units",
)  # fmt: skip


def facts(order: Any) -> dict[str, Any]:
    """All there is to know of an order, of the engine's and of the oracle's, but its last alarm."""
    asked = order.asked
    return {name: getattr(order, name) for name in _FACTS} | {
        "terms": order.terms(),
        "asked": asked and (asked.quantity_units, asked.limit_units, asked.trigger_units),
        "fills": [
            (fill_id, fill.price_units, fill.quantity_units, fill.state)
            for fill_id, fill in order.fills.items()
        ],
    }


def order_in(status: OrderStatus) -> OneOrder:
    """An order that has reached a status on the plainest way."""
    e = EVIDENCE
    to_accepted = (e.submitted, e.accepted)
    ways: dict[OrderStatus, tuple[OrderEvent, ...]] = {
        OrderStatus.INITIALIZED: (),
        OrderStatus.DENIED: (e.denied,),
        OrderStatus.NOT_SENT: (e.not_sent,),
        OrderStatus.SUBMITTED: (e.submitted,),
        OrderStatus.ACCEPTED: to_accepted,
        OrderStatus.TRIGGERED: (*to_accepted, e.triggered),
        OrderStatus.PARTIALLY_FILLED: (*to_accepted, e.fill(4, "known")),
        OrderStatus.FILLED: (*to_accepted, e.fill(SIZE, "known")),
        OrderStatus.CANCELED: (*to_accepted, e.canceled()),
        OrderStatus.EXPIRED: (*to_accepted, e.expired()),
        OrderStatus.REJECTED: (e.submitted, e.rejected),
    }
    order = OneOrder()
    for event in ways[status]:
        assert order.apply(event) is Outcome.APPLIED
    assert order.status is status
    return order
