"""The LMDB environment of a journal: opened once, grown in time, and never more than LMDB promises.

Two tables: `records` (running number, 8 bytes big endian, to record) and `meta`. LMDB is used so that
each of its traps is shut:

- no `writemap`: on a full disk that kills the process with SIGBUS;
- room is allocated in the file before a commit needs it, because LMDB reports a full disk as an input or
  output error: so a full disk is told apart from a broken one, and heals;
- the map grows before it is full, with no reader inside (LMDB allows neither);
- readers copy out a piece and leave; slots of killed ones are cleared, or the file would grow;
- the result of `append` is checked: LMDB refuses a key that is not above the last without a word;
- one environment per process, none across a fork; engine and file modes are checked at the start.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import lmdb

from openoutcry import _native
from openoutcry.state.durable_files import NO_ROOM, allocate, cannot_write
from openoutcry.state.errors import JournalDamaged, JournalError, JournalFull
from openoutcry.state.journal_env import (
    DATA,
    PAGE,
    Limits,
    MapFull,
    OpenEnv,
    named_errors,
    open_environment,
)
from openoutcry.state.journal_meta import JournalMeta, Position, sealed, unsealed

_SLACK: Final = 512 << 10  # a commit's copies of tree and free-list pages, with room to spare
_CHECK_READERS: Final = 64  # commits
_AT_ONCE: Final = 64  # records between two looks at how many bytes they are
_META, _ANCHOR, _HEAD = b"owner", b"anchor", b"head"

Pair = tuple[bytes, bytes]


class JournalStore:
    """An open journal; made by `open_store`. Writing is for one thread, reading for any."""

    def __init__(
        self, env: lmdb.Environment, folder: Path, limits: Limits, *, readonly: bool
    ) -> None:
        self.folder = folder
        self._env = env
        self._limits = limits
        self._pid = os.getpid()
        self._map = threading.Lock()  # held by whoever reads, and while the map grows
        self._commits = 0
        self._size = 0
        self._closed = False
        with self._errors():
            self._records = env.open_db(b"records", create=not readonly)
            self._meta = env.open_db(b"meta", create=not readonly)

    # --- writing --------------------------------------------------------------------------------

    def begin_anew(self, meta: JournalMeta, anchor: Position) -> None:
        """Write who the journal belongs to, and where its chain begins and ends: at the anchor."""
        self._room(0)
        with self._errors(), self._env.begin(write=True, db=self._meta) as txn:
            txn.put(_META, sealed(_META, meta))
            txn.put(_ANCHOR, sealed(_ANCHOR, anchor))
            txn.put(_HEAD, sealed(_HEAD, anchor))

    def change_meta(self, meta: JournalMeta) -> None:
        """Replace who the journal belongs to."""
        self._room(0)
        with self._errors(), self._env.begin(write=True, db=self._meta) as txn:
            txn.put(_META, sealed(_META, meta))

    def commit(
        self, pairs: Sequence[Pair], head: Position, at: Callable[[str], None] | None = None
    ) -> None:
        """Append records that end at `head`, all or none; durable as the environment is.

        Args:
            pairs: Key and record, each key above the last.
            head: The new end of the chain.
            at: Called with the name of each step that is reached.

        Raises:
            JournalFull: Nothing was written; it may be tried again.
            JournalError: The journal is broken and must not be written to again.
        """
        step = at or _pass
        self._room(sum(len(record) for _, record in pairs))
        while True:
            try:
                with self._errors(), self._env.begin(write=True, db=self._records) as txn:
                    step("before append")
                    self._append(txn, pairs)
                    txn.put(_HEAD, sealed(_HEAD, head), db=self._meta)
                    step("after append")
                    step("before commit")
            except MapFull:
                self._grow()
                continue
            break
        step("after commit")
        self._commits += 1
        if self._commits % _CHECK_READERS == 0:
            self.reader_check()

    def _append(self, txn: "lmdb.Transaction[bytes]", pairs: Sequence[Pair]) -> None:
        with txn.cursor() as cursor:
            consumed, added = cursor.putmulti(pairs, append=True)
        if (consumed, added) != (len(pairs), len(pairs)):
            raise JournalError(
                f"the journal took {added} of {len(pairs)} records: their numbers are not above the last"
            )

    def drop(self, after: Position, keys: Sequence[bytes]) -> None:
        """Take records away at the end; the chain ends at `after` then."""
        self._room(0)
        with self._errors(), self._env.begin(write=True, db=self._records) as txn:
            for key in keys:
                txn.delete(key)
            txn.put(_HEAD, sealed(_HEAD, after), db=self._meta)

    def trim(self, last: int, count: int) -> int:
        """Take up to `count` records, none beyond number `last`, away at the beginning; returns how many.

        The anchor moves in the same transaction, so the chain has a beginning at every moment.
        """
        self._room(0)
        with self._errors(), self._env.begin(write=True, db=self._records) as txn:
            cursor = txn.cursor()
            taken = 0
            anchor = None
            cursor.first()
            while taken < count and (key := cursor.key()):
                number = int.from_bytes(key, "big")
                if number > last:
                    break
                anchor = number, cursor.value()
                cursor.delete()  # moves on to the next
                taken += 1
            if anchor:
                txn.put(_ANCHOR, sealed(_ANCHOR, position_of(*anchor)), db=self._meta)
        return taken

    def sync(self) -> None:
        """Have the disk hold what was committed."""
        with self._errors():
            self._env.sync(True)

    def reader_check(self) -> int:
        """Clear the slots of readers that were killed; returns how many."""
        with self._errors():
            return self._env.reader_check()

    # --- reading --------------------------------------------------------------------------------

    @property
    def meta(self) -> JournalMeta:
        """Who the journal belongs to."""
        return unsealed(_META, self._entry(_META), JournalMeta)

    @property
    def anchor(self) -> Position:
        """The place before the first record that is there."""
        return unsealed(_ANCHOR, self._entry(_ANCHOR), Position)

    @property
    def head(self) -> Position:
        """The last record, as of the last commit."""
        return unsealed(_HEAD, self._entry(_HEAD), Position)

    def _entry(self, key: bytes) -> bytes | None:
        with self.reading() as txn:
            return txn.get(key, db=self._meta)

    def last_number(self) -> int:
        """Number of the last record; 0 when there is none."""
        with self.reading() as txn:
            cursor = txn.cursor(self._records)
            return int.from_bytes(cursor.key(), "big") if cursor.last() else 0

    def read(self, first: int | bytes, *, count: int = 1000, size: int = 1 << 20) -> list[Pair]:
        """Keys and records from a number or key on: at most `count`, or what `size` bytes hold."""
        start = first if isinstance(first, bytes) else first.to_bytes(8, "big")
        pairs: list[Pair] = []
        with self.reading() as txn:
            cursor = txn.cursor(self._records)
            items = cursor.iternext() if cursor.set_range(start) else iter(())
            while size > 0 and (some := list(islice(items, min(count - len(pairs), _AT_ONCE)))):
                pairs += some
                size -= sum(len(record) for _, record in some)
        return pairs

    @contextmanager
    def reading(self) -> "Iterator[lmdb.Transaction[bytes]]":
        """A short look; the map does not grow meanwhile, so nobody may stay."""
        with self._map, self._errors():
            try:
                txn = self._env.begin(buffers=False)
            except lmdb.MapResizedError:  # the writer, another process, let it grow
                self._env.set_mapsize(0)
                txn = self._env.begin(buffers=False)
            with txn:
                yield txn

    def copy(self, fd: int, *, compact: bool) -> None:
        """Write a consistent copy of the data file while the journal is used."""
        with self._map, self._errors():
            self._env.copyfd(fd, compact)

    # --- room -----------------------------------------------------------------------------------

    @property
    def used_bytes(self) -> int:
        """Bytes of the file that were ever used."""
        return (self._env.info()["last_pgno"] + 1) * PAGE

    @property
    def map_bytes(self) -> int:
        """Address space of the environment."""
        return self._env.info()["map_size"]

    def _room(self, size: int) -> None:
        """See to it that a commit of `size` bytes of records finds map and disk."""
        self._check_process()
        need = self.used_bytes + 3 * size + _SLACK
        while need > self.map_bytes * 3 // 4 and self.map_bytes < self._limits.map_max_bytes:
            self._grow()
        if need > self.map_bytes:
            raise JournalFull(f"the journal has reached its largest size, {self.map_bytes} bytes")
        if need > self._size:
            self._allocate(need)

    def _grow(self) -> None:
        largest = self._limits.map_max_bytes
        if self.map_bytes >= largest:
            raise JournalFull(f"the journal has reached its largest size, {largest} bytes")
        with self._map, self._errors():
            self._env.set_mapsize(min(2 * self.map_bytes, largest))

    def _allocate(self, need: int) -> None:
        path = self.folder / DATA
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                self._size = os.fstat(fd).st_size
                if need > self._size:
                    self._reserve(fd, need)
                    self._size = os.fstat(fd).st_size
            finally:
                os.close(fd)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def _reserve(self, fd: int, need: int) -> None:
        """Allocate a whole step, or, on a disk that is nearly full, what is needed now."""
        step = self._limits.allocate_bytes
        try:
            allocate(fd, self._size, -(-need // step) * step - self._size)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            allocate(fd, self._size, need - self._size)

    # --- ends -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the environment. A second time, or in a forked child, changes nothing."""
        if not self._closed and os.getpid() == self._pid:
            self._closed = True
            self._env.close()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise JournalError(
                f"the journal was opened by process {self._pid}, this is its child {os.getpid()}",
                remedy="start processes that use a journal with spawn, never with fork",
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """LMDB's errors under our names, in the process that opened it."""
        self._check_process()
        with named_errors(self.folder):
            yield


def position_of(number: int, record: bytes) -> Position:
    """The place of a record.

    Raises:
        JournalDamaged: The record is damaged.
    """
    try:
        return Position.of(_native.JournalChain.at(number, record))
    except ValueError as error:
        raise JournalDamaged(f"record {number}: {error}") from error


def open_store(
    folder: Path,
    *,
    readonly: bool = False,
    sync: bool = True,
    limits: Limits | None = None,
    open_env: OpenEnv = lmdb.open,
) -> JournalStore:
    """Open the environment in a folder; a writer makes the folder if needed.

    Args:
        folder: Holds `data.mdb` and `lock.mdb`, nobody else's.
        readonly: For readers: they disturb no writer in another process.
        sync: Sync each commit; without it commits survive the process only.
        limits: Sizes; for a writer.
        open_env: Opens the environment, `lmdb.open`.

    Raises:
        JournalError: The wrong engine, a folder that others may read or that cannot be written to, or
            an environment that this process has open already.
        JournalDamaged: LMDB finds it damaged.
    """
    limits = limits or Limits()
    env = open_environment(folder, readonly=readonly, sync=sync, limits=limits, open_env=open_env)
    store = JournalStore(env, folder, limits, readonly=readonly)
    if not readonly:
        store.reader_check()
    return store


def _pass(_step: str) -> None:
    """The hook of a journal that nobody tests."""
