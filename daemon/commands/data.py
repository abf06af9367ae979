"""`outcry data ls|check|synth`: look at what a catalog holds, and make one up."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from openoutcry.daemon.command import Command, Option, path, whole
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

DEFAULT_DAYS: Final = 7


def run_ls(args: Namespace, console: Console) -> int:
    """List the streams of a catalog."""
    from openoutcry.replay.result import plain
    from openoutcry.state.catalog import Catalog

    streams = Catalog(args.catalog).ls()
    if console.json:
        console.document({"catalog": str(args.catalog), "streams": plain(streams)})
        return 0
    rows = [("instrument", "kind", "rows", "first", "last", "files", "MB")]
    rows += [
        (
            s.instrument,
            f"{s.kind} {s.bar}" if s.bar else s.kind,
            f"{s.rows:,}",
            _date(s.first_ts),
            _date(s.last_ts),
            str(s.files),
            f"{s.bytes / 1e6:.1f}",
        )
        for s in streams
    ]
    console.result(_aligned(rows))
    return 0


def run_check(args: Namespace, console: Console) -> int:
    """Check a catalog: exit 3 when something breaks it."""
    from openoutcry.replay.result import plain
    from openoutcry.state.catalog import Catalog
    from openoutcry.state.catalog_check import Severity

    findings = Catalog(args.catalog).check()
    errors = sum(f.severity is Severity.ERROR for f in findings)
    if console.json:
        listed = plain(findings)
        console.document({"catalog": str(args.catalog), "ok": not errors, "findings": listed})
    else:
        for f in findings:
            where = " ".join(filter(None, (f.kind, f.instrument, f.bar, f.file)))
            detail = f": {f.detail}" if f.detail else ""
            word = console.paint(f.severity.value, "red" if f.severity is Severity.ERROR else "dim")
            console.result(f"{word} {f.name} x{f.count:,} {where}{detail}")
        notes = len(findings) - errors
        console.result(f"{args.catalog}: {errors} errors, {notes} notes")
    return ExitCode.CHECK_FAILED if errors else 0


def run_synth(args: Namespace, console: Console) -> int:
    """Generate synthetic data."""
    from openoutcry.replay.result import plain
    from openoutcry.replay.synth import DEFAULT_INSTRUMENTS, synth

    instruments = tuple(args.instrument or DEFAULT_INSTRUMENTS)
    report = synth(args.out, seed=args.seed, days=args.days, instruments=instruments)
    if console.json:
        console.document(plain(report))
    else:
        rows = f"{report.quotes:,} quotes, {report.trades:,} trades, {report.bars:,} bars of 1m"
        console.result(f"{report.catalog}: {rows} of an invented market, seed {report.seed}")
    return 0


def _date(ts: int) -> str:
    return datetime.fromtimestamp(ts // 10**9, UTC).strftime("%Y-%m-%d %H:%M")


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    numeric = {2, 5, 6}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


_CATALOG = Option("CATALOG", "The folder of the catalog.", path, "CATALOG")

LS = Command(
    name="data ls",
    summary="List what a catalog holds",
    description="One line for each stream: instrument, kind, rows, first and last time, size.",
    options=(_CATALOG,),
    examples=(("outcry data ls data", "The streams of the catalog in the folder data."),),
    run=run_ls,
)
CHECK = Command(
    name="data check",
    summary="Check the quality of a catalog",
    description=(
        "Reads every file and lists findings: damage and broken promises as errors (exit 3), and "
        "what is remarkable about the market (gaps, duplicates, crossed quotes) as notes."
    ),
    options=(_CATALOG,),
    examples=(("outcry data check data --json", "Findings with counts, for programs."),),
    run=run_check,
)
SYNTH = Command(
    name="data synth",
    summary="Generate synthetic market data",
    description=(
        "Writes a catalog with an invented market (quotes, trades and one-minute bars, in USDT) "
        "that is the same for the same seed. It is for trying things out; results on it say nothing "
        "about real markets."
    ),
    options=(
        Option("OUT", "The catalog to write.", path, "OUT"),
        Option("--seed", "Another seed is another market.", whole, "N", default=1),
        Option("--days", "UTC days, from 2024-01-01.", whole, "N", default=DEFAULT_DAYS),
        Option("--instrument", "Id to invent prices for.", metavar="ID", repeat=True),
    ),
    examples=(
        ("outcry data synth data --days 30", "A month in the folder data."),
        ("outcry data synth data --seed 2 --instrument BTCUSDT.SIM", "Another market, one id."),
    ),
    run=run_synth,
)
