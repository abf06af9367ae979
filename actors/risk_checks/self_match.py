"""Self-match: an order may not trade against another order of ours, of whatever strategy.

Both would be ours at the venue: it earns nothing, costs two fees and is a wash trade where that is
forbidden. Orders that may rest are compared, those on their way included, but not those whose cancel was
sent before: commands reach a venue in their order. The older order stays, the new one is denied. A market order is taken to reach the touch; without a fresh
reference any resting order in its way blocks it. Orders that wait for a trigger are not looked at: they
meet a market that nobody knows yet. A post-only order never takes.
"""

from typing import ClassVar, Final

from openoutcry.actors.risk_checks.base import Reference, RiskCheck, RiskView
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import to_decimal

_BUY: Final = Side.BUY
_MARKET: Final = OrderType.MARKET
_TAKERS: Final = (OrderType.MARKET, OrderType.LIMIT)


class SelfMatch(RiskCheck[Reference]):
    """Needs no limit: it always holds."""

    name: ClassVar[str] = "self_match"

    def resolve(self, _instrument: Instrument, limits: RiskLimits) -> Reference:
        """Where a market order's price comes from."""
        return Reference(limits.collar)

    def check(self, order: SubmitOrder, _added: int, view: RiskView) -> str | None:
        """Which of our orders it would trade against."""
        if order.order_type not in _TAKERS or order.post_only:
            return None
        resting = view.resting(order.instrument, order.side.opposite)
        if not resting:
            return None
        if order.order_type is _MARKET:
            prices = self._limits[order.instrument].doubled(order, view)
            reach = None if prices is None else prices[1]
        else:
            reach = None if order.limit_units is None else 2 * order.limit_units
        for strategy, limit in resting:
            if reach is None or (reach >= 2 * limit if order.side is _BUY else reach <= 2 * limit):
                price = to_decimal(limit, order.price_scale)
                return f"it would trade against the {order.side.opposite.value} of {strategy} at {price}"
        return None
