"""Cases on quotes of one perpetual, with fees, balance and order flow of the peers' scripts."""

from decimal import Decimal
from pathlib import Path

from openoutcry.actors.strategy import Strategy
from openoutcry.state.config import Config, FeedConfig, FeesConfig, MatchingConfig, VenueConfig
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import VenueId
from tests.benchmarks.cases.measure import Case, settings
from tests.benchmarks.cases.strategies import Counter, Idle, LimitPair, WatchBars
from tests.benchmarks.rows import perpetual
from tests.harness import strategy
from tests.oracles.strategies import CloseAndReverse

PERPETUAL = perpetual(2)
VENUE = VenueConfig(
    name=VenueId("SIM"),
    account=AccountType.MARGIN,
    leverage=Decimal(10),
    balances={"USDT": Decimal(1_000_000)},
    fees=FeesConfig(maker=Decimal("0.0002"), taker=Decimal("0.0004")),
    # The peers take any size at the touch and one tick behind it, and again at the next event.
    matching=MatchingConfig(overflow="one_tick", consume=False),
)


def config(cls: type[Strategy], **params: str) -> Config:
    """One strategy on the quotes."""
    feed = FeedConfig(instrument=PERPETUAL.id, kinds=("quote",))
    chosen = strategy(cls, instrument=PERPETUAL.id, **params)
    return settings(VENUE, [feed], [chosen], currency="USDT")


def _case(cls: type[Strategy], **params: str) -> Case:
    def made(_catalog: Path) -> Config:
        return config(cls, **params)

    return Case("quotes-{}".format, made)


CASES = {
    "quotes_noop": _case(Idle),
    "quotes_noop_py": _case(Counter),
    "quotes_ema_tick": _case(CloseAndReverse, size="0.1", timeframe="100t", price_type="mid"),
    "quotes_ema_min": _case(CloseAndReverse, size="0.1", timeframe="1m", price_type="mid"),
    "quotes_limits": _case(LimitPair),
    "quotes_bars": _case(WatchBars),
}
