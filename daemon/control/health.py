"""Whether the daemon is healthy, and what is wrong if not: the worst first, each with its remedy."""

from collections.abc import Iterator
from typing import Final

from openoutcry.actors.graph import Graph
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.views import FeedRow, HaltRow, Problem, StrategyRow, Trading

LAG_MAX_NS: Final = 1_000_000_000
"""A core that is further behind its clock is not healthy."""


def feeds_of(facts: CoreFacts) -> tuple[FeedRow, ...]:
    """Every feed with its age at this moment; one that never spoke counts from the process' start."""
    rows = []
    for feed in facts.feeds:
        age = None if feed.last is None else max(facts.now - feed.last, 0)
        silent = facts.uptime if age is None else age
        stale = feed.limit is not None and silent > feed.limit
        rows.append(
            FeedRow(
                instrument=feed.instrument,
                last=feed.last,
                age=age,
                limit=feed.limit,
                stale=stale,
                shed=feed.shed,
            )
        )
    return tuple(rows)


def trading_of(graph: Graph, halts: tuple[HaltRow, ...]) -> Trading:
    """Whether new orders may leave."""
    if graph.supervisor.halted or any(h.kind == "halted" and not named(h) for h in halts):
        return "halted"
    return "restricted" if halts else "on"


def named(halt: HaltRow) -> dict[str, str]:
    """The names of a scope, by the options that name them."""
    names = {"strategy": halt.strategy, "instrument": halt.instrument, "venue": halt.venue}
    return {option: name for option, name in names.items() if name is not None}


def problems(
    graph: Graph,
    facts: CoreFacts,
    *,
    halts: tuple[HaltRow, ...],
    feeds: tuple[FeedRow, ...],
    rows: tuple[StrategyRow, ...],
    unknown: int,
) -> tuple[Problem, ...]:
    """Everything that is wrong. A strategy that an operator paused is not wrong."""
    found = [
        *_core(graph, facts),
        *_halts(halts),
        *_edges(facts),
        *_feeds(feeds),
        *_strategies(rows),
        *_orders(unknown),
    ]
    if facts.alerts:
        found.append(
            Problem(
                word="alerts",
                what=f"{facts.alerts} alerts that nobody has acknowledged",
                remedy="look at them with `outcry tail`, then acknowledge them",
            )
        )
    return tuple(found)


def _core(graph: Graph, facts: CoreFacts) -> Iterator[Problem]:
    for failure in graph.supervisor.failures:
        if failure.policy == "halt":
            yield Problem(
                word="core",
                what=f"{failure.actor} failed at input {failure.sequence}: {failure.error}",
                remedy="restart the daemon: it recovers from its journal; report the error",
            )
    if facts.lag > LAG_MAX_NS:
        yield Problem(
            word="core",
            what=f"the core is {facts.lag / 1e9:.1f} s behind its clock",
            remedy="the machine is too slow for these feeds and strategies, or was asleep",
        )
    if facts.clock:
        yield Problem(word="clock", what=facts.clock, remedy="run `chronyc tracking`; see NTP")


def _halts(halts: tuple[HaltRow, ...]) -> Iterator[Problem]:
    for halt in halts:
        names = named(halt)
        if list(names) == ["strategy"]:
            continue  # stands beside the strategy
        scope = " in ".join(names.values()) or "all trading"
        options = "".join(f" --{option} {name}" for option, name in names.items())
        word = "is halted" if halt.kind == "halted" else "may only reduce"
        yield Problem(
            word="halted",
            what=f"{scope} {word}: {halt.reason}",
            remedy=f"when the reason is gone: `outcry resume{options}`",
        )


def _edges(facts: CoreFacts) -> Iterator[Problem]:
    journal = facts.journal
    if journal.state != "running":
        yield Problem(
            word="journal",
            what=f"the journal is {journal.state}: {journal.reason or 'no reason is known'}",
            remedy="free space on the disk"
            if journal.state == "full"
            else "check the disk, then restart the daemon; see docs/reference/failure-matrix.md",
        )
    if facts.tape.state not in ("recording", "off"):
        yield Problem(
            word="tape",
            what=f"the tape is {facts.tape.state}: {facts.tape.reason or 'no reason is known'}",
            remedy="this session can't be replayed whole; `outcry parity` will say incomplete",
        )
    for venue in facts.venues:
        if venue.state not in ("connected", "simulated"):
            yield Problem(
                word="venue",
                what=f"{venue.name} is {venue.state}" + (f": {venue.reason}" * bool(venue.reason)),
                remedy="orders wait until it is connected and reconciled",
            )


def _feeds(feeds: tuple[FeedRow, ...]) -> Iterator[Problem]:
    for feed in feeds:
        if feed.stale:
            silent = (
                "has not begun" if feed.age is None else f"is silent for {feed.age / 1e9:.1f} s"
            )
            yield Problem(
                word="feed",
                what=f"the feed of {feed.instrument} {silent}",
                remedy="check the connection; the price collar denies orders on old prices",
            )


def _strategies(rows: tuple[StrategyRow, ...]) -> Iterator[Problem]:
    for row in rows:
        if row.state in ("failed", "diverged", "halted"):
            fix = f"`outcry resume --strategy {row.strategy}`"
            yield Problem(
                word="strategy",
                what=f"{row.strategy} is {row.state}: {row.why}",
                remedy=f"when the reason is gone: {fix}"
                if row.state == "halted"
                else "correct it and restart the daemon; its orders are as they were",
            )


def _orders(unknown: int) -> Iterator[Problem]:
    if unknown:
        yield Problem(
            word="orders",
            what=f"of {unknown} orders it is not known whether the venue got a request",
            remedy="they count at their worst until the venue answers; see `outcry orders`",
        )
