"""`outcry replay`: play recorded markets through the actor graph."""

from argparse import Namespace
from typing import TYPE_CHECKING

from openoutcry.daemon.command import Command, Option, UsageError, path, time_ns, whole
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode
from openoutcry.state.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from openoutcry.daemon.config_loader import LoadedConfig
    from openoutcry.replay.result import ReplayResult


def run(args: Namespace, console: Console) -> int:
    """Run a config over its catalog, write what was asked for, print the summary."""
    from openoutcry.daemon.config_loader import load
    from openoutcry.replay.result import to_json

    if args.from_ is not None and args.to is not None and args.from_ >= args.to:
        raise UsageError("--from is not before --to", remedy="the span is [--from, --to)")
    result = _play(load(args.config), args, console)
    _write(result, args, console)
    if console.json:
        console.result(to_json(result, detail=False).decode())
    else:
        from openoutcry.daemon.summary import summary

        console.result(summary(result, console))
    if result.interrupted:
        return ExitCode.INTERRUPTED
    return 0 if result.status == "complete" else ExitCode.CHECK_FAILED


def _play(loaded: "LoadedConfig", args: Namespace, console: Console) -> "ReplayResult":
    from openoutcry.daemon.interrupt import Interrupt
    from openoutcry.daemon.progress import Progress
    from openoutcry.daemon.strategy_checks import check_strategies
    from openoutcry.replay.engine import replay

    check_strategies(loaded)
    catalog = args.catalog or loaded.catalog
    if catalog is None:
        raise ConfigError(
            f"{loaded.path}: there is no catalog", remedy='add catalog = "PATH", or give --catalog'
        )
    progress = Progress(console.err) if console.live else None
    try:
        with Interrupt() as interrupted:
            return replay(
                loaded.config,
                catalog=catalog,
                start=args.from_,
                end=args.to,
                seed=args.seed,
                progress=progress,
                interrupted=interrupted,
            )
    finally:
        if progress is not None:
            progress.close()


def _write(result: "ReplayResult", args: Namespace, console: Console) -> None:
    from openoutcry.daemon.files import write_whole
    from openoutcry.replay.report import report_html
    from openoutcry.replay.result import to_json

    files: dict[Path, bytes] = {}
    if args.report is not None:
        files[args.report] = report_html(result).encode()
    if args.out is not None:
        files[args.out / "result.json"] = to_json(result)
        files[args.out / "report.html"] = report_html(result).encode()
    for file, data in files.items():
        write_whole(file, data)
        console.note(f"wrote {file}")


REPLAY = Command(
    name="replay",
    summary="Play recorded markets through strategies: a backtest",
    description=(
        "Runs the config's strategies, portfolio, risk and broker over the recorded data of its "
        "catalog, with simulated venues and simulated time. Two runs of the same config and data "
        "give the same result, byte for byte, apart from its measurement. Exit 3 when an actor "
        "failed on the way, 130 after Ctrl-C (the result up to then is printed)."
    ),
    options=(
        Option("CONFIG", "The config file (TOML).", path, "CONFIG"),
        Option("--from", "Start here instead of at the first data (UTC).", time_ns, "TIME"),
        Option("--to", "Stop before this time instead of after the last data.", time_ns, "TIME"),
        Option("--seed", "Instead of the config's run.seed.", whole, "N"),
        Option("--catalog", "Instead of the config's catalog.", path, "DIR"),
        Option("--report", "Write the report: one HTML file that needs nothing.", path, "FILE"),
        Option("--out", "Write result.json and report.html into this folder.", path, "DIR"),
    ),
    examples=(
        ("outcry replay outcry.toml", "Run it and print the summary."),
        (
            "outcry replay outcry.toml --from 2024-03-01 --to 2024-04-01 --report march.html",
            "One month, with a report.",
        ),
        (
            "outcry replay outcry.toml --json --out runs/1",
            "For programs: a JSON summary, and files.",
        ),
    ),
    run=run,
)
