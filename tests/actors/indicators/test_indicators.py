"""Every indicator against its definition, computed here from the whole history with other tools."""

import itertools
import math
import statistics
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.actors import indicators as ind
from openoutcry.state.enums import PriceType
from openoutcry.state.errors import CodecError, ConfigError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar
from openoutcry.state.messages import UNDEFINED
from tests.actors.indicators.kit import ROWS, Row, bar


def closes(rows: list[Row]) -> list[Fraction]:
    return [Fraction(row[2], 100) for row in rows]


def ema(values: list[Fraction], period: int) -> list[Fraction]:
    alpha = Fraction(2, period + 1)
    result = values[:1]
    for value in values[1:]:
        result.append(alpha * value + (1 - alpha) * result[-1])
    return result


def wilder(values: list[Fraction], period: int) -> Fraction:
    average = sum(values[:period], Fraction(0)) / period
    for value in values[period:]:
        average = (average * (period - 1) + value) / period
    return average


def want_rsi(rows: list[Row]) -> Fraction:
    c = closes(rows)
    changes = [b - a for a, b in itertools.pairwise(c)]
    gain = wilder([max(d, Fraction(0)) for d in changes], 3)
    loss = wilder([max(-d, Fraction(0)) for d in changes], 3)
    if gain == loss == 0:
        return Fraction(50)
    return 100 - 100 / (1 + gain / loss) if loss else Fraction(100)


def want_atr(rows: list[Row]) -> Fraction:
    ranges = [
        max(h - low, abs(h - before[2]), abs(low - before[2]))
        for before, (h, low, _, _) in itertools.pairwise(rows)
    ]
    return wilder([Fraction(r, 100) for r in ranges], 3)


def want_macd(rows: list[Row], output: str) -> Fraction:
    c = closes(rows)
    line = [a - b for a, b in zip(ema(c, 2), ema(c, 4), strict=True)]
    signal = ema(line, 3)
    return {"line": line[-1], "signal": signal[-1], "histogram": line[-1] - signal[-1]}[output]


def want_vwap(rows: list[Row]) -> Fraction:
    value = sum((Fraction(h + low + c, 300) * v for h, low, c, v in rows), Fraction(0))
    return value / sum(row[3] for row in rows)


def spread(rows: list[Row]) -> float:
    return statistics.pstdev(float(c) for c in closes(rows)[-4:])


Case = tuple[Callable[[], ind.Indicator], str, int, Callable[[list[Row]], Fraction | float]]
CASES: dict[str, Case] = {
    "ema": (lambda: ind.Ema(3), "value", 3, lambda r: ema(closes(r), 3)[-1]),
    "sma": (lambda: ind.Sma(4), "value", 4, lambda r: sum(closes(r)[-4:]) / Fraction(4)),
    "wma": (
        lambda: ind.Wma(3),
        "value",
        3,
        lambda r: sum((n * c for n, c in enumerate(closes(r)[-3:], 1)), Fraction(0)) / 6,
    ),
    "rsi": (lambda: ind.Rsi(3), "value", 4, want_rsi),
    "roc": (lambda: ind.Roc(2), "value", 3, lambda r: 100 * (closes(r)[-1] / closes(r)[-3] - 1)),
    "macd line": (lambda: ind.Macd(2, 4, 3), "line", 6, lambda r: want_macd(r, "line")),
    "macd value": (lambda: ind.Macd(2, 4, 3), "value", 6, lambda r: want_macd(r, "line")),
    "macd signal": (lambda: ind.Macd(2, 4, 3), "signal", 6, lambda r: want_macd(r, "signal")),
    "macd histogram": (
        lambda: ind.Macd(2, 4, 3),
        "histogram",
        6,
        lambda r: want_macd(r, "histogram"),
    ),
    "atr": (lambda: ind.Atr(3), "value", 4, want_atr),
    "std dev": (lambda: ind.StdDev(4), "value", 4, spread),
    "bollinger upper": (
        lambda: ind.Bollinger(4, 1.5),
        "upper",
        4,
        lambda r: float(sum(closes(r)[-4:])) / 4 + 1.5 * spread(r),
    ),
    "bollinger middle": (
        lambda: ind.Bollinger(4, 1.5),
        "middle",
        4,
        lambda r: sum(closes(r)[-4:]) / Fraction(4),
    ),
    "bollinger lower": (
        lambda: ind.Bollinger(4, 1.5),
        "lower",
        4,
        lambda r: float(sum(closes(r)[-4:])) / 4 - 1.5 * spread(r),
    ),
    "donchian upper": (
        lambda: ind.Donchian(3),
        "upper",
        3,
        lambda r: Fraction(max(row[0] for row in r[-3:]), 100),
    ),
    "donchian lower": (
        lambda: ind.Donchian(3),
        "lower",
        3,
        lambda r: Fraction(min(row[1] for row in r[-3:]), 100),
    ),
    "donchian middle": (
        lambda: ind.Donchian(3),
        "middle",
        3,
        lambda r: Fraction(max(w[0] for w in r[-3:]) + min(w[1] for w in r[-3:]), 200),
    ),
    "vwap": (ind.Vwap, "value", 1, want_vwap),
}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=30)
@given(rows=ROWS)
def test_an_indicator_equals_its_definition_at_every_bar(name: str, rows: list[Row]) -> None:
    make, output, warmup, wanted = CASES[name]
    indicator = make()
    for number, row in enumerate(rows):
        indicator.update(bar(number, row))
        assert indicator.count == number + 1
        assert indicator.ready == (number + 1 >= warmup)
        value = getattr(indicator, output)
        if indicator.ready:
            assert value == pytest.approx(float(wanted(rows[: number + 1])), rel=1e-9, abs=1e-9)
        else:
            assert math.isnan(value)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=30)
