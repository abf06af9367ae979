"""Indicators over columns: numpy arrays in and out, and polars expressions.

numpy and polars are imported inside the functions: a strategy that does no research loads neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from openoutcry import _native
from openoutcry.state.errors import ConfigError, DataFormatError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import ArrayLike, NDArray

Bars: TypeAlias = "Mapping[str, ArrayLike] | pl.DataFrame | pl.Series | ArrayLike"
"""Columns by name, or one column."""


def _column(values: Any) -> "NDArray[Any]":
    """A column as the engine takes it: 64-bit integers where they fit, else floats."""
    import numpy as np

    array = np.asarray(values)
    whole = array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int64)
    return np.ascontiguousarray(array, dtype=np.int64 if whole else np.float64)


def _columns(native: _native.Indicator, bars: Any) -> "dict[str, NDArray[Any]]":
    """The columns that an indicator reads."""
    if not isinstance(bars, Mapping) and not hasattr(bars, "columns"):
        if len(native.inputs) > 1:
            raise DataFormatError(f"one column is not enough: it reads {', '.join(native.inputs)}")
        return {native.inputs[0]: _column(bars)}
    present = bars.keys() if isinstance(bars, Mapping) else bars.columns
    return {name: _column(bars[name]) for name in native.inputs if name in present}


def batch(
    native: _native.Indicator, bars: Any, price_scale: int, size_scale: int
) -> "dict[str, NDArray[np.float64]]":
    """Every output of a fresh indicator for every row; see `Indicator.batch`.

    Raises:
        DataFormatError: A column is missing or of another length, or a price is no number.
        ConfigError: A scale is not from 0 to 18.
    """
    import numpy as np

    if not (0 <= price_scale <= 18 and 0 <= size_scale <= 18):
        raise ConfigError(f"a scale is from 0 to 18, not {price_scale} and {size_scale}")
    columns = _columns(native, bars)
    rows = max((len(column) for column in columns.values()), default=0)
    out = [np.empty(rows) for _ in native.outputs]
    native.batch(columns, price_scale, size_scale, out)
    return dict(zip(native.outputs, out, strict=True))


@dataclass(frozen=True)
class Run:
    """What an expression runs: the indicator, the name of its result, the scales of integers."""

    native: _native.Indicator
    name: str
    price_scale: int
    size_scale: int

    def __call__(self, series: Sequence[Any]) -> "dict[str, NDArray[np.float64]]":
        """The outputs for columns in the order of the indicator's inputs."""
        columns = dict(zip(self.native.inputs, series, strict=True))
        return batch(self.native, columns, self.price_scale, self.size_scale)


def expression(run: Run, columns: "Sequence[str | pl.Expr]", output: str | None) -> "pl.Expr":
    """An expression over `columns`; see `Indicator.expr`.

    Raises:
        ConfigError: There is no such output, or another number of columns is read.
    """
    import polars as pl

    inputs, outputs = run.native.inputs, run.native.outputs
    chosen = outputs[0] if output == "value" or len(outputs) == 1 else output
    if output not in {None, "value", *outputs}:
        raise ConfigError(f"{run.name} has no output {output}, but {', '.join(outputs)}")
    if columns and len(columns) != len(inputs):
        raise ConfigError(f"{run.name} reads {len(inputs)} columns: {', '.join(inputs)}")

    def one(series: Sequence[pl.Series]) -> pl.Series:
        return pl.Series(run(series)[str(chosen)])

    def several(series: Sequence[pl.Series]) -> pl.Series:
        return pl.DataFrame(run(series)).to_struct()

    found = pl.map_batches(
        list(columns or inputs),
        several if chosen is None else one,
        return_dtype=pl.Float64 if chosen else pl.Struct(dict.fromkeys(outputs, pl.Float64)),
    )
    return found.alias(run.name if output is None else f"{run.name}_{output}")
