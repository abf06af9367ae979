"""What the core says of itself: numbers that it copies out a few times a second.

Metrics and alerts read these facts and never the core's own state. The core replaces them whole, so that a
reader sees one moment or another, never a mixture.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, Protocol

import msgspec

LAG_BOUNDS_S: Final = (
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005,
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
)  # fmt: skip
"""Upper bounds of the buckets of a lag histogram, in seconds."""


class HistogramFacts(msgspec.Struct, frozen=True):
    """A histogram at one moment: `counts` has one more than `bounds`, for what lies above the last."""

    bounds: tuple[float, ...] = LAG_BOUNDS_S
    counts: tuple[int, ...] = (0,) * (len(LAG_BOUNDS_S) + 1)
    total: float = 0.0


class Histogram:
    """Counts observations by size; for one thread."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float] = LAG_BOUNDS_S) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    @property
    def facts(self) -> HistogramFacts:
        """A copy."""
        return HistogramFacts(self._bounds, tuple(self._counts), self._total)


class FeedFacts(msgspec.Struct, frozen=True):
    """A feed: seconds since its last datum, and from where on that is too long (None: never)."""

    age_s: float
    limit_s: float | None = None
    connected: bool = True


class CoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of the core. What nobody fills in keeps its default and raises no alert.

    Args:
        at_s: `time.monotonic()` when the core made this; its age tells whether the core still turns.
        now: The core's own time, nanoseconds UTC.
        ready: Recovered and reconciled.
        mode: paper or live.
        account: Name of the account or config.
        seq: Sequence number of the last input.
        durable_seq: Up to where the journal is on disk.
        inputs: Inputs by kind, since the start.
        skipped: Inputs that reached no Python, since the start.
        lag: From the stamp of the last input of each turn to the end of that turn, in real time.
        handler: From a handler's start to its end.
        journal: State, as `JournalHealth` says it: running, full, failed, closed.
        journal_waiting: Records that wait to be durable.
        journal_waiting_bytes: Their size.
        journal_dropped: Records that were dropped after a failure.
        snapshot_seq: Input of the last snapshot.
        tape_rows: Rows on the tape, since the start.
        tape_holes: Inputs that the tape lacks.
        gate_waiting: Messages that wait at the gate for the journal.
        gate_dropped: What it did not send, by reason.
        orders: Orders by status.
        unknown: Requests that no venue answered.
        unknown_s: Age of the oldest of them, seconds.
        fills: Fills booked, since the start.
        denied: Orders that our risk refused, since the start.
        equity: Value by currency.
        day_result: Result since the roll-over, in the account currency.
        currency: The account currency.
        halted: Reason by scope (`all`, a strategy, an instrument).
        reduce_only: Whether the account only reduces positions.
        strategies: State by strategy: running, paused, diverged.
        failures: Failures of actors, since the start.
        feeds: Feeds by name.
        venues: Whether each venue is connected.
        shed: What load shedding left out, by kind.
        order_table_differs: Orders about which we and a venue do not agree.
        clock_steps: How often the wall clock was stepped.
        clock_skew_s: Wall clock minus reference, None when nothing says.
        watchdog_left: Share of the watchdog's time that was left at the narrowest, 0 to 1.
        commands: Control commands, since the start.
    """

    at_s: float
    now: int = 0
    ready: bool = False
    mode: str = ""
    account: str = ""
    seq: int = 0
    durable_seq: int = 0
    inputs: Mapping[str, int] = {}
    skipped: int = 0
    lag: HistogramFacts = HistogramFacts()
    handler: HistogramFacts = HistogramFacts()
    journal: str = "running"
    journal_waiting: int = 0
    journal_waiting_bytes: int = 0
    journal_dropped: int = 0
    snapshot_seq: int = 0
    tape_rows: int = 0
    tape_holes: int = 0
    gate_waiting: int = 0
    gate_dropped: Mapping[str, int] = {}
    orders: Mapping[str, int] = {}
    unknown: int = 0
    unknown_s: float = 0.0
    fills: int = 0
    denied: int = 0
    equity: Mapping[str, Decimal] = {}
    day_result: Decimal | None = None
    currency: str = ""
    halted: Mapping[str, str] = {}
    reduce_only: bool = False
    strategies: Mapping[str, str] = {}
    failures: int = 0
    feeds: Mapping[str, FeedFacts] = {}
    venues: Mapping[str, bool] = {}
    shed: Mapping[str, int] = {}
    order_table_differs: int = 0
    clock_steps: int = 0
    clock_skew_s: float | None = None
    watchdog_left: float | None = None
    commands: int = 0


class MetricsSource(Protocol):
    """Where facts come from; called on other threads than the core's."""

    def read(self) -> CoreFacts | None:
        """The newest facts; None before the first."""


class FactsCell:
    """The usual source: the core writes, others read. Replacing a reference needs no lock."""

    __slots__ = ("_facts",)

    def __init__(self) -> None:
        self._facts: CoreFacts | None = None

    def write(self, facts: CoreFacts) -> None:
        """Replace the facts; for the core."""
        self._facts = facts

    def read(self) -> CoreFacts | None:
        """The newest facts."""
        return self._facts
