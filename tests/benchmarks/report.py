"""Writes docs/performance.md from the raw results; decides nothing."""

import os
import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks import exact_money, machine
from tests.benchmarks.peers import PEERS
from tests.benchmarks.records import Record, Records, median
from tests.benchmarks.workloads import OURS, WORKLOADS, Target, Workload

Measured = dict[str, Any]
BUSY = os.cpu_count() or 1
"""Load average of a machine that is full."""
FLAT = 0.10
"""How much the cost of an event may change as the data grows."""

INTRO = """# Performance

Written by `make bench` ([how](how-to/contribute.md)): all programs play the same seeded rows, each
measurement is a process of its own, ours and the peers take turns, and each figure is the median of its
rounds. **CPU** is what the process used, **wall** what the clock said; ratios are CPU, peer / ours: above 1
we are faster. Times in seconds.

| phase | what it covers |
|---|---|
| run | the rows are in memory: ours as columns, NautilusTrader's as the objects that it needs |
| whole | from the Parquet file (zipline: from its own bundle, written first) to the result |
| result | from rows in memory to the result with its statistics |
| cold, warm | the same at a peer that compiles: its first call in a process, and its second |
| process | from the start of the process to its end, imports included |

Ours runs with every risk check on (generous limits), decision hash on, and every order through the whole
graph. The peers' scripts print counts and a final value, not their trades: equal counts and an equal value
are called the same."""

HEAD = """| | phase | CPU | wall | events/s (CPU) | peer / ours | peak MB | orders | fills | final |
|---|---|---|---|---|---|---|---|---|---|"""
GROWTH_HEAD = """| | events | CPU | wall | ns per event (CPU) | against the first | peak MB |
|---|---|---|---|---|---|---|"""


def document(kept: Records, n: int) -> str:
    """The whole page."""
    parts = [INTRO, *surroundings(kept, n), *summary(kept)]
    for workload in WORKLOADS:
        parts += ["", *section(workload, kept)]
    if (found := exact_money.sentence(kept.path.parent)) is not None:
        parts += ["", "## Exact money", "", found]
    return "\n".join(parts) + "\n"


def surroundings(kept: Records, n: int) -> Iterator[str]:
    """Machine, versions, and how busy the machine was."""
    records = [record for workload in WORKLOADS for record in kept.of(workload.name)]
    busy = max((record["load"] for record in records), default=0.0)
    yield ""
    yield (
        f"{machine.processor()}, {machine.memory()}, {platform.system()}; n = {n:,}; "
        f"{machine.ours()}. Peers: {'; '.join(machine.versions())}."
    )
    if busy > BUSY + 1:
        yield ""
        yield (
            f"**Other programs ran meanwhile** (load average up to {busy:.1f}): do not trust the wall "
            "times, and CPU times are some percent too high."
        )
    yield ""


def summary(kept: Records) -> Iterator[str]:
    """What we want to reach, and whether we do."""
    yield "## Aims"
    yield ""
    yield "| workload | aim | measured | |"
    yield "|---|---|---|---|"
    for workload in WORKLOADS:
        rows = medians(workload, kept)
        for target in workload.targets:
            aim, value, reached = judged(target, workload, rows)
            yield f"| {workload.name} | {aim} | {value} | {reached} |"
        if workload.flat:
            yield f"| {workload.name} | the same cost per event, within {FLAT:.0%} | {_flat(rows)} |"


def section(workload: Workload, kept: Records) -> list[str]:
    """The heading, the table and the differences of a workload."""
    rows = medians(workload, kept)
    lines = [f"## {workload.name}", "", f"{_capital(workload.title)}. {workload.note}".strip(), ""]
    if not kept.of(workload.name):
        why = f": {workload.skipped}" if workload.skipped else ""
        return [*lines, f"Not measured{why}."]
    lines += growth(workload, rows) if workload.flat else table(workload, rows)
    told = [] if workload.flat else list(differences(workload, rows))
    return [*lines, "", *told, *([""] if told else []), _stamp(kept.of(workload.name))]


