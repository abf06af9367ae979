"""Evidence changes the order, then the books; then the strategy hears. What contradicts itself halts."""

from collections.abc import Callable

import msgspec
import pytest

from openoutcry.actors.books import ACCOUNT
from openoutcry.state.enums import OrderStatus, Side
from openoutcry.state.events import (
    AccountLiquidated,
    EquitySampled,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    TradingHalted,
)
from openoutcry.state.identifiers import FillId, StrategyId, VenueId
from tests.order_kit import BTC, OTHER, STRATEGY
from tests.path_kit import FREE, NOW, Evidence, Pit, cancel, order, own

E = Evidence()
STRANGE = own(99, book=9)
"""An order of a strategy that this run does not have."""


def working() -> Pit:
    pit = Pit(FREE)
    pit.tell(order())
    pit.take(E.accepted)
    pit.heard.clear()
    return pit


def position(pit: Pit, strategy: StrategyId = STRATEGY) -> int:
    return pit.graph.books.position(strategy, BTC)


def account(pit: Pit) -> int:
    return pit.graph.books.native.position(ACCOUNT, 0)


def halts(pit: Pit) -> list[str]:
    for record in pit.records(TradingHalted):
        assert (record.strategy, record.instrument, record.ts) == (None, BTC, pit.world.now)
    return [record.reason for record in pit.records(TradingHalted)]


# --- the plain way ----------------------------------------------------------------------------


def test_what_a_strategy_holds_when_it_hears_of_a_fill_includes_it() -> None:
    pit = working()
    held = []
    puppet = pit.puppet()
    puppet.at_fills.append(lambda fill: held.append(puppet.quantity(fill.instrument)))
    pit.take(E.fill(4), E.fill(6, "f2", 10))
    assert held == [4, 10]
    assert pit.order().status is OrderStatus.FILLED


def test_evidence_is_on_record_before_what_follows_from_it() -> None:
    pit = working()
    pit.take(E.fill(4))
    kinds = [type(record) for record in pit.records(object)]
    assert kinds[-2:] == [OrderFilled, EquitySampled]
    assert pit.journal.native.last_seq == pit.world.seq


def test_only_the_owner_hears() -> None:
    pit = working()
    pit.tell(order(2, strategy=OTHER, limit_units=9_000))
    pit.take(Evidence(2, book=2).accepted, E.fill(1))
    assert pit.heard == [E.fill(1)]
    assert pit.puppet(OTHER).heard == [Evidence(2, book=2).accepted]


# --- duplicates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ((), E.accepted),
        ((), E.fill(4)),
        ((), E.fill(10)),
        ((), E.canceled()),
        ((E.fill(4),), E.canceled(4)),
        ((), E.expired()),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_duplicate_changes_nothing(first: tuple[OrderEvent, ...], last: OrderEvent) -> None:
    pit = working()
    pit.take(*first, last)
    before = (
        pit.graph.orders.digest(),
        pit.graph.books.native.digest(),
        list(pit.heard),
        pit.path.fills(),
        pit.path.columns().equity,
    )
    count = pit.journal.native.count
    pit.take(last)
    assert before == (
        pit.graph.orders.digest(),
        pit.graph.books.native.digest(),
        pit.heard,
        pit.path.fills(),
        pit.path.columns().equity,
    )
    assert halts(pit) == []
    assert pit.journal.native.count == count + 1, "the input itself is on record"


# --- what nobody asked for --------------------------------------------------------------------


@pytest.mark.parametrize("number", [own(99), STRANGE], ids=["of a strategy of ours", "of nobody"])
def test_a_fill_of_an_order_that_nobody_knows_is_booked_and_halts_the_instrument(
    number: int,
) -> None:
    pit = working()
    fill = Evidence().fill(4)
    foreign = msgspec.structs.replace(fill, client_order_id=f"{number:032x}")
    pit.take(foreign)
    assert account(pit) == 4
    assert halts(pit) == [f"OrderFilled of {number:032x}: an order nobody knows"]
    assert position(pit) == (4 if number == own(99) else 0)
    assert pit.graph.books.native.unallocated(0) == (0 if number == own(99) else 4)
    pit.tell(order(2))
    assert isinstance(pit.heard[-1], OrderDenied)
    pit.tell(cancel())
    assert pit.arrived[-1] == cancel()


