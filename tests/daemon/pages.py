"""Writes docs/reference/cli.md from the commands: `python -m tests.daemon.pages`."""

from pathlib import Path

from openoutcry.daemon.cli import overview
from openoutcry.daemon.commands import COMMANDS
from openoutcry.daemon.exit_codes import ExitCode

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"

_INTRO = """\
# The command line

Written from the program by `python -m tests.daemon.pages`; a test compares the two.

Results go to stdout, everything else to stderr. With `--json` stdout is one JSON document, for errors
too: `{"error": {"code": ..., "problems": [{"what": ..., "remedy": ...}]}}`. Colours and progress are for
terminals only; `NO_COLOR` and `--quiet` turn them off. An error is two lines, with a code that never
changes:

    error X1000: outcry.toml:12: venues[0].fees.takr: unknown key
    remedy: did you mean "taker"?

## Exit codes

| code | meaning |
|---|---|
"""


def cli_page() -> str:
    """The page as it should be."""
    codes = "".join(f"| {code.value} | {code.meaning} |\n" for code in ExitCode)
    parts = [f"## outcry {name}\n\n{_indented(c.help())}" for name, c in COMMANDS.items()]
    return _INTRO + codes + f"\n## outcry\n\n{_indented(overview())}\n" + "\n".join(parts)


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.rstrip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(cli_page(), encoding="utf-8")
