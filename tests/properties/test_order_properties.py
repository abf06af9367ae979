"""Orders under every interleaving: duplicates, reorderings, lost answers, late fills, busts.

Two searches. Hypothesis plays a venue that really works an order, whose reports are lost, doubled and
reordered, against the table of orders. And a bounded walk takes every sequence of a small alphabet of
evidence up to a fixed depth, states merged where they are equal.
"""

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from openoutcry.state.enums import OrderStatus, RequestState, Side
from openoutcry.state.events import OrderEvent, OrderFilled, OrderReplaced, ReplaceRejected
from openoutcry.state.order_table import OrderTable
from openoutcry.state.order_transitions import TERMINAL
from openoutcry.state.orders import FillState, Order, Outcome
from tests.order_kit import BTC, EVIDENCE, SIZE, Evidence, cancel, order_in, replace, submit

S = OrderStatus
LOCAL = ("OrderDenied", "OrderNotSent", "OrderSubmitted", "RequestUnknown")
DEPTH = 8


class HonestVenue(RuleBasedStateMachine):
    """A venue that tells the truth over a bad line: whatever arrives, our order stays true."""

    def __init__(self) -> None:
        super().__init__()
        self.table = OrderTable(recent=1)
        self.order = self.table.add(submit())
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
        before = msgspec.to_builtins(self.order)
        event = data.draw(st.sampled_from(self.seen))
        if isinstance(event, OrderReplaced | ReplaceRejected):
            return  # answers carry no request number: a repeated one could answer the next request
        outcome = self.table.apply(self.order, event)
        if isinstance(event, OrderFilled):
            assert outcome is Outcome.DUPLICATE
            assert msgspec.to_builtins(self.order) == before

    def take(self, event: OrderEvent) -> None:
        status, unknown = self.order.status, self.order.submit_request is RequestState.UNKNOWN
        outcome = self.table.apply(self.order, event)
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
        if self.order.status in TERMINAL:
            assert self.ended
            assert sum(self.told.values()) == self.cumulative

    @invariant()
    def sums_are_in_step(self) -> None:
        exposure = self.order.exposure_units
        assert exposure >= 0
        assert self.order.missing_units >= 0
        assert self.table.working_units(None, BTC) == (exposure, 0)
        assert bool(list(self.table.open_orders())) == self.order.is_open

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
REQUESTS = (cancel(), replace(quantity=20), replace(quantity=3))


def frozen(order: Order) -> bytes:
    """What tells two states apart: everything but the words of the last alarm."""
    data = msgspec.to_builtins(order)
    data["alarm"] = None
    data["fills"] = dict(sorted(data["fills"].items()))
    return msgspec.msgpack.encode(data)


def thawed(data: bytes) -> Order:
    return msgspec.msgpack.decode(data, type=Order)


def check_step(before: Order, event: OrderEvent, after: Order, outcome: Outcome) -> None:
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
        assert frozen(after) == frozen(before)
        assert after.alarm
    if before.status in TERMINAL:
        assert after.status is before.status
        assert after.exposure_units == 0
    if after.status in TERMINAL:
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


def test_every_sequence_of_evidence_up_to_the_depth_keeps_the_rules() -> None:
    """All sequences of 20 events and requests, eight deep, with equal states walked once."""
    frontier = {frozen(order_in(S.INITIALIZED)): None}
    reached = dict(frontier)
    steps = 0
    for _ in range(DEPTH):
        following: dict[bytes, None] = {}
        for state in frontier:
            before = thawed(state)
            for event in ALPHABET:
                after = thawed(state)
                check_step(before, event, after, after.apply(event))
                following[frozen(after)] = None
                steps += 1
            for command in REQUESTS:
                after = thawed(state)
                after.request(command)
                assert after.status is before.status
                assert after.exposure_units >= before.exposure_units
                following[frozen(after)] = None
        frontier = {state: None for state in following if state not in reached}
        reached |= frontier
    assert {thawed(state).status for state in reached} == set(S)
    assert steps > 10_000


def test_the_walk_notices_an_order_that_gives_up_on_a_timeout() -> None:
    """The mutant that other systems ship: a timeout taken for a rejection."""
    before = order_in(S.SUBMITTED)
    before.apply(EVIDENCE.unknown)
    after = thawed(frozen(before))
    after.status, after.submit_request = S.REJECTED, None
    with pytest.raises(AssertionError):
        check_step(before, EVIDENCE.unknown, after, Outcome.APPLIED)


def test_sides_are_reserved_apart() -> None:
    table = OrderTable()
    table.add(submit(1))
    table.add(submit(2, side=Side.SELL))
    assert table.working_units(None, BTC) == (SIZE, SIZE)
