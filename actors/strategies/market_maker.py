"""A two-sided market maker: one bid, one offer, leaning against what it holds."""

from decimal import Decimal

from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import Side
from openoutcry.state.identifiers import ClientOrderId, InstrumentId
from openoutcry.state.market_data import Quote


class MarketMaker(Strategy):
    """Keeps a post-only quote on each side, `half_spread_ticks` away from the mid.

    Both prices move by `skew_ticks` for each `size` held, away from more of it. A side is re-quoted
    when its wanted price has moved by `requote_ticks`, and withdrawn at `max_position`.
    """

    class Params(Strategy.Params):
        """Distances in ticks, sizes in the instrument's quantity."""

        instrument: InstrumentId
        size: Decimal
        max_position: Decimal
        half_spread_ticks: int = 5
        skew_ticks: int = 1
        requote_ticks: int = 2

    class State(Strategy.State):
        """The working order and its price in ticks, per side."""

        orders: dict[Side, ClientOrderId] = {}
        ticks: dict[Side, int] = {}

    params: Params
    state: State

    def setup(self) -> None:
        """Follow the touch."""
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        """Quote around the mid, leaning against the position."""
        if not (quote.has_bid and quote.has_ask) or quote.crossed:
            return
        p = self.params
        item = self.instrument_of(p.instrument)
        held = self.quantity(p.instrument)
        lean = int(held / p.size) * p.skew_ticks
        middle = (quote.bid_units + quote.ask_units) // (2 * item.tick_units) - lean
        self._quote_side(Side.BUY, middle - p.half_spread_ticks, held + p.size <= p.max_position)
        self._quote_side(Side.SELL, middle + p.half_spread_ticks, held - p.size >= -p.max_position)

    def on_stop(self) -> None:
        """Leave nothing behind."""
        self.cancel_all(self.params.instrument)

    def _quote_side(self, side: Side, tick: int, wanted: bool) -> None:
        p = self.params
        working = {order.client_order_id for order in self.orders(p.instrument)}
        current = self.state.orders.get(side)
        if current in working:
            moved = abs(self.state.ticks[side] - tick) >= p.requote_ticks
            if moved or not wanted:
                self.cancel(current)
        elif wanted:
            price = tick * self.instrument_of(p.instrument).tick
            order = self.submit(p.instrument, side, p.size, limit=price, post_only=True)
            self.state.orders[side] = order
            self.state.ticks[side] = tick
