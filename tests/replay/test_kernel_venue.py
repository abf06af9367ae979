"""When commands reach a simulated venue, against which market, and when its reports come back."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.config import MatchingConfig, VenueConfig
from openoutcry.state.enums import OrderType, PositionMode, Side, TimeInForce
from openoutcry.state.errors import ConfigError
from openoutcry.state.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
)
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId, VenueId
from openoutcry.state.market_data import Bar, Quote
from openoutcry.state.messages import UNDEFINED
from tests.replay.kernels import A, bars, columns, drain, kernel, pieces, quotes

MICROSECOND = 1_000
USD = 2  # AAA, BBB, USD


def venue(**settings: Any) -> VenueConfig:
    """The venue SIM with plenty of money and no fees."""
    money = {"USD": Decimal(1_000_000), "AAA": Decimal(1000)}
    return VenueConfig(name=VenueId("SIM"), balances=money, **settings)


def order(number: int, side: Side = Side.BUY, **terms: Any) -> SubmitOrder:
    """An order for one unit of A; a limit order when a limit is given."""
    kind = OrderType.LIMIT if "limit_units" in terms else OrderType.MARKET
    fields: dict[str, Any] = {"order_type": kind, "quantity_units": 1, **terms}
    return SubmitOrder(
        ts=0,
        client_order_id=ClientOrderId(f"{number:032x}"),
        strategy=StrategyId("s"),
        instrument=A,
        side=side,
        price_scale=2,
        size_scale=0,
        **fields,
    )


def cancel(number: int, instrument: InstrumentId = A) -> CancelOrder:
    return CancelOrder(
        ts=0,
        client_order_id=ClientOrderId(f"{number:032x}"),
        strategy=StrategyId("s"),
        instrument=instrument,
    )


def names(messages: list[Any]) -> list[str]:
    return [type(message).__name__ for message in messages]


def test_without_latency_an_order_meets_the_book_that_includes_the_input_it_answers() -> None:
    engine, market = kernel(1, venue())
    engine.add_feed("quote", 0, [quotes((10, 100, 101), (10, 105, 106), (11, 107, 108))])
    engine.next()
    engine.submit(order(1))
    came = drain(engine)
    # Data of the same instant comes before the reports, but not before the order was matched.
    assert names(came) == ["Quote", "OrderAccepted", "OrderFilled", "Quote"]
    fill = came[2]
    assert (fill.price_units, fill.ts_event, fill.ts_received) == (101, 10, 10)
    assert engine.venue_position(0, 0) == 1
    assert engine.venue_balance(0, USD) == 1_000_000_00 - 101
    assert market.quote(0) == (11, 107, 108, 5, 5)


def test_latency_moves_the_order_to_a_later_book_and_the_report_to_a_later_input() -> None:
    us = MICROSECOND
    engine, _ = kernel(1, venue(order_latency_us=5, report_latency_us=3))
    rows = [
        (0, 100, 101),
        (5 * us, 110, 111),
        (5 * us, 120, 121),
        (8 * us, 130, 131),
        (9 * us, 1, 2),
    ]
    engine.add_feed("quote", 0, [quotes(*rows)])
    engine.next()
    engine.submit(order(1))
    came = drain(engine)
    assert names(came) == ["Quote", "Quote", "Quote", "OrderAccepted", "OrderFilled", "Quote"]
    fill = came[4]
    # It arrives at 5 us, after all data of that instant.
    assert (fill.price_units, fill.ts_event, fill.ts_received) == (121, 5 * us, 8 * us)


def test_commands_keep_their_order() -> None:
    engine, _ = kernel(1, venue(order_latency_us=1))
    engine.add_feed("quote", 0, [quotes((0, 100, 101), (2000, 100, 101))])
    engine.next()
    engine.submit(order(1, limit_units=90))
    engine.submit(order(2, limit_units=91))
    engine.submit(cancel(1))
    engine.submit(
        ReplaceOrder(
            ts=0,
            client_order_id=ClientOrderId(f"{2:032x}"),
            strategy=StrategyId("s"),
            instrument=A,
            quantity_units=3,
        )
    )
    engine.submit(cancel(7))
    came = drain(engine)
    assert names(came) == [
        "OrderAccepted", "OrderAccepted", "OrderCanceled", "OrderReplaced", "CancelRejected", "Quote",
    ]  # fmt: skip
    assert [m.client_order_id[-1] for m in came[:5]] == ["1", "2", "1", "2", "7"]
    assert all(m.ts_event == 1000 for m in came[:5])
    assert isinstance(came[0], OrderAccepted)
    assert isinstance(came[2], OrderCanceled)
    assert isinstance(came[3], OrderReplaced)
    assert (came[3].quantity_units, came[3].limit_units, came[3].trigger_units) == (3, 91, None)
    assert isinstance(came[4], CancelRejected)


def test_a_market_order_after_a_bar_fills_at_the_next_open_before_that_bar_is_seen() -> None:
    engine, _ = kernel(1, venue())
    rows = [(0, 60, 100, 110, 90, 105), (60, 120, 107, 108, 106, 107)]
    engine.add_feed("bar", 0, [bars(*rows)], ("1m", "last"))
    assert isinstance(engine.next(), Bar)
    engine.submit(order(1))
    accepted, fill, bar = drain(engine)
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(fill, OrderFilled)
    assert (fill.price_units, fill.ts_event, fill.ts_received) == (107, 60, 60)
    assert (bar.ts_event, engine.now) == (120, 120)


@pytest.mark.parametrize(("opens", "known"), [(60, 67), (70, 77)])
def test_bars_that_arrive_late_open_late_too(opens: int, known: int) -> None:
    engine, _ = kernel(1, venue())
    rows = [(0, 60, 100, 110, 90, 105), (opens, opens + 60, 107, 108, 106, 107)]
    engine.add_feed("bar", 0, [bars(*rows)], ("1m", "last"), 7)
    engine.next()
    assert engine.now == 67
    engine.submit(order(1))
    _, fill, _ = drain(engine)
    assert (fill.price_units, fill.ts_received) == (107, known)


def test_a_venue_trades_on_the_shortest_bars_only_and_never_beside_quotes() -> None:
    engine, _ = kernel(1, venue())
    short = bars((0, 60, 100, 110, 90, 105), (60, 120, 107, 108, 106, 107))
    engine.add_feed("bar", 0, [bars((0, 60, 200, 200, 200, 200))], ("1h", "last"))
    engine.add_feed("bar", 0, [short], ("1m", "last"))
    engine.next()
    engine.submit(order(1))
    fills = [m for m in drain(engine) if isinstance(m, OrderFilled)]
    assert [fill.price_units for fill in fills] == [107]

    engine, _ = kernel(1, venue())
    engine.add_feed("bar", 0, [short], ("1m", "last"))
    engine.add_feed("quote", 0, [quotes((70, 50, 51))])
    engine.next()
    engine.submit(order(1))
    assert [m.price_units for m in drain(engine) if isinstance(m, OrderFilled)] == [51]


def test_the_close_can_be_asked_for() -> None:
    engine, _ = kernel(1, venue(matching=MatchingConfig(bar_fill="close")))
    engine.add_feed("bar", 0, [bars((0, 60, 100, 110, 90, 105))], ("1m", "last"))
    engine.next()
    engine.submit(order(1))
    assert [m.price_units for m in drain(engine) if isinstance(m, OrderFilled)] == [105]


def test_an_order_expires_at_its_time_before_data_of_that_time() -> None:
    engine, _ = kernel(1, venue())
    engine.add_feed("quote", 0, [quotes((0, 100, 101), (50, 89, 90), (60, 100, 101))])
    engine.next()
    engine.submit(order(1, limit_units=95, time_in_force=TimeInForce.GTD, expire_ts=50))
    came = drain(engine)
    assert names(came) == ["OrderAccepted", "Quote", "OrderExpired", "Quote"]
    assert isinstance(came[2], OrderExpired)
    assert came[2].ts_event == 50


def test_finishing_lets_commands_arrive_then_cancels_and_numbers_each_report() -> None:
    engine, _ = kernel(1, venue(order_latency_us=5, report_latency_us=5))
    engine.add_feed("quote", 0, [quotes((0, 100, 101))])
    engine.next()
    engine.submit(order(1, limit_units=90))
    assert engine.next() is None
    before = engine.input_hash()
    engine.finish()
    reports = iter(engine.next, None)
    seen = [(engine.seq, engine.now, type(report).__name__) for report in reports]
    assert seen == [
        (2, 10 * MICROSECOND, "OrderAccepted"),
        (3, 10 * MICROSECOND, "OrderCanceled"),
    ]
    assert engine.input_hash() != before
    assert engine.counts()["report"] == 2


def test_reports_come_although_nobody_wants_the_data() -> None:
    digests = []
    for wanted in (True, False):
        engine, _ = kernel(1, venue())
        engine.add_feed("quote", 0, [quotes((10, 100, 101), (11, 94, 95), (12, 100, 101))])
        engine.set_timer(10, "s", "t")
        engine.set_interest("quote", 0, wanted)
        came: list[Any] = []
        while (message := engine.next()) is not None:
            came.append(message)
            if not isinstance(message, Quote) and len(came) < 3 and engine.now == 10:
                engine.submit(order(1, limit_units=96))
                break
        came += drain(engine)
        kept = [m for m in came if not isinstance(m, Quote)]
        assert names(kept) == ["TimerFired", "OrderAccepted", "OrderFilled"]
        digests.append((engine.input_hash(), engine.seq))
    assert digests[0] == digests[1]


def test_a_fill_names_its_position_and_its_money() -> None:
    engine, _ = kernel(1, venue(positions=PositionMode.HEDGING))
    engine.add_feed("quote", 0, [quotes((10, 100, 101))])
    engine.next()
    engine.submit(order(1, position="long"))
    accepted, fill = drain(engine)
    assert accepted.venue_order_id.isdecimal()
    assert fill.position == "long"
    assert (fill.side, fill.fee_currency, fill.fee_units) == (Side.BUY, "USD", 0)
    assert (fill.price_scale, fill.size_scale, fill.fee_scale) == (2, 0, 2)
    assert fill.fill_id.isdecimal()


def test_what_is_no_command_for_this_run_is_refused() -> None:
    engine, _ = kernel(1, venue())
    with pytest.raises(ValueError, match=r"X\.SIM is not in this run"):
        engine.submit(cancel(1, InstrumentId("X.SIM")))
    with pytest.raises(ValueError, match="no client order id"):
        engine.submit(msgspec.structs.replace(cancel(7), client_order_id="7"))
    with pytest.raises(AttributeError):
        engine.submit("buy")
    observed, _ = kernel(1)
    with pytest.raises(ConfigError, match="no venue trades"):
        observed.submit(order(1))


def test_a_venue_refuses_in_its_own_words() -> None:
    engine, _ = kernel(1, venue())
    engine.add_feed("quote", 0, [quotes((10, 100, 101))])
    engine.next()
    engine.submit(order(1, quantity_units=10**15))
    (refused,) = drain(engine)
    assert isinstance(refused, OrderRejected)
    assert refused.reason


Touch = tuple[int, int, int, int]


def _played_alone(rows: list[Touch], moments: list[int], chunk: int) -> tuple[Any, ...]:
    """Buy and sell at some moments, else let rows of (bid, size, ask, size) pass; what came of it."""
    engine, market = kernel(1, venue(matching=MatchingConfig(overflow="partial", consume=True)))
    ts = list(range(10, 10 + len(rows)))
    bid, bid_size, ask, ask_size = zip(*rows, strict=True)
    whole = columns(ts_received=ts, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)
    engine.set_clock(0)
    engine.add_feed("quote", 0, pieces(whole, chunk))
    engine.set_interest("quote", 0, False)
    for moment in moments:
        engine.set_timer(10 + moment, "owner", "trade")
    came, number = [], 0
    while (message := engine.next()) is not None:
        if type(message).__name__ == "TimerFired":
            for side in (Side.BUY, Side.SELL):
                number += 1
                terms = {"quantity_units": 3, "time_in_force": TimeInForce.IOC}
                engine.submit(order(number, side, **terms))
        came.append(message)
    return came, engine.input_hash(), market.hash(), engine.counts(), engine.defects()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([100, 101, UNDEFINED, -1]),
            st.integers(0, 4),
            st.sampled_from([101, 102, 103, UNDEFINED]),
            st.integers(-1, 4),
        ),
        min_size=4,
        max_size=30,
    ),
    st.lists(st.integers(0, 25), max_size=4),
)
@example([(100, 4, 102, 4), (101, 4, 103, 4), (100, 4, 102, 4), (100, 4, 102, 4)], [0, 2])
@example([(100, 4, 102, 4), (100, 4, 102, 4), (100, 4, 102, 4), (100, 4, 102, 4)], [0, 2])
def test_rows_that_pass_in_a_run_have_the_effect_of_each(
    rows: list[Touch], moments: list[int]
) -> None:
    """A chunk of one row is never taken in a run."""
    assert _played_alone(rows, moments, 1_000) == _played_alone(rows, moments, 1)
