"""A paper venue that is traded at by chance, and our own side of it: orders, books, what was journaled.

What our side hears may be cut off anywhere, as by a crash; everything is drawn from a seed.
"""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from openoutcry import _native
from openoutcry.actors.books import Books
from openoutcry.replay.reconcile import Ours, Reconciliation, reconcile
from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import (
    CancelOrder,
    ReplaceOrder,
    RiskApproved,
    SubmitOrder,
    VenueCommand,
)
from openoutcry.state.enums import OrderType, Side, TimeInForce, TrailingKind
from openoutcry.state.events import (
    AccountLiquidated,
    CashAdjusted,
    OrderEvent,
    OrderFilled,
    OrderSubmitted,
    PositionAdjusted,
)
from openoutcry.state.identifiers import ClientOrderId, FillId, InstrumentId, StrategyId
from openoutcry.state.orders import Outcome, order_table
from openoutcry.state.universe import Universe
from openoutcry.state.venue_answers import VenueAnswer
from tests.harness import SECOND, T0, columns
from tests.markets import MARGIN, PERP, SIM, quote_walk
from tests.replay.paper_kit import Rig, client_id

UNIVERSE = Universe([PERP], ["USDT"])
STRATEGY = StrategyId("s")
START = {SIM: {"USDT": 1_000_000 * 10 ** UNIVERSE.scale("USDT")}}
ROWS = 60
PRICE = 4_000_000
LIQUIDATING = 20_000


class OurSide:
    """Orders and books as the core has them, and its journal."""

    def __init__(self) -> None:
        market = _native.Market(UNIVERSE.specs)
        directory = _native.Directory(UNIVERSE.specs, UNIVERSE.currencies, [STRATEGY])
        self.table = order_table(directory)
        self.books = Books(UNIVERSE, START, [STRATEGY], market, "USDT", directory=directory)
        self.journal: list[AnyMessage] = []
        self.heard: list[CashAdjusted | PositionAdjusted | AccountLiquidated] = []
        self.strays: set[tuple[InstrumentId, FillId]] = set()
        self.alarms: list[str | None] = []

    def intend(self, command: VenueCommand) -> bool:
        """Journal what is asked of the venue; whether it may leave."""
        if isinstance(command, SubmitOrder):
            self.table.add(command)
            head = (command.client_order_id, command.instrument, command.ts, command.ts)
            self.journal.append(RiskApproved(command=command))
            self.hear(OrderSubmitted(*head))
        elif self.table.request(command) is not None:
            return False
        else:
            self.journal.append(RiskApproved(command=command))
        return True

    def hear(self, message: Any) -> None:
        """Take a report, as the order path does."""
        if isinstance(message, OrderEvent):
            self.journal.append(message)  # type: ignore[arg-type]
            self.hear_of_order(message)
        elif isinstance(message, CashAdjusted | PositionAdjusted | AccountLiquidated):
            self.journal.append(message)
            self.heard.append(message)
            if isinstance(message, CashAdjusted):
                self.books.apply_cash(message)
            elif isinstance(message, PositionAdjusted):
                self.books.apply_split(message)

    def hear_of_order(self, event: OrderEvent) -> None:
        applied = self.table.apply(event)
        if applied is None:
            assert isinstance(event, OrderFilled)
            self.strays.add((event.instrument, event.fill_id))
        elif applied[0] in (Outcome.ILLEGAL, Outcome.ALARM):
            self.alarms.append(applied[1])
        elif applied[0] is Outcome.DUPLICATE:
            return
        if isinstance(event, OrderFilled):
            self.books.apply_fill(STRATEGY if applied else StrategyId("nobody"), event)

    def reconcile(self, answer: VenueAnswer, now: int) -> Reconciliation:
        """What the venue's word adds."""
        ours = Ours(
            open=self.table.open_orders(),
            find=self.table.get,
            knows_fill=lambda instrument, fill: (instrument, fill) in self.strays,
            events=self.heard,
        )
        return reconcile(ours, answer, now)

    def catch_up(self, evidence: Iterable[Any]) -> None:
        """Take what a reconciliation found."""
        for message in evidence:
            self.hear(message)

    def balances(self) -> dict[str, int]:
        return {code: self.books.balance(SIM, code) for code, _ in UNIVERSE.currencies}

    def positions(self) -> dict[InstrumentId, int]:
        return {PERP.id: self.books.account_position(PERP.id)}


