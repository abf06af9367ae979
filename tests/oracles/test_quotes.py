"""Reference backtests of other engines on quotes, to the last digit.

Source: NautilusTrader's published test cases (N3, N4) and its 1.231 and 2.0 engines run over the
seeded rows of the benchmark workload (N5), where both gave the same balance.
"""

import hashlib
import importlib.util
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from openoutcry.state.config import FeesConfig, MatchingConfig, VenueConfig
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import InstrumentId, VenueId
from openoutcry.state.instruments import Spot
from tests.harness import MINUTE, T0, config, feed, play, quotes, session, strategy
from tests.markets import MARGIN, PERP, fx_pair
from tests.oracles.strategies import BuyThenSell, CloseAndReverse

SIM = VenueId("SIM")


# The reference takes the touch again for each order: size is not consumed.
ONE_TICK = MatchingConfig(overflow="one_tick", consume=False)


def test_n3_a_round_trip_on_a_margin_account_costs_exactly_its_commissions():
    """17.20 USD after two commissions of 1.40."""
    pair = fx_pair("AUD")
    venue = VenueConfig(
        name=SIM,
        account=AccountType.MARGIN,
        balances={"USD": Decimal(1_000_000)},
        fees=FeesConfig(maker=Decimal("0.00002"), taker=Decimal("0.00002")),
        matching=ONE_TICK,
    )
    prices = [70000, 70000, 70010, 70020, 70020]
    ts = [T0 + n * MINUTE for n in range(5)]
    size = [1_000_000] * 5
    played = play(
        session(
            config(
                venue,
                [feed(pair.id, "quote")],
                [strategy(BuyThenSell, instrument=pair.id, size="100000")],
                currency="USD",
            ),
            [pair],
            {("quote", pair.id): quotes(ts, prices, prices, size, size)},
        )
    )
    fills = [(fill.price, fill.fee) for _, fill, _ in played.record.fills]
    assert fills == [
        (Decimal("0.70000"), Decimal("1.40")),
        (Decimal("0.70020"), Decimal("1.40")),
    ]
    assert played.graph.books.balance(SIM, "USD") == 1_000_017_20


def test_n4_a_round_trip_on_a_cash_account_pays_in_quote_currency():
    """100,000.29995 USDT and the 10 ETH it began with."""
    spot = Spot(
        id=InstrumentId("ETHUSDT.SIM"),
        base_currency="ETH",
        quote="USDT",
        price_scale=2,
        size_scale=5,
        tick=Decimal("0.01"),
        lot=Decimal("0.00001"),
    )
    venue = VenueConfig(
        name=SIM,
        balances={"USDT": Decimal(100_000), "ETH": Decimal(10)},
        fees=FeesConfig(maker=Decimal("0.0001"), taker=Decimal("0.0001")),
        matching=ONE_TICK,
    )
    prices = [200000, 200000, 200050, 200100, 200100]
    ts = [T0 + n * MINUTE for n in range(5)]
    size = [10**7] * 5
    played = play(
        session(
            config(
                venue,
                [feed(spot.id, "quote")],
                [strategy(BuyThenSell, instrument=spot.id, size="0.5")],
                currency="USDT",
            ),
            [spot],
            {("quote", spot.id): quotes(ts, prices, prices, size, size)},
        )
    )
    fees = [fill.fee for _, fill, _ in played.record.fills]
    assert fees == [Decimal("0.10000000"), Decimal("0.10005000")]
    assert played.graph.books.balance(SIM, "USDT") == 100_000_29995000
    assert played.graph.books.balance(SIM, "ETH") == 10 * 10**8


@pytest.mark.slow
@pytest.mark.data
def test_n5_an_ema_cross_on_a_million_quotes_ends_at_the_balance_two_engines_agree_on(shared_data):
    """880 orders, 998,503.86881308 USDT."""
    path = shared_data.parent / "bench" / "workload.py"
    spec = importlib.util.spec_from_file_location("workload", path)
    assert spec is not None
    assert spec.loader is not None
    workload = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(workload)
    rows = workload.quotes(1_000_000, seed=7)
    digest = hashlib.sha256(b"".join(column.tobytes() for column in rows.values())).hexdigest()
    assert digest.startswith("7261abf3d0fbd0e4")
    venue = msgspec.structs.replace(MARGIN, matching=ONE_TICK)

    def units(column: NDArray[np.float64], scale: int) -> NDArray[np.int64]:
        result: NDArray[np.int64] = (column * 10**scale).round().astype(np.int64)
        return result

    data = quotes(
        rows["ts_ns"],
        units(rows["bid"], 2),
        units(rows["ask"], 2),
        units(rows["bid_size"], 3),
        units(rows["ask_size"], 3),
    )
    params = {"instrument": PERP.id, "size": "0.1", "timeframe": "100t", "price_type": "mid"}
    played = play(
        session(
            config(
                venue,
                [feed(PERP.id, "quote")],
                [strategy(CloseAndReverse, **params)],
                currency="USDT",
            ),
            [PERP],
            {("quote", PERP.id): data},
        )
    )
    assert len(played.record.signals) == 880
    assert played.graph.books.balance(SIM, "USDT") == 998_503_86881308