def medians(workload: Workload, kept: Records) -> dict[str, Measured | None]:
    """Each contestant's medians."""
    names = [*workload.ours, *(call.peer for call in workload.calls)]
    return {name: median(kept.of(workload.name, name)) for name in names}


def table(workload: Workload, rows: dict[str, Measured | None]) -> Iterator[str]:
    """A line per contestant and phase, ours first."""
    yield from HEAD.splitlines()
    reference = rows[next(iter(workload.ours))]
    for name, row in rows.items():
        title = workload.ours[name] if name in workload.ours else PEERS[name].title
        if row is None or "error" in row:
            yield f"| {title} | {'not measured' if row is None else row['error']} | | | | | | | | |"
            continue
        for phase in _shown(workload, row):
            ratio = _ratio(workload, phase, reference, row) if name not in workload.ours else None
            yield f"| {title} | {phase} | {_figures(row, phase, ratio)} |"


def growth(workload: Workload, rows: dict[str, Measured | None]) -> Iterator[str]:
    """A line per size of the data."""
    yield from GROWTH_HEAD.splitlines()
    first = None
    for name, title in workload.ours.items():
        row = rows[name]
        if row is None or "error" in row:
            yield f"| {title} | {'not measured' if row is None else row['error']} | | | | | |"
            continue
        cost = _per_event(row)
        first = first or cost
        run = row["phases"]["run"]
        yield (
            f"| {title} | {row['events']:,} | {run['cpu_s']:.2f} | {run['wall_s']:.2f} | {cost:.1f} | "
            f"{cost / first:.2f} | {row['peak_rss_mb']:.0f} |"
        )


def differences(workload: Workload, rows: dict[str, Measured | None]) -> Iterator[str]:
    """Per peer: the same result, or why not."""
    ours = rows[next(iter(workload.ours))]
    for call in workload.calls:
        row = rows[call.peer]
        if ours is None or row is None or "error" in ours or "error" in row:
            continue
        said = workload.differences.get(call.peer, "NOT EXPLAINED")
        told = compared(ours, row)
        if told and all(told.values()):
            said = f"the same {_listed(told)}"
        elif not told:
            said = workload.differences.get(call.peer, "its script prints nothing to compare")
        yield f"- {PEERS[call.peer].title}: {said}."


def compared(ours: Measured, peer: Measured) -> dict[str, bool]:
    """What both sides tell, and whether it is equal; values without a currency to the cent."""
    told = {}
    for key, name in (("orders", "orders"), ("fills", "fills"), ("filled", "filled orders")):
        mine, theirs = ours.get(key), peer.get(key)
        if mine is not None and theirs is not None:
            told[name] = bool(mine == theirs)
    final, balance = peer.get("balance"), ours.get("balance")
    if final is not None and balance is not None:
        exact = " " in final
        told["balance" if exact else "final value"] = bool(
            final == (balance if exact else f"{float(ours['equity']):.2f}")
        )
    return told


def _listed(told: Iterable[str]) -> str:
    *first, last = told
    return f"{', '.join(first)} and {last}" if first else last


