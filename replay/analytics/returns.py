"""Returns and what is derived from them: growth, volatility, Sharpe, Sortino, PSR.

Returns are those of whole UTC days: the last equity of each day over that of the day before, days
without samples repeating it. Every calendar day counts, so a year has 365.25 of them in any market.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise

import numpy as np

from openoutcry.replay.record import EquityColumns
from openoutcry.replay.result import EquityPoint
from openoutcry.state.messages import to_decimal

DAY_NS = 86_400 * 10**9
DAYS_PER_YEAR = 365.25
MIN_DAYS = 30
"""Annualised figures need this many days: below, they would extrapolate a handful of samples."""


def daily_returns(equity: EquityColumns) -> list[float] | None:
    """Simple returns per UTC day; None when equity was not positive at some day's end."""
    if not len(equity):
        return []
    days = equity.ts // DAY_NS
    ends = np.append((np.diff(days) != 0).nonzero()[0], len(days) - 1)
    closes = [float(to_decimal(int(equity.units[0]), equity.scale))]
    for end, until in zip(ends.tolist(), [*days[ends[1:]].tolist(), None], strict=True):
        close = float(to_decimal(int(equity.units[end]), equity.scale))
        closes += [close] * (1 if until is None else until - int(days[end]))
    if any(close <= 0 for close in closes[:-1]):
        return None
    return [after / before - 1 for before, after in pairwise(closes)]


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


def volatility(returns: Sequence[float]) -> float | None:
    """Annualised sample standard deviation of daily returns; None below 30 days."""
    deviation = _deviation(returns)
    return None if deviation is None else deviation * math.sqrt(DAYS_PER_YEAR)


def sharpe(returns: Sequence[float]) -> float | None:
    """Annualised mean over standard deviation of daily returns, risk-free rate zero.

    None below 30 days, and when returns never varied.
    Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994.
    """
    deviation = _deviation(returns)
    if not deviation:
        return None
    return _mean(returns) / deviation * math.sqrt(DAYS_PER_YEAR)


def sortino(returns: Sequence[float]) -> float | None:
    """Annualised mean over downside deviation, target zero, all days in the divisor.

    None below 30 days, and when no day lost.
    Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", 1994.
    """
    if len(returns) < MIN_DAYS:
        return None
    downside = math.sqrt(math.fsum(min(r, 0.0) ** 2 for r in returns) / len(returns))
    return _mean(returns) / downside * math.sqrt(DAYS_PER_YEAR) if downside else None


def probabilistic_sharpe(returns: Sequence[float]) -> float | None:
    """Probability that the true Sharpe ratio is above zero, given length, skew and kurtosis.

    None below 30 days, when returns never varied, and when the estimate's variance is not positive.
    Source: Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2),
    2012, equation 9 with a benchmark of zero.
    """
    deviation = _deviation(returns)
    if not deviation:
        return None
    count, mean = len(returns), _mean(returns)
    spread = math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / count)
    skew = math.fsum(((r - mean) / spread) ** 3 for r in returns) / count
    kurtosis = math.fsum(((r - mean) / spread) ** 4 for r in returns) / count
    ratio = mean / deviation
    variance = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    if variance <= 0:
        return None
    z = ratio * math.sqrt(count - 1) / math.sqrt(variance)
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _deviation(returns: Sequence[float]) -> float | None:
    if len(returns) < MIN_DAYS:
        return None
    mean = _mean(returns)
    return math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / (len(returns) - 1))
