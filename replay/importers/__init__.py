"""Importers: recorded data of other programs into a catalog (docs/how-to/import-data.md).

A format is a module with a function `batches(source, options)`; it is loaded when it is used.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from openoutcry.replay.importers.options import ImportOptions, ImportReport
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError, DataFormatError

if TYPE_CHECKING:
    from openoutcry.replay.importers.base import Importer

__all__ = ["FORMATS", "ImportOptions", "ImportReport", "import_data", "importer"]

FORMATS: Final[dict[str, str]] = {
    "lean": "LEAN data folder or file (equity, forex, cfd, crypto, futures, indices)",
    "binance-raw": "raw Binance streams: receive time and JSON per line, gzip",
    "hyperliquid-raw": "raw Hyperliquid streams: receive time and JSON per line, gzip",
    "freqtrade": "freqtrade candles, marks, funding (feather) and trades (parquet, json.gz)",
    "csv": "any delimited text with a header, mapped with --map",
    "parquet": "any Parquet file, mapped with --map",
}
"""Format names and what they read."""

_MODULES: Final = {
    "binance-raw": "binance_raw",
    "hyperliquid-raw": "hyperliquid_raw",
    "csv": "csv_columns",
    "parquet": "parquet_columns",
}


def importer(format_name: str) -> "Importer":
    """The importer of a format.

    Raises:
        CatalogError: There is no such format.
    """
    if format_name not in FORMATS:
        raise CatalogError(
            f"{format_name!r} is no import format", remedy=f"use one of {', '.join(FORMATS)}"
        )
    module = import_module(f"{__name__}.{_MODULES.get(format_name, format_name)}")
    found: Importer = module.batches
    return found


def import_data(
    source: Path, format_name: str, out: Path, options: ImportOptions | None = None
) -> ImportReport:
    """Import a file or folder into a catalog; importing the same data again changes nothing.

    Args:
        source: File or folder of the format.
        format_name: One of `FORMATS`.
        out: Folder of the catalog; made when it is not there.
        options: What the format cannot know.

    Raises:
        DataFormatError: A file is truncated, malformed, or has a value that is no number. Files
            imported before it stay imported.
        CatalogError: The catalog contradicts the data (other scales of an instrument).
    """
    from openoutcry.replay.importers.base import Session

    if not source.exists():
        raise DataFormatError(f"{source} does not exist", remedy="check the path")
    batches = importer(format_name)
    catalog = Catalog(out)
    session = Session(format_name, catalog)
    for item in batches(source, options or ImportOptions(), catalog):
        session.take(item)
    return session.report
