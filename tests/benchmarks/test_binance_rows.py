"""The recorded Binance rows, played again and again: whole books, ids and stamps that go on."""

from pathlib import Path

import numpy as np
import pytest

from openoutcry.state.catalog_files import BOOK_LAST, BOOK_SNAPSHOT
from tests.benchmarks.binance_rows import SECOND, Recording, looped, neutral, recording

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def once(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recording(shared_data / "hftbacktest" / "spot", tmp_path_factory.mktemp("catalog"))


def test_every_row_is_received_after_it_happened(once: Recording) -> None:
    assert once.receive_offset_ns == 1_277_670_531
    for frame in (once.book, once.trades):
        assert (frame["ts_received"] >= frame["ts_event"]).all()
        assert frame["ts_received"].is_sorted()
    assert once.book["ts_event"].is_sorted()


def test_a_second_time_around_goes_on_with_stamps_and_ids_and_begins_with_the_snapshot(
    once: Recording,
) -> None:
    count = len(once.book) + len(once.trades)
    book, trades = looped(once, count + 5_000)
    assert 5_000 <= len(book) + len(trades) - count < 10_000
    assert np.flatnonzero(book["flags"] & BOOK_SNAPSHOT).tolist() == [0, len(once.book)]
    assert book["flags"][-1] & BOOK_LAST
    assert once.period % SECOND == 0
    for frame, key in ((book, "update_id"), (trades, "trade_id")):
        assert frame[key].is_sorted()
        assert frame["ts_received"].is_sorted()
    again = book[len(once.book) :]
    first = once.book[: len(again)]
    assert (again["ts_event"] - first["ts_event"] == once.period).all()
    assert (again["price"] == first["price"]).all()
    assert trades["trade_id"].is_unique().all()


def test_a_peer_without_snapshots_ends_in_the_same_book(once: Recording) -> None:
    """Levels that the snapshot does not name are deleted for it; nothing else is added."""
    book, trades = looped(once, len(once.book) + len(once.trades) + 5_000)
    rows = neutral(book, trades)
    peer: dict[tuple[int, int], int] = {}
    for trade, *level, size in zip(
        *(rows[name].tolist() for name in ("trade", "side", "price", "size")), strict=True
    ):
        if not trade:
            peer[level[0], level[1]] = size
    ours: dict[tuple[int, int], int] = {}
    for flags, side, price, size in book.select("flags", "side", "price", "size").iter_rows():
        if flags & BOOK_SNAPSHOT:
            ours.clear()
        ours[side, price] = size
    assert {key: size for key, size in peer.items() if size} == {
        key: size for key, size in ours.items() if size
    }
    assert rows["trade"].sum() == len(trades)
    assert np.all(np.diff(rows["ts_received"]) >= 0)
    added = len(rows["side"]) - len(book) - len(trades)
    assert 0 < added < 10_000
