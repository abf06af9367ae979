"""How long the collector of garbage stops everything: Python tells when it begins and ends."""

import gc
import time
from collections.abc import Callable, Iterable
from typing import Any

from openoutcry.daemon.metrics.exposition import Family, histogram
from openoutcry.daemon.metrics.facts import Histogram


class GcPauses:
    """Counts the collector's pauses between `start` and `close`.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = 0.0
        self.seen = Histogram()

    def start(self) -> None:
        """Begin to count."""
        gc.callbacks.append(self._on_gc)

    def close(self) -> None:
        """Count no more; a second time changes nothing."""
        if self._on_gc in gc.callbacks:
            gc.callbacks.remove(self._on_gc)

    def families(self) -> Iterable[Family]:
        """For the page."""
        text = "Pauses of the garbage collector."
        yield histogram("python_gc_pause_seconds", text, self.seen.facts)

    def _on_gc(self, phase: str, _: dict[str, Any]) -> None:
        if phase == "start":
            self._began = self._clock()
        else:
            self.seen.observe(self._clock() - self._began)
