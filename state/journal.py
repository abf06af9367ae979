"""The durable journal: what the core appends to in memory, and a thread writes to LMDB in groups.

The core calls `append` (or the order path records natively), then `hand_over` once per input; neither
waits for anything. When a commit has returned, `on_durable` is called on the journal's thread: it wakes
the core's loop, which calls `settle` and lets out what waited. So "durable" is never an input.

A state directory holds

    lock        who writes (see `journal_lock`)
    journal/    the LMDB environment (see `journal_store`); the record's format stands in `chain.rs`
    snapshots/  two generations (see `snapshots`)
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import lmdb
import msgspec

from openoutcry import _native
from openoutcry.state.codec import AnyMessage, encode
from openoutcry.state.durable_files import FOLDER_MODE, cannot_write, sync_folder
from openoutcry.state.errors import JournalError
from openoutcry.state.events import JournalStarted, MarketDataTaped
from openoutcry.state.journal_check import Recovery, mend
from openoutcry.state.journal_env import FOLDER, Limits, OpenEnv
from openoutcry.state.journal_lock import StateLock
from openoutcry.state.journal_meta import (
    JOURNAL_SCHEMA,
    Durability,
    Identity,
    JournalMeta,
    Position,
    beginning,
)
from openoutcry.state.journal_reader import JournalReader
from openoutcry.state.journal_store import JournalStore, open_store
from openoutcry.state.journal_writer import (
    Hooks,
    JournalHealth,
    JournalState,
    JournalWriter,
    NoHooks,
)

CLOSE_S: Final = 10.0
"""How long `close` waits for the last commit."""


class JournalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a journal is kept.

    Args:
        durability: See `Durability`.
        group_ms: With `group`, how long records are collected before they are synced.
        buffer_bytes: What may wait in memory while the disk is full.
        retry_ms: How often a full disk is tried again.
        limits: Sizes of the file.
    """

    durability: Durability = "strict"
    group_ms: int = 10
    buffer_bytes: int = 64 << 20
    retry_ms: int = 250
    limits: Limits = Limits()


def mint_epoch() -> int:
    """48 random bits that no other state directory has."""
    return int.from_bytes(os.urandom(6), "big")


class LmdbJournal:
    """The `Journal` port of a daemon; made by `open_journal`. All but `note` is for the core's thread.

    Attributes:
        native: Where the order path records.
        meta: Who the journal belongs to; `meta.epoch` begins client order ids.
        recovery: What had to be mended at the start.
        reader: Reads the journal in this process, from any thread.
        listeners: Told of each batch that is handed over, before it is durable; they must not wait.
    """

    def __init__(
        self,
        store: JournalStore,
        lock: StateLock,
        writer: JournalWriter,
        recovery: Recovery,
    ) -> None:
        self._store = store
        self._lock = lock
        self._writer = writer
        self._held = ""
        self.recovery = recovery
        self.meta: JournalMeta = store.meta
        self.reader = JournalReader(store)
        self.listeners: list[Callable[[_native.JournalBatch], None]] = []
        last_seq = writer.durable_seq
        self.native = _native.Journal(durable_seq=last_seq, after=last_seq)
        self._handed = self._up_to = last_seq
        self._before = 0
        """Records of `native` that were not handed to the writer, because they are on disk already."""

    def append(self, seq: int, record: AnyMessage, /, *, external: bool = False) -> None:
        """Add a record caused by input `seq`; it is in memory only until it is handed over.

        `external` marks an input that came from outside.

        Raises:
            NumericOverflow: A number beyond 64 bits.
        """
        assert seq >= self.native.last_seq, f"record {seq} after {self.native.last_seq}"
        self.native.append(seq, encode(record), external)

    def hold_back(self, reason: str) -> None:
        """What must be on disk before the records waits for room: until they are handed over it is full."""
        self._held = reason

    def hand_over(self, seq: int) -> None:
        """Give the writer what was recorded; everything of the inputs up to `seq` is in it."""
        self._held = ""
        batch = self.native.hand_over()
        self._up_to = seq
        if batch is not None:
            self._handed = seq
            self._writer.submit(batch, seq)
            for listener in self.listeners:
                listener(batch)
        elif self._writer.running and self._writer.durable_seq >= self._handed:
            self.native.durable_seq = seq

    def settle(self) -> int:
        """Take note of how far the writer got: everything up to the returned input is durable.

        The records that are durable are counted apart, for the gate: an input may add some after its
        number was reported.
        """
        # Less than none of them: what was handed over before the last rewind is still on its way.
        self.native.durable_count = max(self._before + self._writer.durable_records, 0)
        done = self._writer.durable_seq
        if done >= self._handed and self._writer.running:
            done = self._up_to
        self.native.durable_seq = max(self.native.durable_seq, done)
        return self.native.durable_seq

    def rewind(self, seq: int) -> None:
        """Record again from after an input on: a re-run makes what is on disk already.

        Whoever re-runs takes the records from `native` and appends what is new when it is done. To be
        called before anything holds `native`.
        """
        self.native = _native.Journal(durable_seq=self._writer.durable_seq, after=seq)
        self.go_on()

    def go_on(self) -> None:
        """The re-run is over: what is recorded from here on is new, and has to be written."""
        self._before = self.native.count - self._writer.submitted_records
        self.settle()

    def note(self, record: MarketDataTaped, /) -> None:
        """Add a record of an edge's own, from any thread; it is no part of the decision record."""
        self._writer.note(encode(record))

    @property
    def durable_seq(self) -> int:
        """As of the last `settle` or `hand_over`."""
        return self.native.durable_seq

    @property
    def last_seq(self) -> int:
        """Sequence number of the last record."""
        return self.native.last_seq

    @property
    def health(self) -> JournalHealth:
        """How it is."""
        health = self._writer.health
        if self._held and health.state is JournalState.RUNNING:
            return msgspec.structs.replace(health, state=JournalState.FULL, reason=self._held)
        return health

    def position(self, seq: int) -> Position:
        """The last record on disk of the inputs up to `seq`: what a snapshot of that moment names."""
        return self.reader.position(seq)

    def forget(self, before: Position) -> None:
        """Drop the records up to and with a place, in pieces between commits; a snapshot holds them."""
        self._writer.trim(before.number)

    def close(self, timeout_s: float = CLOSE_S) -> bool:
        """Write what is recorded and end; returns whether all of it is on disk."""
        batch = self.native.hand_over()
        if batch is not None:
            self._writer.submit(batch, batch.last_seq)
        whole = self._writer.close(timeout_s)
        if whole:
            self.native.durable_count = self._before + self._writer.durable_records
            self._up_to = self._handed = self._writer.durable_seq
            self.native.durable_seq = max(self.native.durable_seq, self._up_to)
        self._lock.release()
        return whole


