"""A market maker on an L2 book and trades, made and recorded, with latency both ways."""

from decimal import Decimal
from pathlib import Path

from openoutcry.state.config import Config, FeedConfig, FeesConfig, MatchingConfig, VenueConfig
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import VenueId
from tests.benchmarks.binance_rows import INSTRUMENT
from tests.benchmarks.cases.measure import Case, settings
from tests.benchmarks.cases.strategies import StepMaker
from tests.benchmarks.places import binance
from tests.benchmarks.rows import perpetual
from tests.harness import strategy

PERPETUAL = perpetual(1)


def _config(_catalog: Path) -> Config:
    venue = VenueConfig(
        name=VenueId("SIM"),
        account=AccountType.MARGIN,
        leverage=Decimal(10),
        balances={"USDT": Decimal(1_000_000)},
        fees=FeesConfig(maker=Decimal("-0.00005"), taker=Decimal("0.0004")),
        # The peer's risk-averse queue, where prints and the book both fill. What is left between the
        # two: it fills an order whole that a print reaches in part, and its script names orders by
        # price, so that an order that is leaving keeps the other side from its price.
        matching=MatchingConfig(passive="both", queue="conservative"),
        # The peer's venue lives on its own stamps, ours on the received ones, a millisecond later:
        # 5 ms to the venue and 5 ms back are 6 and 4 on our clock.
        order_latency_us=6_000,
        report_latency_us=4_000,
    )
    feed = FeedConfig(instrument=PERPETUAL.id, kinds=("book", "trade"))
    maker = strategy(StepMaker, instrument=PERPETUAL.id)
    return settings(venue, [feed], [maker], currency="USDT")


def _binance(_catalog: Path) -> Config:
    venue = VenueConfig(
        name=VenueId("BINANCE"),
        balances={"USDT": Decimal(1_000_000), "BTC": Decimal(10)},
        fees=FeesConfig(maker=Decimal("-0.00005"), taker=Decimal("0.0004")),
        matching=MatchingConfig(passive="both", queue="conservative"),
        # Again 5 ms each way on the peer's clock. The middle one of these messages took 5 ms: what
        # reaches the venue 5 ms later meets what we receive 10 ms later, and its report comes when
        # the message does that caused it.
        order_latency_us=10_000,
        report_latency_us=0,
    )
    feed = FeedConfig(instrument=INSTRUMENT, kinds=("book", "trade"))
    maker = strategy(StepMaker, instrument=INSTRUMENT, first_ms=1000)
    return settings(venue, [feed], [maker], currency="USDT")


def _rows(n: int) -> str:
    return f"depth-{n // 2}"


CASES = {
    "depth_maker": Case(_rows, _config),
    "depth_binance": Case(binance, _binance),
}
