"""The tape gives back exactly the rows of every whole flush, wherever it was cut, killed or converted."""

import errno
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_check import Severity
from openoutcry.state.errors import CatalogError, SchemaTooNew, TapeError
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.tape import TapeState
from openoutcry.state.tape_config import TapeConfig
from openoutcry.state.tape_convert import Converter
from openoutcry.state.tape_files import index_numbers, raw_numbers, raw_path
from openoutcry.state.tape_reader import TapeReader
from tests.state.tape_kit import (
    BOOK,
    DAY,
    QUOTE,
    STREAMS,
    T0,
    TRADE,
    Disk,
    KillAt,
    Killed,
    Session,
    numbers,
    opened,
    rows,
)


def same(folder: Path, session_rows) -> None:
    """The tape holds exactly the rows that were flushed."""
    for stream in STREAMS:
        assert numbers(folder, stream) == list(range(session_rows[stream])), stream


def converter(folder: Path, **options) -> Converter:
    return Converter(folder, limit_bytes=1 << 40, limit_ns=DAY, **options)


def convert_all(folder: Path, kind: Converter) -> None:
    kind.mend()
    while due := kind.due(1 << 30, T0 + 10 * DAY, final=True):
        kind.convert(due)


def random_turns(session: Session, draw: random.Random, turns: int) -> None:
    for _ in range(turns):
        pushes = [
            (draw.choice(STREAMS), draw.choice([1, 1, 2, 50])) for _ in range(draw.randrange(4))
        ]
        session.turn(*pushes, step=draw.choice([0, 1, 10**9, 3600 * 10**9]))


# --- what is written is read ------------------------------------------------------------------------


def test_rows_come_back_in_order_from_raw_files_and_from_the_catalog(tmp_path):
    tape = opened(tmp_path)
    session = Session(tape)
    session.turn((QUOTE, 3), (BOOK, 2))
    session.turn((QUOTE, 1), (TRADE, 1), (QUOTE, 2))
    assert TapeReader(tmp_path).rows(QUOTE) == 6
    same(tmp_path, session.rows)  # the open segment of this process
    tape.flush(9, T0)
    assert tape.last_seq == 2, "nothing was written, so nothing was flushed"
    assert tape.close()
    assert raw_numbers(tmp_path) == []
    same(tmp_path, session.rows)
    reader = TapeReader(tmp_path)
    assert (reader.streams, reader.last_seq, reader.holes()) == (list(STREAMS), 2, [])
    assert numbers(tmp_path, QUOTE, 4) == [4, 5]
    assert numbers(tmp_path, QUOTE, 6) == []
    check = reader.verify()
    assert (check.rows, check.complete) == (9, True)


def test_a_turn_is_never_half_there(tmp_path):
    tape = opened(tmp_path)
    session = Session(tape)
    session.turn((QUOTE, 1), (TRADE, 1))
    size = raw_path(tmp_path, 1).stat().st_size
    session.turn((QUOTE, 1), (TRADE, 1), (BOOK, 1))
    whole = raw_path(tmp_path, 1).stat().st_size
    tape.close(convert=False)
    for end in range(whole - 1, size - 1, -1):
        os.truncate(raw_path(tmp_path, 1), end)
        assert [len(numbers(tmp_path, stream)) for stream in STREAMS] == [1, 1, 0]


def test_stamps_that_step_back_are_raised_as_the_kernel_raises_them(tmp_path):
    tape = opened(tmp_path)
    for ts in (T0 + 5, T0 + 3, T0 + 7):
        tape.write(QUOTE, rows(QUOTE, 0, 1, ts))
        tape.flush(1, ts)
    tape.close(convert=False)
    tape = opened(tmp_path)
    tape.write(QUOTE, rows(QUOTE, 0, 1, T0))
    tape.flush(2, T0)
    (chunk,) = TapeReader(tmp_path).chunks(QUOTE, 3)
    tape.close()
    stamps = np.concatenate([c["ts_received"] for c in TapeReader(tmp_path).chunks(QUOTE)])
    assert (stamps - T0).tolist() == [5, 5, 7, 7]
    assert chunk["ts_received"].tolist() == [T0 + 7]


