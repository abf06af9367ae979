"""Raw Hyperliquid streams: `l2Book` snapshots as book, `trades` as trades.

Each line is `<receive time, ns> <JSON>`. Every `l2Book` message is a whole book of 20 levels a side.
The first `trades` message after subscribing carries trades of the past: they keep their event time,
arrive when they arrived, and are counted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from openoutcry.replay.importers import guess
from openoutcry.replay.importers.base import Batch, Item, Note
from openoutcry.replay.importers.options import ImportOptions
from openoutcry.replay.importers.parse import Parser
from openoutcry.replay.importers.raw_lines import NS_PER_MS, Table, messages, source_files
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import BOOK_LAST, BOOK_SNAPSHOT, KINDS
from openoutcry.state.errors import DataFormatError
from openoutcry.state.instruments import AnyInstrument

_SCALE: Final = 8
_OLD_NS: Final = 10 * 10**9
_CURRENCY: Final = "USDC"


def batches(source: Path, options: ImportOptions, catalog: Catalog, /) -> Iterator[Item]:
    """Batches of a recording, or of all recordings in a folder in order of name.

    Raises:
        DataFormatError: A truncated file, a line that is no message, or a value that is no number.
    """
    for path in source_files(source):
        parser = Parser(path.name)
        coins = _read(path, options, parser)
        if not coins:
            raise DataFormatError(f"{path.name}: no l2Book or trades message of a wanted coin")
        for coin, tables in coins.items():
            yield from _batches(path, coin, tables, options, catalog, parser)
            parser = Parser(path.name)


def _batches(
    path: Path,
    coin: str,
    tables: dict[str, Table],
    options: ImportOptions,
    catalog: Catalog,
    parser: Parser,
) -> Iterator[Item]:
    frames = {kind: table.take(parser) for kind, table in tables.items()}
    name = options.instrument or f"{coin}_PERP.{options.venue or 'HYPERLIQUID'}"
    instrument = guess.existing(catalog, name)
    if instrument is None:
        instrument = _new(name, coin, options, frames)
        yield Note(guess.described(instrument, options))
    lines = len(frames["book"].filter(pl.col("flags") & BOOK_LAST != 0)) + len(frames["trade"])
    for kind, frame in frames.items():
        yield Batch(
            instrument=instrument,
            kind=kind,
            columns=frame,
            source=path,
            rows_read=lines,
            receive_offset_ns=options.receive_offset_ns or 0,
            defects=parser.defects if kind == "book" else {},
        )
        lines = 0


def _new(
    name: str, coin: str, options: ImportOptions, frames: dict[str, pl.DataFrame]
) -> AnyInstrument:
    prices = [frame["price"] for frame in frames.values()]
    sizes = [frame["size"] for frame in frames.values()]
    scales = guess.scales_of(None, options, _SCALE)
    return guess.make(name, "perpetual", options, scales, prices, sizes, (coin, _CURRENCY))


def _read(path: Path, options: ImportOptions, parser: Parser) -> dict[str, dict[str, Table]]:
    """The rows of a file by coin and kind."""
    coins: dict[str, dict[str, Table]] = {}
    at = 0

    def table(coin: str, kind: str) -> Table:
        if coin not in coins:
            price, size = guess.scales_of(None, options, _SCALE)
            columns = ({"price": price}, {"size": size})
            coins[coin] = {kind: Table(KINDS[kind], *columns) for kind in ("book", "trade")}
        return coins[coin][kind]

    try:
        for row, stamp, message in messages(path):
            at = row
            received = stamp + (options.receive_offset_ns or 0)
            data = message.get("data", {})
            if message.get("channel") == "l2Book" and options.wants(data["coin"]):
                book = table(data["coin"], "book")
                for values in _book_rows(data, received):
                    book.add(values, row, parser)
            elif message.get("channel") == "trades":
                for trade in data:
                    if options.wants(trade["coin"]):
                        values = _trade_row(trade, received, parser)
                        table(trade["coin"], "trade").add(values, row, parser)
            else:
                channel = message.get("channel", "unnamed")
                parser.count(f"message_not_imported_{channel}", 1)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"row {at}: a field is missing or of another type ({error!r})"
        raise DataFormatError(f"{path.name}: {what}") from error
    return coins


def _book_rows(data: dict[str, Any], received: int) -> Iterator[tuple[Any, ...]]:
    sides = zip((1, -1), data["levels"], strict=True)
    levels = [(side, level) for side, all_levels in sides for level in all_levels]
    for number, (side, level) in enumerate(levels, 1):
        flags = (BOOK_SNAPSHOT if number == 1 else 0) | (BOOK_LAST if number == len(levels) else 0)
        at = data["time"]
        yield at * NS_PER_MS, received, at, side, level["px"], level["sz"], flags


def _trade_row(trade: dict[str, Any], received: int, parser: Parser) -> tuple[Any, ...]:
    event = trade["time"] * NS_PER_MS
    parser.count("trade_over_10s_old", int(received - event > _OLD_NS))
    parser.count("received_before_event", int(received < event))
    aggressor = {"B": 1, "A": -1}[trade["side"]]  # B: the buyer took, A: the seller did
    return event, received, trade["px"], trade["sz"], aggressor, trade["tid"]
