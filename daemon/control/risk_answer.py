"""`outcry risk`: every limit that is in force, with what of it is used now."""

from decimal import Decimal

from openoutcry.actors.graph import Graph
from openoutcry.daemon.control.answers import halts_of
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.health import trading_of
from openoutcry.daemon.control.views import LimitRow, Risk
from openoutcry.state.decimals import parse_decimal
from openoutcry.state.errors import NotRepresentable

_LATCHES = ("halted", "reduce_only")


def risk(graph: Graph, facts: CoreFacts) -> Risk:
    """Limits with their use, and halts."""
    halts = halts_of(graph)
    return Risk(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        trading=trading_of(graph, halts),
        limits=tuple(
            LimitRow(
                check=check,
                strategy=strategy,
                instrument=instrument,
                venue=venue,
                limit=limit,
                used=used or None,
                share=_share(limit, used),
                state=state,
                since=since,
            )
            for check, (strategy, instrument, venue), limit, used, state, since in (
                graph.risk.control.view()
            )
            if check not in _LATCHES  # those stand among the halts
        ),
        halts=halts,
    )


def _share(limit: str, used: str) -> int | None:
    """Per cent, where both begin with a number: `3 in 1000 ms`, `12.50 USDT`."""
    try:
        most, now = (parse_decimal((text.split() or [""])[0]) for text in (limit, used))
    except NotRepresentable:
        return None
    return int(now * Decimal(100) / most) if most else None