@pytest.mark.parametrize("seed", range(8))
def test_random_sessions_that_are_cut_anywhere_keep_every_whole_flush(tmp_path, seed):
    draw = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201 - a failure is repeated with it
    folder, now, seq = tmp_path / "tape", T0, 0
    for _ in range(6):
        limits = TapeConfig(sync_ms=3_600_000, segment_minutes=draw.choice([1, 600]))
        session = Session(opened(folder, config=limits), now, seq)
        random_turns(session, draw, draw.randrange(30))
        kept, flushed = dict(session.rows), session.tape.last_seq
        last = raw_numbers(folder)[-1:] and raw_path(folder, raw_numbers(folder)[-1])
        size = last.stat().st_size if last else 0
        random_turns(session, draw, 1)
        now, seq = session.now, session.seq
        session.tape.close(convert=draw.random() < 0.3)
        if last and last.exists() and last.stat().st_size > size and draw.random() < 0.7:
            os.truncate(last, draw.randrange(size, last.stat().st_size))
            session.rows = kept
            assert TapeReader(folder).last_seq == flushed
        same(folder, session.rows)
        assert TapeReader(folder).holes() == []
    convert_all(folder, converter(folder))
    same(folder, session.rows)
    assert TapeReader(folder).verify().complete
    assert not raw_numbers(folder)


def test_a_torn_frame_is_cut_off_and_counted(tmp_path):
    session = Session(opened(tmp_path))
    session.turn((QUOTE, 5))
    session.tape.close(convert=False)
    whole = raw_path(tmp_path, 1).stat().st_size
    with raw_path(tmp_path, 1).open("ab") as file:
        file.write(b"OOTF and so on")
    again = opened(tmp_path)
    assert again.health.torn_bytes == 14
    assert raw_path(tmp_path, 1).stat().st_size == whole
    assert again.rows[QUOTE] == 5
    again.close()
    assert TapeReader(tmp_path).verify().complete


def test_damage_in_the_middle_is_a_hole(tmp_path):
    session = Session(opened(tmp_path, config=TapeConfig(segment_minutes=1)))
    session.turn((QUOTE, 5))
    session.turn((QUOTE, 5))
    session.turn((QUOTE, 5), step=120 * 10**9)
    session.tape.close(convert=False)
    data = bytearray(raw_path(tmp_path, 1).read_bytes())
    data[-3] ^= 1
    raw_path(tmp_path, 1).write_bytes(data)
    for _ in range(2):
        assert numbers(tmp_path, QUOTE) == [*range(5), *range(10, 15)]
        (hole,) = TapeReader(tmp_path).holes()
        assert (hole.after_seq, hole.streams[0].row) == (1, 5)
        convert_all(tmp_path, converter(tmp_path))


def test_a_newer_format_is_refused(tmp_path):
    session = Session(opened(tmp_path))
    session.turn((QUOTE, 1))
    session.tape.close(convert=False)
    data = bytearray(raw_path(tmp_path, 1).read_bytes())
    data[7] = 2
    raw_path(tmp_path, 1).write_bytes(data)
    with pytest.raises(SchemaTooNew):
        opened(tmp_path)


# --- conversion -------------------------------------------------------------------------------------


def small_segments(folder: Path) -> Session:
    """Three days in segments of an hour."""
    session = Session(opened(folder, config=TapeConfig(segment_minutes=600)))
    for _ in range(9):
        session.turn((QUOTE, 4), (TRADE, 1), step=8 * 3600 * 10**9)
        session.turn((BOOK, 2))
    session.tape.close(convert=False)
    return session


