"""Indicators for strategies, one module per family.

ema = Ema(20)
ema.update(bar)
if ema.ready and bar.close > Decimal(ema.value): ...
"""

from openoutcry.actors.indicators.averages import Ema, Sma, Wma
from openoutcry.actors.indicators.base import Indicator
from openoutcry.actors.indicators.momentum import Macd, Roc, Rsi
from openoutcry.actors.indicators.volatility import Atr, Bollinger, Donchian, StdDev
from openoutcry.actors.indicators.volume import Vwap

__all__ = [
    "Atr",
    "Bollinger",
    "Donchian",
    "Ema",
    "Indicator",
    "Macd",
    "Roc",
    "Rsi",
    "Sma",
    "StdDev",
    "Vwap",
    "Wma",
]
