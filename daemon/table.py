"""Tables for a terminal: as wide as it is, the least important columns left out first."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_GAP = 2
_NARROWEST = 6
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PARTS = re.compile(r"\x1b\[[0-9;]*m|.")


class Column(NamedTuple):
    """A column of a table.

    Args:
        title: Its head, in lower case.
        right: Whether it is set to the right, as numbers are.
        spare: Columns with a greater number are left out first where room is short; 0 never is.
    """

    title: str
    right: bool = False
    spare: int = 0


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None
) -> list[str]:
    """The lines of a table, its head first.

    Args:
        columns: Its columns.
        rows: A text for each column.
        width: Most characters of a line; None does not care.
    """
    shown = list(range(len(columns)))
    widths = [
        max([len(column.title), *(len(row[at]) for row in rows)])
        for at, column in enumerate(columns)
    ]
    if width is not None:
        _fit(columns, shown, widths, width)
    lines = [[column.title.upper() for column in columns], *rows]
    return [
        (" " * _GAP).join(_cell(line[at], widths[at], columns[at].right) for at in shown).rstrip()
        for line in lines
    ]


def clip(line: str, width: int | None) -> str:
    """A line that is no wider than the terminal; colours take no room."""
    if width is None or len(_COLOUR.sub("", line)) <= width:
        return line
    left, parts = width - 1, []
    for part in _PARTS.findall(line):
        if not part.startswith("\x1b"):
            if not left:
                continue
            left -= 1
        parts.append(part)
    return "".join(parts) + "…"


def _fit(columns: Sequence[Column], shown: list[int], widths: list[int], width: int) -> None:
    """Leave columns out, then shorten the widest texts, until a line fits."""

    def total() -> int:
        return sum(widths[at] for at in shown) + _GAP * (len(shown) - 1)

    while total() > width and any(columns[at].spare for at in shown):
        shown.remove(max(shown, key=lambda at: columns[at].spare))
    while total() > width:
        texts = [at for at in shown if not columns[at].right and widths[at] > _NARROWEST]
        if not texts:
            return
        widest = max(texts, key=lambda at: widths[at])
        widths[widest] -= 1


def _cell(text: str, width: int, right: bool) -> str:
    if len(text) > width:
        text = text[: width - 1] + "…"
    return text.rjust(width) if right else text.ljust(width)
