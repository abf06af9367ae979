"""The configured limits as the engine takes them: integers per instrument, or why nothing may pass.

The checks themselves stand in `rust_ext/src/risk/checks/`, one file each. A limit that is missing
denies, and so does `"unlimited"` in live mode. What the scale of an instrument can't hold is rounded
down: a limit never grows. A limit beyond the engine's integers denies as well.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from openoutcry import _native
from openoutcry.state.config import CountLimit, Limit, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode
from openoutcry.state.instruments import Instrument

NO_LIMIT: Final = "no limit is set"
UNLIMITED_LIVE: Final = "unlimited is refused in live mode"
NUMERIC_OVERFLOW: Final = "numeric overflow"

_MAX_DIGITS: Final = 38  # of a limit, before and after the point: 10^38 is below 2^127
_BPS_SCALE: Final = 6  # a deviation in basis points may have six decimals


def native_risk(
    directory: _native.Directory, instruments: Sequence[Instrument], config: RiskConfig, mode: Mode
) -> _native.Risk:
    """Halts and checks of a run; `instruments` in the order of the directory."""
    return _native.Risk(
        directory, [native_limits(item, config.limits(item.id), mode) for item in instruments]
    )


def native_limits(instrument: Instrument, limits: RiskLimits, mode: Mode) -> dict[str, Any]:
    """One instrument's limits: units, or None for unlimited, or a text why nothing may pass.

    `collar` is in millionths of a basis point, `max_order_value` (numerator, denominator, text) in the
    settlement currency, the quantities in units of the instrument.
    """

    def usable(limit: Limit | CountLimit | None, units: Callable[[Decimal], Any]) -> Any:
        if limit is None:
            return NO_LIMIT
        if isinstance(limit, str):
            return UNLIMITED_LIVE if mode is Mode.LIVE else None
        value = Decimal(limit)
        return units(value) if _fits(value) else NUMERIC_OVERFLOW

    def scaled(scale: int) -> Callable[[Decimal], int]:
        return lambda limit: int(limit.scaleb(scale))

    def worth(limit: Decimal) -> tuple[int, int, str]:
        return *limit.as_integer_ratio(), f"{limit} {instrument.settlement}"

    collar = limits.collar
    return {
        "collar": usable(collar.max_deviation_bps, scaled(_BPS_SCALE)),
        "quote_age_ms": collar.quote_age_ms,
        "trade_age_ms": collar.trade_age_ms,
        "bar_age_ms": collar.bar_age_ms,
        "max_order_value": usable(limits.max_order_value, worth),
        "max_order_quantity": usable(limits.max_order_quantity, scaled(instrument.size_scale)),
        "max_position": usable(limits.max_position, scaled(instrument.size_scale)),
        "max_orders": usable(limits.max_orders, int),
        "per_ms": limits.per_ms,
    }


def _fits(limit: Decimal) -> bool:
    """Looked at before any integer is made: an exponent alone can occupy a processor."""
    if not limit.is_finite():
        return False
    exponent = limit.as_tuple().exponent
    assert isinstance(exponent, int)
    return limit.adjusted() < _MAX_DIGITS and exponent >= -_MAX_DIGITS
