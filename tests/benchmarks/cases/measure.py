"""What a case of ours is, and how one is measured."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from openoutcry.replay.collect import RunFacts, collect
from openoutcry.replay.engine import replay
from openoutcry.replay.result import ReplayResult
from openoutcry.replay.session import Chunks, ReplaySession
from openoutcry.state.catalog import Catalog
from openoutcry.state.config import (
    CollarConfig,
    Config,
    FeedConfig,
    RiskConfig,
    RiskLimits,
    RunConfig,
    StrategyConfig,
    VenueConfig,
)
from openoutcry.state.enums import PriceType

GENEROUS = RiskConfig(
    default=RiskLimits(
        collar=CollarConfig(max_deviation_bps=Decimal(5000)),
        max_order_value=Decimal(100_000_000),
        max_order_quantity=Decimal(1_000_000),
        max_position=Decimal(1_000_000),
        max_orders=1_000_000,
    )
)
"""Every check runs, none denies: nothing is `unlimited`."""

Phase = dict[str, float]
Measured = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One run of ours.

    Args:
        rows: Name of its catalog (see `rows.py`) for a number of rows.
        settings: Its config, made once the catalog is known.
        measure: How it is measured, when not as one replay.
    """

    rows: Callable[[int], str]
    settings: Callable[[Path], Config]
    measure: "Callable[[Case, Path], Measured] | None" = None

    def run(self, catalog: Path) -> Measured:
        """Measure it once, in this process."""
        return (self.measure or measure_replay)(self, catalog)


class Stopwatch:
    """Wall and CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self) -> Phase:
        """Seconds so far."""
        return {
            "wall_s": time.perf_counter() - self.wall,
            "cpu_s": time.process_time() - self.cpu,
        }


def settings(
    venue: VenueConfig,
    feeds: Iterable[FeedConfig],
    strategies: Iterable[StrategyConfig],
    *,
    currency: str,
    currencies: dict[str, int] | None = None,
    grid_s: int = 3600,
) -> Config:
    """A config with all risk checks on."""
    return Config(
        run=RunConfig(name="benchmark", account_currency=currency, grid_s=grid_s),
        venues=(venue,),
        feeds=tuple(feeds),
        strategies=tuple(strategies),
        risk=GENEROUS,
        currencies=currencies or {},
    )


def loaded(config: Config, catalog: Catalog) -> Chunks:
    """The columns that a config plays, read now: playing them reads no file any more."""
    held: dict[tuple[str, str, str | None], list[Mapping[str, object]]] = {}
    for feed in config.feeds:
        for kind in feed.kinds:
            for bar in feed.bars if kind == "bar" else (None,):
                columns = list(catalog.chunks(kind, feed.instrument, bar))
                held[feed.instrument, kind, bar] = [dict(chunk) for chunk in columns]

    def chunks(
        feed: FeedConfig, kind: str, bars: tuple[str, PriceType] | None
    ) -> Iterable[Mapping[str, object]]:
        bar = None if bars is None else f"{bars[0]}-{bars[1].value}"
        return held[feed.instrument, kind, bar]

    return chunks


def first_ts(config: Config, catalog: Catalog) -> int:
    """Time of the first row."""
    found = [
        catalog.stream(kind, feed.instrument, bar)
        for feed in config.feeds
        for kind in feed.kinds
        for bar in (feed.bars if kind == "bar" else (None,))
    ]
    return min(stream.first_ts for stream in found if stream is not None)


def play(session: ReplaySession) -> None:
    """Play a session to its end; a failed actor fails the measurement."""
    session.begin()
    session.play()
    session.end()
    if session.graph.supervisor.errors:
        raise session.graph.supervisor.errors[0]


def measure_replay(case: Case, catalog: Path) -> Measured:
    """`whole` is `replay` from Parquet to the result; the others play rows that are in memory.

    `run` is the run alone, as the peers' `engine.run()`; `result` also builds the graph and makes the
    result with its statistics.
    """
    config = case.settings(catalog)
    watch = Stopwatch()
    result = replay(config, catalog=catalog)
    whole = watch.read()
    assert result.status == "complete", result.failures
    assert result.measurement is not None
    answer = facts(result) | {"peak_rss_mb": result.measurement.peak_rss_mb}
    del result
    source = Catalog(catalog)
    columns, start = loaded(config, source), first_ts(config, source)
    instruments = source.instruments()
    watch = Stopwatch()
    session = ReplaySession(config, instruments, columns, start=start)
    running = Stopwatch()
    play(session)
    run = running.read()
    collect(session, RunFacts(run_id="", interrupted=False, first_ts=start))
    return answer | {"phases": {"run": run, "result": watch.read(), "whole": whole}}


def facts(result: ReplayResult) -> Measured:
    """What a run did and came to."""
    balances = [
        f"{amount:f} {code}"
        for amounts in result.balances.values()
        for code, amount in amounts.items()
    ]
    return {
        "events": sum(result.events.get(kind, 0) for kind in ("quote", "trade", "bar", "book")),
        "orders": result.orders,
        "fills": result.fills,
        "filled": result.funnel.filled,
        "denied": result.denied,
        "balance": ", ".join(balances),
        "equity": f"{result.final_equity.amount:f}",
        "journal_hash": result.journal_hash,
    }


def with_params(config: Config, **params: object) -> Config:
    """The same config with other parameters for every strategy."""
    changed = [
        msgspec.structs.replace(entry, params={**entry.params, **params})
        for entry in config.strategies
    ]
    return msgspec.structs.replace(config, strategies=tuple(changed))
