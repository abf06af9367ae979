"""`outcry init`: a project that replays at once."""

from argparse import Namespace

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console

_FILES = {
    "outcry.toml": "project.toml",
    "README.md": "project_readme.md",
    ".gitignore": "project_gitignore.txt",
    "strategies/__init__.py": "strategies_init.txt",
    "strategies/ema_trend.py": "strategy.txt",
    "tests/test_ema_trend.py": "strategy_test.txt",
}


def run(args: Namespace, console: Console) -> int:
    """Write the project and say what to type next."""
    from openoutcry.daemon.files import write_new
    from openoutcry.daemon.templates import fill

    folder = args.dir
    names = {"name": "ema_trend", "class": "EmaTrend"}
    written = write_new(folder, {name: fill(file, names) for name, file in _FILES.items()})
    steps = [
        f"cd {folder}",
        "outcry data synth data --days 35 --instrument BTCUSDT.SYNTH",
        "outcry check outcry.toml",
        "outcry replay outcry.toml --report report.html",
    ]
    if console.json:
        console.document({"written": [str(file) for file in written], "next": steps})
    else:
        listed = "\n".join(f"  {file}" for file in written)
        todo = "\n".join(f"  {step}" for step in steps)
        console.result(f"wrote\n{listed}\n\nnext\n{todo}")
    return 0


INIT = Command(
    name="init",
    summary="Write a project that replays at once",
    description=(
        "Writes a config, an example strategy with its test, a README and a .gitignore into DIR, "
        "and prints the commands that generate synthetic data and replay it. Needs no network. "
        "Nothing that exists is overwritten (exit 2)."
    ),
    options=(Option("DIR", "The folder of the project; it is made if need be.", path, "DIR"),),
    examples=(("outcry init lab", "Write the project into the folder lab."),),
    run=run,
)
