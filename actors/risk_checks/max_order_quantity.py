"""Maximum order quantity (volume): the largest single order."""

from typing import ClassVar

from openoutcry.actors.risk_checks.base import Resolved, RiskCheck, RiskView
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import to_decimal


class MaxOrderQuantity(RiskCheck[Resolved]):
    """`max_order_quantity`, in units of quantity; a replace is measured by its new total."""

    name: ClassVar[str] = "max_order_quantity"

    def resolve(self, instrument: Instrument, limits: RiskLimits) -> Resolved:
        """The limit in quantity units; what the scale can't hold is rounded down."""
        scale = instrument.size_scale
        return self.usable(limits.max_order_quantity, lambda limit: int(limit.scaleb(scale)))

    def check(self, order: SubmitOrder, _added: int, _view: RiskView) -> str | None:
        """Why the quantity is no good."""
        limit = self._limits[order.instrument]
        quantity = order.quantity_units
        if quantity <= 0:
            return f"a quantity of {order.quantity} can't be ordered"
        if not isinstance(limit, int):
            return limit
        if quantity <= limit:
            return None
        return f"{order.quantity} is more than {to_decimal(limit, order.size_scale)}"
