"""The whole graph between a test and the world: clock, venue, feeds and durability do what the test says.

Everything else is real. Two strategies do in their handlers what the test hands them.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from openoutcry import _native
from openoutcry.actors.graph import Graph, Ports, build_graph
from openoutcry.actors.ports import Journal
from openoutcry.actors.strategy import Strategy
from openoutcry.state import codec
from openoutcry.state.commands import (
    CancelOrder,
    Halt,
    ReplaceOrder,
    Resume,
    RiskApproved,
    SubmitOrder,
    VenueCommand,
)
from openoutcry.state.config import CollarConfig, RiskConfig, RiskLimits, VenueConfig
from openoutcry.state.enums import Mode, PriceType
from openoutcry.state.events import OrderDenied, OrderFilled
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId, VenueId
from openoutcry.state.instruments import Instrument
from openoutcry.state.market_data import Quote
from openoutcry.state.memory_journal import MemoryJournal
from openoutcry.state.orders import Order
from openoutcry.state.universe import Universe
from tests import order_kit
from tests.harness import config, dec, strategy
from tests.order_kit import BTC, OTHER, SIZE, STRATEGY, coin

NOW = 1_000_000_000
SECOND = 1_000_000_000
ALWAYS = 2**63 - 1
EPOCH = 7
LIMITS = RiskLimits(
    collar=CollarConfig(max_deviation_bps=Decimal(100)),
    max_order_value=Decimal(3_000),
    max_order_quantity=Decimal(25),
    max_position=Decimal(20),
    max_orders=5,
)
FREE = RiskLimits(
    collar=CollarConfig(max_deviation_bps="unlimited"),
    max_order_value="unlimited",
    max_order_quantity="unlimited",
    max_position="unlimited",
    max_orders="unlimited",
)
VENUE = VenueConfig(name=VenueId("SIM"), balances={"USDT": dec("1000000")})
BOOK = {STRATEGY: 1, OTHER: 2}
RecordT = TypeVar("RecordT")


def own(number: int = 1, book: int = 1) -> int:
    """The number of an order of a strategy, as `tests.order_kit` counts orders."""
    return EPOCH << 80 | book << 64 | number


def order(number: int = 1, **changes: Any) -> SubmitOrder:
    """A limit buy of ten units, by the strategy whose id it has."""
    return order_kit.submit(
        own(number, BOOK[changes.get("strategy", STRATEGY)]), **({"ts": NOW} | changes)
    )


def cancel(number: int = 1, strategy: StrategyId = STRATEGY) -> CancelOrder:
    """Take an order back."""
    made = order_kit.cancel(own(number, BOOK[strategy]))
    return msgspec.structs.replace(made, strategy=strategy)


def replace(
    quantity: int | None = None,
    limit: int | None = None,
    number: int = 1,
    strategy: StrategyId = STRATEGY,
) -> ReplaceOrder:
    """Ask for other terms of an order."""
    made = order_kit.replace(quantity, limit, own(number, BOOK[strategy]))
    return msgspec.structs.replace(made, strategy=strategy)


class Evidence(order_kit.Evidence):
    """Events about an order of a strategy."""

    def __init__(self, number: int = 1, ts: int = NOW, book: int = 1) -> None:
        super().__init__(own(number, book), ts)

    def fill(self, *args: Any, **kwargs: Any) -> OrderFilled:
        """A fill whose fee counts units of the run's currency."""
        return msgspec.structs.replace(super().fill(*args, **kwargs), fee_scale=8)


