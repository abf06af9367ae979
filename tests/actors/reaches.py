"""A module that a strategy of its project uses: it reads the clock on the strategy's behalf."""

import time
from datetime import datetime


def stamp() -> float:
    """The wall clock, in seconds."""
    return time.time()


def today() -> datetime:
    """The wall clock, as a datetime."""
    return datetime.now()  # noqa: DTZ005 - a strategy's mistake
