"""What a pre-trade check is: it looks at one order and a view of the world, and says why not.

To add a check: one file with a class deriving from `RiskCheck`, one line in `standard_checks`, one
limit in `state/config.py`, and tests that it passes, blocks, stands on its boundary and denies when
its limit is missing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import CollarConfig, CountLimit, Limit, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode, Side
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED

Resolved = int | str | None
"""A limit as a check uses it: integer units, or None when there is none, or why nothing may pass."""

LimitT = TypeVar("LimitT")
NANOS_PER_MS: Final = 1_000_000
NO_REFERENCE: Final = "no quote, trade or bar is fresh enough to measure against"

_BUY: Final = Side.BUY


class RiskView(Protocol):
    """Everything that a check may read. Quantities in units of the instrument, times in ns UTC."""

    @property
    def now(self) -> int:
        """Time of the input being handled."""

    def quote(self, instrument: InstrumentId, /) -> tuple[int, int, int, int, int] | None:
        """(ts_received, bid, ask, bid size, ask size) of the last quote; sides may be `UNDEFINED`."""

    def trade(self, instrument: InstrumentId, /) -> tuple[int, int, int] | None:
        """(ts_received, price, size) of the last trade."""

    def bar(self, instrument: InstrumentId, /) -> tuple[int, int] | None:
        """(ts_received, close) of the last bar."""

    def position_units(self, strategy: StrategyId | None, instrument: InstrumentId, /) -> int:
        """Signed position of a strategy, or of the account."""

    def working_units(
        self, strategy: StrategyId | None, instrument: InstrumentId, /
    ) -> tuple[int, int]:
        """What may still be bought and sold, unsigned: approved, working and unknown orders.

        Orders that can only reduce a position are left out.
        """

    def resting(self, instrument: InstrumentId, side: Side, /) -> Sequence[tuple[StrategyId, int]]:
        """(strategy, limit price) of our orders on a side that rest, or may soon, oldest first."""


class RiskCheck(ABC, Generic[LimitT]):
    """Base of all checks: limits are resolved to integers once, when the check is made.

    Args:
        instruments: Every instrument of the run.
        config: The limits.
        mode: `"unlimited"` is refused in live mode.
    """

    name: ClassVar[str]

    def __init__(self, instruments: Sequence[Instrument], config: RiskConfig, mode: Mode) -> None:
        self._mode = mode
        self._limits = {item.id: self.resolve(item, config.limits(item.id)) for item in instruments}

    @abstractmethod
    def resolve(self, instrument: Instrument, limits: RiskLimits, /) -> LimitT:
        """What the check needs to know of one instrument's limits."""

    @abstractmethod
    def check(self, order: SubmitOrder, added: int, view: RiskView, /) -> str | None:
        """Why an order may not pass, or None.

        Args:
            order: The order; for a replace, the order with its new terms.
            added: Quantity that may fill at worst beyond what was approved before, in units.
            view: The world as far as checks may see it.
        """

    def approved(self, order: SubmitOrder, now: int) -> None:
        """The order passed every check and leaves; most checks need not remember it."""

    def snapshot(self) -> bytes:
        """What the check remembers of earlier orders; empty for most."""
        return b""

    def restore(self, data: bytes) -> None:
        """Remember what a snapshot says."""

    def usable(self, limit: Limit | CountLimit | None, units: Callable[[Decimal], int]) -> Resolved:
        """A configured limit as the check uses it; a missing limit lets nothing pass."""
        if limit is None:
            return "no limit is set"
        if isinstance(limit, str):
            return "unlimited is refused in live mode" if self._mode is Mode.LIVE else None
        return units(Decimal(limit))


class Reference:
    """The price that orders are measured against: the last quote, else trade, else bar close.

    Each has its own age limit. A quote that is crossed or lacks a side is no reference. Prices are
    doubled, because half of bid plus ask is not always a whole unit.
    """

    __slots__ = ("_bar_age", "_quote_age", "_trade_age")

    def __init__(self, collar: CollarConfig) -> None:
        self._quote_age = collar.quote_age_ms * NANOS_PER_MS
        self._trade_age = collar.trade_age_ms * NANOS_PER_MS
        self._bar_age = collar.bar_age_ms * NANOS_PER_MS

    def doubled(self, order: SubmitOrder, view: RiskView) -> tuple[int, int] | None:
        """(twice the reference price, twice the price that the order would take at once).

        None when nothing is fresh enough. Without a quote the two are the same.
        """
        now = view.now
        instrument = order.instrument
        quote = view.quote(instrument)
        if quote is not None and now - quote[0] <= self._quote_age:
            bid, ask = quote[1], quote[2]
            if UNDEFINED not in (bid, ask) and bid <= ask:
                return bid + ask, 2 * (ask if order.side is _BUY else bid)
        trade = view.trade(instrument)
        if trade is not None and now - trade[0] <= self._trade_age:
            return 2 * trade[1], 2 * trade[1]
        bar = view.bar(instrument)
        if bar is not None and now - bar[0] <= self._bar_age:
            return 2 * bar[1], 2 * bar[1]
        return None
