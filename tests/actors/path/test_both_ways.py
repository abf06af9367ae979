"""Evidence that comes as messages, as live, and evidence that never leaves the engine, as in a replay: one record."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from openoutcry import _native
from openoutcry.actors.graph import Graph, Ports, build_graph
from openoutcry.actors.strategy import Strategy
from openoutcry.replay.session import RecordedFeeds, ReplaySession
from openoutcry.state import codec
from openoutcry.state.commands import CancelAll, Flatten, Halt, VenueCommand
from openoutcry.state.config import Config, FeesConfig, RiskConfig, VenueConfig
from openoutcry.state.enums import PositionMode, Side
from openoutcry.state.events import ActorFailed, TimerFired
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.market_data import Bar, Quote
from openoutcry.state.memory_journal import MemoryJournal
from tests.harness import NO_LIMITS, SECOND, config, dec, feed, session, strategy
from tests.markets import MARGIN, PERP, SIM, SPOT, quote_walk

ROWS = 120
ALL_ORDERS = 2**63 - 1


class Busy(Strategy):
    """Does everything that a strategy can do with orders, as its own count says."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        seed: int

    class State(Strategy.State):
        count: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)
        self.subscribe_bars(self.params.instrument, "10s")

    def on_start(self) -> None:
        self.every("tidy", 15 * SECOND)

    def on_quote(self, quote: Quote) -> None:
        self.state.count += 1
        draw = (self.params.seed * 7919 + self.state.count * 104_729) % 1_000_003
        item = self.instrument_of(quote.instrument)
        size, side = item.lot * (1 + draw % 50), Side.BUY if draw % 2 else Side.SELL
        near, far = (quote.bid, quote.ask) if side is Side.BUY else (quote.ask, quote.bid)
        working = self.orders(quote.instrument)
        match draw // 2 % 9:
            case 0:
                self.submit(quote.instrument, side, size)
            case 1:
                self.submit(quote.instrument, side, size, limit=near, tag="near")
            case 2:
                self.submit(quote.instrument, side, size, stop=far)
            case 3:
                self.bracket(
                    quote.instrument, Side.BUY, size, stop=quote.bid, take_profit=quote.ask
                )
            case 4 if working:
                self.replace(working[0].client_order_id, quantity=size + item.lot)
            case 5 if working:
                self.cancel(working[-1].client_order_id)
            case 6:
                self.target(quote.instrument, size if side is Side.BUY else -size)
            case 7:
                self.submit(quote.instrument, side, item.lot * 10**9)
            case _:
                self.cancel_all()

    def on_bar(self, bar: Bar) -> None:
        self.target(bar.instrument, 0)

    def on_fill(self, fill: Any) -> None:
        if fill.quantity_units % 7 == 0:
            self.cancel_all(fill.instrument)

    def on_order(self, event: Any) -> None: ...

    def on_timer(self, fired: TimerFired) -> None:
        self.cancel_all()


class Wire:
    """Clock, inlet and venue as something that is not the engine's: passes everything on as messages."""

    def __init__(self, kernel: _native.Kernel) -> None:
        self._kernel = kernel
        self.next = kernel.next
        self.set_timer = kernel.set_timer
        self.cancel_timer = kernel.cancel_timer

    @property
    def now(self) -> int:
        return self._kernel.now

    @property
    def seq(self) -> int:
        return self._kernel.seq

    def submit(self, command: VenueCommand, /) -> None:
        self._kernel.submit(command)


LIMITED = RiskConfig(
    default=msgspec.structs.replace(NO_LIMITS.default, max_order_quantity=dec("100"))
)
HEDGING = msgspec.structs.replace(MARGIN, positions=PositionMode.HEDGING)
CASH = VenueConfig(
    name=SIM,
    balances={"USDT": dec("1000000"), "ETH": dec("50")},
    fees=FeesConfig(maker=dec("0.00037"), taker=dec("0.00071"), currency="base"),
)
RICH = msgspec.structs.replace(
    MARGIN, balances={"USDT": dec("92233720368.5477")}, fees=FeesConfig(), order_latency_us=300_000
)
"""With the first profit its equity is beyond what the record can hold."""
REBATES = msgspec.structs.replace(RICH, fees=FeesConfig(maker=dec("-0.01"), taker=dec("-0.01")))
CASES: dict[str, tuple[Any, VenueConfig]] = {
    "perpetual": (PERP, MARGIN),
    "hedging": (PERP, HEDGING),
    "fees in the coin": (SPOT, CASH),
    "slow venue": (
        PERP,
        msgspec.structs.replace(MARGIN, order_latency_us=700_000, report_latency_us=900_000),
    ),
    "profit on paper": (PERP, RICH),
    "profit at a fill": (PERP, REBATES),
}


