"""The strategy actor: the pykka side of one strategy instance.

It routes messages to the strategy's methods, turns timers into calls, and takes and restores snapshots.
A snapshot is the declared state, the indicators, what the interests remember, the timers and the id
counter: restoring it anywhere gives the same decisions.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from openoutcry.actors.base import Actor, handles
from openoutcry.actors.desk import Desk
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.actors.interests import SavedInterests
from openoutcry.actors.schedule import Timer
from openoutcry.actors.strategy import RecoveryGap, Strategy
from openoutcry.state.errors import CodecError
from openoutcry.state.events import (
    ORDER_NEWS,
    FillBusted,
    FillCorrected,
    OrderFilled,
    TimerFired,
)
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.market_data import (
    Bar,
    BookInvalidated,
    BookUpdate,
    FundingRate,
    MarkPrice,
    Quote,
    Trade,
)
from openoutcry.state.messages import Message
from openoutcry.state.signals import Crossed


class StartStrategy(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """Run `on_start`, or `on_recovered` when there is a gap."""

    gap: RecoveryGap | None = None


class StopStrategy(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """Run `on_stop`."""


class StrategySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a strategy instance is beside its code and parameters."""

    strategy: StrategyId
    state: bytes
    indicators: list[bytes]
    interests: SavedInterests
    timers: dict[str, Timer]
    id_counter: int
    signals: int


def cell_name(strategy: StrategyId) -> str:
    """The name of a strategy's cell."""
    return f"strategy/{strategy}"


class StrategyActor(Actor):
    """Runs one strategy. `adopt` gives it its strategy before the first message."""

    def __init__(self, dispatcher: Dispatcher, strategy: StrategyId) -> None:
        super().__init__(dispatcher, cell_name(strategy))
        self.strategy_id = strategy
        self.strategy: Strategy
        self.desk: Desk

    def adopt(self, strategy: Strategy, desk: Desk) -> None:
        """Take a strategy, declare what it wants, and route messages straight to its methods."""
        self.strategy = strategy
        self.desk = desk
        desk.interests.clear()
        strategy.setup()
        desk.interests.seal()
        strategy.seal()
        direct: dict[type, Any] = {
            Quote: strategy.on_quote,
            Trade: strategy.on_trade,
            Bar: strategy.on_bar,
            Crossed: strategy.on_cross,
            BookUpdate: strategy.on_book,
            BookInvalidated: strategy.on_book,
            MarkPrice: strategy.on_mark,
            FundingRate: strategy.on_funding,
            OrderFilled: strategy.on_fill,
            **dict.fromkeys((*ORDER_NEWS, FillBusted, FillCorrected), strategy.on_order),
        }
        self.cell.handlers.update(direct)

    def silence(self, speak: Callable[[], None]) -> None:
        """Let somebody else speak whenever the strategy would hear something."""
        self.cell.handlers.update(dict.fromkeys(self.cell.handlers, lambda _message: speak()))

    @handles(StartStrategy)
    def on_start_message(self, message: StartStrategy) -> None:
        """Start, or start again."""
        if message.gap is None:
            self.strategy.on_start()
        else:
            self.strategy.on_recovered(message.gap)

    @handles(StopStrategy)
    def on_stop_message(self, _message: StopStrategy) -> None:
        """Stop."""
        self.strategy.on_stop()

    @handles(TimerFired)
    def on_timer(self, fired: TimerFired) -> None:
        """Set a repeating timer again, then tell the strategy: of missed times as it has chosen."""
        for event in self.desk.fired(fired):
            self.strategy.on_timer(event)

    @property
    def hears(self) -> tuple[bool, bool]:
        """Whether the strategy listens to its fills, and to everything else about its orders."""
        kind = type(self.strategy)
        return kind.on_fill is not Strategy.on_fill, kind.on_order is not Strategy.on_order

    def snapshot(self) -> StrategySnapshot:
        """What the strategy is, between two inputs."""
        desk = self.desk
        return StrategySnapshot(
            strategy=self.strategy_id,
            state=msgspec.msgpack.encode(self.strategy.state),
            indicators=[item.snapshot() for item in desk.interests.indicators],
            interests=desk.interests.save(),
            timers=dict(desk.timers),
            id_counter=desk.orders.counter,
            signals=desk.orders.signals,
        )

    def restore(self, snapshot: StrategySnapshot) -> None:
        """Take the place of the instance that a snapshot was taken of.

        Raises:
            CodecError: The snapshot does not fit this strategy's State, indicators or interests.
        """
        desk = self.desk
        attached = desk.interests.indicators
        if len(attached) != len(snapshot.indicators):
            raise CodecError(
                f"{self.strategy_id}: the snapshot has {len(snapshot.indicators)} indicators, "
                f"the strategy {len(attached)}",
                remedy="start the strategy fresh, or run the code that wrote the snapshot",
            )
        try:
            state = msgspec.msgpack.decode(snapshot.state, type=type(self.strategy).State)
        except msgspec.MsgspecError as error:
            raise CodecError(f"{self.strategy_id}: state does not decode: {error}") from error
        desk.interests.restore(snapshot.interests)
        self.strategy.state = state
        for item, data in zip(attached, snapshot.indicators, strict=True):
            item.restore(data)
        desk.timers = dict(snapshot.timers)
        desk.orders.counter = snapshot.id_counter
        desk.orders.signals = snapshot.signals
