"""Drawdown: how far, and for how long, equity stood below its highest value."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from openoutcry.replay.record import Column, EquityColumns, roomy
from openoutcry.replay.result import EquityPoint
from openoutcry.state.messages import to_decimal

_NEAR = 1e-9  # floats this close together may be in another order than the exact fractions


class Drawdown(NamedTuple):
    """The worst of a run.

    `amount` is the largest fall in money and `fraction` the largest relative to its peak (they can
    be different falls; None when the peak was not positive). `duration_ns` is the longest time from
    a peak until equity was back at it, or until the end of the run.
    """

    amount: Decimal
    fraction: float | None
    duration_ns: int


def curve(equity: EquityColumns) -> tuple[EquityPoint, ...]:
    """The samples with the drawdown of each."""
    if not len(equity):
        return ()
    units = roomy(equity.units)
    fallen = np.maximum.accumulate(units) - units
    scale = equity.scale
    rows = zip(equity.ts.tolist(), units.tolist(), fallen.tolist(), strict=True)
    return tuple(
        EquityPoint(ts=ts, equity=to_decimal(units, scale), drawdown=to_decimal(fall, scale))
        for ts, units, fall in rows
    )


def worst(equity: EquityColumns) -> Drawdown:
    """The worst drawdown of a curve; zero when equity never fell."""
    if not len(equity):
        return Drawdown(Decimal(0), 0.0, 0)
    units = roomy(equity.units)
    peaks = np.maximum.accumulate(units)
    fallen = peaks - units
    below = fallen > 0
    if not below.any():
        return Drawdown(Decimal(0), 0.0, 0)
    amount = to_decimal(int(fallen.max()), equity.scale)
    return Drawdown(amount, _fraction(fallen[below], peaks[below]), _duration(equity.ts, below))


def _fraction(fallen: Column, peaks: Column) -> float | None:
    """The largest quotient, as if each had been taken exactly; None when a peak was not positive."""
    if (peaks <= 0).any():
        return None
    quotients = fallen.astype(np.float64) / peaks.astype(np.float64)
    near = quotients >= quotients.max() * (1 - _NEAR)
    pairs = dict.fromkeys(zip(fallen[near].tolist(), peaks[near].tolist(), strict=True))
    return max(float(Decimal(fall) / Decimal(peak)) for fall, peak in pairs)


def _duration(ts: Column, below: Column) -> int:
    """The longest time from a sample at the peak to a sample below it or to the first one back."""
    places = np.where(below, 0, np.arange(len(ts)))
    since = np.maximum.accumulate(places)[:-1]
    lasting = (below[1:] | below[:-1]).nonzero()[0]
    return int((ts[1:] - ts[since])[lasting].max())
