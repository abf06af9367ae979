"""The actor graph: who speaks to whom. Read this first.

    inlet ──▶ market data ──▶ strategies ──▶ portfolio ──▶ risk ──▶ broker ──▶ gate ──▶ venue
      ▲            (publish)     ▲   │  (orders down)         │        │                  │
      │                          │   └──────── denied ────────┘        │                  │
      │                          └──── fills, events ── portfolio ◀────┘                  │
      └──────────────────────────────── venue reports ────────────────────────────────────┘

The same function wires the same classes in replay, paper and live; only the ports differ. Every input
comes from the inlet with a sequence number, is recorded if it is part of the decision record, and is
handled to completion before the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.actors.broker import BrokerActor
from openoutcry.actors.desk import Desk
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.gate import OutboundGate
from openoutcry.actors.guard import StrategyGuard
from openoutcry.actors.halts import Halts
from openoutcry.actors.market_data import Feeds, MarketDataActor
from openoutcry.actors.portfolio import PortfolioActor
from openoutcry.actors.ports import Inlet, Journal, Observer, VenuePort
from openoutcry.actors.risk import RiskActor
from openoutcry.actors.strategies.registry import load_strategy
from openoutcry.actors.strategy_actor import (
    StartStrategy,
    StopStrategy,
    StrategyActor,
    StrategySnapshot,
    cell_name,
)
from openoutcry.actors.supervisor import Supervisor
from openoutcry.actors.timers import TimerActor
from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import CancelAll, Flatten, Halt, Resume
from openoutcry.state.config import Config, StrategyConfig
from openoutcry.state.decimals import to_units
from openoutcry.state.enums import PositionMode
from openoutcry.state.errors import ConfigError
from openoutcry.state.events import (
    AnyAccountEvent,
    AnyOrderEvent,
    TimerFired,
)
from openoutcry.state.identifiers import ClientOrderIds, StrategyId, VenueId
from openoutcry.state.orders import RECENT_ORDERS, order_table
from openoutcry.state.universe import Universe


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything that differs between replay, paper and live."""

    inlet: Inlet
    journal: Journal
    venue: VenuePort
    feeds: Feeds
    market: _native.Market
    observer: Observer


