"""The result as a document, and the statistics in it."""

import json
import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.replay.analytics import drawdown, returns
from openoutcry.replay.analytics.funnel import explain, top_reasons
from openoutcry.replay.analytics.performance import performance
from openoutcry.replay.analytics.trades import exposure_ns
from openoutcry.replay.record import EquityColumns
from openoutcry.replay.result import (
    FillRow,
    Funnel,
    TradeRow,
    from_json,
    plain,
    to_json,
)
from openoutcry.state.enums import Side
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Perpetual
from tests.replay.rows import curve_of, round_trips, trades_of
from tests.replay.sample import BTC, HOUR, SPOT, START, fill, sample_result

INVERSE = Perpetual(
    id=InstrumentId("BTCUSD.COINM"),
    quote="USD",
    price_scale=1,
    size_scale=0,
    tick=Decimal("0.1"),
    lot=Decimal(1),
    multiplier=Decimal(100),
    base_currency="BTC",
    settlement_currency="BTC",
    is_inverse=True,
)
DAY = 24 * HOUR


LISTED = {BTC: SPOT, INVERSE.id: INVERSE}


def trips(*fills: FillRow) -> tuple[TradeRow, ...]:
    return round_trips(fills, LISTED)


def test_equal_results_are_equal_bytes():
    assert to_json(sample_result(seed=3)) == to_json(sample_result(seed=3))
    assert to_json(sample_result(seed=3)) != to_json(sample_result(seed=4))


def test_only_the_measurement_may_differ_between_two_runs():
    one = sample_result()
    two = msgspec.structs.replace(one, measurement=None)
    assert to_json(one) != to_json(two)
    assert to_json(one, measurement=False) == to_json(two, measurement=False)


def test_a_result_survives_its_document():
    result = sample_result()
    assert from_json(to_json(result)) == result


def test_the_summary_leaves_out_the_lists_and_keeps_the_counts():
    document = json.loads(to_json(sample_result(), detail=False))
    assert "detail" not in document
    assert (document["orders"], document["fills"], document["denied"]) == (162, 150, 12)
    assert document["fees"] == {"USDT": "137.5189"}
    assert document["final_equity"]["currency"] == "USDT"


def test_keys_of_mappings_are_sorted_whatever_their_order_was():
    a = msgspec.structs.replace(sample_result(), defects={"b": 1, "a": 2})
    b = msgspec.structs.replace(sample_result(), defects={"a": 2, "b": 1})
    assert to_json(a) == to_json(b)


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_money_is_written_plainly_and_read_back_exactly(units, scale):
    value = Decimal(units).scaleb(-scale)
    text = plain({"x": value})["x"]
    assert "E" not in text.upper()
    assert Decimal(text) == value


# --- round trips --------------------------------------------------------------------------------


def test_a_round_trip_earns_what_its_fills_earned():
    (trade,) = trips(
        fill(1, Side.BUY, "100", "2", fee="0.2"),
        fill(2, Side.BUY, "110", "1", fee="0.1"),
        fill(5, Side.SELL, "120", "3", fee="0.3"),
    )
    assert (trade.pnl, trade.net) == (Decimal(50), Decimal("49.4"))
    assert (trade.side, trade.quantity, trade.fills) == (Side.BUY, Decimal(3), 3)
    assert trade.entry_price == Decimal("103.333333333")
    assert trade.exit_price == Decimal(120)
    assert trade.fees == {"USDT": Decimal("0.6")}
    assert trade.exit_ts == START + 5 * HOUR


def test_a_fill_that_turns_the_position_ends_one_trade_and_begins_the_next():
    first, second = trips(
        fill(1, Side.BUY, "100", "1"),
        fill(2, Side.SELL, "90", "3", fee="0.10"),
        fill(3, Side.BUY, "80", "2"),
    )
    assert (first.side, first.pnl) == (Side.BUY, Decimal(-10))
    assert (second.side, second.quantity, second.pnl) == (Side.SELL, Decimal(2), Decimal(20))
    assert first.fees["USDT"] + second.fees["USDT"] == Decimal("0.10")
    assert second.fees["USDT"] == Decimal("0.06")


