"""Indicators for strategies, one module per family; docs/reference/indicators.md lists them.

ema = Ema(20)
ema.update(bar)
if ema.ready and bar.close > Decimal(ema.value): ...

In research the same over columns: Ema(20).batch(close)["value"], frame.with_columns(Ema(20).expr()).
"""

from openoutcry.actors.indicators.averages import (
    Dema,
    Ema,
    Hma,
    Kama,
    Rma,
    Sma,
    Tema,
    Trima,
    Wma,
)
from openoutcry.actors.indicators.base import (
    Indicator,
)
from openoutcry.actors.indicators.channels import (
    Bollinger,
    Donchian,
    Highest,
    Ichimoku,
    Keltner,
    Lowest,
    Midpoint,
    Midprice,
)
from openoutcry.actors.indicators.momentum import (
    Apo,
    Cmo,
    Macd,
    Momentum,
    Ppo,
    Roc,
    Rsi,
    Trix,
)
from openoutcry.actors.indicators.oscillators import (
    Cci,
    Stochastic,
    StochasticFast,
    StochRsi,
    UltimateOscillator,
    WilliamsR,
)
from openoutcry.actors.indicators.trend import (
    Adx,
    Adxr,
    Aroon,
    Dmi,
    ParabolicSar,
    Supertrend,
)
from openoutcry.actors.indicators.volatility import (
    Atr,
    LinearRegression,
    Natr,
    RealizedVolatility,
    StdDev,
    TrueRange,
    Variance,
    ZScore,
)
from openoutcry.actors.indicators.volume import (
    AccumulationDistribution,
    Chaikin,
    Mfi,
    Obv,
    Vwap,
)

__all__ = [
    "AccumulationDistribution",
    "Adx",
    "Adxr",
    "Apo",
    "Aroon",
    "Atr",
    "Bollinger",
    "Cci",
    "Chaikin",
    "Cmo",
    "Dema",
    "Dmi",
    "Donchian",
    "Ema",
    "Highest",
    "Hma",
    "Ichimoku",
    "Indicator",
    "Kama",
    "Keltner",
    "LinearRegression",
    "Lowest",
    "Macd",
    "Mfi",
    "Midpoint",
    "Midprice",
    "Momentum",
    "Natr",
    "Obv",
    "ParabolicSar",
    "Ppo",
    "RealizedVolatility",
    "Rma",
    "Roc",
    "Rsi",
    "Sma",
    "StdDev",
    "StochRsi",
    "Stochastic",
    "StochasticFast",
    "Supertrend",
    "Tema",
    "Trima",
    "Trix",
    "TrueRange",
    "UltimateOscillator",
    "Variance",
    "Vwap",
    "WilliamsR",
    "Wma",
    "ZScore",
]
