"""Raw Binance streams: `bookTicker` as quotes, `trade` as trades, depth diffs and snapshots as book.

Each line is `<receive time, ns> <JSON>`; the JSON is a combined-stream message or a REST depth
snapshot. Markets are told apart by the fields of the messages: spot, USD-M and COIN-M futures.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import polars as pl

from openoutcry.replay.importers import guess
from openoutcry.replay.importers.base import Batch, Item, Note
from openoutcry.replay.importers.binance_book import BookStream, Diff, Snapshot
from openoutcry.replay.importers.options import AssetName, ImportOptions
from openoutcry.replay.importers.parse import Parser
from openoutcry.replay.importers.raw_lines import (
    LATENCY_FLOOR_NS,
    NS_PER_MS,
    Table,
    continued_offset,
    messages,
    receive_offset,
    smallest_latency,
    source_files,
)
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import KINDS
from openoutcry.state.errors import DataFormatError
from openoutcry.state.instruments import AnyInstrument

Market = Literal["spot", "usdm", "coinm"]

_EVENT_TIME: Final = re.compile(rb'"E":(\d{13})')
_SCALE: Final = 8
_TEXTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {  # prices, sizes
    "quote": (("bid", "ask"), ("bid_size", "ask_size")),
    "trade": (("price",), ("size",)),
    "book": (("price",), ("size",)),
}


def batches(source: Path, options: ImportOptions, catalog: Catalog, /) -> Iterator[Item]:
    """Batches of a recording, or of all recordings in a folder in order of name.

    Raises:
        DataFormatError: A truncated file, a line that is no message, or a value that is no number.
    """
    paths = source_files(source)
    symbol, market, first = _identify(paths[0], options)
    name = symbol if market == "spot" or symbol.endswith("_PERP") else f"{symbol}_PERP"
    instrument_id = options.instrument or f"{name}.{options.venue or 'BINANCE'}"
    existing = guess.existing(catalog, instrument_id)
    offset = options.receive_offset_ns
    if offset is None and existing is not None:
        offset = continued_offset(catalog, instrument_id, ("book", "quote", "trade"), first)
        if offset is not None:
            yield Note(
                f"receive clock: {offset} ns added, as in the import that this one continues"
            )
    if offset is None:
        offset = receive_offset(smallest_latency(paths, _EVENT_TIME))
        if offset:
            yield Note(
                f"receive clock: behind the venue's; {offset} ns added to every receive time, so "
                f"that the fastest message took {LATENCY_FLOOR_NS // NS_PER_MS} ms"
            )
    last = _last_update(catalog, instrument_id, first + offset) if existing else None
    scales = _scales(existing, market, options)
    reader = _Recording(symbol, BookStream(last), offset, scales)
    for number, path in enumerate(paths):
        frames = reader.read(path)
        if existing is None:
            existing = _new_instrument(instrument_id, symbol, market, options, scales, frames)
            yield Note(guess.described(existing, options))
        if number == len(paths) - 1:
            reader.book.finish()
        yield from reader.batches(path, existing, frames)


class _Recording:
    """Collects the rows of one symbol, file by file; the book goes on from file to file."""

    def __init__(self, symbol: str, book: BookStream, offset: int, scales: tuple[int, int]) -> None:
        self.book = book
        self._symbol = symbol
        self._offset = offset
        self._lines = 0
        self._parser = Parser("")
        self._counted = (0, 0, 0)
        self._tables = {
            kind: Table(
                KINDS[kind], dict.fromkeys(prices, scales[0]), dict.fromkeys(sizes, scales[1])
            )
            for kind, (prices, sizes) in _TEXTS.items()
        }

    def read(self, path: Path) -> dict[str, pl.DataFrame]:
        """All rows of a file, by kind."""
        self._parser = Parser(path.name)
        self._lines = 0
        try:
            for row, received, message in messages(path):
                self._lines = row
                self._take(received + self._offset, message)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"row {self._lines}: a field is missing or of another type ({error!r})"
            raise DataFormatError(f"{path.name}: {what}") from error
        return {kind: table.take(self._parser) for kind, table in self._tables.items()}

    def batches(
        self, path: Path, instrument: AnyInstrument, frames: Mapping[str, pl.DataFrame]
    ) -> Iterator[Batch]:
        """The batches of a file; its lines and the defects of lines are told with the first."""
        counts = (self.book.breaks, self.book.left_out, self.book.old)
        names = ("sequence_break", "diff_without_snapshot", "diff_or_snapshot_not_needed")
        for name, now, then in zip(names, counts, self._counted, strict=True):
            self._parser.count(name, now - then)
        self._counted = counts
        defects, lines = self._parser.defects, self._lines
        for kind, frame in frames.items():
            parser = Parser(path.name)
            early = int((frame["ts_received"] < frame["ts_event"]).sum())
            parser.count("received_before_event", early)
            yield Batch(
                instrument=instrument,
                kind=kind,
                columns=frame,
                source=path,
                rows_read=lines,
                receive_offset_ns=self._offset,
                defects=parser.defects | defects,
            )
            defects, lines = {}, 0

    def _take(self, received: int, message: Mapping[str, Any]) -> None:
        if "lastUpdateId" in message:
            self._snapshot(received, message)
            return
        data = message.get("data", message)
        if data.get("s") != self._symbol:
            self._parser.count("message_of_another_symbol", 1)
            return
        stream = message.get("stream", "")
        event = data.get("e") or ("bookTicker" if stream.endswith("@bookTicker") else "")
        if event == "depthUpdate":
            self._diff(received, data)
        elif event == "bookTicker":
            at = _event_time(data, received)
            row = (at, received, data["b"], data["a"], data["B"], data["A"])
            self._tables["quote"].add(row, self._lines, self._parser)
        elif event == "trade":
            if not data["p"].strip("0."):
                self._parser.count("zero_price_left_out", 1)
                return
            aggressor = -1 if data["m"] else 1  # `m`: the buyer is the maker
            row = (
                _event_time(data, received),
                received,
                data["p"],
                data["q"],
                aggressor,
                data["t"],
            )
            self._tables["trade"].add(row, self._lines, self._parser)
        else:
            self._parser.count(f"message_not_imported_{event or 'unnamed'}", 1)

    def _diff(self, received: int, data: Mapping[str, Any]) -> None:
        diff = Diff(
            ts_event=_event_time(data, received),
            ts_received=received,
            first=data["U"],
            last=data["u"],
            previous=data.get("pu"),
            bids=data["b"],
            asks=data["a"],
        )
        for row in self.book.diff(diff):
            self._tables["book"].add(row, self._lines, self._parser)

    def _snapshot(self, received: int, data: Mapping[str, Any]) -> None:
        snapshot = Snapshot(
            ts_event=_event_time(data, received),
            ts_received=received,
            last=data["lastUpdateId"],
            bids=data["bids"],
            asks=data["asks"],
        )
        for row in self.book.snapshot(snapshot):
            self._tables["book"].add(row, self._lines, self._parser)


def _event_time(data: Mapping[str, Any], received: int) -> int:
    """Transaction time, else event time, else (spot quotes and snapshots) the receive time."""
    stamp = data.get("T") or data.get("E")
    return received if stamp is None else int(stamp) * NS_PER_MS


def _identify(path: Path, options: ImportOptions) -> tuple[str, Market, int]:
    """Symbol, market and first receive time of a recording."""
    first: int | None = None
    for _, received, message in messages(path):
        first = first if first is not None else received
        data = message.get("data", message)
        symbol = data.get("s")
        if not symbol or not options.wants(symbol):
            continue
        if "ps" in data:
            return symbol, "coinm", first
        if data.get("e") == "depthUpdate":
            return symbol, "usdm" if "pu" in data else "spot", first
        if data.get("e") == "trade":
            return symbol, "spot" if "M" in data else "usdm", first
        return symbol, "usdm" if "e" in data else "spot", first
    raise DataFormatError(f"{path.name}: no Binance stream message of a wanted symbol in it")


def _last_update(catalog: Catalog, instrument: str, first: int) -> int | None:
    """The last book update before a time that an earlier import wrote, within an hour."""
    if not catalog.files("book", instrument):
        return None
    found = None
    for chunk in catalog.chunks("book", instrument, start=first - 3600 * 10**9, end=first):
        found = int(chunk["update_id"][-1])
    return found


def _scales(
    existing: AnyInstrument | None, market: Market, options: ImportOptions
) -> tuple[int, int]:
    """Price and size scale; COIN-M sizes count whole contracts."""
    if existing is not None:
        return existing.price_scale, existing.size_scale
    size = 0 if market == "coinm" else _SCALE
    return (
        _SCALE if options.price_scale is None else options.price_scale,
        size if options.size_scale is None else options.size_scale,
    )


def _new_instrument(
    instrument_id: str,
    symbol: str,
    market: Market,
    options: ImportOptions,
    scales: tuple[int, int],
    frames: Mapping[str, pl.DataFrame],
) -> AnyInstrument:
    """The instrument, with the steps that its first file shows."""
    base, quote = guess.split_pair(symbol.split("_", maxsplit=1)[0])
    prices = [frames[kind][name] for kind, (names, _) in _TEXTS.items() for name in names]
    sizes = [frames[kind][name] for kind, (_, names) in _TEXTS.items() for name in names]
    asset: AssetName = "spot" if market == "spot" else "perpetual"
    made = guess.make(instrument_id, asset, options, scales, prices, sizes, (base, quote))
    if market != "coinm":
        return made
    # Contract sizes of COIN-M: 100 USD for BTC, 10 USD for every other coin.
    return msgspec.structs.replace(
        made,
        settlement_currency=options.base or base,
        is_inverse=True,
        multiplier=Decimal(100 if base == "BTC" else 10),
    )
