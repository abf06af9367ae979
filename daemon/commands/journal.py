"""`outcry journal verify|show|tail|export|compact`, `outcry backup`, `outcry restore`."""

import os
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from openoutcry.daemon.command import Command, Option, UsageError, path, whole
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

if TYPE_CHECKING:
    from openoutcry.state.journal_reader import JournalReader, JournalRecord

_POLL_S: Final = 0.2


def run_verify(args: Namespace, console: Console) -> int:
    """Check a journal: exit 3 when it does not hold what was written."""
    from openoutcry.state.journal_admin import verify

    report = verify(args.state_dir)
    last = report.last
    if console.json:
        meta = report.meta
        console.document(
            {
                "ok": not report.problems,
                "records": report.records,
                "first": report.first.number + 1 if report.first else None,
                "last": last.number if last else None,
                "seq": last.seq if last else None,
                "hash": last.hash.hex() if last else None,
                "mode": meta.mode if meta else None,
                "epoch": f"{meta.epoch:012x}" if meta else None,
                "problems": report.problems,
            }
        )
    else:
        for problem in report.problems:
            console.result(f"{console.paint('error', 'red')} {problem}")
        end = f", up to input {last.seq:,}, {last.hash.hex()}" if last else ""
        word = f"{len(report.problems)} errors" if report.problems else "whole"
        console.result(f"{args.state_dir}: {word}, {report.records:,} records{end}")
    return ExitCode.CHECK_FAILED if report.problems else 0


def run_show(args: Namespace, console: Console) -> int:
    """Print records from an input on."""
    from openoutcry.state.journal_reader import open_reader

    reader = open_reader(args.state_dir)
    try:
        for count, record in enumerate(reader.records(args.from_)):
            if count == args.limit:
                break
            _print(record, console)
    finally:
        reader.store.close()
    return 0


def run_tail(args: Namespace, console: Console) -> int:
    """Print the last records, and go on with those that come."""
    from openoutcry.state.journal_reader import open_reader

    reader = open_reader(args.state_dir)
    try:
        for record in _followed(reader, args.lines, follow=args.follow):
            _print(record, console)
            if args.follow:
                console.out.flush()
    finally:
        reader.store.close()
    return 0


def _followed(reader: "JournalReader", lines: int, *, follow: bool) -> Iterator["JournalRecord"]:
    place = reader.last(lines)
    while True:
        number = place.number
        for record in reader.after(place):
            number = record.number
            yield record
        if not follow:
            return
        place = reader.at(number)
        time.sleep(_POLL_S)


def run_export(args: Namespace, console: Console) -> int:
    """Write records as JSON lines."""
    from openoutcry.state.journal_reader import open_reader

    _must_not_exist(args.out)
    reader = open_reader(args.state_dir)
    count = 0
    try:
        part = args.out.with_name(f".{args.out.name}.part")
        with part.open("wb") as file:
            for record in reader.records(args.from_):
                file.write(record.json_line() + b"\n")
                count += 1
        part.replace(args.out)
    except OSError as error:
        raise UsageError(
            f"cannot write {args.out}: {error.strerror}",
            remedy="choose a place that can be written to",
        ) from error
    finally:
        reader.store.close()
    _say(console, {"records": count, "file": str(args.out)}, f"{count:,} records in {args.out}")
    return 0


def run_compact(args: Namespace, console: Console) -> int:
    """Drop what no snapshot needs."""
    from openoutcry.state.journal_admin import compact

    done = compact(args.state_dir)
    document = {
        "dropped": done.dropped,
        "first": done.anchor.number + 1,
        "bytes_before": done.bytes_before,
        "bytes_after": done.bytes_after,
    }
    sizes = f"{done.bytes_before / 1e6:.1f} MB, now {done.bytes_after / 1e6:.1f} MB"
    _say(console, document, f"{done.dropped:,} records dropped; the file had {sizes}")
    return 0


def run_backup(args: Namespace, console: Console) -> int:
    """Write a backup."""
    from openoutcry.state.journal_admin import back_up

    _must_not_exist(args.out)
    made = back_up(args.state_dir, args.out)
    document = {
        "backup": str(args.out),
        "records": made.records,
        "seq": made.seq,
        "snapshots": made.snapshots,
    }
    what = f"{made.records:,} records up to input {made.seq:,}, {len(made.snapshots)} snapshots"
    _say(console, document, f"{args.out}: {what}, verified")
    return 0


