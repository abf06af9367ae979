"""When a strategy's timers fire next: once, at an interval, or by a cron expression.

Everything is a function of simulated time; cron expressions are read in UTC.
"""

from datetime import UTC, datetime

import msgspec
from cronsim import CronSim, CronSimError

from openoutcry.state.errors import StrategyError

_SECOND = 1_000_000_000


class Timer(msgspec.Struct, kw_only=True):
    """One named timer: when it is due, and how it goes on after that."""

    due: int
    interval_ns: int = 0
    cron: str = ""

    def next_after(self, now: int) -> int | None:
        """When it fires again after it fired at `now`; None when it was for once."""
        if self.interval_ns:
            return next_multiple(now, self.interval_ns)
        if self.cron:
            return next_cron(now, self.cron)
        return None


def next_multiple(now: int, interval_ns: int) -> int:
    """The first multiple of an interval since the epoch that lies after `now`."""
    if interval_ns <= 0:
        raise StrategyError(f"a timer's interval is {interval_ns} ns", remedy="use a positive one")
    return (now // interval_ns + 1) * interval_ns


def next_cron(now: int, expression: str) -> int:
    """The first time after `now` that matches a five-field cron expression, UTC.

    Raises:
        StrategyError: The expression does not parse, or never matches.
    """
    try:
        moment = next(CronSim(expression, datetime.fromtimestamp(now // _SECOND, UTC)))
    except (CronSimError, StopIteration) as error:
        raise StrategyError(
            f"cron expression {expression!r}: {str(error) or 'it never matches'}",
            remedy="five fields: minute hour day month weekday, as in '0 16 * * 1-5'",
        ) from error
    return int(moment.timestamp()) * _SECOND
