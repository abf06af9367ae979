"""What the tests of indicators share: one of each, bars from rows, and columns from rows."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from openoutcry.actors import indicators as ind
from openoutcry.state.enums import PriceType
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar
from openoutcry.state.messages import UNDEFINED

MINUTE = 60_000_000_000
Row = tuple[int, int, int, int]  # high, low, close, volume in units
Floats = NDArray[np.float64]
SCALE = 2  # of the prices in rows; volumes have none
ROW = st.tuples(
    st.integers(1000, 2000), st.integers(0, 200), st.integers(0, 200), st.integers(1, 9)
).map(lambda r: (r[0] + r[1], r[0] - r[2], r[0], r[3]))
ROWS = st.lists(ROW, min_size=1, max_size=60)
# Also bars that do not move, without volume, or with one that is not known.
ODD_ROWS = st.lists(
    st.one_of(
        ROW,
        st.sampled_from(
            [
                (1500, 1500, 1500, 0),
                (1500, 1500, 1500, 5),
                (1700, 1300, 1500, 0),
                (1700, 1300, 1500, UNDEFINED),
            ]
        ),
    ),
    min_size=1,
    max_size=60,
)

ALL: dict[str, Callable[[], ind.Indicator]] = {
    "AccumulationDistribution": ind.AccumulationDistribution,
    "Adx": lambda: ind.Adx(3),
    "Adxr": lambda: ind.Adxr(3),
    "Apo": lambda: ind.Apo(2, 5),
    "Aroon": lambda: ind.Aroon(4),
    "Atr": lambda: ind.Atr(3),
    "Bollinger": lambda: ind.Bollinger(4, 1.5),
    "Cci": lambda: ind.Cci(4),
    "Chaikin": lambda: ind.Chaikin(2, 5),
    "Cmo": lambda: ind.Cmo(4),
    "Dema": lambda: ind.Dema(3),
    "Dmi": lambda: ind.Dmi(3),
    "Donchian": lambda: ind.Donchian(3),
    "Ema": lambda: ind.Ema(3),
    "Highest": lambda: ind.Highest(4),
    "Hma": lambda: ind.Hma(5),
    "Ichimoku": lambda: ind.Ichimoku(2, 4, 6, 3),
    "Kama": lambda: ind.Kama(4, 2, 10),
    "Keltner": lambda: ind.Keltner(4, 3, 1.5),
    "LinearRegression": lambda: ind.LinearRegression(5),
    "Lowest": lambda: ind.Lowest(4),
    "Macd": lambda: ind.Macd(2, 4, 3),
    "Mfi": lambda: ind.Mfi(4),
    "Midpoint": lambda: ind.Midpoint(4),
    "Midprice": lambda: ind.Midprice(4),
    "Momentum": lambda: ind.Momentum(3),
    "Natr": lambda: ind.Natr(3),
    "Obv": ind.Obv,
    "ParabolicSar": ind.ParabolicSar,
    "Ppo": lambda: ind.Ppo(2, 4, 3),
    "RealizedVolatility": lambda: ind.RealizedVolatility(4, 252),
    "Rma": lambda: ind.Rma(3),
    "Roc": lambda: ind.Roc(2),
    "Rsi": lambda: ind.Rsi(3),
    "Sma": lambda: ind.Sma(4),
    "StdDev": lambda: ind.StdDev(4),
    "StochRsi": lambda: ind.StochRsi(3, 4, 2, 3),
    "Stochastic": lambda: ind.Stochastic(4, 2, 3),
    "StochasticFast": lambda: ind.StochasticFast(4, 3),
    "Supertrend": lambda: ind.Supertrend(3, 1.5),
    "Tema": lambda: ind.Tema(3),
    "Trima": lambda: ind.Trima(5),
    "Trix": lambda: ind.Trix(3),
    "TrueRange": ind.TrueRange,
    "UltimateOscillator": lambda: ind.UltimateOscillator(2, 3, 5),
    "Variance": lambda: ind.Variance(4),
    "Vwap": ind.Vwap,
    "WilliamsR": lambda: ind.WilliamsR(4),
    "Wma": lambda: ind.Wma(3),
    "ZScore": lambda: ind.ZScore(4),
}
every = pytest.mark.parametrize("name", ALL)


def bar(number: int, row: Row, gap_ns: int = MINUTE) -> Bar:
    """A bar of prices with two decimals and volumes without."""
    high, low, close, volume = row
    return Bar(
        InstrumentId("A.SIM"), (number + 1) * gap_ns, (number + 1) * gap_ns, SCALE, 0, "1m",
        PriceType.LAST, number * gap_ns, close, high, low, close, volume, 1,
    )  # fmt: skip


def units(rows: list[Row], gap_ns: int = MINUTE) -> dict[str, NDArray[np.int64]]:
    """The rows as columns of integers."""
    high, low, close, volume = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    times = np.arange(len(rows), dtype=np.int64) * gap_ns
    named = {"open": close, "high": high, "low": low, "close": close, "volume": volume}
    return {name: np.ascontiguousarray(column) for name, column in named.items()} | {
        "ts_open": times
    }


def floats(rows: list[Row], gap_ns: int = MINUTE) -> dict[str, NDArray[np.generic]]:
    """The rows as columns of floats; a volume that is not known is NaN."""
    columns = units(rows, gap_ns)
    volume = np.where(columns["volume"] == UNDEFINED, np.nan, columns["volume"])
    prices = {name: columns[name] / 10**SCALE for name in ("open", "high", "low", "close")}
    return {**prices, "volume": volume, "ts_open": columns["ts_open"]}


def streamed(
    indicator: ind.Indicator, rows: list[Row], gap_ns: int = MINUTE
) -> dict[str, list[float]]:
    """Every output after every bar, bars taken one by one."""
    found: dict[str, list[float]] = {name: [] for name in indicator.outputs}
    for number, row in enumerate(rows):
        indicator.update(bar(number, row, gap_ns))
        for output in indicator.outputs:
            found[output].append(getattr(indicator, output))
    return found


def walk(seed: int, count: int) -> list[Row]:
    """A random walk of bars from a written-out generator, the same everywhere."""
    state, close, rows = seed * 2 + 1, 10_000, []
    draws = []
    for _ in range(4 * count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        draws.append(state >> 33)
    for step, up, down, volume in zip(*[iter(draws)] * 4, strict=True):
        before, close = close, max(close + step % 61 - 30, 100)
        high, low = max(before, close) + up % 21, min(before, close) - down % 21
        rows.append((high, low, close, volume % 9 + 1))
    return rows
