"""The gate under random timing: a disk that answers late, halts, cancels, a port that breaks, time that passes.

A venue that knows the journal checks each command as it arrives. When everything is quiet, every order's
end fits what the venue saw; and a re-run of the same inputs, during which nothing leaves, comes to the
same record and the same orders, though it knows nothing of the disk.
"""

import random
from typing import Any

import msgspec
import pytest

from openoutcry.state import codec
from openoutcry.state.commands import (
    CancelOrder,
    Flatten,
    Halt,
    ReplaceOrder,
    Resume,
    RiskApproved,
    SubmitOrder,
    VenueCommand,
)
from openoutcry.state.enums import OrderStatus, RequestState, Side
from openoutcry.state.events import OrderNotSent, TradingHalted
from openoutcry.state.identifiers import ClientOrderId
from tests.path_kit import FREE, LIMITS, SECOND, Evidence, Pit, cancel, ids, order, replace

STEPS = 150
WIDE = msgspec.structs.replace(FREE, collar=LIMITS.collar)
CLOSING = 0x8000


class Slow(Pit):
    """A core whose inputs are written down, and whose gate's words come back when the test says so."""

    def __init__(self) -> None:
        self.inputs: list[tuple[str, int, Any]] = []
        self.late: list[Any] = []
        self.venue = Venue(self)
        super().__init__(WIDE, durable=0)
        self.world.submit = self.venue.submit  # type: ignore[method-assign]

    def handle(self, message: Any) -> None:
        self.world.seq += 1
        self.graph.handle(message)
        self.late += self.path.take_dropped()

    def note(self, kind: str, what: Any) -> None:
        """One input, as a re-run will have it."""
        self.inputs.append((kind, self.world.now, what))
        play(self, kind, what)

    def hear(self) -> None:
        """The first word of the gate comes in."""
        if self.late:
            self.note("handle", self.late.pop(0))

    def settle(self, count: int, now: int) -> None:
        """So many records are durable at this moment."""
        self.journal.native.durable_count = count
        self.late += self.path.on_durable(now)


def play(pit: Pit, kind: str, what: Any) -> None:
    match kind:
        case "tell":
            pit.tell(*what)
        case "quote":
            pit.quote()
        case _:
            pit.handle(what)


class Venue:
    """Knows the journal: what arrives must be durable, in order, and allowed."""

    def __init__(self, pit: Slow) -> None:
        self.pit = pit
        self.fails = self.reached = 0
        self.orders: dict[ClientOrderId, SubmitOrder] = {}
        self.tried: set[ClientOrderId] = set()
        self.filled: dict[ClientOrderId, int] = {}
        self.open: set[ClientOrderId] = set()
        self.asks: list[CancelOrder | ReplaceOrder] = []
        self.terms: dict[ClientOrderId, int] = {}
        self.wrong: list[str] = []

    def submit(self, command: VenueCommand, /) -> None:
        try:
            self.check(command)
        except AssertionError as error:  # the path would take it for a broken port
            self.wrong.append(str(error))
        number = command.client_order_id
        if isinstance(command, SubmitOrder):
            self.tried.add(number)
        if self.fails:
            self.fails -= 1
            if self.reached:
                self.take(command)
            raise ConnectionError("gone")
        self.take(command)

    def take(self, command: VenueCommand) -> None:
        number = command.client_order_id
        if isinstance(command, SubmitOrder):
            self.orders[number] = command
            self.filled[number], self.terms[number] = 0, command.quantity_units
            self.open.add(number)
        else:
            self.asks.append(command)

    def check(self, command: VenueCommand) -> None:
        pit, number = self.pit, command.client_order_id
        records = [codec.decode(data) for _, data in pit.journal.records()]
        dropped = {r.client_order_id for r in records if isinstance(r, OrderNotSent)}
        assert number not in dropped, "it was said not to have left"
        if isinstance(command, CancelOrder):
            assert number in self.tried, "an order that never left needs no cancel"
            return
        durable = records[: pit.journal.native.durable_count]
        assert RiskApproved(command=command) in durable, "it left before its record was durable"
        closes = isinstance(command, SubmitOrder) and command.reduce_only
        halted = [h for h in pit.graph.risk_state.halted() if h[:2] == (None, None)]
        assert closes or not halted, "nothing but a cancel leaves after a halt"
        if isinstance(command, SubmitOrder):
            assert number not in self.tried, "no order leaves twice"
        else:
            assert number in self.tried

    # --- what it reports ------------------------------------------------------------------------

    def word(self, draw: random.Random) -> Any | None:
        """Something that it has to say, if it has."""
        if self.asks and draw.random() < 0.5:
            return self.answer(self.asks.pop(0), draw)
        if not self.open:
            return None
        number = draw.choice(sorted(self.open))
        if draw.random() < 0.4:
            return self.of(number, Evidence().accepted_as(f"v{number}"))
        return self.fill(number, draw.randint(1, self.terms[number] - self.filled[number]))

    def fill(self, number: ClientOrderId, units: int) -> Any:
        self.filled[number] += units
        if self.filled[number] == self.terms[number]:
            self.open.remove(number)
        event = Evidence().fill(units, f"{number}/{self.filled[number]}", self.filled[number])
        side = self.orders[number].side
        return self.of(
            number, msgspec.structs.replace(event, side=side, venue_order_id=f"v{number}")
        )

    def answer(self, ask: CancelOrder | ReplaceOrder, draw: random.Random) -> Any:
        number = ask.client_order_id
        done = number not in self.open
        if isinstance(ask, CancelOrder):
            if done:
                return self.of(number, Evidence().cancel_rejected)
            self.open.remove(number)
            return self.of(number, Evidence().canceled(self.filled[number]))
        assert ask.quantity_units is not None
        if done or ask.quantity_units <= self.filled[number] or draw.random() < 0.3:
            return self.of(number, Evidence().replace_rejected)
        self.terms[number] = ask.quantity_units
        return self.of(number, Evidence().replaced(ask.quantity_units))

    def of(self, number: ClientOrderId, event: Any) -> Any:
        return msgspec.structs.replace(event, client_order_id=number)


