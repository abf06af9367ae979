"""Reference backtests of another engine on recorded bars, to the last digit.

Source: NautilusTrader's published acceptance tests over the files of `nautilus/` (N1, N2). Its bars
are stamped as the files stamp them, each of open, high, low and close trades a quarter of the volume,
and the bid bar of a minute is seen before the ask bar of the same minute has moved the book.
"""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from openoutcry.state.config import FeesConfig, MatchingConfig, VenueConfig
from openoutcry.state.enums import AccountType, PositionMode, Side
from openoutcry.state.events import OrderFilled
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId, VenueId
from openoutcry.state.instruments import Spot
from tests.harness import MINUTE, columns, config, feed, play, session, strategy
from tests.markets import fx_pair
from tests.oracles.strategies import CloseAndReverse, TwapReverse

pytestmark = pytest.mark.data
SIM = VenueId("SIM")
PATH = MatchingConfig(bar_fill="path", overflow="one_tick", consume=False, crossed="match")


def bar_columns(path, price_scale, volume, rows=None):
    """Bars stamped at their end as the file stamps them; `volume` in units, per bar."""
    frame = pl.read_csv(path, infer_schema=False, n_rows=rows)
    stamps = frame["timestamp"].str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S")
    ends = stamps.dt.timestamp("ns").to_numpy()
    units = {
        name: frame[name].str.to_decimal(scale=8).cast(pl.Decimal(38, 8)) * 10**price_scale
        for name in ("open", "high", "low", "close")
    }
    return columns(
        ts_open=ends - MINUTE,
        ts_event=ends,
        ts_received=ends,
        volume=[volume] * len(ends),
        count=[0] * len(ends),
        **{name: values.cast(pl.Int64).to_numpy() for name, values in units.items()},
    )


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 10**9)


def averages(played):
    """Average price, side and time of each filled order, in order."""
    orders: dict[ClientOrderId, list[OrderFilled]] = {}
    for _, fill, _ in played.record.fills:
        orders.setdefault(fill.client_order_id, []).append(fill)
    rows = []
    for fills in orders.values():
        quantity = sum(fill.quantity for fill in fills)
        average = sum(fill.price * fill.quantity for fill in fills) / quantity
        rows.append((fills[0].side, average, fills[0].ts_event))
    return rows


def float_profit(played):
    """The reference's arithmetic: average entry prices in floats, each profit rounded to cents."""
    total, held, average = Decimal(0), 0.0, 0.0
    for _, fill, _ in played.record.fills:
        price, change = float(fill.price), float(fill.quantity * fill.side.sign)
        if held * change >= 0:
            average = (average * abs(held) + price * abs(change)) / (abs(held) + abs(change))
        else:
            gain = (price - average) * abs(change) * (1 if held > 0 else -1)
            total += Decimal(gain).quantize(Decimal("0.01"))
        held += change
    return total


def test_n1_a_month_of_fx_minutes_on_bid_bars(shared_data):
    """2,984 orders, commissions 94,306.88, final 1,089,282.88 USD, 0.24 of it float noise."""
    folder = shared_data / "nautilus" / "fxcm"
    pair = fx_pair("GBP")
    venue = VenueConfig(
        name=SIM,
        account=AccountType.MARGIN,
        positions=PositionMode.HEDGING,
        leverage=Decimal(50),
        balances={"USD": Decimal(1_000_000)},
        fees=FeesConfig(maker=Decimal("0.00002"), taker=Decimal("0.00002"), rounding="half_up"),
        matching=PATH,
    )
    played = play(
        session(
            config(
                venue,
                [feed(pair.id, "bar", bars=["1m-bid", "1m-ask"])],
                [
                    strategy(
                        CloseAndReverse,
                        instrument=pair.id,
                        size="1000000",
                        timeframe="1m",
                        price_type="bid",
                    )
                ],
                currency="USD",
            ),
            [pair],
            {
                ("bar:1m-bid", pair.id): bar_columns(
                    folder / "gbpusd-m1-bid-2012.csv", 5, 1_000_000
                ),
                ("bar:1m-ask", pair.id): bar_columns(
                    folder / "gbpusd-m1-ask-2012.csv", 5, 1_000_000
                ),
            },
            start=0,
        )
    )
    rows = averages(played)
    assert rows[0] == (Side.BUY, Decimal("1.5760375"), at("2012-02-01 00:19"))
    assert rows[1:3] == [(Side.SELL, Decimal("1.5758525"), at("2012-02-01 00:38"))] * 2
    assert rows[-1][:2] == (Side.BUY, Decimal("1.5921675"))
    assert len(rows) == len(played.record.signals) == 2_984
    assert played.graph.books.fees("USD") == 94_306_88
    # Our profit is the exact 183,590.00. The reference computes each closing fill's profit in floats
    # and rounds it to cents; where the exact value ends in half a cent, the float's noise decides.
    assert played.graph.books.balance(SIM, "USD") == 1_000_000_00 + 183_590_00 - 94_306_88
    profit = float_profit(played)
    assert profit == Decimal("183589.76")
    assert Decimal(1_000_000) + profit - Decimal("94306.88") == Decimal("1089282.88")


def test_n2_a_cross_that_enters_by_twap(shared_data):
    """2,255 orders, commissions 411.15867, final 9,999,549.43133 USDT and the 10 BTC it began with."""
    spot = Spot(
        id=InstrumentId("BTCUSDT.SIM"),
        base_currency="BTC",
        quote="USDT",
        price_scale=2,
        size_scale=6,
        tick=Decimal("0.01"),
        lot=Decimal("0.000001"),
    )
    venue = VenueConfig(
        name=SIM,
        balances={"USDT": Decimal(10_000_000), "BTC": Decimal(10)},
        fees=FeesConfig(maker=Decimal("0.001"), taker=Decimal("0.001")),
        matching=PATH,
    )
    path = shared_data / "nautilus" / "btc-perp-20211231-20220201_1m.csv"
    played = play(
        session(
            config(
                venue,
                [feed(spot.id, "bar", bars=["1m-last"])],
                [
                    strategy(
                        TwapReverse,
                        instrument=spot.id,
                        size="0.01",
                        timeframe="1m",
                        price_type="last",
                    )
                ],
                currency="USDT",
            ),
            [spot],
            {("bar:1m-last", spot.id): bar_columns(path, 2, 10**12, rows=10_000)},
            start=0,
        )
    )
    rows = averages(played)
    first = [
        (Side.BUY, Decimal("46458.00"), at(f"2021-12-31 23:20:{s}")) for s in ("00", "02.5", "05")
    ]
    assert rows[:3] == first
    assert played.graph.books.position(StrategyId("s"), spot.id) == 0
    assert len(played.record.signals) == 2_255
    assert played.graph.books.fees("USDT") == 411_15867000
    assert played.graph.books.balance(SIM, "USDT") == 9_999_549_43133000
    assert played.graph.books.balance(SIM, "BTC") == 10 * 10**8
