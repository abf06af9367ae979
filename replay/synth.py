"""A synthetic market from a seed: quotes, trades and minute bars for trying things without data.

Prices are a random walk in ticks whose drift turns slowly up and down, so that trend followers have
trends; the spread breathes and trades print at the touch, so that makers are filled. It resembles no
real market, and its catalog says so in every file.

All arithmetic is on integers from PCG64's raw 64-bit output, whose stream numpy never changes, so a
seed gives the same rows on every platform and version.
"""

from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import AnyInstrument, Spot

Ints = NDArray[np.int64]

DEFAULT_INSTRUMENTS: Final = ("BTCUSDT.SYNTH", "ETHUSDT.SYNTH")
START: Final = 19_723 * 86_400 * 10**9
"""2024-01-01 in nanoseconds UTC."""

_NS: Final = 10**9
_DAY_SECONDS: Final = 86_400
_TICK_UNITS: Final = 10  # ticks of 0.10 at price scale 2
_LOT_UNITS: Final = 100  # lots of 0.001 at size scale 5
_START_TICKS: Final = (400_000, 25_000, 120_000, 60_000)
_LEAST_TICKS: Final = 100
_TREND_PERIOD: Final = 5_400  # steps between turns of the drift, 3 hours at 2 s


class SynthReport(msgspec.Struct, frozen=True):
    """Rows written by `synth`."""

    catalog: str
    seed: int
    quotes: int
    trades: int
    bars: int

    def __str__(self) -> str:
        return (
            f"{self.catalog}: synthetic market of seed {self.seed}, {self.quotes:,} quotes, "
            f"{self.trades:,} trades, {self.bars:,} bars of a minute"
        )


def synth(
    out: Path,
    seed: int = 1,
    days: int = 2,
    instruments: tuple[str, ...] = DEFAULT_INSTRUMENTS,
    step_s: int = 2,
    start: int | None = None,
) -> SynthReport:
    """Write a catalog of synthetic quotes, trades and 1m bars.

    Args:
        out: Folder of the catalog.
        seed: Same seed, same rows.
        days: UTC days.
        instruments: Ids; the quote currency is USDT.
        step_s: Seconds between quotes; divides 60.
        start: A time in the first UTC day, in nanoseconds; None for 2024-01-01.

    Raises:
        CatalogError: Arguments out of range.
    """
    if days < 1 or step_s < 1 or 60 % step_s or seed < 0 or not instruments:
        raise CatalogError(
            f"cannot make {days} days in steps of {step_s} s from seed {seed}",
            remedy="days and seconds are positive, seconds divide 60, the seed is not negative",
        )
    catalog = Catalog(out)
    first_day = (START if start is None else start) // (_DAY_SECONDS * _NS)
    totals = [0, 0, 0]
    for number, name in enumerate(instruments):
        catalog.add_instruments([_instrument(name)])
        bits = np.random.PCG64(np.random.SeedSequence([seed, number]))
        ticks = start_ticks(number)
        for day in range(days):
            quotes, trades, ticks = _day(bits, ticks, day, first_day, step_s)
            bars = _bars(trades)
            source = f"synthetic seed {seed}"
            for at, (kind, frame) in enumerate(
                (("quote", quotes), ("trade", trades), ("bar", bars))
            ):
                bar = "1m-last" if kind == "bar" else None
                catalog.write(kind, name, frame, bar=bar, source=source)
                totals[at] += frame.height
    return SynthReport(str(out), seed, *totals)


def _instrument(name: str) -> AnyInstrument:
    symbol = name.rpartition(".")[0]
    return Spot(
        id=InstrumentId(name),
        base_currency=symbol.removesuffix("USDT") or symbol,
        quote="USDT",
        price_scale=2,
        size_scale=5,
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
    )


class Lot(msgspec.Struct, frozen=True):
    """What the numbers of an instrument count: units of a tick and of a lot."""

    tick: int
    lot: int


class Steps(msgspec.Struct, frozen=True):
    """A piece of a walk: steps number `first` on, `step_s` seconds each, the first of all at `origin` ns."""

    origin: int
    first: int
    count: int
    step_s: int


