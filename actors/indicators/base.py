"""What all indicators share: fed by closed bars, computed by the engine, restored from bytes.

Indicators are floats, because they describe; a price or size that they lead to is decided in
exact numbers again. Every value is NaN until `ready`. For research the same object runs over whole
columns (`batch`) and as a polars expression (`expr`), with the same values to the last bit.
"""

from typing import TYPE_CHECKING, ClassVar

from openoutcry import _native
from openoutcry.state import binding  # noqa: F401 - gives the engine the errors it raises
from openoutcry.state.market_data import Bar

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from openoutcry.actors.indicators.frame import Bars


class Indicator:
    """Base of all indicators; subclasses name the engine's indicator and its outputs."""

    engine_name: ClassVar[str]

    def __init__(self, *parameters: float) -> None:
        """Make one by the engine's parameters, in order.

        Raises:
            ConfigError: A parameter is not in its range.
        """
        self._parameters = parameters
        self._native = _native.Indicator(self.engine_name, parameters)

    @property
    def engine(self) -> _native.Indicator:
        """The engine's side of it, which the engine itself may update."""
        return self._native

    def update(self, bar: Bar) -> None:
        """Take a closed bar; an unknown volume is passed on as NaN."""
        self._native.update(bar)

    @property
    def value(self) -> float:
        """The main output; NaN until `ready`."""
        return self._native.value

    @property
    def ready(self) -> bool:
        """Whether enough bars were seen."""
        return self._native.ready

    @property
    def count(self) -> int:
        """Bars seen."""
        return self._native.count

    @property
    def warmup(self) -> int:
        """Bars until it is ready."""
        return self._native.warmup

    @property
    def inputs(self) -> list[str]:
        """Columns of a bar that it reads, in the order in which `expr` takes them."""
        return self._native.inputs

    @property
    def outputs(self) -> list[str]:
        """Names of its outputs, the main one, which is also `value`, first."""
        return self._native.outputs

    def snapshot(self) -> bytes:
        """The state, for `restore` of an indicator with the same parameters."""
        return self._native.snapshot()

    def restore(self, data: bytes) -> None:
        """Continue where a snapshot was taken.

        Raises:
            CodecError: It is not a snapshot of this indicator with these parameters.
        """
        self._native.restore(data)

    def batch(
        self, bars: "Bars", *, price_scale: int = 0, size_scale: int = 0
    ) -> "dict[str, NDArray[np.float64]]":
        """Every output for every bar, NaN until ready, as if the bars came one by one.

        A fresh indicator does it: what this one has seen plays no part and stays.

        Args:
            bars: Columns by the names in `inputs` (a mapping or a DataFrame), or one column where
                one is read. Floats are prices; integers count 10^-scale of one.
            price_scale: Scale of integer prices.
            size_scale: Scale of an integer volume.

        Raises:
            DataFormatError: A column is missing or of another length, or a price is no number.
            ConfigError: A scale is not from 0 to 18.
        """
        from openoutcry.actors.indicators import frame

        return frame.batch(self._native, bars, price_scale, size_scale)

    def expr(
        self,
        *columns: "str | pl.Expr",
        output: str | None = None,
        price_scale: int = 0,
        size_scale: int = 0,
    ) -> "pl.Expr":
        """The same as a polars expression, named after the indicator, as in `ema_20`.

        It gives one column, or a struct where there are several outputs and none is chosen. Rows
        are taken as they stand, all of them or with `.over("instrument")` those of each group.

        Args:
            columns: Where to find what `inputs` lists, in that order; by those names if not given.
            output: One of `outputs`, or `value`.
            price_scale: Scale of integer prices.
            size_scale: Scale of an integer volume.

        Raises:
            ConfigError: There is no such output, or another number of columns is read.
        """
        from openoutcry.actors.indicators import frame

        name = "_".join([self.engine_name, *map(str, self._parameters)])
        run = frame.Run(self._native, name, price_scale, size_scale)
        return frame.expression(run, columns, output)

    def __repr__(self) -> str:
        """As it is written in a strategy, with the value."""
        parameters = ", ".join(map(str, self._parameters))
        return f"{type(self).__name__}({parameters}) = {self.value}"


class Banded(Indicator):
    """A middle line, which is `value`, between two bands."""

    @property
    def middle(self) -> float:
        """The line between the bands."""
        return self._native.output("middle")

    @property
    def upper(self) -> float:
        """Upper edge of the band."""
        return self._native.output("upper")

    @property
    def lower(self) -> float:
        """Lower edge of the band."""
        return self._native.output("lower")


class Lined(Indicator):
    """A line, which is `value`, its EMA, and the distance of both."""

    @property
    def line(self) -> float:
        """Fast EMA less slow EMA."""
        return self._native.output("line")

    @property
    def signal(self) -> float:
        """EMA of the line."""
        return self._native.output("signal")

    @property
    def histogram(self) -> float:
        """Line less signal."""
        return self._native.output("histogram")