def run_restore(args: Namespace, console: Console) -> int:
    """Make a state directory of a backup."""
    from openoutcry.state.journal_admin import restore

    _must_not_exist(args.state_dir)
    made = restore(args.backup, args.state_dir)
    document = {"state_dir": str(args.state_dir), "records": made.records, "seq": made.seq}
    text = (
        f"{args.state_dir}: {made.records:,} records up to input {made.seq:,}, with a new epoch for "
        f"order ids; what happened after the backup is known to the venues only"
    )
    _say(console, document, text)
    return 0


def _must_not_exist(place: Path) -> None:
    if os.path.lexists(place):
        raise UsageError(f"{place} exists", remedy="name a place that does not exist yet")


def _print(record: "JournalRecord", console: Console) -> None:
    console.result(record.json_line().decode())


def _say(console: Console, document: object, text: str) -> None:
    if console.json:
        console.document(document)
    else:
        console.result(text)


_STATE = Option("STATE_DIR", "The state directory of a paper or live daemon.", path, "STATE_DIR")
_FROM = Option("--from", "First input (sequence number).", whole, "SEQ", default=0)

VERIFY = Command(
    name="journal verify",
    summary="Check that a journal holds what was written",
    description=(
        "Walks the file's structure without LMDB, then follows the chain of records: number, sequence, "
        "checksum, hash of the record before, decoding. Exit 3 when something is wrong. While a daemon "
        "runs, a consistent copy is checked."
    ),
    options=(_STATE,),
    examples=(("outcry journal verify state", "Check the journal in the folder state."),),
    run=run_verify,
)
SHOW = Command(
    name="journal show",
    summary="Print records of a journal",
    description="One JSON document per line: number, sequence number of the input, message.",
    options=(_STATE, _FROM, Option("--limit", "Most records.", whole, "N", default=100)),
    examples=(
        ("outcry journal show state --from 5000 --limit 10", "Ten records from input 5000."),
    ),
    run=run_show,
)
TAIL = Command(
    name="journal tail",
    summary="Print the last records of a journal",
    description="As `outcry journal show`, from the end; with --follow also what is written from now on.",
    options=(
        _STATE,
        Option("--lines", "How many.", whole, "N", default=10),
        Option("--follow", "Wait for more; Ctrl-C ends it.", bool),
    ),
    examples=(("outcry journal tail state --follow", "Watch what a daemon writes."),),
    run=run_tail,
)
EXPORT = Command(
    name="journal export",
    summary="Write a journal as JSON lines",
    description="Every record as one line of JSON in a file that does not exist yet.",
    options=(
        _STATE,
        Option("--out", "The file to write.", path, "FILE", required=True),
        _FROM,
    ),
    examples=(("outcry journal export state --out journal.jsonl", "All records."),),
    run=run_export,
)
COMPACT = Command(
    name="journal compact",
    summary="Drop what lies before the older snapshot",
    description=(
        "Drops the records that both snapshots hold, keeps the chain's anchor, and writes the file anew "
        "without gaps. The daemon must be stopped."
    ),
    options=(_STATE,),
    examples=(("outcry journal compact state", "Make the file small."),),
    run=run_compact,
)
BACKUP = Command(
    name="backup",
    summary="Copy a state directory, also while a daemon runs",
    description=(
        "Writes a consistent copy of journal and snapshots into a new folder and verifies it. It holds "
        "positions and orders: only its owner may read it."
    ),
    options=(_STATE, Option("OUT", "The folder to make.", path, "OUT")),
    examples=(("outcry backup state backups/2024-08-08", "Copy the folder state."),),
    run=run_backup,
)
RESTORE = Command(
    name="restore",
    summary="Make a state directory of a backup",
    description=(
        "Verifies the backup and makes a state directory of it, with a new epoch, so that no order id "
        "is ever given out twice. What happened after the backup must come from the venues."
    ),
    options=(
        Option("BACKUP", "What `outcry backup` wrote.", path, "BACKUP"),
        Option("STATE_DIR", "The state directory to make.", path, "STATE_DIR"),
    ),
    examples=(("outcry restore backups/2024-08-08 state", "Make the folder state."),),
    run=run_restore,
)
