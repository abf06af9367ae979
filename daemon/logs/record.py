"""A log record, and its three shapes: JSON, a line for people, fields for journald."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum, IntEnum, unique
from typing import Any, Final

import msgspec

from openoutcry.daemon.masking import MASK, Masker, names_a_secret

TEXT_MAX: Final = 32 << 10
"""Characters of one value; a traceback may have `TRACE_MAX`."""
TRACE_MAX: Final = 1 << 20


@unique
class Level(IntEnum):
    """How much a record matters; the numbers are those of the standard library."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


class Record(msgspec.Struct, gc=False):
    """What was said.

    Args:
        ts: Wall clock of the call, nanoseconds UTC.
        level: One of `Level`.
        event: What happened, a stable word such as `order_sent`; free text from other libraries.
        logger: Who says so: an actor or a module.
        fields: Values, `seq` and ids among them. Whoever logs does not change them afterwards.
        trace: Traceback, or an empty text.
        key: What repeats of it have in common; the event when empty.
    """

    ts: int
    level: int
    event: str
    logger: str
    fields: Mapping[str, Any]
    trace: str = ""
    key: str = ""


class Shown(msgspec.Struct, frozen=True):
    """A record with masked texts, ready for any sink: context first, then its own fields."""

    ts: int
    level: Level
    event: str
    logger: str
    fields: dict[str, Any]
    trace: str


_RESERVED: Final = frozenset({"ts", "time", "level", "event", "logger", "trace"})
_CONTROL: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160)) if code != ord("\t")
}
_COLOURS: Final = {
    Level.DEBUG: "2",
    Level.INFO: "0",
    Level.WARNING: "33",
    Level.ERROR: "31",
    Level.CRITICAL: "1;31",
}


def show(record: Record, context: Mapping[str, Any], masker: Masker) -> Shown:
    """What may be seen of a record. Values are masked before they are cut: half a secret is one too."""
    fields: dict[str, Any] = dict(context)
    for name, value in record.fields.items():
        known = name in _RESERVED or name in context
        fields[f"{name}_" if known else name] = _value(name, value, masker)
    return Shown(
        record.ts,
        level_of(record.level),
        _clean(record.event, masker, TEXT_MAX),
        record.logger,
        fields,
        _clean(record.trace, masker, TRACE_MAX),
    )


def level_of(number: int) -> Level:
    """The level at or below a number, DEBUG at least."""
    return max((level for level in Level if level <= number), default=Level.DEBUG)


def cut(text: str, most: int) -> str:
    """The beginning of a text, saying how much is missing."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most} more)"


def _value(name: str, value: object, masker: Masker) -> Any:
    if names_a_secret(name) and value is not None and not isinstance(value, bool):
        return MASK
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bytes | bytearray | memoryview):
        value = f"{bytes(value)!r}"
    return _clean(_text(value), masker, TEXT_MAX)


def _clean(text: str, masker: Masker, most: int) -> str:
    if not text.isascii():  # halves of surrogate pairs cannot be written
        text = text.encode("utf-8", "replace").decode()
    return cut(masker.text(text), most)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a value's own code may raise anything
        return f"<{type(value).__name__} whose text raised {type(error).__name__}>"


def time_text(ts: int) -> str:
    """`2026-03-01T12:00:00.123456789Z`."""
    moment = datetime.fromtimestamp(ts // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ts % 10**9:09}Z"


def json_line(shown: Shown) -> str:
    """One line of JSON."""
    document: dict[str, Any] = {
        "time": time_text(shown.ts),
        "ts": shown.ts,
        "level": shown.level.name.lower(),
        "event": shown.event,
        "logger": shown.logger,
        **shown.fields,
    }
    if shown.trace:
        document["trace"] = shown.trace
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def human_line(shown: Shown, *, colour: bool = False) -> str:
    """One line for people; a traceback follows, indented. Control characters are written out."""
    fields = "".join(
        f" {name}={_quoted(value)}" for name, value in shown.fields.items() if value is not None
    )
    head = f"{time_text(shown.ts)[:-4]}Z {shown.level.name:<8} {shown.logger}: "
    event = printable(shown.event)
    if colour:
        event = f"\x1b[{_COLOURS[shown.level]}m{event}\x1b[0m"
    trace = "".join(f"\n    {printable(line)}" for line in shown.trace.splitlines())
    return f"{head}{event}{printable(fields)}{trace}\n"


def message(shown: Shown) -> str:
    """What journald shows: event and fields, without what has a field of its own there."""
    fields = "".join(
        f" {name}={_quoted(value)}" for name, value in shown.fields.items() if value is not None
    )
    return f"{shown.event}{fields}" + (f"\n{shown.trace}" if shown.trace else "")


def printable(text: str) -> str:
    """`text` without anything that a terminal would obey."""
    return text.translate(_CONTROL)


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text
