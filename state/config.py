"""The whole config as strict structs: defaults and limits in one place.

The file is TOML; `daemon/config_loader.py` decodes it, resolves paths and explains what is wrong.
Decimals are written as strings, so that nothing passes through a float. A limit that is left out is
*missing*, and a missing limit denies every order: `"unlimited"` is an explicit value, refused live.
"""

from decimal import Decimal
from typing import Any, Literal

from openoutcry.state.config_struct import ConfigStruct
from openoutcry.state.control_config import ControlConfig
from openoutcry.state.daemon_config import DaemonConfig, PaperConfig
from openoutcry.state.enums import AccountType, Mode, PositionMode
from openoutcry.state.identifiers import InstrumentId, StrategyId, VenueId
from openoutcry.state.operation_config import AlertsConfig, LogConfig, MetricsConfig
from openoutcry.state.risk_config import (
    CollarConfig,
    CountLimit,
    Limit,
    RiskConfig,
    RiskLimits,
)
from openoutcry.state.tape_config import TapeConfig

__all__ = [
    "CollarConfig",
    "Config",
    "ConfigStruct",
    "CountLimit",
    "FeedConfig",
    "FeesConfig",
    "Limit",
    "MatchingConfig",
    "RiskConfig",
    "RiskLimits",
    "RunConfig",
    "SlippageConfig",
    "StrategyConfig",
    "VenueConfig",
]


class RunConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[run]`: what this config is and how it runs."""

    name: str
    mode: Mode = Mode.REPLAY
    account_currency: str = "USD"
    seed: int = 0
    grid_s: int = 3600  # simulated seconds between equity samples; every fill is one too


class FeedConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[feeds]]`: one instrument's recorded data.

    `kinds` are catalog kinds: quote trade bar book mark funding split dividend. `bars` names
    recorded bars such as `1m-last`. `latency_us` is added to single-stamp data, whose receive time
    nobody recorded. A running session denies new orders on an instrument that has been silent for
    longer than `silent_after_ms` within its trading hours; None never does.
    """

    instrument: InstrumentId
    kinds: tuple[str, ...]
    bars: tuple[str, ...] = ()
    latency_us: int = 0
    silent_after_ms: int | None = None


class FeesConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Commission. `maker` and `taker` are fractions of notional (0.001 = 10 bp; negative rebates).

    `per_share` charges per unit of quantity, `per_order` once per order at its first fill; `minimum`
    is per order, cumulative over its fills. `currency` is where the fee is taken: `quote` (the
    settlement currency), `base` (the asset bought, as spot venues do) or a code with its own balance.
    `rounding` is how a fee becomes units of that currency, once per fill; `half_up` and `up` round
    away from zero.
    """

    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    per_share: Decimal = Decimal(0)
    per_order: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    currency: str = "quote"
    rounding: Literal["half_up", "half_even", "up"] = "half_up"


class SlippageConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a taker's price worsens where the data has no sizes to walk.

    `none`; `fixed_bps` (`bps` of the price); `spread` (`fraction` of the spread, `ticks` where no
    spread is known); `volume_share` (price worse by `price_impact` x share of the bar's volume
    squared); `one_tick` (one tick worse, on sized data for what is left beyond the touch size).
    `volume_limit` is the largest share of a bar's volume that fills, with any model; None is no
    limit, except for `volume_share`, where it is 0.025.
    """

    model: Literal["none", "fixed_bps", "spread", "volume_share", "one_tick"] = "none"
    bps: Decimal = Decimal(5)
    fraction: Decimal = Decimal("0.5")
    ticks: int = 1
    volume_limit: Decimal | None = None
    price_impact: Decimal = Decimal("0.1")


class MatchingConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a simulated venue does with orders. Every choice is printed under "assumptions".

    Args:
        bar_fill: `next_open` (default), `close` (the decision bar's own close: optimistic) or
            `path` (open, high, low, close in turn, a quarter of the volume each).
        passive: What fills resting orders: `book` (quotes or depth crossing the limit), `trades`
            (prints at or through the limit), or, with a queue, `both`: prints in turn, and displayed
            offers that reach the limit, which are other volume, so that nothing fills twice.
        queue: The place of an order in its level, where sizes are displayed: `none` (first),
            `conservative` (who cancels stood behind it) or `proportional` (cancels are spread evenly).
        overflow: An order larger than the displayed size: `one_tick` worse for the remainder (L1),
            `partial` (the rest waits or expires), or `touch` (all at the touch: optimistic).
        crossed: A quote whose bid is above its ask: `refuse` waits for a sound one (default), `match`
            takes it at its word, as engines do that don't look.
        consume: Size taken from a level stays taken until the level refreshes.
    """

    bar_fill: Literal["next_open", "close", "path"] = "next_open"
    passive: Literal["book", "trades", "both"] = "book"
    queue: Literal["none", "conservative", "proportional"] = "none"
    overflow: Literal["one_tick", "partial", "touch"] = "partial"
    crossed: Literal["refuse", "match"] = "refuse"
    consume: bool = True
    slippage: SlippageConfig = SlippageConfig()


class VenueConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[venues]]`: an account at a venue and, unless live, how the venue is simulated.

    `hours`: match in the sessions of an instrument's calendar (`regular`), or whenever there is data.
    """

    name: VenueId
    balances: dict[str, Decimal]
    account: AccountType = AccountType.CASH
    positions: PositionMode = PositionMode.NETTING
    leverage: Decimal = Decimal(1)
    hours: Literal["regular", "all"] = "regular"
    order_latency_us: int = 0
    report_latency_us: int = 0
    fees: FeesConfig = FeesConfig()
    matching: MatchingConfig = MatchingConfig()


class StrategyConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[strategies]]`: one instance. `type` is a shipped name or `module:Class`."""

    id: StrategyId
    type: str
    params: dict[str, Any] = {}


class Config(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole config file."""

    run: RunConfig
    catalog: str | None = None  # path of the data catalog, relative to the config file
    venues: tuple[VenueConfig, ...]
    feeds: tuple[FeedConfig, ...] = ()
    strategies: tuple[StrategyConfig, ...]
    risk: RiskConfig = RiskConfig()
    daemon: DaemonConfig = DaemonConfig()
    paper: PaperConfig = PaperConfig()
    tape: TapeConfig = TapeConfig()
    control: ControlConfig = ControlConfig()
    currencies: dict[str, int] = {}  # scales of currencies that differ from the built-in table
    log: LogConfig = LogConfig()
    metrics: MetricsConfig = MetricsConfig()
    alerts: AlertsConfig = AlertsConfig()
