"""`outcry risk`: every limit that is in force, with what of it is used now."""

from decimal import Decimal
from typing import Final

from openoutcry.actors.books import ACCOUNT
from openoutcry.actors.graph import Graph
from openoutcry.actors.limit_changes import UNLIMITED, limit_paths, limit_text
from openoutcry.daemon.control.answers import halts_of
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.health import trading_of
from openoutcry.daemon.control.texts import plain
from openoutcry.daemon.control.views import LimitRow, Risk
from openoutcry.state.instruments import Instrument

_UNITS: Final = {"max_deviation_bps": "basis points", "max_orders": "orders"}
_MONEY: Final = frozenset({"max_order_value"})


def risk(graph: Graph, facts: CoreFacts) -> Risk:
    """Limits and halts; since when something is halted only history knows."""
    halts = halts_of(graph)
    rows: list[LimitRow] = []
    for item in graph.universe.instruments:
        rows += _limits(graph, item)
    return Risk(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        trading=trading_of(graph, halts),
        limits=tuple(rows),
        halts=halts,
    )


def _limits(graph: Graph, item: Instrument) -> list[LimitRow]:
    limits = graph.risk.config.limits(item.id)
    rows = []
    for name in limit_paths():
        limit = limit_text(limits, name)
        unit = item.settlement if name in _MONEY else _UNITS.get(name, item.base or "units")
        if name != "max_position":
            rows.append(_row(name, None, item, limit, None, unit))
            continue
        for strategy in (None, *graph.strategies):
            worst = _worst(graph, item, strategy)
            if strategy is None or worst:
                rows.append(_row(name, strategy, item, limit, worst, unit))
    return rows


def _worst(graph: Graph, item: Instrument, strategy: str | None) -> Decimal:
    """The largest position that a strategy or the account could hold, should all its orders fill."""
    number = graph.universe.index[item.id]
    book = ACCOUNT if strategy is None else graph.books.names.index(strategy)
    held = graph.books.native.position(book, number)
    buying, selling = graph.orders.working_units(strategy, item.id, reduce_only=False)
    return item.quantity(max(held + buying, selling - held, 0))


def _row(
    name: str,
    strategy: str | None,
    item: Instrument,
    limit: str | None,
    used: Decimal | None,
    unit: str,
) -> LimitRow:
    share = None
    if used is not None and limit not in (None, UNLIMITED) and (most := Decimal(limit or 0)):
        share = int(used * 100 / most)
    return LimitRow(
        check=name,
        strategy=strategy,
        instrument=item.id,
        limit=limit,
        used=None if used is None else plain(used),
        share=share,
        unit=unit,
    )
