"""The market-data actor: hands each datum to the strategies that asked for its kind and instrument.

It keeps nothing itself. The last quote, trade, bar and the books live in the native `Market`, which
the inlet updates before the core sees the datum. Asking for something no recorded or live feed offers
is an error at start, not silence later.
"""

from typing import Protocol

from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.state.enums import PriceType
from openoutcry.state.errors import ConfigError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import (
    Bar,
    BookInvalidated,
    BookUpdate,
    Dividend,
    FundingRate,
    MarkPrice,
    Quote,
    Split,
    Trade,
)

BarKey = tuple[InstrumentId, str, PriceType]


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
    """Publishes by instrument and kind."""

    def __init__(self, dispatcher: Dispatcher, feeds: Feeds) -> None:
        super().__init__(dispatcher, "market-data")
        self._feeds = feeds
        self._quotes: dict[InstrumentId, list[Cell]] = {}
        self._trades: dict[InstrumentId, list[Cell]] = {}
        self._books: dict[InstrumentId, list[Cell]] = {}
        self._marks: dict[InstrumentId, list[Cell]] = {}
        self._funding: dict[InstrumentId, list[Cell]] = {}
        self._actions: dict[InstrumentId, list[Cell]] = {}
        self._bars: dict[BarKey, list[Cell]] = {}
        self._tables = {
            "quote": self._quotes,
            "trade": self._trades,
            "book": self._books,
            "mark": self._marks,
            "funding": self._funding,
            "split": self._actions,
            "dividend": self._actions,
        }

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
        subscribers = self._tables[kind].setdefault(instrument, [])
        if cell not in subscribers:
            subscribers.append(cell)
            self._feeds.want(kind, instrument)

    def subscribe_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None, cell: Cell
    ) -> PriceType:
        """Deliver bars to an actor: recorded ones where they exist, else built here.

        Without a price type the recorded one is taken, else `last` from trades, else `mid` from
        quotes. Returns the price type that applies.
        """
        resolved = self._resolve(instrument, timeframe, price_type, cell)
        key = (instrument, timeframe, resolved)
        if key not in self._bars:
            self._bars[key] = []
            if (timeframe, resolved) in self._feeds.recorded_bars(instrument):
                self._feeds.want("bar", instrument)
            else:
                self._feeds.build_bars(instrument, timeframe, resolved)
        if cell not in self._bars[key]:
            self._bars[key].append(cell)
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

    @handles(Quote)
    def on_quote(self, quote: Quote) -> None:
        """Publish a quote."""
        for cell in self._quotes.get(quote.instrument, ()):
            self.emit(cell, quote)

    @handles(Trade)
    def on_trade(self, trade: Trade) -> None:
        """Publish a trade."""
        for cell in self._trades.get(trade.instrument, ()):
            self.emit(cell, trade)

    @handles(Bar)
    def on_bar(self, bar: Bar) -> None:
        """Publish a closed bar."""
        for cell in self._bars.get((bar.instrument, bar.timeframe, bar.price_type), ()):
            self.emit(cell, bar)

    @handles(BookUpdate, BookInvalidated)
    def on_book(self, update: BookUpdate | BookInvalidated) -> None:
        """Publish a change of a book, or that it can't be trusted."""
        for cell in self._books.get(update.instrument, ()):
            self.emit(cell, update)

    @handles(MarkPrice)
    def on_mark(self, mark: MarkPrice) -> None:
        """Publish a mark price."""
        for cell in self._marks.get(mark.instrument, ()):
            self.emit(cell, mark)

    @handles(FundingRate)
    def on_funding(self, funding: FundingRate) -> None:
        """Publish a settled funding rate."""
        for cell in self._funding.get(funding.instrument, ()):
            self.emit(cell, funding)

    @handles(Split, Dividend)
    def on_corporate_action(self, action: Split | Dividend) -> None:
        """Publish a split or dividend."""
        for cell in self._actions.get(action.instrument, ()):
            self.emit(cell, action)
