"""`outcry bugreport`: an archive for whoever is to find out what happened."""

from argparse import Namespace
from pathlib import Path

from openoutcry.daemon.command import Command, Option, path, whole
from openoutcry.daemon.console import Console


def run(args: Namespace, console: Console) -> int:
    """Collect, say what it is, and write it if asked to."""
    import os

    from openoutcry.daemon.bugreport.collect import Wish, collect, known_secrets
    from openoutcry.daemon.bugreport.entry import Entry, Missing, of_text, write_archive
    from openoutcry.daemon.config_loader import load
    from openoutcry.daemon.doctor.probe import RealProbe

    wish = Wish(
        state_dir=args.state_dir,
        loaded=None if args.config is None else load(args.config),
        last=args.last,
        with_slice=not args.no_slice,
        environ=os.environ,
    )
    masker = known_secrets(wish)
    found = list(collect(wish, RealProbe(), masker))
    entries = [each for each in found if isinstance(each, Entry)]
    missing = [each for each in found if isinstance(each, Missing)]
    listing = [f"{len(e.data):>12,}  {e.name}: {e.what}{_blanked(e.changed)}" for e in entries]
    listing += [f"{'-':>12}  {m.name}: missing, {m.why}" for m in missing]
    for line in listing:
        console.note(line)
    written: Path | None = None
    if args.yes:
        text = "\n".join(listing) + "\n"
        contents = of_text("CONTENTS.txt", "this list", text, masker)
        size = write_archive(args.out, [contents, *entries])
        written = args.out
        said = f"{args.out}: {size:,} bytes, for its owner only; it holds positions and orders"
    else:
        said = "nothing was written: look at the list, then add --yes"
    if console.json:
        rows = [
            {"name": e.name, "bytes": len(e.data), "what": e.what, "blanked": e.changed}
            for e in entries
        ]
        gone = [{"name": m.name, "why": m.why} for m in missing]
        file = None if written is None else str(written)
        console.document({"file": file, "entries": rows, "missing": gone})
    else:
        console.result(said)
    return 0


def _blanked(changed: bool) -> str:
    return " (something was blanked)" if changed else ""


BUGREPORT = Command(
    name="bugreport",
    summary="Collect what somebody else needs to find a fault",
    description=(
        "Lists what a report would hold: versions, config, findings of the doctor, alerts, the end of log "
        "and journal, metrics of a running daemon, and a slice of journal, snapshots and tape that can be "
        "played again: unpack it, then `outcry parity openoutcry-report/slice`. Secrets are blanked; positions and orders are not. With --yes it writes "
        "the list and the files into an archive that only its owner may read."
    ),
    options=(
        Option("STATE_DIR", "The state directory, also while a daemon runs.", path, "STATE_DIR"),
        Option("--config", "Its config: names its secrets, log and metrics.", path, "CONFIG"),
        Option("--last", "Inputs that the slice reaches back.", whole, "N", default=100_000),
        Option("--no-slice", "Leave journal slice and tape out.", bool),
        Option("--out", "The archive.", path, "FILE", default=Path("openoutcry-report.tar.gz")),
        Option("--yes", "Write it.", bool),
    ),
    examples=(
        ("outcry bugreport state --config outcry.toml", "See what would be in it."),
        ("outcry bugreport state --config outcry.toml --last 5000 --yes", "Write it."),
    ),
    run=run,
)
