"""The clock of a session: real time, or a recorded market's time at a multiple of its speed."""

from collections.abc import Callable
from typing import Final

_SECOND: Final = 10**9


class SessionClock:
    """Nanoseconds UTC that go on from a moment, strictly increasing, whatever the system's clock does.

    Args:
        start_ns: What the clock shows at first; every later reading is above it.
        wall: Nanoseconds of a clock outside, like `time.monotonic_ns`; a step back stops this clock
            until the other one is where it was.
        speed: How many times as fast as `wall`.
    """

    def __init__(self, start_ns: int, wall: Callable[[], int], speed: int = 1) -> None:
        assert speed >= 1, f"a clock of speed {speed}"
        self._wall = wall
        self._speed = speed
        self._origin = start_ns
        self._began = wall()
        self.last = start_ns
        """The last reading."""

    def now(self) -> int:
        """The time, at least a nanosecond after the last reading."""
        self.last = max(self.last + 1, self._at(self._wall()))
        return self.last

    def jump(self, to_ns: int) -> int:
        """Go on from a later moment at once, as over closed hours; returns the time, like `now`."""
        wall = self._wall()
        if to_ns > self._at(wall):
            self._origin, self._began = to_ns, wall
        return self.now()

    def wait_s(self, until_ns: int) -> float:
        """Seconds of the clock outside until this one shows a moment; 0 when it has passed."""
        left = max(until_ns - self._at(self._wall()), 0)
        return left / self._speed / _SECOND

    def behind_s(self, ts: int) -> float:
        """Seconds of the clock outside since this one showed a moment; 0 before."""
        return max(self._at(self._wall()) - ts, 0) / self._speed / _SECOND

    def _at(self, wall: int) -> int:
        return self._origin + (wall - self._began) * self._speed