def test_killed_between_any_two_steps_of_the_conversion_no_row_is_lost_or_doubled(tmp_path):
    counted = KillAt()
    convert_all(
        (small_segments(tmp_path / "all"), tmp_path / "all")[1],
        converter(tmp_path / "all", hooks=counted),
    )
    assert {"part written", "before index", "after index", "after note", "after removal"} <= set(
        counted.steps
    )
    for step in range(len(counted.steps)):
        folder = tmp_path / str(step)
        session = small_segments(folder)
        told: list[MarketDataTaped] = []
        with pytest.raises(Killed):
            convert_all(folder, converter(folder, hooks=KillAt(step), on_closed=told.append))
        same(folder, session.rows)
        convert_all(folder, converter(folder, on_closed=told.append))
        same(folder, session.rows)
        assert TapeReader(folder).verify(told).complete
        assert {note.file for note in told} == {
            f"{step}/index/{number:08}.json" for number in index_numbers(folder)
        }
        whole = Catalog(folder / "catalog")
        assert sum(stream.rows for stream in whole.ls()) == sum(session.rows.values())


def test_an_attempt_that_took_more_segments_leaves_nothing_behind(tmp_path):
    """Killed after a day's part was written, and then converted in smaller steps."""
    session = Session(opened(tmp_path))
    session.turn((QUOTE, 4))
    session.tape.close(convert=False)
    session = Session(opened(tmp_path), T0 + DAY, session.seq)
    session.turn((QUOTE, 4))
    session.tape.close(convert=False)
    with pytest.raises(Killed):
        converter(tmp_path, hooks=KillAt(2)).convert([1, 2])
    assert len(list((tmp_path / "catalog").rglob("*.parquet"))) == 2
    converter(tmp_path).mend()
    converter(tmp_path).convert([1])
    same(tmp_path, session.rows)
    convert_all(tmp_path, converter(tmp_path))
    same(tmp_path, session.rows)
    assert sum(s.rows for s in Catalog(tmp_path / "catalog").ls()) == 8


def test_small_segments_are_put_together_and_wait_for_more(tmp_path):
    for number in range(5):
        session = Session(opened(tmp_path), T0 + number * 10**12, number)
        session.turn((QUOTE, 1))
        session.tape.close(convert=False)
    kind = converter(tmp_path)
    assert kind.due(6, T0 + 6 * 10**12) == []
    assert kind.due(6, T0 + 6 * 10**12, final=True) == [1, 2, 3, 4, 5]
    assert kind.due(6, T0 + DAY) == [1, 2, 3, 4, 5]
    assert kind.convert([1, 2, 3, 4, 5]).rows == 5
    same(tmp_path, session.rows)


def test_segments_are_converted_beside_a_running_session(tmp_path):
    told = []
    done = threading.Event()

    def note(record):
        told.append(record)
        done.set()

    limits = TapeConfig(sync_ms=1, segment_minutes=1)
    session = Session(opened(tmp_path, config=limits, background=True, on_closed=note))
    reader = TapeReader(tmp_path)
    chunks = reader.chunks(QUOTE)
    for _ in range(40):
        session.turn((QUOTE, 100), step=90 * 10**9)
    assert done.wait(60)
    same(tmp_path, session.rows)
    session.tape.close()
    assert sum(len(chunk["bid"]) for chunk in chunks) == 4_000
    assert reader.verify(told).complete
    assert sum(record.rows for record in told) == 4_000
    assert (told[0].first, told[-1].last) == (1, 40)


def test_the_catalog_of_a_tape_is_a_sound_catalog_that_nothing_else_writes(tmp_path):
    session = small_segments(tmp_path)
    convert_all(tmp_path, converter(tmp_path))
    catalog = Catalog(tmp_path / "catalog")
    assert {info.kind: info.rows for info in catalog.ls()} == {
        key.kind: session.rows[key] for key in STREAMS
    }
    found = {finding.name for finding in catalog.check() if finding.severity is Severity.ERROR}
    assert found <= {"received_before_event", "price_not_positive"}
    with pytest.raises(CatalogError, match="is a tape"):
        catalog.write("quote", QUOTE.instrument, rows(QUOTE, 0, 1, T0), source="x")


