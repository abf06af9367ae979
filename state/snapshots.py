"""Snapshots of the state beside the journal: two generations, each with its place in the journal.

A file is

    8 bytes magic, 8 bytes length of the header, the header (msgpack: schema, input, place in the
    journal, name and length of each part), the parts, 32 bytes BLAKE3 of all that

and is written beside, synced and renamed, so that a crash leaves the old ones. A damaged one is passed
over for the one before; the journal's tail after that one is still there, because the journal is trimmed
up to the older generation only.
"""

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.state.durable_files import (
    FOLDER_MODE,
    cannot_write,
    sync_folder,
    write_synced,
)
from openoutcry.state.errors import JournalDamaged, SchemaTooNew
from openoutcry.state.journal_meta import Position

SNAPSHOT_SCHEMA: Final = 1
GENERATIONS: Final = 2
FOLDER: Final = "snapshots"

_MAGIC: Final = b"OOSNAP\x00\x01"
_HEAD: Final = struct.Struct("<8sQ")
_DIGEST_BYTES: Final = 32
_SUFFIX: Final = ".snapshot"


class Snapshot(msgspec.Struct, frozen=True):
    """The state after an input.

    `seq` is the input, `position` the last record of the inputs up to it, `parts` what each component
    wrote, by its name.
    """

    seq: int
    position: Position
    parts: Mapping[str, bytes]


class _Header(msgspec.Struct, frozen=True):
    schema: int
    seq: int
    position: Position
    parts: tuple[tuple[str, int], ...]


class Found(msgspec.Struct, frozen=True):
    """The newest snapshot that can be used, and what is wrong with newer ones."""

    snapshot: Snapshot | None
    problems: tuple[str, ...]


class SnapshotStore:
    """The snapshots of a state directory."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / FOLDER

    def write(self, snapshot: Snapshot) -> Path:
        """Keep a snapshot; the oldest beyond two generations goes.

        Raises:
            JournalFull: No room on the disk; those that are there stay.
            JournalError: The folder cannot be written to.
        """
        target = self.folder / f"{snapshot.seq:020}{_SUFFIX}"
        part = target.with_suffix(".part")
        try:
            self.folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            write_synced(part, pack(snapshot))
            part.replace(target)
            sync_folder(self.folder)
            for old in self.files()[GENERATIONS:]:
                old.unlink()
        except OSError as error:
            part.unlink(missing_ok=True)
            raise cannot_write(self.folder, error) from error
        return target

    def files(self) -> list[Path]:
        """The files, newest first; they may be damaged."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"), reverse=True)

    def newest(self) -> Found:
        """The newest snapshot that is whole.

        Raises:
            SchemaTooNew: A newer openoutcry wrote one.
        """
        problems: list[str] = []
        for file in self.files():
            try:
                return Found(load(file), tuple(problems))
            except JournalDamaged as error:
                problems.append(error.message)
        return Found(None, tuple(problems))

    def oldest_place(self) -> Position | None:
        """Up to where the journal may be dropped: the place of the oldest generation.

        None unless every generation is whole: what a damaged one needs is not known.
        """
        files = self.files()
        try:
            return load(files[-1]).position if files and all(map(load, files)) else None
        except JournalDamaged:
            return None


def pack(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot's file."""
    parts = tuple((name, len(data)) for name, data in snapshot.parts.items())
    header = msgspec.msgpack.encode(
        _Header(SNAPSHOT_SCHEMA, snapshot.seq, snapshot.position, parts)
    )
    body = b"".join([_HEAD.pack(_MAGIC, len(header)), header, *snapshot.parts.values()])
    return body + _native.digest(body)


def unpack(data: bytes, name: str = "the snapshot") -> Snapshot:
    """What `pack` made these bytes of.

    Raises:
        JournalDamaged: They are not whole.
        SchemaTooNew: A newer openoutcry wrote them.
    """
    body = memoryview(data)[:-_DIGEST_BYTES]
    if len(body) < _HEAD.size or _native.digest(bytes(body)) != data[-_DIGEST_BYTES:]:
        raise JournalDamaged(f"{name} is damaged")
    magic, length = _HEAD.unpack_from(body)
    raw = bytes(body[_HEAD.size : _HEAD.size + length])
    try:
        schema = msgspec.msgpack.decode(raw).get("schema")
        if magic[:7] == _MAGIC[:7] and (magic != _MAGIC or schema > SNAPSHOT_SCHEMA):
            raise SchemaTooNew(
                f"{name} has schema {schema}; this openoutcry knows {SNAPSHOT_SCHEMA}"
            )
        header = msgspec.msgpack.decode(raw, type=_Header)
    except (msgspec.MsgspecError, AttributeError, TypeError) as error:
        raise JournalDamaged(f"{name} has no header: {error}") from error
    start = _HEAD.size + length
    parts = {}
    for part, size in header.parts:
        parts[part] = bytes(body[start : start + size])
        start += size
    return Snapshot(header.seq, header.position, parts)


def load(file: Path) -> Snapshot:
    """A snapshot's file.

    Raises:
        JournalDamaged: It is not whole, or cannot be read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise JournalDamaged(f"cannot read {file}: {os.strerror(error.errno or 0)}") from error
    return unpack(data, str(file))
