"""Where a command writes: results to stdout, everything else to stderr."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

from openoutcry.state.errors import OutcryError

_STYLES = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "1;37;44",  # white on blue
    "alarm": "1;37;41",  # white on red
    "bold": "1",
    "dim": "2",
}


@dataclass
class Console:
    """The two streams of a command, and what its user wants of them."""

    out: TextIO
    err: TextIO
    json: bool = False
    quiet: bool = False
    debug: bool = False
    mask: Callable[[str], str] = str  # leaves a text as it is

    @classmethod
    def standard(cls) -> "Console":
        """The process's own streams."""
        return cls(sys.stdout, sys.stderr)

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal that may be drawn on."""
        return self.err.isatty() and not self.quiet and os.environ.get("TERM") != "dumb"

    @property
    def colours(self) -> bool:
        """Whether stdout is a terminal that wants colours."""
        return self.out.isatty() and not os.environ.get("NO_COLOR")

    @property
    def width(self) -> int | None:
        """Characters in a line of stdout; None when it is no terminal, and `COLUMNS` does not say."""
        if self.out.isatty() or os.environ.get("COLUMNS"):
            return shutil.get_terminal_size().columns
        return None

    def result(self, text: str) -> None:
        """Print a result for people."""
        self.out.write(self.mask(text if text.endswith("\n") else text + "\n"))

    def document(self, document: Any) -> None:
        """Print a result for programs: one JSON document."""
        self.out.write(self.mask(json.dumps(document, ensure_ascii=False)) + "\n")

    def note(self, text: str) -> None:
        """Say something in passing."""
        if not self.quiet:
            self.err.write(self.mask(text) + "\n")

    def error(self, error: OutcryError) -> None:
        """Say what went wrong and what to do: one pair of lines for each problem."""
        found = problems(error)
        for what, remedy in found:
            word = self.paint("error", "red", self.err)
            self.err.write(self.mask(f"{word} {error.code}: {what}\nremedy: {remedy}\n"))
        if self.json:
            listed = [{"what": what, "remedy": remedy} for what, remedy in found]
            self.document({"error": {"code": error.code, "problems": listed}})

    def paint(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """`text` in a colour or weight, if the stream (stdout) is a terminal that wants colours."""
        if not (stream or self.out).isatty() or os.environ.get("NO_COLOR"):
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def problems(error: OutcryError) -> list[tuple[str, str]]:
    """What is wrong and what to do about it; several for an error that lists several."""
    listed = getattr(error, "problems", None)
    if listed:
        return [(str(problem), problem.remedy) for problem in listed]
    return [(error.message, error.remedy)]
