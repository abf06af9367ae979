"""What holds for every indicator: warm-up, columns as bars, snapshots, no drift."""

import inspect
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.actors import indicators as ind
from openoutcry.state.errors import ConfigError
from tests.actors.indicators.kit import (
    ALL,
    ODD_ROWS,
    SCALE,
    Floats,
    Row,
    bar,
    every,
    floats,
    streamed,
    units,
    walk,
)

HOUR = 3_600_000_000_000  # long bars, so that a few cross the end of a UTC day
MILLION = 1_000_000
ROOT = Path(__file__).resolve().parents[3]


def test_every_indicator_is_in_the_kit() -> None:
    bases = {"Indicator"}
    assert set(ind.__all__) - bases == set(ALL)
    assert len({make().engine_name for make in ALL.values()}) == len(ALL) - 1  # StochasticFast


@every
def test_an_indicator_is_ready_after_its_warmup_and_tells_nothing_before(name: str) -> None:
    indicator = ALL[name]()
    for number, row in enumerate(walk(1, indicator.warmup + 3)):
        assert all(
            math.isnan(getattr(indicator, output)) != indicator.ready
            for output in indicator.outputs
        )
        indicator.update(bar(number, row))
        assert indicator.ready == (number + 1 >= indicator.warmup)
        assert indicator.count == number + 1
    assert all(math.isfinite(getattr(indicator, o)) for o in indicator.outputs)


@every
def test_the_first_output_is_the_value(name: str) -> None:
    indicator = ALL[name]()
    for number, row in enumerate(walk(2, indicator.warmup)):
        indicator.update(bar(number, row))
    first = indicator.outputs[0]
    assert indicator.value == getattr(indicator, first)
    assert indicator.value == indicator._native.output(first) == indicator._native.output("value")
    with pytest.raises(AttributeError, match="has no output nonsense"):
        indicator._native.output("nonsense")


@every
@settings(max_examples=20)
@given(rows=ODD_ROWS)
def test_columns_give_what_bars_give_to_the_last_bit(name: str, rows: list[Row]) -> None:
    wanted = streamed(ALL[name](), rows, HOUR)
    for found in (
        ALL[name]().batch(units(rows, HOUR), price_scale=SCALE),
        ALL[name]().batch(floats(rows, HOUR)),
    ):
        assert list(found) == list(wanted)
        for output, values in wanted.items():
            assert found[output].dtype == np.float64
            assert found[output].tobytes() == np.array(values).tobytes()


@every
@settings(max_examples=20)
@given(rows=ODD_ROWS, cut=st.integers(0, 60))
def test_a_restored_indicator_continues_to_the_last_bit(
    name: str, rows: list[Row], cut: int
) -> None:
    whole, first, second = ALL[name](), ALL[name](), ALL[name]()
    for number, row in enumerate(rows):
        whole.update(bar(number, row, HOUR))
        if number < cut:
            first.update(bar(number, row, HOUR))
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    for number, row in list(enumerate(rows))[cut:]:
        second.update(bar(number, row, HOUR))
    assert second.snapshot() == whole.snapshot()
    assert (second.count, second.ready) == (whole.count, whole.ready)
    assert repr(second) == repr(whole)


@every
@settings(max_examples=20)
@given(rows=ODD_ROWS)
def test_no_market_makes_an_indicator_infinite(name: str, rows: list[Row]) -> None:
    for values in ALL[name]().batch(floats(rows)).values():
        assert not np.isinf(values).any()
        if name != "Vwap":  # which waits for a volume
            assert not np.isnan(values[ALL[name]().warmup - 1 :]).any()


