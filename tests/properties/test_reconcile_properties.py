"""After any crash, what the venue says and what we know come to the same, to the last unit."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from openoutcry.replay.reconcile import differences
from openoutcry.state.venue_answers import VenueAnswer, VenueOrderStatus
from tests.properties.two_sides import OurSide, Trading, ids_of

LIVES = 3


def check(ours: OurSide, answer: VenueAnswer) -> None:
    """Every order, fill, balance and position is the same on both sides."""
    assert differences(ours.balances(), ours.positions(), answer) == ()
    for theirs in answer.orders:
        assert theirs.client_order_id is not None
        order = ours.table.get(theirs.client_order_id)
        assert order is not None
        assert order.filled_units == theirs.filled_units
        assert order.is_open == (theirs.status is VenueOrderStatus.WORKING)
        if order.is_open:
            terms = (theirs.quantity_units, theirs.limit_units, theirs.trigger_units)
            assert (order.quantity_units, order.limit_units, order.trigger_units) == terms
            assert order.outstanding is None
    open_here = {order.client_order_id for order in ours.table.open_orders()}
    assert open_here <= ids_of(answer)


@pytest.mark.parametrize("seed", range(60))
def test_reconciling_after_a_crash_makes_both_sides_equal(seed: int) -> None:
    draw = random.Random(seed)
    ours = OurSide()
    with TemporaryDirectory() as folder:
        for life in range(LIVES):
            turns = draw.randrange(1, 60)
            trading = Trading(Path(folder), seed, ours, life, draw.randrange(2 * turns))
            answer = trading.rig.venue.answer()
            found = ours.reconcile(answer, trading.rig.kernel.now)
            assert found.findings == (), (seed, life)
            ours.catch_up(found.evidence)
            check(ours, answer)
            again = ours.reconcile(answer, trading.rig.kernel.now)
            assert (again.evidence, again.findings) == ((), ()), (seed, life)
            assert ours.alarms == [], (seed, life)
            trading.play(turns)
            trading.rig.die()
