"""Limits as strict structs: what may be asked for, by instrument, strategy, venue and account.

Four rules say what holds when a key is left out:

1. A limit of an instrument without a safe value (its type allows None and it stands in `RiskLimits`
   above `per_ms`) is *missing*, and denies every order.
2. A limit whose right value depends on the account (exposure, loss, drawdown, duplicates) is off in
   replay and paper. Live, the account must have it: missing denies.
3. Refusals in a row are limited where a human can re-arm: not in replay.
4. Everything else has a default that a sound strategy does not meet.

`"unlimited"` is an explicit value, refused live.
"""

from decimal import Decimal
from typing import Final, Literal

from openoutcry.state.config_struct import ConfigStruct
from openoutcry.state.identifiers import InstrumentId

Unlimited = Literal["unlimited"]
Limit = Decimal | Unlimited
CountLimit = int | Unlimited


class CollarConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Price collar: how far from the reference an order may be priced, and how old it may be.

    The reference is the last quote, else the last trade, else the last bar, each with its own age
    limit in milliseconds; when all are too old the order is denied.
    """

    max_deviation_bps: Limit | None = None
    quote_age_ms: int = 60_000
    trade_age_ms: int = 300_000
    bar_age_ms: int = 172_800_000


class RiskLimits(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one instrument, or the defaults. Missing (None) denies.

    `max_order_value` is in the settlement currency, `max_order_quantity` and `max_position` in units
    of quantity. The position counts working and unknown orders, on their worst side.
    `max_data_age_ms` is how long nothing may have been heard of an instrument; `duplicate_ms` is how
    long a strategy may not ask for the same order again (missing: off, live it denies).
    """

    collar: CollarConfig = CollarConfig()
    max_order_value: Limit | None = None
    max_order_quantity: Limit | None = None
    max_position: Limit | None = None
    max_orders: CountLimit | None = None
    per_ms: int = 1000  # window of `max_orders`, per strategy and instrument
    max_data_age_ms: CountLimit = 345_600_000  # four days: daily bars over a long weekend
    duplicate_ms: CountLimit | None = None


class AccountLimits(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[risk.account]`: limits of everything together, in the account currency.

    More than `..._reduce` lets only orders pass that reduce; more than `..._halt` halts. Missing: off;
    live, a missing exposure, daily or drawdown halt denies every order.
    """

    max_gross_exposure: Limit | None = None
    max_net_exposure: Limit | None = None
    daily_loss_reduce: Limit | None = None
    daily_loss_halt: Limit | None = None
    drawdown_reduce: Limit | None = None
    drawdown_halt: Limit | None = None


class StrategyLimits(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one strategy, or the defaults. Amounts are in the account currency.

    `max_messages` counts orders, replaces and cancels in any `messages_ms`, `max_executions` fills in
    any `executions_ms`, `max_rejects` denials and rejections in a row. Missing (None) is off.
    """

    max_gross_exposure: Limit | None = None
    max_net_exposure: Limit | None = None
    max_messages: CountLimit = 10_000
    messages_ms: int = 60_000
    max_executions: CountLimit = 5_000
    executions_ms: int = 60_000
    max_rejects: CountLimit | None = None  # off in replay, else 100
    daily_loss_reduce: Limit | None = None
    daily_loss_halt: Limit | None = None
    drawdown_reduce: Limit | None = None
    drawdown_halt: Limit | None = None


class VenueLimits(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one venue over all strategies, or the defaults; as those of a strategy."""

    max_gross_exposure: Limit | None = None
    max_net_exposure: Limit | None = None
    max_messages: CountLimit = 20_000
    messages_ms: int = 60_000
    max_rejects: CountLimit | None = None  # off in replay, else 200


LIVE_NEEDS: Final = ("max_gross_exposure", "max_net_exposure", "daily_loss_halt", "drawdown_halt")
"""Limits that a live account must have."""


class RiskConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[risk]`: defaults, and exceptions by name (a whole section replaces the defaults).

    `day_starts` is the time of day (`HH:MM`) at which the daily loss starts anew, on the clock of
    `day_zone` (`UTC` or a name like `America/New_York`).
    """

    default: RiskLimits = RiskLimits()
    instruments: dict[str, RiskLimits] = {}
    account: AccountLimits = AccountLimits()
    strategy: StrategyLimits = StrategyLimits()
    strategies: dict[str, StrategyLimits] = {}
    venue: VenueLimits = VenueLimits()
    venues: dict[str, VenueLimits] = {}
    day_starts: str = "00:00"
    day_zone: str = "UTC"

    def limits(self, instrument: InstrumentId) -> RiskLimits:
        """The limits that apply to an instrument."""
        return self.instruments.get(instrument, self.default)

    def strategy_limits(self, strategy: str) -> StrategyLimits:
        """The limits that apply to a strategy."""
        return self.strategies.get(strategy, self.strategy)

    def venue_limits(self, venue: str) -> VenueLimits:
        """The limits that apply to a venue."""
        return self.venues.get(venue, self.venue)


HolderLimits = AccountLimits | StrategyLimits | VenueLimits
"""Limits beyond those of single instruments."""
