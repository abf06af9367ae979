"""A venue's config as the simulated venue reads it: integers, words and lists, no decimals."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from openoutcry.state.calendars import Session
from openoutcry.state.config import FeesConfig, SlippageConfig, VenueConfig
from openoutcry.state.enums import AccountType, PositionMode
from openoutcry.state.errors import ConfigError, NotRepresentable, NumericOverflow
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument

FRACTION_SCALE = 12
"""Decimals of fractions and fee amounts in the mapping."""
LEVERAGE_SCALE = 9
"""Decimals of the leverage."""
DEFAULT_VOLUME_LIMIT = Decimal("0.025")
"""Share of a bar's volume that the `volume_share` model fills when the config names none."""

Sessions = Mapping[InstrumentId, Sequence[Session]]
"""Trading hours by instrument, ascending and disjoint."""

_I64_MAX = 2**63 - 1


def exchange_mapping(
    venue: VenueConfig,
    instruments: Sequence[Instrument],
    table: Sequence[tuple[str, int]],
    sessions: Sessions | None = None,
) -> dict[str, Any]:
    """One entry of `Kernel(venues=...)`.

    Args:
        venue: The section of the config.
        instruments: All instruments of the run, in its order; the venue takes its own.
        table: The run's currencies as (code, scale), from `state.binding.currency_table`.
        sessions: Trading hours; an instrument that is left out never closes.

    Returns:
        `name` str; `instruments` list of indexes; `order_latency_us`, `report_latency_us`;
        `margin`, `hedging`, `consume`, `match_crossed` bool; `leverage` (10^-9); `balances` list of
        (currency index, units); `fee_maker`, `fee_taker`, `fee_per_share`, `fee_per_order`,
        `fee_minimum` (10^-12); `fee_currency` "settlement", "base" or a currency index;
        `fee_rounding`, `bar_fill`, `passive`, `queue`, `overflow`, `slippage` words;
        `slippage_fraction`, `slippage_impact` (10^-12); `slippage_ticks`; `volume_limit` (10^-12) or None;
        `sessions` list of (instrument index, list of (open, close, day close)).

    Raises:
        ConfigError: A currency that the run does not have, or a value that makes no sense.
        NotRepresentable: More decimals than the engine keeps.
        NumericOverflow: A value beyond 64 bits.
    """
    _check(venue)
    own = [ix for ix, instrument in enumerate(instruments) if instrument.venue == venue.name]
    hours = sessions or {}
    return {
        "name": venue.name,
        "instruments": own,
        "order_latency_us": venue.order_latency_us,
        "report_latency_us": venue.report_latency_us,
        "margin": venue.account is AccountType.MARGIN,
        "hedging": venue.positions is PositionMode.HEDGING,
        "leverage": _units(venue, "leverage", venue.leverage, LEVERAGE_SCALE),
        "balances": _balances(venue, table),
        **_fees(venue, venue.fees, table),
        "bar_fill": venue.matching.bar_fill,
        "passive": venue.matching.passive,
        "queue": venue.matching.queue,
        "overflow": venue.matching.overflow,
        "consume": venue.matching.consume,
        "match_crossed": venue.matching.crossed == "match",
        **_slippage(venue, venue.matching.slippage),
        "sessions": [
            (ix, list(hours[instruments[ix].id])) for ix in own if instruments[ix].id in hours
        ],
    }


def _check(venue: VenueConfig) -> None:
    _check_queue(venue)
    slippage = venue.matching.slippage
    limit = slippage.volume_limit
    at_least: dict[str, tuple[Decimal | int, int]] = {
        "leverage": (venue.leverage, 1),
        "order_latency_us": (venue.order_latency_us, 0),
        "report_latency_us": (venue.report_latency_us, 0),
        "fees.minimum": (venue.fees.minimum, 0),
        "matching.slippage.bps": (slippage.bps, 0),
        "matching.slippage.fraction": (slippage.fraction, 0),
        "matching.slippage.ticks": (slippage.ticks, 0),
        "matching.slippage.price_impact": (slippage.price_impact, 0),
    }
    for name, (value, least) in at_least.items():
        number = Decimal(value)
        if not number.is_finite() or number < least:
            raise ConfigError(
                f"venue {venue.name}: {name} = {value} is not a number from {least} up"
            )
    if limit is not None and not (limit.is_finite() and 0 < limit <= 1):
        name = "matching.slippage.volume_limit"
        raise ConfigError(f"venue {venue.name}: {name} = {limit} is no share between 0 and 1")


