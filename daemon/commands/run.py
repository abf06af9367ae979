"""`outcry run`: trade, on paper unless told otherwise, until somebody says stop."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from openoutcry.daemon.command import Command, Option, path, whole
from openoutcry.daemon.console import Console

if TYPE_CHECKING:
    from openoutcry.daemon.startup import Daemon

SWITCH_S: Final = 0.0005
"""How long a busy thread keeps the others waiting: the core and the control socket share the interpreter."""


def run(args: Namespace, console: Console) -> int:
    """Start, say that it runs, and stay until a signal or an operator ends it."""
    from openoutcry.daemon.config_loader import load
    from openoutcry.daemon.runner import Runner
    from openoutcry.daemon.startup import RunOptions, Startup
    from openoutcry.daemon.strategy_checks import check_strategies

    sys.setswitchinterval(SWITCH_S)
    loaded = load(args.config)
    check_strategies(loaded)
    options = RunOptions(
        state_dir=args.state_dir,
        catalog=args.catalog,
        feed=args.feed,
        speed=args.speed,
        loop=args.loop or None,
        live=args.live,
    )
    daemon: Daemon = Startup(loaded, options, say=console.note).run()
    return Runner(daemon, console, until_end=args.until_end).run()


RUN = Command(
    name="run",
    summary="Run strategies around the clock, on paper unless told otherwise",
    description=(
        "Brings the session of the state directory back, or begins one, and trades until SIGTERM, "
        "Ctrl-C or `outcry stop`. Fills come from the same simulated venue as in a replay. Everything "
        "that happens is journaled before anything leaves, so that the process may be killed at any "
        "moment. The market is recorded: `outcry parity` plays the session again and compares."
    ),
    options=(
        Option("CONFIG", "The config file (TOML).", path, "CONFIG"),
        Option("--state-dir", "Instead of the config's daemon.state_dir.", path, "DIR"),
        Option("--catalog", "Instead of the config's catalog.", path, "DIR"),
        Option(
            "--feed",
            "Instead of the config's paper.feed.",
            metavar="FEED",
            choices=("tape", "synthetic", "live"),
        ),
        Option("--speed", "Times real time, for a tape.", whole, "N"),
        Option("--loop", "Play the tape again and again.", bool),
        Option("--until-end", "Stop when the tape has ended.", bool),
        Option("--live", "Trade real money: the config must say so, too.", bool),
    ),
    examples=(
        ("outcry run outcry.toml --feed tape --speed 50", "Paper trading on recorded data."),
        ("outcry run outcry.toml --feed synthetic", "Paper trading on an invented market."),
    ),
    run=run,
)
