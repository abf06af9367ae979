"""`Flatten` closes what is held, leg by leg, in every state of risk, and never beyond nothing."""

from typing import Any

import msgspec
import pytest

from openoutcry.state.commands import Flatten, SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.enums import OrderStatus, PositionMode, Side
from openoutcry.state.events import OrderDenied, OrderEvent, OrderFilled, OrderNotSent
from openoutcry.state.identifiers import ClientOrderId, FillId
from tests.order_kit import BTC, OTHER, STRATEGY, coin
from tests.path_kit import (
    FREE,
    LIMITS,
    NOW,
    SECOND,
    VENUE,
    Evidence,
    Pit,
    cancel,
    names,
    order,
    own,
)

HEDGING = msgspec.structs.replace(VENUE, positions=PositionMode.HEDGING)


def holding(units: int = 10, limits: RiskLimits = FREE, **kwargs: Any) -> Pit:
    """The first strategy holds this."""
    pit = Pit(limits, **kwargs)
    hold(pit, units)
    return pit


def hold(pit: Pit, units: int, number: int = 1, book: int = 1, position: str | None = None) -> None:
    """A strategy gets a position without ado: by a fill of an order of its own."""
    strategy = {1: STRATEGY, 2: OTHER}[book]
    side = Side.BUY if units > 0 else Side.SELL
    fields: Any = {"side": side, "quantity_units": abs(units), "position": position}
    pit.graph.orders.add(order(number, strategy=strategy, **fields))
    fill = Evidence(number, book=book).fill(abs(units), f"h{book}.{number}")
    pit.take(msgspec.structs.replace(fill, side=side, position=position))


def flatten(pit: Pit, **scope: Any) -> list[SubmitOrder]:
    """The closing orders that leave."""
    before = len(pit.submits())
    pit.handle(Flatten(ts=pit.world.now, **scope))
    return pit.submits()[before:]


def shape(orders: list[SubmitOrder]) -> list[tuple[str, str | None, Side, int, bool]]:
    return [(o.strategy, o.position, o.side, o.quantity_units, o.reduce_only) for o in orders]


def fill_of(pit: Pit, closing: SubmitOrder, units: int, name: str = "c1") -> OrderEvent:
    event = Evidence().fill(units, name)
    return msgspec.structs.replace(
        event,
        client_order_id=closing.client_order_id,
        fill_id=FillId(name),
        side=closing.side,
        position=closing.position,
    )


# --- what leaves -------------------------------------------------------------------------------


@pytest.mark.parametrize(("held", "side"), [(10, Side.SELL), (-10, Side.BUY)])
def test_what_is_held_is_closed_by_an_order_that_can_only_reduce(held: int, side: Side) -> None:
    pit = holding(held)
    assert shape(flatten(pit)) == [(STRATEGY, None, side, 10, True)]


def test_under_hedging_each_leg_is_closed_and_not_the_net() -> None:
    pit = Pit(FREE, venue=HEDGING)
    hold(pit, 10, 1, position="long")
    hold(pit, -4, 2, position="short")
    hold(pit, 3, 1, book=2, position="long")
    closing = flatten(pit, strategy=STRATEGY)
    assert shape(closing) == [
        (STRATEGY, "long", Side.SELL, 10, True),
        (STRATEGY, "short", Side.BUY, 4, True),
    ]
    for number, item in enumerate(closing):
        pit.take(fill_of(pit, item, item.quantity_units, f"c{number}"))
    assert list(pit.graph.books.native.legs(1, 0)) == []
    assert pit.graph.books.position(OTHER, BTC) == 3
    assert flatten(pit, strategy=STRATEGY) == []


def test_a_position_beyond_the_largest_order_is_closed_by_several() -> None:
    fields = {name: getattr(coin(), name) for name in coin().__struct_fields__}
    small = type(coin())(**(fields | {"max_quantity": coin().quantity(4)}))
    pit = holding(10, instruments=(small,))
    assert [o.quantity_units for o in flatten(pit)] == [4, 4, 2]


# --- what never stops it -------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [{}, {"strategy": STRATEGY}, {"instrument": BTC}])
def test_closing_orders_leave_while_trading_is_halted(scope: dict[str, Any]) -> None:
    pit = holding()
    pit.halt("by hand", **scope)
    pit.tell(order(2))
    assert isinstance(pit.heard[-1], OrderDenied)
    assert shape(flatten(pit)) == [(STRATEGY, None, Side.SELL, 10, True)]


def test_closing_orders_that_waited_leave_after_a_halt_and_on_old_data() -> None:
    pit = holding(limits=LIMITS)
    pit.journal.native.durable_count = 0
    assert flatten(pit) == []
    pit.halt("by hand")
    pit.durable(now=pit.world.now + 4 * SECOND)
    assert [o.quantity_units for o in pit.submits()] == [10]


