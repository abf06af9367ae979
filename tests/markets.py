"""Small markets that tests make from a seed: the same on every machine and Python."""

import numpy as np
from numpy.typing import NDArray

from openoutcry.state.config import FeesConfig, VenueConfig
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import InstrumentId, VenueId
from openoutcry.state.instruments import FxPair, Perpetual, Spot
from tests.harness import MINUTE, SECOND, T0, bars, columns, dec, quotes

SIM = VenueId("SIM")
PERP = Perpetual(
    id=InstrumentId("BTCUSDT-PERP.SIM"),
    base_currency="BTC",
    quote="USDT",
    settlement_currency="USDT",
    price_scale=2,
    size_scale=3,
    tick=dec("0.01"),
    lot=dec("0.001"),
    margin_initial=dec("0.1"),
    margin_maintenance=dec("0.05"),
)
SPOT = Spot(
    id=InstrumentId("ETHUSDT.SIM"),
    base_currency="ETH",
    quote="USDT",
    price_scale=2,
    size_scale=5,
    tick=dec("0.01"),
    lot=dec("0.00001"),
)


def fx_pair(base: str) -> FxPair:
    """A currency pair against the dollar, traded on 3 % margin."""
    return FxPair(
        id=InstrumentId(f"{base}USD.SIM"),
        base_currency=base,
        quote="USD",
        price_scale=5,
        size_scale=0,
        tick=dec("0.00001"),
        lot=dec("1"),
        min_quantity=dec("1000"),
        margin_initial=dec("0.03"),
        margin_maintenance=dec("0.03"),
    )


MARGIN = VenueConfig(
    name=SIM,
    account=AccountType.MARGIN,
    leverage=dec("10"),
    balances={"USDT": dec("1000000")},
    fees=FeesConfig(maker=dec("0.0002"), taker=dec("0.0004")),
)


def _steps(seed: int, count: int, low: int, high: int) -> NDArray[np.int64]:
    """Integers from a written-out generator, so that no library version changes them."""
    state = seed * 2 + 1
    values = np.empty(count, dtype=np.int64)
    for index in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values[index] = low + (state >> 33) % (high - low + 1)
    return values


def quote_walk(
    seed: int, count: int, price: int = 4_000_000, step: int = 300, gap_ns: int = SECOND
) -> dict[str, NDArray[np.int64]]:
    """A random walk of quotes, one a second, in units of 0.01."""
    middle = np.maximum(price + np.cumsum(_steps(seed, count, -step, step)), 1000)
    spread = _steps(seed + 1, count, 1, 20)
    ts = T0 + np.arange(1, count + 1, dtype=np.int64) * gap_ns
    return quotes(
        ts.tolist(),
        (middle - spread // 2).tolist(),
        (middle - spread // 2 + spread).tolist(),
        _steps(seed + 2, count, 1, 3000).tolist(),
        _steps(seed + 3, count, 1, 3000).tolist(),
    )


def trade_walk(seed: int, count: int, price: int = 200_000) -> dict[str, NDArray[np.int64]]:
    """A random walk of trades, one a second."""
    prices = np.maximum(price + np.cumsum(_steps(seed, count, -50, 50)), 1000)
    ts = T0 + np.arange(1, count + 1, dtype=np.int64) * SECOND
    return columns(
        ts_event=ts,
        ts_received=ts,
        price=prices,
        size=_steps(seed + 1, count, 1, 500_000),
        aggressor=_steps(seed + 2, count, 0, 1) * 2 - 1,
        trade_id=np.arange(1, count + 1),
    )


def narrow_walk(
    seed: int, count: int, price: int = 4_000_000
) -> tuple[dict[str, NDArray[np.int64]], ...]:
    """A book, its quotes and trades, one of each a second, within a few ticks of one price.

    A trade comes after the quote of its second, at a touch; the next level is a tick deeper.
    """
    middle = price + np.clip(np.cumsum(_steps(seed, count, -1, 1)), -4, 4)
    spread = _steps(seed + 1, count, 1, 2)
    sizes = [_steps(seed + 2 + n, count, 1, 3000) for n in range(4)]
    ts = T0 + np.arange(1, count + 1, dtype=np.int64) * SECOND
    bid, ask = middle, middle + spread
    top = quotes(ts.tolist(), bid.tolist(), ask.tolist(), sizes[0].tolist(), sizes[1].tolist())
    levels = [np.stack(rows, axis=1).ravel() for rows in ((bid, bid - 1, ask, ask + 1), sizes)]
    stamps = np.repeat(ts, 4)
    book = columns(
        ts_event=stamps,
        ts_received=stamps,
        update_id=np.repeat(np.arange(1, count + 1), 4),
        side=np.tile([1, 1, -1, -1], count),
        price=levels[0],
        size=levels[1],
        flags=np.tile([2, 0, 0, 1], count),  # each message is a snapshot of two levels a side
    )
    buys = _steps(seed + 6, count, 0, 1)
    trades = columns(
        ts_event=ts,
        ts_received=ts,
        price=np.where(buys == 1, ask, bid),
        size=_steps(seed + 7, count, 1, 2000),
        aggressor=buys * 2 - 1,
        trade_id=np.arange(1, count + 1),
    )
    return book, top, trades


def bar_walk(seed: int, count: int, price: int = 10_000) -> dict[str, NDArray[np.int64]]:
    """A random walk of one-minute bars."""
    close = np.maximum(price + np.cumsum(_steps(seed, count, -30, 30)), 100)
    open_ = np.concatenate(([price], close[:-1]))
    up, down = _steps(seed + 1, count, 0, 20), _steps(seed + 2, count, 0, 20)
    rows = [
        (int(o), int(max(o, c) + u), int(min(o, c) - d), int(c), 1000)
        for o, c, u, d in zip(open_, close, up, down, strict=True)
    ]
    return bars([T0 + n * MINUTE for n in range(count)], MINUTE, rows)