class World:
    """Clock, inlet, venue and feeds: writes down what arrives, decides nothing."""

    def __init__(self) -> None:
        self.seq, self.now = 0, NOW
        self.arrived: list[VenueCommand] = []
        self.timers: list[tuple[int, str, str]] = []
        self.clockless = False
        self.broken: BaseException | None = None
        self.fails = 1_000_000  # how often it raises while broken

    def next(self) -> object | None:
        return None

    def submit(self, command: VenueCommand, /) -> None:
        if self.broken is not None and self.fails > 0:
            self.fails -= 1
            raise self.broken
        self.arrived.append(command)

    def set_timer(self, ts: int, owner: str, name: str, /) -> int:
        if self.clockless:
            raise ConnectionError("no clock")
        self.timers.append((ts, owner, name))
        return len(self.timers)

    def cancel_timer(self, handle: int, /) -> None: ...

    def offers(self, _instrument: InstrumentId) -> frozenset[str]:
        return frozenset({"quote"})

    def recorded_bars(self, _instrument: InstrumentId) -> tuple[tuple[str, PriceType], ...]:
        return ()

    def want(self, kind: str, instrument: InstrumentId) -> None: ...

    def build_bars(self, i: InstrumentId, timeframe: str, price_type: PriceType) -> None: ...


class Puppet(Strategy):
    """Does in its handler what the test says, once, and writes down what it hears."""

    heard: list[Any]
    acts: list[Callable[["Puppet"], object]]
    at_fills: list[Callable[[OrderFilled], object]]
    at_stop: list[Callable[["Puppet"], object]]

    def setup(self) -> None:
        self.heard, self.acts, self.at_fills, self.at_stop = [], [], [], []
        self.subscribe_quotes(BTC)

    def on_quote(self, _quote: Quote) -> None:
        while self.acts:
            self.acts.pop(0)(self)

    def on_stop(self) -> None:
        for act in self.at_stop:
            act(self)

    def on_fill(self, fill: OrderFilled) -> None:
        self.heard.append(fill)
        for act in self.at_fills:
            act(fill)

    def on_order(self, event: Any) -> None:
        self.heard.append(event)


OPEN: list["Pit"] = []
"""Pits whose graph is not closed yet; `tests/actors/path/conftest.py` closes them after each test."""


