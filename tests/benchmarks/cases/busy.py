"""Strategies that send orders at every quote: what a daemon's journal and its turn are measured with."""

from decimal import Decimal

from openoutcry.state.market_data import Quote, Trade
from tests.benchmarks.cases.strategies import OnInstrument

LOT = Decimal("0.001")
"""Size of every order."""
_AWAY = Decimal("0.50")


class Nobody(OnInstrument):
    """Listens to nothing."""


class Taker(OnInstrument):
    """Buys and sells at the market in turns, one order at each quote."""

    class State(OnInstrument.State):
        long: bool = False

    state: State

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        order = self.sell if self.state.long else self.buy
        self.state.long = not self.state.long
        order(quote.instrument, LOT)


class Trader(OnInstrument):
    """At each quote: cancels what rests, trades both ways, and leaves a bid at a distance."""

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        self.cancel_all(quote.instrument)
        self.buy(quote.instrument, LOT)
        self.sell(quote.instrument, LOT)
        self.buy(quote.instrument, LOT, limit=quote.bid - _AWAY)


class TapeTrader(OnInstrument):
    """Trades at the market at every twentieth trade of the tape, and leaves a bid at a distance."""

    class State(OnInstrument.State):
        trades: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_trades(self.params.instrument)

    def on_trade(self, trade: Trade) -> None:
        self.state.trades += 1
        if self.state.trades % 20 == 0:
            self.cancel_all(trade.instrument)
            self.buy(trade.instrument, LOT)
            self.buy(trade.instrument, LOT, limit=trade.price - 100)
        elif self.state.trades % 20 == 10:
            self.sell(trade.instrument, LOT)