def judged(
    target: Target, workload: Workload, rows: dict[str, Measured | None]
) -> tuple[str, str, str]:
    """An aim in words, what was measured, and whether that reaches it."""
    ours = rows[next(iter(workload.ours))]
    what = "CPU" if target.of == "cpu_s" else "peak memory"
    if not target.peer:
        unit = "s" if target.of == "cpu_s" else "MB"
        aim = f"{what} of the {target.phase} at most {target.most:g} {unit}"
        value = None if ours is None or "error" in ours else _figure(ours, target)
        return aim, *_verdict(value, unit, reached=value is not None and value <= target.most)
    title = PEERS[target.peer].title
    aim = f"{what}: {target.least:g} x less than {title} ({target.phase})"
    if target.least <= 1:
        aim = f"{what}: at most {1 / target.least:g} x that of {title} ({target.phase})"
    peer = rows[target.peer]
    if peer is not None and "error" in peer and ours is not None and "error" not in ours:
        return aim, peer["error"], "-"
    if ours is None or peer is None or "error" in ours:
        return aim, "not measured", "-"
    if target.of == "cpu_s":
        ratio = _ratio(workload, target.phase, ours, peer)
    else:
        ratio = peer["peak_rss_mb"] / ours["peak_rss_mb"]
    return aim, *_verdict(ratio, "x", reached=ratio is not None and ratio >= target.least)


def _verdict(value: float | None, unit: str, *, reached: bool) -> tuple[str, str]:
    if value is None:
        return "not measured", "-"
    return f"{value:.3g} {unit}", "reached" if reached else "missed"


def _figure(row: Measured, target: Target) -> float:
    found: float = row[target.of] if target.of in row else row["phases"][target.phase][target.of]
    return found


def _shown(workload: Workload, row: Measured) -> list[str]:
    """Phases that the table shows; the process' own only where nothing else is."""
    inner = [phase for phase in row["phases"] if phase != "process"]
    if workload.fresh or not inner:
        return ["process"]
    wanted = {*workload.compare, *workload.compare.values()}
    return [phase for phase in inner if phase in wanted]


def _ratio(workload: Workload, phase: str, ours: Measured | None, peer: Measured) -> float | None:
    """CPU seconds of the peer's phase over those of ours that it is compared with."""
    if ours is None or "error" in ours:
        return None
    mine = ours["phases"].get(workload.compare.get(phase, phase))
    theirs = peer["phases"].get(phase)
    return theirs["cpu_s"] / mine["cpu_s"] if mine and theirs else None


def _figures(row: Measured, phase: str, ratio: float | None) -> str:
    spent = row["phases"][phase]
    rate = f"{row['events'] / spent['cpu_s']:,.0f}" if row.get("events") else ""
    counts = ["" if row.get(key) is None else f"{row[key]:,}" for key in ("orders", "fills")]
    if row.get("fills") is None and row.get("filled") is not None:
        counts[1] = f"of {row['filled']:,} orders"
    shown = row.get("balance") or ""
    if row.get("equity") and (", " in shown or not shown.endswith("USDT")):
        shown = f"{float(row['equity']):.2f}"  # with what the shares or coins held are worth
    cells = [
        f"{spent['cpu_s']:.3f}",
        f"{spent['wall_s']:.3f}",
        rate,
        "" if ratio is None else f"{ratio:.2f} x",
        f"{row['peak_rss_mb']:.0f}",
        *counts,
        shown,
    ]
    return " | ".join(cells)


def _per_event(row: Measured) -> float:
    cost: float = row["phases"]["run"]["cpu_s"] / row["events"] * 1e9
    return cost


def _flat(rows: dict[str, Measured | None]) -> str:
    """The largest change of the cost against the first size, and whether it is small enough."""
    good = [row for row in rows.values() if row is not None and "error" not in row]
    if len(good) < len(rows):
        return "not measured | -"
    first = _per_event(good[0])
    worst = max((_per_event(row) / first - 1 for row in good), key=abs)
    return f"{worst:+.1%} | {'reached' if abs(worst) <= FLAT else 'missed'}"


def _stamp(records: Iterable[Record]) -> str:
    """When, how often and on which commit it was measured."""
    listed = list(records)
    day = datetime.fromtimestamp(max(record["at"] for record in listed), UTC).date()
    commits = " and ".join(sorted({record["revision"] for record in listed}))
    counts = [record["contestant"] for record in listed if "error" not in record["measured"]]
    rounds = max((counts.count(name) for name in counts), default=0)
    return f"{day}, {rounds} rounds, {OURS} at {commits}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
