"""The table finds, lists and sums orders, and its memory is bounded without forgetting fills."""

import pytest

from openoutcry import _native
from openoutcry.state.enums import OrderStatus, Side
from openoutcry.state.errors import CodecError, InvalidTransition, StateError
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.orders import Order, OrderTable, Outcome, order_table
from openoutcry.state.universe import Universe
from tests.order_kit import (
    BTC,
    OTHER,
    SIZE,
    STRATEGY,
    Evidence,
    applied,
    cancel,
    client_id,
    coin,
    directory,
    replace,
    submit,
)

NAMES = directory()


def table_of(recent: int = 1_000, archived: int = 1_000) -> OrderTable:
    return order_table(NAMES, recent, archived)


def look(table: OrderTable, number: int) -> Order:
    order = table.get(client_id(number))
    assert order is not None
    return order


def filled(table: OrderTable, number: int) -> Order:
    table.add(submit(number))
    e = Evidence(number)
    for event in (e.submitted, e.accepted, e.fill(SIZE, f"f{number}")):
        assert applied(table, event) is Outcome.APPLIED
    return look(table, number)


def test_exposure_is_summed_per_strategy_and_for_the_account() -> None:
    table = table_of()
    table.add(submit(1))
    table.add(submit(2, side=Side.SELL, quantity_units=3))
    table.add(submit(3, strategy=OTHER))
    assert table.working_units(STRATEGY, BTC) == (10, 3)
    assert table.working_units(OTHER, BTC) == (10, 0)
    assert table.working_units(None, BTC) == (20, 3)
    assert table.working_units(None, InstrumentId("X.SIM")) == (0, 0)


def test_reduce_only_orders_can_be_left_out() -> None:
    table = table_of()
    table.add(submit(1, reduce_only=True))
    table.add(submit(2, side=Side.SELL, reduce_only=True))
    assert table.working_units(None, BTC) == (10, 10)
    assert table.working_units(None, BTC, reduce_only=False) == (0, 0)


def test_exposure_follows_fills_replaces_and_the_end() -> None:
    table = table_of()
    table.add(submit())
    e = Evidence()
    table.apply(e.submitted)
    table.apply(e.unknown)
    assert table.working_units(None, BTC) == (10, 0)
    table.apply(e.fill(4))
    assert table.working_units(None, BTC) == (6, 0)
    assert table.request(replace(quantity=20)) is None
    assert table.working_units(None, BTC) == (16, 0)
    assert table.request(cancel()) is None
    table.apply(e.canceled(5))
    assert table.working_units(None, BTC) == (1, 0)
    table.apply(e.fill(1, "f2"))
    assert table.working_units(None, BTC) == (0, 0)
    assert look(table, 1).status is OrderStatus.CANCELED


def test_open_orders_are_listed_oldest_first_and_may_change_meanwhile() -> None:
    table = table_of()
    for number in (3, 1, 2):
        table.add(submit(number, strategy=OTHER if number == 1 else STRATEGY))
    ids = [order.client_order_id for order in table.open_orders()]
    assert ids == [client_id(3), client_id(1), client_id(2)]
    assert [o.client_order_id for o in table.open_orders(OTHER)] == [client_id(1)]
    assert len(list(table.open_orders(STRATEGY, BTC))) == 2
    assert len(list(table.open_orders(None, BTC))) == 3
    assert list(table.open_orders(None, InstrumentId("X.SIM"))) == []
    for order in table.open_orders():
        table.apply(Evidence(int(order.client_order_id, 16)).not_sent)
    assert list(table.open_orders()) == []


def test_an_id_is_never_used_twice_not_even_after_the_end() -> None:
    table = table_of(recent=1)
    for number in (1, 2, 3):
        filled(table, number)
    table.add(submit(4))
    for number in (1, 3, 4):
        with pytest.raises(InvalidTransition, match="used twice"):
            table.add(submit(number))


def test_packed_orders_come_back_whole_and_still_know_their_fills() -> None:
    table = table_of(recent=1)
    first = filled(table, 1)
    filled(table, 2)
    filled(table, 3)
    assert look(table, 1) == first
    e = Evidence(1)
    assert applied(table, e.fill(SIZE, "f1")) is Outcome.DUPLICATE
    assert applied(table, e.fill(1, "late")) is Outcome.ALARM
    assert applied(table, e.fill(1, "late")) is Outcome.DUPLICATE
    assert look(table, 1).filled_units == 11
    assert table.request(cancel(1)) == "the order is filled"
    assert table.request(cancel(9)) == "no such order"


def test_beyond_the_bound_the_oldest_are_forgotten_and_counted() -> None:
    table = table_of(recent=1, archived=2)
    for number in range(1, 6):
        filled(table, number)
    assert (len(table), table.forgotten) == (3, 2)
    assert table.get(client_id(2)) is None
    assert table.get(client_id(3)) is not None


def test_a_snapshot_restores_everything() -> None:
    table = table_of(recent=1, archived=1)
    for number in range(1, 5):
        filled(table, number)
    table.add(submit(5))
    table.apply(Evidence(5).submitted)
    table.request(replace(quantity=12, number=5))
    table.add(submit(6, side=Side.SELL, strategy=OTHER, reduce_only=True))
    copy = table_of(recent=1, archived=1)
    copy.add(submit(99))
    copy.restore(table.snapshot())
    assert copy.snapshot() == table.snapshot()
    for strategy in (None, STRATEGY, OTHER):
        for with_reduce_only in (True, False):
            assert copy.working_units(
                strategy, BTC, reduce_only=with_reduce_only
            ) == table.working_units(strategy, BTC, reduce_only=with_reduce_only)
    assert list(copy.open_orders()) == list(table.open_orders())
    assert (len(copy), copy.forgotten) == (len(table), 2)


def test_the_digest_does_not_tell_how_orders_are_kept() -> None:
    packed, whole = table_of(recent=1), table_of(recent=100)
    for table in (packed, whole):
        for number in range(1, 6):
            filled(table, number)
        table.add(submit(6))
    assert packed.digest() == whole.digest()
    whole.request(cancel(6))
    assert packed.digest() != whole.digest()


def test_an_order_that_nobody_knows_is_not_found() -> None:
    table = table_of()
    assert table.get("not an id") is None
    assert table.apply(Evidence().accepted) is None
    assert table.working_units(StrategyId("nobody"), BTC) == (0, 0)
    assert table.open_orders(None, InstrumentId("NOTHING.SIM")) == []


def test_a_snapshot_that_does_not_fit_changes_nothing() -> None:
    table, stored = table_of(), table_of()
    table.add(submit(1))
    stored.add(submit(2, strategy=OTHER))
    before, data = table.snapshot(), stored.snapshot()
    with pytest.raises(CodecError):
        table.restore(data[:-1])
    universe = Universe([coin()])
    alone = _native.Directory(universe.specs, universe.currencies, [STRATEGY])
    with pytest.raises(StateError, match="orders of s2"):
        order_table(alone).restore(data)
    assert table.snapshot() == before
