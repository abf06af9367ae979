"""Every workload: what both sides do, who plays it, what we want to reach, why results differ."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from tests.benchmarks import peers
from tests.benchmarks.peers import Call
from tests.benchmarks.places import SPOT

NAUTILUS: Final = ("nautilus1", "nautilus2")


@dataclass(frozen=True)
class Target:
    """What a row of ours must reach.

    Args:
        peer: Against whom; empty for a limit that stands alone.
        phase: Which of the peer's phases.
        least: The least ratio peer / ours.
        most: The most that ours may be.
        of: The figure: CPU seconds, or the peak of memory.
    """

    peer: str = ""
    phase: str = ""
    least: float = 0.0
    most: float = 0.0
    of: Literal["cpu_s", "peak_rss_mb"] = "cpu_s"


@dataclass(frozen=True)
class Workload:
    """One section of the report.

    Args:
        name: What the command calls it.
        title: What both sides do.
        ours: Our cases and what each is called in the table; the first is what peers are held against.
        compare: Our phase for each phase of a peer.
        calls: How the peers play it.
        targets: What we want to reach.
        differences: By peer: why its orders, fills or balance are others than ours.
        note: What else a reader must know.
        fresh: Measured from outside only: a process of its own for the whole way.
        flat: Our cases are one another's measure: cost per event, 10 % apart at most.
        data: Recordings that its rows are made of; skipped where they are not.
    """

    name: str
    title: str
    ours: dict[str, str]
    compare: dict[str, str] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    targets: tuple[Target, ...] = ()
    differences: dict[str, str] = field(default_factory=dict)
    note: str = ""
    fresh: bool = False
    flat: bool = False
    data: Path | None = None

    @property
    def skipped(self) -> str:
        """Why it cannot be measured here; empty when it can."""
        if self.data is None or self.data.exists():
            return ""
        return "the recordings (../shared/data) are not beside this checkout"

    @property
    def needs_nautilus(self) -> bool:
        """Whether a NautilusTrader plays it."""
        return any(call.peer in NAUTILUS for call in self.calls)


OURS: Final = "openoutcry"
ALIKE: Final = {"run": "run", "whole": "whole", "process": "process"}
IN_MEMORY: Final = {"result": "result", "cold": "result", "warm": "result", "whole": "whole"}


def _nautilus(scenario: str, slow: int = 300) -> tuple[Call, Call]:
    arguments = f"{scenario} --data {{rows}} --n {{n}}"
    return (
        Call("nautilus1", "nautilus_v1_bench.py", arguments, peers.nautilus, both_clocks=False,
             limit_s=slow),
        Call("nautilus2", "nautilus_v2_bench.py", arguments, peers.nautilus, both_clocks=False),
    )  # fmt: skip


def _node(first: str, second: str) -> tuple[Call, Call]:
    places = "--data {rows} --cat {catalog} --n {n}"
    return (
        Call("nautilus1", "nautilus_v1_catalog.py", f"{first} {places}", peers.node,
             both_clocks=False, prepare=f"write {places}"),
        Call("nautilus2", "nautilus_v2_bench.py", f"{second} {places}", peers.node,
             both_clocks=False, prepare=f"write_catalog {places}"),
    )  # fmt: skip


def _faster(
    least: float, phase: str = "run", against: tuple[str, ...] = NAUTILUS
) -> tuple[Target, ...]:
    return tuple(Target(peer, phase, least=least) for peer in against)


_FEE_DUST = (
    "the same orders; ours is the exact sum over its fills, the peer's differs from it in the sixth "
    "decimal, which no rounding of these fees gives"
)
_AVERAGES = (
    "it crosses a bar earlier or later while its averages warm up, and also acts on bars in which "
    "nothing moved"
)
_TIES = "the last order waits for an open that never comes: its fee is the difference"

WORKLOADS: Final = (
    Workload(
        "quotes_noop",
        "quotes, nobody listens to them",
        {"quotes_noop": OURS},
        ALIKE,
        _nautilus("quotes_noop"),
    ),
    Workload(
        "quotes_noop_py",
        "quotes, a Python strategy receives each and counts",
        {"quotes_noop_py": OURS},
        ALIKE,
        _nautilus("quotes_noop_py"),
        _faster(4),
    ),
    Workload(
        "quotes_ema_tick",
        "quotes, EMA cross on bars of 100 quotes, market orders",
        {"quotes_ema_tick": OURS},
        ALIKE,
        _nautilus("quotes_ema_tick"),
    ),
    Workload(
        "quotes_ema_min",
        "quotes, EMA cross on one-minute bars built of them, market orders",
        {"quotes_ema_min": OURS},
        ALIKE,
        _nautilus("quotes_ema_min"),
        _faster(40),
    ),
    Workload(
        "quotes_limits",
        "quotes, two resting limit orders re-placed every 100 quotes",
        {"quotes_limits": OURS},
        ALIKE,
        _nautilus("quotes_limits"),
        _faster(10),
        {"nautilus1": _FEE_DUST, "nautilus2": _FEE_DUST},
    ),
    Workload(
        "bars_ema",
        "one-minute bars, EMA 10/20 reversing",
        {"bars_ema": OURS},
        ALIKE,
        _nautilus("bars_ema", slow=120),
        _faster(20),
        {"nautilus2": _AVERAGES},
        note='All fill at the close of the bar that was decided on, as the peer does (`bar_fill = "close"`).',
    ),
    Workload(
        "bars_multi_50",
        "50 shares x 504 daily bars, EMA 10/20 reversing in each, 50 strategies",
        {"bars_multi_50": OURS},
        ALIKE,
        _nautilus("bars_multi_50"),
        _faster(10),
        {"nautilus2": _AVERAGES},
        note="Fills at the close, as above.",
    ),
    Workload(
        "bars_sma",
        "one-minute bars, SMA 10/30, long only, one piece, 10 bp",
        {"bars_sma": OURS},
        IN_MEMORY,
        (
            Call("backtesting", "backtestingpy_cross.py", "a {n}", peers.timed),
            Call("backtrader", "backtrader_cross.py", "a {n}", peers.timed, limit_s=600),
            Call("vectorbt", "vectorbt_cross.py", "a {n}", peers.compiled),
        ),
        (
            Target("backtesting", "result", least=8),
            Target("backtrader", "result", least=80),
            Target("vectorbt", "cold", least=1),
            Target("vectorbt", "warm", least=0.5),
        ),
        {
            "backtesting": "it sees no cross where the averages were equal on the bar before",
            "backtrader": "its sums drift: it sees other crosses where the averages are nearly equal",
            "vectorbt": f"it fills at the close of the signal's bar; with us {_TIES}",
        },
    ),
    Workload(
        "bars_sma_month",
        "a month of one-minute bars, SMA 10/30, long only, one piece",
        {"bars_sma_month": OURS},
        IN_MEMORY,
        (Call("zipline", "zipline_cross.py", "a {month}", peers.zipline),),
        _faster(1, "result", ("zipline",)),
        {
            "zipline": "it fills at the close of the next bar, pays 10 bp of the dollar value, skips the first day"
        },
    ),
    Workload(
        "rebalance",
        "50 shares x 504 daily bars, 95 % in those with SMA 10 > SMA 30, rebalanced every fifth day",
        {"rebalance": OURS},
        IN_MEMORY,
        (
            Call("backtrader", "backtrader_cross.py", "b", peers.timed),
            Call("zipline", "zipline_cross.py", "b", peers.zipline),
            Call("vectorbt", "vectorbt_cross.py", "b", peers.compiled),
        ),
        _faster(10, "result", ("backtrader", "zipline")),
        {
            "backtrader": "it refuses 54 buys whose cash is still tied in shares being sold; ours may borrow",
            "zipline": "it fills at the close of the next day and rebalances on other days",
            "vectorbt": "it trades fractions of shares, at the close of the same day",
        },
    ),
    Workload(
        "depth_maker",
        "L2 book and trades, market maker that re-quotes each second, 5 ms to the venue and 5 ms back",
        {"depth_maker": OURS},
        {"cold": "run", "warm": "run"},
        (Call("hftbacktest", "hftbacktest_mm.py", "{half} 1000 risk", peers.hftbacktest),),
        (Target("hftbacktest", "warm", least=1),),
        {
            "hftbacktest": "it fills an order whole that a print reaches in part, and its script names "
            "orders by price, so that one that is leaving keeps the other side from its price; else the "
            "same orders fill at each step. Its balance leaves out the position"
        },
        note="The peer's strategy is compiled (numba), ours is Python. A row of the peer is one level or "
        "one trade; ours counts a message of several levels as one event.",
    ),
    Workload(
        "depth_binance",
        "the same maker on the book and the trades that were recorded at Binance (BTCUSDT spot, 11 minutes), "
        "looped to 1.5 rows for each of n",
        {"depth_binance": OURS},
        {"cold": "run", "warm": "run"},
        (
            Call(
                "hftbacktest",
                "hftbacktest_binance.py",
                "play {catalog} 1000",
                peers.hftbacktest_own,
                both_clocks=False,
                prepare="convert {binance} {catalog}",
            ),
        ),
        (Target("hftbacktest", "warm", least=1),),
        {
            "hftbacktest": "its venue lives on the venue's stamps and ours on the received ones, later by "
            "a time that differs from message to message (5 ms in the middle); and it fills an order whole "
            "that a print reaches in part. On the received clock (its script has `received` for that) it "
            "fills the same orders, and only the parts remain"
        },
        note="Each time around begins with the recorded snapshot; stamps move by whole seconds, ids by "
        "their span. The recorder's clock ran behind the venue's: the importer adds 1,277,670,531 ns to "
        "every receive time (estimated: the fastest message then took 1 ms), and both sides play the "
        "corrected times. 5 ms each way on the venue's clock are 10 and 0 on the received one. The peer "
        "counts orders that filled and has a row for each level; its strategy is compiled (numba), ours "
        "is Python. Both value coins at the last bid.",
        data=SPOT,
    ),
    Workload(
        "catalog_noop",
        "from the program's own Parquet catalog to the result, fresh process: quotes, nobody listens",
        {"noop": OURS},
        ALIKE,
        _node("node", "node_quotes_noop"),
        (
            *_faster(10, "process"),
            Target(phase="process", most=1.0),
            *(Target(peer, "process", least=4, of="peak_rss_mb") for peer in NAUTILUS),
            Target(phase="process", most=250, of="peak_rss_mb"),
        ),
        fresh=True,
    ),
    Workload(
        "catalog_ema",
        "the same with an EMA cross on bars of 100 quotes",
        {"ema": OURS},
        ALIKE,
        _node("node_ema", "node_quotes_ema_tick"),
        fresh=True,
    ),
    Workload(
        "sweep_1",
        "100 parameter pairs of an SMA cross over 1,825 daily bars of one share",
        {"sweep_1": OURS},
        IN_MEMORY,
        (
            Call("vectorbt", "vectorbt_cross.py", "e 1", peers.compiled),
            Call("backtesting", "backtestingpy_cross.py", "e 1", peers.timed),
            Call("backtrader", "backtrader_cross.py", "e 1 1", peers.timed),
        ),
        (Target("vectorbt", "warm", least=0.5), Target("vectorbt", "cold", least=1)),
        note="Ours is 100 complete replays, each with its statistics and its decision hash.",
    ),
    Workload(
        "sweep_10",
        "the same over ten shares",
        {"sweep_10": OURS},
        IN_MEMORY,
        (
            Call("vectorbt", "vectorbt_cross.py", "e 10", peers.compiled),
            Call("backtesting", "backtestingpy_cross.py", "e 10", peers.timed),
        ),
        (Target("vectorbt", "warm", least=0.5), Target("vectorbt", "cold", least=1)),
        note="Ours is 100 replays of ten strategies, one for each share.",
    ),
    Workload(
        "growth_idle",
        "the same quotes 1, 10 and 100 times over, nobody listens",
        {f"growth_idle_{times}": f"{OURS}, {times} x" for times in (1, 10, 100)},
        flat=True,
        note="Chunks are made while they are played; the time for that is taken off.",
    ),
    Workload(
        "growth_bars",
        "the same with one-minute bars built of them, which a Python strategy receives",
        {f"growth_bars_{times}": f"{OURS}, {times} x" for times in (1, 10, 100)},
        flat=True,
    ),
)
"""In the order of the report."""

BY_NAME: Final = {workload.name: workload for workload in WORKLOADS}
