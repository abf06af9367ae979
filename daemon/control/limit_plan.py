"""Changes of limits while running: what is in force, what is asked for, whether that is looser."""

from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from openoutcry.actors.graph import Graph
from openoutcry.actors.limit_changes import (
    UNLIMITED,
    limit_paths,
    limit_text,
    with_limit,
    without_limits,
)
from openoutcry.daemon.control.effect_views import ConfigChange, LimitChange, Preview
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.protocol import SetLimit
from openoutcry.daemon.control.scope import known_instrument
from openoutcry.state import commands
from openoutcry.state.config import Config, RiskConfig
from openoutcry.state.enums import Mode
from openoutcry.state.errors import CommandRefused, ConfigError
from openoutcry.state.identifiers import InstrumentId

INVERSE: Final = frozenset({"duplicate_ms"})
"""Limits that are tighter when they are greater: a longer window."""


def plan_limit(
    graph: Graph, facts: CoreFacts, request: SetLimit
) -> tuple[commands.SetLimit, LimitChange]:
    """The command that changes one limit, and what changes.

    Raises:
        CommandRefused: There is no such limit or instrument, or a value that it can't have.
    """
    if request.strategy is not None:
        raise CommandRefused(
            "limits are set for instruments, each strategy is held to them",
            remedy="leave the strategy out",
        )
    instrument = None if request.instrument is None else known_instrument(graph, request.instrument)
    names = list(limit_paths())
    if request.name not in names:
        near = get_close_matches(request.name, names, n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names)}"
        raise CommandRefused(f"there is no limit {request.name!r}", remedy=hint)
    if request.value == UNLIMITED and facts.mode == Mode.LIVE.value:
        raise CommandRefused("unlimited is refused in live mode", remedy="name a number")
    command = commands.SetLimit(
        ts=facts.now, name=request.name, value=request.value, instrument=instrument
    )
    before = graph.risk.config
    try:
        after = with_limit(before, command)
    except ConfigError as error:
        raise CommandRefused(error.message, remedy=error.remedy) from error
    return command, _change(before, after, instrument, request.name)


def _change(
    before: RiskConfig, after: RiskConfig, instrument: InstrumentId | None, name: str
) -> LimitChange:
    old, new = (
        limit_text(config.default if instrument is None else config.limits(instrument), name)
        for config in (before, after)
    )
    return LimitChange(
        limit=name, instrument=instrument, before=old, after=new, loosens=is_looser(name, old, new)
    )


def is_looser(name: str, before: str | None, after: str | None) -> bool:
    """Whether more may pass after a change. A missing limit lets nothing pass."""
    if before in (after, UNLIMITED) or after is None:
        return False
    if before is None or after == UNLIMITED:
        return True
    grows = Decimal(after) > Decimal(before)
    return (not grows and Decimal(after) != Decimal(before)) if name in INVERSE else grows


def limit_changes(graph: Graph, after: RiskConfig) -> tuple[LimitChange, ...]:
    """Every limit that another config changes, for each instrument as it applies to it."""
    before = graph.risk.config
    found = [
        _change(before, after, instrument, name)
        for instrument in graph.universe.index
        for name in limit_paths()
    ]
    return tuple(change for change in found if change.before != change.after)


def plan_reload(
    graph: Graph, facts: CoreFacts, new: Config
) -> tuple[tuple[commands.SetLimit, ...], Preview]:
    """The plan of a reload: limits change at once and together, everything else needs a restart.

    Args:
        graph: The graph that runs.
        facts: The core's facts.
        new: The config that was read anew, valid in itself.
    """
    limits = limit_changes(graph, new.risk)
    changes = config_changes(graph.config, new)
    others = [f"{c.limit} of {c.instrument}: taken away" for c in limits if c.after is None]
    for name in graph.universe.index:
        before, after = graph.config.risk.limits(name), new.risk.limits(name)
        if without_limits(before) != without_limits(after):
            others.append(f"windows or ages of {name}")
    changes += tuple(ConfigChange(sign="~", what=what, restart=True) for what in others)
    lines = [f"{change.sign} {change.what}" + " (restart)" * change.restart for change in changes]
    lines += [_limit_line(change) for change in limits]
    shown = Preview(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        lines=tuple(lines) or ("the config is the one that runs",),
        limits=limits,
        changes=changes,
        nothing=not lines,
        loosens=any(change.loosens for change in limits),
    )
    made = tuple(
        commands.SetLimit(
            ts=facts.now,
            name=change.limit,
            value=change.after,
            instrument=None if change.instrument is None else InstrumentId(change.instrument),
        )
        for change in limits
        if change.after is not None
    )
    return made, shown


def _limit_line(change: LimitChange) -> str:
    where = f" of {change.instrument}" if change.instrument else ""
    looser = " (looser)" if change.loosens else ""
    return f"~ {change.limit}{where}: {change.before or 'missing'} → {change.after or 'missing'}{looser}"


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
