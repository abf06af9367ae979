"""Corners of the order path and the venues where a mistake once cost money or a run."""

from typing import Any

import msgspec
import numpy as np
import pytest

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.session import ReplaySession
from openoutcry.state.enums import OrderStatus, Side
from openoutcry.state.events import TimerFired
from openoutcry.state.identifiers import FillId, StrategyId
from openoutcry.state.market_data import Bar, Quote
from openoutcry.state.messages import UNDEFINED
from tests.harness import (
    MINUTE,
    SECOND,
    T0,
    Columns,
    bars,
    columns,
    config,
    feed,
    play,
    quotes,
    session,
    strategy,
)  # fmt: skip
from tests.markets import MARGIN, PERP

BTC = PERP.id


def at_quotes(*entries: Any, rows: int = 8) -> ReplaySession:
    """A flat market of 100.00 to 100.01, a quote a second."""
    ts = [T0 + n * SECOND for n in range(1, rows + 1)]
    data = quotes(ts, [10_000] * rows, [10_001] * rows, [90_000] * rows, [90_000] * rows)
    settings = config(MARGIN, [feed(BTC, "quote")], entries, currency="USDT")
    return session(settings, [PERP], {("quote", BTC): data})


class Bracketed(Strategy):
    """Enters with a bracket at the first quote, and wants to be flat at the fourth."""

    class State(Strategy.State):
        quotes: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1
        if self.state.quotes == 1:
            self.bracket(BTC, Side.BUY, 10, stop="50.00", take_profit="200.00")
        if self.state.quotes == 4:
            self.target(BTC, 0)


def test_a_target_of_nothing_closes_a_position_with_its_protective_orders() -> None:
    played = play(at_quotes(strategy(Bracketed)))
    assert played.graph.books.position(StrategyId("s"), BTC) == 0


class Guarded(Strategy):
    """Rests a bid in a group of the name that every instance takes; `first` takes the market, too."""

    class Params(Strategy.Params):
        first: bool

    class State(Strategy.State):
        quotes: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1
        if self.state.quotes == 1:
            self.buy(BTC, 1, limit="90.00", oco_group="exit")
        if self.state.quotes == 3 and self.params.first:
            self.buy(BTC, 1, oco_group="exit")


def test_a_group_of_one_strategy_cancels_nothing_of_another() -> None:
    ready = at_quotes(strategy(Guarded, "a", first=True), strategy(Guarded, "b", first=False))
    ready.begin()
    ready.play()
    (left,) = ready.graph.orders.open_orders(None, BTC)
    assert (left.strategy, left.status) == (StrategyId("b"), OrderStatus.ACCEPTED)


def test_a_fill_of_an_unknown_order_is_booked_once_however_often_it_comes() -> None:
    ready = at_quotes(strategy(Bracketed))
    ready.begin()
    ready.play(3)
    fill = ready.record.fills[0][1]
    before = ready.graph.books.native.position(0, 0)
    foreign = msgspec.structs.replace(
        fill, client_order_id="f" * 12 + fill.client_order_id[12:], fill_id=FillId("foreign")
    )
    for _ in range(3):
        ready.graph.handle(foreign)
    assert ready.graph.books.native.position(0, 0) - before == fill.quantity_units
    assert ready.graph.books.position(StrategyId("s"), BTC) == before, "another epoch's order"


class Hold(Strategy):
    """Buys with all its leverage at the first quote; hears what closes."""

    class Params(Strategy.Params):
        size: str

    params: Params

    def on_start(self) -> None:
        self.after("buy", 2 * SECOND)

    def on_timer(self, timer: TimerFired) -> None:
        self.buy(BTC, self.params.size)


