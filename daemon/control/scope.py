"""What a command is about: names looked up in the running graph, with the near ones when there is none."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NamedTuple, TypedDict

from openoutcry.actors.graph import Graph
from openoutcry.state.errors import CommandRefused
from openoutcry.state.identifiers import UNALLOCATED, InstrumentId, StrategyId, VenueId
from openoutcry.state.orders import Order

LAST: Final = "last"
"""Instead of an order's id: the one that was asked for last."""
_PART: Final = 3
"""Letters of a part of a name that is told from chance."""
_FULL: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SHORT: Final = re.compile(r"([0-9a-f]{1,4})-([0-9]{1,19})", re.ASCII)


class Names(TypedDict, total=False):
    """The names of a scope that are given."""

    strategy: StrategyId
    instrument: InstrumentId
    venue: VenueId


class Scope(NamedTuple):
    """A strategy, and instruments of which a command is to be given each; None is all of them."""

    strategy: StrategyId | None
    instruments: tuple[InstrumentId | None, ...]
    venue: VenueId | None = None

    @property
    def names(self) -> Names:
        """For a command that knows venues."""
        names: Names = {}
        if self.strategy is not None:
            names["strategy"] = self.strategy
        if self.venue is not None:
            names["venue"] = self.venue
        elif self.instruments[0] is not None:
            names["instrument"] = self.instruments[0]
        return names

    @property
    def words(self) -> str:
        """For people: `everything`, or what is named."""
        named = [self.strategy, self.venue or self.instruments[0]]
        return " in ".join(name for name in named if name) or "everything"

    def holds(self, strategy: str, instrument: str) -> bool:
        """Whether a strategy's doings in an instrument are meant."""
        mine = self.strategy is None or self.strategy == strategy
        return mine and (self.instruments[0] is None or instrument in self.instruments)


def scope(
    graph: Graph,
    strategy: str | None = None,
    instrument: str | None = None,
    venue: str | None = None,
) -> Scope:
    """The scope that names mean; a venue becomes its instruments.

    Raises:
        CommandRefused: A name that nothing has, or an instrument and a venue that don't fit.
    """
    owner = None if strategy is None else book(graph, strategy)
    one = None if instrument is None else known_instrument(graph, instrument)
    if venue is None:
        return Scope(owner, (one,))
    if venue not in graph.books.venues:
        raise unknown("venue", venue, graph.books.venues)
    items = [item.id for item in graph.universe.instruments if item.venue == venue]
    if one is None:
        return Scope(owner, tuple(items), VenueId(venue))
    if one not in items:
        raise CommandRefused(
            f"{one} is not traded at {venue}", remedy="name the instrument or the venue"
        )
    return Scope(owner, (one,))


def book(graph: Graph, name: str) -> StrategyId:
    """A strategy of this run, or the unallocated book.

    Raises:
        CommandRefused: There is none of this name.
    """
    if name not in graph.books.names:
        raise unknown("strategy", name, [*graph.strategies, UNALLOCATED])
    return StrategyId(name)


def known_strategy(graph: Graph, name: str) -> StrategyId:
    """A strategy of this run.

    Raises:
        CommandRefused: There is none of this name.
    """
    if name not in graph.strategies:
        raise unknown("strategy", name, graph.strategies)
    return StrategyId(name)


def known_instrument(graph: Graph, name: str) -> InstrumentId:
    """An instrument of this run.

    Raises:
        CommandRefused: There is none of this id.
    """
    if name not in graph.universe.index:
        raise unknown("instrument", name, graph.universe.index)
    return InstrumentId(name)


def known_order(graph: Graph, name: str) -> Order:
    """An order by its id, its short id as tables show it (`1-17`), or `last`.

    Raises:
        CommandRefused: The table has none.
    """
    found = graph.orders.get(full_id(graph, name))
    if found is None:
        near = [short_id(order.client_order_id) for order in graph.orders.open_orders()]
        raise unknown("order", name, near)
    return found


def full_id(graph: Graph, name: str) -> str:
    """The id that a name of an order means, whether or not the table has it.

    Raises:
        CommandRefused: It is no name of an order, or there is no last one.
    """
    if name == LAST:
        orders = [*graph.orders.open_orders(), *graph.orders.closed_orders(1)]
        if not orders:
            raise CommandRefused("there is no order yet", remedy="see `outcry orders --all`")
        return max(orders, key=lambda order: order.submit.ts).client_order_id
    text = name.lower().replace("-", "") if len(name) == 36 else name.lower()
    if _FULL.fullmatch(text):
        return text
    short = _SHORT.fullmatch(text)
    if short is None:
        raise CommandRefused(
            f"{name!r} is no id of an order", remedy="take it from `outcry orders`, like 1-17"
        )
    return f"{graph.operator.epoch:012x}{int(short[1], 16):04x}{int(short[2]):016x}"


def short_id(order: str) -> str:
    """`1-17`: who placed an order, and which of theirs it is."""
    return f"{int(order[12:16], 16):x}-{int(order[16:], 16)}"


def unknown(what: str, name: str, known: Iterable[str]) -> CommandRefused:
    """There is no such thing; the remedy names the near ones, or all."""
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if not near and len(name) >= _PART:
        near = [one for one in names if name.lower() in one.lower()][:3]
    if near:
        remedy = f"did you mean {' or '.join(near)}?"
    else:
        remedy = f"there are: {', '.join(names[:10])}" if names else f"there is no {what}"
    return CommandRefused(f"there is no {what} {name!r}", remedy=remedy)
