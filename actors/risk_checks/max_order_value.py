"""Maximum order value: price x quantity x multiplier of a single order, in settlement currency.

The price is the order's limit, else its trigger, else what a market order would take at once (touch,
else last trade, else last bar). For an inverse contract the value is quantity x multiplier / price.
"""

from typing import ClassVar, NamedTuple

from openoutcry.actors.risk_checks.base import NO_REFERENCE, Reference, RiskCheck, RiskView
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.instruments import Instrument


class Bound(NamedTuple):
    """Compared by cross-multiplication, so that nothing is rounded.

    An order passes while quantity x price x left <= right, or for inverse contracts while
    quantity x left <= right x price; quantity in units, price in doubled units.
    """

    left: int
    right: int
    inverse: bool
    text: str


class MaxOrderValue(RiskCheck[tuple[Bound | str | None, Reference]]):
    """`max_order_value`, in the settlement currency of the instrument."""

    name: ClassVar[str] = "max_order_value"

    def resolve(
        self, instrument: Instrument, limits: RiskLimits
    ) -> tuple[Bound | str | None, Reference]:
        """The integers to compare with, and where a market order's price comes from."""
        reference = Reference(limits.collar)
        value = limits.max_order_value
        if value is None or isinstance(value, str):
            refusal = self.usable(value, int)
            assert not isinstance(refusal, int)
            return refusal, reference
        top, bottom = value.as_integer_ratio()
        times, per = instrument.multiplier.as_integer_ratio()
        price_unit, size_unit = 10**instrument.price_scale, 10**instrument.size_scale
        text = f"{value} {instrument.settlement}"
        if instrument.inverse:
            return Bound(
                2 * times * bottom * price_unit, top * per * size_unit, True, text
            ), reference
        return Bound(times * bottom, 2 * top * per * price_unit * size_unit, False, text), reference

    def check(self, order: SubmitOrder, _added: int, view: RiskView) -> str | None:
        """Why the value is no good."""
        bound, reference = self._limits[order.instrument]
        if not isinstance(bound, Bound):
            return bound
        own = order.trigger_units if order.limit_units is None else order.limit_units
        if own is not None:
            price = 2 * abs(own)
        else:
            prices = reference.doubled(order, view)
            if prices is None:
                return NO_REFERENCE
            price = abs(prices[1])
        left, right, inverse, text = bound
        if inverse:
            exceeds = order.quantity_units * left > right * price
        else:
            exceeds = order.quantity_units * price * left > right
        return f"it is worth more than {text}" if exceeds else None
