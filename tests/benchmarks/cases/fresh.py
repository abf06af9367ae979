"""From Parquet to the result in a process of its own: import, load, run, statistics.

    python tests/benchmarks/cases/fresh.py CATALOG noop|ema

Who starts it measures it from outside, so it imports nothing but the program.
"""

import sys
from decimal import Decimal

from openoutcry.replay.engine import replay
from openoutcry.state.config import (
    CollarConfig,
    Config,
    FeedConfig,
    FeesConfig,
    MatchingConfig,
    RiskConfig,
    RiskLimits,
    RunConfig,
    StrategyConfig,
    VenueConfig,
)
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import InstrumentId, StrategyId, VenueId

INSTRUMENT = InstrumentId("BTCUSDT-PERP.SIM")
STRATEGIES = {
    "noop": ("tests.benchmarks.cases.strategies:Idle", {}),
    "ema": (
        "tests.oracles.strategies:CloseAndReverse",
        {"size": "0.1", "timeframe": "100t", "price_type": "mid"},
    ),
}
LIMITS = RiskLimits(
    collar=CollarConfig(max_deviation_bps=Decimal(5000)),
    max_order_value=Decimal(100_000_000),
    max_order_quantity=Decimal(1_000_000),
    max_position=Decimal(1_000_000),
    max_orders=1_000_000,
)


def config(name: str) -> Config:
    """The same as `quotes.py` makes, without what that imports."""
    cls, params = STRATEGIES[name]
    venue = VenueConfig(
        name=VenueId("SIM"),
        account=AccountType.MARGIN,
        leverage=Decimal(10),
        balances={"USDT": Decimal(1_000_000)},
        fees=FeesConfig(maker=Decimal("0.0002"), taker=Decimal("0.0004")),
        matching=MatchingConfig(overflow="one_tick", consume=False),
    )
    chosen = StrategyConfig(
        id=StrategyId("s"), type=cls, params={"instrument": INSTRUMENT, **params}
    )
    return Config(
        run=RunConfig(name="benchmark", account_currency="USDT"),
        venues=(venue,),
        feeds=(FeedConfig(instrument=INSTRUMENT, kinds=("quote",)),),
        strategies=(chosen,),
        risk=RiskConfig(default=LIMITS),
    )


def main() -> None:
    """Replay, and print what it came to as a line of JSON."""
    import json

    result = replay(config(sys.argv[2]), catalog=sys.argv[1])
    balances = [f"{v:f} {k}" for amounts in result.balances.values() for k, v in amounts.items()]
    line = {
        "events": result.events["quote"],
        "orders": result.orders,
        "fills": result.fills,
        "balance": ", ".join(balances),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
