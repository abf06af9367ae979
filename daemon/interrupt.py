"""Ctrl-C as a question instead of an exception: what runs stops at a place of its own choosing."""

import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupt:
    """While entered, the first SIGINT is remembered; a second one acts as it always does.

    Called, it says whether to stop. Enter it on the main thread.
    """

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked

    def __enter__(self) -> Self:
        """Take over SIGINT."""
        self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give SIGINT back."""
        signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        signal.signal(signal.SIGINT, self._before)
