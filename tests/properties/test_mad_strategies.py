"""Mad strategies, judged from the venue's side: whatever they do, no limit is passed there.

Two strategies ask for random orders in bursts, flip sides, cancel and replace without reason; the market
walks, the venue accepts, rejects, fills in part or stays silent. The judge knows the limits, sees what
arrives and what filled, and keeps books of its own; it looks at nothing of ours.
"""

import os
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from openoutcry.state.commands import CancelOrder, SubmitOrder
from openoutcry.state.config import CollarConfig, RiskLimits
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.risk_config import AccountLimits, StrategyLimits
from tests.order_kit import OTHER, STRATEGY
from tests.path_kit import BOOK, Evidence, Pit, cancel, order, replace

MS = 1_000_000
RUNS = int(os.environ.get("OPENOUTCRY_EXAMPLES", "300"))
STEPS = 60
CENTS = 100


@dataclass(frozen=True)
class Limits:
    """Drawn for each run; amounts are cents, windows milliseconds."""

    orders: int
    messages: int
    fills: int
    rejects: int
    position: int
    gross: int
    reduce: int
    halt: int

    @classmethod
    def draw(cls, rng: random.Random) -> "Limits":
        """Tight enough that each is met in some run."""
        reduce = rng.choice([2_000, 10_000, 10**9])
        return cls(
            orders=rng.randint(1, 20),
            messages=rng.randint(2, 40),
            fills=rng.choice([3, 20, 10**6]),
            rejects=rng.choice([2, 10, 10**6]),
            position=rng.choice([20, 100, 10**6]),
            gross=rng.randint(1, 60) * 10_000,
            reduce=reduce,
            halt=reduce * 2,
        )

    def pit(self) -> Pit:
        """A run that is held to them."""

        def money(cents: int) -> Decimal:
            return Decimal(cents) / CENTS

        return Pit(
            RiskLimits(
                collar=CollarConfig(max_deviation_bps=Decimal(500)),
                max_order_value="unlimited",
                max_order_quantity="unlimited",
                max_position=Decimal(self.position),
                max_orders=self.orders,
                per_ms=500,
            ),
            controls={
                "account": AccountLimits(
                    max_gross_exposure=money(self.gross),
                    daily_loss_reduce=money(self.reduce),
                    daily_loss_halt=money(self.halt),
                ),
                "strategy": StrategyLimits(
                    max_messages=self.messages,
                    messages_ms=1_000,
                    max_executions=self.fills,
                    executions_ms=1_000,
                    max_rejects=self.rejects,
                ),
            },
        )


@dataclass
class Working:
    """What the venue knows of an order."""

    number: int
    strategy: StrategyId
    side: Side
    quantity: int
    filled: int = 0

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled


@dataclass
class Judge:
    """The venue's own books, and what must hold whenever something arrives."""

    limits: Limits
    working: dict[tuple[StrategyId, int], Working] = field(default_factory=dict)
    position: Counter[StrategyId] = field(default_factory=Counter)
    cash: int = 0
    worst_loss: int = 0
    messages: dict[StrategyId, list[int]] = field(default_factory=lambda: defaultdict(list))
    orders: dict[StrategyId, list[int]] = field(default_factory=lambda: defaultdict(list))
    fills: dict[StrategyId, list[int]] = field(default_factory=lambda: defaultdict(list))
    rejects: Counter[StrategyId] = field(default_factory=Counter)
    off: set[StrategyId] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)

    def sides(self, strategy: StrategyId | None = None) -> tuple[int, int]:
        """What could be bought and sold at worst."""
        mine = [w for w in self.working.values() if strategy in (None, w.strategy)]
        return (
            sum(w.leaves for w in mine if w.side is Side.BUY),
            sum(w.leaves for w in mine if w.side is Side.SELL),
        )

    def worst(self) -> int:
        """Quantity of the account on its worst side."""
        held = self.position.total()
        buying, selling = self.sides()
        return max(held + buying, selling - held, 0)

    def arrived(self, command: Any, now: int, mid: int) -> None:
        """A message of ours is here."""
        strategy, limits = command.strategy, self.limits
        self.messages[strategy].append(now)
        if isinstance(command, CancelOrder):
            return
        assert strategy not in self.off, "a strategy that was latched off"
        assert self.worst_loss <= limits.halt, "beyond the second loss limit"
        within = [ts for ts in self.messages[strategy] if now - ts < 1_000 * MS]
        assert len(within) <= limits.messages, "messages"
        self.orders[strategy].append(now)
        within = [ts for ts in self.orders[strategy] if now - ts < 500 * MS]
        assert len(within) <= limits.orders, "orders"
        key = (strategy, int(command.client_order_id[-16:], 16))
        before = self.worst()
        held, others = self.position[strategy], self.sides(strategy)
        if isinstance(command, SubmitOrder):
            self.working[key] = Working(key[1], strategy, command.side, command.quantity_units)
            added = command.quantity_units
        else:
            # The order as it is could fill before the replace: the larger one counts.
            known = self.working.get(key)
            if known is None:
                return
            larger = max(known.quantity, command.quantity_units or 0)
            added, known.quantity = larger - known.quantity, larger
        if added > 0 and self.worst_loss > limits.reduce:
            side = self.working[key].side
            room = -held - others[0] if side is Side.BUY else held - others[1]
            assert added <= room, "more than there is to reduce"
            self.met["reduced"] += 1
        after = self.worst()
        assert after <= before or after * mid <= limits.gross, "gross exposure"
        assert after <= before or after <= limits.position, "position"

    def filled(self, working: Working, quantity: int, price: int, now: int, mid: int) -> None:
        """A fill, which the venue itself made."""
        sign = working.side.sign
        working.filled += quantity
        self.position[working.strategy] += sign * quantity
        self.cash -= sign * quantity * price
        self.sampled(mid)
        stamps = self.fills[working.strategy]
        stamps.append(now)
        if sum(now - ts < 1_000 * MS for ts in stamps) > self.limits.fills:
            self.latched(working.strategy, "fills")
        self.rejects[working.strategy] = 0
        if not working.leaves:
            del self.working[working.strategy, working.number]

    def rejected(self, working: Working) -> None:
        """A refusal of the venue; denials come on top and are not seen from here."""
        self.rejects[working.strategy] += 1
        if self.rejects[working.strategy] > self.limits.rejects:
            self.latched(working.strategy, "rejects")
        del self.working[working.strategy, working.number]

    def latched(self, strategy: StrategyId, why: str) -> None:
        """Nothing new may come from it any more."""
        self.met[why] += 1
        self.off.add(strategy)

    def sampled(self, mid: int) -> None:
        """Equity was sampled."""
        self.worst_loss = max(self.worst_loss, -(self.cash + self.position.total() * mid))
        self.met["loss"] += self.worst_loss > self.limits.halt


