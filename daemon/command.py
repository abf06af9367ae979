"""What a command of `outcry` is: declared options, from which parser, help and docs are made.

Parsing is `argparse`, which costs 10 ms at start where the richer libraries cost 60 and more; help
is rendered here, so that it is the same text on every Python version.
"""

import argparse
import difflib
import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from openoutcry.daemon.exit_codes import ExitCode
from openoutcry.state.errors import OutcryError

if TYPE_CHECKING:
    from openoutcry.daemon.console import Console

_WIDTH = 96


class UsageError(OutcryError):
    """A command line that cannot be understood, or that would overwrite something."""

    code = "X0001"
    exit_code = ExitCode.USAGE


class Option(NamedTuple):
    """An option (`--report`) or a positional argument (`CONFIG`).

    Args:
        flag: As it is typed; a positional argument in capitals.
        help: What it does, in one sentence.
        kind: Makes the value of the text; `bool` for a switch.
        metavar: How the value is shown in help.
        choices: The allowed words, if they are few.
        repeat: May be given several times; the value is a list.
        required: For options; positional arguments always are.
        default: The value when it is not given.
    """

    flag: str
    help: str
    kind: Callable[[str], Any] = str
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    repeat: bool = False
    required: bool = False
    default: Any = None

    @property
    def dest(self) -> str:
        """Name of the value in the parsed arguments: `--from` is `from_`."""
        name = self.flag.lstrip("-").replace("-", "_").lower()
        return f"{name}_" if name in {"from", "import"} else name

    @property
    def positional(self) -> bool:
        """Whether it is given by position."""
        return not self.flag.startswith("-")

    @property
    def usage(self) -> str:
        """How it is typed: `--report FILE`."""
        return self.flag if self.positional or self.kind is bool else f"{self.flag} {self.metavar}"


COMMON = (
    Option("--json", "One JSON document on stdout, for errors too.", bool),
    Option("--quiet", "No progress and no remarks on stderr.", bool),
    Option("--debug", "Show the traceback of an unexpected error.", bool),
    Option("--help", "Show this help.", bool),
)


class Command(NamedTuple):
    """A command: what it is called, takes, does and prints.

    `run` gets the parsed arguments and the console and returns an exit code.
    """

    name: str
    summary: str
    description: str
    options: tuple[Option, ...]
    examples: tuple[tuple[str, str], ...]
    run: Callable[[argparse.Namespace, "Console"], int]

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The values of a command line.

        Raises:
            UsageError: It does not fit the options; the remedy names the nearest one.
        """
        parser = _Parser(self)
        parsed, rest = parser.parse_known_args(arguments)
        if rest:
            raise self.unknown(rest[0])
        return parsed

    def unknown(self, word: str) -> UsageError:
        """What to say about an argument that the command does not have."""
        flags = [o.flag for o in (*self.options, *COMMON) if not o.positional]
        near = difflib.get_close_matches(word.partition("=")[0], flags, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        what = "option" if word.startswith("-") else "argument"
        remedy = f"{hint}run `outcry {self.name} --help`"
        return UsageError(f"outcry {self.name} has no {what} {word}", remedy=remedy)

    def help(self) -> str:
        """The help text, the same on every version and terminal."""
        positional = [o for o in self.options if o.positional]
        optional = [o for o in self.options if not o.positional]
        must = "".join(f" {o.usage}" for o in optional if o.required)
        words = "".join(f" {o.flag}" for o in positional)
        lines = [f"usage: outcry {self.name}{words}{must} [OPTIONS]", ""]
        lines += [*textwrap.wrap(self.description, _WIDTH), ""]
        for title, options in (("arguments", positional), ("options", [*optional, *COMMON])):
            if options:
                lines += [f"{title}:", *_table(options), ""]
        lines.append("examples:")
        for command, what in self.examples:
            lines += [f"  {command}", f"      {what}"]
        return "\n".join(lines) + "\n"


class _Parser(argparse.ArgumentParser):
    def __init__(self, command: Command) -> None:
        super().__init__(prog=f"outcry {command.name}", add_help=False, allow_abbrev=False)
        self.command = command
        for option in (*command.options, *COMMON):
            self.add(option)

    def add(self, option: Option) -> None:
        """Declare an option."""
        extra: dict[str, Any] = {} if option.positional else {"dest": option.dest}
        if option.kind is bool:
            self.add_argument(option.flag, action="store_true", **extra)
            return
        if option.required:
            extra["required"] = True
        if option.choices:
            extra["choices"] = option.choices
        if option.repeat:
            extra["action"] = "append"
        where = option.dest if option.positional else option.flag
        extra |= {"type": option.kind, "metavar": option.metavar, "default": option.default}
        self.add_argument(where, **extra)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, remedy=f"run `outcry {self.command.name} --help`")


def _table(options: Sequence[Option]) -> list[str]:
    width = max(len(o.usage) for o in options) + 2
    lines = []
    for option in options:
        text = option.help
        if option.choices:
            text += f" One of {', '.join(option.choices)}."
        if option.repeat:
            text += " May be given several times."
        if option.default is not None:
            text += f" Default: {option.default}."
        first, *more = textwrap.wrap(text, _WIDTH - width - 2)
        lines.append(f"  {option.usage.ljust(width)}{first}")
        lines += [" " * (width + 2) + line for line in more]
    return lines


def time_ns(text: str) -> int:
    """Nanoseconds of `2024-08-08` or `2024-08-08T10:00:00Z`; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write 2024-08-08 or 2024-08-08T10:00:00Z"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def whole(text: str) -> int:
    """A non-negative whole number below 2^63."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def path(text: str) -> Path:
    """A path; `~` is the home folder."""
    return Path(text).expanduser()
