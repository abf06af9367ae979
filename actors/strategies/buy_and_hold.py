"""Buy and hold: one order at the first price, nothing after."""

from decimal import Decimal

from openoutcry.actors.strategy import Strategy
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar, Quote, Trade


class BuyAndHold(Strategy):
    """Buys `size` at the first datum of the chosen kind and keeps it. The yardstick of any other."""

    class Params(Strategy.Params):
        """`timeframe` names the bars to act on; `quote` or `trade` act on the first of those."""

        instrument: InstrumentId
        size: Decimal
        timeframe: str = "1d"

    class State(Strategy.State):
        """Whether the order was sent."""

        bought: bool = False

    params: Params
    state: State

    def setup(self) -> None:
        """Subscribe to what we wait for."""
        if self.params.timeframe == "quote":
            self.subscribe_quotes(self.params.instrument)
        elif self.params.timeframe == "trade":
            self.subscribe_trades(self.params.instrument)
        else:
            self.subscribe_bars(self.params.instrument, self.params.timeframe)

    def on_bar(self, bar: Bar) -> None:
        """Buy once."""
        self._buy_once(bar.instrument)

    def on_quote(self, quote: Quote) -> None:
        """Buy once, when somebody offers."""
        if quote.has_ask:
            self._buy_once(quote.instrument)

    def on_trade(self, trade: Trade) -> None:
        """Buy once."""
        self._buy_once(trade.instrument)

    def _buy_once(self, instrument: InstrumentId) -> None:
        if not self.state.bought:
            self.state.bought = True
            self.buy(instrument, self.params.size)