def test_a_fee_in_another_currency_is_shown_but_not_subtracted():
    (trade,) = trips(
        fill(1, Side.BUY, "100", "1", fee="0.001", currency="BNB"),
        fill(2, Side.SELL, "101", "1"),
    )
    assert trade.net == trade.pnl == Decimal(1)
    assert trade.fees == {"BNB": Decimal("0.001")}


def test_an_open_trade_has_neither_exit_nor_profit():
    (trade,) = trips(fill(1, Side.SELL, "100", "1"))
    assert (trade.exit_ts, trade.pnl, trade.net, trade.exit_price) == (None, None, None, None)


@pytest.mark.parametrize(("side", "pnl"), [(Side.BUY, "0.2"), (Side.SELL, "-0.2")])
def test_an_inverse_contract_earns_in_its_base_currency(side, pnl):
    """1000 USD are 0.4 BTC at 2500 and 0.2 BTC at 5000: who bought dollars of BTC has 0.2 more."""
    (trade,) = trips(
        fill(1, side, "2500", "10", instrument=INVERSE.id),
        fill(2, side.opposite, "5000", "10", instrument=INVERSE.id),
    )
    assert trade.pnl == Decimal(pnl)
    assert trade.currency == "BTC"


FILLS = st.lists(
    st.tuples(
        st.sampled_from(Side), st.integers(1, 10**7), st.integers(1, 10**5), st.integers(-50, 500)
    ),
    max_size=30,
)


@given(FILLS)
def test_trades_lose_no_fee_and_earn_the_cash_that_moved(drawn):
    """Once flat, profits sum to cash received less cash paid; fees always sum to those of fills."""
    fills = [
        fill(n, side, f"{price}.01", f"{size}E-5", fee=f"{fee}E-4")
        for n, (side, price, size, fee) in enumerate(drawn)
    ]
    held = sum((f.quantity * f.side.sign for f in fills), Decimal(0))
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        fills.append(fill(len(fills), side, "777.77", f"{abs(held):f}"))
    trades = trips(*fills)
    assert all(t.exit_ts is not None for t in trades)
    cash = sum((-f.side.sign * f.price * f.quantity for f in fills), Decimal(0))
    assert sum((t.pnl for t in trades if t.pnl is not None), Decimal(0)) == cash
    paid = sum((t.fees.get("USDT", Decimal(0)) for t in trades), Decimal(0))
    assert paid == sum((f.fee for f in fills), Decimal(0))


def test_time_in_the_market_counts_overlaps_once():
    spans = np.array([(0, 4), (1, 4), (6, 10), (7, 8)]) * HOUR
    assert exposure_ns(spans[:, 0], spans[:, 1]) == 8 * HOUR
    assert exposure_ns(spans[:0, 0], spans[:0, 1]) == 0


# --- statistics ---------------------------------------------------------------------------------


def points(*values: float, step: int = DAY) -> EquityColumns:
    return curve_of(
        (START + n * step + step - 1, Decimal(str(value))) for n, value in enumerate(values)
    )


def test_drawdown_is_measured_from_the_highest_equity_so_far():
    worst = drawdown.worst(points(100, 120, 90, 110, 119, 130, 125))
    assert worst.amount == Decimal(30)
    assert worst.fraction == 0.25
    assert worst.duration_ns == 4 * DAY


def test_equity_that_never_falls_has_no_drawdown():
    assert drawdown.worst(points(100, 100, 101)) == (Decimal(0), 0.0, 0)


def test_days_without_samples_repeat_the_last_equity():
    samples = curve_of([(START, Decimal(100)), (START + 3 * DAY, Decimal(110))])
    assert returns.daily_returns(samples) == pytest.approx([0, 0, 0, 0.1])


def test_returns_are_not_defined_once_equity_is_gone():
    assert returns.daily_returns(points(100, 0, 5)) is None


