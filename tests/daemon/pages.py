"""Writes docs/reference/cli.md from the commands: `python -m tests.daemon.pages`.

What the verbs of a running daemon print is what they print for a session that is stopped half way.
"""

import contextlib
import io
import os
import shlex
from pathlib import Path
from unittest import mock

from openoutcry.daemon import cli
from openoutcry.daemon.cli import overview
from openoutcry.daemon.commands import COMMANDS
from openoutcry.daemon.control import connect
from openoutcry.daemon.control.protocol import Halt
from openoutcry.daemon.exit_codes import ExitCode
from tests.daemon.played import LIMITED, PlayedDaemon, after, made

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"

SHOWN = {
    "status": "outcry status",
    "positions": "outcry positions",
    "orders": "outcry orders --all",
    "fills": "outcry fills --last 2",
    "balances": "outcry balances",
    "strategies": "outcry strategies",
    "risk": "outcry risk",
    "why": "outcry why 1-1",
    "tail": "outcry tail --after 0 --count 4",
    "halt": 'outcry halt --strategy trend --reason "strange fills"',
    "resume": "outcry resume --dry-run",
    "pause": "outcry pause trend --yes",
    "cancel-all": "outcry cancel-all --dry-run",
    "flatten": "outcry flatten --strategy trend --dry-run",
    "order": "outcry order buy 0.01 BTCUSDT-PERP.SIM --limit 109 --yes",
    "cancel": "outcry cancel 1-2 --yes",
    "set-limit": "outcry set-limit max_position 5 --instrument BTCUSDT-PERP.SIM --yes",
    "reload": "outcry reload --dry-run",
    "snapshot": "outcry snapshot",
    "stop": "outcry stop --policy cancel --dry-run",
}
"""What each verb of a running daemon is shown with."""
PLANS = {
    "trend": {"2": "buy 1", "5": "buy 2 96.00"},
    "maker": {"3": "sell 0.5", "4": "sell 1 118.00"},
}

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
    parts = [
        f"## outcry {name}\n\n{_indented(c.help())}" + example(name) for name, c in COMMANDS.items()
    ]
    return _INTRO + codes + f"\n## outcry\n\n{_indented(overview())}\n" + "\n".join(parts)


def example(name: str) -> str:
    """What a verb prints; nothing for the commands that speak to no daemon."""
    line = SHOWN.get(name)
    if line is None:
        return ""
    return f"\nIt prints:\n\n    $ {line}\n{_indented(printed(line))}"


def printed(line: str) -> str:
    """The stdout of a command line that speaks to a daemon, on a terminal of 80 columns."""
    ready = after(made(PLANS, risk=LIMITED), 30)
    daemon = PlayedDaemon(ready, name="main")
    daemon.new_config = ready.graph.config
    if line.startswith("outcry resume"):
        daemon.command(Halt(key="0" * 32, reason="strange fills"))
    daemon.publish()
    out = io.StringIO()
    with (
        mock.patch.object(connect, "connect", return_value=daemon),
        mock.patch.dict(os.environ, {"COLUMNS": "80"}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        cli.main(shlex.split(line)[1:])
    ready.graph.close()
    return out.getvalue()


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.rstrip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(cli_page(), encoding="utf-8")
