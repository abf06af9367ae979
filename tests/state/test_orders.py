"""An order changes on evidence only: every cell of the table, and every story that it must survive."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from openoutcry import _native
from openoutcry.state.enums import OrderStatus, RequestKind, RequestState, Side
from openoutcry.state.events import (
    AnyOrderEvent,
    FillCorrected,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderReplaced,
)
from openoutcry.state.identifiers import FillId
from openoutcry.state.orders import FillState, Outcome
from tests.order_kit import EVIDENCE as E
from tests.order_kit import SIZE, OneOrder, cancel, facts, order_in, replace

ROOT = Path(__file__).resolve().parents[2]
KINDS: tuple[type[OrderEvent], ...] = AnyOrderEvent.__args__
S = OrderStatus

# An event of each class that is plausible for an order in any status.
SAMPLES: dict[type[OrderEvent], Callable[[OneOrder], OrderEvent]] = {
    type(event): (lambda _order, event=event: event)
    for event in (
        E.denied, E.not_sent, E.submitted, E.accepted, E.rejected, E.triggered,
        E.cancel_rejected, E.replace_rejected, E.unknown, E.busted("known"),
    )
} | {
    OrderFilled: lambda _order: E.fill(1, "new"),
    OrderCanceled: lambda order: E.canceled(order.filled_units),
    OrderExpired: lambda order: E.expired(order.filled_units),
    OrderReplaced: lambda order: E.replaced(max(order.filled_units, 8)),
    FillCorrected: lambda _order: E.corrected(3, "known"),
}  # fmt: skip


def tables_of(page: str) -> list[list[list[str]]]:
    """Cells of every table of a page, headings first."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", page, flags=re.MULTILINE)
    split = [
        [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in block.splitlines()]
        for block in blocks
    ]
    return [[table[0], *table[2:]] for table in split]


PAGE = tables_of((ROOT / "docs/reference/order-states.md").read_text())


def following(status: OrderStatus, kind: type[OrderEvent]) -> OrderStatus | None:
    """What the page says about an event that meets a status; None: illegal."""
    heading, *rows = PAGE[0]
    cells = {row[0]: dict(zip(heading, row, strict=True)) for row in rows}
    cell = cells[kind.__name__][status.value]
    return None if cell == "–" else status if cell == "·" else S(cell)


def answered(kind: type[OrderEvent]) -> set[RequestKind]:
    """The requests that the page says an event resolves."""
    heading, *rows = PAGE[1]
    for row in rows:
        if row[0] == kind.__name__:
            cells = zip(heading[1:], row[1:], strict=True)
            return {RequestKind(request) for request, cell in cells if cell == "resolved"}
    return set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("status", S, ids=lambda status: status.value)
def test_a_status_follows_the_table_of_the_page_or_nothing_changes(
    status: OrderStatus, kind: type[OrderEvent]
) -> None:
    order = order_in(status)
    before = facts(order)
    outcome = order.apply(SAMPLES[kind](order))
    expected = following(status, kind)
    if expected is None:
        assert outcome is Outcome.ILLEGAL
        assert order.alarm
        assert facts(order) == before
    elif outcome is Outcome.ILLEGAL:
        # Legal for the status, but what it says contradicts the rest of what is known.
        assert kind in (OrderNotSent, FillCorrected)
        assert facts(order) == before
    else:
        assert order.status is expected


@pytest.mark.parametrize("status", S, ids=lambda status: status.value)
def test_a_fill_is_booked_in_every_status_and_alarms_after_the_end(status: OrderStatus) -> None:
    order = order_in(status)
    before = order.filled_units
    outcome = order.apply(E.fill(1, "late"))
    assert order.filled_units == before + 1
    assert outcome is (Outcome.ALARM if order.is_final else Outcome.APPLIED)
    assert order.apply(E.fill(1, "late")) is Outcome.DUPLICATE
    assert order.filled_units == before + 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_requests_are_resolved_by_what_the_second_table_of_the_page_names(
    kind: type[OrderEvent],
) -> None:
    order = order_in(S.SUBMITTED)
    order.apply(E.unknown)
    assert order.request(cancel()) is None
    assert order.request(replace(limit=9_000)) is None
    outcome = order.apply(SAMPLES[kind](order))
    left = [
        request
        for request, state in zip(
            RequestKind,
            (order.submit_request, order.cancel_request, order.replace_request),
            strict=True,
        )
        if state is not None
    ]
    if order.is_final:
        assert left == []
    elif outcome is Outcome.ILLEGAL:
        assert left == list(RequestKind)
    else:
        assert left == [request for request in RequestKind if request not in answered(kind)]


