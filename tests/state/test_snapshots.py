"""Snapshots: two generations, whole or passed over."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state import snapshots
from openoutcry.state.errors import JournalDamaged, JournalError, SchemaTooNew
from openoutcry.state.journal_meta import Position
from openoutcry.state.snapshots import Snapshot, SnapshotStore, pack, unpack


def snapshot(seq: int, **parts: bytes) -> Snapshot:
    return Snapshot(seq, Position(seq + 1, seq, bytes([seq % 256]) * 16), parts or {"books": b"x"})


@given(
    st.integers(0, 2**64 - 1),
    st.dictionaries(st.text(max_size=8), st.binary(max_size=60), max_size=4),
)
def test_a_snapshot_comes_back(seq, parts):
    before = Snapshot(seq, Position(1, seq, bytes(16)), parts)
    assert unpack(pack(before)) == before


@given(st.data())
def test_any_changed_bit_and_any_truncation_is_found(data):
    whole = pack(snapshot(7, books=b"abc", risk=b""))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    damaged = bytearray(whole)
    damaged[bit // 8] ^= 1 << (bit % 8)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for bad in (bytes(damaged), cut, whole + b"\0"):
        with pytest.raises(JournalDamaged):
            unpack(bad)


def test_two_generations_are_kept(tmp_path):
    store = SnapshotStore(tmp_path)
    assert store.newest().snapshot is None
    assert store.oldest_place() is None
    for seq in (5, 900, 12_345):
        file = store.write(snapshot(seq))
        assert file.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in store.files()] == [
        "00000000000000012345.snapshot",
        "00000000000000000900.snapshot",
    ]
    assert store.newest().snapshot == snapshot(12_345)
    assert store.oldest_place() == snapshot(900).position


def test_a_damaged_one_is_passed_over_for_the_one_before(tmp_path):
    store = SnapshotStore(tmp_path)
    store.write(snapshot(1))
    newer = store.write(snapshot(2))
    newer.write_bytes(newer.read_bytes()[:-1])
    found = store.newest()
    assert found.snapshot == snapshot(1)
    assert len(found.problems) == 1
    assert str(newer) in found.problems[0]
    assert store.oldest_place() is None, "nothing may be dropped from the journal now"
    newer.unlink()
    newer.mkdir()
    assert "cannot read" in store.newest().problems[0]


def test_with_both_damaged_there_is_none(tmp_path):
    store = SnapshotStore(tmp_path)
    for seq in (1, 2):
        store.write(snapshot(seq)).write_bytes(b"")
    assert store.newest().snapshot is None
    assert len(store.newest().problems) == 2


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_crash_while_writing_leaves_the_old_ones(tmp_path, monkeypatch, step):
    store = SnapshotStore(tmp_path)
    store.write(snapshot(1))

    def fails(*_args, **_kwargs):
        raise OSError(5, "Input/output error")

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fails)
    elif step == "write":
        monkeypatch.setattr(os, "fdopen", fails)
    else:
        monkeypatch.setattr(type(tmp_path), "replace", fails)
    with pytest.raises(JournalError, match="cannot write"):
        store.write(snapshot(2))
    monkeypatch.undo()
    assert store.newest().snapshot == snapshot(1)
    assert len(list(store.folder.iterdir())) == 1


def test_a_newer_schema_says_so(tmp_path, monkeypatch):
    data = pack(snapshot(1))
    monkeypatch.setattr(snapshots, "SNAPSHOT_SCHEMA", 0)
    with pytest.raises(SchemaTooNew, match="schema 1; this openoutcry knows 0"):
        unpack(data)
