"""What a request of an operator means for the core: commands, and a preview of what they would do.

`plan` runs on the core's thread and changes nothing. The core then injects the plan's commands, each as
an input of its own, so that a second playing needs nothing but the journal. What is not the core's to do
(write a snapshot, stop, acknowledge an alert) has no commands: the plan is its preview.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from openoutcry.actors.graph import Graph
from openoutcry.daemon.control.answers import PAUSED, ROWS_MAX, halts_of, order_row
from openoutcry.daemon.control.effect_views import Done, Preview
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.health import named
from openoutcry.daemon.control.limit_plan import plan_limit, plan_reload
from openoutcry.daemon.control.order_plan import (
    closing_orders,
    describe_planned,
    manual_order,
    planned,
)
from openoutcry.daemon.control.protocol import (
    Ack,
    AnyMutation,
    CancelAll,
    CancelOrderRequest,
    Flatten,
    Halt,
    Pause,
    PlaceOrder,
    Reload,
    Resume,
    SetLimit,
    Stop,
    TakeSnapshot,
)
from openoutcry.daemon.control.scope import (
    Scope,
    known_order,
    known_strategy,
    scope,
    short_id,
)
from openoutcry.daemon.control.views import HaltRow
from openoutcry.state import commands
from openoutcry.state.commands import OperatorCommand
from openoutcry.state.config import Config
from openoutcry.state.errors import CommandRefused
from openoutcry.state.identifiers import operator_order_id
from openoutcry.state.orders import Order

BY_HAND: Final = "by hand"
"""The reason of a halt or resume when none is given."""


class Plan(NamedTuple):
    """What a request comes to.

    Attributes:
        commands: What the core injects, in this order; empty when there is nothing for it to do.
        preview: What that would do, as far as it can be known now.
    """

    commands: tuple[OperatorCommand, ...]
    preview: Preview


def plan(graph: Graph, facts: CoreFacts, request: AnyMutation, new: Config | None = None) -> Plan:
    """What a request means in the graph's present state; `check` says whether it may be carried out.

    Args:
        graph: The graph.
        facts: The core's facts.
        request: What is asked.
        new: For a `Reload`: the config that was read anew.

    Raises:
        CommandRefused: A name that nothing has, or a command that makes no sense now.
    """
    if isinstance(request, Reload):
        assert new is not None, "the config is read before a reload is planned"
        return Plan(*plan_reload(graph, facts, new))
    return _PLANS[type(request)](graph, facts, request)


def check(request: AnyMutation, made: Plan) -> None:
    """Refuse what may be shown but not done: nothing of it is carried out then.

    Raises:
        CommandRefused: Risk denies an order by hand, a limit would be loosened without confirmation, or
            a reload holds something that needs a restart.
    """
    shown = made.preview
    if isinstance(request, PlaceOrder) and (denied := shown.places[0].denied):
        raise CommandRefused(
            f"risk denies it: {'; '.join(denied)}",
            remedy="see the limits and halts with `outcry risk`",
        )
    restart = [f"{change.sign} {change.what}" for change in shown.changes if change.restart]
    if restart:
        raise CommandRefused(
            f"this needs a restart: {', '.join(restart)}",
            remedy="restart the daemon with the new config, or change limits only",
        )
    confirmed = isinstance(request, SetLimit | Reload) and request.confirm_loosening
    if shown.loosens and not confirmed:
        looser = [f"{c.limit}: {c.before} → {c.after}" for c in shown.limits if c.loosens]
        raise CommandRefused(f"looser: {', '.join(looser)}", remedy="confirm it: `--loosen`")


def preview(facts: CoreFacts, *lines: str, **fields: object) -> Preview:
    """A preview with the head of every answer."""
    head = {"mode": facts.mode, "name": facts.name, "ts": facts.now, "seq": facts.seq}
    return msgspec.convert({**head, "lines": lines, **fields}, Preview)


def done(graph: Graph, facts: CoreFacts, request: AnyMutation, made: Plan, first_seq: int) -> Done:
    """What to answer when the commands of a plan were handled.

    Args:
        graph: The graph, after the commands.
        facts: The core's facts.
        request: What was asked.
        made: Its plan.
        first_seq: The input that the plan's first command became.

    Raises:
        CommandRefused: Risk denied a manual order after all.
    """
    order = None
    if isinstance(request, CancelOrderRequest):
        order = known_order(graph, request.order).client_order_id
    for command in made.commands:
        if isinstance(command, commands.ManualOrder):
            number = graph.books.number(command.strategy)
            order = operator_order_id(graph.operator.epoch, number, first_seq)
            if graph.orders.get(order) is None:
                raise CommandRefused(
                    f"order {short_id(order)} was denied by risk",
                    remedy=f"`outcry why {short_id(order)}` says why",
                )
    return Done(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        lines=made.preview.lines,
        order=order,
    )


# --- halts ----------------------------------------------------------------------------------------


def _halt(graph: Graph, facts: CoreFacts, request: Halt) -> Plan:
    at = scope(graph, request.strategy, request.instrument, request.venue)
    made = commands.Halt(ts=facts.now, reason=request.reason or BY_HAND, **at.names)
    working = len(_open(graph, at))
    stays = f"; left at the venue: {_count(working, 'order')}" if working else ""
    return Plan((made,), preview(facts, f"halt {at.words}: no new order leaves{stays}"))


def _pause(graph: Graph, facts: CoreFacts, request: Pause) -> Plan:
    strategy = known_strategy(graph, request.strategy)
    at = Scope(strategy, (None,))
    for halt in halts_of(graph):
        if halt.kind == "halted" and named(halt) == at.names:
            what = f"{strategy} is halted already: {halt.reason}"
            return Plan((), preview(facts, what, nothing=True))
    reason = PAUSED + (request.reason or BY_HAND)
    working = len(_open(graph, at))
    line = f"pause {strategy}: its new orders are denied, it goes on watching"
    line += f"; left at the venue: {_count(working, 'order')}" if working else ""
    made = commands.Halt(ts=facts.now, reason=reason, strategy=strategy)
    return Plan((made,), preview(facts, line))


def _resume(graph: Graph, facts: CoreFacts, request: Resume) -> Plan:
    at = scope(graph, request.strategy, request.instrument, request.venue)
    halts = halts_of(graph)
    found = [halt for halt in halts if named(halt) == at.names]
    if not found:
        raise CommandRefused(f"there is no halt of {at.words}", remedy=_halted_words(halts))
    made = commands.Resume(ts=facts.now, reason=request.reason or BY_HAND, **at.names)
    words = {"halted": "is halted", "reduce_only": "may only reduce"}
    lines = [f"resume {at.words}, which {words[halt.kind]}: {halt.reason}" for halt in found]
    if left := len(halts) - len(found):
        lines.append(f"leave {_count(left, 'other halt')} in force")
    return Plan((made,), preview(facts, *lines))


def _halted_words(halts: tuple[HaltRow, ...]) -> str:
    if not halts:
        return "nothing is halted; a strategy that failed needs a restart"
    scopes = [" in ".join(named(halt).values()) or "everything" for halt in halts]
    return f"halted are: {', '.join(scopes)}"


# --- orders ---------------------------------------------------------------------------------------


def _open(graph: Graph, at: Scope) -> list[Order]:
    """Open orders of a scope, oldest first."""
    found = graph.orders.open_orders(at.strategy)
    return [order for order in found if at.holds(order.strategy, order.instrument)]


def _cancel_lines(orders: list[Order]) -> tuple[str, ...]:
    if not orders:
        return ()
    names = [f"{short_id(o.client_order_id)} ({o.side.value} {o.instrument})" for o in orders[:5]]
    more = f" and {len(orders) - 5} more" if len(orders) > 5 else ""
    return (f"cancel {_count(len(orders), 'order')}: {', '.join(names)}{more}",)


def _cancel_all(graph: Graph, facts: CoreFacts, request: CancelAll) -> Plan:
    at = scope(graph, request.strategy, request.instrument, request.venue)
    orders = _open(graph, at)
    lines = _cancel_lines(orders) or (f"no order of {at.words} is open",)
    made = tuple(
        commands.CancelAll(ts=facts.now, strategy=at.strategy, instrument=instrument)
        for instrument in at.instruments
    )
    rows = tuple(map(order_row, orders[:ROWS_MAX]))
    return Plan(made, preview(facts, *lines, cancels=rows, nothing=not orders))


def _flatten(graph: Graph, facts: CoreFacts, request: Flatten) -> Plan:
    at = scope(graph, request.strategy, request.instrument, request.venue)
    cancels, closing = closing_orders(graph, at, _open(graph, at))
    rows = tuple(planned(graph, order) for order in closing)
    lines = [*_cancel_lines(cancels), *map(describe_planned, rows)]
    nothing = not lines
    made = tuple(
        commands.Flatten(ts=facts.now, strategy=at.strategy, instrument=instrument)
        for instrument in at.instruments
    )
    return Plan(
        made,
        preview(
            facts,
            *(lines or [f"{at.words} is flat and has no open order"]),
            cancels=tuple(map(order_row, cancels[:ROWS_MAX])),
            places=rows,
            nothing=nothing,
        ),
    )


def _place(graph: Graph, facts: CoreFacts, request: PlaceOrder) -> Plan:
    order, submit = manual_order(graph, facts, request)
    row = planned(graph, submit)
    return Plan((order,), preview(facts, describe_planned(row), places=(row,)))


def _cancel(graph: Graph, facts: CoreFacts, request: CancelOrderRequest) -> Plan:
    order = known_order(graph, request.order)
    if order.is_final:
        status = order.status.value.replace("_", " ")
        raise CommandRefused(
            f"order {short_id(order.client_order_id)} is over: {status}",
            remedy="see the open ones with `outcry orders`",
        )
    made = commands.CancelOrder(
        ts=facts.now,
        client_order_id=order.client_order_id,
        strategy=order.strategy,
        instrument=order.instrument,
    )
    return Plan((made,), preview(facts, *_cancel_lines([order]), cancels=(order_row(order),)))


# --- limits, and what is not the core's -----------------------------------------------------------


def _limit(graph: Graph, facts: CoreFacts, request: SetLimit) -> Plan:
    command, change = plan_limit(graph, facts, request)
    word = "loosen" if change.loosens else "set"
    before = change.before or "missing"
    line = f"{word} {change.limit} of {change.of}: {before} → {change.after}"
    nothing = change.before == change.after
    made = preview(facts, line, limits=(change,), loosens=change.loosens, nothing=nothing)
    return Plan((command,), made)


def _snapshot(_graph: Graph, facts: CoreFacts, _request: TakeSnapshot) -> Plan:
    return Plan((), preview(facts, f"write a snapshot of the state at input {facts.seq}"))


def _ack(_graph: Graph, facts: CoreFacts, request: Ack) -> Plan:
    return Plan((), preview(facts, f"acknowledge alert {request.alert}"))


def _stop(graph: Graph, facts: CoreFacts, request: Stop) -> Plan:
    """The world as the policy would leave it. `cancel` and `flatten` are commands before the stop."""
    everything = Scope(None, (None,))
    orders = _open(graph, everything)
    if request.policy == "leave":
        held = sum(graph.books.native.position(0, number) != 0 for number in graph.books.held)
        left = f"{_count(len(orders), 'open order')} and {_count(held, 'position')}"
        return Plan((), preview(facts, f"stop the daemon; leave {left} as they are"))
    if request.policy == "cancel":
        first = _cancel_all(graph, facts, CancelAll(key=request.key))
    else:
        first = _flatten(graph, facts, Flatten(key=request.key))
    lines = (*first.preview.lines, "then stop the daemon")
    return first._replace(
        preview=msgspec.structs.replace(first.preview, lines=lines, nothing=False)
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


_PLANS: Final[dict[type, Callable[..., Plan]]] = {
    Halt: _halt,
    Pause: _pause,
    Resume: _resume,
    CancelAll: _cancel_all,
    Flatten: _flatten,
    PlaceOrder: _place,
    CancelOrderRequest: _cancel,
    SetLimit: _limit,
    TakeSnapshot: _snapshot,
    Ack: _ack,
    Stop: _stop,
}
