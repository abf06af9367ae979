"""Controls in the whole graph: latches go on record, hold over restarts, and end when a human says so."""

import struct
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from openoutcry.state import codec
from openoutcry.state.commands import Halt, Restrict, SetLimit
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.errors import ConfigError
from openoutcry.state.events import (
    BookStale,
    EquitySampled,
    TradingHalted,
    TradingRestricted,
    TradingResumed,
)
from openoutcry.state.identifiers import VenueId
from openoutcry.state.market_data import BookInvalidated, BookUpdate
from openoutcry.state.risk_config import AccountLimits, StrategyLimits, VenueLimits
from tests.order_kit import BTC, OTHER, STRATEGY
from tests.path_kit import FREE, NOW, SECOND, Evidence, Pit, cancel, names, order, replace

SIM = VenueId("SIM")
FIELDS: dict[str, Any] = {"strategy": None, "instrument": None, "venue": None}


def small(number: int, **changes: Any) -> Any:
    return order(number, quantity_units=1, **changes)


def restarted(pit: Pit, **controls: Any) -> Pit:
    """The same pit after a restart: what risk remembers comes from its snapshot."""
    fresh = Pit(FREE, controls=controls)
    fresh.graph.risk.restore(pit.graph.risk.snapshot())
    assert fresh.graph.risk.snapshot() == pit.graph.risk.snapshot()
    return fresh


# --- latches that people call -------------------------------------------------------------------


def test_a_venue_is_halted_and_resumed_and_cancels_flow() -> None:
    pit = Pit(FREE)
    pit.tell(small(1))
    pit.halt("maintenance", venue=SIM)
    pit.tell(small(2))
    assert pit.reasons() == ("halted: maintenance",)
    pit.tell(cancel(1))
    assert pit.arrived[-1] == cancel(1)
    assert pit.graph.risk_state.halted() == [(None, None, "maintenance", "SIM", NOW)]
    fresh = restarted(pit)
    fresh.tell(small(1))
    assert fresh.reasons() == ("halted: maintenance",)
    fresh.resume(venue=SIM)
    fresh.tell(small(2))
    assert len(fresh.arrived) == 1
    scope: dict[str, Any] = FIELDS | {"venue": SIM}
    assert pit.records(TradingHalted) == [TradingHalted(ts=NOW, reason="maintenance", **scope)]
    assert fresh.records(TradingResumed) == [TradingResumed(ts=NOW, reason="looked at", **scope)]


@pytest.mark.parametrize(
    "scope", [{}, {"strategy": STRATEGY}, {"instrument": BTC}, {"venue": SIM}], ids=str
)
def test_reduce_only_lets_a_position_be_closed_and_no_more(scope: dict[str, Any]) -> None:
    pit = Pit(FREE)
    pit.tell(order(1))
    pit.take(Evidence(1).accepted, Evidence(1).fill(10))
    pit.handle(Restrict(ts=NOW, reason="too much", **scope))
    assert pit.records(TradingRestricted) == [
        TradingRestricted(ts=NOW, reason="too much", **(FIELDS | scope))
    ]
    pit.tell(small(2))
    assert names(pit.reasons()) == ["reduce_only"]
    sell = {"side": Side.SELL, "order_type": OrderType.MARKET, "limit_units": None}
    pit.tell(order(3, quantity_units=6, **sell), order(4, quantity_units=5, **sell))
    assert names(pit.reasons()) == ["reduce_only"]
    assert [one.client_order_id for one in pit.submits()] == [
        order(1).client_order_id, order(3).client_order_id,
    ]  # fmt: skip
    named = tuple((FIELDS | scope)[key] for key in ("strategy", "instrument", "venue"))
    (row,) = pit.graph.risk_state.restricted()
    assert (row[0], row[1], row[3]) == named
    pit.resume(**scope)
    pit.tell(small(5))
    assert len(pit.submits()) == 3


def test_what_is_latched_is_written_as_the_codec_writes_it() -> None:
    for scope in ({}, {"strategy": STRATEGY}, {"venue": SIM}, {"strategy": OTHER, "venue": SIM}):
        pit = Pit(FREE)
        pit.handle(Halt(ts=NOW, reason="é" * 40, **scope))
        pit.handle(Restrict(ts=NOW, reason="", **scope))
        pit.resume(**scope)
        found = [data for _, data in pit.journal.records()]
        kinds: tuple[Any, ...] = (TradingHalted, TradingRestricted, TradingResumed)
    for kind in kinds:
        (record,) = pit.records(kind)
        assert codec.encode(record) in found


# --- latches that controls call -----------------------------------------------------------------


