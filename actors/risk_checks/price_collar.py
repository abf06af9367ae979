"""Price collar: an order may not be priced much worse than the market.

Worse is above the reference for a buy and below it for a sell; a better price only rests. By type:

- limit: the limit against the reference;
- market: the touch it would take against the middle of the quote, so that a torn-open spread blocks;
- stop-limit and take-profit-limit: the limit against the order's own trigger, which is where the
  market will be when it matters;
- stop, take-profit, trailing stop: they execute at a market that nobody knows yet, so only a fresh
  reference is required, as for every order.
"""

from typing import ClassVar, Final

from openoutcry.actors.risk_checks.base import (
    NO_REFERENCE,
    Reference,
    Resolved,
    RiskCheck,
    RiskView,
)
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import to_decimal

_BPS: Final = 1_000_000  # a limit in basis points may have six decimals
_WHOLE: Final = 10_000 * _BPS
_BUY: Final = Side.BUY
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_AT_A_LATER_MARKET: Final = (OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)


class PriceCollar(RiskCheck[tuple[Resolved, Reference]]):
    """`collar.max_deviation_bps`, in hundredths of a percent of the reference."""

    name: ClassVar[str] = "price_collar"

    def resolve(self, _instrument: Instrument, limits: RiskLimits) -> tuple[Resolved, Reference]:
        """The deviation in millionths of a basis point, and the ages of the reference."""
        deviation = self.usable(limits.collar.max_deviation_bps, lambda bps: int(bps * _BPS))
        return deviation, Reference(limits.collar)

    def check(self, order: SubmitOrder, _added: int, view: RiskView) -> str | None:
        """Why the price is no good."""
        deviation, reference = self._limits[order.instrument]
        if not isinstance(deviation, int):
            return deviation
        prices = reference.doubled(order, view)
        if prices is None:
            return NO_REFERENCE
        middle, price = prices
        kind = order.order_type
        if kind in _AT_A_LATER_MARKET:
            return None
        if kind is not _MARKET:
            limit, trigger = order.limit_units, order.trigger_units
            if limit is None or (kind is not _LIMIT and trigger is None):
                return f"a {kind.value} order lacks its limit or trigger price"
            price = 2 * limit
            if kind is not _LIMIT and trigger is not None:
                middle = 2 * trigger
        worse = price - middle if order.side is _BUY else middle - price
        if worse * _WHOLE > abs(middle) * deviation:
            scale = order.price_scale
            return (
                f"{to_decimal(price, scale) / 2} is more than {to_decimal(deviation // 100, 4)} bp "
                f"worse than {to_decimal(middle, scale) / 2}"
            )
        return None
