"""Random markets, random strategies, and four ways to play them that must come to the same.

Everything is drawn from a `Plan`, a handful of numbers that a failing test prints.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from openoutcry import _native
from openoutcry.actors.graph import Graph, Ports, build_graph
from openoutcry.actors.indicators import Bollinger, Ema, Macd, Rsi, Sma
from openoutcry.actors.strategy import RecoveryGap, Strategy
from openoutcry.replay.session import RecordedFeeds, ReplaySession
from openoutcry.state.config import Config, FeedConfig
from openoutcry.state.enums import PriceType, Side
from openoutcry.state.events import AnyOrderEvent, OrderFilled, TimerFired
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import AnyMarketData, Bar, Quote, Trade
from openoutcry.state.memory_journal import MemoryJournal
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.signals import Crossed
from tests.harness import MINUTE, SECOND, T0, Columns, bars, columns, config, session, strategy
from tests.markets import MARGIN, PERP

OTHER = msgspec.structs.replace(PERP, id=InstrumentId("ETHUSDT-PERP.SIM"), base_currency="ETH")
INSTRUMENTS = (PERP, OTHER)
KINDS = (("quote",), ("trade",), ("quote", "trade"), ("quote", "bar"), ("trade", "bar"), ("bar",))
TIMEFRAMES = ("1m", "7t", "3s")
Data = dict[tuple[str, str], Columns]


@dataclass(frozen=True)
class Plan:
    """What to play: `kinds` is a number into `KINDS` per instrument, latencies are microseconds."""

    seed: int
    rows: int
    kinds: tuple[int, int]
    strategies: int
    order_latency: int
    report_latency: int
    feed_latency: int
    chunk_rows: int


class Wild(Strategy):
    """Subscribes to chance, trades by chance, writes down everything that it hears."""

    class Params(Strategy.Params):
        seed: int
        offers: dict[InstrumentId, list[str]]

    class State(Strategy.State):
        calls: int = 0
        heard: list[str] = []
        prices: dict[InstrumentId, int] = {}

    params: Params
    state: State

    def setup(self) -> None:
        draw = random.Random(self.params.seed)
        for instrument, kinds in self.params.offers.items():
            if "quote" in kinds and draw.random() < 0.6:
                self.some_quotes(draw, instrument)
            if "trade" in kinds and draw.random() < 0.3:
                self.subscribe_trades(instrument)
            for number in range(draw.randrange(3)):
                self.lines(draw, instrument, f"{number}")

    def some_quotes(self, draw: random.Random, instrument: InstrumentId) -> None:
        every, ticks = draw.choice([None, 400, 5_000]), draw.choice([None, 1, 4])
        self.subscribe_quotes(instrument, every_ms=every, min_ticks=ticks)

    def lines(self, draw: random.Random, instrument: InstrumentId, name: str) -> None:
        kinds = self.params.offers[instrument]
        timeframe = draw.choice(TIMEFRAMES) if kinds != ["bar"] else "1m"
        price_type = None
        if "quote" in kinds and draw.random() < 0.5:
            price_type = draw.choice([PriceType.BID, PriceType.MID])
        where = (instrument, timeframe, price_type)
        if draw.random() < 0.3:
            self.subscribe_bars(*where)
        fast = self.indicator(draw.choice([Ema, Sma])(draw.randrange(1, 4)), *where)
        slow = self.indicator(Sma(draw.randrange(2, 9)), *where)
        skip_flat = draw.random() < 0.5
        if draw.random() < 0.8:
            self.cross(f"averages {name}", fast, slow, skip_flat=skip_flat)
        if draw.random() < 0.3:
            self.cross(f"rsi {name}", self.indicator(Rsi(3), *where), 50, skip_flat=skip_flat)
        if draw.random() < 0.3:
            bands, macd = self.indicator(Bollinger(4, 1.0), *where), Macd(2, 4, 3)
            self.cross(f"bands {name}", fast, (bands, "upper"))
            self.cross(f"macd {name}", (self.indicator(macd, *where), "line"), (macd, "signal"))

    def on_start(self) -> None:
        self.act(random.Random(self.params.seed), next(iter(self.params.offers)))

    def on_recovered(self, gap: RecoveryGap) -> None:
        raise AssertionError(gap)

    def on_quote(self, quote: Quote) -> None:
        self.hear(quote, quote.instrument, quote.bid_units if quote.has_bid else None)

    def on_trade(self, trade: Trade) -> None:
        self.hear(trade, trade.instrument, trade.price_units)

    def on_cross(self, cross: Crossed) -> None:
        self.hear(cross, cross.instrument)

    def on_fill(self, fill: OrderFilled) -> None:
        self.hear(fill, fill.instrument)

    def on_order(self, event: AnyOrderEvent) -> None:
        self.hear(event, event.instrument)

    def on_timer(self, timer: TimerFired) -> None:
        self.hear(timer, next(iter(self.params.offers)))

    def on_stop(self) -> None:
        self.cancel_all()

    def hear(self, what: object, instrument: InstrumentId, price: int | None = None) -> None:
        """Write it down, then do something about it."""
        self.state.calls += 1
        self.state.heard.append(f"{self.now} {what}")
        if price is not None:
            self.state.prices[instrument] = price
        self.act(random.Random(self.params.seed + self.state.calls), instrument)

    def act(self, draw: random.Random, instrument: InstrumentId) -> None:
        if draw.random() < 0.4:
            return
        side = draw.choice([Side.BUY, Side.SELL])
        size = Decimal(draw.randrange(1, 20)) / 100
        price = self.price(instrument) + draw.randrange(-4, 5)
        at = Decimal(price) / 100
        name = f"level {draw.randrange(3)}"
        orders = self.orders(instrument)
        choices: list[Callable[[], object]] = [
            lambda: self.submit(instrument, side, size),
            lambda: self.submit(instrument, side, size, limit=at),
            lambda: self.submit(instrument, side, size, stop=at),
            lambda: self.target(instrument, size * side.sign),
            lambda: self.watch_price(name, instrument, at),
            lambda: self.watch_price(name, instrument, at),
            lambda: self.unwatch_price(name, instrument),
            lambda: self.after(name, draw.choice([1, SECOND, 20 * SECOND])),
            lambda: self.cancel(draw.choice(orders).client_order_id) if orders else None,
            lambda: (
                self.replace(draw.choice(orders).client_order_id, quantity=size) if orders else None
            ),
        ]
        draw.choice(choices)()
        if draw.random() < 0.001:
            raise ValueError("a bug, now and then")

    def price(self, instrument: InstrumentId) -> int:
        quote = self.quote(instrument)
        if quote is not None and quote.has_bid:
            return quote.bid_units
        return self.state.prices.get(instrument, 10_000)


class WildOnBars(Wild):
    """The same, and it listens to its bars."""

    def on_bar(self, bar: Bar) -> None:
        self.hear(bar, bar.instrument, bar.close_units)


def market(draw: random.Random, rows: int, kinds: tuple[str, ...]) -> dict[str, Columns]:
    """Columns of the kinds of one instrument: a walk of few ticks, with bursts, pauses and gaps."""
    ts, price = T0, 10_000
    made: dict[str, list[tuple[int, ...]]] = {"quote": [], "trade": []}
    for number in range(rows):
        ts += draw.choice([0, 0, 10**6, 300 * 10**6, SECOND, 9 * SECOND])
        price += draw.randrange(-3, 4)
        bid, ask = price - draw.randrange(3), price + 1 + draw.randrange(3)
        if draw.random() < 0.03:
            bid, ask = draw.choice([(UNDEFINED, ask), (bid, UNDEFINED), (ask, bid)])
        made["quote"].append((ts, bid, ask, draw.randrange(3000), draw.randrange(3000)))
        size = 0 if draw.random() < 0.05 else draw.randrange(1, 3000)
        made["trade"].append((ts, price, size, draw.choice([-1, 1]), number + 1))
    found = {kind: _columns(kind, made[kind]) for kind in kinds if kind != "bar"}
    if "bar" in kinds:
        found["bar:1m-last"] = _minutes(draw, max(rows // 4, 2))
    return found


def _columns(kind: str, rows: list[tuple[int, ...]]) -> Columns:
    names = {
        "quote": ("bid", "ask", "bid_size", "ask_size"),
        "trade": ("price", "size", "aggressor", "trade_id"),
    }[kind]
    ts, *rest = zip(*rows, strict=True)
    return columns(ts_event=ts, ts_received=ts, **dict(zip(names, rest, strict=True)))


def _minutes(draw: random.Random, count: int) -> Columns:
    close, rows = 10_000, []
    for _ in range(count):
        opened, close = close, close + draw.randrange(-3, 4)
        wick = draw.randrange(2)
        low, high = min(opened, close) - wick, max(opened, close) + wick
        rows.append((opened, high, low, close, draw.randrange(5000)))
    return bars([T0 + number * MINUTE for number in range(count)], MINUTE, rows)


def drawn(plan: Plan) -> tuple[Config, Data]:
    """Config and columns of a plan."""
    draw = random.Random(plan.seed)
    data: Data = {}
    feeds = []
    offers: dict[InstrumentId, list[str]] = {}
    for instrument, number in zip(INSTRUMENTS, plan.kinds, strict=True):
        kinds = KINDS[number]
        offers[instrument.id] = list(kinds)
        rows = market(draw, plan.rows, kinds)
        data |= {(kind, instrument.id): made for kind, made in rows.items()}
        named = ("1m-last",) if "bar" in kinds else ()
        latency = plan.feed_latency
        feeds.append(
            FeedConfig(instrument=instrument.id, kinds=kinds, bars=named, latency_us=latency)
        )
    chosen = [
        strategy(
            draw.choice([Wild, WildOnBars]), f"s{n}", seed=draw.randrange(10**9), offers=offers
        )
        for n in range(plan.strategies)
    ]
    order, report = plan.order_latency, plan.report_latency
    venue = msgspec.structs.replace(MARGIN, order_latency_us=order, report_latency_us=report)
    return config(venue, feeds, chosen, currency="USDT", grid_s=60), data


def prepare(plan: Plan, *, stepping: bool, chunk_rows: int | None) -> ReplaySession:
    """A session of a plan."""
    settings, data = drawn(plan)
    return session(settings, INSTRUMENTS, data, stepping=stepping, chunk_rows=chunk_rows)


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    heard: dict[str, list[str]]
    failures: list[str]
    journal: str
    state: str


def outcome(ready: ReplaySession, graph: Graph) -> Outcome:
    """What a session came to; `graph` heard of it."""
    assert not graph.supervisor.halted, graph.supervisor.failures
    heard = {
        str(name): list(actor.strategy.state.heard)
        for name, actor in graph.strategies.items()
        if isinstance(actor.strategy, Wild)
    }
    failures = [f"{item.actor} {item.input} {item.error}" for item in graph.supervisor.failures]
    return Outcome(heard, failures, ready.journal_hash(), ready.state_hash())


def skipping(plan: Plan, chunk_rows: int | None = None) -> Outcome:
    """Play it as `replay` does."""
    ready = prepare(plan, stepping=False, chunk_rows=chunk_rows)
    ready.begin()
    ready.play()
    ready.end()
    return outcome(ready, ready.graph)


def stepping(plan: Plan) -> Outcome:
    """Bring every input to Python."""
    ready = prepare(plan, stepping=True, chunk_rows=None)
    ready.begin()
    ready.play()
    ready.end()
    return outcome(ready, ready.graph)


def restoring(plan: Plan) -> Outcome:
    """Stop now and then, and put restored strategies in place of those that run."""
    ready = prepare(plan, stepping=False, chunk_rows=None)
    draw = random.Random(plan.seed)
    ready.begin()
    while ready.play(draw.randrange(1, 60)):
        name = draw.choice(list(ready.graph.strategies))
        ready.graph.replace_strategy(ready.graph.snapshot_strategy(name))
    ready.end()
    return outcome(ready, ready.graph)


def by_messages(plan: Plan) -> Outcome:
    """As live: each input is a message, of which the market is told before the actors."""
    ready = prepare(plan, stepping=True, chunk_rows=None)
    kernel, universe = ready.kernel, ready.universe
    ready.graph.close()
    for book in range(1, plan.strategies + 1):
        ready.graph.market_data.interests.release(book)  # of the kernel's market
    told = _native.Market(universe.specs)
    ready.market, ready.journal = told, MemoryJournal(keep=True)
    feeds = RecordedFeeds(ready.config.feeds, universe, kernel, stepping=True)
    ports = Ports(inlet=kernel, journal=ready.journal, venue=kernel, feeds=feeds, market=told)
    ready.graph = graph = build_graph(ready.config, universe, ports, recent_orders=2**63 - 1)

    def drain() -> None:
        message: Any
        while (message := kernel.next()) is not None:
            if isinstance(message, AnyMarketData):
                told.apply(universe.index[message.instrument], message)
            graph.handle(message)

    graph.start()
    drain()
    graph.stop()
    drain()
    kernel.finish()
    drain()
    graph.end()
    graph.close()
    return outcome(ready, graph)