def settings(kind: str, seed: int) -> tuple[Config, Any, dict[tuple[str, str], Any]]:
    item, venue = CASES[kind]
    entries = [strategy(Busy, f"s{n}", instrument=item.id, seed=seed * 2 + n) for n in range(2)]
    made = config(
        venue,
        [feed(item.id, "quote")],
        entries,
        currency="USDT",
        risk=LIMITED,
        grid_s=1 if kind in FAILING else 20,
    )
    price = 200_000 if item is SPOT else 4_000_000
    return made, item, {("quote", item.id): quote_walk(seed, ROWS, price=price)}


FAILING = {"profit on paper": "TimerFired", "profit at a fill": "OrderFilled"}
Operator = Callable[[int, int], list[Any]]
"""What an operator does before the input that follows a sequence number, at a time."""


def nobody(_seq: int, _now: int) -> list[Any]:
    return []


def busy_operator(seq: int, now: int) -> list[Any]:
    match seq % 50:
        case 10:
            return [CancelAll(ts=now)]
        case 20:
            return [Halt(ts=now, reason="by hand", strategy=StrategyId("s0"))]
        case 30:
            return [Flatten(ts=now, strategy=StrategyId("s1")), Flatten(ts=now)]
    return []


def replayed(kind: str, seed: int, operator: Operator) -> tuple[ReplaySession, Graph]:
    """The engine's own loop."""
    made, item, data = settings(kind, seed)
    ready = session(made, [item], data)
    ready.begin()
    while ready.play(1):
        for command in operator(ready.kernel.seq, ready.kernel.now):
            ready.graph.handle(command)
    ready.end()
    return ready, ready.graph


def by_messages(kind: str, seed: int, operator: Operator) -> tuple[ReplaySession, Graph]:
    """Every input a message, every command a message, clock and venue behind Python ports."""
    made, item, data = settings(kind, seed)
    ready = session(made, [item], data)
    ready.graph.close()
    ready.journal = MemoryJournal(keep=True)
    kernel, universe = ready.kernel, ready.universe
    wire = Wire(kernel)
    feeds = RecordedFeeds(made.feeds, universe, kernel, stepping=False)
    ports = Ports(inlet=wire, journal=ready.journal, venue=wire, feeds=feeds, market=ready.market)
    graph = build_graph(made, universe, ports, 0, ALL_ORDERS, keep_record=True)

    def inputs() -> Iterator[Any]:
        while (message := kernel.next()) is not None:
            yield message
            if not graph.dispatcher.stopped:
                yield from operator(kernel.seq, kernel.now)

    graph.start()
    graph.play(inputs())
    if not graph.supervisor.halted:
        graph.stop()
        graph.play(iter(kernel.next, None))
    kernel.finish()
    graph.play(iter(kernel.next, None))
    if not graph.supervisor.halted:
        graph.end()
    graph.close()
    return ready, graph


def outcome(ready: ReplaySession, graph: Graph) -> dict[str, Any]:
    path = graph.path
    return {
        "records": [(seq, codec.decode(data)) for seq, data in ready.journal.records()],
        "bytes": ready.journal.records(),
        "digest": ready.journal.digest(),
        "orders": graph.orders.digest(),
        "books": graph.books.native.digest(),
        "market": ready.market.hash(),
        "risk": graph.risk_state.snapshot(),
        "fills": path.fills(),
        "equity": path.columns().equity,
        "signals": path.signals(),
        "denials": path.columns().denials,
        "failures": graph.supervisor.failures,
    }


def check_equal(kind: str, seed: int, operator: Operator) -> dict[str, Any]:
    replay = outcome(*replayed(kind, seed, operator))
    messages = outcome(*by_messages(kind, seed, operator))
    pairs = zip(replay["records"], messages["records"], strict=False)
    first = next(((a, b) for a, b in pairs if a != b), None)
    assert first is None, f"seed {seed}"
    for name, value in replay.items():
        assert value == messages[name], f"{name}, seed {seed}"
    return replay


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind not in FAILING])
@pytest.mark.parametrize("operator", [nobody, busy_operator])
@pytest.mark.parametrize("seed", range(3))
def test_both_ways_give_the_same_record(kind: str, operator: Operator, seed: int) -> None:
    came = check_equal(kind, seed, operator)
    assert not came["failures"]
    assert len(came["signals"]) > ROWS // 2
    assert came["fills"]
    assert came["denials"]


@pytest.mark.parametrize(("kind", "failing"), FAILING.items())
@pytest.mark.parametrize("seed", [0, 2, 3])
def test_both_ways_fail_alike(kind: str, failing: str, seed: int) -> None:
    came = check_equal(kind, seed, nobody)
    (failure,) = [record for _, record in came["records"] if isinstance(record, ActorFailed)]
    assert (failure.actor, failure.input, failure.policy) == ("portfolio", failing, "halt")
    assert failure.error.startswith("NumericOverflow: ")


def test_nothing_of_these_runs_is_by_chance() -> None:
    first, second = (outcome(*replayed("perpetual", 1, busy_operator)) for _ in range(2))
    assert first == second
