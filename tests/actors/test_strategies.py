"""The shipped strategies do what their first line says."""

from decimal import Decimal

import msgspec
import pytest

from openoutcry.actors.strategies.bollinger_reversion import BollingerReversion
from openoutcry.actors.strategies.buy_and_hold import BuyAndHold
from openoutcry.actors.strategies.ema_cross import EmaCross
from openoutcry.actors.strategies.market_maker import MarketMaker
from openoutcry.actors.strategies.registry import SHIPPED, find_strategy, load_strategy
from openoutcry.actors.strategies.sma_cross import SmaCross
from openoutcry.state.commands import Halt, Resume
from openoutcry.state.config import StrategyConfig
from openoutcry.state.enums import AccountType, LiquiditySide, OrderStatus, Side
from openoutcry.state.errors import ConfigError
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.market_data import Bar
from openoutcry.state.signals import Crossed
from tests.harness import (
    MINUTE,
    SECOND,
    T0,
    Columns,
    bars,
    config,
    feed,
    play,
    quotes,
    session,
    strategy,
)
from tests.markets import MARGIN, PERP, SPOT, quote_walk

BTC = PERP.id


def on_bars(closes, cls, **params):
    """Play one-minute bars that move from close to close."""
    opens = [closes[0], *closes[:-1]]
    rows = [(o, max(o, c), min(o, c), c, 10_000) for o, c in zip(opens, closes, strict=True)]
    ts = [T0 + n * MINUTE for n in range(len(rows))]
    settings = config(
        MARGIN,
        [feed(BTC, "bar", bars=["1m-last"])],
        [strategy(cls, instrument=BTC, size="1", **params)],
        currency="USDT",
    )
    return play(session(settings, [PERP], {("bar:1m-last", BTC): bars(ts, MINUTE, rows)}))


def sides(played):
    return [(order.side, order.quantity) for order in played.record.signals]


def test_ema_cross_reverses_when_the_averages_cross():
    closes = [1000, *range(1010, 1110, 10), *range(1090, 890, -10)]
    played = on_bars(closes, EmaCross, fast=2, slow=4)
    assert sides(played)[:2] == [(Side.BUY, Decimal(1)), (Side.SELL, Decimal(2))]
    # It goes home flat; that order waits for an open that the data no longer has.
    assert sides(played)[2:] == [(Side.BUY, Decimal(1))]
    assert played.graph.books.position(StrategyId("s"), BTC) == -1_000


def test_ema_cross_long_only_never_goes_short():
    closes = [1000, *range(1010, 1110, 10), *range(1090, 890, -10)]
    played = on_bars(closes, EmaCross, fast=2, slow=4, long_only=True)
    assert sides(played) == [(Side.BUY, Decimal(1)), (Side.SELL, Decimal(1))]
    assert played.graph.books.position(StrategyId("s"), BTC) == 0


def test_ema_cross_ignores_a_bar_in_which_nothing_happened():
    assert sides(on_bars([1000] * 10, EmaCross, fast=2, slow=4)) == []


class EveryBar(EmaCross):
    """The same rule, asked at every bar."""

    def on_cross(self, cross: Crossed) -> None:
        pass

    def on_bar(self, bar: Bar) -> None:
        if self.slow.ready and bar.high_units != bar.low_units:
            size = self.params.size
            self.target(bar.instrument, size if self.fast.value >= self.slow.value else -size)


@pytest.mark.parametrize("seed", range(4))
def test_ema_cross_decides_as_if_it_looked_at_every_bar(seed):
    """Where all orders fill, nothing is lost between two crosses."""
    data: dict[tuple[str, str], Columns] = {("quote", BTC): quote_walk(seed, 3_000)}

    def fills(cls):
        chosen = strategy(cls, instrument=BTC, size="0.001", fast=2, slow=5, timeframe="20t")
        settings = config(MARGIN, [feed(BTC, "quote")], [chosen], currency="USDT")
        played = play(session(settings, [PERP], data))
        return [(fill.ts_event, fill.side, fill.quantity) for _, fill, _ in played.record.fills]

    expected = fills(EveryBar)
    assert len(expected) > 10
    assert fills(EmaCross) == expected


def test_a_cross_that_is_denied_is_made_up_for_a_minute_later():
    ts = [T0 + n * MINUTE for n in range(12)]
    rows = [(c, c + 1, c - 1, c, 10_000) for c in range(1_000, 1_012)]
    entry = strategy(EmaCross, instrument=BTC, size="1", fast=2, slow=4)
    settings = config(MARGIN, [feed(BTC, "bar", bars=["1m-last"])], [entry], currency="USDT")
    ready = session(settings, [PERP], {("bar:1m-last", BTC): bars(ts, MINUTE, rows)})
    ready.begin()
    ready.graph.handle(Halt(ts=T0, reason="a test"))
    ready.play(2)  # the cross, and the first time that it tries again
    ready.graph.handle(Resume(ts=T0, reason="a test"))
    ready.play()
    ready.end()
    denied = [event.ts_event for event in ready.graph.path.denials()]
    assert denied == [T0 + 4 * MINUTE, T0 + 5 * MINUTE]
    held = [(fill.ts_event, fill.quantity) for _, fill, _ in ready.record.fills]
    assert held == [(T0 + 6 * MINUTE, Decimal(1))]


