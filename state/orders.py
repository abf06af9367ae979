"""Orders as everybody sees them, and the table that keeps them; the machine is `rust_ext/src/orders`.

An `Order` is a look at an order at one instant: it never changes. Look again after the next event.
The table of legal transitions stands in `docs/reference/order-states.md`.
"""

from typing import Final

import openoutcry.state.binding  # noqa: F401  gives the engine the classes that it builds
from openoutcry._native import Directory, KnownFill, NewTerms, Order, OrderTable
from openoutcry.state.enums import FillState, Outcome

__all__ = ["FillState", "KnownFill", "NewTerms", "Order", "OrderTable", "Outcome", "order_table"]

RECENT_ORDERS: Final = 1_000
"""Closed orders that a table keeps unpacked when nothing else is said."""
ARCHIVED_ORDERS: Final = 1_000_000
"""Packed orders that a table keeps beyond those."""


def order_table(
    directory: Directory, recent: int = RECENT_ORDERS, archived: int = ARCHIVED_ORDERS
) -> OrderTable:
    """An empty table of orders.

    Args:
        directory: Names of the run.
        recent: Closed orders that are kept unpacked.
        archived: Packed orders that are kept at all; older ones are forgotten and counted.
    """
    return OrderTable(directory, recent, archived)
