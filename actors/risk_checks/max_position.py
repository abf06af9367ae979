"""Maximum position: what a strategy, and the account, could hold at worst.

The worst case is the position plus everything that may still fill on the order's side: approved,
working and unknown orders and the order itself. Orders that can only reduce are left out, and an order
that at worst brings a position back to zero is never blocked. The account is measured like one more
strategy: it stands for what the venue sees.
"""

from typing import ClassVar, Final

from openoutcry.actors.risk_checks.base import Resolved, RiskCheck, RiskView
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskLimits
from openoutcry.state.enums import Side
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import to_decimal

_BUY: Final = Side.BUY


class MaxPosition(RiskCheck[Resolved]):
    """`max_position`, in units of quantity, long or short."""

    name: ClassVar[str] = "max_position"

    def resolve(self, instrument: Instrument, limits: RiskLimits) -> Resolved:
        """The limit in quantity units; what the scale can't hold is rounded down."""
        scale = instrument.size_scale
        return self.usable(limits.max_position, lambda limit: int(limit.scaleb(scale)))

    def check(self, order: SubmitOrder, added: int, view: RiskView) -> str | None:
        """Why the position would be too large."""
        instrument = order.instrument
        limit = self._limits[instrument]
        if limit is None or added <= 0 or order.reduce_only:
            return None
        for holder in (order.strategy, None):
            position = view.position_units(holder, instrument)
            buying, selling = view.working_units(holder, instrument)
            # Signed so that the order's own direction is positive.
            worst = (position + buying if order.side is _BUY else selling - position) + added
            if worst <= 0:
                continue
            if isinstance(limit, str):
                return limit
            if worst > limit:
                scale = order.size_scale
                return (
                    f"{holder or 'the account'} could hold "
                    f"{to_decimal(worst * order.side.sign, scale)}, allowed are "
                    f"{to_decimal(limit, scale)} either way"
                )
        return None
