"""Rows of orders and fills for people, made of a run's columns."""

from decimal import Decimal

from openoutcry.replay.record import (
    LIQUIDITY,
    ORDER_TYPES,
    STATUSES,
    TIMES_IN_FORCE,
    FillColumns,
    OrderColumns,
    RunColumns,
)
from openoutcry.replay.result import Amounts, FillRow, OrderRow
from openoutcry.state.enums import Side
from openoutcry.state.identifiers import ClientOrderId, FillId, StrategyId
from openoutcry.state.messages import UNDEFINED, to_decimal


def side_of(sign: int) -> Side:
    """The side of +1 or -1."""
    return Side.BUY if sign > 0 else Side.SELL


def fill_rows(run: RunColumns) -> tuple[FillRow, ...]:
    """Every fill."""
    fills, names = run.fills, run.names
    rows = zip(
        fills.ts.tolist(), fills.order, fills.fill_id, fills.book.tolist(),
        fills.instrument.tolist(), fills.side.tolist(), fills.price.tolist(),
        fills.quantity.tolist(), fills.fee.tolist(), fills.fee_currency.tolist(),
        fills.liquidity.tolist(), fills.position.tolist(),
        strict=True,
    )  # fmt: skip
    made = []
    for (
        ts, order, fill_id, book, number, side, price, quantity, fee, currency, liquidity, position
    ) in rows:  # fmt: skip
        item = names.instruments[number]
        code, scale = names.currencies[currency]
        row = FillRow(
            ts=ts,
            client_order_id=ClientOrderId(order),
            fill_id=FillId(fill_id),
            strategy=StrategyId(names.books[book]),
            instrument=item.id,
            side=side_of(side),
            price=to_decimal(price, item.price_scale),
            quantity=to_decimal(quantity, item.size_scale),
            fee=to_decimal(fee, scale),
            fee_currency=code,
            liquidity=LIQUIDITY[liquidity],
            position=names.texts[position] if position else None,
        )
        made.append(row)
    return tuple(made)


def order_rows(run: RunColumns) -> tuple[OrderRow, ...]:
    """Every order as it ended, with what its fills cost."""
    orders = run.orders
    paid, fees = _costs(run)
    lists = [getattr(orders, name) for name in _COLUMNS]
    rows = zip(orders.id, *(column.tolist() for column in lists), strict=True)
    made = []
    for order, *values in rows:
        row = _order_row(run, order, values, paid.get(order, 0), fees.get(order, {}))
        made.append(row)
    return tuple(made)


_COLUMNS = (
    "book", "instrument", "side", "order_type", "time_in_force", "quantity", "limit", "trigger",
    "status", "filled", "ts_created", "ts_done", "reason", "tag",
)  # fmt: skip
assert {"id", *_COLUMNS} == set(OrderColumns.__slots__)


def _order_row(
    run: RunColumns, order: str, values: list[int], paid: int, fees: Amounts
) -> OrderRow:
    (
        book, number, side, kind, force, quantity, limit, trigger, status, filled, created, done,
        reason, tag,
    ) = values  # fmt: skip
    names = run.names
    item = names.instruments[number]
    price = item.price_scale
    return OrderRow(
        client_order_id=ClientOrderId(order),
        strategy=StrategyId(names.books[book]),
        instrument=item.id,
        side=side_of(side),
        order_type=ORDER_TYPES[kind],
        time_in_force=TIMES_IN_FORCE[force],
        quantity=to_decimal(quantity, item.size_scale),
        limit=None if limit == UNDEFINED else to_decimal(limit, price),
        trigger=None if trigger == UNDEFINED else to_decimal(trigger, price),
        status=STATUSES[status],
        filled=to_decimal(filled, item.size_scale),
        average_price=to_decimal(paid, price) / filled if filled else None,
        fees=fees,
        ts_created=created,
        ts_done=None if done == UNDEFINED else done,
        reason="; ".join(names.reasons[reason]),
        tag=names.texts[tag],
    )


def _costs(run: RunColumns) -> tuple[dict[str, int], dict[str, Amounts]]:
    """Sums of price x quantity in units, and fees, by order."""
    fills: FillColumns = run.fills
    paid: dict[str, int] = {}
    fees: dict[str, Amounts] = {}
    rows = zip(
        fills.order, fills.price.tolist(), fills.quantity.tolist(), fills.fee.tolist(),
        fills.fee_currency.tolist(), strict=True,
    )  # fmt: skip
    for order, price, quantity, fee, currency in rows:
        paid[order] = paid.get(order, 0) + price * quantity
        if fee:
            code, scale = run.names.currencies[currency]
            own = fees.setdefault(order, {})
            own[code] = own.get(code, Decimal(0)) + to_decimal(fee, scale)
    return paid, fees