def test_a_closing_order_that_waited_too_long_is_dropped_and_may_be_asked_again() -> None:
    pit = holding()
    pit.journal.native.durable_count = 0
    assert flatten(pit) == []
    pit.durable(now=pit.world.now + 6 * SECOND)
    assert pit.submits() == []
    assert len(pit.records(OrderNotSent)) == 1
    assert len(flatten(pit)) == 1


def test_limits_do_not_stop_closing_orders() -> None:
    pit = holding(limits=msgspec.structs.replace(LIMITS, max_orders=0, max_order_quantity=1))
    assert shape(flatten(pit)) == [(STRATEGY, None, Side.SELL, 10, True)]


def test_nothing_that_is_known_of_the_market_is_needed() -> None:
    pit = holding(limits=LIMITS, quoted=False)
    assert len(flatten(pit)) == 1


def test_missing_limits_do_not_stop_closing_orders() -> None:
    pit = holding(limits=RiskLimits())
    assert len(flatten(pit)) == 1


def test_an_order_of_another_strategy_in_the_way_does_not_stop_it() -> None:
    pit = holding()
    resting = order(1, strategy=OTHER, limit_units=9_990)
    pit.tell(resting)
    pit.take(Evidence(1, book=2).accepted)
    pit.tell(order(2, side=Side.SELL, limit_units=9_000))
    assert names(pit.reasons()) == ["self_match"]
    assert len(flatten(pit, strategy=STRATEGY)) == 1


# --- never beyond nothing ------------------------------------------------------------------------


def test_asking_twice_closes_once() -> None:
    pit = holding()
    (closing,) = flatten(pit)
    assert flatten(pit) == []
    pit.take(fill_of(pit, closing, 4))
    assert flatten(pit) == []


def test_what_others_closed_meanwhile_is_not_bought_back() -> None:
    pit = holding()
    flatten(pit)
    hold(pit, -6, 2)
    assert pit.graph.books.position(STRATEGY, BTC) == 4
    assert flatten(pit) == []


def test_after_a_closing_order_ended_the_rest_is_closed() -> None:
    pit = holding()
    (closing,) = flatten(pit)
    pit.take(fill_of(pit, closing, 4))
    ended = msgspec.structs.replace(Evidence().canceled(4), client_order_id=closing.client_order_id)
    pit.take(ended)
    assert [o.quantity_units for o in flatten(pit)] == [6]


def test_an_unknown_closing_order_still_counts() -> None:
    pit = holding()
    (closing,) = flatten(pit)
    lost = msgspec.structs.replace(Evidence().unknown, client_order_id=closing.client_order_id)
    pit.take(lost)
    assert flatten(pit) == []


def test_a_target_counts_the_closing_orders() -> None:
    pit = holding()
    flatten(pit)
    given: list[ClientOrderId | None] = []
    pit.run(lambda me: given.append(me.target(BTC, 0)))
    assert given == [None]


# --- what does not reduce the account ------------------------------------------------------------


def opposed() -> Pit:
    """The strategies hold 10 and -4: the account holds 6."""
    pit = holding(10)
    hold(pit, -4, 1, book=2)
    return pit


def test_what_opens_the_account_is_an_order_like_any_other() -> None:
    assert shape(flatten(opposed())) == [
        (STRATEGY, None, Side.SELL, 10, False),
        (OTHER, None, Side.BUY, 4, False),
    ]


def test_while_halted_only_what_brings_the_account_to_nothing_leaves() -> None:
    pit = opposed()
    pit.halt("by hand")
    assert shape(flatten(pit)) == [(STRATEGY, None, Side.SELL, 6, True)]
    assert [type(event) for event in pit.records(OrderDenied)] == [OrderDenied] * 2
    assert flatten(pit) == [], "what works is counted, whoever's it is"


def test_closing_orders_of_several_strategies_never_exceed_the_account() -> None:
    pit = holding(10)
    hold(pit, 5, 1, book=2)
    hold(pit, -3, 2, book=2)
    pit.halt("by hand")
    left = flatten(pit)
    assert shape(left) == [
        (STRATEGY, None, Side.SELL, 10, True),
        (OTHER, None, Side.SELL, 2, True),
    ]


def test_flatten_cancels_first_and_closing_orders_can_be_canceled() -> None:
    pit = holding()
    pit.tell(order(2, limit_units=9_000))
    (closing,) = flatten(pit)
    assert pit.arrived[-2] == msgspec.structs.replace(cancel(2), ts=NOW)
    assert pit.order(2).status is OrderStatus.SUBMITTED
    number = int(closing.client_order_id, 16)
    assert number >> 64 == own(0, 0x8001) >> 64
    assert isinstance(fill_of(pit, closing, 1), OrderFilled)
