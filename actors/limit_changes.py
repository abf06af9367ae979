"""Limits that change while running: a limit's name and text, applied to the config's `[risk]` section.

A name is the key in the config (`max_position`, `max_deviation_bps`). Without an instrument it is set for
all of them, those with a section of their own too.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, get_args

import msgspec

from openoutcry.state.commands import SetLimit
from openoutcry.state.config import RiskConfig, RiskLimits
from openoutcry.state.decimals import parse_decimal
from openoutcry.state.errors import ConfigError, NumericError

UNLIMITED: Final = "unlimited"
Path = tuple[str, ...]


def limit_paths(section: type[msgspec.Struct] = RiskLimits) -> dict[str, Path]:
    """Every limit of a section that can be set, by its name, with where it stands."""
    return {path[-1]: path for path in _paths(section)}


def _paths(section: type[msgspec.Struct]) -> Iterator[Path]:
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from ((field.name, *path) for path in _paths(field.type))
        elif UNLIMITED in _flat(field.type):
            yield (field.name,)


def with_limit(config: RiskConfig, change: SetLimit) -> RiskConfig:
    """The config with another value of a limit.

    Raises:
        ConfigError: A limit that does not exist, or a value that it cannot have.
    """
    path = limit_paths().get(change.name)
    if path is None:
        known = ", ".join(limit_paths())
        raise ConfigError(f"there is no limit {change.name!r}", remedy=f"there are: {known}")
    name = change.instrument
    if name is not None:
        own = _with(config.limits(name), path, change.value)
        return RiskConfig(default=config.default, instruments={**config.instruments, name: own})
    others = {id_: _with(own, path, change.value) for id_, own in config.instruments.items()}
    return RiskConfig(default=_with(config.default, path, change.value), instruments=others)


def limit_text(limits: RiskLimits, name: str) -> str | None:
    """A limit as text; None when it is missing."""
    value: Any = limits
    for part in limit_paths()[name]:
        value = getattr(value, part)
    return f"{value:f}" if isinstance(value, Decimal) else None if value is None else str(value)


def without_limits(limits: RiskLimits) -> RiskLimits:
    """What is left beside the limits: windows and ages."""
    for path in limit_paths().values():
        limits = _with(limits, path, UNLIMITED)
    return limits


def _with(section: Any, path: Path, text: str) -> Any:
    key, *rest = path
    inner = getattr(section, key)
    kind = next(f.type for f in msgspec.structs.fields(section) if f.name == key)
    value = _with(inner, tuple(rest), text) if rest else _value(key, _flat(kind), text)
    return msgspec.structs.replace(section, **{key: value})


def _value(name: str, kinds: tuple[Any, ...], text: str) -> object:
    """The text as the field's type has it."""
    if text == UNLIMITED:
        return UNLIMITED
    try:
        value = parse_decimal(text)
    except NumericError as error:
        raise ConfigError(
            f"{name} = {text!r}: {error.message}", remedy='write a plain number, or "unlimited"'
        ) from error
    if value < 0:
        raise ConfigError(f"{name} = {text} is negative", remedy="limits start at 0")
    if Decimal in kinds:
        return value
    if value != value.to_integral_value() or value >= 2**63:
        raise ConfigError(f"{name} = {text} is no whole number", remedy="it counts whole things")
    return int(value)


def _flat(kind: Any) -> tuple[Any, ...]:
    """The members of a union, also of unions in it; the words of a literal."""
    inner = get_args(kind)
    return tuple(member for part in inner for member in _flat(part)) if inner else (kind,)
