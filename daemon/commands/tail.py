"""`outcry tail`: the stream of events of a running daemon."""

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from openoutcry.daemon.command import Command, Option, whole
from openoutcry.daemon.commands.daemon_options import DAEMON, SCOPE
from openoutcry.daemon.console import Console

if TYPE_CHECKING:
    from openoutcry.daemon.control.connect import Link
    from openoutcry.daemon.control.protocol import Event
    from openoutcry.state.codec import AnyMessage


def run_tail(args: Namespace, console: Console) -> int:
    """Print events until Ctrl-C, the count, or the end of the daemon."""
    from openoutcry.daemon.control import connect
    from openoutcry.state.codec import decode

    link = connect.connect(args)
    left = args.count
    try:
        names = _names(link) if args.strategy is not None else ()
        for event in _events(link, args):
            message = decode(event.body)
            if not _wanted(message, args, names):
                continue
            _print(event, message, console)
            if left is not None and (left := left - 1) <= 0:
                break
    finally:
        link.close()
    return 0


def _events(link: "Link", args: Namespace) -> Iterator["Event"]:
    for batch in link.follow(args.after):
        yield from batch


def _names(link: "Link") -> tuple[str, ...]:
    """Names of the books by their numbers, which stand in the ids of orders."""
    import msgspec

    from openoutcry.daemon.control.protocol import Strategies as Ask
    from openoutcry.daemon.control.views import Strategies
    from openoutcry.state.identifiers import UNALLOCATED

    found = msgspec.msgpack.decode(link.ask(Ask()), type=Strategies)
    return (UNALLOCATED, *(row.strategy for row in found.rows))


def _wanted(message: "AnyMessage", args: Namespace, names: tuple[str, ...]) -> bool:
    """Whether a message is of the strategy and instrument that are named."""
    from openoutcry.state.commands import RiskApproved
    from openoutcry.state.identifiers import owner_number_of

    inner = message.command if isinstance(message, RiskApproved) else message
    if args.instrument is not None and getattr(inner, "instrument", None) != args.instrument:
        return False
    if args.strategy is None:
        return True
    order = getattr(inner, "client_order_id", None)
    number = None if order is None else owner_number_of(order)
    owner = names[number] if number is not None and number < len(names) else None
    return args.strategy in (owner, getattr(inner, "strategy", None))


def _print(event: "Event", message: "AnyMessage", console: Console) -> None:
    from openoutcry.daemon.control.describe import describe
    from openoutcry.daemon.control.words import short, utc
    from openoutcry.state.codec import encode_json
    from openoutcry.state.commands import RiskApproved

    if console.json:
        head = b'{"number":%d,"seq":%d,' % (event.number, event.journal_seq)
        console.result((head + encode_json(message).removeprefix(b"{")).decode())
    else:
        inner = message.command if isinstance(message, RiskApproved) else message
        ts = getattr(inner, "ts", None) or getattr(inner, "ts_received", None)
        order = getattr(inner, "client_order_id", None)
        named = f"{short(order)} {getattr(inner, 'instrument', '')}: " if order else ""
        console.result(f"{utc(ts)}  {event.journal_seq:>8}  {named}{describe(message)}")
    console.out.flush()


TAIL = Command(
    name="tail",
    summary="Follow what a running daemon does",
    description=(
        "One line for each intent, report, halt, timer and command as it becomes durable; nothing is "
        "missed, gaps are filled from the journal. With --json one document a line. Ctrl-C ends it."
    ),
    options=(
        *DAEMON,
        *SCOPE,
        Option("--after", "Begin after this record of the journal; 0 is all.", whole, "NUMBER"),
        Option("--count", "End after so many lines.", whole, "N"),
    ),
    examples=(
        ("outcry tail", "From now on."),
        ("outcry tail --after 0 --strategy trend --json", "All that concerns one strategy."),
    ),
    run=run_tail,
)
