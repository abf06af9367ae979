"""The files of a tape: names, the head of a raw segment, the index of what was converted.

    tape/segments/00000012.tape   raw: a head, then frames (`rust_ext/src/tape.rs`), one for each turn
    tape/index/00000012.json      says that the segments from 12 on, up to `last`, are in the catalog
    tape/catalog/                 Parquet, as docs/reference/catalog.md; `....00000012.parquet`

A segment is read from the catalog once its index is there, and from its raw file before. Rows are numbered
from 0 over the whole life of a tape, stream by stream; rows that were lost have numbers too.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.state.catalog_files import KINDS, StreamKey
from openoutcry.state.errors import SchemaTooNew, StateError, TapeError

SEGMENTS: Final = "segments"
INDEX: Final = "index"
CATALOG: Final = "catalog"
PIECE_BYTES: Final = 4 << 20
"""Of a raw segment that is read in one go, unless a single frame is larger."""

_MAGIC: Final = b"OOTAPE\x00\x01"  # the last byte is the version of the format
_LOST_AT: Final = len(_MAGIC)
_SIZES_AT: Final = _LOST_AT + 8
_TEXT_AT: Final = _SIZES_AT + 8
_DIGEST_BYTES: Final = 16
_HEAD_MAX: Final = 1 << 24
_RAW: Final = re.compile(r"(\d{8})\.tape")
_INDEXED: Final = re.compile(r"(\d{8})\.json")


class Place(msgspec.Struct, frozen=True):
    """A stream at a moment: the rows before it, and the last time of receipt (nanoseconds UTC)."""

    stream: StreamKey
    row: int
    stamp: int = 0


class Missing(msgspec.Struct, frozen=True):
    """Rows of a stream that are not on the tape: `row` is the first of them; None is an unknown number."""

    stream: StreamKey
    row: int
    count: int | None


class Hole(msgspec.Struct, frozen=True):
    """A place where the tape does not hold what the core saw.

    `after_seq` is the last input before it whose rows are there. Every stream is named, also those of
    which nothing is known to be missing (`count` 0): what comes after row `row` came after the hole.
    """

    after_seq: int
    reason: str
    streams: tuple[Missing, ...]

    @property
    def rows(self) -> int | None:
        """Rows that are missing together; None when nobody counted them."""
        counts = [missing.count for missing in self.streams if missing.count is not None]
        return sum(counts) if len(counts) == len(self.streams) else None


class Head(msgspec.Struct, frozen=True):
    """What stands in front of a raw segment: where everything is when it begins."""

    number: int
    seq: int
    now: int
    streams: tuple[Place, ...]
    holes: tuple[Hole, ...] = ()

    @property
    def columns(self) -> list[list[str]]:
        """Column names of each stream, as the native reader takes them."""
        return [list(KINDS[place.stream.kind]) for place in self.streams]

    def encode(self) -> bytes:
        """As it stands in the file; its length is a multiple of 8."""
        text = msgspec.json.encode(self)
        text += b" " * (-(_TEXT_AT + len(text)) % 8)
        sizes = len(text).to_bytes(8, "little")
        digest = _native.digest(text)[:_DIGEST_BYTES]
        return _MAGIC + bytes(8) + sizes + text + digest


class Part(msgspec.Struct, frozen=True):
    """Rows of a stream in one Parquet file: `file` below the catalog, `digest` that of its columns."""

    stream: StreamKey
    file: str
    row: int
    rows: int
    digest: str


class Index(msgspec.Struct, frozen=True):
    """What one or more segments became: `first` to `last`, inputs `first_seq` to `last_seq`.

    `streams` is where they begin, `ends` where they end; `holes` stand before the first row.
    """

    first: int
    last: int
    first_seq: int
    last_seq: int
    first_now: int
    last_now: int
    streams: tuple[Place, ...]
    ends: tuple[Place, ...]
    parts: tuple[Part, ...]
    holes: tuple[Hole, ...]
    lost: bool

    @property
    def rows(self) -> int:
        """Rows of all streams."""
        return sum(part.rows for part in self.parts)


def raw_path(tape: Path, number: int) -> Path:
    """The raw file of a segment."""
    return tape / SEGMENTS / f"{number:08}.tape"


def index_path(tape: Path, number: int) -> Path:
    """The index of what begins with a segment."""
    return tape / INDEX / f"{number:08}.json"


def raw_numbers(tape: Path) -> list[int]:
    """Numbers of the raw segments that are there, in order."""
    return _numbers(tape / SEGMENTS, _RAW)


def index_numbers(tape: Path) -> list[int]:
    """First numbers of what is in the catalog, in order."""
    return _numbers(tape / INDEX, _INDEXED)


def _numbers(folder: Path, pattern: re.Pattern[str]) -> list[int]:
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(found[1]) for name in names if (found := pattern.fullmatch(name)))


def spare_path(tape: Path, number: int) -> Path:
    """A file that waits to become a segment."""
    return tape / SEGMENTS / f"spare-{number}"


def read_index(tape: Path, number: int) -> Index:
    """One index.

    Raises:
        TapeError: It is damaged.
        FileNotFoundError: There is none.
    """
    path = index_path(tape, number)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Index)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TapeError(f"{path}: {error}") from error


class RawSegment:
    """A raw segment that is read, also while it grows. Closed by `close`.

    Attributes:
        head: Its head.
        begin: Where the frames begin.
        lost: Whether the rows behind its end were lost, as its writer noted.
        damaged: Whether the last reading ended at what is no frame.

    Raises:
        TapeError: It has no whole head.
        SchemaTooNew: It has another version of the format.
        FileNotFoundError: It is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = False
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.head, self.begin, self.lost = _read_head(self._fd, path)
        except StateError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def pieces(self, wanted: int | None = -1, at: int = 0) -> Iterator[_native.TapePiece]:
        """What it holds, piece by piece, up to the first frame that is not whole.

        Args:
            wanted: Number of a stream whose columns are taken; None for all, -1 for none.
            at: A byte where a frame begins; 0 for the first.
        """
        columns = self.head.columns
        only = len(columns) if wanted == -1 else wanted
        at = at or self.begin
        size = PIECE_BYTES
        while True:
            piece = _native.TapePiece(os.pread(self._fd, size, at), columns, only)
            if piece.consumed:
                yield piece
            at += piece.consumed
            self.damaged = piece.damaged
            if piece.damaged or not (piece.consumed or piece.needs > size):
                return
            size = max(PIECE_BYTES, piece.needs)
            if at + piece.needs > self.size:
                return

    @property
    def size(self) -> int:
        """Bytes of the file now."""
        return os.fstat(self._fd).st_size

    def walk(self) -> "Walked":
        """Read all of it, to know where it ends."""
        rows = [place.row for place in self.head.streams]
        stamps = [place.stamp for place in self.head.streams]
        found = Walked(self.head.seq, self.head.now, self.begin)
        for piece in self.pieces():
            rows = [a + b for a, b in zip(rows, piece.rows, strict=True)]
            stamps = [a if b is None else b for a, b in zip(stamps, piece.stamps, strict=True)]
            found.end += piece.consumed
            found.seq, found.now = piece.seq, piece.now
            found.rows += sum(piece.rows)
        found.places = [
            Place(place.stream, row, stamp)
            for place, row, stamp in zip(self.head.streams, rows, stamps, strict=True)
        ]
        found.torn = max(self.size - found.end, 0)
        found.damaged = self.damaged
        return found


