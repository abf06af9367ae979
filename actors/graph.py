"""The actor graph: who speaks to whom. Read this first.

    inlet ──▶ market data ──▶ strategies ──▶ portfolio ──▶ risk ──▶ broker ──▶ gate ──▶ venue
      ▲            (publish)     ▲   │  (orders down)         │        │                  │
      │                          │   └──────── denied ────────┘        │                  │
      │                          └──── fills, events ── portfolio ◀────┘                  │
      └──────────────────────────────── venue reports ────────────────────────────────────┘

The same function wires the same classes in replay, paper and live; only the ports differ. Every input
comes from the inlet with a sequence number, is recorded if it is part of the decision record, and is
handled to completion before the next.

What lies between strategies and venue, the order path, keeps its state in the engine
(`rust_ext/src/path`): an order goes all the way there when the handler that asked for it has returned.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.actors.broker import BrokerActor
from openoutcry.actors.desk import Desk
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.guard import StrategyGuard
from openoutcry.actors.interests import StrategyInterests
from openoutcry.actors.market_data import Feeds, MarketDataActor
from openoutcry.actors.operator_actor import OperatorActor
from openoutcry.actors.portfolio import PortfolioActor
from openoutcry.actors.ports import Inlet, Journal, VenuePort
from openoutcry.actors.risk import RiskActor
from openoutcry.actors.risk_limits import native_risk
from openoutcry.actors.strategies.registry import load_strategy
from openoutcry.actors.strategy import RecoveryGap, Strategy
from openoutcry.actors.strategy_actor import (
    StartStrategy,
    StopStrategy,
    StrategyActor,
    StrategySnapshot,
    cell_name,
)
from openoutcry.actors.supervisor import Supervisor
from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import (
    CancelAll,
    CancelOrder,
    Flatten,
    Halt,
    ManualOrder,
    Restrict,
    Resume,
    SetLimit,
    VenueCommand,
)
from openoutcry.state.config import Config, StrategyConfig
from openoutcry.state.decimals import to_units
from openoutcry.state.enums import PositionMode
from openoutcry.state.errors import ConfigError
from openoutcry.state.events import (
    AnyAccountEvent,
    AnyOrderEvent,
    BookStale,
    SessionReconciled,
    SessionResumed,
    SessionStarted,
    SessionStopped,
    TimerFired,
)
from openoutcry.state.identifiers import StrategyId, VenueId
from openoutcry.state.market_data import AnyMarketData
from openoutcry.state.orders import ARCHIVED_ORDERS, RECENT_ORDERS, order_table
from openoutcry.state.universe import Universe

_MAX_AGE_NS: Final = 5_000_000_000
"""An order that is older when it may leave the gate is dropped."""
_NANOS: Final = 1_000_000_000
_SESSION: Final = (SessionStarted, SessionResumed, SessionReconciled, SessionStopped)
_ALL_ORDERS: Final = 2**63 - 1
_ORDER_EVENTS: Final = frozenset(AnyOrderEvent.__args__)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything that differs between replay, paper and live."""

    inlet: Inlet
    journal: Journal
    venue: VenuePort
    feeds: Feeds
    market: _native.Market
    speed: int = 1  # seconds of the inlet's clock in one real second