def test_a_timeout_changes_no_status_keeps_the_exposure_and_is_resolved_by_proof() -> None:
    order = order_in(S.SUBMITTED)
    assert order.apply(E.unknown) is Outcome.APPLIED
    assert order.status is S.SUBMITTED
    assert order.outstanding == (RequestKind.SUBMIT, RequestState.UNKNOWN)
    assert order.is_unknown
    assert order.exposure_units == SIZE
    assert order.apply(E.unknown) is Outcome.DUPLICATE
    for local in (E.denied, E.submitted):
        order.apply(local)
        assert (order.status, order.is_unknown) == (S.SUBMITTED, True)
    assert order.apply(E.accepted) is Outcome.APPLIED
    assert (order.status, order.is_unknown) == (S.ACCEPTED, False)


def test_the_gates_word_that_an_order_never_left_is_proof_unless_the_venue_spoke() -> None:
    order = order_in(S.SUBMITTED)
    order.apply(E.unknown)
    assert order.apply(E.not_sent) is Outcome.APPLIED
    assert (order.status, order.exposure_units, order.is_unknown) == (S.NOT_SENT, 0, False)
    known = order_in(S.SUBMITTED)
    known.apply(E.canceled(4))
    assert known.status is S.SUBMITTED, "fills are missing"
    assert known.apply(E.not_sent) is Outcome.ILLEGAL
    assert known.exposure_units == 4


def test_a_restart_makes_an_unsent_order_unknown_and_it_is_neither_dropped_nor_sent_again() -> None:
    order = order_in(S.INITIALIZED)
    assert order.apply(E.unknown) is Outcome.APPLIED
    for event in (E.denied, E.not_sent, E.submitted):
        assert order.apply(event) is Outcome.ILLEGAL
    assert order.exposure_units == SIZE
    assert order.apply(E.rejected) is Outcome.APPLIED
    assert order.exposure_units == 0


def test_a_cancel_is_final_only_when_the_fills_sum_to_its_cumulative() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.request(cancel()) is None
    assert order.apply(E.canceled(7)) is Outcome.APPLIED
    assert (order.status, order.pending) == (S.PARTIALLY_FILLED, S.CANCELED)
    assert order.exposure_units == order.missing_units == 3
    assert order.request(replace(limit=1)) == "the order is ending (canceled)"
    assert order.apply(E.canceled(7)) is Outcome.DUPLICATE
    assert order.apply(E.fill(3, "missing", 7)) is Outcome.APPLIED
    assert (order.status, order.exposure_units) == (S.CANCELED, 0)


def test_a_cancel_that_claims_less_than_is_filled_is_illegal() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.apply(E.canceled(0)) is Outcome.ILLEGAL
    assert order.alarm == "canceled with 0 filled, but 4 are proven"
    assert order.is_open


def test_a_cancel_repeated_with_more_fills_after_the_end_is_illegal() -> None:
    order = order_in(S.CANCELED)
    assert order.apply(E.canceled(0)) is Outcome.DUPLICATE
    assert order.apply(E.expired(0)) is Outcome.DUPLICATE
    assert order.apply(E.canceled(2)) is Outcome.ILLEGAL


def test_a_fill_beyond_what_a_cancel_claimed_is_booked_with_an_alarm() -> None:
    order = order_in(S.ACCEPTED)
    order.apply(E.canceled(2))
    assert order.apply(E.fill(3, "f", 3)) is Outcome.ALARM
    assert (order.status, order.filled_units) == (S.CANCELED, 3)


def test_a_fill_beyond_the_size_is_booked_with_an_alarm() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.apply(E.fill(7, "f2")) is Outcome.ALARM
    assert (order.status, order.filled_units, order.exposure_units) == (S.FILLED, 11, 0)
    assert order.alarm == "fill f2 of 7 booked: 11 filled of 10"


@pytest.mark.parametrize(
    ("fill", "why"),
    [
        (E.fill(1, side=Side.SELL), "it is a sell of BTCUSDT.SIM"),
        (E.fill(1, venue_order_id="v2"), "it belongs to venue order v2, not v1"),
        (E.fill(1, cumulative=11), "11 filled of 10"),
        (msgspec.structs.replace(E.fill(1), instrument="X.SIM"), "it is a buy of X.SIM"),
    ],
)
def test_a_fill_that_contradicts_its_order_is_booked_with_an_alarm(
    fill: OrderFilled, why: str
) -> None:
    order = order_in(S.ACCEPTED)
    assert order.apply(fill) is Outcome.ALARM
    assert order.alarm == f"fill f1 of 1 booked: {why}"
    assert order.filled_units == 1


@pytest.mark.parametrize(
    "fill", [E.fill(0), E.fill(-1), msgspec.structs.replace(E.fill(1), size_scale=3)]
)
def test_a_fill_that_can_not_be_counted_is_illegal(fill: OrderFilled) -> None:
    order = order_in(S.ACCEPTED)
    assert order.apply(fill) is Outcome.ILLEGAL
    assert (order.filled_units, order.fills) == (0, {})


