"""`outcry order|set-limit|reload`: trade by hand, change limits and config of a running daemon."""

from argparse import Namespace

from openoutcry.daemon.command import Command, Option, UsageError, time_ns
from openoutcry.daemon.commands.daemon_options import CARE, DAEMON
from openoutcry.daemon.console import Console

_LOOSEN = Option("--loosen", "Confirm limits that are looser than those in force.", bool)


def run_order(args: Namespace, console: Console) -> int:
    """Place an order by hand."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act
    from openoutcry.state.enums import Side, TimeInForce

    for name in ("quantity", "limit", "trigger"):
        _check_number(name, getattr(args, name))
    tif = "gtd" if args.until is not None and args.tif == "gtc" else args.tif

    def make(key: str, _loosen: bool) -> protocol.PlaceOrder:
        return protocol.PlaceOrder(
            key=key,
            reason=args.reason[:200],
            strategy=args.strategy,
            instrument=args.instrument[:64],
            side=Side(args.side),
            quantity=args.quantity,
            limit=args.limit,
            trigger=args.trigger,
            time_in_force=TimeInForce(tif),
            expire_ns=args.until,
            post_only=args.post_only,
            reduce_only=args.reduce_only,
        )

    return act(args, console, make)


def _check_number(name: str, text: str | None) -> None:
    """Refuse here what the protocol would refuse, with a text that helps."""
    if text is None:
        return
    from openoutcry.state.decimals import parse_decimal
    from openoutcry.state.errors import NumericError

    try:
        parse_decimal(text)
    except NumericError as error:
        raise UsageError(f"{name}: {error.message}", remedy=error.remedy) from error


def run_set_limit(args: Namespace, console: Console) -> int:
    """Change a limit while the daemon runs."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    if args.value != "unlimited":
        _check_number("value", args.value)

    def make(key: str, loosen: bool) -> protocol.SetLimit:
        return protocol.SetLimit(
            key=key,
            reason=args.reason[:200],
            name=args.limit[:64],
            instrument=args.instrument,
            strategy=args.strategy,
            value=args.value,
            confirm_loosening=loosen,
        )

    return act(args, console, make)


def run_reload(args: Namespace, console: Console) -> int:
    """Have the daemon read its config again."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, loosen: protocol.Reload(
            key=key, reason=args.reason[:200], confirm_loosening=loosen
        ),
    )


ORDER = Command(
    name="order",
    summary="Place an order by hand",
    description=(
        "A market order, or with --limit, --trigger or both a limit, stop or stop-limit order. It passes "
        "the same checks as every other. Its fills belong to the unallocated book, or to the strategy that "
        "--strategy names, which then sees the order as one of its own."
    ),
    options=(
        Option("SIDE", "What to do.", metavar="SIDE", choices=("buy", "sell")),
        Option("QUANTITY", "How much, unsigned.", metavar="QUANTITY"),
        Option("INSTRUMENT", "Its id, like BTCUSDT.BINANCE.", metavar="INSTRUMENT"),
        Option("--limit", "Limit price.", metavar="PRICE"),
        Option("--trigger", "Trigger price.", metavar="PRICE"),
        Option(
            "--strategy", "Whose book it is for, instead of the unallocated one.", metavar="NAME"
        ),
        Option(
            "--tif",
            "How long it works.",
            metavar="TIF",
            choices=("gtc", "ioc", "fok", "gtd", "day"),
            default="gtc",
        ),
        Option("--until", "It works until then (UTC).", time_ns, "TIME"),
        Option("--post-only", "Rather be refused than take.", bool),
        Option("--reduce-only", "Only ever shrink a position.", bool),
        *DAEMON,
        *CARE,
    ),
    examples=(
        ("outcry order buy 0.01 BTCUSDT.BINANCE --limit 60000", "Shown first, with its worth."),
        ("outcry order sell 0.5 BTCUSDT.BINANCE --strategy trend --yes", "For a strategy's book."),
    ),
    run=run_order,
)
SET_LIMIT = Command(
    name="set-limit",
    summary="Change a limit while the daemon runs",
    description=(
        "Holds at once and over restarts, until a reload. A tighter limit needs a yes, a looser one a "
        "second confirmation: --loosen, or the answer to a question."
    ),
    options=(
        Option("LIMIT", "Its key in the config, like max_position.", metavar="LIMIT"),
        Option("VALUE", "A plain number, or `unlimited`.", metavar="VALUE"),
        Option("--instrument", "Of one instrument instead of every one.", metavar="ID"),
        Option("--strategy", "Of one strategy.", metavar="NAME"),
        _LOOSEN,
        *DAEMON,
        *CARE,
    ),
    examples=(
        (
            "outcry set-limit max_position 2 --instrument BTCUSDT.BINANCE",
            "Tighter, for one market.",
        ),
        ("outcry set-limit max_order_value 5000 --loosen --yes", "Looser, without asking."),
    ),
    run=run_set_limit,
)
RELOAD = Command(
    name="reload",
    summary="Have the daemon read its config again",
    description=(
        "The daemon checks the file and shows what would change: + added, - gone, ~ changed. Limits change "
        "together or not at all; anything else needs a restart, and is refused. A config that is wrong "
        "leaves the running one in force."
    ),
    options=(*DAEMON, _LOOSEN, *CARE),
    examples=(
        ("outcry reload --dry-run", "Show the plan."),
        ("outcry reload --yes", "Carry it out; looser limits need --loosen too."),
    ),
    run=run_reload,
)
