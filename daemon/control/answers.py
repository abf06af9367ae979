"""The answers that show the present: pure functions of the graph and the core's facts.

They run on the core's thread between two inputs and change nothing. What they take from the engine are
looks that never change. Answers out of the past (fills, the chain of an order) stand in `past.py`,
those about limits in `risk_answer.py`.
"""

from collections import Counter
from typing import Final, NamedTuple

from openoutcry.actors.books import ACCOUNT
from openoutcry.actors.graph import Graph
from openoutcry.actors.strategy_actor import cell_name
from openoutcry.daemon.control.book_views import (
    BalanceRow,
    Balances,
    OrderRow,
    Orders,
    PositionRow,
    Positions,
)
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.health import feeds_of, problems, trading_of
from openoutcry.daemon.control.texts import amounts, known, plain, units
from openoutcry.daemon.control.views import HaltRow, Status, Strategies, StrategyRow, StrategyState
from openoutcry.state.errors import CurrencyMismatch, MissingData
from openoutcry.state.identifiers import UNALLOCATED, InstrumentId, StrategyId
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.orders import Order
from openoutcry.state.positions import Position

PAUSED: Final = "paused: "
"""How the reason of a halt begins that is a pause."""
ROWS_MAX: Final = 200
"""Most orders in an answer; the rest is counted. They are read on the core's thread."""
RECENT: Final = 20
"""Ended orders in an answer that asks for those too."""


class Census(NamedTuple):
    """Open orders by strategy, and those of them that are unknown; counted in one go."""

    working: Counter[str]
    unknown: Counter[str]


def census(graph: Graph) -> Census:
    """Count the open orders."""
    found = graph.orders.open_orders()
    return Census(
        Counter(order.strategy for order in found),
        Counter(order.strategy for order in found if order.is_unknown),
    )


def status(graph: Graph, facts: CoreFacts) -> Status:
    """The daemon on one screen."""
    halts = halts_of(graph)
    counted = census(graph)
    rows = strategy_rows(graph, facts, counted)
    feeds = feeds_of(facts)
    equity, _ = worth(graph, ACCOUNT)
    unknown = counted.unknown.total()
    found = problems(graph, facts, halts=halts, feeds=feeds, rows=rows, unknown=unknown)
    books = graph.books
    return Status(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        account=facts.account,
        pid=facts.pid,
        version=facts.version,
        started=facts.started,
        uptime=facts.uptime,
        durable_seq=facts.durable_seq,
        healthy=not found,
        problems=found,
        trading=trading_of(graph, halts),
        halts=halts,
        equity=equity,
        currency=graph.config.run.account_currency,
        positions=sum(books.native.position(ACCOUNT, number) != 0 for number in books.held),
        working=counted.working.total(),
        unknown=unknown,
        waiting=graph.path.waiting,
        lag=facts.lag,
        journal=facts.journal,
        tape=facts.tape,
        feeds=feeds,
        venues=facts.venues,
        strategies=rows,
        recovery=facts.recovery,
        alerts=facts.alerts,
    )


def halts_of(graph: Graph) -> tuple[HaltRow, ...]:
    """The latches in force, halts first, in the order in which they were called."""
    risk = graph.risk_state
    rows = [("halted", row) for row in risk.halted()]
    rows += [("reduce_only", row) for row in risk.restricted()]
    return tuple(
        HaltRow(
            kind="halted" if kind == "halted" else "reduce_only",
            strategy=strategy,
            instrument=instrument,
            venue=venue,
            reason=reason,
            since=since,
        )
        for kind, (strategy, instrument, reason, venue, since) in rows
    )


def worth(graph: Graph, book: int) -> tuple[str | None, str]:
    """A book's value in the account currency, or why there is none."""
    try:
        return units(graph.books.book_equity(book), graph.books.scale), ""
    except (MissingData, CurrencyMismatch) as error:
        return None, error.message


# --- strategies -----------------------------------------------------------------------------------