def open_journal(
    directory: Path,
    identity: Identity,
    options: JournalOptions | None = None,
    *,
    on_durable: Callable[[], None] = lambda: None,
    on_change: Callable[[JournalHealth], None] = lambda _: None,
    hooks: Hooks | None = None,
    open_env: OpenEnv = lmdb.open,
    mint: Callable[[], int] = mint_epoch,
) -> LmdbJournal:
    """Open the journal of a state directory to write, and start its thread.

    A torn end is cut off at the last whole record, see `recovery`. That this process started is
    committed at once: a disk that takes no records refuses here.

    Args:
        directory: The state directory; made when it does not exist.
        identity: Who opens it.
        options: How it is kept.
        on_durable: Called on the journal's thread after each commit; must not wait.
        on_change: Called with the new health, on the thread that noticed; must not wait.
        hooks: Where a test may stop the writer.
        open_env: Opens the environment.
        mint: Makes the epoch of a new state directory.

    Raises:
        JournalLocked: Another process has the directory.
        JournalDamaged: A record that is not the last ones is damaged.
        JournalFull: No room on the disk.
        SchemaTooNew: A newer openoutcry wrote it.
        JournalError: Read-only, another mode's directory, files that others may read.
    """
    options = options or JournalOptions()
    _make(directory)
    lock = StateLock(directory)
    try:
        sync = options.durability != "process"
        folder = directory / FOLDER
        if not os.path.lexists(folder):
            _create(folder, identity, options.limits, open_env, mint)
        store = open_store(folder, sync=sync, limits=options.limits, open_env=open_env)
        try:
            _check_mode(store, identity)
            recovery = mend(store, left_by=lock.left_by)
            _record_start(store, identity)
            writer = JournalWriter(
                store,
                group_s=options.group_ms / 1000 if options.durability == "group" else 0.0,
                buffer_bytes=options.buffer_bytes,
                retry_s=options.retry_ms / 1000,
                on_durable=on_durable,
                on_change=on_change,
                hooks=hooks or NoHooks(),
            )
        except BaseException:
            store.close()
            raise
        return LmdbJournal(store, lock, writer, recovery)
    except BaseException:
        lock.release()
        raise


def _make(directory: Path) -> None:
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise cannot_write(directory, error) from error


def _create(
    folder: Path, identity: Identity, limits: Limits, open_env: OpenEnv, mint: Callable[[], int]
) -> None:
    """Make a journal that appears with its first pages, or not at all."""
    part = folder.with_name(f".{FOLDER}.part")
    shutil.rmtree(part, ignore_errors=True)
    epoch = mint()
    meta = JournalMeta(
        JOURNAL_SCHEMA,
        epoch,
        identity.mode.value,
        identity.now,
        identity.code_version,
        identity.config_hash,
    )
    store = open_store(part, limits=limits, open_env=open_env)
    try:
        store.begin_anew(meta, beginning(epoch))
    finally:
        store.close()
    part.rename(folder)
    sync_folder(folder.parent)


def _check_mode(store: JournalStore, identity: Identity) -> None:
    mode = store.meta.mode
    if mode != identity.mode.value:
        raise JournalError(
            f"the state directory {store.folder.parent} belongs to {mode}, not to {identity.mode.value}",
            remedy="give each mode a state directory of its own",
        )


def _record_start(store: JournalStore, identity: Identity) -> None:
    head = store.head
    started = JournalStarted(
        ts=identity.now,
        epoch=store.meta.epoch,
        mode=identity.mode.value,
        code_version=identity.code_version,
        config_hash=identity.config_hash,
    )
    journal = _native.Journal(after=head.seq)
    journal.append(head.seq, encode(started))
    batch = journal.hand_over()
    assert batch is not None
    chain = head.chain()
    pairs = chain.frame(batch)
    store.commit(pairs, Position.of(chain))
