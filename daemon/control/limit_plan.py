"""Changes of limits while running: what is in force, what is asked for, whether that is looser."""

from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches

from openoutcry.actors.graph import Graph
from openoutcry.actors.limit_changes import (
    UNLIMITED,
    Section,
    in_force,
    limit_names,
    limit_paths,
    limit_text,
    with_limit,
    without_limits,
)
from openoutcry.daemon.control.effect_views import ConfigChange, LimitChange, Preview
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.protocol import SetLimit
from openoutcry.daemon.control.scope import Names, known_instrument, known_strategy
from openoutcry.state import commands
from openoutcry.state.config import Config, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode
from openoutcry.state.errors import CommandRefused, ConfigError
from openoutcry.state.identifiers import VenueId


def plan_limit(
    graph: Graph, facts: CoreFacts, request: SetLimit
) -> tuple[commands.SetLimit, LimitChange]:
    """The command that changes one limit, and what changes.

    Raises:
        CommandRefused: There is no such limit or name, or a value that it can't have.
    """
    names: Names = {}
    if request.instrument is not None:
        names["instrument"] = known_instrument(graph, request.instrument)
    if request.strategy is not None:
        names["strategy"] = known_strategy(graph, request.strategy)
    known = limit_names()
    if request.name not in known:
        near = get_close_matches(request.name, known, n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"
        raise CommandRefused(f"there is no limit {request.name!r}", remedy=hint)
    if request.value == UNLIMITED and facts.mode == Mode.LIVE.value:
        raise CommandRefused("unlimited is refused in live mode", remedy="name a number")
    command = commands.SetLimit(ts=facts.now, name=request.name, value=request.value, **names)
    loosens = _looser(graph, command)
    before = in_force(graph.config.risk, graph.risk_state)
    after = with_limit(before, command)
    old, new = (_text(config, command) for config in (before, after))
    change = LimitChange(
        limit=request.name, of=_of(command), before=old, after=new, loosens=loosens
    )
    return command, change


def _looser(graph: Graph, command: commands.SetLimit) -> bool:
    """Whether more would pass, as the engine says.

    Raises:
        CommandRefused: The engine would not take it.
    """
    scope = (command.strategy, command.instrument, command.venue)
    try:
        return graph.risk_state.is_looser(command.name, command.value, *scope)
    except ConfigError as error:
        raise CommandRefused(error.message, remedy=error.remedy) from error


def _of(command: commands.SetLimit) -> str:
    """Whose limit it is."""
    owner = command.instrument or command.strategy or command.venue
    return owner or ("every instrument" if _of_instruments(command) else "the account")


def _of_instruments(command: commands.SetLimit) -> bool:
    return command.name in limit_paths(RiskLimits)


def _text(config: RiskConfig, command: commands.SetLimit) -> str | None:
    """The limit that a command is about, in a config."""
    section: Section = config.account
    if _of_instruments(command):
        instrument = command.instrument
        section = config.default if instrument is None else config.limits(instrument)
    elif command.strategy is not None:
        section = config.strategy_limits(command.strategy)
    elif command.venue is not None:
        section = config.venue_limits(command.venue)
    return limit_text(section, command.name)


def plan_reload(
    graph: Graph, facts: CoreFacts, new: Config
) -> tuple[tuple[commands.SetLimit, ...], Preview]:
    """The plan of a reload: limits change at once and together, everything else needs a restart.

    Args:
        graph: The graph that runs.
        facts: The core's facts.
        new: The config that was read anew, valid in itself.
    """
    changes = config_changes(graph.config, new)
    others: list[str] = []
    limits: list[LimitChange] = []
    made: list[commands.SetLimit] = []
    now = in_force(graph.config.risk, graph.risk_state)
    for names, before, after in _sections(graph, now, new.risk):
        owner = " in ".join(str(name) for name in names.values()) or "the account"
        if without_limits(before) != without_limits(after):
            others.append(f"windows or ages of {owner}")
        for name in limit_paths(type(before)):
            old, value = limit_text(before, name), limit_text(after, name)
            if value is None and old is not None:
                others.append(f"{name} of {owner}: taken away")
            elif value is not None and value != old:
                command = commands.SetLimit(ts=facts.now, name=name, value=value, **names)
                made.append(command)
                loosens = _looser(graph, command)
                limits.append(
                    LimitChange(limit=name, of=owner, before=old, after=value, loosens=loosens)
                )
    changes += tuple(ConfigChange(sign="~", what=what, restart=True) for what in others)
    lines = [f"{change.sign} {change.what}" + " (restart)" * change.restart for change in changes]
    lines += [_limit_line(change) for change in limits]
    shown = Preview(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        lines=tuple(lines) or ("the config is the one that runs",),
        limits=tuple(limits),
        changes=changes,
        nothing=not lines,
        loosens=any(change.loosens for change in limits),
    )
    return tuple(made), shown


def _sections(
    graph: Graph, old: RiskConfig, new: RiskConfig
) -> Iterator[tuple[Names, Section, Section]]:
    """Whose limits there are, as they are and as they would be."""
    for instrument in graph.universe.index:
        yield {"instrument": instrument}, old.limits(instrument), new.limits(instrument)
    for strategy in graph.strategies:
        yield {"strategy": strategy}, old.strategy_limits(strategy), new.strategy_limits(strategy)
    for name in graph.books.venues:
        yield {"venue": VenueId(name)}, old.venue_limits(name), new.venue_limits(name)
    yield {}, old.account, new.account


def changed_in_file(graph: Graph, old: RiskConfig, new: RiskConfig) -> Iterator[commands.SetLimit]:
    """Limits that a changed config names anew, where another one is in force that was set before.

    Args:
        graph: The graph that runs with the new config.
        old: What the config file said.
        new: What it says now.
    """
    now = in_force(new, graph.risk_state)
    held = _sections(graph, new, now)
    for (names, before, after), (_, _, holds) in zip(_sections(graph, old, new), held, strict=True):
        for name in limit_paths(type(before)):
            value = limit_text(after, name)
            if value not in (None, limit_text(before, name), limit_text(holds, name)):
                yield commands.SetLimit(ts=0, name=name, value=str(value), **names)


def _limit_line(change: LimitChange) -> str:
    looser = " (looser)" if change.loosens else ""
    return f"~ {change.limit} of {change.of}: {change.before or 'missing'} → {change.after}{looser}"


def config_changes(old: Config, new: Config) -> tuple[ConfigChange, ...]:
    """What differs between two configs beside the limits, each line with its sign."""
    found: list[ConfigChange] = []

    def note(sign: str, what: str) -> None:
        found.append(ConfigChange(sign=sign, what=what, restart=True))  # type: ignore[arg-type]

    for key, what in (("id", "strategy"), ("name", "venue"), ("instrument", "feed")):
        section = {"strategy": "strategies", "venue": "venues", "feed": "feeds"}[what]
        before = {getattr(item, key): item for item in getattr(old, section)}
        after = {getattr(item, key): item for item in getattr(new, section)}
        for name in [*before, *(name for name in after if name not in before)]:
            if name not in after:
                note("-", f"{what} {name}")
            elif name not in before:
                note("+", f"{what} {name}")
            elif before[name] != after[name]:
                note("~", f"{what} {name}: {_fields(before[name], after[name])}")
    known = {"strategies", "venues", "feeds", "risk", "run"}
    if old.run != new.run:
        note("~", f"run: {_fields(old.run, new.run)}")
    for name in Config.__struct_fields__:
        if name not in known and getattr(old, name) != getattr(new, name):
            note("~", name)
    return tuple(found)


def _fields(before: object, after: object) -> str:
    """`size 1 → 2, slow 20 → 50`: the fields that differ; parameters one by one."""
    parts = []
    for name in before.__struct_fields__:  # type: ignore[attr-defined]
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            keys = dict.fromkeys([*old, *new])
            parts += [f"{k} {old.get(k)} → {new.get(k)}" for k in keys if old.get(k) != new.get(k)]
        else:
            short = isinstance(old, str | int | Decimal)
            parts.append(f"{name} {old} → {new}" if short else name)
    return ", ".join(parts)
