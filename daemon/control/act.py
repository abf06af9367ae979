"""The client's side of a command: preview, question, key, sending, and what came of it."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable

import msgspec

from openoutcry.daemon.console import Console
from openoutcry.daemon.control import connect, protocol
from openoutcry.daemon.control.effect_views import Done, Preview
from openoutcry.daemon.control.marks import banner
from openoutcry.daemon.control.words import short
from openoutcry.state.errors import CommandRefused, ControlTimeout, DaemonUnreachable

Ask = Callable[[str], str]
_YES = {"y", "yes"}


def act(
    args: Namespace,
    console: Console,
    make: Callable[[str, bool], protocol.AnyMutation],
    *,
    at_once: bool = False,
) -> int:
    """Carry a command out.

    Args:
        args: The options of `daemon_options.CARE`, but for `at_once`.
        console: Where to say what.
        make: Makes the command of its key and whether a looser limit is confirmed.
        at_once: Without preview and question.

    Raises:
        ControlError: There is no daemon, it does not answer, or it refuses.
    """
    key = args.key or os.urandom(16).hex()
    link = connect.connect(args)
    try:
        if at_once or args.key is not None:  # a command that is sent again was asked about before
            return _send(link, make(key, True), console)
        shown = _preview(link, make(key, False))
        if args.dry_run or shown.nothing:
            _show(shown, console, done=not args.dry_run)
            return 0
        loosen = _confirm(shown, args, console)
        return _send(link, make(key, loosen), console)
    finally:
        link.close()


def _preview(link: connect.Link, command: protocol.AnyMutation) -> Preview:
    body = link.ask(protocol.Preview(command=command))
    return msgspec.msgpack.decode(body, type=Preview)


def _show(shown: Preview, console: Console, *, done: bool) -> None:
    """A preview as the result: of `--dry-run`, or because there is nothing to do."""
    if console.json:
        document = msgspec.to_builtins(shown)
        console.document({"dry_run": document} if not done else {"nothing": document})
        return
    console.result(f"{banner(shown.mode, console)} {shown.name}")
    for line in shown.lines:
        console.result(f"nothing to do: {line}" if shown.nothing else f"would {line}")


def _confirm(shown: Preview, args: Namespace, console: Console) -> bool:
    """Show what would happen and have it confirmed; returns whether looser limits are."""
    loosen = bool(getattr(args, "loosen", False))
    console.err.write(f"{banner(shown.mode, console)} {shown.name}\n")
    for line in shown.lines:
        console.err.write(f"would {line}\n")
    denied = [reason for order in shown.places for reason in order.denied]
    if args.yes:
        return loosen
    if not (sys.stdin.isatty() and console.err.isatty()):
        raise CommandRefused(
            "nobody is there to confirm it",
            remedy="add --yes, or --dry-run to see what it would do",
        )
    question = "do it? [y/N] "
    if shown.loosens:
        question = "that is looser than what is in force; do it? [y/N] "
    elif denied:
        question = "risk denies it now; try it all the same? [y/N] "
    console.err.write(question)
    console.err.flush()
    if sys.stdin.readline().strip().lower() not in _YES:
        raise CommandRefused("not confirmed: nothing was changed", remedy="answer y to do it")
    return loosen or shown.loosens


def _send(link: connect.Link, command: protocol.AnyMutation, console: Console) -> int:
    console.note(f"key {command.key} (to send it again: --key)")
    try:
        reply = link.command(command)
    except (ControlTimeout, DaemonUnreachable) as error:
        raise type(error)(
            f"{error.message}: it may have been carried out",
            remedy=f"send the same again with --key {command.key}: it is carried out once",
        ) from error
    done = msgspec.msgpack.decode(reply.body, type=Done | None)
    if console.json:
        document = {"durable": reply.durable, "seq": reply.seq, "key": command.key}
        console.document(document | ({} if done is None else {"done": msgspec.to_builtins(done)}))
        return 0
    if done is not None:
        console.result(f"{banner(done.mode, console)} {done.name}")
        for line in done.lines:
            console.result(f"done: {line}")
        if done.order is not None:
            console.result(f"order {short(done.order)} ({done.order})")
    where = "input" if reply.durable else "applied, not yet durable: input"
    console.note(f"{where} {reply.seq}")
    return 0
