"""A market without end from a seed, as a session's feed: the walk of `synth` for a config's instruments."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import tee
from typing import TYPE_CHECKING, Final

import numpy as np

from openoutcry.replay.synth import Lot, Steps, start_ticks, walk
from openoutcry.replay.tape_feed import FeedStream
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.errors import ConfigError

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns
    from openoutcry.state.config import FeedConfig
    from openoutcry.state.identifiers import InstrumentId
    from openoutcry.state.instruments import Instrument

_MINUTE: Final = 60 * 10**9
_STEPS: Final = 1_800  # made together: half a millisecond of work
_KINDS: Final = ("quote", "trade")


class SyntheticFeed:
    """Quotes and trades; equal arguments give equal rows, whenever they are asked for.

    Args:
        feeds: The config's feeds, of kinds `quote` and `trade`.
        instruments: Their instruments, by id.
        seed: Which market.
        origin: Where it begins, nanoseconds UTC, rounded down to a minute. A session that goes on with its
            market after a restart gives the origin it began with, and calls `skip`.
        step_s: Seconds between quotes; divides 60.

    Raises:
        ConfigError: A feed of another kind, or a step that does not divide 60.
    """

    exhausted = False

    def __init__(
        self,
        feeds: "Sequence[FeedConfig]",
        instruments: "Mapping[InstrumentId, Instrument]",
        *,
        seed: int,
        origin: int,
        step_s: int = 2,
    ) -> None:
        if step_s < 1 or 60 % step_s:
            raise ConfigError(f"a synthetic market in steps of {step_s} s", remedy="divide 60")
        begin = origin // _MINUTE * _MINUTE
        self._streams = []
        for number, feed in enumerate(feeds):
            for kind in feed.kinds:
                if kind not in _KINDS:
                    raise ConfigError(
                        f"feed {feed.instrument}: the synthetic market has no {kind} data",
                        remedy="ask for quote and trade, or play recorded data",
                    )
            item = instruments[feed.instrument]
            bits = np.random.PCG64(np.random.SeedSequence([seed, number]))
            units = Lot(item.tick_units, item.lot_units)
            pieces = tee(_pieces(bits, start_ticks(number), begin, step_s, units), len(feed.kinds))
            for kind, piece in zip(feed.kinds, pieces, strict=True):
                key = StreamKey(kind, feed.instrument)
                self._streams.append(FeedStream(key, _of(kind, piece), None))
        self.first_ts = self.next_ts()
        """When the first row becomes known."""

    def poll(self, until: int) -> "list[tuple[StreamKey, Columns]]":
        """As `TapeFeed.poll`."""
        return [
            (stream.key, columns)
            for stream in self._streams
            if stream.next <= until
            for columns in stream.take(until)
        ]

    def skip(self, until: int) -> None:
        """Pass over the rows up to a moment: a second of work for about two months."""
        while (moment := self.next_ts()) is not None and moment <= until:
            self.poll(min(moment + 60 * _MINUTE, until))

    def next_ts(self) -> int | None:
        """When the next row becomes known."""
        return min((stream.next for stream in self._streams), default=None)

    def close(self) -> None:
        """Nothing is held."""


_Piece = tuple["Columns", "Columns"]


def _pieces(
    bits: np.random.PCG64, ticks: int, origin: int, step_s: int, units: Lot
) -> Iterator[_Piece]:
    first = 0
    while True:
        quotes, trades, ticks = walk(bits, ticks, Steps(origin, first, _STEPS, step_s), units)
        yield quotes, trades
        first += _STEPS


def _of(kind: str, pieces: Iterator[_Piece]) -> "Iterator[Columns]":
    return (piece[_KINDS.index(kind)] for piece in pieces)
