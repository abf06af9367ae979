"""Rows that wait for room: a full disk leaves no hole as long as they fit into memory."""

from openoutcry.state.tape import TapeState
from openoutcry.state.tape_reader import TapeReader
from tests.state.tape_kit import QUOTE, TRADE, Disk, Session, numbers, opened


def test_rows_that_may_wait_for_room_leave_no_hole(tmp_path, monkeypatch):
    monkeypatch.setattr("openoutcry.state.tape.RETRY_S", 0)
    disk = Disk()
    session = Session(opened(tmp_path, disk=disk, keep_rows=20))
    session.turn((QUOTE, 3))
    disk.room = 100  # a piece of the next frame
    session.turn((QUOTE, 10), (TRADE, 2))
    session.turn((QUOTE, 1))
    health = session.tape.health
    assert (health.state, health.dropped_rows, health.rows) == (TapeState.FULL, 0, 3)
    assert TapeReader(tmp_path).holes() == []
    disk.room = None
    session.turn((QUOTE, 2))
    assert session.tape.health.state is TapeState.RUNNING
    assert numbers(tmp_path, QUOTE) == list(range(16))
    session.tape.close()
    assert TapeReader(tmp_path).verify().complete


def test_more_rows_than_may_wait_are_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("openoutcry.state.tape.RETRY_S", 0)
    disk = Disk()
    session = Session(opened(tmp_path, disk=disk, keep_rows=20))
    disk.room = 0
    session.turn((QUOTE, 20))
    assert session.tape.health.dropped_rows == 0
    session.turn((QUOTE, 1))
    assert session.tape.health.dropped_rows == 21
    session.tape.close()
