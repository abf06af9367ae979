"""How Python and the compiled engine know each other: classes given once, instruments as integers.

Importing this module binds the engine to the message, enum and error classes. Everything that uses
the engine imports it, so nobody has to remember to.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from openoutcry import _native
from openoutcry.state import commands, enums, errors, events, market_data, signals
from openoutcry.state.currencies import MAX_SCALE, scale_of
from openoutcry.state.decimals import to_units
from openoutcry.state.errors import ConfigError, NumericOverflow
from openoutcry.state.instruments import Equity, Index, Instrument

_I64_MAX = 2**63 - 1
_MARGIN_SCALE = 9

_native.bind(
    {
        name: value
        for module in (enums, errors, commands, market_data, events, signals)
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }
)


def currency_table(
    instruments: Iterable[Instrument],
    others: Iterable[str] = (),
    scales: Mapping[str, int] | None = None,
) -> tuple[tuple[str, int], ...]:
    """Every currency of a run as (code, scale), sorted by code; its position is its index.

    Args:
        instruments: Their quote, settlement and base currencies are included.
        others: More codes: balances, fee currencies, the account currency.
        scales: Decimals of currencies that differ from the built-in table (`[currencies]`).

    Raises:
        ConfigError: A scale is not in 0..18.
    """
    codes = set(others)
    for instrument in instruments:
        codes.update((instrument.quote, instrument.settlement))
        if instrument.base is not None:
            codes.add(instrument.base)
    given = scales or {}
    table = tuple((code, given.get(code, scale_of(code))) for code in sorted(codes))
    for code, scale in table:
        if not 0 <= scale <= MAX_SCALE:
            raise ConfigError(f"currency {code}: scale {scale} is not in 0..{MAX_SCALE}")
    return table


def spec(instrument: Instrument, table: Sequence[tuple[str, int]]) -> _native.InstrumentSpec:
    """The instrument as the engine needs it.

    Margins are 0 where the instrument states none: then the account's leverage alone decides.

    Args:
        instrument: Any instrument.
        table: The run's currencies, from `currency_table`.

    Raises:
        ConfigError: Values that contradict each other, or a currency that is not in the table.
        NotRepresentable: A limit with more decimals than its unit has.
        NumericOverflow: A value beyond 64 bits.
    """
    indexes = {code: index for index, (code, _) in enumerate(table)}
    scales = dict(table)
    name = instrument.id

    def index(code: str) -> int:
        if code not in indexes:
            raise ConfigError(f"{name}: currency {code} is not in the run's table")
        return indexes[code]

    settlement_index = index(instrument.settlement)
    multiplier, multiplier_scale = _mantissa(name, instrument.multiplier)
    smallest, largest = instrument.min_quantity, instrument.max_quantity
    # What is delivered must be a balance; the underlying of a contract need not be one.
    delivered = instrument.base if not instrument.margined else None
    return _native.InstrumentSpec(
        id=name,
        price_scale=instrument.price_scale,
        size_scale=instrument.size_scale,
        tick=instrument.tick_units,
        lot=instrument.lot_units,
        min_quantity=instrument.lot_units
        if smallest is None
        else instrument.quantity_units(smallest),
        max_quantity=None if largest is None else instrument.quantity_units(largest),
        min_notional=_exact(
            name, "min_notional", instrument.min_notional, scales[instrument.settlement]
        ),
        multiplier=multiplier,
        multiplier_scale=multiplier_scale,
        inverse=instrument.inverse,
        margined=instrument.margined,
        base=None if delivered is None else index(delivered),
        quote=index(instrument.quote),
        settlement=settlement_index,
        margin_initial=_exact(name, "margin_initial", instrument.margin_initial, _MARGIN_SCALE),
        margin_maintenance=_exact(
            name, "margin_maintenance", instrument.margin_maintenance, _MARGIN_SCALE
        ),
        shortable=not isinstance(instrument, Equity) or instrument.shortable,
        tradable=not isinstance(instrument, Index),
    )


def _mantissa(name: str, value: Decimal) -> tuple[int, int]:
    """A positive decimal as (units, scale) with the fewest decimals."""
    units, scale = to_units(value, MAX_SCALE), MAX_SCALE
    if units <= 0:
        raise ConfigError(f"{name}: multiplier {value} is not positive")
    while scale and units % 10 == 0:
        units, scale = units // 10, scale - 1
    return _checked(name, "multiplier", units), scale


def _exact(name: str, what: str, value: Decimal | None, scale: int) -> int:
    """A decimal limit in units of 10^-`scale`, 0 for None."""
    return 0 if value is None else _checked(name, what, to_units(value, scale))


def _checked(name: str, what: str, units: int) -> int:
    if abs(units) > _I64_MAX:
        raise NumericOverflow(f"{name}: {what} does not fit 64 bits")
    return units