def test_a_strategy_that_fills_too_often_is_off_until_a_human_resumes_it() -> None:
    controls = {"strategy": StrategyLimits(max_executions=2)}
    pit = Pit(FREE, controls=controls)
    pit.tell(order(1))
    pit.take(Evidence(1).accepted, Evidence(1).fill(1, fill_id="a"))
    pit.take(Evidence(1).fill(1, cumulative=2, fill_id="b"))
    assert not pit.records(TradingHalted)
    pit.take(Evidence(1).fill(1, cumulative=3, fill_id="c"))
    reason = "execution_throttle: more than 2 fills within 60000 ms"
    (halted,) = pit.records(TradingHalted)
    assert halted == TradingHalted(ts=NOW, reason=reason, strategy=STRATEGY)
    fresh = restarted(pit, **controls)
    fresh.tell(small(1), small(2, strategy=OTHER))
    assert fresh.reasons() == (f"halted: {reason}",)
    assert len(fresh.arrived) == 1
    fresh.resume(STRATEGY)
    fresh.tell(small(3))
    assert len(fresh.arrived) == 2


def test_denials_in_a_row_halt_the_strategy() -> None:
    pit = Pit(controls={"strategy": StrategyLimits(max_rejects=2)})
    pit.tell(*(order(number, quantity_units=30) for number in (1, 2, 3, 4)))
    assert [record.strategy for record in pit.records(TradingHalted)] == [STRATEGY]
    assert pit.reasons()[0] == "halted: consecutive_rejects: more than 2 in a row"
    pit.resume(STRATEGY)
    pit.tell(small(5))
    assert len(pit.arrived) == 1


def test_denied_replaces_count_too() -> None:
    pit = Pit(controls={"strategy": StrategyLimits(max_rejects=1)})
    pit.tell(small(1), replace(quantity=30), replace(quantity=30))
    assert len(pit.records(TradingHalted)) == 1


def test_rejections_in_a_row_halt_the_venue() -> None:
    pit = Pit(FREE, controls={"venue": VenueLimits(max_rejects=1)})
    pit.tell(small(1), small(1, strategy=OTHER))
    pit.take(Evidence(1).rejected)
    assert not pit.records(TradingHalted)
    pit.take(Evidence(1, book=2).rejected)
    assert [record.venue for record in pit.records(TradingHalted)] == [SIM]
    pit.tell(small(2))
    assert names(pit.reasons()) == ["halted"]


def lost(pit: Pit, bid: int) -> None:
    """The price falls to here, and the grid takes a sample."""
    pit.quote(bid, bid + 20)
    pit.path.on_grid()


@pytest.mark.parametrize("kind", ["daily_loss", "drawdown"])
@pytest.mark.parametrize("whose", ["account", "strategy"])
def test_a_loss_restricts_and_then_halts(kind: str, whose: str) -> None:
    """Ten coins at 100.00, so that each cent is 0.10."""
    levels = {f"{kind}_reduce": Decimal(2), f"{kind}_halt": Decimal(3)}
    sections: dict[str, Any] = {"account": AccountLimits, "strategy": StrategyLimits}
    pit = Pit(FREE, controls={whose: sections[whose](**levels)})
    pit.tell(order(1, limit_units=10_000))
    pit.take(Evidence(1).accepted, Evidence(1).fill(10, price=10_000))
    base = pit.records(EquitySampled)[-1].units
    lost(pit, 9_970)
    assert not pit.records(TradingRestricted)
    lost(pit, 9_969)
    assert base - pit.records(EquitySampled)[-1].units > 2 * 10**8
    (restricted,) = pit.records(TradingRestricted)
    assert restricted.reason.startswith(f"{kind}: ")
    assert restricted.strategy == (STRATEGY if whose == "strategy" else None)
    assert not pit.records(TradingHalted)
    lost(pit, 9_900)
    (halted,) = pit.records(TradingHalted)
    assert halted.strategy == restricted.strategy
    lost(pit, 9_000)
    assert len(pit.records(TradingHalted)) == len(pit.records(TradingRestricted)) == 1
    pit.tell(small(2))
    assert names(pit.reasons()) == ["halted", "reduce_only"]
    pit.resume(restricted.strategy)
    lost(pit, 8_999)
    pit.tell(small(3))
    assert len(pit.submits()) == 2


# --- what an order is measured by ---------------------------------------------------------------


def test_exposure_counts_what_works_and_what_is_unknown() -> None:
    pit = Pit(FREE, controls={"account": AccountLimits(max_gross_exposure=Decimal(1_500))})
    pit.tell(order(1), order(2, strategy=OTHER))
    assert names(pit.reasons(OTHER)) == ["gross_exposure"]
    pit.take(Evidence(1).unknown)
    pit.tell(order(3, quantity_units=6))
    assert names(pit.reasons()) == ["gross_exposure"]
    pit.tell(order(4, quantity_units=5))
    assert len(pit.arrived) == 2


