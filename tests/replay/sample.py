"""An invented result, for tests of everything that reads one."""

import random
from decimal import Decimal

import msgspec

from openoutcry.replay.analytics.drawdown import curve
from openoutcry.replay.analytics.funnel import explain
from openoutcry.replay.analytics.performance import performance
from openoutcry.replay.result import (
    Detail,
    FillRow,
    Funnel,
    Measurement,
    Money,
    OrderRow,
    PositionRow,
    Reason,
    ReplayResult,
    StrategyResult,
)
from openoutcry.state.enums import LiquiditySide, Mode, OrderStatus, OrderType, Side, TimeInForce
from openoutcry.state.identifiers import ClientOrderId, FillId, InstrumentId, StrategyId, VenueId
from openoutcry.state.instruments import Spot
from tests.replay.rows import curve_of, trades_of

BTC = InstrumentId("BTCUSDT.SIM")
EMA = StrategyId("ema_cross")
HOUR = 3_600 * 10**9
START = 1_704_067_200 * 10**9  # 2024-01-01

SPOT = Spot(
    id=BTC,
    quote="USDT",
    price_scale=2,
    size_scale=5,
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    base_currency="BTC",
)


def fill(
    number: int,
    side: Side,
    price: str,
    quantity: str,
    *,
    fee: str = "0",
    currency: str = "USDT",
    ts: int | None = None,
    instrument: InstrumentId = BTC,
) -> FillRow:
    """A fill of the sample strategy."""
    return FillRow(
        ts=START + number * HOUR if ts is None else ts,
        client_order_id=ClientOrderId(f"{number:032x}"),
        fill_id=FillId(str(number)),
        strategy=EMA,
        instrument=instrument,
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency=currency,
        liquidity=LiquiditySide.TAKER,
    )


def order(of: FillRow) -> OrderRow:
    """The order that a fill filled."""
    return OrderRow(
        client_order_id=of.client_order_id,
        strategy=of.strategy,
        instrument=of.instrument,
        side=of.side,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=of.quantity,
        limit=None,
        trigger=None,
        status=OrderStatus.FILLED,
        filled=of.quantity,
        average_price=of.price,
        fees={of.fee_currency: of.fee},
        ts_created=of.ts,
        ts_done=of.ts,
    )


def sample_result(
    *, trades: int = 75, seed: int = 7, name: str = "ema on synthetic data", days: int = 90
) -> ReplayResult:
    """A whole result with a random walk in it; equal arguments give equal results."""
    fills, samples = _walk(random.Random(seed), trades, days)
    made = trades_of(fills, {BTC: SPOT})
    rows, points = made.rows(), curve(curve_of(samples))
    first, last = points[0].ts, points[-1].ts
    paid = {"USDT": sum((f.fee for f in fills), Decimal(0))}
    realized = {"USDT": sum((t.pnl for t in rows if t.pnl is not None), Decimal(0))}
    unrealized = {"USDT": Decimal("-3.20")}
    strategy = StrategyResult(
        strategy=EMA,
        type="ema_cross",
        status="ok",
        orders=len(fills) + 12,
        fills=len(fills),
        denied=12,
        trades=len(rows),
        wins=int(made.wins.sum()),
        fees=paid,
        realized_pnl=realized,
        unrealized_pnl=unrealized,
    )
    return ReplayResult(
        run_id="8f2c1d7a90be4c55",
        name=name,
        mode=Mode.REPLAY,
        status="complete",
        state_hash="1b" * 32,
        journal_hash="c4" * 32,
        first_ts=first,
        last_ts=last,
        events_total=2_592_000,
        events={"bar": 129_600, "quote": 1_800_000, "trade": 662_400},
        orders=strategy.orders,
        fills=strategy.fills,
        denied=strategy.denied,
        funnel=_funnel(len(fills)),
        defects={"crossed_quote": 3, "late_trade": 41},
        initial_equity=Money(amount=Decimal("10000.00"), currency="USDT"),
        final_equity=Money(amount=points[-1].equity, currency="USDT"),
        realized_pnl=realized,
        unrealized_pnl=unrealized,
        fees=paid,
        balances={VenueId("SIM"): {"USDT": Decimal("9120.50"), "BTC": Decimal("0.02000000")}},
        performance=performance(curve_of(samples), made, "USDT", first, last),
        strategies=(strategy,),
        positions=(POSITION,),
        assumptions=ASSUMPTIONS,
        config={"run": {"name": name}, "feeds": [{"instrument": BTC, "kinds": ["quote"]}]},
        detail=Detail(orders=tuple(map(order, fills)), fills=fills, trades=rows, equity=points),
        measurement=Measurement(
            wall_s=1.31, cpu_s=1.27, events_per_s=1_978_626.0, peak_rss_mb=143.2
        ),
    )


POSITION = PositionRow(
    strategy=EMA,
    instrument=BTC,
    position=None,
    quantity=Decimal("0.02000"),
    average_price=Decimal("43120.5"),
    mark=Decimal("42960.5"),
    unrealized_pnl=Decimal("-3.20"),
    currency="USDT",
)
ASSUMPTIONS = {
    "lane": "default: orders match on data as received",
    "SIM fees": "maker 0.0002, taker 0.0005, taken in the quote currency",
    "SIM latency": "order 5000 us, report 5000 us",
    "SIM bar fill": "next_open",
}


def _walk(
    rng: random.Random, trades: int, days: int
) -> tuple[tuple[FillRow, ...], list[tuple[int, Decimal]]]:
    """Alternating fills on a random walk, and an equity curve that is another one."""
    price, equity, samples = 42_000.0, Decimal(10_000), []
    fills: list[FillRow] = []
    every = days * 24 // (2 * trades) if trades else 10**9
    for hour in range(days * 24):
        price *= 1 + rng.gauss(0.00004, 0.004)
        equity += Decimal(f"{rng.gauss(0.5, 18):.2f}")
        samples.append((START + hour * HOUR, equity))
        if hour % every == every - 1 and len(fills) < 2 * trades:
            side = Side.SELL if len(fills) % 2 else Side.BUY
            fills.append(fill(hour, side, f"{price:.2f}", "0.02", fee=f"{price * 0.00002:.4f}"))
    return tuple(fills), samples


def _funnel(filled: int) -> Funnel:
    funnel = Funnel(
        events=2_592_000,
        delivered=129_600,
        signals=filled + 12,
        denied=12,
        not_sent=0,
        submitted=filled,
        rejected=0,
        filled=filled,
        reasons=(
            Reason(reason="max_order_value: 1260.00 USDT is above 1000", count=9),
            Reason(reason="collar: the last quote is 61.2 s old", count=3),
        ),
    )
    return msgspec.structs.replace(funnel, explanation=explain(funnel))
