"""Rows that wait: for room, of which a full disk leaves no hole as long as they fit into memory; or for good."""

import numpy as np
import pytest

from openoutcry.state.tape import TapeState
from openoutcry.state.tape_reader import TapeReader
from tests.state.tape_kit import QUOTE, TRADE, Disk, Killed, Session, numbers, opened


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


class Dying(Disk):
    """The process is killed when it is about to write the rows behind a segment's head."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self.writes += 1
        if self.writes == 2:
            raise Killed
        return super().write(fd, data)


def test_rows_that_were_never_written_move_no_later_ones(tmp_path):
    """A session that comes back without them goes on at an earlier time."""
    session = Session(opened(tmp_path, disk=Dying()))
    session.now += 10**9
    with pytest.raises(Killed):
        session.turn((QUOTE, 3))
    again = Session(opened(tmp_path))
    again.turn((QUOTE, 3))
    again.tape.close()
    stamps = [chunk["ts_received"] for chunk in TapeReader(tmp_path).chunks(QUOTE)]
    assert np.concatenate(stamps).max() <= again.now < session.now
