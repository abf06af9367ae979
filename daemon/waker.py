"""Waking a thread that waits, from any thread and from signal handlers.

A pipe, because it needs no lock: a signal handler may run in the middle of anything that holds one, and
`queue.SimpleQueue.get` with a timeout may wait for ever once its time is up (CPython 3.11).
"""

import contextlib
import os
import select
import weakref


class Waker:
    """One thread waits, others wake it."""

    def __init__(self) -> None:
        self._ear, self._voice = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._voice, False)
        weakref.finalize(self, _close, self._ear, self._voice)

    def wake(self) -> None:
        """End the wait, or the next one."""
        with contextlib.suppress(BlockingIOError):  # full: it is awake many times over
            os.write(self._voice, b"!")

    def wait(self, timeout_s: float) -> None:
        """Wait to be woken, or for so long."""
        ready, _, _ = select.select([self._ear], [], [], max(timeout_s, 0.0))
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._ear, 1 << 16)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
