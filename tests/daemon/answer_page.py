"""Writes docs/reference/answers.md from the structs: `python -m tests.daemon.answer_page`."""

import inspect
import re
from pathlib import Path

import msgspec

from openoutcry.daemon.control import book_views, effect_views, views

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "answers.md"
QUESTIONS = {
    "Status": "outcry status",
    "Positions": "outcry positions",
    "Orders": "outcry orders",
    "Fills": "outcry fills",
    "Balances": "outcry balances",
    "Strategies": "outcry strategies",
    "Risk": "outcry risk",
    "Why": "outcry why ORDER",
    "Preview": "--dry-run",
    "Done": "a command that was carried out",
}
_INTRO = """\
# The answers of a daemon

Written from the program by `python -m tests.daemon.answer_page`; a test compares the two. What a daemon answers over its
[control socket](control.md) as msgpack is what `--json` prints. Field names are stable: fields are added, never renamed.
Numbers are plain decimal texts without an exponent, amounts by currency are maps, times are nanoseconds since 1970 UTC and
spans nanoseconds. `null` is "not known" or "does not apply". Every answer begins with `mode`, `name`, `ts` and `seq`.

A command that was carried out prints `{"durable", "seq", "key", "done"}`, `--dry-run` `{"dry_run"}`, and a command that
changes nothing `{"nothing"}`, the last two with a `Preview`.

"""


def structs() -> list[type[msgspec.Struct]]:
    """Every struct of the answers, in the order of the modules."""
    found: dict[str, type[msgspec.Struct]] = {}
    for module in (views, book_views, effect_views):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, views.View) and name != "View":
                found.setdefault(name, value)
    return list(found.values())


def fields_of(struct: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    """The fields of a struct, without those that every answer begins with."""
    common = () if struct is views.Answer else views.Answer.__struct_fields__
    shared = common if issubclass(struct, views.Answer) else ()
    return [field for field in msgspec.structs.fields(struct) if field.name not in shared]


def page() -> str:
    """The page as it should be."""
    return _INTRO + "\n".join(map(_section, structs()))


def _section(struct: type[msgspec.Struct]) -> str:
    text = inspect.cleandoc(struct.__doc__ or "")  # from 3.13 on it is clean already
    about, _, listed = text.partition("\nArgs:\n")
    told = dict(re.findall(r"^    (\w+): ((?:.+\n?)(?:        .+\n?)*)", listed, re.MULTILINE))
    lines = [f"## `{struct.__name__}`", ""]
    if asked := QUESTIONS.get(struct.__name__):
        lines += [f"`{asked}`" if asked.startswith(("outcry", "--")) else asked.capitalize(), ""]
    lines += [" ".join(about.split()), "", "| field | type | is |", "|---|---|---|"]
    for field in fields_of(struct):
        is_ = " ".join(told.get(field.name, "").split())
        lines.append(f"| `{field.name}` | {_kind(field.type)} | {is_} |")
    return "\n".join(lines) + "\n"


def _kind(kind: object) -> str:
    """A type in the words of JSON."""
    text = kind.__name__ if isinstance(kind, type) and "[" not in str(kind) else str(kind)
    for pattern, word in (
        (r"[\w.]+\.control\.\w+\.", ""), (r"typing\.Literal\[([^\]]*)\]", r"\1"),
        (r"tuple\[(\w+), \.\.\.\]", r"list of \1"), (r"dict\[str, str\]", "map of texts"),
        (r"dict\[str, int\]", "map of numbers"), (r"\bstr\b", "text"), (r"\bint\b", "number"),
        (r"\bbool\b", "true or false"), (r"\bNone\b", "null"), (r" \| ", " or "), (r"'", "`"),
    ):  # fmt: skip
        text = re.sub(pattern, word, text)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
