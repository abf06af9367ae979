"""Strategies that write down what they hear, and small markets for them."""

from openoutcry.actors.strategy import Strategy
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.signals import Crossed
from tests.harness import (
    MINUTE,
    SECOND,
    T0,
    bars,
    columns,
    config,
    feed,
    play,
    quotes,
    session,
    strategy,
)
from tests.markets import MARGIN, PERP

BTC = PERP.id
MS = 1_000_000


class Listener(Strategy):
    """Writes down what it hears."""

    class State(Strategy.State):
        heard: list[tuple[str, int]] = []

    state: State

    def say(self, what: str) -> None:
        self.state.heard.append((what, (self.now - T0) // SECOND))

    def on_cross(self, cross: Crossed) -> None:
        assert cross.ts == self.now
        assert cross.instrument == BTC
        self.say(f"{cross.name} {'above' if cross.above else 'below'}")


def minutes(closes, *, flat=()):
    """One-minute bars; those whose number is in `flat` have no range."""
    rows = [
        (c, c, c, c, 10) if n in flat else (c, c + 1, c - 1, c, 10) for n, c in enumerate(closes)
    ]
    return {("bar:1m-last", BTC): bars([T0 + n * MINUTE for n in range(len(rows))], MINUTE, rows)}


def mids(*values, gap=SECOND, spread=2):
    """A quote a second around these mids."""
    ts = [T0 + n * gap for n in range(1, len(values) + 1)]
    bid, ask = [m - spread // 2 for m in values], [m + spread // 2 for m in values]
    return {("quote", BTC): quotes(ts, bid, ask)}


def trades(*prices):
    """A trade a second."""
    ts = [T0 + n * SECOND for n in range(1, len(prices) + 1)]
    ids, ones = list(range(len(prices))), [1] * len(prices)
    made = columns(
        ts_event=ts, ts_received=ts, price=prices, size=ones, aggressor=ones, trade_id=ids
    )
    return {("trade", BTC): made}


def ready(cls, data, **options):
    kinds = sorted({kind.partition(":")[0] for kind, _ in data})
    recorded = [kind.partition(":")[2] for kind, _ in data if kind.startswith("bar:")]
    classes = cls if isinstance(cls, tuple) else (cls,)
    chosen = [strategy(item, f"s{n}") for n, item in enumerate(classes)]
    settings = config(MARGIN, [feed(BTC, *kinds, bars=recorded)], chosen, currency="USDT")
    return session(settings, [PERP], data, **options)


def run(cls, data, **options):
    played = play(ready(cls, data, **options))
    return played, played.graph.strategies[StrategyId("s0")].strategy


def heard(cls, data):
    return run(cls, data)[1].state.heard