class Pit:
    """One instrument, two strategies, and everything between them and a quiet venue.

    Bid 99.90, ask 100.10. Unless `durable` says otherwise, everything is durable at once.
    `store` takes the place of the journal in memory; `controls` are sections of `[risk]` beyond the
    limits of instruments.
    """

    def __init__(
        self,
        limits: RiskLimits = LIMITS,
        mode: Mode = Mode.REPLAY,
        *,
        durable: int = ALWAYS,
        instruments: tuple[Instrument, ...] = (coin(),),
        venue: VenueConfig = VENUE,
        currency: str = "USDT",
        quoted: bool = True,
        store: Journal | None = None,
        controls: Mapping[str, Any] | None = None,
    ) -> None:
        self.world = World()
        universe = Universe(instruments)
        self.market = _native.Market(universe.specs)
        self.journal = MemoryJournal(keep=True)
        self.journal.native.durable_count = durable
        puppets = [strategy(Puppet, STRATEGY), strategy(Puppet, OTHER)]
        risk = RiskConfig(default=limits, **(controls or {}))
        settings = config(venue, [], puppets, currency=currency, risk=risk)
        run = msgspec.structs.replace(settings.run, mode=mode)
        world = self.world
        self.graph: Graph = build_graph(
            msgspec.structs.replace(settings, run=run),
            universe,
            Ports(
                inlet=world,
                journal=store or self.journal,
                venue=world,
                feeds=world,
                market=self.market,
            ),
            EPOCH,
            keep_record=True,
        )
        self.path = self.graph.path
        OPEN.append(self)
        self.graph.start()
        if quoted:
            self.quote()

    # --- inputs -----------------------------------------------------------------------------

    def handle(self, message: Any) -> None:
        """One input of the core; what the gate has to tell after it follows as inputs."""
        self.world.seq += 1
        self.graph.handle(message)
        self.inject(self.path.take_dropped())

    def inject(self, messages: list[Any]) -> None:
        """What the gate did not let out comes back through the inlet, as a daemon has it."""
        for message in messages:
            self.handle(message)

    def quote(self, bid: int = 9_990, ask: int = 10_010) -> None:
        """A new quote, which the market takes first."""
        quote = Quote(BTC, self.world.now, self.world.now, 2, 0, bid, ask, 5, 5)
        self.market.apply(0, quote)
        self.handle(quote)

    def run(self, act: Callable[[Puppet], object], strategy: StrategyId = STRATEGY) -> None:
        """One input whose handler does this; the market stays as it is."""
        self.puppet(strategy).acts.append(act)
        self.handle(Quote(BTC, self.world.now, self.world.now, 2, 0, 1, 2, 5, 5))

    def tell(self, *commands: Any) -> None:
        """One input whose handler asks for all of this, in this order."""

        def act(_puppet: Puppet) -> None:
            for command in commands:
                self.path.command(command)

        self.run(act)

    def take(self, *events: Any) -> None:
        """Evidence from the venue, each an input of its own."""
        for event in events:
            self.handle(event)

    def halt(
        self, reason: str, strategy: Any = None, instrument: Any = None, venue: Any = None
    ) -> None:
        """An operator halts."""
        scope = {"strategy": strategy, "instrument": instrument, "venue": venue}
        self.handle(Halt(ts=self.world.now, reason=reason, **scope))

    def resume(self, strategy: Any = None, instrument: Any = None, venue: Any = None) -> None:
        """An operator resumes."""
        scope = {"strategy": strategy, "instrument": instrument, "venue": venue}
        self.handle(Resume(ts=self.world.now, reason="looked at", **scope))

    def durable(self, seq: int = ALWAYS, now: int | None = None) -> None:
        """The journal has become durable up to an input, as it stands; the present moment is `now`."""
        count = sum(of <= seq for of, _ in self.journal.records())
        self.durable_records(ALWAYS if seq == ALWAYS else count, now)

    def durable_records(self, count: int, now: int | None = None) -> None:
        """So many records are durable."""
        self.journal.native.durable_count = count
        self.inject(self.path.on_durable(self.world.now if now is None else now))

    # --- what came of it --------------------------------------------------------------------

    def puppet(self, strategy: StrategyId = STRATEGY) -> Puppet:
        """A strategy."""
        found = self.graph.strategies[strategy].strategy
        assert isinstance(found, Puppet)
        return found

    @property
    def arrived(self) -> list[VenueCommand]:
        """What the venue got."""
        return self.world.arrived

    def submits(self) -> list[SubmitOrder]:
        """The orders among it."""
        return [command for command in self.arrived if isinstance(command, SubmitOrder)]

    def approved(self) -> list[RiskApproved[VenueCommand]]:
        """The intents on record."""
        return self.records(RiskApproved)

    @property
    def heard(self) -> list[Any]:
        """What the first strategy heard."""
        return self.puppet().heard

    @property
    def failed(self) -> list[tuple[str, str, str]]:
        """Actor, input and error of each failure."""
        failures = self.graph.supervisor.failures
        return [(item.actor, item.input, item.error.split(":")[0]) for item in failures]

    def order(self, number: int = 1, book: int = 1) -> Order:
        """An order as it is now."""
        found = self.graph.orders.get(order_kit.client_id(own(number, book)))
        assert found is not None
        return found

    def records(self, kind: type[RecordT]) -> list[RecordT]:
        """Records of a kind, in order."""
        decoded = (codec.decode(data) for _, data in self.journal.records())
        return [record for record in decoded if isinstance(record, kind)]

    def reasons(self, strategy: StrategyId = STRATEGY) -> tuple[str, ...]:
        """Of the last denial, which is on record."""
        denied = self.puppet(strategy).heard[-1]
        assert isinstance(denied, OrderDenied)
        assert denied in self.records(OrderDenied)
        return tuple(denied.reasons)


def names(reasons: tuple[str, ...]) -> list[str]:
    """Names of the checks that gave reasons."""
    return [reason.split(":")[0] for reason in reasons]


def ids(*numbers: int, book: int = 1) -> list[ClientOrderId]:
    """Client order ids of numbered orders."""
    return [order_kit.client_id(own(number, book)) for number in numbers]


__all__ = ["BTC", "OTHER", "SIZE", "STRATEGY", "Evidence", "Pit", "cancel", "order", "replace"]
