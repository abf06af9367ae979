"""LEAN data folders: ticks, bars, corporate actions and funding.

Options are not imported and open interest has no place in the catalog; both are counted by file.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from openoutcry.replay.importers import lean_actions
from openoutcry.replay.importers.base import Batch, Item, Note, Skipped
from openoutcry.replay.importers.lean_hours import MarketHours
from openoutcry.replay.importers.lean_instruments import TickerMap, make_instrument
from openoutcry.replay.importers.lean_layout import (
    RESOLUTIONS,
    UNSUPPORTED_CLASSES,
    Databases,
    LeanFile,
    data_root,
    lean_file,
)
from openoutcry.replay.importers.lean_rows import (
    FX_TICK,
    QUOTE_BAR,
    QUOTE_TICK,
    TRADE_BAR,
    TRADE_TICK,
    RowReader,
    count_crossed,
    entries,
    read_rows,
)
from openoutcry.replay.importers.options import ImportOptions
from openoutcry.replay.importers.parse import Parser
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import DataFormatError
from openoutcry.state.instruments import AnyInstrument

_CONTRACT: Final = re.compile(r"_(\d{6})\.csv")


def batches(source: Path, options: ImportOptions, _catalog: Catalog, /) -> Iterator[Item]:
    """Batches of one file, or of every file below a folder.

    Raises:
        DataFormatError: There is no LEAN file, or one is truncated or malformed.
    """
    reader = _Folder(data_root(source), options)
    if not reader.databases.complete:
        text = "market-hours or symbol-properties database not found: defaults for zone, tick, lot"
        yield Note(text)
    paths = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    files = sorted(file for path in paths if (file := lean_file(path)) is not None)
    others = [path for path in paths if path.parent.name in {"factor_files", "margin_interest"}]
    if not files and not others:
        raise DataFormatError(
            f"{source}: no LEAN market data found",
            remedy="name a folder below CLASS/MARKET, such as equity/usa/minute/spy",
        )
    for file in files:
        if options.wants(file.symbol):
            yield from reader.market_data(file)
    for path in others:
        if options.wants(path.stem):
            yield from reader.other(path)


class _Folder:
    """Reads the files of one LEAN folder."""

    def __init__(self, root: Path | None, options: ImportOptions) -> None:
        self.databases = Databases(root)
        self._options = options
        self._tickers: dict[Path, TickerMap] = {}

    def market_data(self, file: LeanFile) -> Iterator[Item]:
        """Ticks or bars of one zip."""
        if file.asset in UNSUPPORTED_CLASSES:
            yield Skipped(file.path, f"{file.asset}_file_not_imported")
        elif file.content == "openinterest":
            yield Skipped(file.path, "open_interest_file_not_imported")
        elif file.resolution == "tick" and file.asset == "crypto":
            yield Skipped(file.path, "crypto_tick_file_not_imported")
        else:
            for entry, text in entries(file.path):
                yield from self._entry(file, entry, text)

    def other(self, path: Path) -> Iterator[Item]:
        """A factor file or a margin-interest file."""
        asset, market = path.parts[-4], path.parts[-3]
        if path.parent.name == "factor_files" and asset != "equity":
            yield Skipped(path, "continuous_contract_factors_not_imported")
            return
        parser = Parser(path.name)
        hours = self.databases.hours(asset, market, path.stem)
        found = make_instrument(self.databases, self._options, asset, market, path.stem), hours
        if path.parent.name == "margin_interest":
            frame = lean_actions.funding(path, parser)
            yield self._batch(found, "funding", frame, path, parser, frame.height)
            return
        rows = lean_actions.read_factors(path)
        splits = lean_actions.splits(rows, hours)
        yield self._batch(found, "split", splits, path, parser, len(rows))
        dividends = lean_actions.dividends(rows, hours, parser)
        yield self._batch(found, "dividend", dividends, path, parser, 0)

    def _entry(self, file: LeanFile, entry: str, text: bytes) -> Iterator[Item]:
        """One CSV of a zip; a futures zip holds one per contract."""
        contract = None
        if file.asset == "future":
            found = _CONTRACT.search(entry)
            if found is None:
                raise DataFormatError(f"{file.path.name}: {entry} names no contract month")
            contract = found[1]
            yield Note("futures: the expiry is taken as the end of the contract month")
        rows = read_rows(text, _columns(file), f"{file.path.name}/{entry}")
        if file.day is not None and not entry.startswith(f"{file.day:%Y%m%d}"):
            # Seen in the wild: a zip that holds the same day again under the next day's name.
            yield Skipped(file.path, "rows_of_an_entry_of_another_day", rows.height, rows.height)
            return
        if file.asset != "equity":
            yield from self._rows(file, file.symbol, contract, rows)
            return
        for security, part in self._by_security(file, rows):
            if security is None:
                yield Skipped(file.path, "rows_of_another_security", part.height, part.height)
                continue
            if security != file.symbol:
                yield Note(f"{file.symbol} is stored as {security.upper()}, by its map file")
            yield from self._rows(file, security, contract, part)

    def _by_security(
        self, file: LeanFile, rows: pl.DataFrame
    ) -> Iterator[tuple[str | None, pl.DataFrame]]:
        """Cut rows where the ticker passes to another security."""
        folder = file.path.resolve().parents[2 if file.day else 1] / "map_files"
        tickers = self._tickers.setdefault(folder, TickerMap(folder))
        if file.day is not None:
            yield tickers.security(file.symbol, file.day), rows
            return
        if not tickers.knows(file.symbol):
            yield file.symbol, rows
            return
        days = rows["time"].str.slice(0, 8)
        owners = {day: tickers.security(file.symbol, _day(day)) for day in days.unique().to_list()}
        of_row = days.replace_strict(owners, return_dtype=pl.String)
        for owner in of_row.unique(maintain_order=True).to_list():
            yield owner, rows.filter(of_row.eq_missing(pl.Series([owner], dtype=pl.String)))

    def _rows(
        self, file: LeanFile, symbol: str, contract: str | None, rows: pl.DataFrame
    ) -> Iterator[Batch]:
        instrument = make_instrument(
            self.databases, self._options, file.asset, file.market, symbol, contract
        )
        hours = self.databases.hours(file.asset, file.market, symbol)
        found = (instrument, hours)
        parser = Parser(file.path.name)
        reader = RowReader(file, hours, instrument, parser)
        timeframe = RESOLUTIONS[file.resolution]
        if timeframe and file.content == "trade":
            frame = reader.bars(rows)
            yield self._batch(
                found, "bar", frame, file.path, parser, rows.height, f"{timeframe}-last"
            )
        elif timeframe:
            for side in ("bid", "ask"):
                parser = reader.parser = Parser(file.path.name)
                frame = reader.bars(rows, f"{side}_")
                read = rows.height if side == "bid" else 0
                yield self._batch(
                    found, "bar", frame, file.path, parser, read, f"{timeframe}-{side}"
                )
        elif file.content == "trade":
            yield self._batch(found, "trade", reader.trades(rows), file.path, parser, rows.height)
        else:
            both = file.asset in {"forex", "cfd"}
            frame = reader.plain_quotes(rows) if both else reader.national_quotes(rows)
            count_crossed(frame, parser)
            yield self._batch(found, "quote", frame, file.path, parser, rows.height)

    def _batch(
        self,
        found: tuple[AnyInstrument, MarketHours],
        kind: str,
        frame: pl.DataFrame,
        path: Path,
        parser: Parser,
        rows_read: int,
        bar: str | None = None,
    ) -> Batch:
        instrument, hours = found
        return Batch(
            instrument=instrument,
            kind=kind,
            columns=frame,
            source=path,
            bar=bar,
            rows_read=rows_read,
            defects=dict(parser.defects),
            calendar=hours.calendar if instrument.calendar else None,
        )


def _columns(file: LeanFile) -> tuple[str, ...]:
    if file.resolution != "tick":
        return TRADE_BAR if file.content == "trade" else QUOTE_BAR
    if file.asset in {"forex", "cfd"}:
        return FX_TICK
    return TRADE_TICK if file.content == "trade" else QUOTE_TICK


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
