"""The simulated venue as a party of its own: the paper venue of a session, with its log.

It is the same engine as in a replay. What it did and what it is lie outside the journal, so that it can
answer after a restart, and so that a witness can compare its word with ours. What happens to orders while
the daemon is down is stated in `docs/reference/paper.md`.
"""

from collections import deque
from typing import Final

from openoutcry import _native
from openoutcry.replay import venue_entries as entries
from openoutcry.replay.paper_log import SCHEMA, PaperLog, Start
from openoutcry.replay.venue_entries import decode_entries
from openoutcry.replay.venue_history import ENDED_ORDERS, AccountEntry, KnownOrder, VenueHistory
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.errors import (
    CodecError,
    JournalDamaged,
    JournalError,
    SchemaTooNew,
    StateError,
)
from openoutcry.state.events import (
    AccountLiquidated,
    AnyAccountEvent,
    CashAdjusted,
    OrderFilled,
    PositionAdjusted,
)
from openoutcry.state.identifiers import (
    ClientOrderId,
    FillId,
    InstrumentId,
    VenueId,
    VenueOrderId,
)
from openoutcry.state.universe import Universe
from openoutcry.state.venue_answers import VenueAnswer, VenueOrder

_NEWS: Final = 1_000  # turns whose entries may wait undecoded
_AT_ONCE: Final = 2  # turns that are decoded with the next one when more wait


