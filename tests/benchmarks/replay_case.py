"""One measured replay of the benchmark rows; prints one JSON line.

    python -m tests.benchmarks.replay_case ROWS prepare     # once: the rows as a catalog
    python -m tests.benchmarks.replay_case ROWS CASE

Set-up as in the peer's script: fees, balances, sizes, order flow. `whole_s` is all of `replay`, from
Parquet files to the result; `run_s` plays the same columns from memory, which is what the peer's
`run` does with its objects.
"""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.engine import replay
from openoutcry.replay.session import ReplaySession
from openoutcry.state.catalog import Catalog
from openoutcry.state.config import Config, FeedConfig, FeesConfig, MatchingConfig, VenueConfig
from openoutcry.state.enums import AccountType
from openoutcry.state.identifiers import InstrumentId, VenueId
from openoutcry.state.instruments import Equity, Instrument, Perpetual
from openoutcry.state.market_data import Quote
from tests.harness import MINUTE, config, strategy
from tests.oracles.strategies import CloseAndReverse

SIM = VenueId("SIM")
PERPETUAL = Perpetual(
    id=InstrumentId("BTCUSDT-PERP.SIM"),
    base_currency="BTC",
    quote="USDT",
    settlement_currency="USDT",
    price_scale=2,
    size_scale=3,
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    margin_initial=Decimal("0.10"),
    margin_maintenance=Decimal("0.05"),
)
SHARE = Equity(
    id=InstrumentId("SYM00.SIM"),
    quote="USD",
    price_scale=2,
    size_scale=0,
    tick=Decimal("0.01"),
    lot=Decimal(1),
)


class OnInstrument(Strategy):
    """A strategy of one instrument."""

    class Params(Strategy.Params):
        """Which one."""

        instrument: InstrumentId

    params: Params


class Idle(OnInstrument):
    """Listens to nothing."""


class Counter(OnInstrument):
    """Counts quotes."""

    class State(Strategy.State):
        """How many there were."""

        quotes: int = 0

    state: State

    def setup(self) -> None:
        """Listen."""
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        """Count."""
        self.state.quotes += 1


class LimitPair(Counter):
    """Every 100 quotes: cancel all, place a bid and an offer half a dollar away."""

    def on_quote(self, quote: Quote) -> None:
        """Count, and now and then place the pair anew."""
        self.state.quotes += 1
        if self.state.quotes % 100 == 0:
            self.cancel_all(quote.instrument)
            half = Decimal("0.5")
            self.buy(quote.instrument, Decimal("0.010"), limit=quote.bid - half)
            self.sell(quote.instrument, Decimal("0.010"), limit=quote.ask + half)


def units(column: pl.Series, scale: int) -> NDArray[np.int64]:
    """Decimal floats of the rows as exact units: they are the nearest float to a decimal."""
    scaled: NDArray[np.float64] = column.to_numpy() * 10**scale
    return np.rint(scaled).astype(np.int64)


def prepare(rows: Path) -> None:
    """Write the rows as a catalog beside them."""
    catalog = Catalog(rows / "catalog")
    catalog.add_instruments([PERPETUAL, SHARE])
    quotes = pl.read_parquet(rows / "quotes.parquet")
    ts = quotes["ts_ns"].to_numpy()
    columns = {"ts_event": ts, "ts_received": ts}
    columns |= {name: units(quotes[name], 2) for name in ("bid", "ask")}
    columns |= {name: units(quotes[name], 3) for name in ("bid_size", "ask_size")}
    catalog.write("quote", PERPETUAL.id, columns, source="benchmark rows")
    bars = pl.read_parquet(rows / "bars_1m.parquet")
    ts = bars["ts_ns"].to_numpy()
    columns = {"ts_open": ts - MINUTE, "ts_event": ts, "ts_received": ts}
    columns |= {name: units(bars[name], 2) for name in ("open", "high", "low", "close")}
    columns |= {"volume": units(bars["volume"], 0), "count": np.zeros(len(ts), dtype=np.int64)}
    catalog.write("bar", SHARE.id, columns, bar="1m-last", source="benchmark rows")


def settings(case: str) -> Config:
    """The config of a case."""
    on_bars = case == "bars_ema"
    instrument: Instrument = SHARE if on_bars else PERPETUAL
    currency = "USD" if on_bars else "USDT"
    fees = FeesConfig() if on_bars else FeesConfig(maker=Decimal("0.0002"), taker=Decimal("0.0004"))
    venue = VenueConfig(
        name=SIM,
        account=AccountType.MARGIN,
        leverage=Decimal(10),
        balances={currency: Decimal(1_000_000)},
        fees=fees,
        matching=MatchingConfig(overflow="one_tick", consume=False),
    )
    chosen: dict[str, tuple[type[Strategy], dict[str, str]]] = {
        "quotes_noop": (Idle, {}),
        "quotes_noop_py": (Counter, {}),
        "quotes_limits": (LimitPair, {}),
        "quotes_ema_tick": (
            CloseAndReverse,
            {"size": "0.1", "timeframe": "100t", "price_type": "mid"},
        ),
        "bars_ema": (CloseAndReverse, {"size": "10", "timeframe": "1m", "price_type": "last"}),
    }
    cls, params = chosen[case]
    played = FeedConfig(
        instrument=instrument.id,
        kinds=("bar",) if on_bars else ("quote",),
        bars=("1m-last",) if on_bars else (),
    )
    return config(
        venue, [played], [strategy(cls, instrument=instrument.id, **params)], currency=currency
    )


def run_alone(config: Config, catalog: Catalog) -> tuple[float, float]:
    """Wall and CPU seconds of playing rows that are in memory already."""
    (feed,) = config.feeds
    bar = feed.bars[0] if feed.bars else None
    columns = list(catalog.chunks(feed.kinds[0], feed.instrument, bar))
    first = int(columns[0]["ts_received"][0])
    session = ReplaySession(config, catalog.instruments(), lambda *_: columns, start=first)
    wall, cpu = time.perf_counter(), time.process_time()
    session.begin()
    session.play()
    session.end()
    return time.perf_counter() - wall, time.process_time() - cpu


def main(folder: str, case: str) -> None:
    """Measure a case and print what it cost and came to."""
    rows = Path(folder)
    if case == "prepare":
        prepare(rows)
        return
    catalog = Catalog(rows / "catalog")
    result = replay(settings(case), catalog=catalog.path)
    cost = result.measurement
    assert cost is not None
    assert result.status == "complete", result.failures
    run_s, run_cpu_s = run_alone(settings(case), catalog)
    balances = [f"{v:f} {k}" for amounts in result.balances.values() for k, v in amounts.items()]
    answer = {
        "events": sum(result.events.get(kind, 0) for kind in ("quote", "bar")),
        "run_s": run_s,
        "run_cpu_s": run_cpu_s,
        "whole_s": cost.wall_s,
        "whole_cpu_s": cost.cpu_s,
        "peak_rss_mb": cost.peak_rss_mb,
        "orders": result.orders,
        "balance": ", ".join(balances),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
