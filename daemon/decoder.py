"""Plain values (as TOML gives them) into config structs: strictly, and with every mistake at once.

msgspec's own conversion stops at the first mistake and would take a float for a decimal.
"""

import difflib
import re
import types
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from openoutcry.daemon.toml_lines import KeyPath
from openoutcry.state.errors import OutcryError

T = TypeVar("T")

_DECIMAL: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
_INVALID: Final = object()
_EXAMPLES: Final[dict[Any, str]] = {int: "1", float: "1.0", bool: "true", Decimal: '"1"'}
_NAMES: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
}


class Problem(NamedTuple):
    """A mistake: where it is, what is wrong, and what to write instead."""

    path: KeyPath
    what: str
    remedy: str


def decode(kind: type[T], value: object, path: KeyPath, problems: list[Problem]) -> T | None:
    """`value` as a `kind`, or None with at least one more problem.

    Args:
        kind: A struct, or anything that stands in one: numbers, text, decimals, enums, literals,
            tuples, lists, dicts with text keys and unions of them.
        value: What the file holds.
        path: Where it stands, for the messages.
        problems: Grows by every mistake that is found.
    """
    result = _decode(kind, value, path, problems)
    return None if result is _INVALID else result


def near_miss(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` when a known word is near, else all that are known."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not near:  # capitals are the commonest slip
        near = [w for w in words if w.lower() == word.lower()][:1]
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known: {', '.join(words)}" if words else "there is none to choose from"


def _decode(kind: Any, value: object, path: KeyPath, problems: list[Problem]) -> Any:
    while hasattr(kind, "__supertype__"):  # a NewType is what it stands for
        kind = kind.__supertype__
    if kind is Any:
        return value
    if get_origin(kind) is not None:
        return _generic(kind, value, path, problems)
    if kind is Decimal:
        return _decimal(value, path, problems)
    if issubclass(kind, msgspec.Struct):
        return _struct(kind, value, path, problems)
    if issubclass(kind, Enum):
        found = _choice([m.value for m in kind], value, path, problems)
        return found if found is _INVALID else kind(found)
    return _scalar(kind, value, path, problems)


def _generic(kind: Any, value: object, path: KeyPath, problems: list[Problem]) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounded(arguments[0], kind, value, path, problems)
    if origin in {Union, types.UnionType}:
        return _union(arguments, value, path, problems)
    if origin is Literal:
        return _choice(arguments, value, path, problems)
    if origin is dict:
        return _mapping(arguments[1], value, path, problems)
    return _sequence(origin, arguments[0], value, path, problems)


def _bounded(plain: Any, kind: Any, value: object, path: KeyPath, problems: list[Problem]) -> Any:
    """A value with bounds."""
    found = _decode(plain, value, path, problems)
    if found is _INVALID:
        return found
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        what = str(error).removeprefix("Expected ").replace("`", "")
        problems.append(Problem(path, f"expected {what}, got {_shown(value)}", f"write {what}"))
        return _INVALID


def _struct(
    kind: type[msgspec.Struct], value: object, path: KeyPath, problems: list[Problem]
) -> Any:
    if not isinstance(value, dict):
        where = ".".join(str(p) for p in path if isinstance(p, str))
        return _wrong("a table", value, path, problems, f"write it as a section [{where}]")
    fields = {f.name: f for f in msgspec.structs.fields(kind)}
    before = len(problems)
    problems.extend(
        Problem((*path, key), "unknown key", near_miss(key, fields))
        for key in value
        if key not in fields
    )
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            found[name] = _decode(field.type, value[name], (*path, name), problems)
        elif field.required:
            problems.append(
                Problem((*path, name), "missing", f"add {name} = {_example(field.type)}")
            )
    if len(problems) > before:
        return _INVALID
    try:
        return kind(**found)
    except OutcryError as error:  # a rule of the struct itself
        problems.append(Problem(path, error.message, error.remedy))
        return _INVALID


def _union(members: tuple[Any, ...], value: object, path: KeyPath, problems: list[Problem]) -> Any:
    candidates = [m for m in members if m is not types.NoneType]
    if value is None and len(candidates) < len(members):
        return None
    failures: list[Problem] = []
    for member in candidates:
        attempt: list[Problem] = []
        result = _decode(member, value, path, attempt)
        if not attempt:
            return result
        failures.extend(attempt)
    if len(candidates) == 1:
        problems.extend(failures)
    else:
        expected = " or ".join(_name(m) for m in candidates)
        remedies = dict.fromkeys(f.remedy for f in failures if f.path == path)
        what = f"expected {expected}, got {_shown(value)}"
        problems.append(Problem(path, what, "; or ".join(remedies)))
    return _INVALID


def _choice(allowed: Iterable[Any], value: object, path: KeyPath, problems: list[Problem]) -> Any:
    words = [str(a) for a in allowed]
    if isinstance(value, str) and value in words:
        return value
    what = f"expected one of {', '.join(words)}, got {_shown(value)}"
    if len(words) == 1:
        remedy = f'write "{words[0]}"'
    else:
        remedy = near_miss(value, words) if isinstance(value, str) else f'write "{words[0]}"'
    problems.append(Problem(path, what, remedy))
    return _INVALID


def _sequence(
    origin: type[list[Any] | tuple[Any, ...]],
    item: Any,
    value: object,
    path: KeyPath,
    problems: list[Problem],
) -> Any:
    if not isinstance(value, list):
        if isinstance(value, dict):
            remedy = f"write the header with two brackets: [[{path[-1]}]]"
        else:
            remedy = f"put it in brackets: {path[-1]} = [{_written(value)}]"
        return _wrong("a list", value, path, problems, remedy)
    items = [_decode(item, v, (*path, i), problems) for i, v in enumerate(value)]
    return _INVALID if any(i is _INVALID for i in items) else origin(items)


def _mapping(item: Any, value: object, path: KeyPath, problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        return _wrong("a table", value, path, problems, f"write {path[-1]} = {{ KEY = ... }}")
    items = {k: _decode(item, v, (*path, k), problems) for k, v in value.items()}
    return _INVALID if any(i is _INVALID for i in items.values()) else items


def _decimal(value: object, path: KeyPath, problems: list[Problem]) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):
        what = f"{value!r} is a floating point number, which cannot hold it exactly"
        problems.append(Problem(path, what, f'write "{_plain(value)}", in quotes'))
        return _INVALID
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return _wrong("a decimal number", value, path, problems, 'write it in quotes, like "0.001"')


def _scalar(kind: Any, value: object, path: KeyPath, problems: list[Problem]) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is kind:
        return value
    if kind is int and isinstance(value, str | float):
        remedy = "write a whole number without quotes"
    elif kind is str:
        remedy = f"put it in quotes: {_written(str(value))}"
    else:
        remedy = f"write {_example(kind)}"
    return _wrong(_name(kind), value, path, problems, remedy)


def _wrong(
    expected: str, value: object, path: KeyPath, problems: list[Problem], remedy: str
) -> object:
    problems.append(Problem(path, f"expected {expected}, got {_shown(value)}", remedy))
    return _INVALID


def _name(kind: Any) -> str:
    if kind is Decimal:
        return "a decimal number"
    if get_origin(kind) is Literal:
        return " or ".join(f'"{word}"' for word in get_args(kind))
    return _NAMES.get(kind, "a table")


def _example(kind: Any) -> str:
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    origin = get_origin(kind)
    if origin in {tuple, list}:
        return "[...]"
    if origin is dict:
        return "{ ... }"
    return _EXAMPLES.get(kind, '"..."')


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = _written(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _written(value: object) -> str:
    """A scalar as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _plain(value: float) -> str:
    """A float's shortest digits without an exponent."""
    return format(Decimal(repr(value)), "f") if value - value == 0 else "0"