class Graph:
    """The wired actors of one run."""

    def __init__(
        self, config: Config, universe: Universe, ports: Ports, epoch: int, recent_orders: int
    ) -> None:
        self.config = config
        self.universe = universe
        self.ports = ports
        self._epoch = epoch
        self.dispatcher = Dispatcher()
        names = [strategy.id for strategy in config.strategies]
        self.directory = _native.Directory(universe.specs, universe.currencies, names)
        self.orders = order_table(self.directory, recent_orders)
        currency = config.run.account_currency
        hedging = [v.name for v in config.venues if v.positions is PositionMode.HEDGING]
        balances = opening_balances(config, universe)
        self.books = Books(universe, balances, names, ports.market, currency, hedging)
        self.halts = Halts()
        self.gate = OutboundGate(ports.inlet, ports.journal, ports.venue, self.halts)
        self._guard = StrategyGuard(self.dispatcher)
        try:
            self._build_actors()
        except BaseException:
            self.close()
            raise
        self.supervisor = Supervisor(
            ports.inlet, ports.journal, frozenset(map(cell_name, names)), self.halts.add
        )
        self.dispatcher.supervise(self.supervisor)
        self._entry = self._entries()

    def _build_actors(self) -> None:
        ports, dispatcher = self.ports, self.dispatcher
        self.timers = TimerActor.launch(dispatcher, ports.inlet)
        self.market_data = MarketDataActor.launch(dispatcher, ports.feeds)
        self.portfolio = PortfolioActor.launch(
            dispatcher,
            ports.inlet,
            ports.journal,
            self.books,
            self.orders,
            ports.observer,
            self.config.run.grid_s * 1_000_000_000,
            self._epoch,
        )
        self.risk = RiskActor.launch(
            dispatcher,
            inlet=ports.inlet,
            journal=ports.journal,
            config=self.config.risk,
            mode=self.config.run.mode,
            universe=self.universe,
            market=ports.market,
            books=self.books,
            orders=self.orders,
            halts=self.halts,
        )
        self.broker = BrokerActor.launch(
            dispatcher, ports.inlet, ports.journal, self.gate, self.orders
        )
        self.strategies = {
            item.id: StrategyActor.launch(dispatcher, item.id) for item in self.config.strategies
        }
        cells = {name: actor.cell for name, actor in self.strategies.items()}
        self.portfolio.connect(self.risk.cell, self.timers.cell, cells)
        self.risk.connect(self.portfolio.cell, self.broker.cell)
        self.broker.connect(self.portfolio.cell, self.risk.cell)
        for number, item in enumerate(self.config.strategies, start=1):
            self._adopt(item, number)

    def _adopt(self, config: StrategyConfig, number: int) -> None:
        actor = self.strategies[config.id]
        desk = Desk(
            strategy=config.id,
            cell=actor.cell,
            ids=ClientOrderIds(self._epoch, number),
            clock=self.ports.inlet,
            universe=self.universe,
            market=self.ports.market,
            books=self.books,
            orders=self.orders,
            data=self.market_data,
            emit=self.dispatcher.emit,
            portfolio=self.portfolio.cell,
            timers=self.timers.cell,
        )
        strategy_class, params = load_strategy(config)
        with self._guard.setting_up(actor.cell, strategy_class):
            actor.adopt(strategy_class(config.id, params, desk), desk)

    def _entries(self) -> dict[type, Cell]:
        """Which actor an input goes to first, market data apart: that goes to its subscribers."""
        table: dict[type, Cell] = {}
        for kind in (*AnyOrderEvent.__args__, *AnyAccountEvent.__args__):
            table[kind] = self.broker.cell
        table[TimerFired] = self.timers.cell
        for kind in (CancelAll, Flatten):
            table[kind] = self.portfolio.cell
        for kind in (Halt, Resume):
            table[kind] = self.risk.cell
        return table

    def start(self) -> None:
        """Start the actors: first what others speak to, strategies last."""
        self.portfolio.begin()
        self.dispatcher.drain()
        for actor in self.strategies.values():
            self.dispatcher.dispatch(actor.cell, StartStrategy())

    def play(self, inputs: Iterable[AnyMessage]) -> bool:
        """Handle inputs from the inlet, in order, each with everything that follows from it.

        Ends early, and returns False, when a core actor has failed.
        """
        routes, publish, others = self.market_data.routes, self.dispatcher.publish, self.handle
        failures = self.supervisor.failures
        for message in inputs:
            route = routes.get(message.__class__)
            if route is not None:
                publish(route(message), message)
            else:
                others(message)
            if failures and self.supervisor.halted:
                return False
        return True

    def handle(self, message: AnyMessage) -> None:
        """Record and handle one input from the inlet that is no market data."""
        cell = self._entry[message.__class__]
        self.ports.journal.append(self.ports.inlet.seq, message)
        self.dispatcher.dispatch(cell, message)

    def stop(self) -> None:
        """Stop the strategies, in reverse order."""
        for actor in reversed(self.strategies.values()):
            self.dispatcher.dispatch(actor.cell, StopStrategy())

    def close(self) -> None:
        """Retire every actor; the graph can't be used any more. A second time changes nothing."""
        for cell in reversed(self.dispatcher.cells.values()):
            cell.actor.retire()
        self._guard.close()

    def snapshot_strategy(self, strategy: StrategyId) -> StrategySnapshot:
        """What a strategy is, between two inputs."""
        return self.strategies[strategy].snapshot()

    def replace_strategy(self, snapshot: StrategySnapshot) -> None:
        """Put a fresh instance, restored from a snapshot, in a strategy's place."""
        number, config = next(
            (number, item)
            for number, item in enumerate(self.config.strategies, start=1)
            if item.id == snapshot.strategy
        )
        self._adopt(config, number)
        self.strategies[snapshot.strategy].restore(snapshot)


def opening_balances(config: Config, universe: Universe) -> Mapping[VenueId, Mapping[str, int]]:
    """Starting balances of every venue in currency units.

    Raises:
        NotRepresentable: A balance has more decimals than its currency.
        NumericOverflow: A balance beyond 128 bits.
    """
    result: dict[VenueId, dict[str, int]] = {}
    for venue in config.venues:
        amounts = result.setdefault(venue.name, {})
        for currency, amount in venue.balances.items():
            amounts[currency] = to_units(amount, universe.scale(currency))
    return result


def build_graph(
    config: Config,
    universe: Universe,
    ports: Ports,
    epoch: int = 0,
    recent_orders: int = RECENT_ORDERS,
) -> Graph:
    """Wire the actors of a config: market data → strategy → portfolio → risk → broker.

    Args:
        config: The whole config.
        universe: Instruments and currencies of the run.
        ports: Clock and inlet, journal, venue, feeds, market.
        epoch: 48 bits that client order ids start with; unique per state directory or run.
        recent_orders: Closed orders that are kept unpacked; see `order_table`.

    Raises:
        ConfigError: A strategy, parameter, subscription or balance that cannot work.
    """
    _check_unique("strategy", [item.id for item in config.strategies])
    _check_unique("venue", [item.name for item in config.venues])
    return Graph(config, universe, ports, epoch, recent_orders)


def _check_unique(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two entries of {what} are named {name}", remedy="rename one")
