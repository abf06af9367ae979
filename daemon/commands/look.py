"""`outcry status|positions|orders|fills|balances|strategies|risk|why`: look at a running daemon."""

from argparse import Namespace
from typing import TYPE_CHECKING, TypeVar

from openoutcry.daemon.command import Command, Option, whole
from openoutcry.daemon.commands.daemon_options import DAEMON, SCOPE
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

if TYPE_CHECKING:
    from openoutcry.daemon.control.protocol import Query
    from openoutcry.daemon.control.views import Answer

AnswerT = TypeVar("AnswerT", bound="Answer")


def run_status(args: Namespace, console: Console) -> int:
    """Print the screen; exit 3 when the daemon is not healthy."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.status_screen import status
    from openoutcry.daemon.control.views import Status

    body = _ask(args, protocol.Status())
    found = _decoded(body, Status)
    if console.json:
        _document(body, console)
    else:
        console.result(status(found, console))
    return 0 if found.healthy else ExitCode.CHECK_FAILED


def run_positions(args: Namespace, console: Console) -> int:
    """Print positions."""
    from openoutcry.daemon.control import book_views, protocol

    return _show(args, console, protocol.Positions(), book_views.Positions)


def run_orders(args: Namespace, console: Console) -> int:
    """Print orders."""
    from openoutcry.daemon.control import book_views, protocol

    query = protocol.Orders(strategy=args.strategy, instrument=args.instrument, all=args.all)
    return _show(args, console, query, book_views.Orders)


def run_fills(args: Namespace, console: Console) -> int:
    """Print the last fills."""
    from openoutcry.daemon.control import book_views, protocol

    query = protocol.Fills(last=max(1, min(args.last, 10_000)))
    return _show(args, console, query, book_views.Fills)


def run_balances(args: Namespace, console: Console) -> int:
    """Print balances."""
    from openoutcry.daemon.control import book_views, protocol

    return _show(args, console, protocol.Balances(), book_views.Balances)


def run_strategies(args: Namespace, console: Console) -> int:
    """Print strategies."""
    from openoutcry.daemon.control import protocol, views

    return _show(args, console, protocol.Strategies(), views.Strategies)


def run_risk(args: Namespace, console: Console) -> int:
    """Print limits and halts."""
    from openoutcry.daemon.control import protocol, views

    return _show(args, console, protocol.RiskView(), views.Risk)


def run_why(args: Namespace, console: Console) -> int:
    """Print the chain of an order."""
    from openoutcry.daemon.control import book_views, protocol

    return _show(args, console, protocol.Why(order=args.order[:64]), book_views.Why)


def _show(args: Namespace, console: Console, query: "Query", kind: "type[Answer]") -> int:
    body = _ask(args, query)
    if console.json:
        _document(body, console)
        return 0
    from openoutcry.daemon.control.screens import SCREENS
    from openoutcry.daemon.table import clip

    text = SCREENS[kind](_decoded(body, kind), console)
    console.result("\n".join(clip(line, console.width) for line in text.splitlines()))
    return 0


def _ask(args: Namespace, query: "Query") -> bytes:
    from openoutcry.daemon.control import connect

    link = connect.connect(args)
    try:
        return link.ask(query)
    finally:
        link.close()


def _decoded(body: bytes, kind: "type[AnswerT]") -> "AnswerT":
    import msgspec

    from openoutcry.state.errors import ProtocolError

    try:
        return msgspec.msgpack.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"the daemon's answer cannot be read: {error}") from error


def _document(body: bytes, console: Console) -> None:
    """The answer as it came: fields that this version does not know are printed too."""
    import msgspec

    console.document(msgspec.msgpack.decode(body))


STATUS = Command(
    name="status",
    summary="Show a running daemon on one screen",
    description=(
        "Mode, account, health, what is wrong with its remedy, equity, strategies and feeds. Exit 3 when "
        "the daemon is not healthy: halted, a journal that does not write, a silent feed, a failed "
        "strategy, an order of which nobody knows whether the venue has it."
    ),
    options=DAEMON,
    examples=(
        ("outcry status", "The daemon of ./outcry.toml."),
        ("outcry status --name main --json", "One JSON document, for programs."),
    ),
    run=run_status,
)
POSITIONS = Command(
    name="positions",
    summary="Show what each strategy and the account hold",
    description=(
        "One line for each strategy and instrument with entry, mark, value and profit, then what is "
        "unallocated, then the account. The mark is what closing the position would bring now."
    ),
    options=DAEMON,
    examples=(("outcry positions", "All of them."),),
    run=run_positions,
)
ORDERS = Command(
    name="orders",
    summary="Show working orders",
    description=(
        "Open orders, oldest first; those of which a request may or may not have reached the venue are "
        "named unknown. The first column is the short id that `outcry why` and `outcry cancel` take."
    ),
    options=(*DAEMON, *SCOPE, Option("--all", "Also the last ones that ended.", bool)),
    examples=(
        ("outcry orders --strategy trend", "Those of one strategy."),
        ("outcry orders --all", "Also those that ended."),
    ),
    run=run_orders,
)
FILLS = Command(
    name="fills",
    summary="Show the last executions",
    description="The last fills out of the journal, the latest first, with those taken back named.",
    options=(*DAEMON, Option("--last", "How many.", whole, "N", default=20)),
    examples=(("outcry fills --last 5", "The last five."),),
    run=run_fills,
)
BALANCES = Command(
    name="balances",
    summary="Show balances and each strategy's part of them",
    description="By venue and currency: the account's total, what is unallocated, and each strategy's part.",
    options=DAEMON,
    examples=(("outcry balances", "All of them."),),
    run=run_balances,
)
STRATEGIES = Command(
    name="strategies",
    summary="Show what each strategy does and earned",
    description=(
        "State (running, paused, halted, diverged, failed) with its reason, profit after fees, "
        "positions, orders and when it asked for an order last."
    ),
    options=DAEMON,
    examples=(("outcry strategies", "All of them."),),
    run=run_strategies,
)
RISK = Command(
    name="risk",
    summary="Show limits, what of them is used, and halts",
    description="Halts with their reason and since when; limits with what counts against them now.",
    options=DAEMON,
    examples=(("outcry risk", "The fullest limit stands first."),),
    run=run_risk,
)
WHY = Command(
    name="why",
    summary="Show how an order came about and what became of it",
    description=(
        "The chain of an order out of the journal: the input that caused it, the signal, the checks, the "
        "intent, when it was sent, and every report, each with its time and how long it took."
    ),
    options=(
        Option("ORDER", "Its id, its short id (1-17), or `last`.", metavar="ORDER"),
        *DAEMON,
    ),
    examples=(
        ("outcry why 1-17", "Order 17 of strategy 1."),
        ("outcry why last", "The last order."),
    ),
    run=run_why,
)