def test_old_days_go_and_the_tape_says_where_it_begins(tmp_path):
    session = small_segments(tmp_path)
    convert_all(tmp_path, converter(tmp_path))
    with pytest.raises(Killed):
        converter(tmp_path, hooks=KillAt(0)).retain(1, session.now)
    convert_all(tmp_path, converter(tmp_path))
    assert converter(tmp_path).retain(1, session.now) > 0
    reader = TapeReader(tmp_path)
    begin = reader.begin(QUOTE)
    assert 0 < begin < session.rows[QUOTE]
    assert numbers(tmp_path, QUOTE, begin) == list(range(begin, session.rows[QUOTE]))
    with pytest.raises(TapeError, match=f"begins at row {begin}"):
        numbers(tmp_path, QUOTE, begin - 1)
    assert reader.verify().complete
    assert sum(s.rows for s in Catalog(tmp_path / "catalog").ls()) == reader.verify().rows
    again = opened(tmp_path)
    assert again.rows == session.rows
    again.close()


# --- what the disk may do ---------------------------------------------------------------------------


def test_a_full_disk_loses_counted_rows_and_leaves_a_hole(tmp_path, monkeypatch):
    monkeypatch.setattr("openoutcry.state.tape.RETRY_S", 0)
    disk, states = Disk(), []
    session = Session(opened(tmp_path, disk=disk, on_change=lambda h: states.append(h.state)))
    session.turn((QUOTE, 3))
    disk.room = 100  # a piece of the next frame
    session.turn((QUOTE, 10), (TRADE, 2))
    session.turn((QUOTE, 1))
    health = session.tape.health
    assert (health.state, health.dropped_rows, health.rows) == (TapeState.FULL, 13, 3)
    assert numbers(tmp_path, QUOTE) == [0, 1, 2]
    (hole,) = TapeReader(tmp_path).holes()
    assert (hole.after_seq, hole.rows) == (1, None), "until it heals nobody has counted"
    disk.room = None
    session.turn((QUOTE, 2))
    assert states == [TapeState.FULL, TapeState.RUNNING]
    assert session.tape.health.holes == 1
    for _ in range(2):
        assert numbers(tmp_path, QUOTE) == [0, 1, 2, 14, 15]
        (hole,) = TapeReader(tmp_path).holes()
        assert (hole.after_seq, hole.rows) == (1, 13)
        assert [(m.row, m.count) for m in hole.streams] == [(3, 11), (0, 2), (0, 0)]
        session.tape.close()
    assert not TapeReader(tmp_path).verify().complete
    assert not TapeReader(tmp_path).verify().problems


def test_killed_while_the_disk_is_full_the_hole_is_known_afterwards(tmp_path):
    disk = Disk()
    session = Session(opened(tmp_path, disk=disk))
    session.turn((QUOTE, 3))
    disk.room = 0
    session.turn((QUOTE, 10))
    session.tape.close(convert=False)
    for again in range(2):
        assert [hole.rows for hole in TapeReader(tmp_path).holes()] == [None], again
        session = Session(opened(tmp_path), session.now, session.seq)
        session.turn((QUOTE, 2))
        session.tape.close()
    assert numbers(tmp_path, QUOTE) == [0, 1, 2, 13 - 10, 4, 5, 6]


def test_rows_that_the_core_has_and_the_tape_has_not_are_a_hole(tmp_path):
    session = Session(opened(tmp_path))
    session.turn((QUOTE, 3))
    session.tape.close()
    session = Session(opened(tmp_path, rows={QUOTE: 8}), session.now, 20)
    session.turn((QUOTE, 1))
    session.tape.close()
    assert numbers(tmp_path, QUOTE) == [0, 1, 2, 8]
    (hole,) = TapeReader(tmp_path).holes()
    assert (hole.after_seq, hole.rows) == (1, 5)


