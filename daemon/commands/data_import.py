"""`outcry data import`: bring the recorded data of another program into a catalog."""

from argparse import ArgumentTypeError, Namespace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from openoutcry.daemon.command import Command, Option, path, whole
from openoutcry.daemon.console import Console

if TYPE_CHECKING:
    from openoutcry.replay.importers import ImportOptions, ImportReport

FORMATS: Final = ("lean", "binance-raw", "hyperliquid-raw", "freqtrade", "csv", "parquet")
KINDS: Final = ("quote", "trade", "bar", "book", "mark", "funding", "split", "dividend")
_ASSETS: Final = ("spot", "equity", "perpetual", "fx", "cfd", "index")


def key_value(text: str) -> tuple[str, str]:
    """The two sides of `KEY=VALUE`."""
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def step(text: str) -> Decimal:
    """A positive decimal of at most 40 characters."""
    try:
        value = Decimal(text[:41])
    except InvalidOperation:
        value = Decimal(0)
    if len(text) > 40 or "e" in text.lower() or not value.is_finite() or value <= 0:
        raise ArgumentTypeError(f"{text!r} is no positive decimal like 0.01")
    return value


def signed(text: str) -> int:
    """A whole number with or without a sign, below 2^60 in size."""
    return -whole(text[1:]) if text.startswith("-") else whole(text)


def run(args: Namespace, console: Console) -> int:
    """Import a source and print what was read, written and found wrong."""
    from openoutcry.replay.importers import import_data
    from openoutcry.replay.result import plain

    report = import_data(args.source, args.format, args.out, _options(args))
    if console.json:
        console.document(plain(report))
    else:
        console.result(_told(report))
    return 0


def _options(args: Namespace) -> "ImportOptions":
    from openoutcry.replay.importers import ImportOptions

    given = {
        name: value
        for name in ImportOptions.__struct_fields__
        if (value := getattr(args, name, None)) is not None
    }
    given["columns"] = dict(args.map or ())
    given["symbols"] = tuple(args.symbol or ())
    return ImportOptions(**given)


def _told(report: "ImportReport") -> str:
    lines = [f"{report.catalog}: {report.files_read:,} files, {report.rows_read:,} rows read"]
    for stream in report.streams:
        kind = f"{stream.kind} {stream.bar}" if stream.bar else stream.kind
        lines.append(f"  {stream.instrument} {kind}: {stream.rows:,} rows")
    lines += [f"  defect {name}: {count:,}" for name, count in sorted(report.defects.items())]
    lines += [f"  note: {note}" for note in report.notes]
    return "\n".join(lines)


IMPORT = Command(
    name="data import",
    summary="Bring recorded data into a catalog",
    description=(
        "Reads SOURCE (a file or folder of another program's data) and adds it to a catalog. Every "
        "defect that is found in the source is counted and named, and stands in the catalog's "
        "metadata. Importing the same source again changes nothing."
    ),
    options=(
        Option("SOURCE", "A file or folder.", path, "SOURCE"),
        Option("--format", "What SOURCE is.", choices=FORMATS, metavar="FORMAT", required=True),
        Option("--out", "The catalog to add to.", path, "CATALOG", required=True),
        Option("--symbol", "Import only this symbol.", metavar="NAME", repeat=True),
        Option("--instrument", "Id to store under.", metavar="ID"),
        Option("--asset", "Class of the instrument.", choices=_ASSETS, metavar="CLASS"),
        Option("--kind", "What a csv or parquet file holds.", choices=KINDS, metavar="KIND"),
        Option("--bar", "The bars that a csv or parquet file holds, like 1m-last.", metavar="BAR"),
        Option(
            "--map",
            "Which of its columns is which of ours (`ts` is the time).",
            key_value,
            "OURS=THEIRS",
            repeat=True,
        ),
        Option(
            "--ts-unit",
            "Unit of whole-number times.",
            choices=("s", "ms", "us", "ns"),
            metavar="UNIT",
        ),
        Option("--time-zone", "Zone of times that name none.", metavar="ZONE"),
        Option("--price-scale", "Decimals of prices.", whole, "N"),
        Option("--size-scale", "Decimals of sizes.", whole, "N"),
        Option("--tick", "Price step of a new instrument.", step, "STEP"),
        Option("--lot", "Size step of a new instrument.", step, "STEP"),
        Option("--base", "Currency that is bought.", metavar="CODE"),
        Option("--quote", "Currency of the price.", metavar="CODE"),
        Option("--venue", "Venue part of the ids.", metavar="NAME"),
        Option("--receive-offset-ns", "Added to recorded receive times.", signed, "NS"),
    ),
    examples=(
        (
            "outcry data import lean/data --format lean --out data --symbol spy",
            "SPY out of a LEAN data folder.",
        ),
        (
            "outcry data import my.csv --format csv --out data --instrument BTCUSDT.BINANCE --kind trade",
            "Trades of your own file; --map names its columns where they differ.",
        ),
    ),
    run=run,
)
