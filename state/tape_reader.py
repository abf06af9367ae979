"""Reads a tape: what is in its catalog, then its raw segments, as one sequence of rows for each stream.

A tape can be read while it is written, by the same process or another one; what is converted meanwhile is
read on from where it went.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from openoutcry.state import catalog_files
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.errors import DataError, TapeError
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.tape_convert import as_arrays, part_digest, taped
from openoutcry.state.tape_files import (
    CATALOG,
    Hole,
    Index,
    Missing,
    Place,
    RawSegment,
    index_numbers,
    index_path,
    raw_numbers,
    raw_path,
    read_index,
)

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

CHUNK_ROWS: Final = 1 << 17
"""Most rows of a chunk."""


class TapeCheck(msgspec.Struct, frozen=True):
    """What `TapeReader.verify` found. `torn_bytes` stand behind the last whole frame; they hold no row."""

    rows: int
    segments: int
    holes: tuple[Hole, ...]
    torn_bytes: int
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the tape holds everything that its session saw since it begins."""
        return not self.holes and not self.problems


class _Unit(msgspec.Struct, frozen=True):
    """A piece of the tape: what one index holds, or one raw segment."""

    first: int
    last: int
    streams: tuple[Place, ...]
    holes: tuple[Hole, ...]
    index: Index | None

    def row(self, stream: StreamKey) -> int | None:
        """Where a stream begins."""
        return next((place.row for place in self.streams if place.stream == stream), None)


class _End(msgspec.Struct, frozen=True):
    """Where a unit ends."""

    seq: int
    now: int
    places: tuple[Place, ...]
    rows: int
    lost: bool
    torn: int = 0
    damaged: bool = False


