"""Orders under every interleaving: duplicates, reorderings, lost answers, late fills, busts.

Three searches. Hypothesis plays a venue that really works an order, whose reports are lost, doubled
and reordered, against the table of orders. A bounded walk takes every sequence of a small alphabet of
evidence up to a fixed depth, states merged where they are equal. And random evidence of any size about
several orders: there, as in the walk, the engine must say what the oracle says.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from openoutcry.state.commands import CancelOrder, ReplaceOrder
from openoutcry.state.enums import OrderStatus, RequestState, Side
from openoutcry.state.events import OrderEvent, OrderFilled, OrderReplaced, ReplaceRejected
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.orders import FillState, Order, Outcome, order_table
from tests.oracles.order_machine.order import Order as OracleOrder
from tests.oracles.order_machine.table import OrderTable as OracleTable
from tests.order_kit import (
    BTC,
    EVIDENCE,
    OTHER,
    SIZE,
    STRATEGY,
    Evidence,
    OneOrder,
    applied,
    cancel,
    client_id,
    directory,
    facts,
    order_in,
    replace,
    submit,
)

S = OrderStatus
LOCAL = ("OrderDenied", "OrderSubmitted", "RequestUnknown")
"""Words of our own that prove nothing; `OrderNotSent` does: the gate knows what it kept."""
DEPTH = 8


class HonestVenue(RuleBasedStateMachine):
    """A venue that tells the truth over a bad line: whatever arrives, our order stays true."""

    def __init__(self) -> None:
        super().__init__()
        self.table = order_table(directory(), recent=1)
        self.table.add(submit())
        self.e = Evidence()
        self.line: list[OrderEvent] = []  # reports on their way, in no particular order
        self.seen: list[OrderEvent] = []
        # The venue's own books.
        self.arrived = self.ended = False
        self.quantity = SIZE
        self.fills: dict[str, int] = {}
        self.busted: dict[str, int] = {}
        self.told: dict[str, int] = {}  # fills whose report has arrived here

    @property
    def order(self) -> Order:
        found = self.table.get(client_id())
        assert found is not None
        return found

    @property
    def cumulative(self) -> int:
        return sum(self.fills.values())

    # --- our side ---
    @precondition(lambda self: self.order.status is S.INITIALIZED and not self.order.is_unknown)
    @rule(reaches=st.booleans())
    def send(self, reaches: bool) -> None:
        self.take(self.e.submitted)
        if reaches:
            self.arrive()

    @precondition(lambda self: self.order.status is not S.INITIALIZED and not self.arrived)
    @rule()
    def arrive(self) -> None:
        """A submit may arrive long after we gave up waiting for it."""
        self.arrived = True
        self.line.append(self.e.accepted)

    @rule()
    def time_out(self) -> None:
        before = self.order.status
        self.take(self.e.unknown)
        assert self.order.status is before

    @rule()
    def ask_to_cancel(self) -> None:
        self.table.request(cancel())

    @precondition(lambda self: self.arrived)
    @rule(quantity=st.integers(1, 2 * SIZE), reaches=st.booleans())
    def ask_to_replace(self, quantity: int, reaches: bool) -> None:
        if self.table.request(replace(quantity=quantity)) is not None or not reaches:
            return
        if self.ended or quantity <= self.cumulative:
            self.line.append(self.e.replace_rejected)
        else:
            self.quantity = quantity
            self.line.append(self.e.replaced(quantity))

    # --- the venue ---
    @precondition(lambda self: self.arrived and not self.ended)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        left = self.quantity - self.cumulative
        units = data.draw(st.integers(1, left))
        name = f"f{len(self.fills) + len(self.busted)}"
        self.fills[name] = units
        self.ended = self.cumulative == self.quantity
        self.line.append(self.e.fill(units, name, self.cumulative))

    @precondition(lambda self: self.arrived and not self.ended)
    @rule(expires=st.booleans())
    def end(self, expires: bool) -> None:
        self.ended = True
        words = self.e.expired if expires else self.e.canceled
        self.line.append(words(self.cumulative))

    # --- the line ---
    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        self.take(self.line.pop(data.draw(st.integers(0, len(self.line) - 1))))

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        before = self.order
        event = data.draw(st.sampled_from(self.seen))
        if isinstance(event, OrderReplaced | ReplaceRejected):
            return  # answers carry no request number: a repeated one could answer the next request
        outcome = applied(self.table, event)
        if isinstance(event, OrderFilled):
            assert outcome is Outcome.DUPLICATE
            assert self.order == before

    def take(self, event: OrderEvent) -> None:
        status, unknown = self.order.status, self.order.submit_request is RequestState.UNKNOWN
        outcome = applied(self.table, event)
        if type(event).__name__ not in LOCAL:
            self.seen.append(event)
        elif unknown:
            assert self.order.status is status, "an unknown order moved without proof"
        if isinstance(event, OrderFilled):
            self.told[event.fill_id] = event.quantity_units
            assert outcome in (Outcome.APPLIED, Outcome.ALARM)

    @invariant()
    def every_fill_that_arrived_is_counted_once(self) -> None:
        assert self.order.filled_units == sum(self.told.values())

    @invariant()
    def what_the_venue_may_still_fill_is_reserved(self) -> None:
        """Never less reserved than the venue can still do to us, replaces in flight included."""
        if self.order.status is S.INITIALIZED or not self.arrived:
            return
        possible = self.cumulative if self.ended else self.quantity
        unseen = possible - sum(self.told.values())
        assert self.order.exposure_units >= unseen

    @invariant()
    def final_only_on_proof(self) -> None:
        if self.order.is_final:
            assert self.ended
            assert sum(self.told.values()) == self.cumulative

    @invariant()
    def sums_are_in_step(self) -> None:
        exposure = self.order.exposure_units
        assert exposure >= 0
        assert self.order.missing_units >= 0
        assert self.table.working_units(None, BTC) == (exposure, 0)
        assert bool(self.table.open_orders()) == self.order.is_open

    def teardown(self) -> None:
        """When the line heals, everything becomes known."""
        while self.line:
            self.take(self.line.pop(0))
        assert self.order.filled_units == self.cumulative
        if self.ended and self.order.replace_request is None:
            assert self.order.is_final


HonestVenue.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestOrdersOverABadLine = HonestVenue.TestCase


ALPHABET: tuple[OrderEvent, ...] = (
    EVIDENCE.denied,
    EVIDENCE.not_sent,
    EVIDENCE.submitted,
    EVIDENCE.accepted,
    EVIDENCE.rejected,
    EVIDENCE.triggered,
    EVIDENCE.cancel_rejected,
    EVIDENCE.replace_rejected,
    EVIDENCE.unknown,
    EVIDENCE.fill(4, "a", 4),
    EVIDENCE.fill(6, "b", 10),
    EVIDENCE.fill(3, "c", 13),
    EVIDENCE.canceled(4),
    EVIDENCE.expired(0),
    EVIDENCE.replaced(12),
    EVIDENCE.busted("a"),
    EVIDENCE.corrected(5, "a"),
)
STEPS_OF_THE_WALK: tuple[OrderEvent | CancelOrder | ReplaceOrder, ...] = (
    *ALPHABET,
    cancel(),
    replace(quantity=20),
    replace(quantity=3),
)


def known(order: Any) -> bytes:
    """What tells two states apart: everything but the words of the last alarm."""
    data = facts(order)
    data["fills"].sort(key=lambda fill: fill[0])
    return msgspec.msgpack.encode(data)


def check_step(before: Any, event: OrderEvent, after: Any, outcome: Outcome) -> None:
    """What holds for every single step, whatever came before."""
    booked = sum(
        fill.quantity_units
        for fill in after.fills.values()
        if fill.state in (FillState.BOOKED, FillState.CORRECTED)
    )
    assert after.filled_units == booked
    assert after.exposure_units >= after.leaves_units >= 0
    assert after.missing_units >= 0
    if outcome is Outcome.ILLEGAL:
        assert known(after) == known(before)
        assert after.alarm
    if before.is_final:
        assert after.status is before.status
        assert after.exposure_units == 0
    if after.is_final:
        assert after.outstanding is None
        assert after.pending is None
    if after.status is S.FILLED and before.status is not S.FILLED:
        assert after.filled_units >= after.quantity_units
    if before.submit_request is RequestState.UNKNOWN and type(event).__name__ in LOCAL:
        assert after.status is before.status
        assert after.leaves_units == before.leaves_units
    if isinstance(event, OrderFilled) and event.fill_id not in before.fills:
        assert after.filled_units == before.filled_units + event.quantity_units
        assert outcome in (Outcome.APPLIED, Outcome.ALARM)


class Pair:
    """The engine's order and the oracle's, after the same steps."""

    def __init__(self) -> None:
        self.order = OneOrder()
        self.oracle = OracleOrder.new(submit())
        self.start = self.state()

    def state(self) -> tuple[bytes, bytes]:
        return self.order.table.snapshot(), msgspec.msgpack.encode(self.oracle)

    def become(self, state: tuple[bytes, bytes]) -> None:
        self.order.table.restore(state[0])
        self.oracle = msgspec.msgpack.decode(state[1], type=OracleOrder)

    def apply(self, event: OrderEvent) -> Outcome:
        outcome = self.order.apply(event)
        assert self.oracle.apply(event) is outcome
        return outcome

    def request(self, command: CancelOrder | ReplaceOrder) -> str | None:
        refusal = self.order.request(command)
        assert self.oracle.request(command) == refusal
        return refusal

    def look(self) -> Order:
        order = self.order.now
        assert facts(order) == facts(self.oracle)
        assert order.alarm == self.oracle.alarm
        return order


def test_every_sequence_of_evidence_up_to_the_depth_keeps_the_rules() -> None:
    """All sequences of 20 events and requests, eight deep, with equal states walked once."""
    pair = Pair()
    frontier = {known(pair.look()): pair.start}
    reached = {state: pair.look().status for state in frontier}
    steps = 0
    for _ in range(DEPTH):
        following: dict[bytes, tuple[bytes, bytes]] = {}
        for state in frontier.values():
            for step in STEPS_OF_THE_WALK:
                pair.become(state)
                before = pair.look()
                if isinstance(step, OrderEvent):
                    outcome = pair.apply(step)
                    after = pair.look()
                    check_step(before, step, after, outcome)
                    steps += 1
                else:
                    pair.request(step)
                    after = pair.look()
                    assert after.status is before.status
                    assert after.exposure_units >= before.exposure_units
                key = known(after)
                if key not in reached:
                    reached[key] = after.status
                    following[key] = pair.state()
        frontier = following
    assert set(reached.values()) == set(S)
    assert steps > 10_000


def test_the_walk_notices_an_order_that_gives_up_on_a_timeout() -> None:
    """The mutant that other systems ship: a timeout taken for a rejection."""
    before = order_in(S.SUBMITTED)
    before.apply(EVIDENCE.unknown)
    after = OracleOrder.new(submit())
    after.status = S.REJECTED
    with pytest.raises(AssertionError):
        check_step(before.now, EVIDENCE.unknown, after, Outcome.APPLIED)


EDGES = (1, 4, SIZE, SIZE + 1, 2**61)
"""Quantities around the order's size, and one whose sums no 64 bits hold."""
LAST = 2**63 - 1


