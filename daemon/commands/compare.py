"""`outcry compare`: what really filled, beside what a backtest of the same market would have filled."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from openoutcry.daemon.command import Command, Option, path
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

if TYPE_CHECKING:
    from openoutcry.replay.compare import Comparison
    from openoutcry.replay.compare_parts import Gap


def run(args: Namespace, console: Console) -> int:
    """Compare; exit 3 when the tape has a hole, so that the model did not see what the session saw."""
    from openoutcry.daemon import config_store
    from openoutcry.replay.compare import compare
    from openoutcry.state.catalog import Catalog
    from openoutcry.state.journal_reader import open_reader
    from openoutcry.state.tape_reader import TapeReader

    state = args.state_dir
    config = config_store.only(state)
    catalog, tape = Catalog(state / "tape" / "catalog"), TapeReader(state / "tape")
    reader = open_reader(state)
    try:
        found = compare(
            config,
            catalog.instruments(),
            catalog.calendars(),
            reader,
            tape,
            last_ts=tape.last_now,
        )
    finally:
        reader.store.close()
    holes = len(tape.holes())
    if console.json:
        console.document(_document(found, holes))
    else:
        _say(found, holes, console)
    return 0 if not holes else ExitCode.CHECK_FAILED


def _document(found: "Comparison", holes: int) -> dict[str, Any]:
    import msgspec

    return {
        "complete": not holes,
        "holes": holes,
        "start": found.start,
        "end": found.end,
        **msgspec.structs.asdict(found.counts),
        "rows": [_row(row) for row in found.rows],
        "totals": [_row(row) for row in found.totals],
    }


def _row(row: "Gap") -> dict[str, Any]:
    from openoutcry.replay.compare_parts import PARTS

    amounts = ("modelled", "real", "gap", *PARTS)
    return {
        "strategy": row.strategy,
        "instrument": row.instrument,
        "currency": row.currency,
        **{name: _exact(getattr(row, name), row.scale) for name in amounts},
    }


def _exact(units: int, scale: int) -> str:
    """All of an amount, without zeros at its end."""
    from openoutcry.state.messages import to_decimal

    text = f"{to_decimal(units, scale):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _say(found: "Comparison", holes: int, console: Console) -> None:
    from openoutcry.daemon.table import Column, table

    counts = found.counts
    console.result(
        f"compare: {counts.fills:,} real fills, {counts.fills_modelled:,} modelled; of "
        f"{counts.orders:,} orders in both, {counts.alike:,} filled alike"
    )
    if counts.orders_missed or counts.orders_extra or counts.orders_moved:
        console.result(
            f"{counts.orders_missed:,} orders only in the model, {counts.orders_extra:,} only in "
            f"the session, {counts.orders_moved:,} decided at another time"
        )
    columns = [Column("strategy"), Column("instrument"), Column("currency")]
    numbers = ("modelled", "real", "gap", "latency", "slippage", "fees", "missed", "extra", "rest")
    columns += [Column(name, right=True) for name in numbers]
    lines = [_cells(row, row.strategy) for row in found.rows]
    lines += [_cells(row, "all") for row in found.totals]
    for line in table(columns, lines, console.width):
        console.result(line)
    if holes:
        console.result(f"incomplete: the tape has {holes} holes")


def _cells(row: "Gap", name: str) -> list[str]:
    parts = (
        row.modelled,
        row.real,
        row.gap,
        row.latency,
        row.slippage,
        row.fees,
        row.missed,
        row.extra,
        row.marks + row.adjustments + row.rounding,
    )
    return [name, row.instrument, row.currency, *(_exact(part, row.scale) for part in parts)]


COMPARE = Command(
    name="compare",
    summary="Set what filled beside what a backtest of the same market fills",
    description=(
        "Replays the tape of a session with modelled fills, as `outcry replay` does, and compares "
        "with what really filled. The difference in profit is split to the last unit: latency (the "
        "market moved until the fill), slippage (the price's distance from the market), fees, fills "
        "that were missed, fills that the model does not have, and the rest (the spread at which open "
        "positions are valued, funding and other cash, rounding). All amounts are real less modelled. Exit 3 when the tape has a hole. The daemon "
        "may be running."
    ),
    options=(Option("STATE_DIR", "The daemon's state directory.", path, "DIR"),),
    examples=(("outcry compare state/demo-paper", "How honest was the backtest?"),),
    run=run,
)
