"""`outcry check`: everything that can be known of a config without running it."""

from argparse import Namespace
from typing import TYPE_CHECKING

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console

if TYPE_CHECKING:
    from pathlib import Path

    from openoutcry.daemon.config_loader import LoadedConfig


def run(args: Namespace, console: Console) -> int:
    """Load the config, its strategies and its catalog; say what it would run."""
    from openoutcry.daemon.config_loader import load

    loaded = load(args.config)
    from openoutcry.daemon.strategy_checks import check_strategies, suspects_of

    classes = check_strategies(loaded)
    catalog = args.catalog or loaded.catalog
    if catalog is None:
        console.note("there is no catalog in the config, so its data was not checked")
    else:
        _check_with_data(loaded, catalog)
    suspects = [s for strategy in dict.fromkeys(classes) for s in suspects_of(strategy)]
    for suspect in suspects:
        console.note(f"{console.paint('warning', 'yellow', console.err)}: {suspect}")
        console.note(f"remedy: {suspect.remedy}")
    config = loaded.config
    if console.json:
        warnings = [{"what": str(s), "remedy": s.remedy} for s in suspects]
        console.document(
            {
                "config": str(loaded.path),
                "ok": True,
                "name": config.run.name,
                "mode": config.run.mode.value,
                "strategies": [s.id for s in config.strategies],
                "instruments": [f.instrument for f in config.feeds],
                "warnings": warnings,
            }
        )
        return 0
    strategies = ", ".join(f"{s.id} ({s.type})" for s in config.strategies)
    feeds = ", ".join(f"{f.instrument} ({' '.join(f.kinds)})" for f in config.feeds)
    console.result(f"{loaded.path}: ok, {config.run.mode.value}")
    console.result(f"strategies: {strategies}\nfeeds: {feeds}")
    return 0


def _check_with_data(loaded: "LoadedConfig", folder: "Path") -> None:
    """Compare with the catalog, and wire the whole graph without playing anything.

    Raises:
        ConfigError: Data that is not there, or a strategy that cannot be set up with it.
    """
    from openoutcry.daemon.config_checks import check_data
    from openoutcry.replay.session import ReplaySession
    from openoutcry.state.catalog import Catalog

    catalog = Catalog(folder)
    instruments = catalog.instruments()
    streams = [(s.instrument, s.kind, s.bar) for s in catalog.ls()]
    loaded.refuse(check_data(loaded.config, [i.id for i in instruments], streams))
    calendars = catalog.calendars()
    ready = ReplaySession(loaded.config, instruments, lambda *_: (), calendars=calendars, end=0)
    ready.graph.close()


CHECK = Command(
    name="check",
    summary="Say what is wrong with a config, without running it",
    description=(
        "Loads the config, imports its strategies, checks their parameters and that the catalog has "
        "the data, and wires every actor without playing anything. All mistakes are listed at once, each with file, line, key and remedy "
        "(exit 78). Strategies that reach for a clock, randomness, threads, files or the network "
        "get a warning."
    ),
    options=(
        Option("CONFIG", "The config file (TOML).", path, "CONFIG"),
        Option("--catalog", "Instead of the config's catalog.", path, "DIR"),
    ),
    examples=(
        ("outcry check outcry.toml", "Exit 0 when the config can run, 78 when it cannot."),
        ("outcry check outcry.toml --json", "The same as one JSON document."),
    ),
    run=run,
)
