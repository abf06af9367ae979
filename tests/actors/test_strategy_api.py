"""What a strategy may do, seen from the strategy: real actors, real kernel, data made here."""

from decimal import Decimal

import pytest

from openoutcry.actors.strategy import Strategy
from openoutcry.state.commands import CancelOrder
from openoutcry.state.config import FeesConfig, VenueConfig
from openoutcry.state.enums import AccountType, OrderStatus, OrderType, Side
from openoutcry.state.errors import ConfigError, NotRepresentable, StrategyError
from openoutcry.state.events import (
    AnyOrderEvent,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    TimerFired,
)
from openoutcry.state.identifiers import ClientOrderId, StrategyId, VenueId
from openoutcry.state.market_data import Bar, Quote
from tests.harness import MINUTE, SECOND, T0, config, feed, play, quotes, session, strategy
from tests.markets import MARGIN, PERP, SPOT, quote_walk

BTC = PERP.id


class Script(Strategy):
    """Does what `steps` says at each quote, and writes down everything it hears."""

    class State(Strategy.State):
        quotes: int = 0

    state: State
    log: list[object]
    orders_sent: list[ClientOrderId | None]

    def setup(self) -> None:
        self.log = []
        self.orders_sent = []
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1
        getattr(self, f"step_{self.state.quotes}", lambda: None)()

    def on_fill(self, fill: OrderFilled) -> None:
        self.log.append(fill)

    def on_order(self, event: AnyOrderEvent) -> None:
        self.log.append(event)

    def on_timer(self, timer: TimerFired) -> None:
        self.log.append((timer.name, self.now))


def run(cls, rows=20, data=None, **overrides):
    settings = config(MARGIN, [feed(BTC, "quote")], [strategy(cls)], currency="USDT", **overrides)
    data = data if data is not None else quote_walk(1, rows)
    played = play(session(settings, [PERP], {("quote", BTC): data}))
    return played, played.graph.strategies[StrategyId("s")].strategy


class MarketBuy(Script):
    def step_2(self) -> None:
        self.orders_sent.append(self.buy(BTC, "0.5"))

    def on_fill(self, fill: OrderFilled) -> None:
        super().on_fill(fill)
        assert self.quantity(BTC) == Decimal("0.500")


def test_a_fill_is_in_the_position_when_the_strategy_hears_of_it():
    data = quotes(
        [T0 + n * SECOND for n in range(1, 6)], [100] * 5, [101] * 5, [9000] * 5, [9000] * 5
    )
    _, made = run(MarketBuy, data=data)
    assert [type(event) for event in made.log] == [OrderAccepted, OrderFilled]
    assert made.log[1].price == Decimal("1.01")


class TwoTargets(Script):
    """Asks for the same target three times before anything can have filled."""

    def step_1(self) -> None:
        for _ in range(3):
            self.orders_sent.append(self.target(BTC, "1"))


def test_target_counts_what_was_asked_for_in_the_same_handler():
    _, made = run(TwoTargets)
    assert [order is not None for order in made.orders_sent] == [True, False, False]


class RestThenTarget(Script):
    def step_1(self) -> None:
        self.orders_sent.append(self.buy(BTC, "1", limit="1.00"))

    def step_3(self) -> None:
        self.orders_sent.append(self.target(BTC, "1"))

    def step_4(self) -> None:
        self.orders_sent.append(self.target(BTC, "-1"))


def test_target_counts_orders_that_still_work():
    played, made = run(RestThenTarget)
    assert made.orders_sent[1] is None
    last = played.record.signals[-1]
    assert (last.side, last.quantity) == (Side.SELL, Decimal(2))


class CancelTwice(Script):
    @property
    def first(self) -> ClientOrderId:
        order = self.orders_sent[0]
        assert order is not None
        return order

    def step_1(self) -> None:
        self.orders_sent.append(self.buy(BTC, "1", limit="1.00"))

    def step_2(self) -> None:
        self.cancel(self.first)
        self.cancel(self.first)

    def step_4(self) -> None:
        self.cancel(self.first)


def test_a_cancel_ends_the_order_and_a_late_one_is_answered_here():
    _, made = run(CancelTwice)
    kinds = [type(event) for event in made.log]
    assert kinds[:2] == [OrderAccepted, OrderCanceled]
    assert kinds[-1] is CancelRejected
    assert made.log[-1].reason == "the order is canceled"


class Timers(Script):
    def on_start(self) -> None:
        self.every("minute", MINUTE)
        self.after("once", 90 * SECOND)
        self.set_timer("canceled", T0 + 100 * SECOND)
        self.cron("cron", "*/2 * * * *")

    def step_1(self) -> None:
        self.cancel_timer("canceled")


