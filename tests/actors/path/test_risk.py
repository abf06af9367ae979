"""Only what passes every check reaches the venue; a denial names every reason; cancels always pass."""

import pytest

from openoutcry.state.commands import ReplaceOrder, SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.enums import Mode, OrderType, Side, TimeInForce
from openoutcry.state.events import ReplaceRejected
from tests.order_kit import BTC, OTHER
from tests.path_kit import FREE, SECOND, Evidence, Pit, cancel, names, order, replace


def test_an_order_within_all_limits_reaches_the_venue() -> None:
    pit = Pit()
    pit.tell(order())
    assert pit.arrived == [order()]
    assert pit.heard == []


def test_every_reason_is_named_and_nothing_is_kept_of_a_denied_order() -> None:
    pit = Pit(RiskLimits())
    pit.tell(order())
    assert pit.reasons() == (
        "price_collar: no limit is set",
        "max_order_value: no limit is set",
        "max_order_quantity: no limit is set",
        "max_position: no limit is set",
        "order_rate: no limit is set",
    )
    assert pit.arrived == []
    assert len(pit.graph.orders) == 0


def test_several_broken_limits_are_all_named() -> None:
    pit = Pit()
    pit.tell(order(quantity_units=30, limit_units=20_000))
    assert names(pit.reasons()) == [
        "price_collar", "max_order_value", "max_order_quantity", "max_position",
    ]  # fmt: skip


def test_unlimited_is_refused_in_live_mode() -> None:
    replay = Pit(FREE)
    replay.tell(order(quantity_units=10**9))
    assert len(replay.arrived) == 1
    live = Pit(FREE, Mode.LIVE)
    live.tell(order())
    assert live.reasons() == (
        "price_collar: unlimited is refused in live mode",
        "max_order_value: unlimited is refused in live mode",
        "max_order_quantity: unlimited is refused in live mode",
        "max_position: unlimited is refused in live mode",
        "order_rate: unlimited is refused in live mode",
        "gross_exposure: no limit is set",
        "net_exposure: no limit is set",
        "duplicate_order: no limit is set",
        "daily_loss: no limit is set",
        "drawdown: no limit is set",
    )


# --- what earlier orders take of a limit ------------------------------------------------------


def test_two_orders_of_one_handler_can_not_both_take_the_last_of_a_limit() -> None:
    pit = Pit()
    pit.tell(*(order(number, quantity_units=15) for number in (1, 2, 3)))
    assert pit.arrived == [order(1, quantity_units=15)]
    assert len(pit.heard) == 2
    pit.tell(order(4, quantity_units=5))
    assert len(pit.arrived) == 2
    pit.tell(order(5, quantity_units=1))
    assert names(pit.reasons()) == ["max_position"]


def test_the_accounts_position_is_limited_over_all_strategies() -> None:
    pit = Pit()
    pit.tell(order(1, quantity_units=15), order(2, quantity_units=15, strategy=OTHER))
    assert len(pit.arrived) == 1
    assert "the account could hold 30" in pit.reasons(OTHER)[0]
    assert pit.heard == []


def test_what_was_filled_takes_of_the_limit() -> None:
    pit = Pit()
    pit.tell(order(1, quantity_units=15))
    pit.take(Evidence(1).fill(15))
    pit.tell(order(2, quantity_units=6))
    assert names(pit.reasons()) == ["max_position"]
    pit.tell(order(3, quantity_units=5))
    assert len(pit.arrived) == 2


def test_an_unknown_order_keeps_its_exposure_and_blocks_more_risk() -> None:
    pit = Pit()
    pit.tell(order(1, quantity_units=15))
    pit.take(Evidence(1).unknown)
    pit.tell(order(2, quantity_units=10))
    assert names(pit.reasons()) == ["max_position"]
    pit.take(Evidence(1).rejected)
    pit.tell(order(3, quantity_units=10))
    assert len(pit.arrived) == 2


def test_the_rate_counts_what_was_approved() -> None:
    pit = Pit()
    for number in range(1, 8):
        pit.tell(order(number, quantity_units=1))
    assert len(pit.arrived) == 5
    assert names(pit.reasons()) == ["order_rate"]
    pit.world.now += SECOND
    pit.tell(order(9, quantity_units=1))
    assert len(pit.arrived) == 6


def test_the_rate_counts_orders_of_one_handler() -> None:
    pit = Pit()
    pit.tell(*(order(number, quantity_units=1) for number in range(1, 8)))
    assert len(pit.arrived) == 5
    assert [names(tuple(denied.reasons)) for denied in pit.heard] == [["order_rate"]] * 2


# --- replaces ---------------------------------------------------------------------------------


def test_a_replace_is_checked_with_its_new_terms() -> None:
    pit = Pit()
    pit.tell(order())
    pit.tell(replace(limit=20_000))
    rejected = pit.heard[-1]
    assert isinstance(rejected, ReplaceRejected)
    assert rejected.reason.startswith("denied: price_collar: 2")
    assert pit.records(object)[-1] == rejected
    assert pit.order().replace_request is None
    pit.tell(replace(quantity=20))
    assert isinstance(pit.arrived[-1], ReplaceOrder)
    assert pit.graph.orders.working_units(None, BTC) == (20, 0)
    pit.tell(order(2, quantity_units=1))
    assert names(pit.reasons()) == ["max_position"]


def test_a_denied_replace_names_every_reason() -> None:
    pit = Pit()
    pit.tell(order())
    pit.tell(replace(quantity=30, limit=20_000))
    reason = pit.heard[-1].reason.removeprefix("denied: ")
    assert names(tuple(reason.split("; "))) == [
        "price_collar", "max_order_value", "max_order_quantity", "max_position",
    ]  # fmt: skip