def strategies(graph: Graph, facts: CoreFacts) -> Strategies:
    """Every strategy: its state, what it holds, what it earned."""
    return Strategies(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        rows=strategy_rows(graph, facts, census(graph)),
    )


def strategy_rows(graph: Graph, facts: CoreFacts, counted: Census) -> tuple[StrategyRow, ...]:
    """The strategies in the config's order."""
    rows = []
    for item in graph.config.strategies:
        state, why = strategy_state(graph, facts, item.id)
        book = graph.books.number(item.id)
        native = graph.books.native
        desk = graph.strategies[item.id].desk.orders
        rows.append(
            StrategyRow(
                strategy=item.id,
                type=item.type,
                state=state,
                why=why,
                positions=sum(native.position(book, n) != 0 for n in graph.books.held),
                working=counted.working[item.id],
                unknown=counted.unknown[item.id],
                realized=amounts(graph.books.realized_by_currency(book), graph.universe),
                unrealized=_unrealized(graph, book),
                profit=worth(graph, book)[0],
                currency=graph.config.run.account_currency,
                signals=desk.signals,
                last_signal=desk.last_signal,
            )
        )
    return tuple(rows)


def _unrealized(graph: Graph, book: int) -> dict[str, str] | None:
    try:
        return amounts(graph.books.unrealized_by_currency(book), graph.universe)
    except MissingData:
        return None


def strategy_state(
    graph: Graph, facts: CoreFacts, strategy: StrategyId
) -> tuple[StrategyState, str]:
    """What a strategy does, and why not more. The gravest state counts."""
    cell = cell_name(strategy)
    for failure in reversed(graph.supervisor.failures):
        if failure.actor == cell:
            return "failed", f"{failure.error} (at input {failure.sequence}, {failure.input})"
    if strategy in facts.diverged:
        return "diverged", facts.diverged[strategy]
    for row in halts_of(graph):
        if (row.strategy, row.instrument, row.venue) == (strategy, None, None):
            if row.reason.startswith(PAUSED):
                return "paused", row.reason.removeprefix(PAUSED)
            word = "halted" if row.kind == "halted" else "may only reduce"
            return "halted", row.reason if word == "halted" else f"{word}: {row.reason}"
    return "running", ""


# --- positions and balances -----------------------------------------------------------------------


def positions(graph: Graph, facts: CoreFacts) -> Positions:
    """What each book and the account hold; flat ones are left out."""
    rows, account = [], []
    books = graph.books
    for number in sorted(books.held):
        for book, name in enumerate(books.names):
            if book != ACCOUNT and books.native.position(book, number):
                rows.append(_position(graph, book, number, name))
        if left := books.native.unallocated(number):
            rows.append(_unallocated(graph, number, left))
        if books.native.position(ACCOUNT, number):
            account.append(_position(graph, ACCOUNT, number, UNALLOCATED))
    return Positions(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        rows=tuple(rows),
        account=tuple(account),
    )


def _position(graph: Graph, book: int, number: int, name: StrategyId) -> PositionRow:
    item = graph.universe.instruments[number]
    held = graph.books.native.position(book, number)
    mark = graph.ports.market.valuation(number, 1 if held > 0 else -1)
    view = Position.of(graph.books.native, book, graph.universe, number, mark, name)
    entry, unrealized = view.average_entry_price, view.unrealized
    return PositionRow(
        strategy=name,
        venue=item.venue,
        instrument=item.id,
        quantity=plain(item.quantity(held)),
        entry=None if entry is None else plain(entry),
        mark=known(mark, item.price_scale),
        value=_value(graph, number, held, mark),
        unrealized=None if unrealized is None else plain(unrealized.amount),
        realized=plain(view.realized.amount),
        currency=item.settlement,
    )


def _unallocated(graph: Graph, number: int, held: int) -> PositionRow:
    item = graph.universe.instruments[number]
    mark = graph.ports.market.valuation(number, 1 if held > 0 else -1)
    return PositionRow(
        strategy=UNALLOCATED,
        venue=item.venue,
        instrument=item.id,
        quantity=plain(item.quantity(held)),
        entry=None,
        mark=known(mark, item.price_scale),
        value=_value(graph, number, held, mark),
        unrealized=None,
        realized=None,
        currency=item.settlement,
    )


