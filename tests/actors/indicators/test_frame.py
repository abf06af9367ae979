"""Indicators over columns: what they take, what they refuse, and expressions of polars."""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from openoutcry.actors import indicators as ind
from openoutcry.state.errors import ConfigError, DataFormatError
from tests.actors.indicators.kit import ALL, SCALE, every, floats, units, walk

ROWS = walk(7, 50)
COLUMNS = floats(ROWS)
CLOSE = COLUMNS["close"]
FRAME = pl.DataFrame(COLUMNS)


@every
def test_an_expression_gives_what_the_columns_give(name: str) -> None:
    indicator = ALL[name]()
    wanted = indicator.batch(COLUMNS)
    found = FRAME.select(indicator.expr()).to_series()
    assert found.name.startswith(indicator.engine_name)
    if len(wanted) == 1:
        assert found.dtype == pl.Float64
        assert found.to_numpy().tobytes() == wanted["value"].tobytes()
    else:
        fields = found.struct.unnest()
        assert fields.columns == list(wanted)
        for output, values in wanted.items():
            assert fields[output].to_numpy().tobytes() == values.tobytes()
            chosen = FRAME.select(indicator.expr(output=output)).to_series()
            assert chosen.name.endswith(output)
            assert chosen.to_numpy().tobytes() == values.tobytes()


def test_an_expression_stands_beside_the_column_it_reads() -> None:
    found = FRAME.lazy().with_columns(ind.Ema(20).expr("close")).collect()
    assert found.columns == [*FRAME.columns, "ema_20"]
    assert found["close"].equals(FRAME["close"])
    assert FRAME.select(ind.Bollinger(20, 2.0).expr(output="value")).columns == [
        "bollinger_20_2.0_value"
    ]


def test_an_expression_takes_other_columns_and_expressions_in_the_order_of_its_inputs() -> None:
    renamed = FRAME.rename({"high": "h", "low": "l", "close": "c"})
    wanted = ind.Atr(3).batch(COLUMNS)["value"]
    for columns in (("h", "l", "c"), ("h", pl.col("l"), pl.col("c") + 0.0)):
        assert np.array_equal(
            renamed.select(ind.Atr(3).expr(*columns)).to_series().to_numpy(), wanted, equal_nan=True
        )
    raw = pl.DataFrame(units(ROWS))
    scaled = raw.select(ind.Atr(3).expr(price_scale=SCALE)).to_series().to_numpy()
    assert np.array_equal(scaled, wanted, equal_nan=True)


def test_an_expression_runs_over_each_group_by_itself() -> None:
    other = pl.DataFrame(floats(walk(8, 30)))
    both = pl.concat(
        [FRAME.with_columns(symbol=pl.lit("A")), other.with_columns(symbol=pl.lit("B"))]
    )
    mixed = both.with_row_index().sort(pl.col("index") % 7, maintain_order=True)
    for indicator in (ind.Ema(5), ind.Atr(5)):
        found = mixed.with_columns(x=indicator.expr().over("symbol"))
        for symbol in ("A", "B"):
            rows = found.filter(symbol=symbol)
            alone = indicator.batch(rows)["value"]
            assert np.array_equal(rows["x"].to_numpy(), alone, equal_nan=True)


def test_a_batch_leaves_the_indicator_as_it_is() -> None:
    ema = ind.Ema(3)
    before = ema.snapshot()
    first = ema.batch(CLOSE)["value"]
    assert ema.snapshot() == before
    assert ema.batch(CLOSE)["value"].tobytes() == first.tobytes()


@pytest.mark.parametrize(
    "close",
    [
        CLOSE,
        CLOSE.tolist(),
        pl.Series(CLOSE),
        np.repeat(CLOSE, 2)[::2],
        [Decimal(str(value)) for value in CLOSE],
        {"close": CLOSE, "high": "is not read"},
        FRAME,
    ],
    ids=["array", "list", "series", "strided", "decimals", "mapping", "frame"],
)
def test_a_column_may_come_as_anything_that_holds_numbers(close) -> None:
    assert ind.Sma(4).batch(close)["value"].tobytes() == ind.Sma(4).batch(CLOSE)["value"].tobytes()


def test_smaller_numbers_are_widened_and_integers_scaled() -> None:
    small = np.array([100, 200, 300], dtype=np.int32)
    assert ind.Sma(1).batch(small)["value"].tolist() == [100.0, 200.0, 300.0]
    assert ind.Sma(1).batch(small, price_scale=2)["value"].tolist() == [1.0, 2.0, 3.0]
    assert ind.Sma(1).batch(small.astype(np.float32))["value"].tolist() == [100.0, 200.0, 300.0]
    huge = np.array([2**64 - 1], dtype=np.uint64)
    assert ind.Sma(1).batch(huge)["value"].tolist() == [2.0**64]
    volume = {"close": [1, 1], "volume": [5, -(2**63)]}
    assert ind.Obv().batch(volume, size_scale=1)["value"].tolist() == [0.5, 0.5]


def test_no_rows_give_no_values() -> None:
    assert ind.Ema(3).batch([])["value"].tolist() == []
    assert FRAME.head(0).select(ind.Macd().expr()).height == 0


def test_columns_that_cannot_be_read_are_named() -> None:
    bars = {"high": [1.0, 2.0], "low": [1.0, 2.0], "close": [1.0, 2.0]}
    for columns, says in [
        ({**bars, "low": [1.0]}, "column low has 1 rows, high has 2"),
        ({"high": [1.0], "low": [1.0]}, "column close is missing"),
        ({**bars, "low": [1.0, float("nan")]}, "low is NaN in row 1: fill or drop it"),
        ({**bars, "high": [float("inf"), 1.0]}, "high is inf in row 0"),
        ({**bars, "close": [1, -(2**63)]}, "close is NaN in row 1"),
        ({**bars, "close": pl.Series([1, None])}, "close is NaN in row 1"),
        ({**bars, "close": np.ones((2, 2))}, "column close is no row of 64-bit"),
        ([1.0, 2.0], "one column is not enough: it reads high, low, close"),
    ]:
        with pytest.raises(DataFormatError, match=says):
            ind.Atr(2).batch(columns)  # type: ignore[arg-type]
    with pytest.raises(DataFormatError, match="ts_open is no row of 64-bit integers"):
        ind.Vwap().batch({**bars, "volume": [1.0, 1.0], "ts_open": [0.5, 1.5]})


def test_wrong_columns_outputs_and_scales_are_named() -> None:
    with pytest.raises(ConfigError, match="atr_3 reads 3 columns: high, low, close"):
        ind.Atr(3).expr("close")
    with pytest.raises(ConfigError, match="macd_12_26_9 has no output upper, but line, signal"):
        ind.Macd().expr(output="upper")
    for scale in (19, -1):
        with pytest.raises(ConfigError, match="a scale is from 0 to 18"):
            ind.Ema(3).batch([1], price_scale=scale)


def test_neither_the_command_nor_an_indicator_loads_what_only_research_needs() -> None:
    code = (
        "import sys; from openoutcry.daemon.cli import main\n"
        "from openoutcry.actors.indicators import Ema; Ema(3)\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('heavy:', sorted({'numpy', 'polars'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.endswith("heavy: []\n")
