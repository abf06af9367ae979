"""`outcry service install|uninstall|status`: one account as a systemd service."""

from argparse import Namespace
from typing import TYPE_CHECKING, Final

from openoutcry.daemon.command import Command, Option
from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from openoutcry.daemon.service.places import Places
    from openoutcry.daemon.service.plan import Plan


def run_install(args: Namespace, console: Console) -> int:
    """Put the files in place and say what comes next."""
    from openoutcry.daemon.service.plan import install

    places, outcry = _places(args), _this_command()
    if not places.user:
        _refuse_hidden(outcry)
    return _follow(install(places, outcry), args, console, places)


def run_uninstall(args: Namespace, console: Console) -> int:
    """Stop it, take the files away, and say what is kept."""
    from openoutcry.daemon.service.plan import others, uninstall

    places = _places(args)
    return _follow(uninstall(places, last=not others(places)), args, console, places)


def run_status(args: Namespace, console: Console) -> int:
    """Say how it is; 3 when it does not run or does not answer."""
    from openoutcry.daemon.service.status import ask, rows
    from openoutcry.daemon.service.world import run_program

    status = ask(_places(args), run_program)
    if console.json:
        document = {"facts": dict(status.facts), "last_exit": status.last_exit}
        console.document(document | {"control": status.control, "problem": status.problem})
    else:
        for name, value in rows(status) if status.facts else ():
            console.result(f"{name:<10} {value}")
        if status.problem:
            console.result(f"{'problem':<10} {status.problem}")
    return ExitCode.CHECK_FAILED if status.problem else 0


def _places(args: Namespace) -> "Places":
    from openoutcry.daemon.command import UsageError
    from openoutcry.daemon.service.places import places

    if args.user and args.system:
        raise UsageError("--user and --system at once", remedy="give one of them")
    return places(args.account, user=args.user)


def _this_command() -> "Path":
    """The absolute path of the command that runs."""
    import shutil
    import sys
    from pathlib import Path

    from openoutcry.daemon.command import UsageError

    called, beside = Path(sys.argv[0]), Path(sys.executable).with_name("outcry")
    for path in (called, beside):
        if path.name == "outcry" and path.is_file():
            return path.absolute()
    found = shutil.which("outcry")
    if found is None:
        raise UsageError(
            "the command outcry is not installed",
            remedy="install the package: `pip install openoutcry`",
        )
    return Path(found).absolute()


def _refuse_hidden(outcry: "Path") -> None:
    """The system's unit sees no home folders: a command that lives in one would not start."""
    import sys
    from pathlib import Path

    import openoutcry
    from openoutcry.daemon.command import UsageError
    from openoutcry.daemon.service.places import hidden

    package = Path(openoutcry.__file__).resolve()
    needed = (outcry, outcry.resolve(), Path(sys.prefix), Path(sys.base_prefix), package)
    if found := hidden(needed):
        raise UsageError(
            f"the service would not see {found[0]}: it has no access to home and temporary folders",
            remedy="install it for the system: `python3 -m venv /opt/openoutcry`, `/opt/openoutcry/bin/pip "
            "install openoutcry`, then this command as /opt/openoutcry/bin/outcry; or use --user",
        )


def _follow(plan: "Plan", args: Namespace, console: Console, places: "Places") -> int:
    from openoutcry.daemon.command import UsageError
    from openoutcry.daemon.service.world import carry_out, may_write, run_program

    done = [str(step) for step in plan.steps]
    if not args.dry_run:
        if not may_write(places.units):
            raise UsageError(
                f"cannot write to {places.units}",
                remedy="run it as root, or with --user for a service of your own; --dry-run shows the plan",
            )
        done = []
        carry_out(plan, run_program, done.append)
    if console.json:
        console.document({"dry_run": args.dry_run, "steps": done, plan.title: list(plan.notes)})
    else:
        head = "would" if args.dry_run else "did"
        console.result("\n".join([head, *(f"  {line}" for line in done)]))
        console.result("\n".join(["", plan.title, *(f"  {line}" for line in plan.notes)]))
    return 0


_ACCOUNT: Final = Option(
    "ACCOUNT", "1 to 20 lower-case letters, digits and dashes.", metavar="ACCOUNT"
)
_SCOPE: Final = (
    Option("--system", "For the machine: the default.", bool),
    Option("--user", "For your own service manager; with less hardening.", bool),
)
_DRY: Final = Option("--dry-run", "Show the plan, and change nothing.", bool)

INSTALL = Command(
    name="service install",
    summary="Make an account a systemd service",
    description=(
        "Writes the unit openoutcry@.service with the path of this command, a user for the account, and an "
        "example config where none is; then has the service manager read them. Starts nothing: what to type "
        "next is printed. Doing it again, after an upgrade, is safe. Needs root, unless --user is given."
    ),
    options=(_ACCOUNT, *_SCOPE, _DRY),
    examples=(
        ("outcry service install binance-main --dry-run", "What it would do."),
        ("outcry service install paper --user", "Without root."),
    ),
    run=run_install,
)
UNINSTALL = Command(
    name="service uninstall",
    summary="Stop an account's service and take its unit away",
    description=(
        "Stops and disables the service by its stop policy and removes what install wrote. The state, the "
        "config, credentials and the account's user are kept; where they are is printed."
    ),
    options=(_ACCOUNT, *_SCOPE, _DRY),
    examples=(("outcry service uninstall paper --dry-run", "What it would do."),),
    run=run_uninstall,
)
STATUS = Command(
    name="service status",
    summary="Say how an account's service is",
    description=(
        "What the service manager knows: state, status line, last exit, restarts, watchdog; and whether the "
        "control socket answers. Exit 3 when it does not run or does not answer. How trading goes is told by "
        "`outcry status`."
    ),
    options=(_ACCOUNT, *_SCOPE),
    examples=(("outcry service status paper", "The account paper."),),
    run=run_status,
)
