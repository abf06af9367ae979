"""`outcry parity`: play a recorded session again, and compare all that it decided."""

from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

if TYPE_CHECKING:
    from openoutcry.replay.rerun import RerunResult
    from openoutcry.state.journal_reader import JournalReader
    from openoutcry.state.snapshots import Snapshot
    from openoutcry.state.tape_reader import TapeReader


def run(args: Namespace, console: Console) -> int:
    """Compare; exit 3 when something differs, or the tape has a hole."""
    from openoutcry.daemon import config_store
    from openoutcry.replay.parity import parity
    from openoutcry.state.catalog import Catalog
    from openoutcry.state.journal_reader import open_reader
    from openoutcry.state.tape_reader import TapeReader

    state = args.state_dir
    config = config_store.only(state)
    catalog, tape = Catalog(state / "tape" / "catalog"), TapeReader(state / "tape")
    reader = open_reader(state)
    try:
        snapshot = first_snapshot(state, reader) if reader.anchor.number else None
        result = parity(config, catalog.instruments(), catalog.calendars(), reader, tape, snapshot)
    finally:
        reader.store.close()
    return _say(result, tape, console)


def first_snapshot(state: Path, reader: "JournalReader") -> "Snapshot | None":
    """The oldest snapshot that a journal goes on from: nothing more of it can be played again."""
    from openoutcry.state.errors import JournalDamaged
    from openoutcry.state.snapshots import SnapshotStore, load

    for file in reversed(SnapshotStore(state).files()):
        with suppress(JournalDamaged):
            snapshot = load(file)
            if reader.holds(snapshot.position):
                return snapshot
    return None


def _say(result: "RerunResult", tape: "TapeReader", console: Console) -> int:
    holes = tape.holes()
    complete = not (result.missing or holes)
    same = result.divergence is None and complete
    differences = 0 if result.divergence is None else 1
    if console.json:
        console.document(
            {
                "same": same,
                "complete": complete,
                "orders": result.orders,
                "intents": result.intents,
                "records": result.records,
                "inputs": result.seq,
                "missing_inputs": result.missing,
                "holes": len(holes),
                "first_difference": str(result.divergence) if result.divergence else None,
            }
        )
        return 0 if same else ExitCode.CHECK_FAILED
    if result.divergence is not None and complete:
        console.result(f"parity: differs after {result.orders:,} equal orders")
        console.result(f"first difference: {result.divergence}")
    elif not complete:
        console.result(f"parity: incomplete: {_why(result, len(holes))}")
        console.result(f"the {result.orders:,} orders up to there are equal")
        if result.divergence is not None:
            console.note(f"from there on it differs: {result.divergence}")
    else:
        orders = f"{result.orders:,} live orders = {result.orders:,} replayed orders"
        console.result(f"parity: {orders}, {differences} differences")
        console.note(
            f"{result.records:,} records of {result.seq:,} inputs are equal, byte for byte"
        )
    return 0 if same else ExitCode.CHECK_FAILED


def _why(result: "RerunResult", holes: int) -> str:
    if result.missing:
        return f"the tape ends {result.missing:,} inputs before the journal"
    return f"the tape has {holes} holes"


PARITY = Command(
    name="parity",
    summary="Play a recorded session again and compare every decision",
    description=(
        "Feeds the tape, and the commands and reports in the journal, to a fresh copy of the session "
        "and compares all it decides with the journal, byte for byte, through restarts and crashes. "
        "Exit 3 when something differs or the tape has a hole: then it says `incomplete`, never "
        "`0 differences`. The daemon may be running."
    ),
    options=(Option("STATE_DIR", "The daemon's state directory.", path, "DIR"),),
    examples=(("outcry parity state/demo-paper", "Did it decide what a replay decides?"),),
    run=run,
)