def test_sma_cross_goes_flat_below_unless_it_may_go_short():
    closes = [1000, *range(1010, 1110, 10), *range(1090, 890, -10)]
    played = on_bars(closes, SmaCross, fast=2, slow=4)
    assert sides(played) == [(Side.BUY, Decimal(1)), (Side.SELL, Decimal(1))]
    played = on_bars(closes, SmaCross, fast=2, slow=4, long_only=False)
    assert sides(played)[:2] == [(Side.BUY, Decimal(1)), (Side.SELL, Decimal(2))]


def test_buy_and_hold_buys_once_and_keeps_it():
    played = on_bars([1000, 1010, 1020, 1030], BuyAndHold, timeframe="1m")
    assert sides(played) == [(Side.BUY, Decimal(1))]
    assert played.graph.books.position(StrategyId("s"), BTC) == 1_000


def test_buy_and_hold_tries_again_a_minute_after_a_refusal():
    """The account can't pay at first; then the price falls."""
    poor = msgspec.structs.replace(MARGIN, account=AccountType.CASH, balances={"USDT": Decimal(10)})
    prices = [2_000] * 70 + [500] * 70
    ts = [T0 + n * SECOND for n in range(1, 141)]
    size = [100_000] * 140
    settings = config(
        poor,
        [feed(SPOT.id, "quote")],
        [strategy(BuyAndHold, instrument=SPOT.id, size="1", timeframe="quote")],
        currency="USDT",
    )
    rows = quotes(ts, prices, prices, size, size)
    played = play(session(settings, [SPOT], {("quote", SPOT.id): rows}))
    orders = [played.graph.orders.get(order.client_order_id) for order in played.record.signals]
    assert [order.status for order in orders if order is not None] == [
        OrderStatus.REJECTED,
        OrderStatus.REJECTED,
        OrderStatus.FILLED,
    ]


def test_bollinger_buys_below_the_band_and_leaves_at_the_middle():
    closes = [1000, 1002, 998, 1001, 999, 1000, 900, 905, 1000, 1001]
    played = on_bars(closes, BollingerReversion, period=5, width=1.5)
    assert sides(played)[:2] == [(Side.BUY, Decimal(1)), (Side.SELL, Decimal(1))]


def maker(data, **params):
    settings = config(
        MARGIN,
        [feed(BTC, "quote")],
        [strategy(MarketMaker, instrument=BTC, size="1", max_position="2", **params)],
        currency="USDT",
    )
    return play(session(settings, [PERP], {("quote", BTC): data}))


def test_market_maker_keeps_one_quote_on_each_side_and_only_makes():
    played = maker(quote_walk(3, 500, step=30))
    fills = [fill for _, fill, _ in played.record.fills]
    assert {fill.side for fill in fills} == {Side.BUY, Side.SELL}
    assert {fill.liquidity for fill in fills} == {LiquiditySide.MAKER}


def test_market_maker_never_holds_more_than_its_limit():
    falling = [10_000 - 20 * n for n in range(60)]
    ts = [T0 + n * SECOND for n in range(1, 61)]
    size = [100_000] * 60
    played = maker(quotes(ts, falling, [p + 2 for p in falling], size, size))
    held = 0
    for _, fill, _ in played.record.fills:
        held += fill.side.sign * fill.quantity_units
        assert abs(held) <= 2_000
    assert held == 2_000


def test_market_maker_leaves_nothing_behind():
    played = maker(quote_walk(3, 50, step=1))
    statuses = {played.graph.orders.get(o.client_order_id).status for o in played.record.signals}
    assert statuses <= {OrderStatus.CANCELED, OrderStatus.FILLED}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_name_is_a_strategy(name):
    assert find_strategy(name).__doc__


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError) as caught:
        find_strategy("ema_cros")
    assert "did you mean 'ema_cross'?" in caught.value.remedy


def test_a_wrong_parameter_names_the_right_ones():
    entry = StrategyConfig(id=StrategyId("s"), type="ema_cross", params={"instrumet": "A.B"})
    with pytest.raises(ConfigError, match="instrumet") as caught:
        load_strategy(entry)
    assert "instrument, size, timeframe" in caught.value.remedy


def test_a_float_parameter_is_refused_where_a_decimal_belongs():
    params = {"instrument": "A.B", "size": 0.1}
    with pytest.raises(ConfigError, match="size"):
        load_strategy(StrategyConfig(id=StrategyId("s"), type="ema_cross", params=params))