class Walked(msgspec.Struct):
    """Where a raw segment ends: last input and time, byte, places of the streams, rows of all of them.

    `torn` bytes follow. They are `damaged` when they are not just the beginning of a frame: then more than
    what was being written may be lost, as after a power cut.
    """

    seq: int
    now: int
    end: int
    places: list[Place] = []
    rows: int = 0
    torn: int = 0
    damaged: bool = False


def _read_head(fd: int, path: Path) -> tuple[Head, int, bool]:
    start = os.pread(fd, _TEXT_AT, 0)
    length = int.from_bytes(start[_SIZES_AT:], "little")
    if len(start) < _TEXT_AT or start[: len(_MAGIC) - 1] != _MAGIC[:-1] or length > _HEAD_MAX:
        raise TapeError(f"{path}: it has no head")
    if start[: len(_MAGIC)] != _MAGIC:
        raise SchemaTooNew(f"{path}: written in version {start[len(_MAGIC) - 1]} of the format")
    text = os.pread(fd, length + _DIGEST_BYTES, _TEXT_AT)
    if _native.digest(text[:length])[:_DIGEST_BYTES] != text[length:]:
        raise TapeError(f"{path}: its head is damaged")
    try:
        head = msgspec.json.decode(text[:length], type=Head)
    except msgspec.MsgspecError as error:
        raise TapeError(f"{path}: {error}") from error
    lost = start[_LOST_AT:_SIZES_AT] != bytes(8)
    return head, _TEXT_AT + length + _DIGEST_BYTES, lost


def mark_lost(fd: int) -> None:
    """Note in a segment that what came after its end was lost; takes no room on the disk."""
    os.pwrite(fd, b"\x01", _LOST_AT)