def test_a_replace_of_an_order_of_the_same_handler_is_counted_once() -> None:
    pit = Pit()
    pit.tell(order(), replace(quantity=20), order(2, quantity_units=1))
    assert [type(command) for command in pit.arrived] == [SubmitOrder, ReplaceOrder]
    assert names(pit.reasons()) == ["max_position"]
    assert pit.graph.orders.working_units(None, BTC) == (20, 0)


def test_what_a_replaced_order_has_filled_is_not_added_again() -> None:
    pit = Pit()
    pit.tell(order(quantity_units=15))
    pit.take(Evidence().accepted, Evidence().fill(10))
    pit.tell(replace(quantity=20))
    assert isinstance(pit.arrived[-1], ReplaceOrder)


def test_a_smaller_replace_adds_nothing_but_counts_as_before_until_the_venue_answers() -> None:
    pit = Pit()
    pit.tell(order(quantity_units=20))
    pit.tell(replace(quantity=5))
    assert pit.graph.orders.working_units(None, BTC) == (20, 0)
    pit.take(Evidence().replaced(5))
    assert pit.graph.orders.working_units(None, BTC) == (5, 0)


def test_a_second_replace_waits_for_the_answer_to_the_first() -> None:
    pit = Pit()
    pit.tell(order(), replace(quantity=11), replace(quantity=12))
    assert len(pit.arrived) == 2
    rejected = pit.heard[-1]
    assert isinstance(rejected, ReplaceRejected)
    assert rejected.reason == "another replace is sent"
    assert rejected in pit.records(ReplaceRejected)


def test_a_replace_of_nothing_is_refused() -> None:
    pit = Pit()
    pit.tell(replace(quantity=1))
    rejected = pit.heard[-1]
    assert isinstance(rejected, ReplaceRejected)
    assert rejected.reason == "denied: risk: there is no such order"
    assert pit.arrived == []


# --- meeting ourselves ------------------------------------------------------------------------


def sell(number: int, **changes: object) -> SubmitOrder:
    fields = {"side": Side.SELL, "limit_units": 10_000, "quantity_units": 5, "strategy": OTHER}
    return order(number, **(fields | changes))


@pytest.mark.parametrize("together", [True, False], ids=["of one input", "of two"])
def test_an_order_that_would_meet_another_strategys_is_denied(together: bool) -> None:
    pit = Pit()
    if together:
        pit.tell(sell(1), order(2, quantity_units=5))
    else:
        pit.tell(sell(1))
        pit.tell(order(2, quantity_units=5))
    assert pit.arrived == [sell(1)]
    assert pit.reasons() == ("self_match: it would trade against the sell of s2 at 100.00",)


def test_what_does_not_rest_meets_nobody() -> None:
    pit = Pit()
    passing = sell(1, time_in_force=TimeInForce.IOC)
    stop = sell(2, order_type=OrderType.STOP_LIMIT, trigger_units=9_900)
    child = sell(3, parent=order(4).client_order_id)
    pit.tell(order(4, quantity_units=1, limit_units=9_000))
    pit.tell(passing, stop, child, order(5, quantity_units=5))
    pit.tell(order(6, quantity_units=5))
    assert len(pit.arrived) == 6


def test_a_child_is_met_from_its_parents_first_fill() -> None:
    pit = Pit(FREE)
    pit.tell(order(4, limit_units=9_000), sell(3, parent=order(4).client_order_id))
    pit.tell(order(5))
    assert len(pit.arrived) == 3
    pit.take(Evidence(4).fill(1))
    pit.tell(order(6))
    assert names(pit.reasons()) == ["self_match"]


@pytest.mark.parametrize("together", [True, False], ids=["of one input", "of two"])
def test_an_order_whose_cancel_went_first_is_met_by_nobody(together: bool) -> None:
    pit = Pit()
    pit.tell(sell(1))
    if together:
        pit.tell(cancel(1, OTHER), order(2, quantity_units=5))
    else:
        pit.tell(cancel(1, OTHER))
        pit.tell(order(2, quantity_units=5))
    assert pit.arrived == [sell(1), cancel(1, OTHER), order(2, quantity_units=5)]


def test_an_order_whose_cancel_is_unknown_is_met() -> None:
    pit = Pit()
    pit.tell(sell(1))
    pit.tell(cancel(1, OTHER))
    pit.take(Evidence(1, book=2).unknown)
    pit.tell(order(2, quantity_units=5))
    assert names(pit.reasons()) == ["self_match"]


def test_a_replace_may_not_walk_into_one_of_ours() -> None:
    pit = Pit()
    pit.tell(sell(1), order(2, quantity_units=5, limit_units=9_990))
    pit.tell(replace(limit=10_000, number=2))
    rejected = pit.heard[-1]
    assert isinstance(rejected, ReplaceRejected)
    assert "self_match" in rejected.reason


def test_an_order_may_not_meet_the_price_that_a_replace_asks_for() -> None:
    pit = Pit()
    pit.tell(sell(1, limit_units=10_050))
    pit.tell(replace(limit=10_000, strategy=OTHER))
    pit.tell(order(2, quantity_units=5))
    assert names(pit.reasons()) == ["self_match"]


# --- the market -------------------------------------------------------------------------------


def test_a_stale_market_denies_every_order() -> None:
    pit = Pit()
    pit.world.now += 60 * SECOND + 1
    pit.tell(order(order_type=OrderType.MARKET, limit_units=None, side=Side.SELL))
    assert names(pit.reasons()) == ["price_collar", "max_order_value"]


def test_a_market_that_was_never_seen_denies_every_order() -> None:
    pit = Pit(quoted=False)
    pit.tell(order())
    assert names(pit.reasons()) == ["price_collar", "stale_data"]
