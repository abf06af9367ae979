"""Couriers: a thread for each channel, with a queue, retries and a rate cap.

A channel that hangs holds up its own courier only. Critical notices go first, are never capped or dropped,
and are tried until they are taken.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from openoutcry.daemon.alerts.alert import Kind, Notice, Severity
from openoutcry.daemon.alerts.channels import Channel
from openoutcry.daemon.logs.pipe import Log
from openoutcry.state.errors import DeliveryError

CAPACITY: Final = 1_000
TRIES: Final = 6
"""How often a notice that is not critical is tried."""
BACKOFF_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
WINDOW_S: Final = 60.0
_NAMED: Final = 5


class RateCap:
    """At most `per_minute` notices in any 60 seconds; the rest is summed up when there is room again."""

    def __init__(self, per_minute: int, seen: str) -> None:
        assert per_minute > 0
        self._per_minute = per_minute
        self._seen = seen
        self._sent: deque[float] = deque()
        self._held: list[Notice] = []
        self._held_count = 0

    def admit(self, notice: Notice, now_s: float) -> bool:
        """Whether a notice may go; if not, it is held for the summary."""
        if notice.urgent:
            return True
        if not self._held_count and self._room(now_s):
            self._sent.append(now_s)
            return True
        self._held_count += 1
        if len(self._held) < CAPACITY:
            self._held.append(notice)
        return False

    def due(self, now_s: float, ts: int) -> Notice | None:
        """The summary of what was held, when there is room for it."""
        if not self._held_count or not self._room(now_s):
            return None
        self._sent.append(now_s)
        texts = [f"{n.kind.value}: {n.summary}" for n in self._held[:_NAMED]]
        more = self._held_count - len(texts)
        worst = max((n.severity for n in self._held), key=lambda severity: severity.rank)
        text = f"{self._held_count} more notices: {'; '.join(texts)}"
        self._held, self._held_count = [], 0
        return Notice(
            kind=Kind.SUMMARY,
            severity=worst if worst is not Severity.CRITICAL else Severity.WARNING,
            summary=text + (f"; and {more} others" if more > 0 else ""),
            seen=self._seen,
            ts=ts,
        )

    def _room(self, now_s: float) -> bool:
        while self._sent and self._sent[0] <= now_s - WINDOW_S:
            self._sent.popleft()
        return len(self._sent) < self._per_minute


class CourierFigures(msgspec.Struct, frozen=True):
    """Counts since the start."""

    sent: int
    failed: int
    dropped: int
    waiting: int


class Courier:
    """Brings notices to one channel, on a thread of its own.

    Args:
        channel: Where to.
        per_minute: See `RateCap`.
        seen: Where summaries say they come from.
        log: Says what could not be delivered.
        on_change: Called on this thread when deliveries begin to fail (with the reason) and when they
            work again (with an empty text).
        clock: Monotonic seconds.
        wall: Wall clock, nanoseconds UTC.
        backoff_s: Waits between tries.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        per_minute: int,
        seen: str,
        log: Log,
        on_change: Callable[[str, str], None] = lambda _name, _why: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
        backoff_s: tuple[float, ...] = BACKOFF_S,
    ) -> None:
        self.name = channel.name
        self._channel = channel
        self._cap = RateCap(per_minute, seen)
        self._log = log
        self._on_change = on_change
        self._clock = clock
        self._wall = wall
        self._backoff_s = backoff_s
        self._ready = threading.Condition()
        self._urgent: deque[Notice] = deque()
        self._queue: deque[Notice] = deque()
        self._sent = self._failed = self._dropped = 0
        self._busy = self._ending = self._down = False
        name = f"openoutcry.alerts.{channel.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def hand_over(self, notice: Notice) -> None:
        """Queue a notice, if the channel wants it. Never waits for the channel."""
        if notice.severity.rank < self._channel.least.rank:
            return
        with self._ready:
            if notice.urgent:
                self._urgent.append(notice)
            elif len(self._queue) >= CAPACITY:
                self._dropped += 1
            elif self._cap.admit(notice, self._clock()):
                self._queue.append(notice)
            self._ready.notify()

    @property
    def figures(self) -> CourierFigures:
        """Counts."""
        waiting = len(self._urgent) + len(self._queue) + self._busy
        return CourierFigures(self._sent, self._failed, self._dropped, waiting)

    def close(self, timeout_s: float) -> bool:
        """Deliver what waits, each once more, and end; returns whether nothing is left."""
        with self._ready:
            self._ending = True
            self._ready.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._urgent and not self._queue

    def _run(self) -> None:
        while (notice := self._next()) is not None:
            self._deliver(notice)
            self._busy = False

    def _next(self) -> Notice | None:
        with self._ready:
            while True:
                if (summary := self._cap.due(self._clock(), self._wall())) is not None:
                    self._queue.append(summary)
                if self._urgent or self._queue:
                    self._busy = True
                    return self._urgent.popleft() if self._urgent else self._queue.popleft()
                if self._ending:
                    return None
                self._ready.wait(1.0)

    def _deliver(self, notice: Notice) -> None:
        tries = 0
        while True:
            try:
                self._channel.send(notice)
            except DeliveryError as error:
                self._failed += 1
                tries += 1
                self._log.error("alert_not_delivered", channel=self.name, reason=error.message,
                                alert=notice.title, tries=tries)  # fmt: skip
                if not self._down:
                    self._down = True
                    self._on_change(self.name, error.message)
                if self._ending or (not notice.urgent and tries >= TRIES):
                    self._dropped += 1
                    return
                if self._wait_to_retry(tries, notice):
                    return
            else:
                self._sent += 1
                if self._down:
                    self._down = False
                    self._on_change(self.name, "")
                return

    def _wait_to_retry(self, tries: int, notice: Notice) -> bool:
        """Wait; returns whether something more urgent came, behind which the notice was put back."""
        wait_s = self._backoff_s[min(tries, len(self._backoff_s)) - 1]
        with self._ready:
            self._ready.wait_for(
                lambda: self._ending or (bool(self._urgent) and not notice.urgent), wait_s
            )
            if self._urgent and not notice.urgent:
                self._queue.appendleft(notice)
                return True
        return False