@pytest.mark.parametrize("other", [E.fill(5), E.fill(4, price=9_999)])
def test_a_fill_id_repeated_with_other_contents_is_illegal(other: OrderFilled) -> None:
    order = order_in(S.ACCEPTED)
    order.apply(E.fill(4))
    assert order.apply(other) is Outcome.ILLEGAL
    assert order.filled_units == 4


def test_a_missing_fill_shows_and_does_not_close_the_order() -> None:
    order = order_in(S.ACCEPTED)
    order.apply(E.fill(4, "f2", cumulative=10))
    assert (order.status, order.missing_units, order.exposure_units) == (S.PARTIALLY_FILLED, 6, 6)
    order.apply(E.fill(6, "f1", cumulative=6))
    assert (order.status, order.missing_units) == (S.FILLED, 0)


def test_one_id_of_ours_for_two_venue_orders_is_illegal() -> None:
    order = order_in(S.ACCEPTED)
    assert order.apply(E.accepted) is Outcome.DUPLICATE
    assert order.apply(E.accepted_as("v2")) is Outcome.ILLEGAL
    assert order.venue_order_id == "v1"


def test_evidence_in_any_order_means_the_same() -> None:
    order = OneOrder()
    assert order.apply(E.fill(4)) is Outcome.APPLIED
    assert order.apply(E.triggered) is Outcome.DUPLICATE
    assert order.apply(E.accepted) is Outcome.APPLIED
    assert order.apply(E.accepted) is Outcome.DUPLICATE
    assert order.apply(E.submitted) is Outcome.DUPLICATE
    assert order.status is S.PARTIALLY_FILLED


def test_a_rejection_contradicts_fills() -> None:
    order = order_in(S.ACCEPTED)
    order.apply(E.fill(1))
    assert order.apply(E.rejected) is Outcome.ILLEGAL
    claimed = order_in(S.ACCEPTED)
    claimed.apply(E.canceled(2))
    assert claimed.apply(E.rejected) is Outcome.ILLEGAL


def test_a_bust_takes_a_fill_back_and_the_order_works_on() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.apply(E.busted("known")) is Outcome.APPLIED
    assert (order.filled_units, order.missing_units, order.exposure_units) == (0, 0, SIZE)
    assert order.apply(E.busted("known")) is Outcome.DUPLICATE
    assert order.apply(E.fill(4, "known")) is Outcome.DUPLICATE
    assert order.filled_units == 0


def test_a_bust_after_the_end_leaves_the_order_ended() -> None:
    order = order_in(S.FILLED)
    assert order.apply(E.busted("known")) is Outcome.APPLIED
    assert (order.status, order.filled_units, order.exposure_units) == (S.FILLED, 0, 0)


def test_a_bust_that_runs_ahead_of_its_fill_keeps_it_from_being_booked() -> None:
    order = order_in(S.ACCEPTED)
    order.apply(E.canceled(4))
    assert order.apply(E.busted("f9")) is Outcome.DUPLICATE
    assert order.apply(E.fill(4, "f9", 4)) is Outcome.DUPLICATE
    assert order.fills[FillId("f9")].state is FillState.BUSTED
    assert (order.status, order.filled_units) == (S.CANCELED, 0)


def test_a_correction_changes_quantity_and_price_of_a_known_fill() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.apply(E.corrected(6, "known", 9_000)) is Outcome.APPLIED
    assert order.filled_units == 6
    assert order.fills[FillId("known")].price_units == 9_000
    assert order.apply(E.corrected(6, "known", 9_000)) is Outcome.DUPLICATE
    assert order.apply(E.fill(4, "known")) is Outcome.DUPLICATE
    assert order.apply(E.corrected(SIZE, "known")) is Outcome.APPLIED
    assert order.status is S.FILLED
    assert order.apply(E.corrected(SIZE + 1, "known")) is Outcome.ALARM


@pytest.mark.parametrize("fill_id", ["nobody", "busted"])
def test_a_correction_of_a_fill_that_is_not_there_is_illegal(fill_id: str) -> None:
    order = order_in(S.ACCEPTED)
    order.apply(E.fill(4, "busted"))
    order.apply(E.busted("busted"))
    assert order.apply(E.corrected(1, fill_id)) is Outcome.ILLEGAL