def test_months_follow_one_another_without_a_gap_or_overlap():
    """The product of the months is the whole run."""
    samples = points(100, *range(101, 171))
    months = returns.monthly_returns(drawdown.curve(samples))
    assert list(months) == [(2024, 1), (2024, 2), (2024, 3)]
    assert months[2024, 1] == pytest.approx(0.3)
    growth = math.prod(1 + value for value in months.values() if value is not None)
    assert growth == pytest.approx(1.7)


def test_annualised_figures_agree_with_a_calculation_by_hand():
    daily = returns.moments(np.array([0.01, -0.005] * 20))
    mean, deviation = 0.0025, 0.0075 * math.sqrt(40 / 39)
    assert returns.volatility(daily) == pytest.approx(deviation * math.sqrt(365.25))
    assert returns.sharpe(daily) == pytest.approx(mean / deviation * math.sqrt(365.25))
    downside = math.sqrt(0.005**2 / 2)
    assert returns.sortino(daily) == pytest.approx(mean / downside * math.sqrt(365.25))
    assert returns.cagr(100, 121, 2 * 365.25) == pytest.approx(0.1)


def test_psr_of_symmetric_returns_is_the_normal_distribution_of_their_sharpe_ratio():
    """Two-point returns: skew 0 and kurtosis 1, so the estimate's variance is 1."""
    daily = returns.moments(np.array([0.02, -0.01] * 20))
    ratio = 0.005 / (0.015 * math.sqrt(40 / 39))
    z = ratio * math.sqrt(39)
    expected = 0.5 * (1 + math.erf(z / math.sqrt(2)))
    assert returns.probabilistic_sharpe(daily) == pytest.approx(expected)


def test_what_is_not_defined_is_none_and_never_a_division_by_zero():
    none = trades_of((), LISTED)
    nothing = performance(points(), none, "USDT", START, START)
    flat = performance(points(*[100] * 40), none, "USDT", START, START + 40 * DAY)
    for stats in (nothing, flat):
        for name in ("sharpe", "sortino", "calmar", "psr", "win_rate", "profit_factor"):
            assert getattr(stats, name) is None, name
    assert nothing.total_return is None
    assert flat.total_return == 0


def test_annual_figures_need_thirty_days():
    assert returns.cagr(100, 200, 29.9) is None
    assert returns.sharpe(returns.moments(np.array([0.01, -0.01] * 14))) is None


def test_trade_statistics_in_money_need_one_currency():
    fills = (
        fill(1, Side.BUY, "2500", "10", instrument=INVERSE.id),
        fill(2, Side.SELL, "5000", "10", instrument=INVERSE.id),
    )
    stats = performance(points(100, 101), trades_of(fills, LISTED), "USDT", START, START + DAY)
    assert stats.trades == 1
    assert stats.win_rate == 1
    assert (stats.best_trade, stats.average_trade) == (None, None)


# --- funnel -------------------------------------------------------------------------------------


NOTHING = Funnel(
    events=0,
    delivered=0,
    signals=0,
    denied=0,
    not_sent=0,
    submitted=0,
    rejected=0,
    filled=0,
)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({}, "there was no data"),
        ({"events": 5}, "none reached a strategy"),
        ({"events": 5, "delivered": 5}, "saw 5 events and asked for no order"),
        ({"events": 5, "delivered": 5, "signals": 3, "denied": 3}, "3 denied by risk"),
        ({"events": 5, "delivered": 5, "signals": 3, "submitted": 3}, "3 never filled"),
    ],
)
def test_a_run_without_trades_says_where_they_were_lost(counts, says):
    said = explain(msgspec.structs.replace(NOTHING, **counts))
    assert said.startswith("0 trades: ")
    assert says in said


def test_the_most_frequent_reasons_come_first():
    found = top_reasons({"b": 2, "c": 1, "a": 3})
    assert [(r.reason, r.count) for r in found] == [("a", 3), ("b", 2), ("c", 1)]
