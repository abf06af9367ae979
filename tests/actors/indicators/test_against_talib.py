"""Indicators against TA-Lib, over recorded one-minute bars: six weeks of bitcoin, 45,031 bars.

Where TA-Lib seeds a recursion otherwise, the first bars are left out: `UNSEEDED` bars later nothing
of a seed is left. Everywhere else the very first value must agree, on the same bar.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import talib
from numpy.typing import NDArray

from openoutcry.actors import indicators as ind
from tests.actors.indicators.kit import Floats

pytestmark = pytest.mark.data
UNSEEDED = 1000
Market = dict[str, Floats]


@pytest.fixture(scope="module")
def market(shared_data: Path) -> Market:
    """The recording as columns of floats."""
    frame = pl.read_csv(shared_data / "nautilus" / "btc-perp-20211231-20220201_1m.csv")
    names = ("open", "high", "low", "close", "volume")
    columns = {name: frame[name].cast(pl.Float64).to_numpy() for name in names}
    return columns | {"ts_open": np.zeros(frame.height, dtype=np.int64)}


Theirs = Callable[[Floats, Floats, Floats, Floats], tuple[NDArray[Any], ...] | NDArray[Any]]
Case = tuple[ind.Indicator, tuple[str, ...], Theirs]

# Ours, which outputs, and TA-Lib's of high, low, close and volume: equal from the first value on.
SAME: list[Case] = [
    (ind.Sma(20), ("value",), lambda h, lo, c, v: talib.SMA(c, 20)),
    (ind.Wma(20), ("value",), lambda h, lo, c, v: talib.WMA(c, 20)),
    (ind.Trima(20), ("value",), lambda h, lo, c, v: talib.TRIMA(c, 20)),
    (ind.Trima(21), ("value",), lambda h, lo, c, v: talib.TRIMA(c, 21)),
    (ind.Rma(14), ("value",), lambda h, lo, c, v: talib.RMA(c, 14)),
    (ind.Kama(10), ("value",), lambda h, lo, c, v: talib.KAMA(c, 10)),
    (ind.Hma(20), ("value",), lambda h, lo, c, v: talib.HMA(c, 20)),
    (ind.Vwap(), ("value",), talib.VWAP),
    (ind.Rsi(14), ("value",), lambda h, lo, c, v: talib.RSI(c, 14)),
    (ind.Roc(10), ("value",), lambda h, lo, c, v: talib.ROC(c, 10)),
    (ind.Momentum(10), ("value",), lambda h, lo, c, v: talib.MOM(c, 10)),
    (ind.Cmo(14), ("value",), lambda h, lo, c, v: talib.CMOU(c, 14)),
    (
        ind.Stochastic(14, 3, 3),
        ("k", "d"),
        lambda h, lo, c, v: talib.STOCH(h, lo, c, 14, 3, slowd_period=3),
    ),
    (ind.StochasticFast(14, 3), ("k", "d"), lambda h, lo, c, v: talib.STOCHF(h, lo, c, 14, 3)),
    (ind.StochRsi(14, 10, 1, 3), ("k", "d"), lambda h, lo, c, v: talib.STOCHRSI(c, 14, 10, 3)),
    (ind.WilliamsR(14), ("value",), lambda h, lo, c, v: talib.WILLR(h, lo, c, 14)),
    (ind.Cci(20), ("value",), lambda h, lo, c, v: talib.CCI(h, lo, c, 20)),
    (ind.UltimateOscillator(), ("value",), lambda h, lo, c, v: talib.ULTOSC(h, lo, c, 7, 14, 28)),
    (ind.TrueRange(), ("value",), lambda h, lo, c, v: talib.TRANGE(h, lo, c)),
    (ind.Atr(14), ("value",), lambda h, lo, c, v: talib.ATR(h, lo, c, 14)),
    (ind.Natr(14), ("value",), lambda h, lo, c, v: talib.NATR(h, lo, c, 14)),
    (ind.StdDev(20), ("value",), lambda h, lo, c, v: talib.STDDEV(c, 20)),
    (ind.Variance(20), ("value",), lambda h, lo, c, v: talib.VAR(c, 20)),
    (ind.Bollinger(20, 2.0), ("upper", "middle", "lower"), lambda h, lo, c, v: talib.BBANDS(c, 20)),
    (ind.Donchian(20), ("upper", "middle", "lower"), lambda h, lo, c, v: talib.DONCHIAN(h, lo, 20)),
    (ind.Highest(20), ("value",), lambda h, lo, c, v: talib.MAX(h, 20)),
    (ind.Lowest(20), ("value",), lambda h, lo, c, v: talib.MIN(lo, 20)),
    (ind.Midpoint(14), ("value",), lambda h, lo, c, v: talib.MIDPOINT(c, 14)),
    (ind.Midprice(14), ("value",), lambda h, lo, c, v: talib.MIDPRICE(h, lo, 14)),
    (ind.Aroon(25), ("down", "up"), lambda h, lo, c, v: talib.AROON(h, lo, 25)),
    (ind.Aroon(25), ("oscillator",), lambda h, lo, c, v: talib.AROONOSC(h, lo, 25)),
    (ind.ParabolicSar(0.02, 0.2), ("value",), lambda h, lo, c, v: talib.SAR(h, lo, 0.02, 0.2)),
    (ind.Obv(), ("value",), lambda h, lo, c, v: talib.OBV(c, v)),
    (ind.Mfi(14), ("value",), lambda h, lo, c, v: talib.MFI(h, lo, c, v, 14)),
    (ind.AccumulationDistribution(), ("value",), talib.AD),
    (
        ind.LinearRegression(14),
        ("value", "slope", "intercept", "r_squared"),
        lambda h, lo, c, v: (
            talib.LINEARREG(c, 14),
            talib.LINEARREG_SLOPE(c, 14),
            talib.LINEARREG_INTERCEPT(c, 14),
            talib.CORREL(c, np.arange(len(c), dtype=np.float64), 14) ** 2,
        ),
    ),
]
# Another seed: TA-Lib starts an EMA with a mean, Wilder's movements with n-1 values, MACD's fast EMA
# late, and a supertrend below the price.
SEEDED: list[Case] = [
    (ind.Ema(20), ("value",), lambda h, lo, c, v: talib.EMA(c, 20)),
    (ind.Dema(20), ("value",), lambda h, lo, c, v: talib.DEMA(c, 20)),
    (ind.Tema(20), ("value",), lambda h, lo, c, v: talib.TEMA(c, 20)),
    (ind.Macd(), ("line", "signal", "histogram"), lambda h, lo, c, v: talib.MACD(c)),
    (ind.Ppo(), ("line",), lambda h, lo, c, v: talib.PPO(c, 12, 26)),
    (ind.Apo(), ("value",), lambda h, lo, c, v: talib.APO(c, 12, 26)),
    (ind.Trix(15), ("value",), lambda h, lo, c, v: talib.TRIX(c, 15)),
    (ind.Dmi(14), ("dx",), lambda h, lo, c, v: talib.DX(h, lo, c, 14)),
    (ind.Dmi(14), ("plus_di",), lambda h, lo, c, v: talib.PLUS_DI(h, lo, c, 14)),
    (ind.Dmi(14), ("minus_di",), lambda h, lo, c, v: talib.MINUS_DI(h, lo, c, 14)),
    (ind.Adx(14), ("adx",), lambda h, lo, c, v: talib.ADX(h, lo, c, 14)),
    (ind.Adx(14), ("plus_di",), lambda h, lo, c, v: talib.PLUS_DI(h, lo, c, 14)),
    (ind.Adxr(14), ("value",), lambda h, lo, c, v: talib.ADXR(h, lo, c, 14)),
    (
        ind.Supertrend(10, 3.0),
        ("value", "direction"),
        lambda h, lo, c, v: talib.SUPERTREND(h, lo, c),
    ),
]


def compared(case: Case, market: Market) -> list[tuple[Floats, NDArray[Any]]]:
    """Ours and theirs, output by output."""
    ours, outputs, theirs = case
    found = theirs(market["high"], market["low"], market["close"], market["volume"])
    columns = found if isinstance(found, tuple) else (found,)
    batch = ours.batch(market)
    return [(batch[name], column) for name, column in zip(outputs, columns, strict=True)]


def named(case: Case) -> str:
    return f"{type(case[0]).__name__} {' '.join(case[1])}"


@pytest.mark.parametrize("case", SAME, ids=named)
def test_an_indicator_is_that_of_talib_from_its_first_value_on(case: Case, market: Market) -> None:
    for ours, theirs in compared(case, market):
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("case", SEEDED, ids=named)
def test_an_indicator_is_that_of_talib_once_the_seeds_are_forgotten(
    case: Case, market: Market
) -> None:
    for ours, theirs in compared(case, market):
        assert np.isnan(theirs).sum() <= np.isnan(ours).sum() < UNSEEDED
        assert np.allclose(ours[UNSEEDED:], theirs[UNSEEDED:], rtol=1e-9, atol=1e-9)


def test_cmo_of_talib_is_the_smoothed_one_which_is_our_rsi_on_another_scale(market: Market) -> None:
    ours = 2 * ind.Rsi(14).batch(market)["value"] - 100
    assert np.allclose(ours, talib.CMO(market["close"], 14), atol=1e-9, equal_nan=True)


def test_chaikin_is_that_of_talib_but_for_what_their_line_lost(market: Market) -> None:
    high, low, close, volume = (market[name] for name in ("high", "low", "close", "volume"))
    theirs = talib.ADOSC(high, low, close, volume, 3, 10)
    line = np.abs(talib.AD(high, low, close, volume)).max()
    ours = ind.Chaikin(3, 10).batch(market)["value"]
    assert np.allclose(ours, theirs, rtol=0, atol=1e-13 * line, equal_nan=True)


def test_the_bands_of_keltner_are_as_wide_as_those_of_talib(market: Market) -> None:
    # Theirs stand around the mean of the typical price, ours around that of the close.
    ours = ind.Keltner(20, 10, 2.0).batch(market)
    upper, middle, lower = talib.KC(market["high"], market["low"], market["close"], 20, 10, 2.0)
    typical = (market["high"] + market["low"] + market["close"]) / 3
    mean = ind.Ema(20).batch(typical)["value"]
    for ours_wide, theirs_wide in (
        (ours["upper"] - ours["middle"], upper - middle),
        (ours["middle"] - ours["lower"], middle - lower),
        (mean, middle),
    ):
        assert np.allclose(ours_wide[UNSEEDED:], theirs_wide[UNSEEDED:], rtol=1e-9)