def drifting() -> dict[str, Floats]:
    """A million bars whose prices and volumes fall from billions to single digits on the way.

    A running sum that was once large keeps an error of the size of its last digit.
    """
    rows = np.array(walk(3, 4000), dtype=np.float64)
    whole = np.tile(rows, (MILLION // len(rows), 1))
    size = np.where(np.arange(MILLION) < MILLION // 2, 1e7, 0.01)
    high, low, close, volume = whole.T
    named = {"open": close, "high": high, "low": low, "close": close, "volume": volume}
    return {name: np.ascontiguousarray(column * size) for name, column in named.items()}


SUMS = {"Obv", "AccumulationDistribution", "Chaikin", "Vwap"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL if name not in SUMS])
def test_a_million_bars_leave_no_trace(name: str) -> None:
    bars = drifting()
    late = {name: column[-20_000:] for name, column in bars.items()}
    whole, fresh = ALL[name]().batch(bars), ALL[name]().batch(late)
    for output, values in fresh.items():
        ours = whole[output][-10_000:]
        assert np.allclose(ours, values[-10_000:], rtol=1e-9, atol=1e-12), output


@pytest.mark.slow
def test_sums_over_a_million_bars_are_exact() -> None:
    bars = drifting()
    steps = np.sign(np.diff(bars["close"], prepend=-np.inf)) * bars["volume"]
    high, low, close, volume = (bars[n] for n in ("high", "low", "close", "volume"))
    flows = ((close - low) - (high - close)) / (high - low) * volume
    typical = (high + low + close) / 3.0 * volume
    ours = ind.Obv().batch(bars)["value"]
    line = ind.AccumulationDistribution().batch(bars)["value"]
    mean = ind.Vwap().batch({**bars, "ts_open": np.zeros(MILLION, dtype=np.int64)})["value"]
    for rows in (MILLION // 2, MILLION - 1, MILLION):
        assert ours[rows - 1] == pytest.approx(math.fsum(steps[:rows]), rel=1e-15)
        assert line[rows - 1] == pytest.approx(math.fsum(flows[:rows]), rel=1e-15)
        wanted = math.fsum(typical[:rows]) / math.fsum(volume[:rows])
        assert mean[rows - 1] == pytest.approx(wanted, rel=1e-15)
    fast, slow = (ind.Ema(n).batch(line)["value"] for n in (2, 5))
    assert np.array_equal(ind.Chaikin(2, 5).batch(bars)["value"][4:], (fast - slow)[4:])


def page_rows() -> dict[str, list[str]]:
    """Cells of the table of the reference page, by class name."""
    page = (ROOT / "docs" / "reference" / "indicators.md").read_text()
    rows = re.findall(r"^\| `(\w+)\((.*?)\)` \| (.+?) \| `(.+?)` \|", page, re.MULTILINE)
    return {name: list(cells) for name, *cells in rows}


def test_the_page_lists_every_indicator_with_its_parameters_outputs_and_warmup() -> None:
    rows = page_rows()
    assert set(rows) == set(ALL)
    for name, (parameters, outputs, warmup) in rows.items():
        named = inspect.signature(getattr(ind, name)).parameters
        told = [p.name if p.default is p.empty else f"{p.name}={p.default}" for p in named.values()]
        assert parameters == ", ".join(told)
        values = dict(zip(named, (3, 5, 7, 11), strict=False))
        indicator = getattr(ind, name)(*values.values())
        assert outputs == ", ".join(f"`{output}`" for output in indicator.outputs)
        assert eval(warmup, {"isqrt": math.isqrt, "max": max, **values}) == indicator.warmup


def test_wrong_parameters_are_named() -> None:
    for make, says in [
        (lambda: ind.Kama(10, 30, 2), "kama: the fast period 30 is not below the slow one 2"),
        (lambda: ind.Apo(5, 5), "apo: the fast period 5 is not below"),
        (lambda: ind.UltimateOscillator(7, 7, 28), "the periods .7, 7, 28. do not rise"),
        (lambda: ind.Ichimoku(9, 52, 26), "ichimoku: the periods"),
        (lambda: ind.LinearRegression(1), "linear_regression: a period of 1 is too short"),
        (lambda: ind.RealizedVolatility(20, 0), "realized_volatility: a factor is a positive"),
        (lambda: ind.ParabolicSar(-0.02), "parabolic_sar: a factor is a positive number"),
        (lambda: ind.Supertrend(0), "supertrend: a period is a whole number"),
    ]:
        with pytest.raises(ConfigError, match=says):
            make()


def test_the_fast_stochastic_is_shown_as_it_is_written() -> None:
    assert repr(ind.StochasticFast(14, 3)) == "StochasticFast(14, 3) = nan"