def _value(graph: Graph, number: int, held: int, mark: int | None) -> str | None:
    """Signed value of a quantity at a price, in the settlement currency."""
    if (
        mark is None
        or mark == UNDEFINED
        or (graph.universe.instruments[number].inverse and mark <= 0)
    ):
        return None
    scale = graph.universe.scale(graph.universe.instruments[number].settlement)
    from openoutcry import _native

    worth = _native.notional(mark, abs(held), graph.universe.specs[number], scale, "half_even")
    return units(-worth if (held < 0) != (mark < 0) else worth, scale)


def balances(graph: Graph, facts: CoreFacts) -> Balances:
    """Balances by venue and currency, with each strategy's part; zeros are left out."""
    universe, books = graph.universe, graph.books
    rows, fees = [], {}
    for number, (code, scale) in enumerate(universe.currencies):
        if paid := books.fees(code):
            fees[code] = units(paid, scale)
        for venue in books.venues:
            total = books.native.balance(venue, number)
            parts = {
                name: books.native.balance(venue, number, book)
                for book, name in enumerate(books.names)
                if book != ACCOUNT
            }
            if total or any(parts.values()):
                rows.append(
                    BalanceRow(
                        venue=venue,
                        currency=code,
                        total=units(total, scale),
                        unallocated=units(total - sum(parts.values()), scale),
                        strategies={n: units(part, scale) for n, part in parts.items() if part},
                    )
                )
    equity, why = worth(graph, ACCOUNT)
    return Balances(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        rows=tuple(sorted(rows, key=lambda row: (row.venue, row.currency))),
        fees=fees,
        equity=equity,
        currency=graph.config.run.account_currency,
        why=why,
    )


# --- orders ---------------------------------------------------------------------------------------


def orders(
    graph: Graph,
    facts: CoreFacts,
    strategy: str | None = None,
    instrument: str | None = None,
    *,
    ended: bool = False,
) -> Orders:
    """Open orders, oldest first, of one strategy and instrument where named.

    Args:
        graph: The graph.
        facts: The core's facts.
        strategy: Of one strategy, or `unallocated`.
        instrument: Of one instrument.
        ended: Also the last ones that ended.
    """
    found = graph.orders.open_orders(strategy, instrument)
    recent = graph.orders.closed_orders(RECENT, strategy, instrument) if ended else []
    return Orders(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        working=tuple(map(order_row, found[:ROWS_MAX])),
        recent=tuple(map(order_row, recent)),
        more=max(len(found) - ROWS_MAX, 0),
    )


def order_row(order: Order) -> OrderRow:
    """An order as it is at this moment."""
    submit = order.submit
    price, size = submit.price_scale, submit.size_scale
    outstanding = order.outstanding
    return OrderRow(
        order=submit.client_order_id,
        strategy=submit.strategy,
        instrument=submit.instrument,
        side=submit.side.value,
        type=submit.order_type.value,
        time_in_force=submit.time_in_force.value,
        quantity=units(order.quantity_units, size),
        filled=units(order.filled_units, size),
        leaves=units(order.leaves_units, size),
        limit=known(order.limit_units, price),
        trigger=known(order.trigger_units, price),
        status=order.status.value,
        request=outstanding and f"{outstanding[0].value} {outstanding[1].value}",
        unknown=order.is_unknown,
        venue_order=order.venue_order_id,
        asked=submit.ts,
        submitted=order.ts_submitted,
        accepted=order.ts_accepted,
        last=order.ts_last,
        reasons=order.reasons,
        alarm=order.alarm,
        tag=submit.tag,
    )


def instrument_price(graph: Graph, instrument: InstrumentId, side: int) -> int | None:
    """The price to value something at: what a position of this sign would be closed at."""
    return graph.ports.market.valuation(graph.universe.index[instrument], side)
