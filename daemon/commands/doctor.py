"""`outcry doctor`: what would hurt trading here, each with what to do about it."""

from argparse import Namespace
from typing import TYPE_CHECKING

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from openoutcry.daemon.doctor.finding import Subject


def run(args: Namespace, console: Console) -> int:
    """Look, say, and end with 3 when something must be corrected first."""
    from openoutcry.daemon.doctor.finding import Weight
    from openoutcry.daemon.doctor.finding import run as examine
    from openoutcry.daemon.doctor.installation import CHECKS
    from openoutcry.daemon.doctor.probe import RealProbe

    findings = list(examine(CHECKS, RealProbe(), _subject(args)))
    bad = [f for f in findings if f.weight is Weight.ERROR]
    doubtful = [f for f in findings if f.weight is Weight.WARNING]
    if console.json:
        rows = [
            {"check": f.check, "weight": f.weight.value, "what": f.what, "remedy": f.remedy}
            for f in findings
        ]
        console.document({"ok": not bad, "findings": rows})
    else:
        styles = {Weight.OK: "green", Weight.WARNING: "yellow", Weight.ERROR: "red"}
        for f in findings:
            word = console.paint(f"{f.weight.value:<8}", styles.get(f.weight, "dim"))
            console.result(f"{word} {f.check}: {f.what}")
            if f.remedy:
                console.result(f"{'':<8} remedy: {f.remedy}")
        console.result(f"{len(bad)} errors, {len(doubtful)} warnings")
    return ExitCode.CHECK_FAILED if bad else 0


def _subject(args: Namespace) -> "Subject":
    import os

    from openoutcry.daemon.doctor.finding import Subject

    if args.config is None:
        return Subject(state_dir=_whole(args.state_dir), environ=os.environ)
    from openoutcry.daemon.config_loader import load

    loaded = load(args.config)
    return Subject(
        config=loaded.config,
        config_file=loaded.path.absolute(),
        catalog=loaded.catalog,
        state_dir=_whole(args.state_dir),
        environ=os.environ,
    )


def _whole(folder: "Path | None") -> "Path | None":
    return None if folder is None else folder.resolve()


DOCTOR = Command(
    name="doctor",
    summary="Say what on this machine would hurt trading",
    description=(
        "Looks at the clock, limits, memory, time zones and versions; with --config also at its catalog, "
        "credentials and ports; with --state-dir also at its disk (which it writes a few synced bytes "
        "to), permissions, lock and journal. Each finding comes with a remedy. Exit 3 when something "
        "must be corrected first; warnings leave 0."
    ),
    options=(
        Option("--config", "The config (TOML) that is going to run.", path, "CONFIG"),
        Option("--state-dir", "The state directory, also while a daemon runs.", path, "DIR"),
    ),
    examples=(
        ("outcry doctor", "The machine and the installation."),
        ("outcry doctor --config outcry.toml --state-dir state", "Everything, before going live."),
    ),
    run=run,
)
