"""Decoded columns as raw numbers on disk, which any number of processes map into memory.

Decoding Parquet costs several times what a replay does with a row. Who plays the same data often keeps the
decoded columns: one file per part of a stream (a large Parquet file, or small neighbours together), in
`.columns` inside the catalog, or, where that cannot be written, in the user's cache folder. A file is

    8 bytes magic, 8 bytes length of the header, the header (JSON), 32 bytes BLAKE3 of all that,
    and from byte 4096 (or the next multiple that fits) on one column after the other: little-endian
    int64, each column beginning at a multiple of 64 bytes.

Nothing stale is ever served: the header names size, both change times and inode of each Parquet file, and
where a change could hide behind the clock's resolution also the digest of its contents. A damaged file is
found by the header's digest, its length and the sum of each column, and built again. Files are written
beside and renamed, so that builders do not disturb each other or readers.
"""

import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from openoutcry import _native
from openoutcry.state import catalog_files
from openoutcry.state.catalog_files import KINDS, StreamKey

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

LIMIT_BYTES: Final = 64 << 30
"""Most that one catalog's cache holds; what was not used longest makes room."""

_MAGIC: Final = b"OOCOLS\x00\x01"  # the last byte is the version of the layout
_HEAD: Final = struct.Struct("<8sQ")
_DIGEST_BYTES: Final = 32
_PAGE: Final = 4096
_ALIGN: Final = 64
_SUFFIX: Final = ".columns"
_SETTLED_NS: Final = 2 * 10**9  # no file system tells times coarser than this apart
_ABANDONED_NS: Final = 3600 * 10**9
_FREE_BYTES: Final = 1 << 30  # stays free on the disk


class _Source(msgspec.Struct, frozen=True, array_like=True):
    """What a Parquet file was when it was decoded."""

    name: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: str = ""

    @classmethod
    def of(cls, path: Path) -> "_Source":
        stat = path.stat()
        times = (stat.st_mtime_ns, stat.st_ctime_ns)
        return cls(path.name, stat.st_size, *times, stat.st_ino)


class _Header(msgspec.Struct, frozen=True):
    byte_order: str
    stream: str
    columns: tuple[str, ...]
    rows: int
    sums: tuple[int, ...]
    sources: tuple[_Source, ...]


class MappedColumns:
    """Columns that lie in a file, and come into memory where they are read."""

    def __init__(self, columns: "Columns", memory: mmap.mmap) -> None:
        self.columns = columns
        self._memory = memory

    def release(self) -> None:
        """Give the memory back for now: what is read again comes from the file, or the page cache."""
        self._memory.madvise(mmap.MADV_DONTNEED)


