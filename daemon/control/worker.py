"""A thread for what must keep neither the core nor the control socket waiting: files, long looks back."""

import heapq
import itertools
import queue
import threading
import time
from collections.abc import Callable


class Worker:
    """Does one thing after another, and some of them later. From any thread.

    What it is given handles its own errors.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._given: queue.Queue[tuple[float, Callable[[], None]] | None] = queue.Queue()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._thread = threading.Thread(target=self._run, name="control-work", daemon=True)
        self._thread.start()

    def do(self, action: Callable[[], None]) -> None:
        """Do something as soon as everything before it is done."""
        self._given.put((0.0, action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in a while, unless it is closed before."""
        self._given.put((self._clock() + seconds, action))

    def close(self, timeout_s: float = 5.0) -> bool:
        """Do what was to be done at once, and end; returns whether it ended in time."""
        self._given.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                item = self._given.get(timeout=self._patience())
            except queue.Empty:
                heapq.heappop(self._later)[2]()
                continue
            if item is None:
                return
            due, action = item
            if due:
                heapq.heappush(self._later, (due, next(self._count), action))
            else:
                action()

    def _patience(self) -> float | None:
        return max(self._later[0][0] - self._clock(), 0.0) if self._later else None
