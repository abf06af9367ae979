"""The columns of a run say what its messages say."""

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.record import LIQUIDITY, ORDER_TYPES, STATUSES, TIMES_IN_FORCE, Ids
from openoutcry.state.config import RiskConfig
from openoutcry.state.enums import OrderStatus
from openoutcry.state.market_data import Quote
from openoutcry.state.messages import UNDEFINED
from tests.harness import NO_LIMITS, config, feed, session, strategy
from tests.markets import MARGIN, PERP, quote_walk


class Varied(Strategy):
    """Market and limit orders with tags, orders beyond the risk limit, and cancels."""

    class State(Strategy.State):
        seen: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_quotes(PERP.id)

    def on_quote(self, quote: Quote) -> None:
        self.state.seen += 1
        match self.state.seen % 4:
            case 0:
                self.buy(PERP.id, "0.1", tag="in")
            case 1:
                self.sell(PERP.id, "0.1", tag="out")
            case 2:
                self.buy(PERP.id, "0.2", limit=quote.bid - 100, tag="far")
            case _:
                self.cancel_all()
                self.buy(PERP.id, 10**9)


@pytest.fixture(scope="module")
def played():
    limits = msgspec.structs.replace(NO_LIMITS.default, max_order_quantity=Decimal(1))
    settings = config(
        MARGIN,
        [feed(PERP.id, "quote")],
        [strategy(Varied)],
        currency="USDT",
        risk=RiskConfig(default=limits),
    )
    ready = session(settings, [PERP], {("quote", PERP.id): quote_walk(5, 400)})
    ready.begin()
    ready.play()
    ready.end()
    return ready


@pytest.fixture(scope="module")
def run(played):
    return played.record.columns(played.universe, played.graph.books.names, "USDT")


def test_the_columns_of_orders_say_what_the_orders_say(played, run):
    orders, names = run.orders, run.names
    signals = played.record.signals
    assert list(orders.id) == [signal.client_order_id for signal in signals]
    denied = 0
    for row, signal in enumerate(signals):
        order = played.graph.orders.get(signal.client_order_id)
        assert names.books[orders.book[row]] == signal.strategy
        assert names.instruments[orders.instrument[row]].id == signal.instrument
        assert names.texts[orders.tag[row]] == signal.tag
        assert ORDER_TYPES[orders.order_type[row]] is signal.order_type
        assert TIMES_IN_FORCE[orders.time_in_force[row]] is signal.time_in_force
        assert orders.side[row] == signal.side.sign
        assert orders.quantity[row] == signal.quantity_units
        limit = signal.limit_units
        assert orders.limit[row] == (UNDEFINED if limit is None else limit)
        assert orders.ts_created[row] == signal.ts
        status = STATUSES[orders.status[row]]
        if order is None:
            denied += 1
            assert status is OrderStatus.DENIED
            continue
        assert status is order.status
        assert orders.filled[row] == order.filled_units
        assert names.reasons[orders.reason[row]] == tuple(order.reasons)
    assert denied == run.denied == sum(run.denials.values()) > 50
    assert len(set(map(int, orders.status))) >= 3


def test_the_columns_of_fills_say_what_the_fills_say(played, run):
    fills, booked = run.fills, played.record.fills
    assert len(fills) == len(booked) > 100
    for row, (owner, fill, realized) in enumerate(booked):
        assert run.names.books[fills.book[row]] == owner
        assert fills.order[row] == fill.client_order_id
        assert fills.fill_id[row] == fill.fill_id
        assert fills.price[row] == fill.price_units
        assert fills.quantity[row] == fill.quantity_units
        assert fills.fee[row] == fill.fee_units
        assert run.names.currencies[fills.fee_currency[row]][0] == fill.fee_currency
        assert LIQUIDITY[fills.liquidity[row]] is fill.liquidity
        assert fills.realized[row] == realized
        assert fills.ts[row] == fill.ts_event


def test_equity_is_sampled_in_order_of_time(run):
    assert len(run.equity) > len(run.fills)
    assert (np.diff(run.equity.ts) >= 0).all()


def test_ids_are_a_sequence_of_texts():
    ids = Ids(bytes(range(48)), 16, bytes.hex)
    assert len(ids) == 3
    assert ids[0] == "000102030405060708090a0b0c0d0e0f"
    assert ids[-1] == ids[2] == list(ids)[2]
    assert ids[1:] == [ids[1], ids[2]]
    with pytest.raises(IndexError):
        ids[3]