class Trading:
    """One life of the venue, with random orders from our side.

    Args:
        folder: Of the venue's log.
        seed: What everything is drawn from.
        ours: Our side.
        life: Number of the life; each begins where the one before ended.
        deaf_after: Messages after which our side hears nothing any more.
    """

    def __init__(
        self, folder: Path, seed: int, ours: OurSide, life: int = 0, deaf_after: int = 1 << 30
    ) -> None:
        self.draw = random.Random(f"{seed} {life}")
        self.ours, self.left = ours, deaf_after
        self.first = 1 + life * 1_000
        self.sent = 0
        start = T0 + life * ROWS * SECOND
        rows = quote_walk(seed, (life + 1) * ROWS, PRICE, 900)
        part = {name: np.ascontiguousarray(c[life * ROWS :]) for name, c in rows.items()}
        rates = [self.draw.randrange(-(10**8), 10**8) for _ in range(3)]
        stamps = [start + self.draw.randrange(ROWS) * SECOND for _ in rates]
        stamps.sort()
        funding = columns(ts_event=stamps, ts_received=stamps, rate=rates)
        latency = {
            "order_latency_us": self.draw.choice([0, 0, 400_000]),
            "report_latency_us": self.draw.choice([0, 0, 700_000]),
        }
        self.rig = Rig(
            folder,
            [],
            start=start,
            config=msgspec.structs.replace(MARGIN, **latency),
            universe=UNIVERSE,
            feeds=[("quote", 0, [part]), ("funding", 0, [funding])],
        )

    def play(self, turns: int) -> None:
        """Some turns: an input or a few, then perhaps a command, then the log."""
        for _ in range(turns):
            for message in self.rig.play(self.draw.randrange(1, 4)):
                self.left -= 1
                if self.left >= 0:
                    self.ours.hear(message)
            for _ in range(self.draw.choice([0, 1, 1, 2])):
                self.act()
            self.rig.venue.append()

    def act(self) -> None:
        command = self.command()
        if self.ours.intend(command):
            self.rig.send(command)

    def command(self) -> VenueCommand:
        number = self.first + self.draw.randrange(max(self.sent, 1))
        head: dict[str, Any] = {
            "ts": max(self.rig.kernel.now, T0),
            "client_order_id": client_id(number),
            "strategy": STRATEGY,
            "instrument": PERP.id,
        }
        kind = self.draw.random()
        if self.sent and kind < 0.15:
            return CancelOrder(**head)
        near = PRICE + self.draw.randrange(-3_000, 3_000)
        if self.sent and kind < 0.3:
            quantity = self.draw.choice([None, self.draw.randrange(1, 3_000)])
            return ReplaceOrder(**head, quantity_units=quantity, limit_units=None)
        head["client_order_id"] = client_id(self.first + self.sent)
        self.sent += 1
        return SubmitOrder(**head, **self.terms(near))

    def terms(self, near: int) -> dict[str, Any]:
        draw = self.draw
        order_type = draw.choice(list(OrderType))
        limited = order_type.value.endswith("limit")
        stopped = order_type.value.startswith(("stop", "take"))
        trailing = order_type is OrderType.TRAILING_STOP
        force = draw.choice([TimeInForce.GTC, TimeInForce.GTC, *TimeInForce])
        parent = None
        if self.sent > 1 and draw.random() < 0.1:
            parent = client_id(self.first + draw.randrange(self.sent - 1))
        most = LIQUIDATING * 1_000 if draw.random() < 0.002 else 5_000
        return {
            "side": draw.choice(list(Side)),
            "order_type": order_type,
            "quantity_units": draw.randrange(1, most),
            "price_scale": PERP.price_scale,
            "size_scale": PERP.size_scale,
            "limit_units": near if limited else None,
            "trigger_units": near + draw.randrange(-500, 500) if stopped else None,
            "trailing_offset_units": 400 if trailing else None,
            "trailing_kind": TrailingKind.PRICE,
            "time_in_force": force,
            "expire_ts": T0 + draw.randrange(3 * ROWS) * SECOND
            if force is TimeInForce.GTD
            else None,
            "reduce_only": draw.random() < 0.15,
            "parent": parent,
            "oco_group": draw.choice([None, None, None, f"g{draw.randrange(4)}"]),
        }


def ids_of(answer: VenueAnswer) -> set[ClientOrderId]:
    """Orders that the venue names."""
    return {order.client_order_id for order in answer.orders if order.client_order_id}
