"""What the type checker knows of a user's strategy. Checked by mypy with the tests, never run.

Each `type: ignore` states an error that must be reported; mypy fails on one that is not needed.
"""

from decimal import Decimal
from typing import assert_type

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openoutcry.actors.indicators import Bollinger, Ema, Macd
from openoutcry.actors.strategy import Strategy
from openoutcry.state.commands import CancelOrder, RiskApproved, SubmitOrder
from openoutcry.state.events import OrderFilled
from openoutcry.state.identifiers import ClientOrderId, InstrumentId
from openoutcry.state.market_data import Bar, Quote
from openoutcry.state.money import Money
from openoutcry.state.orders import Order
from openoutcry.state.positions import Position
from openoutcry.state.signals import Crossed


class Typed(Strategy):
    """Its own Params and State are known by their fields."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        size: Decimal

    class State(Strategy.State):
        count: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.fast = self.indicator(Ema(10), self.params.instrument, "1m")
        self.bands = self.indicator(Bollinger(20, 2.0), self.params.instrument, "1m")
        assert_type(self.fast, Ema)
        assert_type(self.bands, Bollinger)
        self.cross("trend", self.fast, (self.bands, "upper"), skip_flat=True)
        self.cross("level", self.fast, 50.0)
        self.cross("level", 50, self.fast)  # type: ignore[arg-type]
        self.subscribe_quotes(self.params.instrument, every_ms=500, min_ticks=2)
        self.subscribe_quotes(self.params.instrument, every_ms=0.5)  # type: ignore[arg-type]

    def on_cross(self, cross: Crossed) -> None:
        assert_type(cross.above, bool)
        assert_type(cross.instrument, InstrumentId)
        self.watch_price("stop", cross.instrument, "1.05")
        self.watch_price("stop", cross.instrument, 1.05)  # type: ignore[arg-type]
        self.unwatch_price("stop", cross.instrument)

    def on_quote(self, quote: Quote) -> None:
        assert_type(quote.bid, Decimal)
        assert_type(self.state.count, int)
        assert_type(self.buy(quote.instrument, "0.1", limit=quote.bid), ClientOrderId)
        assert_type(self.target(quote.instrument, 1), ClientOrderId | None)
        assert_type(self.position(quote.instrument), Position)
        assert_type(self.orders(), list[Order])
        assert_type(self.cash("USDT"), Decimal)
        self.buy(quote.instrument, 0.1)  # type: ignore[arg-type]
        quote.bid_units = 1  # type: ignore[misc]

    def on_bar(self, bar: Bar) -> None:
        assert_type(bar.close, Decimal)
        bar.close + 1.0  # type: ignore[operator]

    def on_fill(self, fill: OrderFilled) -> None:
        assert_type(fill.fee, Decimal)


def only_approved_orders_are_sent(order: SubmitOrder, cancel: CancelOrder) -> None:
    """The type of what a broker takes."""

    def broker(_approved: RiskApproved[SubmitOrder]) -> None: ...

    broker(RiskApproved(command=order))
    broker(order)  # type: ignore[arg-type]
    broker(RiskApproved(command=cancel))  # type: ignore[arg-type]


def research_uses_the_same_indicators(frame: pl.DataFrame) -> None:
    """Columns in, named columns out; expressions of polars."""
    assert_type(Macd().batch(frame), dict[str, NDArray[np.float64]])
    Ema(20).batch(frame["close"], price_scale=2)
    Ema(20).batch([1.0, 2.0])
    assert_type(Macd().expr("close", output="signal"), pl.Expr)
    frame.with_columns(Ema(20).expr(pl.col("close")).over("instrument"))
    Ema(20).expr(20)  # type: ignore[arg-type]


def money_does_not_mix(price: Decimal, money: Money) -> None:
    """Money is not a number."""
    money + price  # type: ignore[operator]
    money * money  # type: ignore[operator]
