"""The actor graph on feeds that are pushed to it: what a daemon runs, and what a re-run plays again.

The kernel is the one inlet here as in a replay: rows are pushed with the time at which they were
received, commands and reports of venues are injected at theirs, and everything up to a moment is played
in the total order. So the order of a live session follows from stamps alone, and its tape and journal
give it back.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar, cast

import msgspec

from openoutcry import _native
from openoutcry.actors.graph import Graph, Ports, build_graph
from openoutcry.actors.ports import Journal
from openoutcry.actors.strategy_actor import StrategySnapshot
from openoutcry.replay.hours import calendars_of
from openoutcry.replay.session import RecordedFeeds, build_kernel, build_universe, parse_bars
from openoutcry.replay.venue_history import ENDED_ORDERS
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.codec import AnyMessage, decode, encode
from openoutcry.state.config import Config, FeedConfig
from openoutcry.state.errors import CodecError
from openoutcry.state.events import (
    ActorFailed,
    AnyAccountEvent,
    AnyOrderEvent,
    SessionReconciled,
)
from openoutcry.state.identifiers import ClientOrderId
from openoutcry.state.instruments import Instrument

HOURS_AHEAD_NS: Final = 400 * 86_400 * 10**9
"""Trading hours are known this far ahead of a start: a daemon is restarted at least once a year."""
_T = TypeVar("_T")
REPORTS: Final = (*AnyOrderEvent.__args__, *AnyAccountEvent.__args__)
_REPORT_KINDS: Final = frozenset(REPORTS)
_ACCOUNT_KINDS: Final = frozenset(AnyAccountEvent.__args__)
ARCHIVED_ORDERS: Final = 2 * ENDED_ORDERS
"""Ended orders that are remembered, for each venue: twice as many as a simulated venue tells of."""
ACCOUNT_EVENTS: Final = 2 * ENDED_ORDERS
"""Events of an account that are remembered, for each venue; a venue tells of half as many at most."""


class LiveSession:
    """A graph whose feeds are pushed.

    Args:
        config: The whole config.
        instruments: Instruments of the run; those without a feed serve conversions only.
        journal: Where the decision record goes.
        calendars: Trading hours, for the instruments that name a calendar.
        start: Nanoseconds UTC at which the session began for the first time.
        epoch: First part of client order ids.
        speed: How many times as fast as real time it runs.

    Attributes:
        streams: What can be pushed, in the order that breaks ties of time.

    Raises:
        ConfigError: A feed's instrument, its venue or its calendar is not known.
    """

    def __init__(
        self,
        config: Config,
        instruments: Iterable[Instrument],
        journal: Journal,
        *,
        calendars: Iterable[Calendar] = (),
        start: int,
        epoch: int,
        speed: int = 1,
    ) -> None:
        self.config = config
        self.start = start
        self.universe = build_universe(config, instruments)
        self.market = _native.Market(self.universe.specs)
        hours = calendars_of(self.universe.instruments, calendars)
        self.kernel = build_kernel(
            config, self.universe, self.market, hours, (start, start + HOURS_AHEAD_NS)
        )
        self.streams = streams_of(config.feeds)
        self._feeds = {key: self._add(key) for key in self.streams}
        self.journal = journal
        ports = Ports(
            inlet=self.kernel,
            journal=journal,
            venue=self.kernel,
            feeds=RecordedFeeds(config.feeds, self.universe, self.kernel, stepping=False),
            market=self.market,
            speed=speed,
        )
        self._handled: deque[Callable[[int], None] | None] = deque()
        self._account: deque[bytes] = deque(maxlen=len(config.venues) * ACCOUNT_EVENTS)
        archived = len(config.venues) * ARCHIVED_ORDERS
        self.graph: Graph = build_graph(
            config, self.universe, ports, epoch, archived_orders=archived
        )
        self._epoch = f"{epoch:012x}"
        self.graph.after_input = self._after_input

    def _add(self, key: StreamKey) -> int:
        bar = None
        if key.bar is not None:
            timeframe, price_type = parse_bars(key.bar)
            bar = (timeframe, price_type.value)
        return self.kernel.add_live_feed(key.kind, self.universe.index[key.instrument], bar)

    def push(self, key: StreamKey, columns: Mapping[str, object]) -> None:
        """Rows that were received; their stamps are those at which they are played."""
        self.kernel.push(self._feeds[key], columns)

    def rows_taken(self, key: StreamKey) -> int:
        """Rows of a stream that were played since the session began for the first time."""
        return self.kernel.rows_taken(self._feeds[key])

    def inject(
        self, ts: int, message: AnyMessage, handled: Callable[[int], None] | None = None
    ) -> None:
        """Bring an input from outside at a moment that is not over: a command, a venue's report.

        `handled` is told its sequence number when the session has handled it; commands are handled
        in the order in which they are injected.
        """
        if isinstance(message, REPORTS):
            assert handled is None, "nobody waits for a report to be handled"
            self.kernel.inject(ts, "report", message, encode(message))
        else:
            self.kernel.inject(ts, "control", message, encode(message))
            self._handled.append(handled)

    def plan(self, seq: int, ts: int, message: AnyMessage, encoded: bytes) -> None:
        """Bring an input from outside once more, in a re-run: it had this number and stamp."""
        if message.__class__ in _REPORT_KINDS:
            self.kernel.inject(ts, "report", message, encoded, seq)
        else:
            self.kernel.inject(ts, "control", message, encoded, seq)
            self._handled.append(None)

    def forgot(self, order: ClientOrderId) -> bool:
        """Whether an order that the table does not know is one of ours all the same: an old one."""
        table = self.graph.orders
        return bool(table.forgotten) and order.startswith(self._epoch) and table.get(order) is None

    def snapshot(self) -> dict[str, bytes]:
        """Everything that the session is, between two inputs, by part; not the simulated venues."""
        parts, orders = self.freeze()
        return parts | {"orders": orders.snapshot()}

    def freeze(self) -> "tuple[dict[str, bytes], _native.FrozenOrders]":
        """A snapshot's parts but the orders: these are written down by whoever has the time."""
        graph = self.graph
        strategies = [graph.snapshot_strategy(item.id) for item in self.config.strategies]
        parts = {
            "start": msgspec.msgpack.encode(self.start),
            "kernel": self.kernel.snapshot(),
            "path": graph.path.snapshot(),
            "books": graph.books.snapshot(),
            "risk": graph.risk_state.snapshot(),
            "strategies": msgspec.msgpack.encode(strategies),
            "failures": msgspec.msgpack.encode(graph.supervisor.failures),
            "stopped": msgspec.msgpack.encode(graph.stopped),
            "account": msgspec.msgpack.encode(list(self._account)),
        }
        return parts, graph.orders.freeze()

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Become, before the first input, the session that a snapshot was taken of.

        Raises:
            CodecError: A part is damaged, or a strategy's state does not fit its code.
            SchemaTooNew: A newer openoutcry took it.
            StateError: Orders or books of a strategy or instrument that the config does not have.
        """
        graph = self.graph
        graph.orders.restore(parts["orders"])
        graph.books.restore(parts["books"])
        graph.risk_state.restore(parts["risk"])
        self.kernel.restore(parts["kernel"])
        graph.path.restore(parts["path"])
        for item in _decode(parts["strategies"], list[StrategySnapshot]):
            graph.replace_strategy(item)
        graph.supervisor.restore(_decode(parts["failures"], list[ActorFailed]), graph.dispatcher)
        graph.stopped = "stopped" in parts and _decode(parts["stopped"], bool)
        self._account.extend(_decode(parts.get("account", b"\x90"), list[bytes]))

    def state_hash(self) -> str:
        """Digest of what is: market, books and orders, hex."""
        graph = self.graph
        parts = (self.market.hash(), graph.books.snapshot(), graph.orders.digest())
        return _native.digest(b"".join(map(_native.digest, parts))).hex()

    def _after_input(self, message: AnyMessage) -> None:
        if isinstance(message, SessionReconciled):
            self.kernel.release()  # strategies know what they missed: now their timers and bars come
        if message.__class__ in _ACCOUNT_KINDS:
            self._account.append(encode(message))
        elif message.__class__ not in _REPORT_KINDS and (handled := self._handled.popleft()):
            handled(self.kernel.seq)

    def account_events(self) -> list[AnyAccountEvent]:
        """The last events of the accounts, in order: more than a simulated venue remembers of its own."""
        return [cast("AnyAccountEvent", decode(body)) for body in self._account]

    def play(self, until: int, limit: int | None = None, skip: int | None = None) -> bool:
        """Handle everything up to a moment; whether more is left of it.

        Pauses after `limit` delivered inputs, or about `skip` that nobody asked for.
        """
        return self.graph.player.play(limit, skip, until) and self.kernel.reached < until


def _decode(data: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise CodecError(f"a snapshot's part does not decode: {error}") from error


def streams_of(feeds: Iterable[FeedConfig]) -> tuple[StreamKey, ...]:
    """The streams of a config, in the order that breaks ties of time."""
    streams: list[StreamKey] = []
    for feed in feeds:
        for kind in feed.kinds:
            bars = feed.bars if kind == "bar" else (None,)
            streams += [StreamKey(kind, feed.instrument, bar) for bar in bars]
    return tuple(streams)