class Run:
    """One random run."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.limits = Limits.draw(self.rng)
        self.pit, self.judge = self.limits.pit(), Judge(self.limits)
        self.mid, self.number, self.fill_id, self.seen = 10_000, 0, 0, 0

    def play(self) -> Counter[str]:
        """Step by step: the market moves, strategies go mad, the venue answers."""
        for _ in range(STEPS):
            self.move()
            for strategy in (STRATEGY, OTHER):
                self.rave(strategy)
                self.look()
            self.answer()
            if self.rng.random() < 0.5:
                self.pit.path.on_grid()
                self.judge.sampled(self.mid)
        assert not self.pit.failed
        return self.judge.met + Counter(arrived=len(self.pit.submits()))

    def move(self) -> None:
        """Time and price go on."""
        self.pit.world.now += self.rng.choice([0, 1, 50 * MS, 400 * MS, 999 * MS])
        self.mid = max(5_000, self.mid + self.rng.randint(-150, 150))
        self.pit.quote(self.mid - 10, self.mid + 10)

    def rave(self, strategy: StrategyId) -> None:
        """A burst of whatever."""
        rng, now = self.rng, self.pit.world.now
        wishes: list[Any] = []
        for _ in range(rng.randint(0, 6)):
            known = [w.number for w in self.judge.working.values() if w.strategy == strategy]
            kind = rng.random()
            if known and kind < 0.25:
                wishes.append(cancel(rng.choice(known), strategy))
            elif known and kind < 0.4:
                wishes.append(replace(rng.randint(1, 60), None, rng.choice(known), strategy))
            else:
                self.number += 1
                market = rng.random() < 0.4
                wishes.append(
                    order(
                        self.number,
                        strategy=strategy,
                        ts=now,
                        side=rng.choice(list(Side)),
                        quantity_units=rng.choice([1, rng.randint(1, 50), 400]),
                        order_type=OrderType.MARKET if market else OrderType.LIMIT,
                        limit_units=None if market else self.mid + rng.randint(-300, 300),
                    )
                )
        self.pit.tell(*wishes)

    def look(self) -> None:
        """What arrived at the venue."""
        for command in self.pit.arrived[self.seen :]:
            self.judge.arrived(command, self.pit.world.now, self.mid)
        self.seen = len(self.pit.arrived)

    def answer(self) -> None:
        """The venue does something with some orders."""
        rng, now = self.rng, self.pit.world.now
        moody = rng.random() < 0.5
        for working in list(self.judge.working.values()):
            evidence = Evidence(working.number, now, BOOK[working.strategy])
            kind = rng.random()
            if moody and not working.filled and kind < 0.9:
                self.judge.rejected(working)
                self.pit.take(evidence.rejected)
            elif kind < 0.4:
                quantity = rng.randint(1, working.leaves)
                self.fill_id += 1
                price = self.mid + rng.randint(-50, 50)
                total = working.filled + quantity
                fill = evidence.fill(quantity, f"{self.fill_id}", total, price, working.side)
                self.judge.filled(working, quantity, price, now, self.mid)
                self.pit.take(fill)
            elif 0.5 < kind < 0.6:
                del self.judge.working[working.strategy, working.number]
                self.pit.take(evidence.canceled(working.filled))


@pytest.mark.timeout(0)
def test_no_limit_is_passed_at_the_venue() -> None:
    met: Counter[str] = Counter()
    for seed in range(RUNS):
        run = Run(seed)
        try:
            met += run.play()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}; {run.limits}") from error
        finally:
            run.pit.graph.close()
    # It proves nothing unless the limits are met.
    assert min(met[what] for what in ("arrived", "fills", "rejects", "loss", "reduced")) > 0, met
