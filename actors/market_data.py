"""The market-data actor: hands each datum to the strategies that asked for its kind and instrument.

It keeps nothing itself; what strategies want to be woken for waits in the engine. The last quote, trade, bar and the books live in the native `Market`, which
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
from openoutcry.state.messages import Message


class WatchPrice(Message, frozen=True, gc=False, tag=True):
    """Wake a strategy once when an instrument's price reaches a level of `units` price units.

    `book` and `instrument` are the numbers of the strategy and the instrument.
    """

    book: int
    name: str
    instrument: int
    units: int


class UnwatchPrice(Message, frozen=True, gc=False, tag=True):
    """Forget a level, if it is still waited for."""

    book: int
    name: str
    instrument: int


class Feeds(Protocol):
    """What the data source behind the inlet offers, and how to ask it for less or more."""

    def offers(self, instrument: InstrumentId) -> frozenset[str]:
        """Kinds recorded or streamed for an instrument: quote trade bar book mark funding ..."""

    def recorded_bars(self, instrument: InstrumentId) -> tuple[tuple[str, PriceType], ...]:
        """Bars that come ready-made, as (timeframe, price type)."""

    def want(self, kind: str, instrument: InstrumentId) -> None:
        """Deliver this kind; what nobody wants may stay inside the engine."""

    def build_bars(self, instrument: InstrumentId, timeframe: str, price_type: PriceType) -> None:
        """Build these bars from the instrument's quotes or trades; asking twice changes nothing.

        They are inputs, and update what is attached to them; `want` brings them to the actors.
        """


class MarketDataActor(Actor):
    """Publishes by instrument and kind.

    Args:
        dispatcher: Where it runs.
        feeds: The data source.
        index: Numbers of the instruments.
        interests: What the engine wakes strategies for.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        feeds: Feeds,
        index: Mapping[InstrumentId, int],
        interests: _native.Interests,
    ) -> None:
        super().__init__(dispatcher, "market-data")
        self._feeds = feeds
        self._index = index
        self.router = _native.Router(len(index))
        self.interests = interests

    def subscribe(self, kind: str, instrument: InstrumentId, cell: Cell) -> None:
        """Deliver a kind of an instrument's data to an actor from now on.

        Raises:
            ConfigError: No feed offers it.
        """
        self.check_offered(kind, instrument, cell)
        if self.router.add(kind, self._index[instrument], cell):
            self._feeds.want(kind, instrument)

    def check_offered(
        self, kind: str | tuple[str, ...], instrument: InstrumentId, cell: Cell
    ) -> None:
        """Refuse what no feed offers; one of several kinds is enough.

        Raises:
            ConfigError: No feed offers it.
        """
        kinds = (kind,) if isinstance(kind, str) else kind
        offered = self._feeds.offers(instrument)
        if offered.isdisjoint(kinds):
            have = ", ".join(sorted(offered)) or "nothing"
            raise ConfigError(
                f"{cell.name} subscribes to {' or '.join(kinds)} of {instrument}, "
                f"but its feeds offer {have}",
                remedy=f"add a [[feeds]] entry with kinds = [{kinds[0]!r}] for {instrument}",
            )

    def provide_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None, cell: Cell
    ) -> PriceType:
        """Make sure that there are such bars: recorded ones where they exist, else built ones.

        Without a price type the recorded one is taken, else `last` from trades, else `mid` from
        quotes. Returns the price type that applies.

        Raises:
            ConfigError: Nothing offers or could build them.
        """
        resolved = self._resolve(instrument, timeframe, price_type, cell)
        if (timeframe, resolved) not in self._feeds.recorded_bars(instrument):
            self._feeds.build_bars(instrument, timeframe, resolved)
        return resolved

    def deliver_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType, cell: Cell
    ) -> None:
        """Deliver bars, which `provide_bars` made sure of, to an actor from now on."""
        number = self._index[instrument]
        if self.router.add_bars(number, timeframe, price_type.value, cell):
            self._feeds.want("bar", instrument)

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

    @handles(WatchPrice)
    def watch_price(self, request: WatchPrice) -> None:
        """Wait for a level; an earlier one of that name is replaced."""
        self.interests.wait_for(request.book, request.name, request.instrument, request.units)

    @handles(UnwatchPrice)
    def unwatch_price(self, request: UnwatchPrice) -> None:
        """Wait no more."""
        self.interests.forget(request.book, request.name, request.instrument)

    @handles(*AnyMarketData.__args__)
    def on_data(self, message: AnyMarketData) -> None:
        """Publish a datum that came as a message; those of the inlet go straight to `subscribers`."""
        for cell in self.subscribers(message):
            self.emit(cell, message)
