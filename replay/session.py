"""One replay, step by step: the same graph as live, with the kernel as inlet, clock and venue.

The native `Kernel` merges recorded feeds, simulated venues and timers into one ordered stream of
inputs; this module builds it from a config and a catalog, wires the graph to it and plays. Nothing
here decides anything.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from openoutcry import _native
from openoutcry.actors.graph import Graph, Ports, build_graph
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.decode_ahead import DecodeAhead
from openoutcry.replay.hours import calendars_of, sessions_of, venue_sessions
from openoutcry.replay.record import RunRecord
from openoutcry.replay.venue_config import exchange_mapping
from openoutcry.state.calendars import Calendar
from openoutcry.state.config import Config, FeedConfig
from openoutcry.state.enums import PriceType
from openoutcry.state.errors import ConfigError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument
from openoutcry.state.memory_journal import MemoryJournal
from openoutcry.state.universe import Universe

KINDS: Final = ("quote", "trade", "bar", "book", "mark", "funding", "split", "dividend")
_LAST_TS: Final = 2**63 - 1
_ALL_ORDERS: Final = 2**63 - 1  # the result lists every order: packing them would only cost
Chunks = Callable[[FeedConfig, str, tuple[str, PriceType] | None], Iterable[Mapping[str, object]]]


def parse_bars(text: str) -> tuple[str, PriceType]:
    """`1m-last` as time frame and price type.

    Raises:
        ConfigError: It is not written so.
    """
    timeframe, dash, kind = text.partition("-")
    if not (timeframe and dash and kind in [item.value for item in PriceType]):
        raise ConfigError(f"bars {text!r}", remedy="write time frame and price type, as in 1m-last")
    return timeframe, PriceType(kind)


class RecordedFeeds:
    """What the recorded feeds offer, and what the kernel is asked to deliver of it.

    Args:
        feeds: The config's feeds, one per instrument.
        universe: Numbers of the instruments.
        kernel: Who delivers.
        stepping: Deliver everything, wanted or not: the slow path that skipping is tested against.
    """

    def __init__(
        self,
        feeds: tuple[FeedConfig, ...],
        universe: Universe,
        kernel: _native.Kernel,
        *,
        stepping: bool,
    ) -> None:
        self._kernel = kernel
        self._index = universe.index
        self._offers = {feed.instrument: frozenset(feed.kinds) for feed in feeds}
        self._bars = {feed.instrument: tuple(map(parse_bars, feed.bars)) for feed in feeds}
        for feed in feeds:
            for kind in KINDS:
                kernel.set_interest(kind, self._index[feed.instrument], stepping)

    def offers(self, instrument: InstrumentId) -> frozenset[str]:
        """Kinds recorded for an instrument."""
        return self._offers.get(instrument, frozenset())

    def recorded_bars(self, instrument: InstrumentId) -> tuple[tuple[str, PriceType], ...]:
        """Recorded bars of an instrument."""
        return self._bars.get(instrument, ())

    def want(self, kind: str, instrument: InstrumentId) -> None:
        """Deliver this kind from now on."""
        self._kernel.set_interest(kind, self._index[instrument], True)

    def build_bars(self, instrument: InstrumentId, timeframe: str, price_type: PriceType) -> None:
        """Have the kernel build bars from quotes or trades."""
        self._kernel.build_bars(self._index[instrument], timeframe, price_type.value)


class ReplaySession:
    """A replay that is ready to play.

    Args:
        config: The whole config.
        instruments: Instruments of the run; those without a feed serve conversions only.
        chunks: Gives the column chunks of one feed and kind (and bar).
        calendars: Trading hours, for the instruments that name a calendar.
        start: Nanoseconds UTC at which the run's clock starts.
        end: Time of the last datum, as far as it is known; trading hours are resolved until then.
        epoch: First part of client order ids.
        stepping: Bring every event to Python, as `RecordedFeeds`.
        keep_records: Keep the decision record, to read it back.
        universe: That of the config and the instruments, where it is known already.
        final_stamps: Times of receipt are those of a session's tape: no feed's latency is added.

    Raises:
        ConfigError: A feed's instrument, its venue or its calendar is not known.
    """

    def __init__(
        self,
        config: Config,
        instruments: Iterable[Instrument],
        chunks: Chunks,
        *,
        calendars: Iterable[Calendar] = (),
        start: int = 0,
        end: int = _LAST_TS,
        epoch: int = 0,
        stepping: bool = False,
        keep_records: bool = False,
        universe: Universe | None = None,
        final_stamps: bool = False,
    ) -> None:
        self.config = config
        self._final_stamps = final_stamps
        self.universe = universe or build_universe(config, instruments)
        self.market = _native.Market(self.universe.specs)
        self.calendars = calendars_of(self.universe.instruments, calendars)
        self.kernel = build_kernel(config, self.universe, self.market, self.calendars, (start, end))
        for feed in config.feeds:
            self._add_feed(feed, chunks)
        self.journal = MemoryJournal(keep=keep_records)
        ports = Ports(
            inlet=self.kernel,
            journal=self.journal,
            venue=self.kernel,
            feeds=RecordedFeeds(config.feeds, self.universe, self.kernel, stepping=stepping),
            market=self.market,
        )
        self.graph: Graph = build_graph(
            config, self.universe, ports, epoch, recent_orders=_ALL_ORDERS, keep_record=True
        )
        self.record = RunRecord(self.graph.path)
        self.player = self.graph.player

    def _add_feed(self, feed: FeedConfig, chunks: Chunks) -> None:
        number = self.universe.index[feed.instrument]
        latency_ns = 0 if self._final_stamps else feed.latency_us * 1_000
        for kind in feed.kinds:
            if kind == "bar":
                for bars in map(parse_bars, feed.bars):
                    columns = chunks(feed, kind, bars)
                    named = (bars[0], bars[1].value)
                    self.kernel.add_feed(kind, number, columns, named, latency_ns)
            else:
                self.kernel.add_feed(kind, number, chunks(feed, kind, None), None, latency_ns)

    def begin(self) -> None:
        """Start the actors."""
        self.graph.start()

    @property
    def delivered(self) -> int:
        """Inputs that the kernel brought to the actors."""
        return self.kernel.delivered

    def play(self, limit: int | None = None, skip: int | None = None) -> bool:
        """Handle inputs until the data ends or a core actor fails.

        Args:
            limit: Until so many were delivered.
            skip: Until about so many were passed over that nobody asked for.

        Returns:
            Whether there may be more.
        """
        return self.player.play(limit, skip)

    def end(self, *, interrupted: bool = False) -> None:
        """Stop the strategies, let what they sent be answered, cancel what still works.

        Args:
            interrupted: Leave the data that was not played unplayed.
        """
        if interrupted:
            self.kernel.cut()
        if not self.graph.supervisor.halted:
            self.graph.stop()
            self.play()
        self.kernel.finish()
        self.play()
        if not self.graph.supervisor.halted:
            self.graph.end()
        self.graph.close()

    def journal_hash(self) -> str:
        """Digest of every input and every decision, hex."""
        return _native.digest(self.kernel.input_hash() + self.journal.digest()).hex()

    def state_hash(self) -> str:
        """Digest of what is at the end: market, books and orders, hex."""
        parts = (self.market.hash(), self.graph.books.snapshot(), self.graph.orders.digest())
        return _native.digest(b"".join(map(_native.digest, parts))).hex()


def build_kernel(
    config: Config,
    universe: Universe,
    market: _native.Market,
    calendars: Mapping[str, Calendar],
    span: tuple[int, int],
) -> _native.Kernel:
    """The kernel of a run, without feeds: venues, trading hours, and the clock at the span's start.

    Args:
        config: The whole config.
        universe: Instruments and currencies.
        market: What the kernel keeps up to date.
        calendars: The calendar of each instrument that has one, by instrument id.
        span: First and last time (nanoseconds UTC) for which trading hours are resolved.
    """
    start, end = span
    items, table = universe.instruments, universe.currencies
    venues = []
    for venue in config.venues:
        hours = venue_sessions(venue, items, calendars, start, end)
        venues.append(exchange_mapping(venue, items, table, hours))
    kernel = _native.Kernel(universe.specs, [item.id for item in items], table, venues, market)
    kernel.set_clock(start)
    for instrument, sessions in sessions_of(items, calendars, start, end).items():
        kernel.set_sessions(universe.index[instrument], sessions)
    return kernel


def build_universe(config: Config, instruments: Iterable[Instrument]) -> Universe:
    """The instruments and currencies of a config.

    Raises:
        ConfigError: A feed's instrument is not known, or no venue of the config trades it.
    """
    known = {item.id: item for item in instruments}
    venues = [venue.name for venue in config.venues]
    for feed in config.feeds:
        item = known.get(feed.instrument)
        if item is None:
            raise ConfigError(
                f"feed {feed.instrument}: the catalog has no such instrument",
                remedy=f"it has: {', '.join(sorted(known)) or 'none'}; see `outcry data ls`",
            )
        if item.venue not in venues:
            raise ConfigError(
                f"feed {feed.instrument}: there is no [[venues]] entry named {item.venue}",
                remedy=f"add one; the config has: {', '.join(venues)}",
            )
    currencies = [config.run.account_currency]
    for venue in config.venues:
        currencies += venue.balances
        if venue.fees.currency not in ("quote", "base"):
            currencies.append(venue.fees.currency)
    chosen = [known[feed.instrument] for feed in config.feeds]
    return Universe(chosen, currencies, config.currencies)


def recorded_chunks(
    data: Dataset, start: int | None, end: int | None, ahead: DecodeAhead
) -> Chunks:
    """Column chunks of recorded feeds between two times."""

    def chunks(
        feed: FeedConfig, kind: str, bars: tuple[str, PriceType] | None
    ) -> Iterable[Mapping[str, object]]:
        bar = None if bars is None else f"{bars[0]}-{bars[1].value}"
        return data.chunks(kind, feed.instrument, bar, start, end, ahead=ahead)

    return chunks
