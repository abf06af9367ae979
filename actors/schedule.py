"""When a strategy's timers fire next: once, at an interval, or by a cron expression.

Everything is a function of simulated time; cron expressions are read in UTC. A timer is missed when it came
due while nobody listened: between a crash, or an orderly stop, and the next start.
"""

from collections import deque
from datetime import UTC, datetime
from typing import Final, Literal, get_args

import msgspec
from cronsim import CronSim, CronSimError

from openoutcry.state.errors import StrategyError

_SECOND = 1_000_000_000
MOST_CALLS: Final = 10_000
"""Missed times of one timer that are told at most: the latest."""
Missed = Literal["once", "skip", "all"]
"""What becomes of missed times: one call for all of them, none, or one for each."""


class Timer(msgspec.Struct, kw_only=True):
    """One named timer: when it is due, and how it goes on after that."""

    due: int
    interval_ns: int = 0
    cron: str = ""
    missed: Missed = "once"

    def times(self, fired: int, now: int) -> list[int]:
        """Of a timer that was due at `fired` and is told of it at `now`: what times to tell."""
        if fired >= now or self.missed == "once":
            return [fired]
        if self.missed == "skip":
            return []
        if self.interval_ns:
            first = max(fired, now // self.interval_ns * self.interval_ns - self._most_ns)
            return list(range(first, now + 1, self.interval_ns))
        found: deque[int] = deque(maxlen=MOST_CALLS)
        due: int | None = fired
        while due is not None and due <= now:
            found.append(due)
            due = self.next_after(due)
        return list(found)

    @property
    def _most_ns(self) -> int:
        return (MOST_CALLS - 1) * self.interval_ns

    def next_after(self, now: int) -> int | None:
        """When it fires again after it fired at `now`; None when it was for once."""
        if self.interval_ns:
            return next_multiple(now, self.interval_ns)
        if self.cron:
            return next_cron(now, self.cron)
        return None


def checked(missed: Missed) -> Missed:
    """What becomes of missed times, if it is one of the words for it.

    Raises:
        StrategyError: It is another one.
    """
    if missed not in get_args(Missed):
        raise StrategyError(
            f"missed={missed!r} is nothing that a timer can do", remedy="once, skip or all"
        )
    return missed


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