def step(pit: Slow, draw: random.Random, numbers: list[int]) -> None:
    """One thing happens: somebody asks, or the world moves."""
    if draw.randrange(12) < 5:
        ask(pit, draw, numbers)
    else:
        move(pit, draw)


def ask(pit: Slow, draw: random.Random, numbers: list[int]) -> None:
    now = pit.world.now
    match draw.randrange(5) if numbers else 0:
        case 3:
            pit.note("tell", (stamped(cancel(draw.choice(numbers)), now),))
        case 4:
            terms = replace(quantity=draw.randint(1, 30), number=draw.choice(numbers))
            pit.note("tell", (stamped(terms, now),))
        case _:
            numbers.append(len(numbers) + 1)
            fields: dict[str, Any] = {"side": draw.choice(list(Side)), "ts": now}
            fields["limit_units"] = 9_950 if fields["side"] is Side.BUY else 10_050
            if numbers[:-1] and draw.random() < 0.3:
                fields["parent"] = ids(draw.choice(numbers[:-1]))[0]
            pit.note("tell", (order(numbers[-1], **fields),))


def move(pit: Slow, draw: random.Random) -> None:
    world, journal = pit.world, pit.journal
    match draw.randrange(7), draw.random() < 0.3:
        case 0, _:
            durable = min(journal.native.durable_count, journal.count)
            pit.settle(draw.randint(durable, journal.count), world.now)
        case 1, _:
            world.now += draw.randrange(4 * SECOND)
            pit.note("quote", None)
        case 2, True:
            pit.note("handle", Halt(ts=world.now, reason="by hand"))
        case 3, _:
            pit.note("handle", Resume(ts=world.now, reason="looked at"))
        case 4, True:
            pit.venue.fails, pit.venue.reached = draw.randint(1, 2), draw.randrange(2)
        case 5, _:
            word = pit.venue.word(draw)
            if word is not None:
                pit.note("handle", word)
        case 6, True:
            pit.note("handle", Flatten(ts=world.now))
        case _:
            pit.hear()


def stamped(command: Any, now: int) -> Any:
    return msgspec.structs.replace(command, ts=now)


def quiet(pit: Slow, draw: random.Random) -> None:
    """The disk answers, the port works, everything is told."""
    pit.venue.fails = 0
    for _ in range(3):
        pit.settle(pit.journal.count, pit.world.now)
        while pit.late:
            pit.hear()
    while pit.venue.asks:
        pit.note("handle", pit.venue.answer(pit.venue.asks.pop(0), draw))
    assert pit.path.waiting == 0


def check_ends(pit: Slow, numbers: list[int]) -> None:
    """Every order's state fits what the venue saw."""
    venue = pit.venue
    assert venue.wrong == []
    for number in ids(*numbers):
        known = pit.graph.orders.get(number)
        if known is None:
            continue  # denied
        never = known.status is OrderStatus.NOT_SENT
        assert never == (number not in venue.tried), f"{number}: {known.status}"
        if number in venue.open:
            assert not known.is_final
            assert known.exposure_units >= venue.terms[number] - venue.filled[number]
        if number in venue.orders:
            assert known.filled_units == venue.filled[number]
        elif number in venue.tried:
            assert known.submit_request is RequestState.UNKNOWN, "it was lost on its way"
    wrong = [h.reason for h in pit.records(TradingHalted) if "illegal" in h.reason]
    assert wrong == []


def rerun(pit: Slow) -> Pit:
    """The same inputs, while nothing leaves and the disk is not asked."""
    again = Slow()
    again.path.suppress(True)
    for kind, now, what in pit.inputs:
        again.world.now = now
        play(again, kind, what)
        assert again.late == []
    assert again.venue.tried == set()
    return again


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_whatever_the_timing_nothing_leaves_too_early_and_every_end_is_true(first: int) -> None:
    for seed in range(first, first + 20):
        draw = random.Random(seed)
        pit = Slow()
        numbers: list[int] = []
        try:
            for _ in range(STEPS):
                step(pit, draw, numbers)
            quiet(pit, draw)
            check_ends(pit, numbers)
            again = rerun(pit)
            assert again.journal.records() == pit.journal.records()
            assert again.graph.orders.digest() == pit.graph.orders.digest()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            pit.graph.close()


def test_the_runs_meet_what_they_are_about() -> None:
    seen: set[str] = set()
    for seed in range(30):
        draw, pit, numbers = random.Random(seed), Slow(), list[int]()
        for _ in range(STEPS):
            step(pit, draw, numbers)
        quiet(pit, draw)
        for record in pit.records(object):
            reason = str(getattr(record, "reason", ""))
            seen |= {word for word in WORDS if word in reason}
        pit.graph.close()
    assert seen == set(WORDS)


WORDS = (
    "halted: by hand",
    "older than 5000 ms",
    "canceled before it left",
    "its parent was not sent",
    "a cancel of the order left first",
    "the venue's port failed",
)