@pytest.mark.parametrize(
    "of", [lambda e: e.accepted, lambda e: e.canceled(), lambda e: e.unknown, lambda e: e.busted()]
)
def test_other_evidence_about_an_order_that_nobody_knows_only_halts(
    of: Callable[[Evidence], OrderEvent],
) -> None:
    pit = working()
    books = pit.graph.books.native.digest()
    pit.take(of(Evidence(99)))
    assert len(halts(pit)) == 1
    assert halts(pit)[0].endswith(": an order nobody knows")
    assert pit.graph.books.native.digest() == books
    assert pit.heard == []


# --- contradictions ---------------------------------------------------------------------------


def test_illegal_evidence_halts_the_instrument_and_goes_no_further() -> None:
    pit = working()
    pit.take(E.fill(4))
    pit.heard.clear()
    pit.take(E.rejected)
    assert halts(pit) == [
        f"OrderRejected of {own():032x}: illegal: OrderRejected while partially_filled"
    ]
    assert pit.heard == []
    assert pit.order().status is OrderStatus.PARTIALLY_FILLED
    pit.tell(order(2))
    assert pit.reasons() == (f"halted: {halts(pit)[0]}",)
    pit.resume(instrument=BTC)
    pit.tell(order(3))
    assert pit.arrived[-1] == order(3)


def test_a_second_venue_order_under_one_id_halts() -> None:
    pit = working()
    pit.take(E.accepted_as("v2"))
    assert halts(pit) == [f"OrderAccepted of {own():032x}: illegal: accepted as v2 and as v1"]


def test_a_fill_after_the_end_is_booked_with_an_alarm_and_the_strategy_hears_of_it() -> None:
    pit = working()
    pit.take(E.canceled(), E.fill(4))
    assert position(pit) == 4
    (reason,) = halts(pit)
    assert reason.startswith(f"OrderFilled of {own():032x}: alarm: ")
    assert pit.heard[-1] == E.fill(4)


def test_more_than_was_asked_for_is_booked_with_an_alarm() -> None:
    pit = working()
    pit.take(E.fill(15))
    assert (position(pit), len(halts(pit))) == (15, 1)


def test_an_alarm_stops_what_waits_at_the_gate() -> None:
    pit = working()
    pit.journal.native.durable_count = 0
    pit.tell(order(2))
    pit.take(E.canceled(), E.fill(4))
    pit.durable()
    assert pit.order(2).status is OrderStatus.NOT_SENT


# --- fills that are taken back ----------------------------------------------------------------


def test_a_busted_fill_is_booked_back_and_the_strategy_hears() -> None:
    pit = working()
    pit.take(E.fill(4), E.busted())
    assert (position(pit), account(pit)) == (0, 0)
    assert pit.heard == [E.fill(4), E.busted()]
    booked = [(fill.side, fill.quantity_units) for _, fill, _ in pit.path.fills()]
    assert booked == [(Side.BUY, 4), (Side.SELL, 4)]
    assert halts(pit) == []


def test_a_corrected_fill_is_booked_as_it_stands() -> None:
    pit = working()
    pit.take(E.fill(4), E.corrected(3, price=9_999))
    assert (position(pit), account(pit)) == (3, 3)
    booked = [(f.side, f.price_units, f.quantity_units) for _, f, _ in pit.path.fills()]
    assert booked == [(Side.BUY, 10_000, 4), (Side.SELL, 10_000, 4), (Side.BUY, 9_999, 3)]
    pit.take(E.busted())
    assert position(pit) == 0


def test_a_bust_of_a_fill_that_is_not_remembered_halts_and_the_strategy_hears() -> None:
    pit = working()
    pit.take(E.fill(4))
    for number in range(10_000):
        side = Side.SELL if number % 2 else Side.BUY
        foreign = msgspec.structs.replace(E.fill(4), fill_id=FillId(f"F{number}"), side=side)
        pit.graph.books.apply_fill(OTHER, foreign)
    pit.take(E.busted())
    assert halts(pit) == ["FillBusted of fill f1, which is not among the last booked"]
    assert position(pit) == 4
    assert pit.heard[-1] == E.busted()


# --- the account ------------------------------------------------------------------------------


def test_a_liquidation_halts_everything() -> None:
    pit = working()
    pit.take(AccountLiquidated(VenueId("SIM"), NOW, NOW, "margin"))
    assert [(r.reason, r.instrument) for r in pit.records(TradingHalted)] == [
        ("liquidated: margin", None)
    ]
    pit.tell(order(2))
    assert pit.reasons() == ("halted: liquidated: margin",)