@st.composite
def evidence(draw: st.DrawFn, number: int) -> OrderEvent:
    """Anything that anybody could say about a numbered order, sensible or not."""
    e = Evidence(number, ts=draw(st.integers(1, 20)))
    units = st.sampled_from(EDGES)
    odd = st.sampled_from((-1, 0, *EDGES))
    claim = st.sampled_from((-1, 0, *EDGES, LAST))
    fill_id = st.sampled_from(("1", "2", "a", "b"))
    made = draw(
        st.sampled_from((e.denied, e.not_sent, e.submitted, e.accepted, e.rejected, e.triggered))
        | st.sampled_from((e.cancel_rejected, e.replace_rejected, e.unknown))
        | st.builds(
            e.fill, odd, fill_id, units, st.sampled_from((1, 2)), st.sampled_from(Side),
            st.sampled_from(("v1", "v2")),
        )
        | st.builds(e.fill, units, fill_id, claim)
        | st.builds(e.canceled, claim)
        | st.builds(e.expired, claim)
        | st.builds(e.replaced, claim, st.none() | units, st.none() | units)
        | st.builds(e.busted, fill_id)
        | st.builds(e.corrected, odd, fill_id)
        | st.builds(e.accepted_as, st.sampled_from(("v1", "7")))
    )  # fmt: skip
    elsewhere = draw(st.integers(0, 9)) == 0
    return msgspec.structs.replace(made, instrument="X.SIM") if elsewhere else made


