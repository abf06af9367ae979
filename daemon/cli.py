"""`outcry`: finds the command, runs it, and turns every ending into a message and an exit code.

Exit codes stand in `exit_codes.py`. Nothing heavy is imported before a command needs it.
"""

import difflib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence

from openoutcry.daemon.command import Command, UsageError
from openoutcry.daemon.commands import COMMANDS
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode
from openoutcry.state.errors import OutcryError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit code. Never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = words[: words.index("--")] if "--" in words else words
    console = Console.standard()
    console.json, console.quiet, console.debug = (
        flag in options for flag in ("--json", "--quiet", "--debug")
    )
    console.mask = _masked
    try:
        code = _run(words, options, console)
        console.out.flush()
    except OutcryError as error:
        console.error(error)
        code = error.exit_code
    except KeyboardInterrupt:
        console.note("interrupted")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # stdout must stay open for the interpreter's own flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.READER_GONE
    except Exception as error:  # noqa: BLE001 - the edge of the process: nobody else reports it
        _report_crash(error, console)
        code = ExitCode.UNEXPECTED
    return int(code)


def _run(words: Sequence[str], options: Sequence[str], console: Console) -> int:
    wants_help = "--help" in options or "-h" in options
    if not words or words[0] in {"--help", "-h", "help"}:
        console.result(overview())
        return 0 if words else ExitCode.USAGE
    if words[0] in {"--version", "-V", "version"}:
        console.result(f"outcry {_version()}")
        return 0
    command, rest = _find(words)
    if command is None:
        console.result(_group_help(words[0]))
        return 0 if wants_help else ExitCode.USAGE
    if wants_help:
        console.result(command.help())
        return 0
    return command.run(command.parse(rest), console)


def _find(words: Sequence[str]) -> tuple[Command | None, Sequence[str]]:
    """The command that the first words name; None for the bare name of a group."""
    for length in (2, 1):
        command = COMMANDS.get(" ".join(words[:length]))
        if command is not None:
            return command, words[length:]
    group = [name for name in COMMANDS if name.startswith(f"{words[0]} ")]
    if group and (len(words) == 1 or words[1].startswith("-")):
        return None, ()
    tried = " ".join(words[:2]) if group else words[0]
    near = difflib.get_close_matches(tried, group or _first_words(), n=1)
    hint = f"did you mean `outcry {near[0]}`? " if near else ""
    raise UsageError(f"there is no command {tried!r}", remedy=f"{hint}run `outcry --help`")


def _first_words() -> list[str]:
    return list(dict.fromkeys(name.split()[0] for name in COMMANDS))


def overview() -> str:
    """The help of `outcry` itself."""
    width = max(map(len, COMMANDS)) + 2
    commands = "\n".join(f"  {name.ljust(width)}{c.summary}" for name, c in COMMANDS.items())
    return _OVERVIEW.format(commands=commands)


def _group_help(word: str) -> str:
    group = {name: c for name, c in COMMANDS.items() if name.startswith(f"{word} ")}
    width = max(map(len, group)) + 2
    lines = [f"  {name.ljust(width)}{c.summary}" for name, c in group.items()]
    return f"usage: outcry {word} COMMAND [OPTIONS]\n\n" + "\n".join(lines)


def _report_crash(error: Exception, console: Console) -> None:
    what = f"unexpected {type(error).__name__}: {error}".splitlines()[0]
    if console.debug:
        console.err.write(_masked("".join(traceback.format_exception(error))))
        remedy = "this is a fault of openoutcry or of a strategy; the traceback stands above"
    else:
        with tempfile.NamedTemporaryFile(
            "w", prefix="outcry-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(_masked("".join(traceback.format_exception(error))))
        remedy = f"the traceback is in {file.name}; --debug shows it at once"
    console.error(UnexpectedError(what, remedy=remedy))


def _masked(text: str) -> str:
    """Without secrets, if this process has loaded any."""
    masking = sys.modules.get("openoutcry.daemon.masking")
    return text if masking is None else str(masking.PROCESS.text(text))


class UnexpectedError(OutcryError):
    """An exception that nobody foresaw."""

    code = "X0002"


def _version() -> str:
    from openoutcry import __version__

    return __version__


_OVERVIEW = """\
usage: outcry COMMAND [OPTIONS]

Backtest, paper and live trading with one actor graph. This version replays recorded
markets and trades on paper.

commands:
{commands}

options:
  --help      Show this help; `outcry COMMAND --help` shows a command's.
  --version   Show the version.

examples:
  outcry init lab
      Write a project into the folder lab; the commands to run it are printed.
  outcry replay lab/outcry.toml --report report.html
      Play the recorded market and write a report.
"""
