"""Builds replay sessions over data that a test makes itself: real actors, real kernel, no files."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.session import ReplaySession
from openoutcry.state.calendars import Calendar
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
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
T0 = 1_704_067_200 * SECOND  # 2024-01-01T00:00:00Z
Values = Sequence[int] | NDArray[np.int64]
Columns = Mapping[str, Values]

NO_LIMITS = RiskConfig(
    default=RiskLimits(
        collar=CollarConfig(max_deviation_bps="unlimited"),
        max_order_value="unlimited",
        max_order_quantity="unlimited",
        max_position="unlimited",
        max_orders="unlimited",
    )
)


def columns(**named: Values) -> dict[str, NDArray[np.int64]]:
    """Columns as the kernel takes them."""
    return {name: np.ascontiguousarray(values, dtype=np.int64) for name, values in named.items()}


def quotes(
    ts: Values,
    bid: Values,
    ask: Values,
    bid_size: Values | None = None,
    ask_size: Values | None = None,
) -> dict[str, NDArray[np.int64]]:
    """Quote columns; without sizes they are not known."""
    unknown = [UNDEFINED] * len(ts)
    return columns(
        ts_event=ts,
        ts_received=ts,
        bid=bid,
        ask=ask,
        bid_size=bid_size if bid_size is not None else unknown,
        ask_size=ask_size if ask_size is not None else unknown,
    )


def bars(
    ts_open: Sequence[int], interval: int, rows: Sequence[tuple[int, int, int, int, int]]
) -> dict[str, NDArray[np.int64]]:
    """Bar columns from (open, high, low, close, volume) rows."""
    end = [ts + interval for ts in ts_open]
    open_, high, low, close, volume = zip(*rows, strict=True)
    return columns(
        ts_open=ts_open,
        ts_event=end,
        ts_received=end,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        count=[0] * len(end),
    )


def config(
    venue: VenueConfig,
    feeds: Iterable[FeedConfig],
    strategies: Iterable[StrategyConfig],
    *,
    currency: str,
    risk: RiskConfig = NO_LIMITS,
    grid_s: int = 3600,
) -> Config:
    """A replay config."""
    return Config(
        run=RunConfig(name="test", account_currency=currency, grid_s=grid_s),
        venues=(venue,),
        feeds=tuple(feeds),
        strategies=tuple(strategies),
        risk=risk,
    )


def strategy(cls: type[Strategy], name: str = "s", **params: object) -> StrategyConfig:
    """A strategy entry for a class that a test defines."""
    return StrategyConfig(
        id=StrategyId(name), type=f"{cls.__module__}:{cls.__qualname__}", params=params
    )


def session(
    settings: Config,
    instruments: Iterable[Instrument],
    data: Mapping[tuple[str, str], Columns],
    *,
    stepping: bool = False,
    start: int = T0,
    chunk_rows: int | None = None,
    calendars: Iterable[Calendar] = (),
) -> ReplaySession:
    """A session over columns in memory.

    Args:
        settings: The config.
        instruments: Its instruments.
        data: Columns by (kind, instrument); recorded bars by (`bar:1m-last`, instrument).
        stepping: As `ReplaySession`.
        start: Start of the clock.
        chunk_rows: Feed the columns in pieces of this many rows.
        calendars: Trading hours, for instruments that name one.
    """

    def chunks(
        feed: FeedConfig, kind: str, bar: tuple[str, PriceType] | None
    ) -> Iterable[dict[str, object]]:
        key = kind if bar is None else f"bar:{bar[0]}-{bar[1].value}"
        whole = data[key, feed.instrument]
        rows = len(whole["ts_received"])
        step = chunk_rows or max(rows, 1)
        for at in range(0, rows, step):
            yield {
                name: np.ascontiguousarray(values[at : at + step], dtype=np.int64)
                for name, values in whole.items()
            }

    return ReplaySession(
        settings,
        instruments,
        chunks,
        calendars=calendars,
        start=start,
        end=max([start, *(int(whole["ts_received"][-1]) for whole in data.values())]),
        stepping=stepping,
        keep_records=True,
    )


def play(ready: ReplaySession) -> ReplaySession:
    """Play a session to its end; a failed actor fails the test."""
    ready.begin()
    ready.play()
    ready.end()
    if ready.graph.supervisor.errors:
        raise ready.graph.supervisor.errors[0]
    return ready


def feed(instrument: str, *kinds: str, bars: Sequence[str] = ()) -> FeedConfig:
    """A feed entry."""
    return FeedConfig(instrument=InstrumentId(instrument), kinds=kinds, bars=tuple(bars))


def dec(text: str) -> Decimal:
    """A decimal."""
    return Decimal(text)
