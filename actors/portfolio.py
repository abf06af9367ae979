"""The portfolio actor: books every fill, and passes orders down and events up.

Down: a strategy's order becomes its own venue order (no internal crossing), so commands go on to risk
unchanged; `CancelAll` and `Flatten` are spelled out here, order by order. Up: a fill is booked before
the strategy hears of it, so what a strategy reads in `on_fill` includes that fill.

Equity is sampled on a grid of simulated time and at every fill, and each sample is part of the
decision record.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from openoutcry.actors.base import Actor, handles
from openoutcry.actors.books import Books
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.ports import Inlet, Journal, Observer
from openoutcry.actors.timers import SetTimer
from openoutcry.state.commands import (
    CancelAll,
    CancelOrder,
    Flatten,
    Halt,
    ReplaceOrder,
    SubmitOrder,
)
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.errors import MissingData
from openoutcry.state.events import (
    ORDER_NEWS,
    AccountLiquidated,
    CashAdjusted,
    EquitySampled,
    FillBusted,
    FillCorrected,
    OrderEvent,
    OrderFilled,
    PositionAdjusted,
    TimerFired,
)
from openoutcry.state.identifiers import (
    CLOSING_ORDERS,
    UNALLOCATED,
    ClientOrderIds,
    FillId,
    InstrumentId,
    StrategyId,
    strategy_number_of,
)
from openoutcry.state.orders import OrderTable

_GRID: Final = "equity"
_RECENT_FILLS: Final = 10_000  # how far back a bust or correction can reach
_FillKey = tuple[InstrumentId, FillId]


class PortfolioActor(Actor):
    """Owns the books.

    Args:
        dispatcher: Where it runs.
        inlet: Time and sequence numbers.
        journal: Where equity samples are recorded.
        books: The books; only this actor changes them.
        observer: Hears of everything that is booked.
        orders: The broker's order table, read to route events to the order's strategy.
        grid_ns: Distance of equity samples.
        epoch: First part of the ids of the orders that `Flatten` places.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        inlet: Inlet,
        journal: Journal,
        books: Books,
        orders: OrderTable,
        observer: Observer,
        grid_ns: int,
        epoch: int,
    ) -> None:
        super().__init__(dispatcher, "portfolio")
        self._inlet = inlet
        self._journal = journal
        self.books = books
        self._orders = orders
        self._grid_ns = grid_ns
        self._epoch = epoch
        self._closing_ids: dict[int, ClientOrderIds] = {}
        self._risk: Cell | None = None
        self._timers: Cell | None = None
        self._strategies: dict[StrategyId, Cell] = {}
        self._observer = observer
        self._recent: OrderedDict[_FillKey, tuple[StrategyId, OrderFilled]] = OrderedDict()

    def connect(self, risk: Cell, timers: Cell, strategies: dict[StrategyId, Cell]) -> None:
        """Name the neighbours."""
        self._risk = risk
        self._timers = timers
        self._strategies = strategies

    def begin(self) -> None:
        """Take the first equity sample and set the grid's timer."""
        self._sample()
        self._arm()

    def end(self) -> None:
        """Take the last equity sample: what the account is worth when the data ends."""
        self._sample()

    @handles(SubmitOrder, CancelOrder, ReplaceOrder)
    def on_command(self, command: SubmitOrder | CancelOrder | ReplaceOrder) -> None:
        """Pass an order down to risk."""
        assert self._risk is not None
        if isinstance(command, SubmitOrder):
            self._observer.on_signal(command)
        self.emit(self._risk, command)

    @handles(CancelAll)
    def on_cancel_all(self, command: CancelAll) -> None:
        """Spell out which orders that means."""
        for order in self._orders.open_orders(command.strategy, command.instrument):
            self._cancel(command.ts, order.submit)

    @handles(Flatten)
    def on_flatten(self, command: Flatten) -> None:
        """Cancel, then close what the strategies hold, at market.

        What earlier closing orders will still do is counted, so that asking twice closes once.
        """
        closing: dict[tuple[StrategyId, InstrumentId], int] = {}
        for order in self._orders.open_orders(command.strategy, command.instrument):
            submit = order.submit
            if strategy_number_of(submit.client_order_id) & CLOSING_ORDERS:
                key = submit.strategy, submit.instrument
                change = submit.side.sign * order.exposure_units
                closing[key] = closing.get(key, 0) + change
            else:
                self._cancel(command.ts, submit)
        for number in self.books.held:
            instrument = self.books.universe.instruments[number].id
            if command.instrument in (None, instrument):
                for book, strategy in enumerate(self.books.names[1:], start=1):
                    if command.strategy in (None, strategy):
                        held = self.books.position(strategy, instrument)
                        left = held + closing.get((strategy, instrument), 0)
                        if left:
                            self._close(command.ts, book, instrument, left)

    def _cancel(self, ts: int, submit: SubmitOrder) -> None:
        assert self._risk is not None
        cancel = CancelOrder(
            ts=ts,
            client_order_id=submit.client_order_id,
            strategy=submit.strategy,
            instrument=submit.instrument,
        )
        self.emit(self._risk, cancel)

    def _close(self, ts: int, book: int, instrument: InstrumentId, held: int) -> None:
        item = self.books.universe.instrument(instrument)
        minted = self._closing_ids.setdefault(
            book, ClientOrderIds(self._epoch, CLOSING_ORDERS | book)
        )
        self.on_command(
            SubmitOrder(
                ts=ts,
                client_order_id=minted.mint(),
                strategy=self.books.names[book],
                instrument=instrument,
                side=Side.SELL if held > 0 else Side.BUY,
                order_type=OrderType.MARKET,
                quantity_units=abs(held),
                price_scale=item.price_scale,
                size_scale=item.size_scale,
                tag="flatten",
            )
        )

    @handles(OrderFilled)
    def on_filled(self, fill: OrderFilled) -> None:
        """Book the fill, then tell the strategy."""
        strategy = self._strategy_of(fill)
        self._book(strategy, fill)
        self._remember(strategy, fill)
        self._sample()
        self._tell(strategy, fill)

    @handles(*ORDER_NEWS)
    def on_order_event(self, event: OrderEvent) -> None:
        """Tell the strategy that owns the order."""
        strategy = self._strategy_of(event)
        self._observer.on_event(strategy, event)
        self._tell(strategy, event)

    @handles(FillBusted, FillCorrected)
    def on_fill_undone(self, event: FillBusted | FillCorrected) -> None:
        """Book the opposite of the fill as it stands, and the corrected one.

        A fill that is not remembered can't be taken back: the instrument is halted with the evidence.
        """
        known = self._recent.pop((event.instrument, event.fill_id), None)
        if known is None:
            self._halt_unknown_fill(event)
            return
        strategy, fill = known
        self._book(
            strategy,
            msgspec.structs.replace(fill, side=fill.side.opposite, fee_units=-fill.fee_units),
        )
        if isinstance(event, FillCorrected):
            corrected = msgspec.structs.replace(
                fill, price_units=event.price_units, quantity_units=event.quantity_units
            )
            self._book(strategy, corrected)
            self._remember(strategy, corrected)
        self._sample()
        self._tell(strategy, event)

    @handles(CashAdjusted)
    def on_cash(self, event: CashAdjusted) -> None:
        """Book funding, dividends and other cash."""
        self.books.apply_cash(event)
        self._observer.on_account(event)
        self._sample()

    @handles(PositionAdjusted)
    def on_split(self, event: PositionAdjusted) -> None:
        """Scale the holdings."""
        self.books.apply_split(event)
        self._observer.on_account(event)
        self._sample()

    @handles(AccountLiquidated)
    def on_liquidated(self, event: AccountLiquidated) -> None:
        """Pass it on; the fills that closed the positions come as fills."""
        self._observer.on_account(event)

    @handles(TimerFired)
    def on_grid(self, _fired: TimerFired) -> None:
        """Sample equity on the grid."""
        self._sample()
        self._arm()

    def _book(self, strategy: StrategyId, fill: OrderFilled) -> None:
        self._observer.on_fill(strategy, fill, self.books.apply_fill(strategy, fill))

    def _remember(self, strategy: StrategyId, fill: OrderFilled) -> None:
        """Keep a fill as it stands, for the day it is taken back or corrected."""
        self._recent[fill.instrument, fill.fill_id] = strategy, fill
        if len(self._recent) > _RECENT_FILLS:
            self._recent.popitem(last=False)

    def _halt_unknown_fill(self, event: FillBusted | FillCorrected) -> None:
        assert self._risk is not None
        reason = (
            f"{type(event).__name__} of fill {event.fill_id}, which is not among the last booked"
        )
        halt = Halt(ts=self._inlet.now, reason=reason, instrument=event.instrument)
        self.emit(self._risk, halt)
        self._tell(self._strategy_of(event), event)

    def _strategy_of(self, event: OrderEvent) -> StrategyId:
        number = strategy_number_of(event.client_order_id) & ~CLOSING_ORDERS
        names = self.books.names
        return names[number] if number < len(names) else UNALLOCATED

    def _tell(self, strategy: StrategyId, event: OrderEvent) -> None:
        cell = self._strategies.get(strategy)
        if cell is not None:
            self.emit(cell, event)

    def _sample(self) -> None:
        try:
            units = self.books.equity()
        except MissingData:
            return  # something held has no price yet: there is no equity to state
        now = self._inlet.now
        self._observer.on_equity(now, units)
        self._journal.append(self._inlet.seq, EquitySampled(ts=now, units=units))

    def _arm(self) -> None:
        assert self._timers is not None
        due = (self._inlet.now // self._grid_ns + 1) * self._grid_ns
        self._dispatcher.post(self._timers, SetTimer(owner=self.name, name=_GRID, ts=due))
