"""The sign of life: it goes out only after a round trip through the core.

Each beat posts an action to the core as every edge does. Only when a later turn has taken it up is the
service manager told that we live, so a core that hangs, or no longer hears its edges, is killed by the
watchdog. There is no thread here that could go on beating for a dead core.
"""

from collections.abc import Callable
from typing import Final

from openoutcry.daemon.notify import Notifier

STATUS_NS: Final = 10 * 10**9
"""The status line is at least this fresh."""
EXTEND_NS: Final = 60 * 10**9
"""A start or an end that says nothing for so long stands still."""
_OFTEN_NS: Final = 10**9


class Patience:
    """Has the service manager wait while a start or an end makes progress, and no longer.

    There is no timer: each word of progress asks for more time, so what stands still runs out of it.

    Args:
        notifier: The service manager.
        prefix: First words of the status line.
        monotonic: Nanoseconds of a steady clock.
    """

    def __init__(self, notifier: Notifier, prefix: str, monotonic: Callable[[], int]) -> None:
        self._notifier, self._prefix, self._monotonic = notifier, prefix, monotonic
        self._last = monotonic() - _OFTEN_NS

    def step(self, text: str) -> None:
        """Something new begins."""
        self._last = self._monotonic()
        self._notifier.extend(EXTEND_NS, f"{self._prefix}: {text}")

    def progress(self, text: str) -> None:
        """It got so far; may be called as often as one likes."""
        if self._monotonic() - self._last >= _OFTEN_NS:
            self.step(text)


class Heartbeat:
    """Beats while a core turns.

    Args:
        notifier: The service manager.
        post: Runs an action in one of the core's next turns.
        status: The status line.
        monotonic: Nanoseconds of a steady clock.

    Attributes:
        left: Share of the time between a due beat and the watchdog's kill that was left when the core
            was slowest, 0 to 1; None without a watchdog.
    """

    def __init__(
        self,
        notifier: Notifier,
        post: Callable[[Callable[[], None]], None],
        status: Callable[[], str],
        monotonic: Callable[[], int],
    ) -> None:
        self._notifier, self._post = notifier, post
        self._status, self._monotonic = status, monotonic
        limit = notifier.watchdog_ns
        self._every = min(limit // 2, STATUS_NS) if limit else STATUS_NS
        self._margin = limit - self._every
        self._due = monotonic() + self._every
        self._asked = False
        self.left: float | None = 1.0 if limit else None

    def turn(self) -> None:
        """To be called between two turns: send the core round when it is time."""
        if not self._notifier.enabled or self._asked or self._monotonic() < self._due:
            return
        self._asked = True
        self._post(self._came_round)

    def _came_round(self) -> None:
        self._asked = False
        now = self._monotonic()
        if self.left is not None:
            self.left = min(self.left, max(1 - (now - self._due) / self._margin, 0.0))
        self._due = now + self._every
        self._notifier.alive(self._status())
