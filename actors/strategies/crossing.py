"""What the shipped crosses have in common: hold one side or the other, until the lines cross again."""

from decimal import Decimal
from typing import Final

from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import PriceType
from openoutcry.state.events import (
    AnyOrderEvent,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderNotSent,
    OrderRejected,
    TimerFired,
)
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.signals import Crossed

_RETRY_NS: Final = 60 * 1_000_000_000
_NOT_FILLED: Final = (OrderDenied, OrderNotSent, OrderRejected, OrderCanceled, OrderExpired)


class Crossing(Strategy):
    """Holds `size` while the first line is at or above the second, else the opposite or nothing.

    It acts when the lines cross and not in between. An order that does not fill (denied, rejected, or
    canceled and expired with something left) is made up for a minute later, again and again, if the
    lines still say so. A position that changes by itself (flattened, liquidated, split) stays as it is
    until the next cross.
    """

    class Params(Strategy.Params):
        """`size` is the held quantity; `long_only` goes flat instead of short."""

        instrument: InstrumentId
        size: Decimal
        timeframe: str = "1m"
        price_type: PriceType | None = None
        long_only: bool = False

    class State(Strategy.State):
        """The quantity that the lines say; None before they said anything."""

        wanted: Decimal | None = None

    params: Params
    state: State

    def on_cross(self, cross: Crossed) -> None:
        """Take the side that the lines say."""
        short = Decimal(0) if self.params.long_only else -self.params.size
        self._hold(self.params.size if cross.above else short)

    def on_order(self, event: AnyOrderEvent) -> None:
        """Something did not fill: try again a minute later."""
        if isinstance(event, _NOT_FILLED):
            self.after("retry", _RETRY_NS)

    def on_timer(self, _timer: TimerFired) -> None:
        """Ask again for what is missing, if anything is."""
        if self.state.wanted is not None:
            self.target(self.params.instrument, self.state.wanted)

    def on_stop(self) -> None:
        """Go home flat."""
        self.cancel_all(self.params.instrument)
        self._hold(Decimal(0))

    def _hold(self, wanted: Decimal) -> None:
        self.state.wanted = wanted
        self.target(self.params.instrument, wanted)
