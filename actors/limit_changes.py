"""Limits that change while running: a limit's name and text applied to the config's `[risk]` section.

A name is that of the config: `max_position`, or with its section `collar.max_deviation_bps`. The first
limit of an instrument that had none of its own copies the defaults, as the config file would.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final, get_args

import msgspec

from openoutcry.state.commands import LimitSet
from openoutcry.state.config import RiskConfig, RiskLimits
from openoutcry.state.decimals import parse_decimal
from openoutcry.state.errors import ConfigError, NumericError
from openoutcry.state.identifiers import InstrumentId

UNLIMITED: Final = "unlimited"


def limit_names() -> tuple[str, ...]:
    """Every limit that can be set, by its name."""
    return tuple(_names(RiskLimits))


def _names(section: type[msgspec.Struct]) -> Iterator[str]:
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from (f"{field.name}.{name}" for name in _names(field.type))
        else:
            yield field.name


def with_limits(config: RiskConfig, changes: Iterable[LimitSet], *, whole: bool) -> RiskConfig:
    """The config with these limits.

    Args:
        config: The limits as they are.
        changes: Limits by name.
        whole: Start from a config without any limit.

    Raises:
        ConfigError: A limit that does not exist, or a value that it cannot have.
    """
    default = RiskLimits() if whole else config.default
    instruments = {} if whole else dict(config.instruments)
    for change in changes:
        if change.instrument is None:
            default = _with(default, change.name, change.value)
        else:
            before = instruments.get(change.instrument, default)
            instruments[change.instrument] = _with(before, change.name, change.value)
    return RiskConfig(default=default, instruments=instruments)


def all_limits(config: RiskConfig) -> tuple[LimitSet, ...]:
    """Every limit of a config that is set, as changes: with `whole` they make the same config."""
    tables: list[tuple[InstrumentId | None, RiskLimits]] = [(None, config.default)]
    tables += [(InstrumentId(name), limits) for name, limits in sorted(config.instruments.items())]
    return tuple(
        LimitSet(instrument=instrument, name=name, value=text)
        for instrument, limits in tables
        for name in limit_names()
        if (text := limit_text(limits, name)) is not None
    )


def limit_text(limits: RiskLimits, name: str) -> str | None:
    """A limit as text; None when it is missing.

    Raises:
        ConfigError: There is no such limit.
    """
    value: Any = limits
    for part in _checked(name).split("."):
        value = getattr(value, part)
    return f"{value:f}" if isinstance(value, Decimal) else None if value is None else str(value)


def _with(limits: RiskLimits, name: str, text: str | None) -> RiskLimits:
    section, _, key = _checked(name).rpartition(".")
    inner: msgspec.Struct = getattr(limits, section) if section else limits
    changed = msgspec.structs.replace(inner, **{key: _value(inner, name, key, text)})
    return msgspec.structs.replace(limits, **{section: changed}) if section else changed  # type: ignore[return-value]


def _checked(name: str) -> str:
    known = limit_names()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        raise ConfigError(f"there is no limit {name!r}", remedy=hint)
    return name


def _value(section: msgspec.Struct, name: str, key: str, text: str | None) -> object:
    """The text as the field's type has it."""
    kind = next(f.type for f in msgspec.structs.fields(section) if f.name == key)
    kinds = _flat(kind)
    if text is None and type(None) in kinds:
        return None
    if text == UNLIMITED and UNLIMITED in kinds:
        return UNLIMITED
    try:
        value = parse_decimal(text or "")
        if value < 0:
            raise ConfigError(f"{name} = {text} is negative", remedy="limits start at 0")
        if Decimal in kinds:
            return value
        if value == value.to_integral_value() and value < 2**63:
            return int(value)
    except NumericError:
        pass
    raise ConfigError(
        f"{name} = {text!r} is no value for it",
        remedy="write a whole number" if Decimal not in kinds else 'write a number, or "unlimited"',
    )


def _flat(kind: Any) -> tuple[Any, ...]:
    """The members of a union, also of unions in it."""
    inner = get_args(kind)
    return tuple(member for part in inner for member in _flat(part)) if inner else (kind,)
