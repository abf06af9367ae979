"""Random orders in random worlds: the engine's checks and the plain ones give the same reasons."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import CollarConfig, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode, OrderType, Side
from openoutcry.state.instruments import Instrument, Perpetual
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.risk_config import AccountLimits, StrategyLimits
from tests.oracles.risk_checks import Oracle
from tests.order_kit import BTC, STRATEGY, client_id, submit
from tests.risk_kit import NOW, OTHER, World, coin, risk

MS = 1_000_000
INVERSE = Perpetual(
    id=BTC,
    base_currency="BTC",
    quote="USD",
    settlement_currency="BTC",
    is_inverse=True,
    multiplier=Decimal(100),
    price_scale=1,
    size_scale=0,
    tick=Decimal("0.1"),
    lot=Decimal(1),
)
INSTRUMENTS = (coin(), coin(price_scale=8, size_scale=8), coin(size_scale=18), INVERSE)

# Near one another, so that boundaries are met; and now and then as large as they may be.
near = st.integers(9_700, 10_300)
prices = near | st.sampled_from([-10_000, 0, 1, 2**63 - 1])
quantities = st.integers(-1, 30) | st.just(2**63 - 1)
positions = st.integers(-30, 30) | st.just(2**63 - 1)
ages = st.sampled_from([0, 1, 59_999, 60_000, 60_001, 300_000, 300_001, 172_800_001])
stamps = ages.map(lambda ms: NOW - ms * MS)


def limit_of(numbers: st.SearchStrategy[Decimal]) -> st.SearchStrategy[Any]:
    """A limit, or none, or none on purpose."""
    return numbers | st.sampled_from([None, "unlimited"])


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Plain decimals."""
    return st.decimals(low, high, places=places)


@st.composite
def limits(draw: st.DrawFn, instrument: Instrument) -> RiskLimits:
    """Limits near what the orders below ask for."""
    unit = Decimal(1).scaleb(-instrument.size_scale)
    worth = unit.scaleb(-instrument.price_scale)
    return RiskLimits(
        collar=CollarConfig(max_deviation_bps=draw(limit_of(decimals(0, 400, 7)))),
        max_order_value=draw(limit_of(decimals(0, 300_000, 3).map(lambda value: value * worth))),
        max_order_quantity=draw(limit_of(decimals(-1, 30, 1).map(lambda value: value * unit))),
        max_position=draw(limit_of(decimals(-1, 60, 1).map(lambda value: value * unit))),
        max_orders=draw(st.integers(-1, 3) | st.sampled_from([None, "unlimited"])),
        per_ms=draw(st.sampled_from([1, 1000])),
        max_data_age_ms=draw(st.sampled_from([0, 60_000, "unlimited"])),
        duplicate_ms=draw(st.sampled_from([None, 0, 1, 1000])),
    )


@st.composite
def configs(draw: st.DrawFn, instrument: Instrument) -> RiskConfig:
    """Those, with limits of account and strategy; a price of 100.00 makes 2,000 of twenty coins."""
    amounts = st.none() | decimals(0, 6_000, 2)
    account = AccountLimits(
        max_gross_exposure=draw(amounts),
        max_net_exposure=draw(amounts),
        daily_loss_halt=draw(amounts),
        drawdown_halt=draw(amounts),
    )
    strategy = StrategyLimits(
        max_gross_exposure=draw(amounts),
        max_net_exposure=draw(amounts),
        max_messages=draw(st.integers(0, 4) | st.just(10_000)),
        messages_ms=draw(st.sampled_from([1, 1000])),
    )
    return RiskConfig(default=draw(limits(instrument)), account=account, strategy=strategy)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Markets, positions and orders of ours."""
    world = World()
    sides = near | st.just(UNDEFINED)
    world.last_quote = draw(st.none() | st.tuples(stamps, sides, sides, st.just(5), st.just(5)))
    world.last_trade = draw(st.none() | st.tuples(stamps, prices, st.just(1)))
    world.last_bar = draw(st.none() | st.tuples(stamps, prices))
    for holder in (STRATEGY, None):
        world.positions[holder] = draw(positions)
        world.working[holder] = draw(st.tuples(st.integers(0, 30), st.integers(0, 30)))
    resting = st.lists(st.tuples(st.sampled_from([STRATEGY, OTHER]), near), max_size=3)
    world.ours = {side: draw(resting) for side in Side}
    world.heard = draw(st.none() | stamps)
    world.lost = draw(st.booleans())
    world.price = draw(st.none() | st.just(100 * 10**8))
    return world


@st.composite
def orders(draw: st.DrawFn, instrument: Instrument) -> SubmitOrder:
    """Orders of every kind, complete or not."""
    return submit(
        price_scale=instrument.price_scale,
        size_scale=instrument.size_scale,
        side=draw(st.sampled_from(Side)),
        order_type=draw(st.sampled_from(OrderType)),
        quantity_units=draw(quantities),
        limit_units=draw(st.none() | prices),
        trigger_units=draw(st.none() | prices),
        post_only=draw(st.booleans()),
        reduce_only=draw(st.booleans()),
    )


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=["cents", "8 + 8", "18", "inverse"])
@given(data=st.data())
def test_the_engine_gives_the_reasons_of_the_oracle(
    instrument: Instrument, data: st.DataObject
) -> None:
    mode = data.draw(st.sampled_from([Mode.REPLAY, Mode.LIVE]))
    config = data.draw(configs(instrument))
    native = risk(config, mode, [instrument])
    oracle = Oracle(instrument, config, mode)
    now = NOW
    for number in range(data.draw(st.integers(1, 4))):
        world = data.draw(worlds())
        now += data.draw(st.sampled_from([0, 1, 999 * MS, 1000 * MS]))
        world.now = now
        order = data.draw(orders(instrument))
        order = msgspec.structs.replace(order, client_order_id=client_id(number + 1))
        added = data.draw(st.just(order.quantity_units) | st.integers(-5, 30))
        expected = oracle.reasons(order, added, world)
        assert native.reasons(order, added, world) == expected
        # Whatever was said: an order counts once it is approved.
        native.approved(order, world.now)
        oracle.approved.append((world.now, order))
