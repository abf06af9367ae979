"""`why ORDER`: the chain tick → signal → checks → intent → sent → reports, with the time of each hop.

Out of the journal, and of the order as the table has it; what the tape holds of the market input that
caused it is added where there is a tape. Nothing here touches the graph.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final, Protocol

import msgspec

from openoutcry.daemon.control.book_views import CheckRow, Hop, OrderRow, Why
from openoutcry.daemon.control.describe import (
    describe,
    describe_command,
    describe_event,
    describe_order,
)
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.past import SEARCH_MAX, Records, owner_of
from openoutcry.daemon.control.texts import known
from openoutcry.state.codec import AnyMessage, decode
from openoutcry.state.commands import CancelOrder, ReplaceOrder, RiskApproved, SubmitOrder
from openoutcry.state.events import OrderDenied, OrderEvent
from openoutcry.state.identifiers import ClientOrderId

_CONSEQUENCES: Final = (RiskApproved, OrderDenied)
"""What an input leads to; an input of the same number that is recorded before is its cause."""

Step = tuple[int, AnyMessage]
"""A record: its input and what it says."""


class Tape(Protocol):
    """The market data as the core saw it."""

    def datum(self, seq: int) -> AnyMessage | None:
        """The market input of a sequence number; None when the tape does not hold it."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says of an order, oldest first, and the records before it of the same input."""

    cause: AnyMessage | None
    steps: tuple[Step, ...]
    complete: bool


def trace(records: Records, order: ClientOrderId) -> Trace:
    """Find every record of an order, back to its intent or denial."""
    steps: list[Step] = []
    begun: int | None = None
    cause: AnyMessage | None = None
    word = order.encode()
    for seq, body in islice(records.back(), SEARCH_MAX):
        if begun is not None:
            if seq != begun:
                break
            message = decode(body)
            if not isinstance(message, _CONSEQUENCES):
                cause = message  # the first record of an input is the input itself
            continue
        if word not in body:
            continue
        message = decode(body)
        if _is_about(message, order):
            steps.append((seq, message))
            if _begins(message):
                begun = seq
    return Trace(cause=cause, steps=tuple(reversed(steps)), complete=begun is not None)


def _is_about(message: AnyMessage, order: ClientOrderId) -> bool:
    if isinstance(message, RiskApproved):
        return message.command.client_order_id == order
    return isinstance(message, OrderEvent) and message.client_order_id == order


def _begins(message: AnyMessage) -> bool:
    approved = isinstance(message, RiskApproved) and isinstance(message.command, SubmitOrder)
    return approved or isinstance(message, OrderDenied)


def why(
    facts: CoreFacts,
    records: Records,
    order: ClientOrderId,
    row: OrderRow | None,
    *,
    checks: Sequence[str],
    names: Sequence[str],
    tape: Tape | None = None,
) -> Why:
    """The chain of an order.

    Args:
        facts: The core's facts.
        records: The journal.
        order: Which order.
        row: The order as the table has it; None for one that was denied or forgotten.
        checks: Names of the checks, in their order.
        names: The books' names by their numbers.
        tape: The tape, where there is one.
    """
    found = trace(records, order)
    hops: list[Hop] = []
    verdicts: tuple[CheckRow, ...] = ()
    for seq, message in found.steps:
        if isinstance(message, OrderDenied):
            verdicts = _verdicts(checks, message.reasons)
            hops += [_cause(found, seq, message.ts_received, message.instrument, tape)]
            owner = owner_of(order, names) or "somebody"
            asks = f"{owner} asks for an order of {message.instrument}"
            hops += [_hop("signal", message.ts_received, seq, asks)]
            hops += [_hop("checks", message.ts_received, seq, describe_event(message))]
        elif isinstance(message, RiskApproved):
            if isinstance(message.command, SubmitOrder):
                verdicts = _verdicts(checks, ())
            hops += _intent(found, seq, message.command, row, checks, tape)
        elif isinstance(message, OrderEvent):
            name = type(message).__name__
            at = _hop(name, message.ts_received, seq, describe_event(message))
            hops.append(msgspec.structs.replace(at, venue_ts=message.ts_event))
    return Why(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        order=row,
        checks=verdicts,
        hops=_timed(hops),
        complete=found.complete,
    )


def _intent(
    found: Trace,
    seq: int,
    command: SubmitOrder | CancelOrder | ReplaceOrder,
    row: OrderRow | None,
    checks: Sequence[str],
    tape: Tape | None,
) -> list[Hop]:
    """The hops of one intent: those of a new order begin with what caused it."""
    if not isinstance(command, SubmitOrder):
        kind = "cancel" if isinstance(command, CancelOrder) else "replace"
        return [_hop(kind, command.ts, seq, describe_command(command))]
    price = known(command.arrival_units, command.price_scale)
    seen = "" if price is None else f"; the price was {price}"
    tag = f" ({command.tag})" if command.tag else ""
    hops = [
        _cause(found, seq, command.ts, command.instrument, tape),
        _hop(
            "signal", command.ts, seq, f"{command.strategy}: {describe_order(command)}{tag}{seen}"
        ),
        _hop("checks", command.ts, seq, f"passed {', '.join(checks)}"),
        _hop("intent", command.ts, seq, "recorded in the journal"),
    ]
    if row is not None and row.submitted is not None:
        hops.append(_hop("sent", row.submitted, None, "left through the gate"))
    return hops


def _cause(found: Trace, seq: int, ts: int, instrument: str, tape: Tape | None) -> Hop:
    if found.cause is not None:
        return _hop("cause", ts, seq, describe(found.cause))
    datum = tape.datum(seq) if tape is not None else None
    if datum is None:
        return _hop("cause", ts, seq, f"market data, input {seq} (the order is for {instrument})")
    event = getattr(datum, "ts_event", None)
    return msgspec.structs.replace(_hop("cause", ts, seq, describe(datum)), venue_ts=event)


def _verdicts(checks: Sequence[str], reasons: Sequence[str]) -> tuple[CheckRow, ...]:
    """Each check with why it did not pass; what no check said (a halt) comes first."""
    said = [reason.partition(": ") for reason in reasons]
    against = {name: why for name, _, why in said}
    others = tuple(CheckRow(check=n, why=w) for n, w in against.items() if n not in checks)
    return others + tuple(CheckRow(check=name, why=against.get(name)) for name in checks)


def _hop(hop: str, ts: int | None, seq: int | None, text: str) -> Hop:
    return Hop(hop=hop, ts=ts, since=None, seq=seq, venue_ts=None, text=text)


def _timed(hops: Sequence[Hop]) -> tuple[Hop, ...]:
    """The hops with the time that passed since the one before."""
    before: int | None = None
    timed = []
    for hop in hops:
        since = None if hop.ts is None or before is None else hop.ts - before
        timed.append(msgspec.structs.replace(hop, since=since))
        before = hop.ts if hop.ts is not None else before
    return tuple(timed)