def test_skipping_does_not_delay_a_liquidation() -> None:
    """A lonely bid far below says what the position is worth; then only trades come."""
    ts = [T0 + n * SECOND for n in range(1, 20)]
    bid = [10_000, 10_000, 10_000, 100, 10_000]
    ask = [10_001, 10_001, 10_001, UNDEFINED, 10_001]
    when = [*ts[:4], ts[11]]
    told = quotes(when, bid, ask, [9_000_000] * 5, [9_000_000] * 5)
    traded = [n for n in range(19) if n not in (0, 1, 2, 3, 11)]
    prints = columns(
        ts_event=[ts[n] for n in traded],
        ts_received=[ts[n] for n in traded],
        price=[10_000] * len(traded),
        size=[1_000] * len(traded),
        aggressor=[1] * len(traded),
        trade_id=list(range(1, len(traded) + 1)),
    )
    entry = strategy(Hold, size="90000")
    settings = config(MARGIN, [feed(BTC, "quote", "trade")], [entry], currency="USDT")
    data: dict[tuple[str, str], Columns] = {("quote", BTC): told, ("trade", BTC): prints}
    runs = [play(session(settings, [PERP], data, stepping=step)) for step in (False, True)]
    assert runs[0].kernel.input_hash() == runs[1].kernel.input_hash()


class Sleepy(Strategy):
    """Hears every bar, and buys at the second."""

    class State(Strategy.State):
        bars: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_bars(BTC, "1m")

    def on_bar(self, bar: Bar) -> None:
        self.state.bars += 1
        if self.state.bars == 2:
            self.buy(BTC, 1)


@pytest.mark.parametrize("stepping", [False, True])
def test_bars_that_come_late_and_all_at_once_open_in_their_order(stepping: bool) -> None:
    ts = [T0 + n * MINUTE for n in range(8)]
    data = bars(ts, MINUTE, [(100 + n, 101 + n, 99 + n, 100 + n, 50) for n in range(8)])
    data["ts_received"][4:] = data["ts_received"][-1]
    settings = config(
        MARGIN, [feed(BTC, "bar", bars=["1m-last"])], [strategy(Sleepy)], currency="USDT"
    )
    played = play(session(settings, [PERP], {("bar:1m-last", BTC): data}, stepping=stepping))
    (first, *_) = played.record.fills
    assert first[1].price_units == 102, "the open of the third bar"


def test_a_refused_bar_is_counted_once_skipped_or_not() -> None:
    ts = [T0 + n * MINUTE for n in range(8)]
    rows = [(100, 101, 99, 100, 50)] * 3 + [(0, 101, 99, 100, 50)] + [(100, 101, 99, 100, 50)] * 4
    data: dict[tuple[str, str], Columns] = {("bar:1m-last", BTC): bars(ts, MINUTE, rows)}
    settings = config(
        MARGIN, [feed(BTC, "bar", bars=["1m-last"])], [strategy(Hold, size="1")], currency="USDT"
    )
    runs = [play(session(settings, [PERP], data, stepping=step)) for step in (False, True)]
    assert [run.kernel.defects() for run in runs] == [{"zero_price": 1}] * 2


class Split(Strategy):
    """Holds from the first quote on."""

    class State(Strategy.State):
        quotes: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1
        if self.state.quotes == 1:
            self.buy(BTC, 10)


@pytest.mark.parametrize(("latency_us", "numerator", "denominator"), [(0, 4, 1), (400_000, 1, 5)])
def test_equity_between_a_split_and_the_next_price_is_that_of_before(
    latency_us: int, numerator: int, denominator: int
) -> None:
    """Samples of equity each second; after the split no price comes for six of them."""
    ts = [T0 + n * SECOND for n in (1, 2, 3, 10)]
    price = [10_000, 10_000, 10_000, 10_000 * denominator // numerator]
    told = quotes(ts, price, [bid + 1 for bid in price])
    when = T0 + 3 * SECOND + SECOND // 2
    split = columns(
        ts_event=[when], ts_received=[when], numerator=[numerator], denominator=[denominator]
    )
    venue = msgspec.structs.replace(MARGIN, report_latency_us=latency_us)
    settings = config(
        venue, [feed(BTC, "quote", "split")], [strategy(Split)], currency="USDT", grid_s=1
    )
    played = play(session(settings, [PERP], {("quote", BTC): told, ("split", BTC): split}))
    held = played.graph.books.position(StrategyId("s"), BTC)
    assert held == 10_000 * numerator // denominator
    equity = played.graph.path.columns().equity
    samples = dict(
        zip(*(np.frombuffer(equity[name], "<i8") for name in ("ts", "units")), strict=True)
    )
    before = samples[T0 + 3 * SECOND]
    between = {at: units for at, units in samples.items() if when <= at < ts[-1]}
    assert len(between) >= 6
    assert set(between.values()) == {before}
