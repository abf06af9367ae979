"""Limits of account, strategies and venues as the engine takes them, and when a day begins."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from openoutcry.actors.risk_limits import NO_LIMIT, UNLIMITED_LIVE, native_holder, utc_offsets
from openoutcry.state.enums import Mode
from openoutcry.state.risk_config import (
    LIVE_NEEDS,
    AccountLimits,
    HolderLimits,
    RiskConfig,
    StrategyLimits,
    VenueLimits,
)

SECOND = 10**9


def test_what_is_left_out_is_off_and_the_account_needs_it_live() -> None:
    replayed = native_holder(AccountLimits(), 2, Mode.REPLAY)
    assert {value for key, value in replayed.items() if not key.endswith("_ms")} == {None}
    live = native_holder(AccountLimits(), 2, Mode.LIVE)
    assert {key for key, value in live.items() if value == NO_LIMIT} == set(LIVE_NEEDS)
    strategy = native_holder(StrategyLimits(), 2, Mode.LIVE)
    assert NO_LIMIT not in strategy.values()
    assert (strategy["max_messages"], strategy["messages_ms"]) == (10_000, 60_000)


def test_amounts_are_units_of_the_account_currency_rounded_down() -> None:
    limits = AccountLimits(max_gross_exposure=Decimal("10.019"), drawdown_halt="unlimited")
    assert native_holder(limits, 2, Mode.PAPER)["max_gross_exposure"] == 1001
    assert native_holder(limits, 2, Mode.PAPER)["drawdown_halt"] is None
    assert native_holder(limits, 2, Mode.LIVE)["drawdown_halt"] == UNLIMITED_LIVE


def test_a_section_of_a_name_replaces_the_defaults_whole() -> None:
    config = RiskConfig(
        strategy=StrategyLimits(max_rejects=1), strategies={"s1": StrategyLimits(max_messages=2)}
    )
    assert config.strategy_limits("s2").max_rejects == 1
    assert config.strategy_limits("s1").max_rejects is None


@pytest.mark.parametrize(
    ("mode", "rows"),
    [(Mode.REPLAY, [None, None]), (Mode.PAPER, [100, 200]), (Mode.LIVE, [100, 200])],
)
def test_refusals_in_a_row_are_limited_where_a_human_can_re_arm(mode: Mode, rows: Any) -> None:
    sections: tuple[HolderLimits, ...] = (StrategyLimits(), VenueLimits())
    assert [native_holder(one, 2, mode)["max_rejects"] for one in sections] == rows


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_a_zone_is_its_distance_from_utc_at_every_moment(zone: str) -> None:
    offsets = utc_offsets(zone)
    clock = ZoneInfo(zone)
    at = datetime(2023, 12, 31, 23, 45, tzinfo=UTC)
    while at.year < 2025:
        ts = round(at.timestamp()) * SECOND
        (*_, found) = (offset for since, offset in offsets if since <= ts)
        shown = at.astimezone(clock).utcoffset()
        assert shown is not None
        assert found == round(shown.total_seconds()) * SECOND, at
        at += timedelta(hours=3)
    assert (len(offsets) == 1) == (zone in {"UTC", "Asia/Kolkata"})
