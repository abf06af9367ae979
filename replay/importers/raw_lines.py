"""Recorded websocket lines: `<receive time, ns> <JSON as received>`, gzip or plain text."""

import gzip
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from re import Pattern
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from openoutcry.replay.importers.parse import Parser
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import DataFormatError

LATENCY_FLOOR_NS: Final = 1_000_000
"""Latency that the fastest message is given when the receive clock ran behind the venue's."""

NS_PER_MS: Final = 1_000_000
_STREAM_PAUSE_NS: Final = 3600 * 10**9
_PART_ROWS: Final = 100_000


def source_files(source: Path) -> list[Path]:
    """The recordings of a file or folder, by name, which is by date."""
    if source.is_file():
        return [source]
    found = sorted(p for p in source.rglob("*") if p.suffix in {".gz", ".txt", ".jsonl"})
    if not found:
        raise DataFormatError(f"{source}: no .gz, .txt or .jsonl recordings in it")
    return found


def raw_lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Row number, receive time in ns and JSON of each line.

    Raises:
        DataFormatError: A truncated gzip, or a line that does not begin with a receive time.
    """
    row = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for row, line in enumerate(lines, 1):
                stamp, _, body = line.partition(b" ")
                if not (stamp.isdigit() and len(stamp) == 19):
                    what = f"{stamp[:25]!r} is no receive time in nanoseconds"
                    raise DataFormatError(f"{path.name}: row {row}: {what}")
                yield row, int(stamp), body
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = f"truncated or damaged gzip after row {row} ({error})"
        raise DataFormatError(f"{path.name}: {what}") from error


def messages(path: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Row number, receive time and decoded message of each line.

    Raises:
        DataFormatError: As `raw_lines`, and a line that is no JSON object.
    """
    decoder = msgspec.json.Decoder(dict[str, Any])
    for row, received, body in raw_lines(path):
        try:
            yield row, received, decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise DataFormatError(f"{path.name}: row {row}: no JSON object ({error})") from error


def smallest_latency(paths: Iterable[Path], event_time: Pattern[bytes]) -> int | None:
    """The smallest receive time minus event time in nanoseconds; None without event times."""
    smallest: int | None = None
    for path in paths:
        for _, received, body in raw_lines(path):
            if found := event_time.search(body):
                latency = received - int(found[1]) * NS_PER_MS
                smallest = latency if smallest is None else min(smallest, latency)
    return smallest


def receive_offset(latency: int | None) -> int:
    """What to add to receive stamps so that none is before its event: 0 when none is."""
    return LATENCY_FLOOR_NS - latency if latency is not None and latency < 0 else 0


def continued_offset(
    catalog: Catalog, instrument: str, kinds: Sequence[str], first: int
) -> int | None:
    """The receive offset of an earlier import that these rows continue, so that the clocks agree."""
    for kind in kinds:
        for path in reversed(catalog.files(kind, instrument)):
            offset = catalog.info(path).receive_offset_ns
            *_, chunk = catalog.chunks(kind, instrument)
            pause = first + offset - int(chunk["ts_received"][-1])
            return offset if offset and abs(pause) < _STREAM_PAUSE_NS else None
    return None


class Table:
    """Collects rows of one kind; decimal texts become units in large parts, to bound the memory.

    Args:
        names: Catalog columns, in order.
        prices: Column to scale of the texts that are prices.
        sizes: Column to scale of the texts that are sizes.
    """

    def __init__(
        self, names: Sequence[str], prices: Mapping[str, int], sizes: Mapping[str, int]
    ) -> None:
        self._names = tuple(names)
        self._prices = prices
        self._sizes = sizes
        self._rows: list[tuple[Any, ...]] = []
        self._parts: list[pl.DataFrame] = []

    def add(self, row: tuple[Any, ...], parser: Parser) -> None:
        """Add a row, its values in the order of the columns."""
        self._rows.append(row)
        if len(self._rows) >= _PART_ROWS:
            self._pack(parser)

    def take(self, parser: Parser) -> pl.DataFrame:
        """All rows, and begin anew."""
        self._pack(parser)
        parts, self._parts = self._parts, []
        if not parts:
            return pl.DataFrame(schema=dict.fromkeys(self._names, pl.Int64))
        return pl.concat(parts, rechunk=True)

    def _pack(self, parser: Parser) -> None:
        if not self._rows:
            return
        columns = dict(zip(self._names, zip(*self._rows, strict=True), strict=True))
        self._rows = []
        made = {}
        for name, values in columns.items():
            if name in self._prices:
                made[name] = parser.price(pl.Series(name, values), self._prices[name])
            elif name in self._sizes:
                made[name] = parser.size(pl.Series(name, values), self._sizes[name])
            else:
                made[name] = pl.Series(name, np.array(values, dtype=np.int64))
        self._parts.append(pl.DataFrame(made))


def step(columns: Iterable[pl.Series], scale: int) -> Decimal:
    """The largest step of 10^-`scale` units that all values are multiples of; one unit if all are 0."""
    divisor = 0
    for column in columns:
        if len(column):
            divisor = math.gcd(divisor, int(np.gcd.reduce(column.to_numpy())))
    return Decimal(format(Decimal(divisor or 1).scaleb(-scale).normalize(), "f"))
