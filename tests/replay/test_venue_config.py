"""The venue config as the engine reads it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from openoutcry.replay.venue_config import exchange_mapping
from openoutcry.state.binding import currency_table
from openoutcry.state.calendars import Session
from openoutcry.state.config import FeesConfig, MatchingConfig, SlippageConfig, VenueConfig
from openoutcry.state.enums import AccountType, PositionMode
from openoutcry.state.errors import ConfigError, NotRepresentable, NumericOverflow
from openoutcry.state.identifiers import InstrumentId, VenueId
from openoutcry.state.instruments import Instrument, Spot


def coin(name: str = "BTCUSDT.SIM") -> Spot:
    return Spot(
        id=InstrumentId(name),
        quote="USDT",
        base_currency="BTC",
        price_scale=2,
        size_scale=6,
        tick=Decimal("0.01"),
        lot=Decimal("0.000001"),
    )


INSTRUMENTS: list[Instrument] = [coin("BTCUSDT.ELSEWHERE"), coin()]
TABLE = currency_table(INSTRUMENTS, ["BNB"])


def venue(**changes: object) -> VenueConfig:
    base = VenueConfig(name=VenueId("SIM"), balances={"USDT": Decimal("1000.5")})
    return msgspec.structs.replace(base, **changes)


def test_decimals_become_integers_and_words() -> None:
    """Every number of the config arrives in the engine's own unit."""
    given = venue(
        balances={"USDT": Decimal("1000.5"), "BTC": Decimal(2)},
        account=AccountType.MARGIN,
        positions=PositionMode.HEDGING,
        leverage=Decimal("2.5"),
        order_latency_us=3,
        report_latency_us=4,
        fees=FeesConfig(maker=Decimal("-0.0001"), taker=Decimal("0.001"), minimum=Decimal(1)),
        matching=MatchingConfig(
            bar_fill="path",
            passive="trades",
            queue="proportional",
            overflow="one_tick",
            consume=False,
            slippage=SlippageConfig(model="fixed_bps", bps=Decimal(5), volume_limit=Decimal("0.1")),
        ),
    )
    hours = {
        InstrumentId("BTCUSDT.SIM"): [Session(1, 2, 2)],
        InstrumentId("BTCUSDT.ELSEWHERE"): [Session(3, 4, 4)],
    }
    mapping = exchange_mapping(given, INSTRUMENTS, TABLE, hours)
    assert mapping == {
        "name": "SIM",
        "instruments": [1],
        "order_latency_us": 3,
        "report_latency_us": 4,
        "margin": True,
        "hedging": True,
        "leverage": 2_500_000_000,
        "balances": [(1, 200_000_000), (2, 100_050_000_000)],
        "fee_maker": -100_000_000,
        "fee_taker": 1_000_000_000,
        "fee_per_share": 0,
        "fee_per_order": 0,
        "fee_minimum": 1_000_000_000_000,
        "fee_currency": "settlement",
        "fee_rounding": "half_up",
        "bar_fill": "path",
        "passive": "trades",
        "queue": "proportional",
        "overflow": "one_tick",
        "consume": False,
        "match_crossed": False,
        "slippage": "fixed_bps",
        "slippage_fraction": 500_000_000,
        "slippage_ticks": 1,
        "slippage_impact": 100_000_000_000,
        "volume_limit": 100_000_000_000,
        "sessions": [(1, [(1, 2, 2)])],
    }


def test_a_volume_share_without_a_limit_gets_the_usual_one() -> None:
    """2.5 % of the bar's volume, and no limit for any other model."""
    share = MatchingConfig(slippage=SlippageConfig(model="volume_share"))
    assert exchange_mapping(venue(matching=share), INSTRUMENTS, TABLE)["volume_limit"] == 25 * 10**9
    assert exchange_mapping(venue(), INSTRUMENTS, TABLE)["volume_limit"] is None


@pytest.mark.parametrize(
    ("word", "expected"), [("quote", "settlement"), ("base", "base"), ("BNB", 0)]
)
def test_a_fee_currency_is_a_word_or_a_currency_of_the_run(word: str, expected: object) -> None:
    """A third currency is named by its index."""
    given = venue(fees=FeesConfig(currency=word))
    assert exchange_mapping(given, INSTRUMENTS, TABLE)["fee_currency"] == expected


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"leverage": Decimal("0.5")}, ConfigError),
        ({"leverage": Decimal("NaN")}, ConfigError),
        ({"balances": {"ZZZ": Decimal(1)}}, ConfigError),
        ({"fees": FeesConfig(currency="ZZZ")}, ConfigError),
        ({"fees": FeesConfig(minimum=Decimal(-1))}, ConfigError),
        ({"order_latency_us": -1}, ConfigError),
        (
            {"matching": MatchingConfig(slippage=SlippageConfig(volume_limit=Decimal(2)))},
            ConfigError,
        ),
        ({"balances": {"USDT": Decimal("0.000000001")}}, NotRepresentable),
        ({"balances": {"USDT": Decimal("1E-999999")}}, NotRepresentable),
        ({"balances": {"USDT": Decimal("Infinity")}}, NotRepresentable),
        ({"balances": {"USDT": Decimal("1E+999999")}}, NumericOverflow),
        ({"fees": FeesConfig(per_order=Decimal(10**9))}, NumericOverflow),
    ],
)
def test_what_makes_no_sense_is_an_error_with_a_name(
    changes: dict[str, object], error: type[Exception]
) -> None:
    """Never a silent rounding, wrap or hang."""
    with pytest.raises(error, match="SIM"):
        exchange_mapping(venue(**changes), INSTRUMENTS, TABLE)


@pytest.mark.parametrize(("passive", "queue"), [("book", "conservative"), ("both", "none")])
def test_a_queue_needs_prints_and_both_streams_need_a_queue(passive: Any, queue: Any) -> None:
    """What would fill twice, or do nothing, is refused, and the text says what to set."""
    matching = MatchingConfig(passive=passive, queue=queue)
    with pytest.raises(ConfigError, match=r"set matching\."):
        exchange_mapping(venue(matching=matching), INSTRUMENTS, TABLE)
