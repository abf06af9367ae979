"""What a command would do, and what it did. Rules of names and numbers as in `views.py`."""

from typing import Literal

from openoutcry.daemon.control.book_views import OrderRow
from openoutcry.daemon.control.views import Answer, DecimalText, View


class PlannedOrder(View, frozen=True, kw_only=True):
    """An order that a command would place, what it is worth at the present price, what speaks against it."""

    strategy: str
    instrument: str
    side: str
    type: str
    quantity: DecimalText
    limit: DecimalText | None
    value: DecimalText | None
    currency: str
    denied: tuple[str, ...]


class LimitChange(View, frozen=True, kw_only=True):
    """A limit that would change, and of what; `loosens` needs confirmation."""

    limit: str
    of: str
    before: str | None
    after: str | None
    loosens: bool


class ConfigChange(View, frozen=True, kw_only=True):
    """A line of a reload's plan: `+`, `-` or `~`, what, and whether it needs a restart."""

    sign: Literal["+", "-", "~"]
    what: str
    restart: bool


class Preview(Answer, frozen=True, kw_only=True):
    """What a command would do, from the daemon's present state; the world moves on meanwhile.

    Args:
        lines: It in sentences: "would cancel 3 orders", "would sell 0.5 BTCUSDT.SIM at market".
        cancels: Orders that it would take back, the first 200 of them.
        places: Orders that it would place.
        limits: Limits that it would change.
        changes: The plan of a reload.
        nothing: Whether it would change nothing.
        loosens: Whether it loosens a limit, so that it needs confirmation.
    """

    lines: tuple[str, ...]
    cancels: tuple[OrderRow, ...] = ()
    places: tuple[PlannedOrder, ...] = ()
    limits: tuple[LimitChange, ...] = ()
    changes: tuple[ConfigChange, ...] = ()
    nothing: bool = False
    loosens: bool = False


class Done(Answer, frozen=True, kw_only=True):
    """What a command did. `order` is the id of the order that it placed or canceled."""

    lines: tuple[str, ...]
    order: str | None = None
