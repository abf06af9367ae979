"""Strategies of the daemons that tests run."""

from openoutcry.actors.strategy import Strategy
from openoutcry.state.market_data import Quote
from tests.markets import PERP

RESTING = 3
SIZE = "0.001"
code = "trades"
"""What `Changing` does."""


class Churner(Strategy):
    """Buys and sells in turn; its first orders rest at half the price."""

    class State(Strategy.State):
        quotes: int = 0

    state: State

    def setup(self) -> None:
        """It wants quotes."""
        self.subscribe_quotes(PERP.id)

    def on_quote(self, quote: Quote) -> None:
        """One order for each quote."""
        self.state.quotes += 1
        if self.state.quotes <= RESTING:
            half = quote.bid_units // 2
            self.buy(PERP.id, SIZE, limit=f"{half // 100}.{half % 100:02d}")
        elif self.state.quotes % 2:
            self.sell(PERP.id, SIZE)
        else:
            self.buy(PERP.id, SIZE)


class Listener(Strategy):
    """Hears every quote and asks for nothing."""

    class State(Strategy.State):
        quotes: int = 0

    state: State

    def setup(self) -> None:
        """It wants quotes."""
        self.subscribe_quotes(PERP.id)

    def on_quote(self, _: Quote) -> None:
        """Count it."""
        self.state.quotes += 1


class Changing(Churner):
    """A strategy whose code is changed from one start to the next."""

    def on_quote(self, quote: Quote) -> None:
        """What its code says."""
        self.state.quotes += 1
        if code == "raises":
            raise ValueError("a bug")
        if code == "is denied":
            self.buy(PERP.id, "1000")
        elif code == "waits":
            self.after("later", 2_000_000_000)
        else:
            self.buy(PERP.id, SIZE)
