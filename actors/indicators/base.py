"""What all indicators share: fed by closed bars, computed by the engine, restored from bytes.

Indicators are floats, because they describe; a price or size that they lead to is decided in
exact numbers again. Every value is NaN until `ready`.
"""

from typing import ClassVar

from openoutcry import _native
from openoutcry.state import binding  # noqa: F401 - gives the engine the errors it raises
from openoutcry.state.market_data import Bar


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

    def snapshot(self) -> bytes:
        """The state, for `restore` of an indicator with the same parameters."""
        return self._native.snapshot()

    def restore(self, data: bytes) -> None:
        """Continue where a snapshot was taken.

        Raises:
            CodecError: It is not a snapshot of this indicator with these parameters.
        """
        self._native.restore(data)

    def __repr__(self) -> str:
        """As it is written in a strategy, with the value."""
        parameters = ", ".join(map(str, self._parameters))
        return f"{type(self).__name__}({parameters}) = {self.value}"
