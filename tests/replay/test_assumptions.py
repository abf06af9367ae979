"""What a simulation took for granted is told, choice by choice."""

from decimal import Decimal
from itertools import product
from typing import Literal, get_args

import msgspec
import pytest

from openoutcry.replay.assumptions import assumptions
from openoutcry.state.config import (
    Config,
    FeesConfig,
    MatchingConfig,
    RunConfig,
    SlippageConfig,
    VenueConfig,
)
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import VenueId

Model = Literal["none", "fixed_bps", "spread", "volume_share", "one_tick"]


def told(**changes: object) -> dict[str, str]:
    venue = VenueConfig(name=VenueId("SIM"), balances={})
    changed = msgspec.structs.replace(venue, **changes)
    return assumptions(Config(run=RunConfig(name="test"), venues=(changed,), strategies=()))


def test_every_choice_of_a_venue_is_told() -> None:
    """One line a topic, the venue's name in front."""
    lines = told(
        order_latency_us=5000,
        fees=FeesConfig(maker=Decimal("0.0002"), minimum=Decimal(1), currency="BNB"),
        matching=MatchingConfig(slippage=SlippageConfig(model="volume_share")),
    )
    assert lines["SIM latency"] == "order 5000 us, report 0 us, always the same"
    assert (
        lines["SIM fees"]
        == "maker 0.0002, taker 0, 1 at least per order, taken in BNB, rounded half_up"
    )
    assert lines["SIM slippage"].endswith("at most 0.025 of a bar's volume fills")
    assert "lane" in lines


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("bar_fill", ("next_open", "close", "path")),
        ("passive", ("book", "trades", "both")),
        ("queue", ("none", "conservative", "proportional")),
        ("overflow", ("one_tick", "partial", "touch")),
        ("crossed", ("refuse", "match")),
        ("consume", (True, False)),
    ],
)
def test_different_choices_read_differently(field: str, words: tuple[object, ...]) -> None:
    """No two values of a setting give the same sentences."""
    read = {str(told(matching=MatchingConfig(**{field: word}))) for word in words}  # type: ignore[arg-type]
    assert len(read) == len(words)


def test_each_slippage_model_and_account_reads_differently() -> None:
    """A result never hides which of them it used."""
    models = get_args(Model)
    read = {
        str(told(account=account, matching=MatchingConfig(slippage=SlippageConfig(model=model))))
        for account, model in product(AccountType, models)
    }
    assert len(read) == len(models) * len(AccountType)