class ColumnCache:
    """The decoded columns of one catalog.

    Args:
        root: Folder of the catalog.
        folder: Where the files lie; None for `.columns` in the catalog, else in the user's cache
            folder (`$XDG_CACHE_HOME/openoutcry`, by default `~/.cache/openoutcry`).
        limit_bytes: Most that the folder may hold.
    """

    def __init__(
        self, root: Path, folder: Path | None = None, *, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        self._root = root
        self._folders = [folder] if folder is not None else [root / ".columns", _user_folder(root)]
        self._limit = limit_bytes

    def columns(self, key: StreamKey, paths: Sequence[Path]) -> "MappedColumns | None":
        """The columns of a part, mapped read-only; built first where that is needed.

        Returns:
            None when no folder can be written, or there is no room.

        Raises:
            DataFormatError: A Parquet file cannot be used.
        """
        places = [key.folder(folder) / f"{paths[0].stem}{_SUFFIX}" for folder in self._folders]
        for place in places:
            if (found := _mapped(place, key, paths)) is not None:
                return found
        for folder, place in zip(self._folders, places, strict=True):
            if self._build(folder, place, key, paths):
                return _mapped(place, key, paths)
        return None

    def _build(self, folder: Path, place: Path, key: StreamKey, paths: Sequence[Path]) -> bool:
        """Decode a part into a file; False where it cannot be written, or its source changed meanwhile."""
        rows = catalog_files.count_rows(paths, key.kind)
        size = _layout(key, rows, paths)[-1]
        temporary = place.with_name(f".{place.name}.{os.urandom(6).hex()}.tmp")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not self._make_room(folder, size):
                return False
            try:
                with temporary.open("xb") as file:
                    os.truncate(file.fileno(), size)
                    if not _fill(file.fileno(), key, paths, rows):
                        return False
                temporary.replace(place)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _make_room(self, folder: Path, size: int) -> bool:
        """Whether a file of this size may be added, after the least recently used ones have gone."""
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < size + _FREE_BYTES or size > self._limit:
            return False
        kept = sorted(_files(folder))
        used = sum(stat.st_size for _, stat in kept)
        newest = max((stat.st_mtime_ns for _, stat in kept), default=0)
        for path, stat in sorted(kept, key=lambda item: (item[1].st_mtime_ns, item[0])):
            abandoned = path.suffix == ".tmp" and stat.st_mtime_ns < newest - _ABANDONED_NS
            if used + size > self._limit or abandoned or self._is_orphan(folder, path):
                path.unlink(missing_ok=True)  # whoever has it mapped keeps what it has
                used -= stat.st_size
        return True

    def _is_orphan(self, folder: Path, path: Path) -> bool:
        """Whether the Parquet file that a file begins with is gone."""
        source = self._root / path.relative_to(folder).with_suffix(".parquet")
        return path.suffix == _SUFFIX and not source.exists()


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.rglob("*"):
        if path.suffix in (_SUFFIX, ".tmp"):
            try:
                yield path, path.stat()
            except FileNotFoundError:  # another builder made room
                continue


def _user_folder(root: Path) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = _native.digest(os.fsencode(root.resolve()))[:16].hex()
    return Path(base) / "openoutcry" / "columns" / name


def _layout(key: StreamKey, rows: int, paths: Sequence[Path]) -> list[int]:
    """Where each column begins, and the length of the file."""
    names = sum(len(path.name) for path in paths)
    first = -(-(_PAGE // 2 + names + 256 * len(paths)) // _PAGE) * _PAGE
    step = -(-rows * 8 // _ALIGN) * _ALIGN
    return [first + n * step for n in range(len(KINDS[key.kind]) + 1)]


def _fill(file: int, key: StreamKey, paths: Sequence[Path], rows: int) -> bool:
    """Decode into an open file; False when a source changed meanwhile, or the header has no room."""
    before = _identified(paths, os.fstat(file))
    offsets = _layout(key, rows, paths)
    names = KINDS[key.kind]
    sums = [0] * len(names)
    done = 0
    for frame in catalog_files.read_stream(paths, key.kind):
        if done + frame.height > rows:
            return False
        for n, (name, values) in enumerate(catalog_files.as_columns(frame).items()):
            assert name == names[n], "columns come in file order"
            _write(file, values.data.cast("B"), offsets[n] + done * 8)
            sums[n] += _sum(values)
        done += frame.height
    digests = [source.digest for source in before]
    after = [_digested(_Source.of(p), p, d) for p, d in zip(paths, digests, strict=True)]
    if done != rows or after != before:
        return False
    header = _Header(
        sys.byteorder, str(key), names, rows, tuple(n % 2**64 for n in sums), tuple(before)
    )
    text = msgspec.json.encode(header)
    head = _HEAD.pack(_MAGIC, len(text)) + text
    head += _native.digest(head)
    if len(head) > offsets[0]:
        return False
    _write(file, memoryview(head), 0)
    return True


def _write(file: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written


def _identified(paths: Sequence[Path], built: os.stat_result) -> list[_Source]:
    """The sources as they are now; with digests where a later change might not show in their times."""
    found = []
    for path in paths:
        source = _Source.of(path)
        settled = source.ctime_ns < built.st_ctime_ns - _SETTLED_NS
        same_clock = path.stat().st_dev == built.st_dev
        found.append(_digested(source, path, "" if settled and same_clock else "wanted"))
    return found


def _digested(source: _Source, path: Path, wanted: str) -> _Source:
    if not wanted:
        return source
    hasher = _native.Hasher()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            hasher.update(piece)
    return msgspec.structs.replace(source, digest=hasher.digest().hex())


def _sum(values: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> int:
    """The sum of the values as unsigned numbers, modulo 2**64."""
    return int(values.view(np.uint64).sum(dtype=np.uint64))


def _mapped(place: Path, key: StreamKey, paths: Sequence[Path]) -> MappedColumns | None:
    """The columns of a file that is whole and belongs to these sources; else None."""
    try:
        with place.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = _read_header(file.read(_HEAD.size), file.read)
            if header is None or not _belongs(header, key, paths):
                return None
            offsets = _layout(key, header.rows, paths)
            if size != offsets[-1]:
                return None
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        _mark_used(place)
    except OSError:
        return None
    columns = {
        name: np.frombuffer(memory, dtype=np.int64, count=header.rows, offset=offset)
        for name, offset in zip(header.columns, offsets, strict=False)
    }
    whole = all(_sum(v) == total for v, total in zip(columns.values(), header.sums, strict=True))
    return MappedColumns(columns, memory) if whole else None


def _mark_used(place: Path) -> None:
    try:
        os.utime(place)
    except OSError:  # a folder that is only read has nothing to remove either
        return


def _read_header(head: bytes, read: Callable[[int], bytes]) -> _Header | None:
    if len(head) < _HEAD.size:
        return None
    magic, length = _HEAD.unpack(head)
    if magic != _MAGIC or length > 1 << 30:
        return None
    text = read(length)
    if read(_DIGEST_BYTES) != _native.digest(head + text):
        return None
    try:
        return msgspec.json.decode(text, type=_Header)
    except msgspec.MsgspecError:
        return None


def _belongs(header: _Header, key: StreamKey, paths: Sequence[Path]) -> bool:
    """Whether the file was made on such a machine, of these sources as they are now."""
    mine = (header.byte_order, header.stream, header.columns)
    if mine != (sys.byteorder, str(key), KINDS[key.kind]) or len(header.sources) != len(paths):
        return False
    return all(
        _digested(_Source.of(path), path, kept.digest) == kept
        for path, kept in zip(paths, header.sources, strict=True)
    )