def _check_queue(venue: VenueConfig) -> None:
    passive, queue = venue.matching.passive, venue.matching.queue
    if queue != "none" and passive == "book":
        raise ConfigError(
            f'venue {venue.name}: matching.queue = "{queue}" orders what prints fill; '
            'set matching.passive to "trades" or "both"'
        )
    if queue == "none" and passive == "both":
        raise ConfigError(
            f'venue {venue.name}: matching.passive = "both" would fill an order twice without a '
            'queue; set matching.queue to "conservative" or "proportional"'
        )


def _balances(venue: VenueConfig, table: Sequence[tuple[str, int]]) -> list[tuple[int, int]]:
    balances = []
    for code, amount in venue.balances.items():
        index = _currency(venue, code, table)
        units = _exact(f"venue {venue.name}: balance {code}", amount, table[index][1])
        balances.append((index, units))
    return sorted(balances)


def _fees(
    venue: VenueConfig, fees: FeesConfig, table: Sequence[tuple[str, int]]
) -> dict[str, object]:
    words = {"quote": "settlement", "base": "base"}
    amounts = {
        f"fee_{name}": _units(venue, f"fees.{name}", getattr(fees, name), FRACTION_SCALE)
        for name in ("maker", "taker", "per_share", "per_order", "minimum")
    }
    currency = words.get(fees.currency)
    return {
        **amounts,
        "fee_currency": currency or _currency(venue, fees.currency, table),
        "fee_rounding": fees.rounding,
    }


def _slippage(venue: VenueConfig, slippage: SlippageConfig) -> dict[str, object]:
    # One field for the one fraction that the model has: of the price, or of the spread.
    fraction = slippage.bps / 10_000 if slippage.model == "fixed_bps" else slippage.fraction
    limit = slippage.volume_limit
    if limit is None and slippage.model == "volume_share":
        limit = DEFAULT_VOLUME_LIMIT
    name = "matching.slippage"
    return {
        "slippage": slippage.model,
        "slippage_fraction": _units(venue, name, fraction, FRACTION_SCALE),
        "slippage_ticks": slippage.ticks,
        "slippage_impact": _units(venue, name, slippage.price_impact, FRACTION_SCALE),
        "volume_limit": None if limit is None else _units(venue, name, limit, FRACTION_SCALE),
    }


def _currency(venue: VenueConfig, code: str, table: Sequence[tuple[str, int]]) -> int:
    for index, (known, _) in enumerate(table):
        if known == code:
            return index
    raise ConfigError(f"venue {venue.name}: currency {code} is not in the run's table")


def _units(venue: VenueConfig, name: str, value: Decimal, scale: int) -> int:
    units = _exact(f"venue {venue.name}: {name}", value, scale)
    if abs(units) > _I64_MAX:
        raise NumericOverflow(f"venue {venue.name}: {name} = {value} is too large")
    return units


def _exact(what: str, value: Decimal, scale: int) -> int:
    if not value.is_finite():
        raise NotRepresentable(f"{what} = {value} is not a number")
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # finite, checked above
    if value.adjusted() > 30:
        raise NumericOverflow(f"{what} = {value} is too large")
    # Fractions, because a decimal context would round silently beyond its precision.
    scaled = Fraction(value) * 10**scale if exponent > -60 else Fraction(1, 2)
    if scaled.denominator != 1:
        raise NotRepresentable(f"{what} = {value} has more than {scale} decimals")
    return scaled.numerator