@given(rows=ROWS, cut=st.integers(0, 60))
def test_a_restored_indicator_continues_to_the_last_bit(
    name: str, rows: list[Row], cut: int
) -> None:
    make, output, _, _ = CASES[name]
    whole, first = make(), make()
    for number, row in enumerate(rows):
        whole.update(bar(number, row))
        if number < cut:
            first.update(bar(number, row))
    second = make()
    second.restore(first.snapshot())
    for number, row in list(enumerate(rows))[cut:]:
        second.update(bar(number, row))
    assert second.snapshot() == whole.snapshot()
    assert (second.count, second.ready) == (whole.count, whole.ready)
    assert repr(getattr(second, output)) == repr(getattr(whole, output))


def test_a_snapshot_fits_only_its_own_indicator_and_parameters() -> None:
    data = ind.Sma(3).snapshot()
    for other in (ind.Sma(4), ind.Wma(3), ind.Vwap()):
        with pytest.raises(CodecError):
            other.restore(data)
    for damaged in (data[:-1], data + b"\0", b""):
        with pytest.raises(CodecError):
            ind.Sma(3).restore(damaged)
    with pytest.raises(CodecError):
        ind.Vwap().restore(b"")


def test_the_mean_does_not_remember_what_left_its_window() -> None:
    fresh, old = ind.Sma(2), ind.Sma(2)
    old.update(bar(0, (10**17, 1, 10**17, 1)))
    for number, close in enumerate((33, 34)):
        for indicator in (fresh, old):
            indicator.update(bar(number, (close, close, close, 1)))
    assert fresh.value == old.value


def test_vwap_starts_anew_each_utc_day_and_ignores_unknown_volume() -> None:
    day = 24 * 60
    vwap = ind.Vwap()
    vwap.update(bar(0, (100, 100, 100, UNDEFINED)))
    assert not vwap.ready
    vwap.update(bar(1, (100, 100, 100, 5)))
    vwap.update(bar(day, (300, 300, 300, 5)))
    assert vwap.value == 3.0
    assert vwap.count == 1


def test_wrong_parameters_are_named() -> None:
    for make, says in [
        (lambda: ind.Ema(0), "ema: a period is a whole number from 1 to 1000000, not 0"),
        (lambda: ind.Sma(2_000_000), "sma: a period"),
        (lambda: ind.Bollinger(20, math.nan), "bollinger: a factor is a positive number"),
        (lambda: ind.Macd(26, 12, 9), "the fast period 26 is not below the slow one 12"),
    ]:
        with pytest.raises(ConfigError, match=says):
            make()


def test_an_indicator_says_what_it_is() -> None:
    assert repr(ind.Bollinger(20, 2.0)) == "Bollinger(20, 2.0) = nan"


@given(units=st.integers(-(2**63) + 1, 2**63 - 1), scale=st.integers(0, 18))
def test_a_price_becomes_the_float_that_python_divides_it_to(units, scale):
    item = ind.Sma(1)
    item.update(
        Bar(
            InstrumentId("A.SIM"), 1, 1, scale, 0, "1m", PriceType.LAST, 0,
            units, units, units, units, UNDEFINED, 1,
        )
    )  # fmt: skip
    assert item.value == units / 10**scale
