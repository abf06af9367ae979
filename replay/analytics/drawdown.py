"""Drawdown: how far, and for how long, equity stood below its highest value."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from openoutcry.replay.result import EquityPoint


class Drawdown(NamedTuple):
    """The worst of a run.

    `amount` is the largest fall in money and `fraction` the largest relative to its peak (they can
    be different falls; None when the peak was not positive). `duration_ns` is the longest time from
    a peak until equity was back at it, or until the end of the run.
    """

    amount: Decimal
    fraction: float | None
    duration_ns: int


def curve(samples: Iterable[tuple[int, Decimal]]) -> tuple[EquityPoint, ...]:
    """Samples of (ns, equity), in order of time, with the drawdown of each."""
    points: list[EquityPoint] = []
    peak: Decimal | None = None
    for ts, equity in samples:
        peak = equity if peak is None else max(peak, equity)
        points.append(EquityPoint(ts=ts, equity=equity, drawdown=peak - equity))
    return tuple(points)


def worst(equity: Sequence[EquityPoint]) -> Drawdown:
    """The worst drawdown of a curve; zero when equity never fell."""
    amount, fraction, duration = Decimal(0), 0.0, 0
    defined, below = True, False
    peak_ts = equity[0].ts if equity else 0
    for point in equity:
        if below or point.drawdown:
            duration = max(duration, point.ts - peak_ts)
        below = point.drawdown > 0
        if not below:
            peak_ts = point.ts
            continue
        amount = max(amount, point.drawdown)
        peak = point.equity + point.drawdown
        if peak > 0:
            fraction = max(fraction, float(point.drawdown / peak))
        else:
            defined = False
    return Drawdown(amount, fraction if defined else None, duration)
