"""The configured limits as the engine takes them: integers per instrument, or why nothing may pass.

The checks themselves stand in `rust_ext/src/risk/checks/`, one file each. A limit that is missing
denies, and so does `"unlimited"` in live mode. What the scale of an instrument can't hold is rounded
down: a limit never grows. A limit beyond the engine's integers denies as well.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from openoutcry import _native
from openoutcry.state.enums import Mode
from openoutcry.state.identifiers import StrategyId, venue_of
from openoutcry.state.instruments import Instrument
from openoutcry.state.risk_config import (
    LIVE_NEEDS,
    AccountLimits,
    CountLimit,
    HolderLimits,
    Limit,
    RiskConfig,
    RiskLimits,
    StrategyLimits,
    VenueLimits,
)

NO_LIMIT: Final = "no limit is set"
UNLIMITED_LIVE: Final = "unlimited is refused in live mode"
NUMERIC_OVERFLOW: Final = "numeric overflow"

_MAX_DIGITS: Final = 38  # of a limit, before and after the point: 10^38 is below 2^127
_BPS_SCALE: Final = 6  # a deviation in basis points may have six decimals
_SECOND: Final = 10**9
_LAST_YEAR: Final = 2100
_REJECTS: Final[dict[type, int]] = {StrategyLimits: 100, VenueLimits: 200}
_MONEY: Final = (
    "max_gross_exposure",
    "max_net_exposure",
    "daily_loss_reduce",
    "daily_loss_halt",
    "drawdown_reduce",
    "drawdown_halt",
)
_COUNTS: Final = ("max_messages", "max_executions", "max_rejects")


def native_risk(
    directory: _native.Directory,
    instruments: Sequence[Instrument],
    config: RiskConfig,
    mode: Mode,
    *,
    money: tuple[str, int] = ("", 0),
    strategies: Iterable[StrategyId] = (),
) -> _native.Risk:
    """Latches and checks of a run; `instruments` in the order of the directory.

    `money` is the account currency and its scale.
    """
    limits = [native_limits(item, config.limits(item.id), mode) for item in instruments]
    venues = {venue_of(item.id) for item in instruments}
    scale = money[1]
    controls = {
        "account": native_holder(config.account, scale, mode),
        "strategies": {
            name: native_holder(config.strategy_limits(name), scale, mode) for name in strategies
        },
        "venues": {
            name: native_holder(config.venue_limits(name), scale, mode) for name in sorted(venues)
        },
        "money": money,
        "day_starts": _time_of_day(config.day_starts),
        "day_offsets": utc_offsets(config.day_zone),
        "live": mode is Mode.LIVE,
    }
    return _native.Risk(directory, limits, controls)


def native_holder(limits: HolderLimits, scale: int, mode: Mode) -> dict[str, Any]:
    """Limits of the account, a strategy or a venue; amounts in units of the account currency."""
    needed = LIVE_NEEDS if isinstance(limits, AccountLimits) and mode is Mode.LIVE else ()
    found: dict[str, Any] = {
        "messages_ms": getattr(limits, "messages_ms", 1),
        "executions_ms": getattr(limits, "executions_ms", 1),
    }
    for name in (*_MONEY, *_COUNTS):
        limit = getattr(limits, name, None)
        if limit is None and name == "max_rejects" and mode is not Mode.REPLAY:
            limit = _REJECTS.get(type(limits))
        if limit is None and name not in needed:
            found[name] = None
        else:
            places = scale if name in _MONEY else 0
            found[name] = _usable(limit, _scaled(places), mode)
    return found


def utc_offsets(zone: str) -> list[tuple[int, int]]:
    """What a zone's clock shows less UTC, as (from when, nanoseconds), both in nanoseconds UTC.

    From 1990 to 2100, to the quarter of an hour; `UTC` is one entry.
    """
    start = datetime(1990, 1, 1, tzinfo=UTC)
    clock = ZoneInfo(zone)

    def offset(at: datetime) -> int:
        shown = at.astimezone(clock).utcoffset()
        assert shown is not None
        return round(shown.total_seconds()) * _SECOND

    found = [(-(2**63), offset(start))]
    if zone == "UTC":
        return found
    day, step = timedelta(days=1), timedelta(minutes=15)
    at = start
    while at.year < _LAST_YEAR:
        after = at + day
        if offset(after) != found[-1][1]:
            while offset(at) == found[-1][1]:
                at += step
            found.append((round(at.timestamp()) * _SECOND, offset(at)))
        at = after
    return found


def _time_of_day(text: str) -> int:
    """Nanoseconds after midnight of `HH:MM`."""
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60 * _SECOND


def native_limits(instrument: Instrument, limits: RiskLimits, mode: Mode) -> dict[str, Any]:
    """One instrument's limits: units, or None for unlimited, or a text why nothing may pass.

    `collar` is in millionths of a basis point, `max_order_value` (numerator, denominator, text) in the
    settlement currency, the quantities in units of the instrument.
    """

    def usable(limit: Limit | CountLimit | None, units: Callable[[Decimal], Any]) -> Any:
        return _usable(limit, units, mode)

    def worth(limit: Decimal) -> tuple[int, int, str]:
        return *limit.as_integer_ratio(), f"{limit} {instrument.settlement}"

    collar = limits.collar
    return {
        "collar": usable(collar.max_deviation_bps, _scaled(_BPS_SCALE)),
        "quote_age_ms": collar.quote_age_ms,
        "trade_age_ms": collar.trade_age_ms,
        "bar_age_ms": collar.bar_age_ms,
        "max_order_value": usable(limits.max_order_value, worth),
        "max_order_quantity": usable(limits.max_order_quantity, _scaled(instrument.size_scale)),
        "max_position": usable(limits.max_position, _scaled(instrument.size_scale)),
        "max_orders": usable(limits.max_orders, int),
        "per_ms": limits.per_ms,
        "max_data_age_ms": usable(limits.max_data_age_ms, int),
        "duplicate_ms": (
            None
            if limits.duplicate_ms is None and mode is not Mode.LIVE
            else usable(limits.duplicate_ms, int)
        ),
    }


def _usable(limit: Limit | CountLimit | None, units: Callable[[Decimal], Any], mode: Mode) -> Any:
    if limit is None:
        return NO_LIMIT
    if isinstance(limit, str):
        return UNLIMITED_LIVE if mode is Mode.LIVE else None
    value = Decimal(limit)
    return units(value) if _fits(value) else NUMERIC_OVERFLOW


def _scaled(scale: int) -> Callable[[Decimal], int]:
    return lambda limit: int(limit.scaleb(scale))


def _fits(limit: Decimal) -> bool:
    """Looked at before any integer is made: an exponent alone can occupy a processor."""
    if not limit.is_finite():
        return False
    exponent = limit.as_tuple().exponent
    assert isinstance(exponent, int)
    return limit.adjusted() < _MAX_DIGITS and exponent >= -_MAX_DIGITS
