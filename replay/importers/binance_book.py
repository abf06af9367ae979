"""Binance's order book protocol: a REST snapshot and the diffs that continue it.

Diffs carry the ids `U`..`u` of the changes in them; futures also `pu`, the `u` of the diff before.
A diff continues the book when `pu` equals the last `u` (futures) or `U` is the last `u` + 1 (spot).
Diffs that arrived before the snapshot are kept and applied after it, those with `u` up to the
snapshot's `lastUpdateId` are already in it.

Source: https://developers.binance.com/docs, "How to manage a local order book correctly".
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from openoutcry.state.catalog_files import BOOK_GAP, BOOK_LAST, BOOK_SNAPSHOT

Level = tuple[str, str]
BookRow = tuple[int, int, int, int, str, str, int]
"""`ts_event ts_received update_id side price size flags`, prices and sizes as texts."""

_MOST_PENDING: Final = 100_000


class Diff(msgspec.Struct, frozen=True):
    """One `depthUpdate`. Times in nanoseconds; `previous` is None on spot."""

    ts_event: int
    ts_received: int
    first: int
    last: int
    previous: int | None
    bids: list[Level]
    asks: list[Level]


class Snapshot(msgspec.Struct, frozen=True):
    """A whole book as the REST interface gave it; `last` is its `lastUpdateId`."""

    ts_event: int
    ts_received: int
    last: int
    bids: list[Level]
    asks: list[Level]


class BookStream:
    """Turns snapshots and diffs into catalog rows and counts what is broken.

    Args:
        last: The `u` of a stream that this one continues; None when there was none.

    Attributes:
        breaks: Diffs that do not continue their predecessor.
        left_out: Diffs before the first snapshot that no snapshot made usable.
        old: Diffs (after a snapshot) and snapshots that were older than the book.
    """

    def __init__(self, last: int | None = None) -> None:
        self._last = last
        self._valid = last is not None
        self._bridging = False
        self._owed = 0
        self._pending: list[Diff] = []
        self.breaks = 0
        self.left_out = 0
        self.old = 0

    def diff(self, diff: Diff) -> Iterator[BookRow]:
        """Rows of a diff; none before the first snapshot, which will bring them."""
        if not self._valid:
            self._keep(diff)
        if self._last is None:
            return
        if diff.last <= self._last:
            self.old += 1
            return
        if not self._continues(diff, self._last):
            self.breaks += 1
            self._owed |= BOOK_GAP
            if self._valid:
                self._valid = False
                self._keep(diff)
        yield from self._apply(diff, diff.ts_received)

    def snapshot(self, snapshot: Snapshot) -> Iterator[BookRow]:
        """Rows of a snapshot and of the kept diffs that are newer than it.

        A snapshot that comes while the book is sound is not needed and left out.
        """
        if self._valid:
            self.old += 1
            return
        kept, self._pending = self._pending, []
        was_counted = self._last is not None
        self._valid, self._last, self._bridging, self._owed = True, snapshot.last, True, 0
        yield from _snapshot_rows(snapshot)
        for number, diff in enumerate(kept):
            if diff.last <= snapshot.last:
                continue
            if not self._continues(diff, self._last):
                self.breaks += not was_counted
                self._owed |= BOOK_GAP
                self._valid = False
                self._pending = kept[number:]
            # The book was known to us when the snapshot had come, not when the diff had.
            yield from self._apply(diff, snapshot.ts_received)

    def finish(self) -> None:
        """Count the diffs that no snapshot followed."""
        if self._last is None:
            self.left_out += len(self._pending)

    def _keep(self, diff: Diff) -> None:
        if len(self._pending) == _MOST_PENDING:
            self.left_out += len(self._pending) if self._last is None else 0
            self._pending = []
        self._pending.append(diff)

    def _continues(self, diff: Diff, last: int) -> bool:
        if self._bridging:  # the first diff after a snapshot overlaps it
            return diff.first <= last + 1 or (diff.previous is not None and diff.previous <= last)
        return diff.first == last + 1 if diff.previous is None else diff.previous == last

    def _apply(self, diff: Diff, received: int) -> Iterator[BookRow]:
        self._last, self._bridging = diff.last, False
        levels = [(1, *level) for level in diff.bids] + [(-1, *level) for level in diff.asks]
        for number, (side, price, size) in enumerate(levels, 1):
            # A gap before a diff without levels is told by the next row.
            mark = self._owed | (BOOK_LAST if number == len(levels) else 0)
            self._owed = 0
            yield diff.ts_event, received, diff.last, side, price, size, mark


def _snapshot_rows(book: Snapshot) -> Iterator[BookRow]:
    levels = [(1, *level) for level in book.bids] + [(-1, *level) for level in book.asks]
    for number, (side, price, size) in enumerate(levels, 1):
        first = BOOK_SNAPSHOT if number == 1 else 0
        mark = first | (BOOK_LAST if number == len(levels) else 0)
        yield book.ts_event, book.ts_received, book.last, side, price, size, mark
