"""Delimited text: the columns are mapped by name, or guessed by their names.

A file whose first line holds only numbers has no header; its columns are named `1`, `2`, ...
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from openoutcry.replay.importers import columns
from openoutcry.replay.importers.base import Item
from openoutcry.replay.importers.options import ImportOptions
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import DataFormatError

_SEPARATORS: Final = (",", ";", "\t", "|")
_NUMBER: Final = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")
_SUFFIXES: Final = (".csv", ".txt", ".tsv", ".csv.gz")


def batches(source: Path, options: ImportOptions, catalog: Catalog, /) -> Iterator[Item]:
    """Batches of a file, or of all delimited texts in a folder in order of name.

    Raises:
        DataFormatError: Rows of other length than the header, an unknown column, or a bad value.
    """
    paths = [source]
    if source.is_dir():
        paths = sorted(p for p in source.iterdir() if p.name.endswith(_SUFFIXES))
    if not paths:
        raise DataFormatError(f"{source}: no {', '.join(_SUFFIXES)} file in it")
    for path in paths:
        yield from columns.batches(read(path), path, options, catalog, 2)


def read(path: Path) -> pl.DataFrame:
    """All fields as texts.

    Raises:
        DataFormatError: A truncated gzip, an empty file, or rows of other length than the header.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(f"{path.name}: truncated or damaged gzip ({error})") from error
    if b"\0" in data[:1024]:
        raise DataFormatError(f"{path.name}: not a text file")
    header = data[:65_536].partition(b"\n")[0].decode("utf-8-sig", "replace")
    separator = max(_SEPARATORS, key=header.count)
    names = [
        name.strip() for name in next(csv.reader([header.strip("\r")], delimiter=separator), [])
    ]
    headerless = all(_NUMBER.fullmatch(name) for name in names)
    if headerless:
        names = [str(number) for number in range(1, len(names) + 1)]
    if len(names) < 2:
        raise DataFormatError(f"{path.name}: fewer than two columns in the first line")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataFormatError(f"{path.name}: the header repeats {', '.join(repeated)}")
    _check_lengths(data, separator, len(names), path)
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            separator=separator,
            has_header=False,
            skip_lines=0 if headerless else 1,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise DataFormatError(f"{path.name}: no rows, or unreadable ones ({reason})") from error
    return frame.rename(
        dict(zip(frame.columns, (n or f"column {i}" for i, n in enumerate(names, 1)), strict=True))
    )


def _check_lengths(data: bytes, separator: str, width: int, path: Path) -> None:
    """Name the first row whose length is not the header's; readers would shift its fields."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace", newline="")
    rows = csv.reader(text, delimiter=separator)
    for fields in rows:
        if fields and len(fields) != width:
            what = f"row {rows.line_num}: {len(fields)} fields, the header names {width}"
            remedy = "correct the header line; its names decide what is imported"
            raise DataFormatError(f"{path.name}: {what}", remedy=remedy)