class Graph:
    """The wired actors of one run."""

    def __init__(
        self,
        config: Config,
        universe: Universe,
        ports: Ports,
        epoch: int,
        recent_orders: int,
        *,
        archived_orders: int | None,
        keep_record: bool,
    ) -> None:
        self.config = config
        self.universe = universe
        self.ports = ports
        self.dispatcher = Dispatcher()
        names = [strategy.id for strategy in config.strategies]
        # A result is made of every order, so none is forgotten then.
        archived = ARCHIVED_ORDERS if archived_orders is None else archived_orders
        archived = _ALL_ORDERS if keep_record else archived
        self._build_state(names, recent_orders, archived)
        self.path = _native.OrderPath(
            directory=self.directory,
            market=ports.market,
            books=self.books.native,
            orders=self.orders,
            risk=self.risk_state,
            journal=ports.journal.native,
            venue=ports.venue,
            clock=ports.inlet,
            epoch=epoch,
            max_age_ns=_MAX_AGE_NS * ports.speed,
            grid_ns=config.run.grid_s * _NANOS,
            keep_record=keep_record,
        )
        self.dispatcher.carry(self.path)
        self._guard = StrategyGuard(self.dispatcher)
        try:
            self._build_actors()
        except BaseException:
            self.close()
            raise
        self.supervisor = Supervisor(
            ports.inlet, ports.journal, frozenset(map(cell_name, names)), self._halt
        )
        self.dispatcher.supervise(self.supervisor)
        self._entry = self._entries()
        self.after_input: Callable[[AnyMessage], None] | None = None
        self.stopped = False
        """Whether the session was ended in order, and not begun again since."""

    def _build_state(
        self, names: list[StrategyId], recent_orders: int, archived_orders: int
    ) -> None:
        """What the actors of the order path own, in the engine."""
        config, universe, market = self.config, self.universe, self.ports.market
        self.directory = _native.Directory(universe.specs, universe.currencies, names)
        self.orders = order_table(self.directory, recent_orders, archived_orders)
        hedging = [v.name for v in config.venues if v.positions is PositionMode.HEDGING]
        self.books = Books(
            universe,
            opening_balances(config, universe),
            names,
            market,
            config.run.account_currency,
            hedging,
            directory=self.directory,
        )
        self.risk_state = native_risk(
            self.directory,
            universe.instruments,
            config.risk,
            config.run.mode,
            money=(config.run.account_currency, universe.scale(config.run.account_currency)),
            strategies=names,
        )

    def _build_actors(self) -> None:
        ports, dispatcher = self.ports, self.dispatcher
        interests = _native.Interests(self.directory, ports.market)
        self.market_data = MarketDataActor.launch(
            dispatcher, ports.feeds, self.universe.index, interests
        )
        self.player = _native.Player(
            kernel=ports.inlet if isinstance(ports.inlet, _native.Kernel) else None,
            router=self.market_data.router,
            dispatcher=dispatcher,
            path=self.path,
            others=self.handle,
        )
        self.portfolio = PortfolioActor.launch(dispatcher, self.path, self.books)
        self.risk = RiskActor.launch(dispatcher, self.path, self.risk_state)
        self.broker = BrokerActor.launch(dispatcher, ports.inlet, self.path, self.orders)
        self.broker.connect(self.portfolio.cell, self.risk.cell)
        self.operator = OperatorActor.launch(
            dispatcher, ports.inlet, self.path, self.books, ports.market
        )
        self.strategies = {
            item.id: StrategyActor.launch(dispatcher, item.id) for item in self.config.strategies
        }
        for item in self.config.strategies:
            self._adopt(item)

    def _adopt(self, config: StrategyConfig) -> None:
        actor = self.strategies[config.id]
        strategy_class, params = load_strategy(config)
        number = self.books.number(config.id)
        interests = StrategyInterests(
            book=number,
            cell=actor.cell,
            hears_bars=strategy_class.on_bar is not Strategy.on_bar,
            universe=self.universe,
            data=self.market_data,
            emit=self.dispatcher.emit,
        )
        desk = Desk(
            strategy=config.id,
            cell=actor.cell,
            path=self.path,
            universe=self.universe,
            market=self.ports.market,
            books=self.books,
            interests=interests,
        )
        with self._guard.setting_up(actor.cell, strategy_class):
            actor.adopt(strategy_class(config.id, params, desk), desk)
        fills, orders = actor.hears
        self.path.connect(number, actor.cell, fills=fills, orders=orders)

    def _entries(self) -> dict[type, Cell]:
        """Which actor an input goes to first, market data apart: that goes to its subscribers."""
        table: dict[type, Cell] = {}
        for kind in (*_ORDER_EVENTS, *AnyAccountEvent.__args__):
            table[kind] = self.broker.cell
        for kind in (CancelAll, CancelOrder, Flatten):
            table[kind] = self.portfolio.cell
        for kind in (Halt, Restrict, Resume, SetLimit, BookStale):
            table[kind] = self.risk.cell
        table[ManualOrder] = self.operator.cell
        return table

    def start(self) -> None:
        """Start the actors: first what others speak to, strategies last."""
        self._stamp()
        self.portfolio.begin()
        self._tell_strategies(StartStrategy())

    def order(self, command: VenueCommand) -> None:
        """Send a command down the path for a strategy that does not speak itself."""
        self._stamp()
        self.dispatcher.dispatch(self.portfolio.cell, command)

    def _tell_strategies(self, message: StartStrategy) -> None:
        for actor in self.strategies.values():
            self.dispatcher.dispatch(actor.cell, message)

    def play(self, inputs: Iterable[AnyMessage]) -> bool:
        """Handle inputs from the inlet, in order, each with everything that follows from it.

        Ends early, and returns False, when a core actor has failed.
        """
        failed_before = self.dispatcher.stopped
        if failed_before:
            return False
        for message in inputs:
            self.handle(message)
            if self.dispatcher.stopped:
                return False
        return True

    def handle(self, message: AnyMessage) -> None:
        """Handle one input from the inlet; what is no market data goes on record.

        The market must have been told of market data before. The path itself records the order
        events that it takes.
        """
        self._stamp()
        self._handle(message)
        if self.after_input is not None:
            self.after_input(message)

    def _handle(self, message: AnyMessage) -> None:
        if isinstance(message, _SESSION):
            self._begin_or_end(message)
            return
        cell = self._entry.get(message.__class__)
        if isinstance(message, TimerFired):
            cell = self.dispatcher.cells[message.owner]
            if isinstance(cell.actor, StrategyActor):
                self.path.timer_fired(cell.actor.strategy_id, message.name)
        if cell is None:
            datum = cast("AnyMarketData", message)
            self.player.publish(self.universe.index[datum.instrument], datum)
            return
        if message.__class__ not in _ORDER_EVENTS:
            self.ports.journal.append(self.ports.inlet.seq, message, external=True)
        self.dispatcher.dispatch(cell, message)

    def _begin_or_end(
        self, message: SessionStarted | SessionResumed | SessionReconciled | SessionStopped
    ) -> None:
        """Start or stop the strategies, as an input like any other."""
        self.ports.journal.append(self.ports.inlet.seq, message, external=True)
        self.stopped = isinstance(message, SessionStopped)
        match message:
            case SessionStarted():
                self.start()
            case SessionResumed():
                self.path.begin_epoch(message.epoch)  # strategies wait for the venues' answers
            case SessionReconciled():
                gap = RecoveryGap(message.last_seq, message.ts)
                self._tell_strategies(StartStrategy(gap=gap))
            case SessionStopped():
                self.stop()

    def stop(self) -> None:
        """Stop the strategies, in reverse order."""
        self._stamp()
        for actor in reversed(self.strategies.values()):
            self.dispatcher.dispatch(actor.cell, StopStrategy())

    def end(self) -> None:
        """Take the last equity sample."""
        self._stamp()
        self.portfolio.end()

    def _stamp(self) -> None:
        """Tell the order path where the inlet stands: inputs that nobody asked for move it too."""
        inlet = self.ports.inlet
        self.path.stamp(inlet.seq, inlet.now)

    def _halt(self, reason: str) -> None:
        """Stop all trading because the core can't go on."""
        self.risk_state.halt(reason, None, None, None, self.ports.inlet.now)

    def close(self) -> None:
        """Retire every actor; the graph can't be used any more. A second time changes nothing."""
        for cell in reversed(list(self.dispatcher.cells.values())):
            cell.actor.retire()
        self.dispatcher.close()
        if hasattr(self, "player"):
            self.player.close()
        self._guard.close()

    def snapshot_strategy(self, strategy: StrategyId) -> StrategySnapshot:
        """What a strategy is, between two inputs."""
        return self.strategies[strategy].snapshot()

    def replace_strategy(self, snapshot: StrategySnapshot) -> None:
        """Put a fresh instance, restored from a snapshot, in a strategy's place."""
        found = (item for item in self.config.strategies if item.id == snapshot.strategy)
        self._adopt(next(found))
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
    *,
    archived_orders: int | None = None,
    keep_record: bool = False,
) -> Graph:
    """Wire the actors of a config: market data → strategy → portfolio → risk → broker.

    Args:
        config: The whole config.
        universe: Instruments and currencies of the run.
        ports: Clock and inlet, journal, venue, feeds, market.
        epoch: 48 bits that client order ids start with; unique per state directory or run.
        recent_orders: Closed orders that are kept unpacked; see `OrderTable`.
        archived_orders: Packed orders that are kept; None for as many as a replay needs.
        keep_record: Keep every order, fill and equity sample, for the result of a run.

    Raises:
        ConfigError: A strategy, parameter, subscription or balance that cannot work.
    """
    _check_unique("strategy", [item.id for item in config.strategies])
    _check_unique("venue", [item.name for item in config.venues])
    return Graph(
        config,
        universe,
        ports,
        epoch,
        recent_orders,
        archived_orders=archived_orders,
        keep_record=keep_record,
    )


def _check_unique(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two entries of {what} are named {name}", remedy="rename one")
