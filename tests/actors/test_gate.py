"""Nothing leaves before what caused it is durable."""

import pytest

from openoutcry.actors.gate import OutboundGate
from openoutcry.actors.halts import Halts
from openoutcry.state.commands import CancelOrder, RiskApproved, SubmitOrder
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.identifiers import ClientOrderIds, InstrumentId, StrategyId
from tests.risk_kit import COIN, risk

INSTRUMENT = COIN.id
SECOND = 1_000_000_000


class World:
    """A clock, a journal and a venue that do what the test says."""

    def __init__(self):
        self.now = 0
        self.durable_seq = 0
        self.arrived = []
        self.sent = []
        self.not_sent = []

    def submit(self, command):
        self.arrived.append(command)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def halts():
    return Halts(risk(strategies=[StrategyId("s")]))


@pytest.fixture
def gate(world, halts):
    gate = OutboundGate(clock=world, journal=world, venue=world, halts=halts, max_age_ns=5 * SECOND)
    gate.connect(world.sent.append, world.not_sent.append)
    return gate


IDS = ClientOrderIds(epoch=1, strategy_number=1)


def order(ts=0):
    return SubmitOrder(
        ts=ts,
        client_order_id=IDS.mint(),
        strategy=StrategyId("s"),
        instrument=INSTRUMENT,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity_units=1,
        price_scale=2,
        size_scale=0,
    )


def cancel(of):
    return CancelOrder(
        ts=0, client_order_id=of.client_order_id, strategy=of.strategy, instrument=INSTRUMENT
    )


def test_a_command_waits_until_its_cause_is_durable(gate, world):
    submit = order()
    gate.release(3, RiskApproved(command=submit))
    world.durable_seq = 2
    gate.on_durable()
    assert (world.arrived, gate.waiting) == ([], 1)
    world.durable_seq = 3
    gate.on_durable()
    assert (world.arrived, world.sent, gate.waiting) == ([submit], [submit], 0)


def test_a_command_never_overtakes_one_that_waits(gate, world):
    first, second = order(), order()
    gate.release(3, RiskApproved(command=first))
    world.durable_seq = 5
    gate.release(4, RiskApproved(command=second))
    assert world.arrived == []
    gate.on_durable()
    assert world.arrived == [first, second]


def test_a_halt_during_the_wait_stops_orders_but_not_cancels(gate, world, halts):
    submit = order()
    stop = cancel(submit)
    gate.release(1, RiskApproved(command=submit))
    gate.release(1, RiskApproved(command=stop))
    halts.add("operator")
    world.durable_seq = 1
    gate.on_durable()
    assert world.arrived == [stop]
    assert [event.reason for event in world.not_sent] == ["halted: operator"]
    assert world.not_sent[0].client_order_id == submit.client_order_id


def test_a_halt_of_one_instrument_leaves_others_alone(gate, world, halts):
    world.durable_seq = 9
    halts.add("fills contradict", instrument=InstrumentId("ETHUSDT.SIM"))
    gate.release(1, RiskApproved(command=order()))
    assert len(world.arrived) == 1


def test_resume_lets_orders_out_again(gate, world, halts):
    world.durable_seq = 9
    halts.add("operator")
    halts.lift(None, None)
    gate.release(1, RiskApproved(command=order()))
    assert len(world.arrived) == 1


@pytest.mark.parametrize(("waited_s", "leaves"), [(5, True), (5.001, False)])
def test_an_order_that_waited_too_long_is_dropped(gate, world, waited_s, leaves):
    gate.release(1, RiskApproved(command=order(ts=0)))
    world.now = int(waited_s * SECOND)
    world.durable_seq = 1
    gate.on_durable()
    assert len(world.arrived) == leaves
    assert len(world.not_sent) == (not leaves)