def _day(
    bits: np.random.PCG64, ticks: int, day: int, first_day: int, step_s: int
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Quotes and trades of a day that opens at `ticks`, and the tick it closes at."""
    count = _DAY_SECONDS // step_s
    steps = Steps(first_day * _DAY_SECONDS * _NS, day * count, count, step_s)
    quotes, trades, last = walk(bits, ticks, steps, Lot(_TICK_UNITS, _LOT_UNITS))
    return pl.DataFrame(quotes), pl.DataFrame(trades), last


def walk(
    bits: np.random.PCG64, ticks: int, steps: Steps, units: Lot
) -> tuple[dict[str, Ints], dict[str, Ints], int]:
    """Quotes and trades of steps that begin at a tick, and the tick they end at.

    All rows of a step lie inside its first second; none stands on a minute's edge where the steps divide one.
    """
    raw = bits.random_raw(steps.count * 2).reshape(2, steps.count)
    times = steps.origin + (steps.first + np.arange(steps.count)) * steps.step_s * _NS
    # Up to 0.9 s of jitter inside each step; never on a minute's edge.
    stamps = times + (1 + _draw(raw[0], 0, 900)) * 1_000_000
    path = _walk(raw[0], ticks, steps.first)
    half = 2 + _draw(raw[0], 24, 3)
    bid, ask = (path - half) * units.tick, (path + half) * units.tick
    quotes = {
        "ts_event": stamps,
        "ts_received": stamps,
        "bid": bid,
        "ask": ask,
        "bid_size": (1 + _draw(raw[0], 32, 2000)) * units.lot,
        "ask_size": (1 + _draw(raw[0], 48, 2000)) * units.lot,
    }
    prints = _draw(raw[1], 0, 3) == 0
    buys = _draw(raw[1], 8, 2)[prints] == 1
    at = stamps[prints] + (1 + _draw(raw[1], 16, 80)[prints]) * 1_000_000
    trades = {
        "ts_event": at,
        "ts_received": at,
        "price": np.where(buys, ask[prints], bid[prints]),
        "size": (1 + _draw(raw[1], 32, 300)[prints]) * units.lot,
        "aggressor": np.where(buys, 1, -1),
        "trade_id": steps.first + np.flatnonzero(prints) + 1,
    }
    return quotes, trades, int(path[-1])


def start_ticks(number: int) -> int:
    """Where the walk of an instrument begins, by its place among the others."""
    return _START_TICKS[number % len(_START_TICKS)]


def _walk(raw: NDArray[np.uint64], ticks: int, offset: int) -> Ints:
    """A walk of -8..8 ticks a step, pushed a tick every other step by a trend that turns."""
    noise = _draw(raw, 40, 17) - 8
    rising = (np.arange(offset, offset + len(noise)) // _TREND_PERIOD) % 2 == 0
    pushed = _draw(raw, 44, 2)
    moves = noise + np.where(rising, pushed, -pushed)
    return np.maximum(ticks + np.cumsum(moves), _LEAST_TICKS)


def _draw(raw: NDArray[np.uint64], shift: int, below: int) -> Ints:
    """Integers 0..below-1 from 16 bits of the raw output; the bias of 16 bits does not matter here."""
    bits = (raw >> np.uint64(shift)) & np.uint64(0xFFFF)
    return (bits.astype(np.int64) * below) >> 16


def _bars(trades: pl.DataFrame) -> pl.DataFrame:
    """Minute bars of the trades; a minute without trades has none."""
    minute = 60 * _NS
    price = pl.col("price")
    return (
        trades.group_by(
            (pl.col("ts_event") // minute * minute).alias("ts_open"), maintain_order=True
        )
        .agg(
            price.first().alias("open"),
            price.max().alias("high"),
            price.min().alias("low"),
            price.last().alias("close"),
            pl.col("size").sum().alias("volume"),
            pl.len().cast(pl.Int64).alias("count"),
        )
        .with_columns(
            (pl.col("ts_open") + minute).alias("ts_event"),
            (pl.col("ts_open") + minute).alias("ts_received"),
        )
    )
