"""What months of orders leave behind: entries are counted, not bytes."""

import pytest

from openoutcry.actors import graph
from openoutcry.state.enums import Side
from tests.order_kit import BTC
from tests.path_kit import FREE, Evidence, Pit, Puppet, own


def bracket(me: Puppet) -> None:
    me.bracket(BTC, Side.BUY, 1, limit="99.00", stop="98.00", take_profit="101.00")


def test_groups_of_brackets_are_not_numbered_for_ever() -> None:
    pit = Pit(FREE)
    pit.run(bracket)
    texts = pit.graph.directory.texts
    for _ in range(200):
        pit.run(bracket)
    assert pit.graph.directory.texts == texts
    named = {order.oco_group for order in pit.submits()}
    assert len(named) == 1 + 201, "none, and one for each bracket"


def test_a_groups_name_comes_through_a_snapshot_of_the_orders() -> None:
    pit = Pit(FREE)
    pit.run(bracket)
    fresh = Pit(FREE)
    fresh.graph.orders.restore(pit.graph.orders.snapshot())
    assert fresh.graph.orders.digest() == pit.graph.orders.digest()
    assert fresh.order(2).submit == pit.order(2).submit
    assert fresh.order(2).submit.oco_group == pit.order(1).client_order_id


def test_a_run_that_keeps_its_record_forgets_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "ARCHIVED_ORDERS", 0)
    monkeypatch.setattr(graph.build_graph, "__defaults__", (0, 1))
    pit = Pit(FREE)
    for number in range(1, 5):
        pit.run(lambda me: me.buy(BTC, 1, limit="99.00"))
        pit.take(Evidence(number).canceled())
    assert [int(signal.client_order_id, 16) for signal in pit.path.signals()] == [
        own(number) for number in range(1, 5)
    ]