def test_a_replace_counts_the_larger_terms_until_it_is_answered() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.request(replace(quantity=20)) is None
    assert (order.leaves_units, order.exposure_units) == (6, 16)
    assert order.request(replace(quantity=30)) == "another replace is sent"
    order.apply(E.unknown)
    assert order.request(replace(quantity=30)) == "another replace is unknown"
    assert order.apply(E.replace_rejected) is Outcome.APPLIED
    assert (order.exposure_units, order.outstanding) == (6, None)
    assert order.request(replace(quantity=5, limit=9_000)) is None
    assert order.exposure_units == 6
    assert order.apply(E.replaced(5, 9_000)) is Outcome.APPLIED
    assert (order.exposure_units, order.limit_units) == (1, 9_000)
    assert order.apply(E.replaced(5, 9_000)) is Outcome.DUPLICATE
    assert (order.terms().quantity_units, order.terms().limit_units) == (5, 9_000)


def test_an_order_filled_to_its_old_size_stays_open_while_a_larger_one_is_asked_for() -> None:
    for answer, status in ((E.replaced(20), S.PARTIALLY_FILLED), (E.replace_rejected, S.FILLED)):
        order = order_in(S.PARTIALLY_FILLED)
        order.request(replace(quantity=20))
        assert order.apply(E.fill(6, "f2")) is Outcome.APPLIED
        assert (order.status, order.exposure_units) == (S.PARTIALLY_FILLED, 10)
        assert order.apply(answer) is Outcome.APPLIED
        assert order.status is status


def test_a_replace_down_to_what_is_filled_fills_and_below_is_illegal() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert order.apply(E.replaced(3)) is Outcome.ILLEGAL
    assert order.apply(E.replaced(4)) is Outcome.APPLIED
    assert order.status is S.FILLED
    assert order.apply(E.replaced(4)) is Outcome.DUPLICATE
    assert order.apply(E.replaced(9)) is Outcome.ILLEGAL


def test_a_replace_that_the_gate_drops_leaves_the_order_as_it_was() -> None:
    order = order_in(S.ACCEPTED)
    order.request(replace(quantity=20))
    assert order.apply(E.not_sent) is Outcome.APPLIED
    assert (order.status, order.exposure_units, order.outstanding) == (S.ACCEPTED, SIZE, None)
    assert order.apply(E.not_sent) is Outcome.ILLEGAL


def test_a_cancel_may_be_asked_for_again_and_is_answered_once() -> None:
    order = order_in(S.ACCEPTED)
    for _ in range(2):
        assert order.request(cancel()) is None
        assert order.outstanding == (RequestKind.CANCEL, RequestState.SENT)
    order.apply(E.unknown)
    assert order.outstanding == (RequestKind.CANCEL, RequestState.UNKNOWN)
    assert order.request(cancel()) is None
    assert order.apply(E.cancel_rejected) is Outcome.APPLIED
    assert order.apply(E.cancel_rejected) is Outcome.DUPLICATE
    assert order.status is S.ACCEPTED


@pytest.mark.parametrize("status", [S.FILLED, S.DENIED, S.NOT_SENT, S.REJECTED])
def test_nothing_can_be_asked_of_an_order_that_ended(status: OrderStatus) -> None:
    order = order_in(status)
    assert order.request(cancel()) == f"the order is {status.value}"
    assert order.request(replace(1)) == f"the order is {status.value}"


def test_reasons_and_stamps_are_kept() -> None:
    assert order_in(S.DENIED).reasons == ("price_collar: too far",)
    assert order_in(S.REJECTED).reasons == ("insufficient_balance", "no money")
    assert order_in(S.CANCELED).reasons == ("requested",)
    accepted = order_in(S.ACCEPTED)
    assert (accepted.ts_submitted, accepted.ts_accepted, accepted.ts_last) == (5, 5, 5)


@pytest.mark.parametrize("status", S, ids=lambda status: status.value)
def test_an_order_survives_being_stored(status: OrderStatus) -> None:
    order, copy = order_in(status), OneOrder()
    copy.request(cancel())
    assert copy.now != order.now
    copy.table.restore(order.table.snapshot())
    assert copy.now == order.now
    assert facts(copy) == facts(order)


def test_a_look_at_an_order_does_not_change_any_more() -> None:
    order = order_in(S.ACCEPTED)
    before = order.now
    order.apply(E.fill(4))
    assert (before.filled_units, order.now.filled_units) == (0, 4)
    assert before != order.now
    with pytest.raises(AttributeError):
        before.filled_units = 4  # type: ignore[misc]


def test_an_order_shows_what_it_is() -> None:
    order = order_in(S.PARTIALLY_FILLED)
    assert repr(order.now) == (
        "<Order 00000000000000000000000000000001 of s1: "
        "Buy 10 units of BTCUSDT.SIM, partially_filled, 4 filled>"
    )
    assert (order.strategy, order.instrument, order.side) == ("s1", "BTCUSDT.SIM", Side.BUY)
    assert isinstance(order.fills[FillId("known")], _native.KnownFill)
