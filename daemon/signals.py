"""What signals ask of a daemon. A handler takes note and nothing else: the runner looks between two turns.

A handler runs in the middle of whatever the main thread does, which may hold a lock that waking the core
would need. So nothing is woken: a core that waits looks up within a quarter of a second.
"""

import contextlib
import faulthandler
import signal
from types import FrameType, TracebackType
from typing import Final, Self

_STDERR: Final = 2


class StoppedEarly(BaseException):
    """A stop was asked for before the session was back; what is on disk is as it was."""


class Signals:
    """While entered, signals are taken note of. Enter it on the main thread, before anything is opened.

    SIGTERM and SIGINT ask for an orderly end, a second one for an end without the stop policy; the third
    acts as it always does. Before `arm`, the first raises `StoppedEarly`. SIGHUP asks for a reload.
    SIGUSR1 writes what every thread is doing to stderr, also while the core hangs; so does a fatal signal.

    Attributes:
        stops: How often an end was asked for.
    """

    def __init__(self) -> None:
        self.stops = 0
        self._reload = False
        self._armed = False
        self._before: dict[signal.Signals, object] = {}

    def arm(self) -> None:
        """Somebody looks from now on."""
        self._armed = True

    def take_reload(self) -> bool:
        """Whether a reload was asked for since the last time."""
        asked, self._reload = self._reload, False
        return asked

    def __enter__(self) -> Self:
        """Take the signals over."""
        for number in _STOPS:
            self._before[number] = signal.signal(number, self._on_stop)
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._on_reload)
        self._tells = not faulthandler.is_enabled()
        if self._tells:  # a watchdog kills with SIGABRT: say where it hung
            faulthandler.enable(file=_STDERR, all_threads=True)
        faulthandler.register(signal.SIGUSR1, file=_STDERR, all_threads=True, chain=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            with contextlib.suppress(TypeError):  # a handler that was not set from Python
                signal.signal(number, handler)  # type: ignore[arg-type]
        faulthandler.unregister(signal.SIGUSR1)
        if self._tells:
            faulthandler.disable()

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1
        if self.stops > 1:
            for number in _STOPS:
                signal.signal(number, signal.SIG_DFL)
        if not self._armed:
            raise StoppedEarly

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reload = True


_STOPS: Final = (signal.SIGTERM, signal.SIGINT)
