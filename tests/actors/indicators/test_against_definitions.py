"""Indicators that TA-Lib lacks, or defines otherwise, against slow ones written here.

Each oracle computes one output of the last bar from the whole history, by its definition.
"""

import math
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.actors import indicators as ind
from tests.actors.indicators.kit import ROW, SCALE, Row, streamed


class History:
    """Prices of all bars so far."""

    def __init__(self, rows: list[Row]) -> None:
        self.high, self.low, self.close = (
            [float(row[place] / 10**SCALE) for row in rows] for place in range(3)
        )

    def middle(self, length: int, back: int = 0) -> float:
        """Halfway between the extremes of the `length` bars that end `back` bars ago."""
        end = len(self.close) - back
        return (max(self.high[end - length : end]) + min(self.low[end - length : end])) / 2

    def ranges(self) -> list[float]:
        """True ranges, of the second bar on."""
        bars = zip(self.high[1:], self.low[1:], self.close, strict=False)
        return [max(h - lo, abs(h - before), abs(lo - before)) for h, lo, before in bars]


def ema(values: list[float], period: int) -> float:
    """The weights written out: the first value keeps what all later ones leave."""
    alpha, last = 2 / (period + 1), len(values) - 1
    weights = [
        alpha * (1 - alpha) ** (last - n) if n else (1 - alpha) ** last for n in range(last + 1)
    ]
    return math.fsum(w * v for w, v in zip(weights, values, strict=True))


def wma(values: list[float]) -> float:
    return math.fsum(n * v for n, v in enumerate(values, 1)) / math.fsum(range(1, len(values) + 1))


def wilder(values: list[float], period: int) -> float:
    average = statistics.fmean(values[:period])
    for value in values[period:]:
        average = (average * (period - 1) + value) / period
    return average


def want_hma(h: History) -> float:
    raw = [
        2 * wma(h.close[end - 4 : end]) - wma(h.close[end - 9 : end])
        for end in range(len(h.close) - 2, len(h.close) + 1)
    ]
    return wma(raw)


def want_keltner(h: History, side: int) -> float:
    return ema(h.close, 4) + side * 1.5 * wilder(h.ranges(), 3)


def want_ahead(h: History, back: int) -> float:
    return (h.middle(2, back) + h.middle(4, back)) / 2


def want_supertrend(h: History, output: str) -> float:
    """Each bar's final bands by the recursion of the definition, from the first ATR on."""
    ranges, long = h.ranges(), False
    upper = lower = math.nan
    for n in range(3, len(h.close)):
        width = 1.5 * wilder(ranges[:n], 3)
        middle = (h.high[n] + h.low[n]) / 2
        if n == 3:
            upper, lower = middle + width, middle - width
        else:
            upper = middle + width if h.close[n - 1] > upper else min(middle + width, upper)
            lower = middle - width if h.close[n - 1] < lower else max(middle - width, lower)
        long = h.close[n] >= lower if long else h.close[n] > upper
    return {"value": lower if long else upper, "direction": 1.0 if long else -1.0}[output]


def want_z_score(h: History) -> float:
    window = h.close[-4:]
    spread = statistics.pstdev(window)
    return (window[-1] - statistics.fmean(window)) / spread if spread else 0.0


def want_volatility(h: History) -> float:
    returns = [math.log(after / before) for before, after in pairwise(h.close[-5:])]
    return statistics.stdev(returns) * math.sqrt(252)


def line_fit(h: History, output: str) -> float:
    places, values = np.arange(5.0), np.array(h.close[-5:])
    slope, intercept = np.polyfit(places, values, 1)
    total = float(((values - values.mean()) ** 2).sum())
    left = float(((values - slope * places - intercept) ** 2).sum())
    return {
        "value": float(slope * 4 + intercept),
        "slope": float(slope),
        "intercept": float(intercept),
        "r_squared": 1 - left / total if total else 0.0,
    }[output]


def want_cmo(h: History) -> float:
    changes = [after - before for before, after in pairwise(h.close[-5:])]
    up = math.fsum(c for c in changes if c > 0)
    down = math.fsum(-c for c in changes if c < 0)
    return 100 * (up - down) / (up + down) if up + down else 0.0


def ppo_lines(h: History) -> list[float]:
    closes = [h.close[: n + 1] for n in range(len(h.close))]
    return [100 * (ema(c, 2) - ema(c, 4)) / ema(c, 4) for c in closes]


