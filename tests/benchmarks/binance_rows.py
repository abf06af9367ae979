"""The recorded Binance book and trades as benchmark rows, played again and again.

The recordings are BTCUSDT spot, about eleven minutes over midnight (`../shared/data/hftbacktest/spot`):
a REST snapshot, the depth diffs every 100 ms, the trades. `bookTicker` is left out: the peer has no such
feed. The importer reads them, and adds its estimate of the receive offset to every receive stamp
(the recorder's clock ran 1.28 s behind the venue's).

Each time around, stamps move on by whole seconds and ids by the span of the ids; the book begins anew
with the snapshot, as after a reconnect. Nothing is drawn: the same recordings give the same rows.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from openoutcry.replay.importers import binance_raw
from openoutcry.replay.importers.base import Batch
from openoutcry.replay.importers.options import ImportOptions
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import BOOK_SNAPSHOT
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import AnyInstrument
from tests.benchmarks.places import SPOT

INSTRUMENT: Final = InstrumentId("BTCUSDT.BINANCE")
PRICE_SCALE: Final = 2
"""One unit is one tick."""
SIZE_SCALE: Final = 6
SECOND: Final = 10**9
PAUSE: Final = SECOND
"""Least time between the last row of one time around and the first of the next, in nanoseconds."""
NEUTRAL: Final = "rows.npz"
"""The same rows for a peer's own script: plain integer columns, no format of anybody."""

Ints = NDArray[np.int64]


class Recording(NamedTuple):
    """The recording once: book and trades in order of receipt, from the snapshot on."""

    instrument: AnyInstrument
    book: pl.DataFrame
    trades: pl.DataFrame
    receive_offset_ns: int

    @property
    def period(self) -> int:
        """How far stamps move each time around, in nanoseconds: whole seconds."""
        span = int(self.book["ts_received"][-1]) - int(self.book["ts_received"][0])
        return -(-(span + PAUSE) // SECOND) * SECOND


def write(folder: Path, size: str) -> None:
    """Write at least `size` rows (levels and trades), or as many as share the last one's time.

    Raises:
        FileNotFoundError: The recordings are not beside this checkout.
    """
    if not SPOT.exists():
        raise FileNotFoundError("the recordings (../shared/data) are not beside this checkout")
    once = recording(SPOT, folder)
    book, trades = looped(once, int(size))
    catalog = Catalog(folder)
    catalog.add_instruments([once.instrument])
    for kind, frame in (("book", book), ("trade", trades)):
        catalog.write(
            kind,
            INSTRUMENT,
            frame,
            source="binance-raw, looped",
            receive_offset_ns=once.receive_offset_ns,
        )
    columns: dict[str, Any] = neutral(book, trades)
    np.savez(folder / NEUTRAL, **columns)


def recording(source: Path, folder: Path) -> Recording:
    """Read the recordings; `folder` is an empty catalog, which stays empty."""
    options = ImportOptions(price_scale=PRICE_SCALE, size_scale=SIZE_SCALE)
    parts: dict[str, list[pl.DataFrame]] = {"quote": [], "book": [], "trade": []}
    batch = None
    for item in binance_raw.batches(source, options, Catalog(folder)):
        if isinstance(item, Batch):
            batch = item
            parts[item.kind].append(pl.DataFrame(item.columns))
    assert batch is not None  # the importer refuses recordings without a message
    book, trades = pl.concat(parts["book"]), pl.concat(parts["trade"])
    # What came before the snapshot has no book; and when a diff waited for the snapshot, the venue's
    # own time for it is before the snapshot's: in the order of the book it is not earlier.
    trades = trades.filter(pl.col("ts_received") >= book["ts_received"][0])
    book = book.with_columns(pl.col("ts_event").cum_max())
    return Recording(batch.instrument, book, trades, batch.receive_offset_ns)


def looped(once: Recording, size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Book and trades, again and again until there are enough rows; messages stay whole."""
    times = -(-size // (len(once.book) + len(once.trades)))
    book = _again(once.book, "update_id", times, once.period)
    trades = _again(once.trades, "trade_id", times, once.period)
    received = pl.concat([book["ts_received"], trades["ts_received"]]).sort()
    last = received[min(size, len(received)) - 1]
    kept = pl.col("ts_received") <= last
    return book.filter(kept), trades.filter(kept)


def _again(frame: pl.DataFrame, ids: str, times: int, period: int) -> pl.DataFrame:
    span = int(frame[ids][-1]) - int(frame[ids][0]) + 1
    moved = [
        frame.with_columns(
            pl.col("ts_event", "ts_received") + time * period, pl.col(ids) + time * span
        )
        for time in range(times)
    ]
    return pl.concat(moved)


def neutral(book: pl.DataFrame, trades: pl.DataFrame) -> dict[str, Ints]:
    """All rows as one table for peers, sorted by receipt.

    A peer may know no snapshot: there the levels that it does not name are deleted after it.
    `side` is 1 for bids and buyers, -1 for asks and sellers; `trade` is 1 for trades.
    """
    names = ["ts_event", "ts_received", "side", "price", "size"]
    starts = book["flags"].to_numpy() & BOOK_SNAPSHOT != 0
    seams = [*np.flatnonzero(starts), len(book)]
    levels: list[pl.DataFrame] = []
    for number, (begin, end) in enumerate(pairwise(seams)):
        part = book[int(begin) : int(end)]
        if number:
            named = part.filter(pl.col("update_id") == part["update_id"][0])
            stale = _standing(levels[-1]).join(named, on=["side", "price"], how="anti")
            at = [pl.lit(named[name][0]).alias(name) for name in ("ts_event", "ts_received")]
            gone = stale.with_columns(*at, pl.lit(0, pl.Int64).alias("size"))
            part = pl.concat([named.select(names), gone.select(names), part[len(named) :][names]])
        levels.append(part.select(names))
    prints = trades.rename({"aggressor": "side"}).select(names)
    marks = [pl.lit(mark, pl.Int64).alias("trade") for mark in (0, 1)]
    both = [pl.concat(levels).with_columns(marks[0]), prints.with_columns(marks[1])]
    table = pl.concat(both).sort("ts_received", maintain_order=True)
    return {name: table[name].to_numpy() for name in table.columns}


def _standing(levels: pl.DataFrame) -> pl.DataFrame:
    """The book after these rows, which begin with a snapshot; sorted, so that it is always the same."""
    last = levels.group_by("side", "price").agg(pl.col("size").last())
    return last.filter(pl.col("size") > 0).sort("side", "price")