class TapeReader:
    """A tape that is read.

    Args:
        directory: Its folder, `STATE/tape`.
        chunk_rows: Most rows that `chunks` gives at once.
    """

    def __init__(self, directory: Path, *, chunk_rows: int = CHUNK_ROWS) -> None:
        self.directory = directory
        self._chunk_rows = chunk_rows
        self._indexes: dict[int, Index] = {}

    @property
    def streams(self) -> list[StreamKey]:
        """All streams that were ever written, in the order in which they came."""
        units = self._units()
        return [place.stream for place in units[-1].streams] if units else []

    @property
    def last_seq(self) -> int:
        """The last input whose rows are here; 0 when there is none."""
        return self._end_of_all().seq

    @property
    def last_now(self) -> int:
        """The session's time of that input, nanoseconds UTC."""
        return self._end_of_all().now

    def begin(self, stream: StreamKey) -> int:
        """The number of the first row that is kept: those before it went with their day."""
        for unit in self._units():
            if (row := unit.row(stream)) is not None:
                lost = (each for hole in unit.holes for each in hole.streams)
                return min([row, *(each.row for each in lost if each.stream == stream)])
        return 0

    def rows(self, stream: StreamKey) -> int:
        """How many rows the stream has had up to now: the number of the next one."""
        found = [place.row for place in self._end_of_all().places if place.stream == stream]
        return found[0] if found else 0

    def chunks(self, stream: StreamKey, skip: int = 0) -> "Iterator[Columns]":
        """The rows of a stream from number `skip` on, in order, a bounded number at a time.

        Lost rows are passed over: `holes` tells where.

        Raises:
            TapeError: The tape begins after that row, or is damaged.
            DataFormatError: A file of the catalog cannot be read.
        """
        at = skip
        units = self._units()
        number = units[0].first if units else 0
        if at < self.begin(stream):
            raise TapeError(f"the tape of {stream} begins at row {self.begin(stream)}, not at {at}")
        missed = 0
        while left := [unit for unit in units if unit.last >= number]:
            try:
                for row, columns in self._read(left[0], stream, at):
                    yield columns
                    at = row + len(columns["ts_received"])
            except FileNotFoundError as error:
                # Converted, or removed with its day, since the folder was read.
                missed = missed + 1 if left[0].first == number else 0
                units = self._units()
                if missed > 1 or at < self.begin(stream):
                    raise TapeError(f"{error.filename} is missing") from error
                number = left[0].first
                continue
            number, missed = left[0].last + 1, 0

    def files(self, seq: int) -> list[Path]:
        """The files that hold the rows of the inputs from `seq` on, with what is needed to read them.

        One piece more stands at the beginning: rows that were received may have been played after it.
        Of a tape that is being written a file may be gone when it is opened: then ask again.
        """
        units = self._units()
        ended = (n for n, unit in enumerate(units) if unit.index and unit.index.last_seq < seq)
        found = sorted((self.directory / CATALOG).glob("*.json"))
        for unit in units[max(ended, default=0) :]:
            if unit.index is None:
                found.append(raw_path(self.directory, unit.first))
                continue
            found.append(index_path(self.directory, unit.first))
            found += [self.directory / CATALOG / part.file for part in unit.index.parts]
        return found

    def holes(self) -> list[Hole]:
        """Where the tape does not hold what the core saw, in order; see `Hole`."""
        return [hole for hole, _ in self._joints()]

    def verify(self, noted: Iterable[MarketDataTaped] = ()) -> TapeCheck:
        """Read everything and compare it with what was written down.

        Args:
            noted: What the journal says of the tape: its digests are compared too.
        """
        problems: list[str] = []
        rows = torn = 0
        units = self._units()
        notes = {note.file: note for note in noted}
        for unit in units:
            if unit.index is not None:
                problems += self._check_index(unit.index, notes)
                rows += unit.index.rows
                continue
            end = self._end(unit)
            rows += end.rows
            torn += end.torn
            if end.damaged:
                problems.append(
                    f"{raw_path(self.directory, unit.first)}: damaged at row {end.rows}"
                )
        return TapeCheck(rows, len(units), tuple(self.holes()), torn, tuple(problems))

    # --- pieces ---------------------------------------------------------------------------------

    def _units(self) -> list[_Unit]:
        """The tape now, in order. Raw files are listed first: they vanish only when an index is there."""
        raws = raw_numbers(self.directory)
        units = []
        for number in index_numbers(self.directory):
            if number not in self._indexes:
                self._indexes[number] = read_index(self.directory, number)
            index = self._indexes[number]
            units.append(_Unit(index.first, index.last, index.streams, index.holes, index))
        covered = {raw for unit in units for raw in range(unit.first, unit.last + 1)}
        for number in raws:
            if number in covered:
                continue
            try:
                raw = RawSegment(raw_path(self.directory, number))
            except (TapeError, FileNotFoundError):
                continue  # without a head it has no row; and what vanished is found the next time
            raw.close()
            units.append(_Unit(number, number, raw.head.streams, raw.head.holes, None))
        return sorted(units, key=lambda unit: unit.first)

    def _read(self, unit: _Unit, stream: StreamKey, at: int) -> "Iterator[tuple[int, Columns]]":
        """Rows of a unit from row `at` on, each chunk with the number of its first row."""
        first = unit.row(stream)
        if first is None:
            return
        pieces = (
            self._raw(unit, stream, first)
            if unit.index is None
            else self._parts(unit.index, stream, at)
        )
        for row, columns in pieces:
            rows = len(columns["ts_received"])
            for begin in range(max(at - row, 0), rows, self._chunk_rows):
                end = min(begin + self._chunk_rows, rows)
                yield row + begin, {name: values[begin:end] for name, values in columns.items()}

    def _raw(self, unit: _Unit, stream: StreamKey, row: int) -> "Iterator[tuple[int, Columns]]":
        raw = RawSegment(raw_path(self.directory, unit.first))
        try:
            number = [place.stream for place in raw.head.streams].index(stream)
            for piece in raw.pieces(number):
                yield row, as_arrays(stream, piece, number)
                row += piece.rows[number]
        finally:
            raw.close()

    def _parts(self, index: Index, stream: StreamKey, at: int) -> "Iterator[tuple[int, Columns]]":
        for part in index.parts:
            if part.stream != stream or part.row + part.rows <= at:
                continue
            path = self.directory / CATALOG / part.file
            if not path.exists():
                raise FileNotFoundError(2, "not in the catalog", str(path))
            row = part.row
            for frame in catalog_files.read_slices(path, stream.kind, slice_rows=self._chunk_rows):
                yield row, catalog_files.as_columns(frame)
                row += frame.height

    def _end(self, unit: _Unit) -> _End:
        if unit.index is not None:
            index = unit.index
            return _End(index.last_seq, index.last_now, index.ends, index.rows, index.lost)
        raw = RawSegment(raw_path(self.directory, unit.first))
        try:
            found = raw.walk()
        finally:
            raw.close()
        places = tuple(found.places)
        return _End(found.seq, found.now, places, found.rows, raw.lost, found.torn, found.damaged)

    def _end_of_all(self) -> _End:
        for _ in range(2):
            units = self._units()
            try:
                return self._end(units[-1]) if units else _End(0, 0, (), 0, lost=False)
            except FileNotFoundError:
                continue  # converted meanwhile
        raise TapeError(f"{self.directory} changes all the time")

    def _joints(self) -> Iterator[tuple[Hole, int]]:
        """The holes, each with the number of the segment behind it."""
        before: _End | None = None
        for unit in self._units():
            yield from ((hole, unit.first) for hole in unit.holes)
            if not unit.holes and before is not None and (hole := _unnoted(before, unit)):
                yield hole, unit.first
            before = self._end(unit)
        if before is not None and (before.lost or before.damaged):
            missing = tuple(Missing(place.stream, place.row, None) for place in before.places)
            yield Hole(before.seq, "rows behind the end were lost", missing), 0

    def _check_index(self, index: Index, notes: Mapping[str, MarketDataTaped]) -> list[str]:
        """What is wrong with one index and its parts."""
        problems = []
        now = taped(self.directory, index)
        if now.file in notes and notes[now.file] != now:
            problems.append(f"{now.file}: not the one that the journal names")
        for part in index.parts:
            path = self.directory / CATALOG / part.file
            try:
                if part_digest(path, part.stream.kind) != (part.rows, part.digest):
                    problems.append(f"{path}: not what was written")
            except DataError as error:
                problems.append(error.message)
        return problems


def _unnoted(before: _End, unit: _Unit) -> Hole | None:
    """The hole between two units that nobody wrote down; None when they meet."""
    missing = []
    for place in before.places:
        begin = unit.row(place.stream)
        if begin is not None:
            count = None if before.lost or before.damaged else begin - place.row
            missing.append(Missing(place.stream, place.row, count))
    if all(each.count == 0 for each in missing):
        return None
    return Hole(before.seq, "the segment before is damaged", tuple(missing))
