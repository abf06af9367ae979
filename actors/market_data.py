"""The market-data actor: hands each datum to the strategies that asked for its kind and instrument.

It keeps nothing itself. The last quote, trade, bar and the books live in the native `Market`, which
the inlet updates before the core sees the datum. Asking for something no recorded or live feed offers
is an error at start, not silence later.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openoutcry import _native
from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.state.enums import PriceType
from openoutcry.state.errors import ConfigError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import AnyMarketData


class Feeds(Protocol):
    """What the data source behind the inlet offers, and how to ask it for less or more."""

    def offers(self, instrument: InstrumentId) -> frozenset[str]:
        """Kinds recorded or streamed for an instrument: quote trade bar book mark funding ..."""

    def recorded_bars(self, instrument: InstrumentId) -> tuple[tuple[str, PriceType], ...]:
        """Bars that come ready-made, as (timeframe, price type)."""

    def want(self, kind: str, instrument: InstrumentId) -> None:
        """Deliver this kind; what nobody wants may stay inside the engine."""

    def build_bars(self, instrument: InstrumentId, timeframe: str, price_type: PriceType) -> None:
        """Build these bars from the instrument's quotes or trades."""


class MarketDataActor(Actor):
    """Publishes by instrument and kind.

    Args:
        dispatcher: Where it runs.
        feeds: The data source.
        index: Numbers of the instruments.
    """

    def __init__(
        self, dispatcher: Dispatcher, feeds: Feeds, index: Mapping[InstrumentId, int]
    ) -> None:
        super().__init__(dispatcher, "market-data")
        self._feeds = feeds
        self._index = index
        self.router = _native.Router(len(index))

    def subscribe(self, kind: str, instrument: InstrumentId, cell: Cell) -> None:
        """Deliver a kind of an instrument's data to an actor from now on.

        Raises:
            ConfigError: No feed offers it.
        """
        offered = self._feeds.offers(instrument)
        if kind not in offered:
            have = ", ".join(sorted(offered)) or "nothing"
            raise ConfigError(
                f"{cell.name} subscribes to {kind} of {instrument}, but its feeds offer {have}",
                remedy=f"add a [[feeds]] entry with kinds = [{kind!r}] for {instrument}",
            )
        if self.router.add(kind, self._index[instrument], cell):
            self._feeds.want(kind, instrument)

    def subscribe_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None, cell: Cell
    ) -> PriceType:
        """Deliver bars to an actor: recorded ones where they exist, else built here.

        Without a price type the recorded one is taken, else `last` from trades, else `mid` from
        quotes. Returns the price type that applies.
        """
        resolved = self._resolve(instrument, timeframe, price_type, cell)
        number = self._index[instrument]
        if self.router.add_bars(number, timeframe, resolved.value, cell):
            if (timeframe, resolved) in self._feeds.recorded_bars(instrument):
                self._feeds.want("bar", instrument)
            else:
                self._feeds.build_bars(instrument, timeframe, resolved)
        return resolved

    def _resolve(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None, cell: Cell
    ) -> PriceType:
        recorded = self._feeds.recorded_bars(instrument)
        for frame, kind in recorded:
            if frame == timeframe and price_type in (None, kind):
                return kind
        offered = self._feeds.offers(instrument)
        if "trade" in offered and price_type in (None, PriceType.LAST):
            return PriceType.LAST
        if offered & {"quote", "book"} and price_type is not PriceType.LAST:
            return price_type or PriceType.MID
        wanted = f"{timeframe}-{price_type.value}" if price_type else timeframe
        have = ", ".join(f"{frame}-{kind.value}" for frame, kind in recorded) or "none"
        raise ConfigError(
            f"{cell.name} needs {wanted} bars of {instrument}: recorded bars are {have} "
            f"and no quotes or trades could build them",
            remedy=f"add the bars, trades or quotes of {instrument} to its [[feeds]] entry",
        )

    def subscribers(self, message: AnyMarketData) -> Sequence[Cell]:
        """Who asked for a datum."""
        return self.router.cells(self._index[message.instrument], message)

    @handles(*AnyMarketData.__args__)
    def on_data(self, message: AnyMarketData) -> None:
        """Publish a datum that came as a message; those of the inlet go straight to `subscribers`."""
        for cell in self.subscribers(message):
            self.emit(cell, message)
