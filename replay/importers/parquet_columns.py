"""Any Parquet file: the columns are mapped, or guessed by their names."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from openoutcry.replay.importers import columns
from openoutcry.replay.importers.base import Item
from openoutcry.replay.importers.options import ImportOptions
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import DataFormatError


def batches(source: Path, options: ImportOptions, catalog: Catalog, /) -> Iterator[Item]:
    """Batches of a file, or of all Parquet files in a folder in order of name.

    Raises:
        DataFormatError: A truncated file, an unknown column, or a bad value.
    """
    paths = [source] if source.is_file() else sorted(source.glob("*.parquet"))
    if not paths:
        raise DataFormatError(f"{source}: no Parquet file in it")
    for path in paths:
        try:
            frame = pl.read_parquet(path, glob=False, hive_partitioning=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = str(error).partition("\n")[0]
            raise DataFormatError(f"{path.name}: truncated or no Parquet ({reason})") from error
        yield from columns.batches(frame, path, options, catalog, 1)
