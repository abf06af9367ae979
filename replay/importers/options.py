"""What an import may be told and what it reports; free of heavy imports, for the command line."""

from decimal import Decimal
from typing import Literal

import msgspec

from openoutcry.state.identifiers import InstrumentId

TimeUnit = Literal["s", "ms", "us", "ns"]
AssetName = Literal["spot", "equity", "perpetual", "fx", "cfd", "index"]


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an import may be told; every importer uses the options its format needs.

    Args:
        instrument: Id to store under (csv, parquet), or for other formats to override the guess.
        asset: Class of the instrument where the format does not say.
        kind: Catalog kind of a csv or Parquet file.
        bar: `timeframe-price type` of bars in a csv or Parquet file, such as `1m-last`.
        bar_stamp: Whether a csv or Parquet bar is stamped with its start or its end.
        columns: Catalog column to source column; `ts` stands for the time.
        ts_unit: Unit of integer times; None guesses by size and says so.
        time_zone: Zone of times without a zone (IANA name or `UTC-05`).
        price_scale, size_scale: Decimals to keep; None takes the format's default.
        tick, lot: Steps of a new instrument; None takes one unit of the scale.
        base, quote: Currencies of a new instrument where the format does not say.
        venue: Venue part of the ids; None takes the format's default.
        receive_offset_ns: Added to recorded receive stamps; None estimates it where it is needed.
        symbols: Import only these symbols (any case); empty imports all.
    """

    instrument: str | None = None
    asset: AssetName | None = None
    kind: str | None = None
    bar: str | None = None
    bar_stamp: Literal["start", "end"] = "start"
    columns: dict[str, str] = {}
    ts_unit: TimeUnit | None = None
    time_zone: str | None = None
    price_scale: int | None = None
    size_scale: int | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    base: str | None = None
    quote: str | None = None
    venue: str | None = None
    receive_offset_ns: int | None = None
    symbols: tuple[str, ...] = ()

    def wants(self, symbol: str) -> bool:
        """Whether a symbol is to be imported."""
        return not self.symbols or symbol.lower() in {wanted.lower() for wanted in self.symbols}


class StreamReport(msgspec.Struct):
    """Rows written to one stream."""

    kind: str
    instrument: InstrumentId
    bar: str | None
    rows: int


class ImportReport(msgspec.Struct):
    """What an import did: counts that a person can compare with the source."""

    format: str
    catalog: str
    files_read: int = 0
    rows_read: int = 0
    rows_written: int = 0
    streams: list[StreamReport] = []
    defects: dict[str, int] = {}
    notes: list[str] = []
