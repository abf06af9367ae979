"""`outcry pause|resume|halt|cancel-all|flatten|cancel|snapshot|stop`: steer a running daemon."""

from argparse import Namespace

from openoutcry.daemon.command import Command, Option
from openoutcry.daemon.commands.daemon_options import CARE, DAEMON, SCOPE
from openoutcry.daemon.console import Console

_VENUE = Option("--venue", "Only at this venue.", metavar="NAME")
_WHY = Option("--reason", "Why, for the journal.", metavar="TEXT", default="")
_AGAIN = CARE[2]


def run_halt(args: Namespace, console: Console) -> int:
    """No new order from now on; never asks."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, _: protocol.Halt(
            key=key,
            reason=args.reason[:200],
            strategy=args.strategy,
            instrument=args.instrument,
            venue=args.venue,
        ),
        at_once=True,
    )


def run_resume(args: Namespace, console: Console) -> int:
    """Lift the halt or pause of a scope."""
    from openoutcry.daemon.control import protocol

    return _scoped(args, console, protocol.Resume)


def run_cancel_all(args: Namespace, console: Console) -> int:
    """Cancel what works."""
    from openoutcry.daemon.control import protocol

    return _scoped(args, console, protocol.CancelAll)


def run_flatten(args: Namespace, console: Console) -> int:
    """Cancel, then close positions at market."""
    from openoutcry.daemon.control import protocol

    return _scoped(args, console, protocol.Flatten)


def _scoped(args: Namespace, console: Console, kind: type) -> int:
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, _: kind(
            key=key,
            reason=args.reason[:200],
            strategy=args.strategy,
            instrument=args.instrument,
            venue=args.venue,
        ),
    )


def run_pause(args: Namespace, console: Console) -> int:
    """Deny a strategy's new orders."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, _: protocol.Pause(
            key=key, reason=args.reason[:200], strategy=args.strategy[:64]
        ),
    )


def run_cancel(args: Namespace, console: Console) -> int:
    """Cancel one order."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, _: protocol.CancelOrderRequest(
            key=key, reason=args.reason[:200], order=args.order[:64]
        ),
    )


def run_snapshot(args: Namespace, console: Console) -> int:
    """Have a snapshot written."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, _: protocol.TakeSnapshot(key=key, reason=args.reason[:200]),
        at_once=True,
    )


def run_stop(args: Namespace, console: Console) -> int:
    """End the daemon by a policy."""
    from openoutcry.daemon.control import protocol
    from openoutcry.daemon.control.act import act

    return act(
        args,
        console,
        lambda key, _: protocol.Stop(key=key, reason=args.reason[:200], policy=args.policy),
    )


HALT = Command(
    name="halt",
    summary="Let no new order leave, at once and without asking",
    description=(
        "From the acknowledgement on no new order leaves, in this scope or everywhere; what works at the "
        "venues stays, cancels pass. It holds over restarts, until `outcry resume` of the same scope. "
        "Without a working journal it holds in memory and says so."
    ),
    options=(*DAEMON, *SCOPE, _VENUE, _WHY, _AGAIN),
    examples=(
        ("outcry halt", "Everything."),
        ("outcry halt --strategy trend --reason odd-fills", "One strategy."),
    ),
    run=run_halt,
)
RESUME = Command(
    name="resume",
    summary="Lift a halt or a pause",
    description=(
        "Lifts the halt of exactly this scope; without a name that of everything. Its reason is shown "
        "first. A strategy that failed needs a restart."
    ),
    options=(*DAEMON, *SCOPE, _VENUE, *CARE),
    examples=(("outcry resume --strategy trend --yes", "One strategy, without asking."),),
    run=run_resume,
)
PAUSE = Command(
    name="pause",
    summary="Deny a strategy's new orders",
    description=(
        "The strategy goes on watching: it sees the market and its fills, its orders at the venues stay, "
        "its cancels pass. Its new orders are denied until `outcry resume --strategy NAME`, also after a "
        "restart."
    ),
    options=(Option("STRATEGY", "Its name.", metavar="STRATEGY"), *DAEMON, *CARE),
    examples=(("outcry pause trend", "Pause the strategy trend."),),
    run=run_pause,
)
CANCEL_ALL = Command(
    name="cancel-all",
    summary="Cancel every working order of a scope",
    description="Shows the orders first. Works also while trading is halted.",
    options=(*DAEMON, *SCOPE, _VENUE, *CARE),
    examples=(
        ("outcry cancel-all --dry-run", "Show what it would cancel."),
        ("outcry cancel-all --strategy trend --yes", "Those of one strategy, without asking."),
    ),
    run=run_cancel_all,
)
FLATTEN = Command(
    name="flatten",
    summary="Cancel, then close the positions of a scope at market",
    description=(
        "Shows the orders that it would cancel and place, with their worth at the present price. Closing "
        "orders pass every check, so a halt holds them back: resume first."
    ),
    options=(*DAEMON, *SCOPE, _VENUE, *CARE),
    examples=(("outcry flatten --strategy trend", "Bring one strategy to zero."),),
    run=run_flatten,
)
CANCEL = Command(
    name="cancel",
    summary="Cancel one order",
    description="The venue's answer decides; `outcry why ORDER` shows it.",
    options=(
        Option("ORDER", "Its id, its short id (1-17), or `last`.", metavar="ORDER"),
        *DAEMON,
        *CARE,
    ),
    examples=(("outcry cancel 1-17 --yes", "Order 17 of strategy 1."),),
    run=run_cancel,
)
SNAPSHOT = Command(
    name="snapshot",
    summary="Have the daemon write a snapshot now",
    description="A restart begins from the last snapshot. The daemon writes them by itself, too.",
    options=(*DAEMON, _WHY, _AGAIN),
    examples=(("outcry snapshot", "Write one."),),
    run=run_snapshot,
)
STOP = Command(
    name="stop",
    summary="End the daemon",
    description=(
        "Leaves working orders and positions as they are, or cancels first, or cancels and closes at "
        "market. Shows what would become of them."
    ),
    options=(
        *DAEMON,
        Option(
            "--policy",
            "What happens to orders and positions.",
            metavar="POLICY",
            choices=("leave", "cancel", "flatten"),
            default="leave",
        ),
        *CARE,
    ),
    examples=(("outcry stop --policy cancel --yes", "Cancel what works, then end."),),
    run=run_stop,
)
