"""Kernels over columns that a test makes itself."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from openoutcry import _native
from openoutcry.replay.venue_config import exchange_mapping
from openoutcry.state import binding
from openoutcry.state.config import VenueConfig
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Spot
from openoutcry.state.messages import UNDEFINED

Columns = dict[str, "np.ndarray[Any, np.dtype[np.int64]]"]
A, B = InstrumentId("A.SIM"), InstrumentId("B.SIM")


def _instruments(count: int) -> list[Spot]:
    """The first of A and B: prices with 2 decimals, sizes with 0."""
    return [
        Spot(
            id=name,
            base_currency=name[0] * 3,
            quote="USD",
            price_scale=2,
            size_scale=0,
            tick=Decimal("0.01"),
            lot=Decimal(1),
        )
        for name in (A, B)[:count]
    ]


def specs(count: int = 2) -> list[_native.InstrumentSpec]:
    """The first of the instruments as the engine knows them."""
    instruments = _instruments(count)
    table = binding.currency_table(_instruments(2))
    return [binding.spec(instrument, table) for instrument in instruments]


def kernel(
    instruments: int = 2, venue: VenueConfig | None = None
) -> tuple[_native.Kernel, _native.Market]:
    """A kernel without feeds, and its market. Without a venue everything is observed only."""
    chosen = specs(instruments)
    table = binding.currency_table(_instruments(2))
    venues = []
    if venue is not None:
        venues.append(exchange_mapping(venue, _instruments(instruments), table))
    market = _native.Market(chosen)
    ids = [spec.id for spec in chosen]
    return _native.Kernel(chosen, ids, table, venues, market), market


def columns(**named: Sequence[int]) -> Columns:
    """Columns as the kernel takes them; `ts_event` is `ts_received` unless given."""
    named.setdefault("ts_event", named["ts_received"])
    return {name: np.array(values, dtype=np.int64) for name, values in named.items()}


def quotes(*rows: tuple[int, int, int]) -> Columns:
    """Quotes from (ts, bid, ask), of size 5."""
    ts, bid, ask = zip(*rows, strict=True)
    return columns(ts_received=ts, bid=bid, ask=ask, bid_size=[5] * len(ts), ask_size=[5] * len(ts))


def trades(*rows: tuple[int, int, int]) -> Columns:
    """Trades from (ts, price, size), with ids 1, 2, ..."""
    ts, price, size = zip(*rows, strict=True)
    ids = range(1, len(ts) + 1)
    return columns(
        ts_received=ts, price=price, size=size, aggressor=[1] * len(ts), trade_id=list(ids)
    )


def bars(*rows: tuple[int, int, int, int, int, int]) -> Columns:
    """Bars from (open time, end, open, high, low, close), of volume 10."""
    opened, end, open_, high, low, close = zip(*rows, strict=True)
    return columns(
        ts_open=opened,
        ts_event=end,
        ts_received=end,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=[10] * len(rows),
        count=[0] * len(rows),
    )


def book(*rows: tuple[int, int, int, int, int]) -> Columns:
    """Book rows from (ts, side, price, size, flags)."""
    ts, side, price, size, flags = zip(*rows, strict=True)
    ids = range(1, len(ts) + 1)
    return columns(
        ts_received=ts, update_id=list(ids), side=side, price=price, size=size, flags=flags
    )


def pieces(whole: Columns, size: int) -> Iterable[Columns]:
    """The same rows in chunks of `size`."""
    for at in range(0, len(whole["ts_received"]), size):
        yield {name: column[at : at + size] for name, column in whole.items()}


def drain(source: _native.Kernel) -> list[Any]:
    """Every message that is left."""
    return list(iter(source.next, None))


__all__ = [
    "UNDEFINED",
    "A",
    "B",
    "bars",
    "book",
    "columns",
    "drain",
    "kernel",
    "pieces",
    "quotes",
    "specs",
    "trades",
]