class PaperVenue:
    """One venue of a kernel and its log.

    Args:
        kernel: The session's kernel, at the moment at which the venue begins or comes back; the venue
            has seen no market and no command.
        number: The venue's number there.
        name: Its name.
        universe: Instruments and currencies of the session.
        log: Its log, not yet opened.
        remember: Ended orders that it remembers.
    """

    def __init__(
        self,
        kernel: _native.Kernel,
        number: int,
        name: VenueId,
        universe: Universe,
        log: PaperLog,
        remember: int = ENDED_ORDERS,
    ) -> None:
        self.name, self.log = name, log
        self._kernel, self._universe, self._limit = kernel, universe, remember
        self._native = _native.SimulatedVenue(kernel, number)
        self._history = VenueHistory(remember)
        self._news: deque[bytes] = deque()

    def open(self) -> bool:
        """Come back from the log, or begin one. Whether there was one.

        What was to expire meanwhile expires at the kernel's time: those reports are its next inputs.

        Raises:
            JournalDamaged: The log does not hold what was written, or contradicts itself.
            SchemaTooNew: A newer openoutcry wrote it.
            StateError: It is of another venue, or of other instruments or currencies.
            JournalError: The folder cannot be used.
        """
        found = self.log.open()
        if found is None:
            self.log.start(self._start())
            return False
        start, turns = found
        if start.venue != self.name:
            raise StateError(
                f"the log in {self.log.folder} is of the venue {start.venue}",
                remedy=f"the venue {self.name} needs a state directory of its own",
            )
        state = turns[-1].state if turns else start.state
        try:
            self._history = VenueHistory.restore(start.history, self._limit)
            for turn in turns:
                for blob in turn.entries:
                    self._history.take(decode_entries(blob))
            numbers = self._numbers(start)
            self._native.bring_back(state, *numbers, self._history.ended(), self._history.groups)
        except CodecError as error:
            raise JournalDamaged(f"the log of the venue {self.name}: {error.message}") from error
        except SchemaTooNew:
            raise
        except StateError as error:
            raise StateError(
                f"the paper account of the venue {self.name} does not fit: {error.message}",
                remedy="instruments and currencies may be added, not left out or changed; put them "
                "back, or begin a new paper account in another state directory",
            ) from error
        self.append()
        self._check()
        return True

    def _numbers(self, start: Start) -> tuple[list[int], list[int]]:
        """The numbers in this session of the log's instruments and currencies."""
        universe = self._universe
        missing = [name for name in start.instruments if name not in universe.index]
        missing += [
            code for code, scale in start.currencies if (code, scale) not in universe.currencies
        ]
        if missing:
            raise StateError(f"the session lacks {', '.join(missing)}")
        return (
            [universe.index[InstrumentId(name)] for name in start.instruments],
            [universe.currency_index[code] for code, _ in start.currencies],
        )

    def _check(self) -> None:
        """The venue's state must be what its entries add up to."""
        self.catch_up()
        stated = [(row[0], row[2], row[3], row[4]) for row in self._native.open_orders()]
        told = [(o.id, o.venue_order_id, o.quantity, o.filled) for o in self._history.open()]
        if sorted(stated) != sorted(told):
            raise JournalDamaged(
                f"the log of the venue {self.name} contradicts itself: its state has "
                f"{len(stated)} open orders, its entries have {len(told)}"
            )

    def _start(self) -> Start:
        self.catch_up()
        balances = {code: str(units) for code, units in self._native.balances()}
        return Start(
            self.log.number,
            SCHEMA,
            self.name,
            self._history.snapshot(),
            balances,
            tuple(self._native.positions()),
            tuple(item.id for item in self._universe.instruments),
            tuple(self._universe.currencies),
            self._native.snapshot(),
        )

    def append(self) -> bool:
        """Write down what happened since the last time; nothing is written where nothing did.

        False when the disk did not take it; `log.failure` says why, and the next turn tries again. Is
        called before the journal is handed over, so that the log is never behind it.
        """
        taken, moved = self._native.take_entries()
        if not (taken or moved or self.log.failure):
            return True
        if taken:
            self._news.append(taken)
        if not self.log.append(taken, self._native.snapshot()):
            return False
        if self.log.is_full:
            try:
                self.log.start(self._start())
            except JournalError:
                self.log.put_off()
        self.catch_up(_AT_ONCE if len(self._news) > _NEWS else 0)
        return True

    def snapshot(self) -> bytes:
        """The venue's state, as each turn of the log has it."""
        return self._native.snapshot()

    def catch_up(self, turns: int | None = None) -> None:
        """Add what was written to the history, of so many turns: work for when nothing else waits."""
        for _ in range(len(self._news) if turns is None else turns):
            self._history.take(decode_entries(self._news.popleft()))

    def orders(self) -> tuple[VenueOrder, ...]:
        """Every order that the venue knows: those that work and the last that ended."""
        self.catch_up()
        return tuple(map(_order, self._history.orders.values()))

    def answer(self) -> VenueAnswer:
        """All that the venue knows at the kernel's time; no request may be under way to it."""
        orders = self.orders()
        positions: dict[InstrumentId, int] = {}
        for instrument, _, units in self._native.positions():
            known = positions.get(InstrumentId(instrument), 0)
            positions[InstrumentId(instrument)] = known + units
        return VenueAnswer(
            venue=self.name,
            ts=self._kernel.now,
            orders=orders,
            movements=tuple(map(self._movement, self._history.movements())),
            balances=dict(self._native.balances()),
            positions=positions,
            proves_absence=True,
        )

    def _fill(self, fill: entries.Filled) -> OrderFilled:
        instrument = self._universe.instrument(InstrumentId(fill.instrument))
        return OrderFilled(
            ClientOrderId(fill.id),
            instrument.id,
            fill.ts,
            fill.ts,
            VenueOrderId(fill.venue_order_id),
            FillId(fill.fill_id),
            Side(fill.side),
            fill.price,
            fill.quantity,
            fill.cumulative,
            instrument.price_scale,
            instrument.size_scale,
            int(fill.fee),
            self._universe.scale(fill.fee_currency),
            fill.fee_currency,
            LiquiditySide(fill.liquidity),
            None,
        )

    def _movement(self, event: AccountEntry) -> OrderFilled | AnyAccountEvent:
        ts = event.ts
        match event:
            case entries.Filled():
                return self._fill(event)
            case entries.Cash():
                about = None if event.instrument is None else InstrumentId(event.instrument)
                scale = self._universe.scale(event.currency)
                terms = (event.currency, int(event.amount), scale, event.reason, None)
                return CashAdjusted(self.name, about, ts, ts, *terms)
            case entries.Split():
                split = InstrumentId(event.instrument), ts, ts, event.numerator, event.denominator
                return PositionAdjusted(self.name, *split)
            case entries.Liquidated():
                return AccountLiquidated(self.name, ts, ts, event.reason)


def _order(known: KnownOrder) -> VenueOrder:
    return VenueOrder(
        client_order_id=ClientOrderId(known.id),
        venue_order_id=VenueOrderId(known.venue_order_id),
        instrument=InstrumentId(known.instrument),
        status=known.status,
        quantity_units=known.quantity,
        limit_units=known.limit,
        trigger_units=known.trigger,
        filled_units=known.filled,
        triggered=known.triggered,
        reason=known.reason,
        ts=known.ts,
    )