Case = tuple[Callable[[], ind.Indicator], str, Callable[[History], float]]
CASES: list[Case] = [
    (lambda: ind.Hma(9), "value", want_hma),
    (lambda: ind.Keltner(4, 3, 1.5), "middle", lambda h: want_keltner(h, 0)),
    (lambda: ind.Keltner(4, 3, 1.5), "upper", lambda h: want_keltner(h, 1)),
    (lambda: ind.Keltner(4, 3, 1.5), "lower", lambda h: want_keltner(h, -1)),
    (lambda: ind.Ichimoku(2, 4, 6, 3), "conversion", lambda h: h.middle(2)),
    (lambda: ind.Ichimoku(2, 4, 6, 3), "base", lambda h: h.middle(4)),
    (lambda: ind.Ichimoku(2, 4, 6, 3), "ahead_a", lambda h: want_ahead(h, 0)),
    (lambda: ind.Ichimoku(2, 4, 6, 3), "ahead_b", lambda h: h.middle(6)),
    (lambda: ind.Ichimoku(2, 4, 6, 3), "span_a", lambda h: want_ahead(h, 3)),
    (lambda: ind.Ichimoku(2, 4, 6, 3), "span_b", lambda h: h.middle(6, 3)),
    (lambda: ind.Supertrend(3, 1.5), "value", lambda h: want_supertrend(h, "value")),
    (lambda: ind.Supertrend(3, 1.5), "direction", lambda h: want_supertrend(h, "direction")),
    (lambda: ind.ZScore(4), "value", want_z_score),
    (lambda: ind.RealizedVolatility(4, 252), "value", want_volatility),
    (lambda: ind.LinearRegression(5), "value", lambda h: line_fit(h, "value")),
    (lambda: ind.LinearRegression(5), "slope", lambda h: line_fit(h, "slope")),
    (lambda: ind.LinearRegression(5), "intercept", lambda h: line_fit(h, "intercept")),
    (lambda: ind.LinearRegression(5), "r_squared", lambda h: line_fit(h, "r_squared")),
    (lambda: ind.Cmo(4), "value", want_cmo),
    (lambda: ind.Ppo(2, 4, 3), "line", lambda h: ppo_lines(h)[-1]),
    (lambda: ind.Ppo(2, 4, 3), "signal", lambda h: ema(ppo_lines(h), 3)),
    (
        lambda: ind.Ppo(2, 4, 3),
        "histogram",
        lambda h: ppo_lines(h)[-1] - ema(ppo_lines(h), 3),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]().engine_name} {case[1]}")
@settings(max_examples=15)
@given(rows=st.lists(ROW, min_size=20, max_size=60))
def test_an_indicator_equals_its_definition_at_every_bar(case: Case, rows: list[Row]) -> None:
    make, output, wanted = case
    indicator = make()
    values = streamed(indicator, rows)[output]
    for number, value in enumerate(values, 1):
        if number < indicator.warmup:
            assert math.isnan(value)
        else:
            assert value == pytest.approx(wanted(History(rows[:number])), rel=1e-9, abs=1e-7)


def rows_of(closes: list[int]) -> list[Row]:
    return [(close, close, close, 1) for close in closes]


@pytest.mark.parametrize(
    ("make", "output", "value"),
    [
        (lambda: ind.Rsi(3), "value", 50.0),
        (lambda: ind.Cmo(3), "value", 0.0),
        (lambda: ind.Stochastic(3, 2, 2), "k", 50.0),
        (lambda: ind.StochasticFast(3, 2), "d", 50.0),
        (lambda: ind.StochRsi(3, 3, 2, 2), "k", 50.0),
        (lambda: ind.WilliamsR(3), "value", -50.0),
        (lambda: ind.Cci(3), "value", 0.0),
        (lambda: ind.UltimateOscillator(1, 2, 3), "value", 50.0),
        (lambda: ind.ZScore(3), "value", 0.0),
        (lambda: ind.LinearRegression(3), "r_squared", 0.0),
        (lambda: ind.RealizedVolatility(3, 252), "value", 0.0),
        (lambda: ind.Mfi(3), "value", 50.0),
        (lambda: ind.Dmi(3), "dx", 0.0),
        (lambda: ind.Dmi(3), "plus_di", 0.0),
        (lambda: ind.Aroon(3), "oscillator", 0.0),
        (ind.AccumulationDistribution, "value", 0.0),
        (lambda: ind.Kama(3, 2, 30), "value", 12.34),
    ],
)
def test_where_nothing_moves_an_indicator_tells_neither_way(make, output, value) -> None:
    assert streamed(make(), rows_of([1234] * 20))[output][-1] == value


def test_the_rsi_of_a_steady_rise_has_no_range() -> None:
    values = streamed(ind.StochRsi(3, 5, 1, 1), rows_of([1000 + 7 * n for n in range(60)]))
    assert set(values["k"][10:]) == {50.0}


def test_aroon_takes_the_latest_of_equal_extremes() -> None:
    aroon = ind.Aroon(4)
    streamed(aroon, [(9, 5, 7, 1), (9, 6, 7, 1), (8, 5, 7, 1), (8, 6, 7, 1), (8, 6, 7, 1)])
    assert (aroon.up, aroon.down, aroon.oscillator) == (25.0, 50.0, -25.0)


def test_the_stop_changes_sides_where_the_price_crosses_it() -> None:
    rise, fall = [1000 + 10 * n for n in range(12)], [1110 - 30 * n for n in range(12)]
    rows = [(close + 5, close - 5, close, 1) for close in rise + fall]
    for indicator in (ind.ParabolicSar(), ind.Supertrend(3, 1.0)):
        told = streamed(indicator, rows)
        for row, value, direction in list(zip(rows, told["value"], told["direction"], strict=True))[
            8:
        ]:
            assert (value < row[2] / 100) == (direction > 0)
        assert told["direction"][11] == 1.0
        assert told["direction"][-1] == -1.0
