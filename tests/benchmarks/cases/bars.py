"""Cases on bars of shares: crosses on one share by the minute, and on fifty by the day."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from openoutcry.state.catalog import Catalog
from openoutcry.state.config import (
    Config,
    FeedConfig,
    FeesConfig,
    MatchingConfig,
    StrategyConfig,
    VenueConfig,
)
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import InstrumentId, VenueId
from tests.benchmarks.cases.measure import Case, settings
from tests.benchmarks.cases.strategies import Rebalance, SmaCross
from tests.benchmarks.places import month
from tests.harness import strategy
from tests.oracles.strategies import CloseAndReverse

EXACT_FEES = {"USD": 8}
"""Decimals of the dollar where the peer does not round its fees to the cent."""


def instruments(catalog: Path) -> list[InstrumentId]:
    """The shares of a catalog, in its order."""
    return [item.id for item in Catalog(catalog).instruments()]


def config(
    names: Iterable[InstrumentId],
    strategies: Iterable[StrategyConfig],
    *,
    bar: str,
    fee: str = "0",
    matching: MatchingConfig | None = None,
) -> Config:
    """Strategies on the bars of shares; `fee` is a fraction of notional."""
    venue = VenueConfig(
        name=VenueId("SIM"),
        account=AccountType.MARGIN,
        leverage=Decimal(10),
        balances={"USD": Decimal(1_000_000)},
        fees=FeesConfig(maker=Decimal(fee), taker=Decimal(fee)),
        matching=matching or MatchingConfig(),
    )
    feeds = [FeedConfig(instrument=name, kinds=("bar",), bars=(bar,)) for name in names]
    scales = EXACT_FEES if Decimal(fee) else None
    # Equity once a day where the bars are days, as the peers have it; else each hour.
    grid_s = 86_400 if bar.startswith("1d") else 3600
    return settings(venue, feeds, strategies, currency="USD", currencies=scales, grid_s=grid_s)


def ema(catalog: Path, bar: str, names: Iterable[InstrumentId]) -> Config:
    """An EMA 10/20 cross for each share, always in the market, ten pieces."""
    timeframe, _, price_type = bar.partition("-")
    params = {"size": "10", "timeframe": timeframe, "price_type": price_type}
    chosen = [
        strategy(CloseAndReverse, f"s{number}", instrument=name, **params)
        for number, name in enumerate(names)
    ]
    # The NautilusTrader scripts fill at the close of the bar that the decision was made on.
    at_close = MatchingConfig(bar_fill="close")
    return config(names, chosen, bar=bar, matching=at_close)


def sma(names: Iterable[InstrumentId], bar: str, fast: int = 10, slow: int = 30) -> Config:
    """An SMA cross for each share, long only, one piece, 10 bp."""
    timeframe = bar.partition("-")[0]
    chosen = [
        strategy(SmaCross, f"s{n}", instrument=name, timeframe=timeframe, fast=fast, slow=slow)
        for n, name in enumerate(names)
    ]
    return config(names, chosen, bar=bar, fee="0.001")


def _bars_ema(catalog: Path) -> Config:
    return ema(catalog, "1m-last", instruments(catalog))


def _bars_multi(catalog: Path) -> Config:
    return ema(catalog, "1d-last", instruments(catalog))


def _bars_sma(catalog: Path) -> Config:
    return sma(instruments(catalog), "1m-last")


def _rebalance(catalog: Path) -> Config:
    names = instruments(catalog)
    return config(names, [strategy(Rebalance, instruments=names)], bar="1d-last", fee="0.001")


def _month(n: int) -> str:
    return f"bars-{month(n)}"


def _fifty(_n: int) -> str:
    return "daily-504x50"


CASES = {
    "bars_ema": Case("bars-{}".format, _bars_ema),
    "bars_sma": Case("bars-{}".format, _bars_sma),
    "bars_sma_month": Case(_month, _bars_sma),
    "bars_multi_50": Case(_fifty, _bars_multi),
    "rebalance": Case(_fifty, _rebalance),
}
