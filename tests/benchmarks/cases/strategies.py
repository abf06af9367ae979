"""The strategies of the benchmarks that are not shipped, written as a user writes them.

Everything that they ask of the program stands here: when there is a faster way to ask, it changes in
this file alone.
"""

from decimal import Decimal

from openoutcry.actors.indicators import Sma
from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import PriceType, Side
from openoutcry.state.events import TimerFired
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar, Quote
from openoutcry.state.signals import Crossed


class OnInstrument(Strategy):
    """A strategy of one instrument."""

    class Params(Strategy.Params):
        instrument: InstrumentId

    params: Params


class Idle(OnInstrument):
    """Listens to nothing."""


class Counter(OnInstrument):
    """Counts quotes."""

    class State(Strategy.State):
        quotes: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1


class LimitPair(OnInstrument):
    """Every 100 quotes: cancel all, place a bid and an offer half a dollar away."""

    def setup(self) -> None:
        self.subscribe_bars(self.params.instrument, "100t", PriceType.MID)

    def on_bar(self, bar: Bar) -> None:
        quote = self.quote(bar.instrument)
        assert quote is not None  # the bar was built of quotes
        self.cancel_all(bar.instrument)
        half = Decimal("0.5")
        self.buy(bar.instrument, Decimal("0.010"), limit=quote.bid - half)
        self.sell(bar.instrument, Decimal("0.010"), limit=quote.ask + half)


class WatchBars(OnInstrument):
    """Has one-minute bars built of quotes, and looks at them."""

    class State(Strategy.State):
        bars: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_bars(self.params.instrument, "1m")

    def on_bar(self, bar: Bar) -> None:
        self.state.bars += 1


class SmaCross(OnInstrument):
    """Buys `size` when the fast average crosses above the slow one, sells when it crosses below."""

    class Params(OnInstrument.Params):
        timeframe: str = "1m"
        size: int = 1
        fast: int = 10
        slow: int = 30

    class State(Strategy.State):
        above: bool | None = None  # None while the averages never differed

    params: Params
    state: State

    def setup(self) -> None:
        p = self.params
        fast = self.indicator(Sma(p.fast), p.instrument, p.timeframe)
        slow = self.indicator(Sma(p.slow), p.instrument, p.timeframe)
        # `cross` counts equal lines as above; what both leave is strictly above, and strictly below.
        self.cross("fast", fast, slow)
        self.cross("slow", slow, fast)

    def on_cross(self, cross: Crossed) -> None:
        if cross.above:
            return
        before, self.state.above = self.state.above, cross.name == "slow"
        if before is None or before == self.state.above:
            return
        self.target(cross.instrument, self.params.size if self.state.above else 0)


class Rebalance(Strategy):
    """Every fifth day: 95 % of the account, in equal parts, in the shares whose SMA 10 > SMA 30."""

    class Params(Strategy.Params):
        instruments: list[InstrumentId]
        share: Decimal = Decimal("0.95")

    class State(Strategy.State):
        seen: int = 0
        days: int = 0
        closes: dict[InstrumentId, Decimal] = {}

    params: Params
    state: State

    def setup(self) -> None:
        names = self.params.instruments
        self.fast = {name: self.indicator(Sma(10), name, "1d") for name in names}
        self.slow = {name: self.indicator(Sma(30), name, "1d") for name in names}

    def on_bar(self, bar: Bar) -> None:
        state, names = self.state, self.params.instruments
        state.closes[bar.instrument] = bar.close
        state.seen += 1
        if state.seen % len(names) or not self.slow[names[0]].ready:
            return
        state.days += 1
        if state.days % 5 == 0:
            self.rebalance()

    def rebalance(self) -> None:
        names, closes = self.params.instruments, self.state.closes
        held = {name: self.quantity(name) for name in names}
        worth = self.cash("USD") + sum(held[name] * closes[name] for name in names)
        members = [name for name in names if self.fast[name].value > self.slow[name].value]
        each = worth * self.params.share / max(len(members), 1)
        for name in names:
            if name not in members and held[name]:
                self.target(name, 0)
        for name in members:
            missing = each - held[name] * closes[name]
            pieces = int(abs(missing) // closes[name])
            self.target(name, held[name] + (pieces if missing > 0 else -pieces))


class StepMaker(OnInstrument):
    """Each second: one bid and one offer a tick behind the touch, post-only, up to a whole coin."""

    class Params(OnInstrument.Params):
        step_ms: int = 1000
        first_ms: int = 999  # the first row reaches us a millisecond after the venue stamped it
        size: Decimal = Decimal("0.010")
        most: int = 1

    params: Params

    def on_start(self) -> None:
        self.after("step", self.params.first_ms * 1_000_000)

    def on_timer(self, timer: TimerFired) -> None:
        p = self.params
        self.after("step", p.step_ms * 1_000_000)
        quote = self.quote(p.instrument)
        if quote is None or not (quote.has_bid and quote.has_ask):
            return
        wanted = {Side.BUY: quote.bid_units - 1, Side.SELL: quote.ask_units + 1}
        kept = set()
        for order in self.orders(p.instrument):
            side = order.side
            if order.limit_units == wanted[side]:
                kept.add(side)
            elif order.cancel_request is None:
                self.cancel(order.client_order_id)
        held = self.quantity(p.instrument)
        tick = self.instrument_of(p.instrument).tick
        if Side.BUY not in kept and held < p.most:
            self.buy(p.instrument, p.size, limit=wanted[Side.BUY] * tick, post_only=True)
        if Side.SELL not in kept and held > -p.most:
            self.sell(p.instrument, p.size, limit=wanted[Side.SELL] * tick, post_only=True)
