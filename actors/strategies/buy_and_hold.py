"""Buy and hold: one order at the first price that can be had, nothing after."""

from decimal import Decimal
from typing import Final

from openoutcry.actors.strategy import Strategy
from openoutcry.state.events import AnyOrderEvent, OrderDenied, OrderRejected
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar, Quote, Trade

_RETRY_NS: Final = 60 * 1_000_000_000


class BuyAndHold(Strategy):
    """Buys `size` at the first datum of the chosen kind and keeps it. The yardstick of any other."""

    class Params(Strategy.Params):
        """`timeframe` names the bars to act on; `quote` or `trade` act on the first of those."""

        instrument: InstrumentId
        size: Decimal
        timeframe: str = "1d"

    class State(Strategy.State):
        """Whether the order was sent, and when it may be tried again after a refusal."""

        bought: bool = False
        try_from: int = 0

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

    def on_order(self, event: AnyOrderEvent) -> None:
        """Refused (a closed market, a limit): try again a minute later."""
        if isinstance(event, OrderRejected | OrderDenied):
            self.state.bought = False
            self.state.try_from = self.now + _RETRY_NS

    def _buy_once(self, instrument: InstrumentId) -> None:
        if not self.state.bought and self.now >= self.state.try_from:
            self.state.bought = True
            self.buy(instrument, self.params.size)
