"""A question to the daemon: what of it must be looked at on the core's thread, and what may be read later.

`answer` runs on the core's thread between two inputs. What it returns is the answer, or a `Deferred`
that reads the journal (and the tape) on another thread and touches nothing of the graph.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from openoutcry.actors.graph import Graph
from openoutcry.daemon.control import answers, chain, past
from openoutcry.daemon.control.book_views import Fills, Why
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.mutations import plan
from openoutcry.daemon.control.protocol import (
    Balances,
    Orders,
    Positions,
    Query,
    RiskView,
    Status,
    Strategies,
)
from openoutcry.daemon.control.protocol import Fills as AskFills
from openoutcry.daemon.control.protocol import Preview as AskPreview
from openoutcry.daemon.control.protocol import Why as AskWhy
from openoutcry.daemon.control.risk_answer import risk
from openoutcry.daemon.control.scope import book, full_id, known_instrument
from openoutcry.daemon.control.views import Answer
from openoutcry.state.config import Config
from openoutcry.state.errors import CommandRefused
from openoutcry.state.identifiers import ClientOrderId


class Deferred(NamedTuple):
    """An answer that the journal must be read for, away from the core's thread."""

    finish: Callable[[past.Records, chain.Tape | None], Answer]


def answer(
    graph: Graph, facts: CoreFacts, query: Query, new: Config | None = None
) -> Answer | Deferred:
    """The answer to a question.

    Args:
        graph: The graph, between two inputs.
        facts: The core's facts.
        query: What is asked.
        new: For the preview of a reload: the config that was read anew.

    Raises:
        CommandRefused: A name that nothing has, or a preview of what makes no sense.
    """
    if isinstance(query, AskPreview):
        return plan(graph, facts, query.command, new).preview
    return _ANSWERS[type(query)](graph, facts, query)


def _orders(graph: Graph, facts: CoreFacts, query: Orders) -> Answer:
    strategy = None if query.strategy is None else book(graph, query.strategy)
    instrument = None if query.instrument is None else known_instrument(graph, query.instrument)
    return answers.orders(graph, facts, strategy, instrument, ended=query.all)


def _fills(graph: Graph, facts: CoreFacts, query: AskFills) -> Deferred:
    names = graph.books.names

    def finish(records: past.Records, _tape: chain.Tape | None) -> Fills:
        return past.fills(facts, records, names, query.last)

    return Deferred(finish)


def _why(graph: Graph, facts: CoreFacts, query: AskWhy) -> Deferred:
    order = ClientOrderId(full_id(graph, query.order))
    found = graph.orders.get(order)
    row = None if found is None else answers.order_row(found)
    checks, names = graph.risk_state.checks, graph.books.names

    def finish(records: past.Records, tape: chain.Tape | None) -> Why:
        told = chain.why(facts, records, order, row, checks=checks, names=names, tape=tape)
        if row is None and not told.hops:
            raise CommandRefused(
                f"nothing is known of order {query.order!r}",
                remedy="take its id from `outcry orders --all`, or look into the journal",
            )
        return told

    return Deferred(finish)


_ANSWERS: Final[dict[type, Callable[..., Answer | Deferred]]] = {
    Status: lambda graph, facts, _: answers.status(graph, facts),
    Positions: lambda graph, facts, _: answers.positions(graph, facts),
    Orders: _orders,
    Balances: lambda graph, facts, _: answers.balances(graph, facts),
    Strategies: lambda graph, facts, _: answers.strategies(graph, facts),
    RiskView: lambda graph, facts, _: risk(graph, facts),
    AskFills: _fills,
    AskWhy: _why,
}
