"""`outcry new`: files to start from."""

import keyword
import re
from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console


def module_name(text: str) -> str:
    """A module's name: lower-case letters, digits and `_`."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", text, re.ASCII) or keyword.iskeyword(text):
        raise ArgumentTypeError(f"{text!r} is no module name; write it like mean_reversion")
    return text


def run(args: Namespace, console: Console) -> int:
    """Write the strategy and its test."""
    from openoutcry.daemon.files import write_new
    from openoutcry.daemon.templates import fill

    name = args.name
    class_name = "".join(part.capitalize() for part in name.split("_"))
    names = {"name": name, "class": class_name}
    files = {
        f"strategies/{name}.py": fill("strategy.txt", names),
        f"tests/test_{name}.py": fill("strategy_test.txt", names),
    }
    package = "strategies/__init__.py"
    if not (args.dir / package).exists():
        files[package] = fill("strategies_init.txt", names)
    written = write_new(args.dir, files)
    section = (
        f'[[strategies]]\nid = "{name}"\ntype = "strategies.{name}:{class_name}"\n'
        f'params = {{ instrument = "BTCUSDT.SYNTH", size = "0.01" }}'
    )
    if console.json:
        console.document({"written": [str(file) for file in written], "config": section})
    else:
        listed = "\n".join(f"  {file}" for file in written)
        console.result(f"wrote\n{listed}\n\nadd to the config\n\n{section}")
    return 0


STRATEGY = Command(
    name="new strategy",
    summary="Write a strategy and its test to start from",
    description=(
        "Writes strategies/NAME.py and tests/test_NAME.py below the current folder and prints the "
        "config section that runs it. Nothing that exists is overwritten (exit 2)."
    ),
    options=(
        Option("NAME", "The module's name, like mean_reversion.", module_name, "NAME"),
        Option("--dir", "The project's folder.", path, "DIR", default=Path()),
    ),
    examples=(
        ("outcry new strategy mean_reversion", "Write the class MeanReversion and a passing test."),
    ),
    run=run,
)
