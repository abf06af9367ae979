"""The rows that everybody plays: Parquet for the peers, catalogs for us.

    python -m tests.benchmarks.rows quotes-1000000 daily-1825x10 ...

Rows come from `../shared/bench/workload.py`. A folder is made once; its name says what it holds:

    rows-N          the generator's Parquet files, which the NautilusTrader scripts read
    quotes-N        catalog: N quotes of the perpetual
    bars-N          catalog: N one-minute bars of one share
    daily-NxK       catalog: N daily bars of each of K shares
    depth-N         catalog: the book and the trades that `hftbacktest_mm.py` makes of N quotes
    binance-N       catalog: N levels and trades recorded at Binance, looped (`binance_rows.py`)
"""

import importlib.util
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from openoutcry.state.catalog import Catalog
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Equity, Perpetual
from tests.benchmarks import binance_rows
from tests.benchmarks.places import RUNS, SHARED

MINUTE: Final = 60 * 10**9
DAY: Final = 1440 * MINUTE
FEED_DELAY: Final = 10**6
"""Nanoseconds from the venue's stamp to ours in the depth rows."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def perpetual(price_scale: int) -> Perpetual:
    """The linear perpetual of quotes (price scale 2) and depth (1): tick of the last decimal."""
    return Perpetual(
        id=InstrumentId("BTCUSDT-PERP.SIM"),
        base_currency="BTC",
        quote="USDT",
        settlement_currency="USDT",
        price_scale=price_scale,
        size_scale=3,
        tick=Decimal(1).scaleb(-price_scale),
        lot=Decimal("0.001"),
        margin_initial=Decimal("0.10"),
        margin_maintenance=Decimal("0.05"),
    )


def share(name: str) -> Equity:
    """A share in cents, whole pieces."""
    return Equity(
        id=InstrumentId(f"{name}.SIM"),
        quote="USD",
        price_scale=2,
        size_scale=0,
        tick=Decimal("0.01"),
        lot=Decimal(1),
    )


def prepared(name: str, runs: Path = RUNS) -> Path:
    """The folder of these rows, made when it is not there."""
    folder = runs / name
    if not (folder / ".written").exists():
        shutil.rmtree(folder, ignore_errors=True)
        kind, _, size = name.partition("-")
        makers = {"rows": _rows, "quotes": _quotes, "bars": _bars, "daily": _daily, "depth": _depth}
        makers["binance"] = binance_rows.write
        makers[kind](folder, size)
        (folder / ".written").touch()
    return folder


def _workload() -> ModuleType:
    """The generator, by its path: it is no package of ours."""
    spec = importlib.util.spec_from_file_location("workload", SHARED / "workload.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def units(column: Floats, scale: int) -> Ints:
    """Decimal floats of the rows as exact units: they are the nearest float to a decimal."""
    scaled: Floats = column * 10**scale
    return np.rint(scaled).astype(np.int64)


def _rows(folder: Path, size: str) -> None:
    script = str(SHARED / "workload.py")
    subprocess.run([sys.executable, script, str(folder), "--n", size], check=True)


def _quotes(folder: Path, size: str) -> None:
    made = _workload().quotes(int(size))
    columns = {"ts_event": made["ts_ns"], "ts_received": made["ts_ns"]}
    columns |= {name: units(made[name], 2) for name in ("bid", "ask")}
    columns |= {name: units(made[name], 3) for name in ("bid_size", "ask_size")}
    instrument = perpetual(2)
    catalog = Catalog(folder)
    catalog.add_instruments([instrument])
    catalog.write("quote", instrument.id, columns, source="benchmark rows")


def _bars(folder: Path, size: str) -> None:
    _write_bars(folder, _workload().bars(int(size), 1), MINUTE, "1m-last")


def _daily(folder: Path, size: str) -> None:
    days, _, symbols = size.partition("x")
    _write_bars(folder, _workload().bars(int(days), int(symbols), DAY), DAY, "1d-last")


def _write_bars(folder: Path, made: dict[str, Any], interval: int, bar: str) -> None:
    catalog = Catalog(folder)
    shares = {name: share(name) for name in made}
    catalog.add_instruments(shares.values())
    for name, rows in made.items():
        ts = rows["ts_ns"]
        columns = {"ts_open": ts - interval, "ts_event": ts, "ts_received": ts}
        columns |= {part: units(rows[part], 2) for part in ("open", "high", "low", "close")}
        columns |= {"volume": units(rows["volume"], 0), "count": np.zeros(len(ts), dtype=np.int64)}
        catalog.write("bar", shares[name].id, columns, bar=bar, source="benchmark rows")


def _depth(folder: Path, size: str) -> None:
    """Book and trades, drawn as the peer's script draws them: same generator, same calls, in order."""
    count = int(size)
    quotes = _workload().quotes(count)
    tick = 0.1
    bid = np.floor(quotes["bid"] / tick).astype(np.int64)
    ask = np.maximum(np.ceil(quotes["ask"] / tick).astype(np.int64), bid + 1)
    drawn = np.random.default_rng(11)
    hit = drawn.random(count) < 0.25
    buys = drawn.random(count) < 0.5
    printed = units(np.round(drawn.exponential(0.5, count) + 0.001, 3), 3)
    ts = quotes["ts_ns"]
    sizes = [units(quotes[name], 3) for name in ("bid_size", "ask_size")]
    catalog = Catalog(folder)
    instrument = perpetual(1)
    catalog.add_instruments([instrument])
    book = _book_rows(ts, bid, ask, sizes[0], sizes[1])
    catalog.write("book", instrument.id, book, source="benchmark rows")
    trades = {
        "ts_event": ts[hit],
        "ts_received": ts[hit] + FEED_DELAY,
        "price": np.where(buys, ask, bid)[hit],
        "size": printed[hit],
        "aggressor": np.where(buys, 1, -1)[hit].astype(np.int64),
        "trade_id": np.arange(1, int(hit.sum()) + 1, dtype=np.int64),
    }
    catalog.write("trade", instrument.id, trades, source="benchmark rows")


def _book_rows(ts: Ints, bid: Ints, ask: Ints, bid_size: Ints, ask_size: Ints) -> dict[str, Ints]:
    """A message per quote: the old touches go where they moved, then the new ones stand."""
    count = len(ts)
    before_bid = np.concatenate((bid[:1], bid[:-1]))
    before_ask = np.concatenate((ask[:1], ask[:-1]))
    keep = np.ones((count, 4), dtype=bool)
    keep[:, 0], keep[:, 1] = before_ask != ask, before_bid != bid
    side = np.tile(np.array([-1, 1, 1, -1], dtype=np.int64), (count, 1))
    nothing = np.zeros(count, dtype=np.int64)
    price = np.stack((before_ask, before_bid, bid, ask), axis=1)
    size = np.stack((nothing, nothing, bid_size, ask_size), axis=1)
    flags = np.zeros((count, 4), dtype=np.int64)
    flags[:, 3] = 1  # the last row of its message
    flags[0, 2] |= 2  # the first message is a snapshot
    stamps = np.repeat(ts[:, None], 4, axis=1)
    numbers = np.repeat(np.arange(1, count + 1, dtype=np.int64)[:, None], 4, axis=1)
    return {
        "ts_event": stamps[keep],
        "ts_received": stamps[keep] + FEED_DELAY,
        "update_id": numbers[keep],
        "side": side[keep],
        "price": price[keep],
        "size": size[keep],
        "flags": flags[keep],
    }


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        prepared(wanted)
