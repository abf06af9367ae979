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
