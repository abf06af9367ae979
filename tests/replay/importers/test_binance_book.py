"""Binance's book protocol: snapshots bridge, breaks are counted exactly, nothing is lost silently."""

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.replay.importers.binance_book import BookStream, Diff, Snapshot
from openoutcry.state.catalog_files import BOOK_GAP, BOOK_LAST, BOOK_SNAPSHOT

LEVEL = ("1.0", "2")


def diff(first, last, previous=None, *, empty=False, at=1):
    """A diff with one bid level, or none."""
    return Diff(at, at, first, last, previous, [] if empty else [LEVEL], [])


def snapshot(last, at=9):
    """A snapshot with a level a side."""
    return Snapshot(at, at, last, [LEVEL], [LEVEL])


def flags(rows):
    """The flags of some rows."""
    return [row[-1] for row in rows]


def test_diffs_before_the_snapshot_follow_it():
    book = BookStream()
    assert not [*book.diff(diff(1, 5)), *book.diff(diff(6, 9)), *book.diff(diff(10, 12))]
    rows = list(book.snapshot(snapshot(7)))
    assert [row[2] for row in rows] == [7, 7, 9, 12]
    assert flags(rows) == [BOOK_SNAPSHOT, BOOK_LAST, BOOK_LAST, BOOK_LAST]
    assert {row[1] for row in rows} == {9}, "the book is known when the snapshot has come"
    assert book.breaks == 0


def test_the_first_diff_after_a_snapshot_overlaps_it():
    book = BookStream()
    list(book.snapshot(snapshot(7)))
    assert flags(book.diff(diff(5, 9))) == [BOOK_LAST]
    assert flags(book.diff(diff(10, 11))) == [BOOK_LAST]
    assert book.breaks == 0


def test_futures_continue_by_the_previous_id():
    book = BookStream()
    list(book.snapshot(snapshot(7)))
    list(book.diff(diff(5, 9, 4)))
    list(book.diff(diff(20, 25, 9)))
    assert book.breaks == 0
    list(book.diff(diff(26, 30, 24)))
    assert book.breaks == 1


def test_a_snapshot_that_is_too_new_for_the_next_diff_is_a_break():
    book = BookStream()
    list(book.snapshot(snapshot(7)))
    assert flags(book.diff(diff(9, 10))) == [BOOK_GAP | BOOK_LAST]
    assert book.breaks == 1


def test_a_gap_before_an_empty_diff_is_told_by_the_next_row():
    book = BookStream(last=5)
    assert list(book.diff(diff(7, 8, empty=True))) == []
    assert flags(book.diff(diff(9, 10))) == [BOOK_GAP | BOOK_LAST]
    assert book.breaks == 1


def test_a_snapshot_after_a_gap_heals_the_book():
    book = BookStream(last=5)
    list(book.diff(diff(8, 10)))
    rows = list(book.snapshot(snapshot(9)))
    assert flags(rows) == [BOOK_SNAPSHOT, BOOK_LAST, BOOK_LAST]
    assert flags(book.diff(diff(11, 12))) == [BOOK_LAST]
    assert book.breaks == 1


def test_a_snapshot_of_a_sound_book_and_old_diffs_are_not_needed():
    book = BookStream(last=5)
    assert not [*book.snapshot(snapshot(4)), *book.diff(diff(4, 5))]
    assert (book.old, book.breaks) == (2, 0)


def test_diffs_that_no_snapshot_follows_are_counted():
    book = BookStream()
    list(book.diff(diff(1, 2)))
    book.finish()
    assert book.left_out == 1


@given(st.integers(5, 60), st.data())
def test_every_run_of_lost_diffs_is_one_break(count, data):
    lost = data.draw(st.sets(st.integers(1, count - 2)))
    book = BookStream(last=0)
    rows = [row for n in range(count) if n not in lost for row in book.diff(diff(n + 1, n + 1))]
    runs = sum(n - 1 not in lost for n in lost)
    assert book.breaks == runs == sum(flag & BOOK_GAP != 0 for flag in flags(rows))