def test_without_a_mark_nothing_may_be_added() -> None:
    limits = {"account": AccountLimits(max_gross_exposure=Decimal(10**9))}
    pit = Pit(FREE, controls=limits, quoted=False)
    pit.tell(small(1))
    assert "gross_exposure: BTCUSDT.SIM has no price, or no rate to USDT" in pit.reasons()


def test_cancels_count_as_messages_and_always_leave() -> None:
    pit = Pit(FREE, controls={"strategy": StrategyLimits(max_messages=3)})
    pit.tell(small(1), small(2), cancel(1), small(3), cancel(2))
    assert len(pit.arrived) == 4
    assert names(pit.reasons()) == ["message_rate"]
    pit.world.now += 60 * SECOND
    pit.tell(small(4, ts=pit.world.now))
    assert len(pit.arrived) == 5


def test_the_same_order_twice_in_one_handler_is_one() -> None:
    limits = msgspec.structs.replace(FREE, duplicate_ms=50)
    pit = Pit(limits)
    pit.tell(order(1), order(2), order(3, quantity_units=11))
    assert len(pit.arrived) == 2
    assert names(pit.reasons()) == ["duplicate_order"]


def test_a_silent_feed_denies_until_it_is_back() -> None:
    pit = Pit(FREE)
    pit.handle(BookStale(instrument=BTC, ts=NOW, stale=True))
    pit.tell(small(1))
    assert pit.reasons() == ("market_state: its feed is silent",)
    fresh = restarted(pit)
    fresh.tell(small(1))
    assert names(fresh.reasons()) == ["market_state"]
    fresh.handle(BookStale(instrument=BTC, ts=NOW, stale=False))
    fresh.tell(small(2))
    assert len(fresh.arrived) == 1


def test_a_lost_book_denies_until_the_next_snapshot() -> None:
    pit = Pit(FREE)
    levels = struct.pack("<bqqbqq", 1, 9_990, 5, -1, 10_010, 5)
    snapshot = BookUpdate(BTC, NOW, NOW, 2, 0, 1, True, levels)
    pit.market.apply(0, snapshot)
    pit.tell(small(1))
    pit.market.apply(0, BookInvalidated(BTC, NOW, NOW, 2, 0, "a gap"))
    pit.tell(small(2))
    assert pit.reasons() == ("market_state: its book is lost until the next snapshot",)
    pit.market.apply(0, snapshot)
    pit.tell(small(3))
    assert len(pit.arrived) == 2


def test_an_old_market_denies() -> None:
    pit = Pit(msgspec.structs.replace(FREE, max_data_age_ms=1_000))
    pit.world.now += SECOND
    pit.tell(small(1))
    pit.world.now += 1
    pit.tell(small(2))
    assert names(pit.reasons()) == ["stale_data"]
    assert len(pit.arrived) == 1


# --- limits at run time, and what people see ----------------------------------------------------


def test_a_limit_is_set_by_a_command_and_outlives_a_restart() -> None:
    pit = Pit(FREE)
    command = SetLimit(ts=NOW, name="max_order_quantity", value="9")
    assert not pit.graph.risk_state.is_looser(command.name, command.value)
    pit.handle(command)
    assert command in pit.records(SetLimit)
    pit.tell(order(1))
    assert names(pit.reasons()) == ["max_order_quantity"]
    fresh = restarted(pit)
    fresh.tell(order(1))
    assert names(fresh.reasons()) == ["max_order_quantity"]
    assert fresh.graph.risk_state.is_looser("max_order_quantity", "10")


def test_a_command_that_sets_no_limit_changes_nothing_and_fails_nobody() -> None:
    pit = Pit(FREE)
    with pytest.raises(ConfigError, match="there is no limit x"):
        pit.graph.risk_state.is_looser("x", "1")
    pit.handle(SetLimit(ts=NOW, name="x", value="1"))
    assert not pit.failed
    assert pit.graph.risk.refused == ["there is no limit x"]


def test_the_view_names_every_control() -> None:
    pit = Pit(controls={"account": AccountLimits(max_gross_exposure=Decimal(5_000))})
    pit.tell(order(1))
    pit.halt("x", venue=SIM)
    rows = {(row[0], row[1]): row[2:] for row in pit.graph.risk.control.view()}
    everything = (None, None, None)
    coin = (None, BTC, None)
    exposure = ("5000.00000000 USDT", "1000.00000000 USDT", "ok", None)
    assert rows["gross_exposure", everything] == exposure
    assert rows["max_position", coin] == ("20", "10", "ok", None)
    assert rows["message_rate", (STRATEGY, None, None)] == ("10000", "1", "ok", None)
    assert rows["halted", (None, None, SIM)] == ("x", "", "halted", NOW)
    assert rows["order_to_trade", (STRATEGY, None, None)] == ("", "1 : 0", "ok", None)
