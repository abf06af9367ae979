"""Tapes for tests: rows that tell their own place, a disk that fails when it is told to, a kill at a step."""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openoutcry.state.catalog_files import KINDS, StreamKey
from openoutcry.state.tape import TapeState, TapeWriter
from openoutcry.state.tape_config import TapeConfig
from openoutcry.state.tape_reader import TapeReader
from openoutcry.state.tape_threads import RealDisk
from tests.markets import PERP, SPOT

QUOTE = StreamKey("quote", PERP.id)
TRADE = StreamKey("trade", SPOT.id)
BOOK = StreamKey("book", SPOT.id)
STREAMS = (QUOTE, TRADE, BOOK)
T0 = 1_704_067_200 * 10**9
DAY = 86_400 * 10**9
Columns = dict[str, NDArray[np.int64]]


def rows(stream: StreamKey, first: int, count: int, ts: int) -> Columns:
    """Rows number `first` on: every number is its row's, in column `c` plus `c` millions."""
    found = {
        name: np.arange(first, first + count, dtype=np.int64) + column * 1_000_000
        for column, name in enumerate(KINDS[stream.kind])
    }
    return found | {"ts_received": np.full(count, ts, dtype=np.int64)}


def opened(folder: Path, **options: object) -> TapeWriter:
    """A writer that converts when it is closed, or when the test does."""
    settings = {"background": False, "config": TapeConfig(sync_ms=3_600_000)} | options
    return TapeWriter(folder, STREAMS, [PERP, SPOT], **settings)  # type: ignore[arg-type]


class Session:
    """Pushes numbered rows through a writer and knows what must be on the tape.

    Attributes:
        rows: Rows of each stream that were flushed.
    """

    def __init__(self, tape: TapeWriter, now: int = T0, seq: int = 0) -> None:
        self.tape = tape
        self.now = now
        self.seq = seq
        self.rows = dict(tape.rows)

    def turn(self, *pushes: tuple[StreamKey, int], step: int = 10**9) -> None:
        """Push so many rows of streams, and flush."""
        self.now += step
        for stream, count in pushes:
            self.tape.write(stream, rows(stream, self.rows[stream], count, self.now))
            self.rows[stream] += count
        self.seq += 1
        self.tape.flush(self.seq, self.now)

    def state(self) -> TapeState:
        """How the tape is."""
        return self.tape.health.state


def numbers(folder: Path, stream: StreamKey, skip: int = 0) -> list[int]:
    """The row numbers that a tape gives, after every column was found to belong to its row."""
    return [int(n) for chunk in read(folder, stream, skip) for n in chunk]


def read(folder: Path, stream: StreamKey, skip: int = 0) -> Iterator[NDArray[np.int64]]:
    """As `numbers`, chunk by chunk."""
    for chunk in TapeReader(folder).chunks(stream, skip):
        first, *others = (name for name in KINDS[stream.kind] if name != "ts_received")
        column = KINDS[stream.kind].index
        for name in others:
            apart = (column(name) - column(first)) * 1_000_000
            assert (chunk[name] - chunk[first] == apart).all()
        yield chunk[first] - column(first) * 1_000_000


class Disk(RealDisk):
    """A disk that fails when it is told to."""

    def __init__(self) -> None:
        self.error = 0
        self.sync_error = 0
        self.room: int | None = None

    def open(self, path: Path) -> int:
        self._check(self.error)
        return super().open(path)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._check(self.error)
        if self.room is not None:
            if not self.room:
                self._check(errno.ENOSPC)
            data = data[: self.room]
            self.room -= len(data)
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self._check(self.sync_error)
        super().sync(fd)

    def _check(self, error: int) -> None:
        if error:
            raise OSError(error, os.strerror(error))


class Killed(BaseException):
    """Instead of a kill: nobody handles it."""


class KillAt:
    """Kills at the `left`th step; None counts steps only."""

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self.steps: list[str] = []

    def at(self, step: str) -> None:
        self.steps.append(step)
        if self.left is not None and len(self.steps) > self.left:
            raise Killed(step)


def only(keys: Sequence[StreamKey], *counts: int) -> dict[StreamKey, int]:
    """Counts by stream."""
    return dict(zip(keys, counts, strict=True))
