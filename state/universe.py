"""The instruments and currencies of one run, numbered once and for all.

The native engine speaks of instruments and currencies by index; this is the one place that maps.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property

from openoutcry import _native
from openoutcry.state import binding
from openoutcry.state.errors import ConfigError, CurrencyMismatch
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument


class Universe:
    """Instruments in order of their ids, currencies in order of their codes.

    Args:
        instruments: Every instrument with a feed or an order.
        currencies: Codes that need a number beside those of the instruments (balances, fees).
        scales: Scales of currencies that differ from the built-in table.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        currencies: Iterable[str] = (),
        scales: Mapping[str, int] | None = None,
    ) -> None:
        self.instruments = tuple(sorted(instruments, key=lambda instrument: instrument.id))
        self.index = {item.id: number for number, item in enumerate(self.instruments)}
        assert len(self.index) == len(self.instruments), "an instrument is listed twice"
        self.currencies = binding.currency_table(self.instruments, currencies, scales)
        self.currency_index = {code: n for n, (code, _) in enumerate(self.currencies)}

    @cached_property
    def specs(self) -> tuple[_native.InstrumentSpec, ...]:
        """The instruments as the native engine takes them."""
        return tuple(binding.spec(item, self.currencies) for item in self.instruments)

    def instrument(self, instrument_id: InstrumentId) -> Instrument:
        """An instrument by its id.

        Raises:
            ConfigError: It is not part of this run.
        """
        number = self.index.get(instrument_id)
        if number is None:
            known = ", ".join(self.index) or "none"
            raise ConfigError(
                f"instrument {instrument_id} is not part of this run (which has: {known})",
                remedy="add a [[feeds]] entry for it",
            )
        return self.instruments[number]

    def scale(self, currency: str) -> int:
        """Decimals of a currency of this run.

        Raises:
            CurrencyMismatch: The currency is not part of this run.
        """
        number = self.currency_index.get(currency)
        if number is None:
            raise CurrencyMismatch(f"{currency} is not a currency of this run")
        return self.currencies[number][1]