def test_a_gap_that_the_session_knows_of_is_a_hole(tmp_path):
    session = Session(opened(tmp_path))
    session.turn((QUOTE, 3))
    session.tape.gap("the feed was lost")
    session.turn((QUOTE, 3))
    (hole,) = TapeReader(tmp_path).holes()
    assert (hole.reason, hole.rows) == ("the feed was lost", None)
    same(tmp_path, session.rows)
    session.tape.close()


def test_any_other_error_fails_the_tape_until_it_works_again(tmp_path, monkeypatch):
    monkeypatch.setattr("openoutcry.state.tape.RETRY_S", 0)
    disk = Disk()
    session = Session(opened(tmp_path, disk=disk))
    disk.error = errno.EIO
    session.turn((QUOTE, 3))
    health = session.tape.health
    assert (health.state, health.dropped_rows) == (TapeState.FAILED, 3)
    assert "Input/output error" in health.reason
    disk.error = 0
    session.turn((QUOTE, 1))
    assert session.state() is TapeState.RUNNING
    session.tape.close()
    assert numbers(tmp_path, QUOTE) == [3]


def test_a_sync_that_fails_begins_another_segment_and_loses_nothing(tmp_path):
    disk = Disk()
    changed = threading.Condition()
    session = Session(opened(tmp_path, disk=disk, config=TapeConfig(sync_ms=1)))
    disk.sync_error = errno.EIO
    for _ in range(2_000):
        session.turn((QUOTE, 1))
        if session.state() is TapeState.FAILED:
            break
        with changed:
            changed.wait(0.001)
    assert session.state() is TapeState.FAILED
    disk.sync_error = 0
    for _ in range(2_000):
        session.turn((QUOTE, 1))
        if session.state() is TapeState.RUNNING:
            break
        with changed:
            changed.wait(0.001)
    assert session.state() is TapeState.RUNNING
    same(tmp_path, session.rows)
    session.tape.close()
    same(tmp_path, session.rows)
    assert TapeReader(tmp_path).holes() == []


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_real_full_disk_heals_when_there_is_room_again(small_disk, monkeypatch):
    monkeypatch.setattr("openoutcry.state.tape.RETRY_S", 0)
    folder = small_disk / "tape"
    session = Session(opened(folder))
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3 << 20))
    while session.state() is TapeState.RUNNING:
        session.turn((QUOTE, 2_000))
    kept = session.rows[QUOTE] - 2_000
    assert numbers(folder, QUOTE) == list(range(kept))
    ballast.unlink()
    session.turn((QUOTE, 10))
    assert session.state() is TapeState.RUNNING
    assert session.tape.close()
    assert numbers(folder, QUOTE) == [*range(kept), *range(kept + 2_000, kept + 2_010)]
    (hole,) = TapeReader(folder).holes()
    assert hole.rows == 2_000


# --- kill -9 ----------------------------------------------------------------------------------------


def test_a_killed_process_loses_nothing_that_it_flushed(tmp_path):
    folder = tmp_path / "tape"
    least = 0
    for life in range(3):
        command = [sys.executable, "-m", "tests.crash.tape_child", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            for _ in range(50 + life * 700):
                reported = child.stdout.read(8)
            child.kill()
            reported = (reported + child.stdout.read())[-8:]
        told = int.from_bytes(reported, "big")
        there = TapeReader(folder).rows(QUOTE)
        assert there >= told > least
        same(folder, {QUOTE: there, TRADE: TapeReader(folder).rows(TRADE), BOOK: 0})
        assert TapeReader(folder).verify().complete
        least = there


# --- memory -----------------------------------------------------------------------------------------


def test_a_chunk_bounds_what_is_in_memory(tmp_path):
    tape = opened(tmp_path)
    session = Session(tape)
    for _ in range(20):
        session.turn((QUOTE, 20_000))
    for _ in range(2):
        reader = TapeReader(tmp_path, chunk_rows=1_000)
        sizes = [len(chunk["bid"]) for chunk in reader.chunks(QUOTE, 399_500 - 390_000)]
        assert max(sizes) <= 1_000
        assert sum(sizes) == 400_000 - 9_500
        tape.close()
