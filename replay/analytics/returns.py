"""Returns and what is derived from them: growth, volatility, Sharpe, Sortino, PSR.

Returns are those of whole UTC days: the last equity of each day over that of the day before, days
without samples repeating it. Every calendar day counts, so a year has 365.25 of them in any market.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openoutcry import _native
from openoutcry.replay.record import Column, EquityColumns
from openoutcry.replay.result import EquityPoint
from openoutcry.state.messages import to_decimal

DAY_NS = 86_400 * 10**9
DAYS_PER_YEAR = 365.25
MIN_DAYS = 30
"""Annualised figures need this many days: below, they would extrapolate a handful of samples."""


Floats = NDArray[np.float64]
_EXACT = 2**53
"""Integers up to here are floats too, so that a quotient by a power of ten is rounded once."""


class Moments(NamedTuple):
    """What ratios are made of; see `moments`."""

    days: int
    mean: float
    squares: float
    cubes: float
    fourths: float
    losses: float

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation; None below 30 days."""
        return math.sqrt(self.squares / (self.days - 1)) if self.days >= MIN_DAYS else None


def moments(returns: Floats) -> Moments:
    """Mean, sums of powers around it, and the sum of the squares of losses."""
    return Moments(len(returns), *_native.moments(returns))


def daily_returns(equity: EquityColumns) -> Floats | None:
    """Simple returns per UTC day; None when equity was not positive at some day's end."""
    if not len(equity):
        return np.zeros(0)
    days = equity.ts // DAY_NS
    ends = np.append((days[1:] != days[:-1]).nonzero()[0], len(days) - 1)
    closes = _floats(equity.units[ends], equity.scale)
    lasting = np.append(np.diff(days[ends]), 1)
    if (lasting != 1).any():
        closes = np.repeat(closes, lasting)
    closes = np.concatenate((_floats(equity.units[:1], equity.scale), closes))
    if (closes[:-1] <= 0).any():
        return None
    found: Floats = closes[1:] / closes[:-1] - 1
    return found


def _floats(units: Column, scale: int) -> Floats:
    """The nearest float to each amount."""
    if units.dtype != object and -_EXACT <= units.min() <= units.max() <= _EXACT:
        near: Floats = units / 10.0**scale
        return near
    return np.array([float(to_decimal(int(count), scale)) for count in units])


def monthly_returns(equity: Sequence[EquityPoint]) -> dict[tuple[int, int], float | None]:
    """Return of each UTC month that has a sample, by (year, month), over the sample before it.

    None for a month that did not begin with positive equity.
    """
    found: dict[tuple[int, int], float | None] = {}
    begin = float(equity[0].equity) if equity else 0.0
    for month, group in groupby(equity, key=_month):
        end = float(list(group)[-1].equity)
        found[month] = total_return(begin, end)
        begin = end
    return found


def _month(point: EquityPoint) -> tuple[int, int]:
    moment = datetime.fromtimestamp(point.ts // 10**9, UTC)
    return moment.year, moment.month


def total_return(first: float, last: float) -> float | None:
    """Growth over the whole run as a fraction of the first equity; None when that is not positive."""
    return last / first - 1 if first > 0 else None


def cagr(first: float, last: float, days: float) -> float | None:
    """Compound annual growth rate: (last / first) ^ (365.25 / days) - 1.

    None below 30 days, and when either end is not positive.
    Source: CFA Institute, Global Investment Performance Standards (2020), annualised returns.
    """
    if days < MIN_DAYS or first <= 0 or last <= 0:
        return None
    exponent = DAYS_PER_YEAR / days * math.log(last / first)
    return math.expm1(exponent) if exponent < 700 else None


def volatility(returns: Moments) -> float | None:
    """Annualised sample standard deviation of daily returns; None below 30 days."""
    deviation = returns.deviation
    return None if deviation is None else deviation * math.sqrt(DAYS_PER_YEAR)


def sharpe(returns: Moments) -> float | None:
    """Annualised mean over standard deviation of daily returns, risk-free rate zero.

    None below 30 days, and when returns never varied.
    Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994.
    """
    deviation = returns.deviation
    return returns.mean / deviation * math.sqrt(DAYS_PER_YEAR) if deviation else None


def sortino(returns: Moments) -> float | None:
    """Annualised mean over downside deviation, target zero, all days in the divisor.

    None below 30 days, and when no day lost.
    Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", 1994.
    """
    if returns.days < MIN_DAYS:
        return None
    downside = math.sqrt(returns.losses / returns.days)
    return returns.mean / downside * math.sqrt(DAYS_PER_YEAR) if downside else None


def probabilistic_sharpe(returns: Moments) -> float | None:
    """Probability that the true Sharpe ratio is above zero, given length, skew and kurtosis.

    None below 30 days, when returns never varied, and when the estimate's variance is not positive.
    Source: Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2),
    2012, equation 9 with a benchmark of zero.
    """
    deviation = returns.deviation
    if not deviation:
        return None
    count = returns.days
    spread = math.sqrt(returns.squares / count)
    skew = returns.cubes / count / spread**3
    kurtosis = returns.fourths / count / spread**4
    ratio = returns.mean / deviation
    variance = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    if variance <= 0:
        return None
    z = ratio * math.sqrt(count - 1) / math.sqrt(variance)
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