def test_timers_fire_once_at_intervals_and_by_cron():
    _, made = run(Timers, rows=250)
    fired = [(name, (ts - T0) // SECOND) for name, ts in made.log]
    assert fired == [
        ("minute", 60),
        ("once", 90),
        ("cron", 120),  # of two at one instant the one that was set first
        ("minute", 120),
        ("minute", 180),
        ("cron", 240),
        ("minute", 240),
    ]


class Forgetful(Script):
    def step_1(self) -> None:
        self.remembered = 1


def test_a_strategy_that_remembers_outside_its_state_is_told_so():
    with pytest.raises(StrategyError, match="remembered is set outside setup"):
        run(Forgetful)


class FloatPrice(Script):
    def step_1(self) -> None:
        self.buy(BTC, 0.5)  # type: ignore[arg-type]


def test_a_float_quantity_is_refused():
    with pytest.raises(NotRepresentable, match=r"quantity 0\.5 is a float"):
        run(FloatPrice)


class OffTick(Script):
    def step_1(self) -> None:
        self.buy(BTC, "1", limit="1.005")


def test_a_price_off_the_tick_is_refused():
    with pytest.raises(NotRepresentable, match="more than 2 decimals"):
        run(OffTick)


class Contradiction(Script):
    def step_1(self) -> None:
        self.buy(BTC, "1", stop="2.00", take_profit="1.00")


def test_contradicting_options_are_refused():
    with pytest.raises(StrategyError, match="one of stop, take_profit, trail"):
        run(Contradiction)


class NoSuchData(Strategy):
    def setup(self) -> None:
        self.subscribe_trades(BTC)


def test_subscribing_to_what_no_feed_offers_is_an_error_at_start():
    with pytest.raises(ConfigError, match="its feeds offer quote"):
        run(NoSuchData)


class Bracket(Script):
    def step_1(self) -> None:
        self.orders_sent = list(self.bracket_ids())

    def bracket_ids(self) -> tuple[ClientOrderId, ...]:
        return self.bracket(BTC, Side.BUY, "0.1", stop="0.90", take_profit="1.20")

    def seal(self) -> "Bracket":
        return self


def test_a_bracket_exits_once_and_cancels_the_other_side():
    price = [100, 100, 110, 121, 121, 121]
    ts = [T0 + n * SECOND for n in range(1, 7)]
    size = [9000] * 6
    data = quotes(ts, price, [p + 1 for p in price], size, size)
    played, made = run(Bracket, data=data)
    orders = [played.graph.orders.get(order) for order in made.orders_sent]
    assert [order.status for order in orders] == [
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.FILLED,
    ]
    assert [order.submit.order_type for order in orders] == [
        OrderType.MARKET,
        OrderType.STOP,
        OrderType.LIMIT,
    ]
    assert made.quantity(BTC) == 0


class InAndOut(Strategy):
    """Buys a coin whose fee is paid in the coin, and sells all of it, twice."""

    def setup(self) -> None:
        self.seen: list[Decimal] = []
        self.subscribe_quotes(SPOT.id)

    def on_quote(self, quote: Quote) -> None:
        self.seen.append(self.quantity(SPOT.id))
        self.target(SPOT.id, "1" if len(self.seen) % 4 == 1 else 0)


def test_selling_all_of_a_coin_works_when_its_fee_was_paid_in_the_coin():
    venue = VenueConfig(
        name=VenueId("SIM"),
        account=AccountType.CASH,
        balances={"USDT": Decimal(10_000)},
        fees=FeesConfig(taker=Decimal("0.001"), currency="base"),
    )
    ts = [T0 + n * SECOND for n in range(1, 9)]
    data = quotes(ts, [10_000] * 8, [10_001] * 8, [10**6] * 8, [10**6] * 8)
    settings = config(venue, [feed(SPOT.id, "quote")], [strategy(InAndOut)], currency="USDT")
    played = play(session(settings, [SPOT], {("quote", SPOT.id): data}))
    assert [fill.quantity for _, fill, _ in played.record.fills] == [
        Decimal("1.00000"),
        Decimal("0.99900"),
        Decimal("1.00000"),
        Decimal("0.99900"),
    ]
    made = played.graph.strategies[StrategyId("s")].strategy
    assert isinstance(made, InAndOut)
    assert made.seen[1:3] == [Decimal("0.99900"), 0]
    assert played.graph.books.balance(VenueId("SIM"), "ETH") == 0


class Raises(Script):
    def step_3(self) -> None:
        self.buy(BTC, "1")
        raise ValueError("a bug")


def test_a_strategy_that_raises_is_paused_and_nothing_of_its_handler_leaves():
    settings = config(MARGIN, [feed(BTC, "quote")], [strategy(Raises)], currency="USDT")
    ready = session(settings, [PERP], {("quote", BTC): quote_walk(1, 10)})
    ready.begin()
    ready.play()
    ready.end()
    assert ready.record.signals == []
    (failure,) = ready.graph.supervisor.failures
    assert (failure.actor, failure.input, failure.policy) == ("strategy/s", "Quote", "pause")
    assert failure.error == "ValueError: a bug"
    assert ready.graph.strategies[StrategyId("s")].cell.parked > 0


class Bars(Strategy):
    class State(Strategy.State):
        closes: list[tuple[int, int]] = []

    state: State

    def setup(self) -> None:
        self.subscribe_bars(BTC, "1m")

    def on_bar(self, bar: Bar) -> None:
        assert bar.ts_event == self.now
        self.state.closes.append(((bar.ts_event - T0) // MINUTE, bar.close_units))


def test_a_bar_is_seen_at_its_end_and_never_earlier():
    _, made = run(Bars, rows=200)
    assert [minute for minute, _ in made.state.closes] == [1, 2, 3]


def test_an_order_of_another_strategy_cannot_be_canceled():
    class Thief(Script):
        def step_1(self) -> None:
            self.cancel(ClientOrderId("0" * 32))

    globals()["Thief"] = Thief
    Thief.__qualname__ = "Thief"
    with pytest.raises(StrategyError, match="s has no order"):
        run(Thief)
    assert CancelOrder.__name__ == "CancelOrder"


class Tinkers(Script):
    class Params(Strategy.Params):
        size: int = 1

    params: Params

    def step_1(self) -> None:
        self.params.size = 2


def test_parameters_are_fixed_while_the_strategy_runs():
    with pytest.raises(StrategyError, match="parameter size is set to 2"):
        run(Tinkers)
