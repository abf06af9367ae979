"""Limits that change while running: what is in force, as a config that could have been written so.

A name is the key in the config (`max_position`, `max_deviation_bps`). A limit of instruments is set for
one or for all of them, those with a section of their own too; others for a strategy, a venue, or (with
no name) the account.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import reduce
from typing import Any, Final, TypeVar, get_args

import msgspec

from openoutcry import _native
from openoutcry.state.commands import SetLimit
from openoutcry.state.config import RiskConfig, RiskLimits
from openoutcry.state.identifiers import InstrumentId, StrategyId, VenueId
from openoutcry.state.risk_config import AccountLimits, HolderLimits, StrategyLimits, VenueLimits

UNLIMITED: Final = "unlimited"
Path = tuple[str, ...]
StructT = TypeVar("StructT", bound=msgspec.Struct)
Section = RiskLimits | HolderLimits


def limit_paths(section: type[msgspec.Struct]) -> dict[str, Path]:
    """Every limit of a section that can be set, by its name, with where it stands."""
    return {path[-1]: path for path in _paths(section)}


def _paths(section: type[msgspec.Struct]) -> Iterator[Path]:
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from ((field.name, *path) for path in _paths(field.type))
        elif UNLIMITED in _flat(field.type):
            yield (field.name,)


def limit_names() -> tuple[str, ...]:
    """Every name of a limit."""
    sections = (RiskLimits, AccountLimits, StrategyLimits, VenueLimits)
    return tuple(dict.fromkeys(name for kind in sections for name in limit_paths(kind)))


def in_force(config: RiskConfig, risk: _native.Risk) -> RiskConfig:
    """The configured limits with those on top that were set at run time."""
    made = [
        SetLimit(
            ts=0,
            name=name,
            value=value,
            strategy=None if strategy is None else StrategyId(strategy),
            instrument=None if instrument is None else InstrumentId(instrument),
            venue=None if venue is None else VenueId(venue),
        )
        for name, value, strategy, instrument, venue in risk.settings()
    ]
    return reduce(with_limit, made, config)


def with_limit(config: RiskConfig, change: SetLimit) -> RiskConfig:
    """The config with another value of a limit, one that the engine has taken or would take."""
    name, value, owner = change.name, change.value, change.instrument
    if name in limit_paths(RiskLimits):
        if owner is not None:
            own = _changed(config.limits(owner), name, value)
            return _replaced(config, instruments={**config.instruments, owner: own})
        others = {key: _changed(own, name, value) for key, own in config.instruments.items()}
        default = _changed(config.default, name, value)
        return _replaced(config, default=default, instruments=others)
    if change.strategy is not None:
        held = _changed(config.strategy_limits(change.strategy), name, value)
        return _replaced(config, strategies={**config.strategies, change.strategy: held})
    if change.venue is not None:
        there = _changed(config.venue_limits(change.venue), name, value)
        return _replaced(config, venues={**config.venues, change.venue: there})
    return _replaced(config, account=_changed(config.account, name, value))


def limit_text(section: Section, name: str) -> str | None:
    """A limit as text; None when it is missing."""
    value: Any = section
    for part in limit_paths(type(section))[name]:
        value = getattr(value, part)
    if value is None or isinstance(value, str):
        return value
    return f"{value:f}" if not isinstance(value, int) else str(value)


def without_limits(section: Section) -> Section:
    """What is left beside the limits: windows and ages."""
    return reduce(
        lambda made, name: _changed(made, name, UNLIMITED), limit_paths(type(section)), section
    )


def _changed(section: Any, name: str, text: str) -> Any:
    return _with(section, limit_paths(type(section))[name], text)


def _with(section: Any, path: Path, text: str) -> Any:
    key, *rest = path
    kind = next(f.type for f in msgspec.structs.fields(section) if f.name == key)
    if rest:
        value = _with(getattr(section, key), tuple(rest), text)
    else:
        value = text if text == UNLIMITED else _number(text, _flat(kind))
    return _replaced(section, **{key: value})


def _number(text: str, kinds: tuple[Any, ...]) -> object:
    return Decimal(text) if Decimal in kinds else int(Decimal(text))


def _replaced(section: StructT, **fields: Any) -> StructT:
    return msgspec.structs.replace(section, **fields)


def _flat(kind: Any) -> tuple[Any, ...]:
    """The members of a union, also of unions in it; the words of a literal."""
    inner = get_args(kind)
    return tuple(member for part in inner for member in _flat(part)) if inner else (kind,)