COMMANDS = st.one_of(
    st.builds(cancel, st.integers(1, 4)),
    st.builds(
        replace,
        st.none() | st.sampled_from((*EDGES, LAST)),
        st.none() | st.just(7),
        st.integers(1, 4),
    ),
)
STEPS = st.lists(
    st.integers(1, 3).flatmap(evidence) | COMMANDS | st.just("store"), min_size=1, max_size=30
)
PLACES: tuple[tuple[StrategyId | None, InstrumentId], ...] = tuple(
    (strategy, instrument)
    for strategy in (None, STRATEGY, OTHER)
    for instrument in (BTC, InstrumentId("X.SIM"))
)


@settings(max_examples=500, deadline=None)
@given(steps=STEPS, recent=st.integers(1, 3))
def test_the_engine_says_what_the_oracle_says(steps: list[Any], recent: int) -> None:
    """Outcomes, alarms, refusals, every order and every sum, whatever is said in whatever order."""
    names = directory()
    table, oracle = order_table(names, recent), OracleTable(recent)
    orders = (
        submit(1),
        submit(2, side=Side.SELL, strategy=OTHER, reduce_only=True),
        submit(3, quantity_units=LAST),
    )
    for command in orders:
        assert facts(table.add(command)) == facts(oracle.add(command))
    for step in steps:
        if step == "store":
            stored = table.snapshot()
            table = order_table(names, recent)
            table.restore(stored)
        elif isinstance(step, OrderEvent):
            order = oracle.get(step.client_order_id)
            assert order is not None
            expected = oracle.apply(order, step)
            found = table.apply(step)
            assert found == (
                expected,
                order.alarm if expected in (Outcome.ILLEGAL, Outcome.ALARM) else None,
            )
        else:
            assert table.request(step) == oracle.request(step)
        for number in range(1, 4):
            assert facts(table.get(client_id(number))) == facts(oracle.get(client_id(number)))
        for strategy, instrument in PLACES:
            for reducing in (True, False):
                assert table.working_units(
                    strategy, instrument, reduce_only=reducing
                ) == oracle.working_units(strategy, instrument, reduce_only=reducing)
            assert [order.client_order_id for order in table.open_orders(strategy, instrument)] == [
                order.client_order_id for order in oracle.open_orders(strategy, instrument)
            ]
    assert len(table) == len(oracle)


def test_sides_are_reserved_apart() -> None:
    table = order_table(directory())
    table.add(submit(1))
    table.add(submit(2, side=Side.SELL))
    assert table.working_units(None, BTC) == (SIZE, SIZE)
