"""`outcry run`: trade, on paper unless told otherwise, until somebody says stop."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from openoutcry.daemon.command import Command, Option, path, whole
from openoutcry.daemon.console import Console

if TYPE_CHECKING:
    from openoutcry.daemon.parts import Daemon
    from openoutcry.daemon.startup import RunOptions
    from openoutcry.state.journal import LmdbJournal

SWITCH_S: Final = 0.0005
"""How long a busy thread keeps the others waiting: the core and the control socket share the interpreter."""


def run(args: Namespace, console: Console) -> int:
    """Start, say that it runs, and stay until a signal or an operator ends it."""
    import time
    from dataclasses import replace

    from openoutcry.daemon.config_loader import load
    from openoutcry.daemon.heartbeat import Patience
    from openoutcry.daemon.notify import Notifier
    from openoutcry.daemon.runner import Runner
    from openoutcry.daemon.signals import Signals, StoppedEarly
    from openoutcry.daemon.startup import Startup
    from openoutcry.daemon.strategy_checks import check_strategies
    from openoutcry.daemon.watch import Watch
    from openoutcry.state.errors import OutcryError

    sys.setswitchinterval(SWITCH_S)
    notifier = Notifier.from_environment()
    with Signals() as signals, Watch() as watch:
        try:
            loaded = load(args.config)
            check_strategies(loaded)
            mode = "LIVE" if args.live else "PAPER"
            prefix = f"{mode} {loaded.config.run.name}"
            patience = Patience(notifier, prefix, time.monotonic_ns)

            def say(text: str) -> None:
                console.note(text)
                patience.step(text)

            def progress(text: str) -> None:
                patience.progress(text)
                watch.progress(text)

            def opened(journal: "LmdbJournal") -> None:
                watch.open(replace(loaded, config=starting.config), journal, starting.state_dir)

            starting = Startup(loaded, _options(args), say=say, progress=progress, opened=opened)
            daemon: Daemon = starting.run()
            watcher = watch.begin(daemon)
            runner = Runner(
                daemon, console, signals, notifier, watcher=watcher, until_end=args.until_end
            )
            signals.arm()
        except OutcryError as error:
            notifier.status(f"{error.code}: {error.message}")
            raise
        except StoppedEarly:
            console.note("stopped before the session was back; nothing has changed")
            return 0
        return runner.run()


def _options(args: Namespace) -> "RunOptions":
    from openoutcry.daemon.startup import RunOptions

    return RunOptions(
        state_dir=args.state_dir,
        catalog=args.catalog,
        feed=args.feed,
        speed=args.speed,
        loop=args.loop or None,
        live=args.live,
    )


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
