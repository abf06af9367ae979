"""Order rate: at most so many orders in any window of time, per strategy and instrument.

The stamps of the last orders are kept, as many as the limit allows: an order passes when the oldest of
them has left the window. A token bucket is smaller but lets almost twice the limit through in one
window (a full bucket, then its refill); this never exceeds it. Time is that of the inputs.
Approved orders and replaces count, cancels do not.
"""

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from openoutcry.actors.risk_checks.base import NANOS_PER_MS, Resolved, RiskCheck, RiskView
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import RiskConfig, RiskLimits
from openoutcry.state.enums import Mode
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument

_Stored = list[tuple[StrategyId, InstrumentId, list[int]]]


class OrderRate(RiskCheck[tuple[Resolved, int]]):
    """`max_orders` per `per_ms`."""

    name: ClassVar[str] = "order_rate"

    def __init__(self, instruments: Sequence[Instrument], config: RiskConfig, mode: Mode) -> None:
        super().__init__(instruments, config, mode)
        self._stamps: dict[tuple[StrategyId, InstrumentId], deque[int]] = {}

    def resolve(self, _instrument: Instrument, limits: RiskLimits) -> tuple[Resolved, int]:
        """The number of orders, and the window in nanoseconds."""
        return self.usable(limits.max_orders, int), limits.per_ms * NANOS_PER_MS

    def check(self, order: SubmitOrder, _added: int, view: RiskView) -> str | None:
        """Why it is too soon."""
        limit, window = self._limits[order.instrument]
        if not isinstance(limit, int):
            return limit
        stamps = self._stamps.get((order.strategy, order.instrument), ())
        if len(stamps) < limit or (stamps and view.now - stamps[0] >= window):
            return None
        return f"{limit} orders within {window // NANOS_PER_MS} ms are allowed"

    def approved(self, order: SubmitOrder, now: int) -> None:
        """Count the order."""
        limit, _ = self._limits[order.instrument]
        if isinstance(limit, int):
            key = (order.strategy, order.instrument)
            stamps = self._stamps.get(key)
            if stamps is None:
                stamps = self._stamps[key] = deque(maxlen=limit)
            stamps.append(now)

    def snapshot(self) -> bytes:
        """The stamps, in the order in which strategies first traded."""
        stored: _Stored = [(*key, list(stamps)) for key, stamps in self._stamps.items()]
        return msgspec.msgpack.encode(stored)

    def restore(self, data: bytes) -> None:
        """Continue with the stamps of a snapshot."""
        self._stamps.clear()
        for strategy, instrument, stamps in msgspec.msgpack.decode(data, type=_Stored):
            limit, _ = self._limits[instrument]
            if isinstance(limit, int):
                self._stamps[strategy, instrument] = deque(stamps, maxlen=limit)
