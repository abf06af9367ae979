"""Orders that a command would place: their terms, their worth at the present price, what risk says."""

from typing import Final

from openoutcry import _native
from openoutcry.actors.graph import Graph
from openoutcry.daemon.control.effect_views import PlannedOrder
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.protocol import PlaceOrder
from openoutcry.daemon.control.scope import Scope, book, known_instrument
from openoutcry.daemon.control.texts import known, units
from openoutcry.state.commands import ManualOrder, SubmitOrder
from openoutcry.state.enums import OrderType, Side, TimeInForce
from openoutcry.state.errors import CommandRefused, NumericError
from openoutcry.state.identifiers import (
    CLOSING_ORDERS,
    UNALLOCATED,
    ClientOrderId,
    StrategyId,
    strategy_number_of,
)
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.orders import Order

_NO_ID: Final = ClientOrderId("f" * 32)
"""Of an order that is only measured."""
_TYPES: Final = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


def manual_order(
    graph: Graph, facts: CoreFacts, request: PlaceOrder
) -> tuple[ManualOrder, SubmitOrder]:
    """The command of an order by hand, and the order that it would become.

    Raises:
        CommandRefused: A name that nothing has, a number off its tick or lot, terms that contradict
            each other.
    """
    strategy = UNALLOCATED if request.strategy is None else book(graph, request.strategy)
    item = graph.universe.instrument(known_instrument(graph, request.instrument))
    _check_terms(request)
    prices = [
        None if text is None else _units(item, "price", text)
        for text in (request.limit, request.trigger)
    ]
    command = ManualOrder(
        ts=facts.now,
        strategy=strategy,
        instrument=item.id,
        side=request.side,
        order_type=_TYPES[request.limit is not None, request.trigger is not None],
        quantity_units=_units(item, "quantity", request.quantity),
        price_scale=item.price_scale,
        size_scale=item.size_scale,
        limit_units=prices[0],
        trigger_units=prices[1],
        time_in_force=request.time_in_force,
        expire_ts=request.expire_ns,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        reason=request.reason,
    )
    return command, command.submit(_NO_ID)


def _check_terms(request: PlaceOrder) -> None:
    wrong = None
    if (request.time_in_force is TimeInForce.GTD) != (request.expire_ns is not None):
        wrong = "an expiry time belongs to gtd, and gtd to an expiry time"
    elif request.post_only and request.limit is None:
        wrong = "post only without a limit"
    if wrong is not None:
        raise CommandRefused(wrong, remedy="see `outcry order --help`")


def _units(item: Instrument, what: str, text: str) -> int:
    try:
        found = item.quantity_units(text) if what == "quantity" else item.price_units(text)
    except NumericError as error:
        raise CommandRefused(error.message, remedy=error.remedy) from error
    if what == "quantity" and found <= 0:
        raise CommandRefused(f"the quantity {text} is not positive", remedy="say the side in words")
    return found


def closing_orders(
    graph: Graph, at: Scope, open_orders: list[Order]
) -> tuple[list[Order], list[SubmitOrder]]:
    """What `Flatten` would cancel, and the market orders that it would place, as the order path does.

    What earlier closing orders will still do is counted, so that asking twice closes once.
    """
    cancels: list[Order] = []
    under_way: dict[tuple[str, str], int] = {}
    for order in open_orders:
        if strategy_number_of(order.client_order_id) & CLOSING_ORDERS:
            key = (order.strategy, order.instrument)
            change = order.side.sign * order.exposure_units
            under_way[key] = under_way.get(key, 0) + change
        else:
            cancels.append(order)
    closing = []
    for number in graph.books.held:
        item = graph.universe.instruments[number]
        for strategy in graph.strategies:
            if at.holds(strategy, item.id):
                held = graph.books.native.position(graph.books.number(strategy), number)
                left = held + under_way.get((strategy, item.id), 0)
                if left:
                    closing.append(_closing(graph, strategy, item, left))
    return cancels, closing


def _closing(graph: Graph, strategy: StrategyId, item: Instrument, left: int) -> SubmitOrder:
    return SubmitOrder(
        ts=graph.ports.inlet.now,
        client_order_id=_NO_ID,
        strategy=strategy,
        instrument=item.id,
        side=Side.SELL if left > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        quantity_units=abs(left),
        price_scale=item.price_scale,
        size_scale=item.size_scale,
        tag="flatten",
    )


def planned(graph: Graph, order: SubmitOrder) -> PlannedOrder:
    """An order that is not sent yet, with its worth and what risk says of it now."""
    number = graph.universe.index[order.instrument]
    item = graph.universe.instruments[number]
    scale = graph.universe.scale(item.settlement)
    price = order.limit_units or order.trigger_units or _touch(graph, number, order.side)
    value = None
    if price is not None and price != UNDEFINED and not (item.inverse and price <= 0):
        spec = graph.universe.specs[number]
        value = units(
            _native.notional(price, order.quantity_units, spec, scale, "half_even"), scale
        )
    return PlannedOrder(
        strategy=order.strategy,
        instrument=order.instrument,
        side=order.side.value,
        type=order.order_type.value,
        quantity=units(order.quantity_units, order.size_scale),
        limit=known(order.limit_units, order.price_scale),
        value=value,
        currency=item.settlement,
        denied=tuple(graph.path.reasons(order)),
    )


def _touch(graph: Graph, number: int, side: Side) -> int | None:
    """What a market order of a side would take: the price that closes a position of the other one."""
    return graph.ports.market.valuation(number, -side.sign)


def describe_planned(row: PlannedOrder) -> str:
    """`sell 0.5 BTCUSDT.SIM at market for trend (≈ 30,000.00 USDT)`, and what risk has against it."""
    quantity = row.quantity.rstrip("0").rstrip(".") if "." in row.quantity else row.quantity
    how = f"limit {row.limit}" if row.limit else "at market" if row.type == "market" else row.type
    worth = f" (≈ {_rounded(row.value)} {row.currency})" if row.value else ""
    against = f"; risk denies it now: {'; '.join(row.denied)}" if row.denied else ""
    return f"{row.side} {quantity} {row.instrument} {how} for {row.strategy}{worth}{against}"


def _rounded(value: str) -> str:
    """With two decimals, for reading."""
    whole, _, decimals = value.partition(".")
    return f"{int(whole):,}.{decimals[:2].ljust(2, '0')}"
