"""Quality report of a catalog: named findings with counts.

An *error* breaks what the catalog promises its readers. A *note* is a property of the recorded
market, kept as it is (crossed quotes, repeated rows, silence); strategies have to live with it.
"""

from enum import Enum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from openoutcry.state import catalog_files
from openoutcry.state.catalog_files import BOOK_GAP, CatalogFileError, StreamKey
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED

if TYPE_CHECKING:
    import polars as pl

    from openoutcry.state.catalog import Catalog

_GAP_NS: Final = 3600 * 10**9
_PRICES: Final = {
    "quote": ("bid", "ask"),
    "trade": ("price",),
    "bar": ("open", "high", "low", "close"),
    "book": ("price",),
}


@unique
class Severity(Enum):
    """Whether a finding breaks the catalog or only describes the market."""

    ERROR = "error"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One finding: what (`name`), how often (`count`), where; `detail` is for people."""

    severity: Severity
    name: str
    count: int
    kind: str
    instrument: InstrumentId
    bar: str | None
    file: str | None
    detail: str = ""


def check(catalog: "Catalog") -> list[Finding]:
    """All findings of a catalog, by stream and file, in order of time.

    Raises:
        CatalogError: There is no catalog, or its list of instruments or calendars is damaged.
    """
    calendars = {calendar.name for calendar in catalog.calendars()}
    owners: dict[str, Instrument] = {found.id: found for found in catalog.instruments()}
    findings: list[Finding] = []
    for key in catalog_files.streams(catalog.path):
        owner = owners.get(key.instrument)
        if owner is None:
            detail = "its folder has data, instruments.json does not name it"
            findings.append(_finding(key, None, "unknown_instrument", 1, detail))
            continue
        if owner.calendar is not None and owner.calendar not in calendars:
            detail = f"calendars.json does not name {owner.calendar}"
            findings.append(_finding(key, None, "unknown_calendar", 1, detail))
        previous: int | None = None
        for path in catalog_files.files(key, catalog.path):
            counts, last, trouble = _check_file(path, key, owner, previous)
            previous = last if last is not None else previous
            findings += [_finding(key, path, name, n) for name, n in counts.items() if n]
            if trouble is not None:
                findings.append(_finding(key, path, trouble.finding, 1, trouble.message))
    return findings


_ERRORS: Final = frozenset(
    {
        "unknown_calendar",
        "unknown_instrument",
        "unreadable",
        "metadata_missing",
        "schema_unknown",
        "wrong_columns",
        "nulls",
        "empty_file",
        "scales_differ_from_instrument",
        "wrong_day",
        "out_of_order",
        "ends_before_start",
        "high_low_contradict",
        "received_before_event",
        "price_not_positive",
    }
)


def _finding(key: StreamKey, path: Path | None, name: str, count: int, detail: str = "") -> Finding:
    severity = Severity.ERROR if name in _ERRORS else Severity.NOTE
    file = path.name if path else None
    return Finding(severity, name, count, key.kind, key.instrument, key.bar, file, detail)


def _check_file(
    path: Path, key: StreamKey, owner: Instrument, previous: int | None
) -> tuple[dict[str, int], int | None, CatalogFileError | None]:
    """Counts of one file, its last stamp, and why the rest of it could not be read."""
    import polars as pl

    counts: dict[str, int] = {}

    def add(more: dict[str, int]) -> None:
        for name, n in more.items():
            counts[name] = counts.get(name, 0) + int(n)

    carry: pl.DataFrame | None = None
    try:
        info = catalog_files.read_info(path)
        if (info.price_scale, info.size_scale) != (owner.price_scale, owner.size_scale):
            add({"scales_differ_from_instrument": 1})
        for frame in catalog_files.read_slices(path, key.kind):
            if carry is None and previous is not None:
                add({"out_of_order": int(frame.item(0, "ts_received") < previous)})
            # The last row of the slice before stands in front, so that no pair is missed.
            add(_count_pairs(frame if carry is None else pl.concat([carry, frame]), key))
            add(_count_rows(frame, key, owner, catalog_files.period(path)))
            carry = frame.tail(1)
    except CatalogFileError as error:
        return counts, None, error
    if carry is None:
        return {**counts, "empty_file": 1}, previous, None
    return counts, int(carry.item(0, "ts_received")), None


def _count_pairs(frame: "pl.DataFrame", key: StreamKey) -> dict[str, int]:
    """What neighbouring rows show: order, silence, repetition, prices that jump and come back."""
    import polars as pl

    step = pl.col("ts_received").diff()
    same = pl.all_horizontal(pl.all() == pl.all().shift(1))
    found = {"out_of_order": (step < 0).sum(), "repeats_previous_row": same.sum()}
    if not key.yearly:
        found["gap_over_1h"] = (step > _GAP_NS).sum()
    if key.kind == "trade":
        price = pl.col("price")
        up, back = price.diff() * 100, -price.diff(-1) * 100
        spike = ((up > price) & (back < -price)) | ((up < -price) & (back > price))
        found["price_spike_1_percent"] = spike.sum()
    return frame.select(**found).row(0, named=True)


def _count_rows(
    frame: "pl.DataFrame", key: StreamKey, owner: Instrument, day: str
) -> dict[str, int]:
    """What single rows show."""
    import polars as pl

    form = "%Y" if key.yearly else "%Y-%m-%d"
    stamp = pl.from_epoch(pl.col("ts_received"), time_unit="ns").dt.strftime(form)
    counts = {
        "wrong_day": (stamp != day).sum(),
        "received_before_event": (pl.col("ts_received") < pl.col("ts_event")).sum(),
    }
    for name in _PRICES.get(key.kind, ()):
        price = pl.col(name)
        known = price != UNDEFINED
        counts[f"off_tick_{name}"] = (known & (price % owner.tick_units != 0)).sum()
        counts[f"{name}_not_positive"] = (known & (price <= 0)).sum()
    return frame.select(**counts, **_kind_counts(key.kind)).row(0, named=True)


def _kind_counts(kind: str) -> "dict[str, pl.Expr]":
    import polars as pl

    bid, ask = pl.col("bid"), pl.col("ask")
    both = (bid != UNDEFINED) & (ask != UNDEFINED)
    o, h, low, c = (pl.col(name) for name in ("open", "high", "low", "close"))
    if kind == "quote":
        return {
            "crossed_quote": (both & (bid > ask)).sum(),
            "locked_quote": (both & (bid == ask)).sum(),
            "empty_side": (~both).sum(),
        }
    if kind == "trade":
        return {"zero_size": (pl.col("size") == 0).sum()}
    if kind == "bar":
        fits = (low <= pl.min_horizontal(o, c)) & (h >= pl.max_horizontal(o, c))
        return {
            "high_low_contradict": (~fits).sum(),
            "ends_before_start": (pl.col("ts_event") <= pl.col("ts_open")).sum(),
            "volume_unknown": (pl.col("volume") == UNDEFINED).sum(),
        }
    if kind == "book":
        return {"book_gap": (pl.col("flags") & BOOK_GAP != 0).sum()}
    return {}
