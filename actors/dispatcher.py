"""The one thread of the decision core: runs actors in a fixed, repeatable order.

Every input is handled to completion before the next: the actors it is addressed to handle it, then
whatever follows from it, first in first out, until nothing waits. There is no other source of order, so
the same inputs give the same decisions.

A handler is atomic. What it sends is held back until it returns; if it raises, nothing of it leaves
and the supervisor's policy for that actor applies. Orders that a handler asked for go down the order
path when it has returned, before the next handler runs.
"""

from collections.abc import Callable
from typing import Protocol

from openoutcry._native import Cell, Dispatcher

__all__ = ["Cell", "Dispatcher", "FailureHandler", "Handler"]

Handler = Callable[[object], object]


class FailureHandler(Protocol):
    """Decides what happens to an actor whose handler raised."""

    def on_failure(self, cell: Cell, message: str, error: Exception, /) -> bool:
        """Apply the policy; called outside any handler, with the name of the message's class.

        Returns whether the core may go on to the next input.
        """
