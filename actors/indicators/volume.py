"""Prices weighted by volume."""

from typing import Final

from openoutcry import _native
from openoutcry.actors.indicators.base import Indicator
from openoutcry.state.errors import CodecError
from openoutcry.state.market_data import Bar

_DAY_NS: Final = 86_400_000_000_000
_DAY_BYTES: Final = 8


class Vwap(Indicator):
    """Volume-weighted mean of the typical price, (high + low + close)/3, of the UTC day.

    It starts anew with the first bar that opens on another UTC day. Bars whose volume is not known
    change nothing. Ready once something was traded on the day.
    """

    engine_name = "vwap"

    def __init__(self) -> None:
        super().__init__()
        self._day = 0

    def update(self, bar: Bar) -> None:
        """Take a closed bar."""
        day = bar.ts_open // _DAY_NS
        if day != self._day:
            self._day = day
            self._native = _native.Indicator(self.engine_name, ())
        super().update(bar)

    @property
    def count(self) -> int:
        """Bars seen on this day."""
        return self._native.count

    def snapshot(self) -> bytes:
        """The state, with the day that it belongs to."""
        return self._day.to_bytes(_DAY_BYTES, "little", signed=True) + super().snapshot()

    def restore(self, data: bytes) -> None:
        """Continue where a snapshot was taken.

        Raises:
            CodecError: It is not a snapshot of this indicator.
        """
        if len(data) < _DAY_BYTES:
            raise CodecError(f"{len(data)} bytes are no snapshot of vwap")
        super().restore(data[_DAY_BYTES:])
        self._day = int.from_bytes(data[:_DAY_BYTES], "little", signed=True)
