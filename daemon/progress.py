"""A progress line on stderr for what takes longer than two seconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TextIO

_SHOW_AFTER_S: Final = 2.0
_REDRAW_S: Final = 0.2
_BAR: Final = 24


class Progress:
    """Draws `2024-08-08 10:00 ━━━━──── 53 %  1.9 M events/s  ETA 0:12` in place.

    Called as `progress(events, now, first, last)`: events so far, simulated time, and the span that
    is played (nanoseconds UTC). Nothing is drawn in the first two seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._began = clock()
        self._next = self._began + _SHOW_AFTER_S
        self._drawn = False

    def __call__(self, events: int, now: int, first: int, last: int, /) -> None:
        """Draw, if it is time to."""
        at = self._clock()
        if at < self._next:
            return
        self._next = at + _REDRAW_S
        self._drawn = True
        self._stream.write("\r\x1b[2K" + line(events, now, first, last, at - self._began))
        self._stream.flush()

    def close(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._drawn = False


def line(events: int, now: int, first: int, last: int, elapsed_s: float) -> str:
    """The progress line."""
    done = min(1.0, max(0.0, (now - first) / (last - first))) if last > first else 0.0
    filled = round(_BAR * done)
    date = datetime.fromtimestamp(now // 10**9, UTC).strftime("%Y-%m-%d %H:%M")
    rate = _short(events / elapsed_s) if elapsed_s > 0 else "0"
    left = f"{_clock_text(elapsed_s * (1 - done) / done)}" if done > 0.01 else "-:--"
    bar = "━" * filled + "─" * (_BAR - filled)
    return f"{date} {bar} {done:4.0%}  {rate} events/s  ETA {left}"


def _short(number: float) -> str:
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if number >= limit:
            return f"{number / limit:.1f}{unit}"
    return f"{number:.0f}"


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
