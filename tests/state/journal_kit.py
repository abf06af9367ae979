"""Journals for tests: who opens them, how a test waits for the writer, and a disk that fails."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import lmdb

from openoutcry.state.enums import Mode
from openoutcry.state.events import TimerFired
from openoutcry.state.journal import JournalOptions, LmdbJournal, open_journal
from openoutcry.state.journal_env import Limits
from openoutcry.state.journal_meta import Identity
from openoutcry.state.journal_writer import JournalHealth, JournalState

PATIENCE_S = 30
SMALL = Limits(map_bytes=1 << 20, map_max_bytes=64 << 20, allocate_bytes=64 << 10)


def identity(mode: Mode = Mode.PAPER, now: int = 1_700_000_000_000_000_000) -> Identity:
    return Identity(mode=mode, now=now, code_version="0.1.0", config_hash="c0ffee")


def timer(number: int, size: int = 0) -> TimerFired:
    return TimerFired(owner="a", name="x" * size, ts=number)


class Watch:
    """Hears of every commit and change, so that a test waits for what it needs and never sleeps."""

    def __init__(self) -> None:
        self._heard = threading.Condition()
        self.changes: list[JournalHealth] = []
        self.commits = 0

    def durable(self) -> None:
        with self._heard:
            self.commits += 1
            self._heard.notify_all()

    def changed(self, health: JournalHealth) -> None:
        with self._heard:
            self.changes.append(health)
            self._heard.notify_all()

    def until(self, condition: Callable[[], Any]) -> None:
        with self._heard:
            assert self._heard.wait_for(condition, PATIENCE_S), "it never came to that"

    def states(self) -> list[JournalState]:
        return [health.state for health in self.changes]


def opened(directory: Path, watch: Watch | None = None, **options: Any) -> LmdbJournal:
    """An open journal, small and impatient."""
    ports = {k: options.pop(k) for k in ("hooks", "open_env", "mint") if k in options}
    who = options.pop("who", None) or identity()
    watch = watch or Watch()
    settings: dict[str, Any] = {"limits": SMALL, "retry_ms": 1, "group_ms": 1} | options
    return open_journal(
        directory,
        who,
        JournalOptions(**settings),
        on_durable=watch.durable,
        on_change=watch.changed,
        **ports,
    )


def write(journal: LmdbJournal, watch: Watch, first: int, last: int, size: int = 0) -> None:
    """Inputs `first` to `last`, one record each, until they are durable."""
    for seq in range(first, last + 1):
        journal.append(seq, timer(seq, size))
        journal.hand_over(seq)
    watch.until(lambda: journal.settle() >= last)


def filled(directory: Path, count: int, size: int = 0) -> Path:
    """A state directory whose journal holds `count` timers."""
    watch = Watch()
    journal = opened(directory, watch)
    write(journal, watch, 1, count, size)
    assert journal.close()
    return directory


class Disk:
    """The environment's edge with a fault in it: `fault` is raised where a commit would return.

    `tries` counts the commits so far.
    """

    def __init__(self) -> None:
        self.fault: lmdb.Error | None = None
        self.tries = 0

    def full(self) -> None:
        self.fault = _error(errno.ENOSPC)

    def broken(self) -> None:
        self.fault = _error(errno.EIO)

    def read_only(self) -> None:
        self.fault = _error(errno.EROFS)

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return _Env(lmdb.open(*args, **kwargs), self)


def _error(code: int) -> lmdb.Error:
    """As the engine raises it: built in Python it would have no code."""
    error: Any = lmdb.Error(f"mdb_txn_commit: {os.strerror(code)}")
    error.code = code
    return error  # type: ignore[no-any-return]


class _Env:
    def __init__(self, env: lmdb.Environment, disk: Disk) -> None:
        self._env = env
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)

    def begin(self, *args: Any, **kwargs: Any) -> Any:
        txn = self._env.begin(*args, **kwargs)
        return _Txn(txn, self._disk) if kwargs.get("write") else txn


class _Txn:
    def __init__(self, txn: lmdb.Transaction, disk: Disk) -> None:
        self._txn = txn
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._txn, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self._disk.tries += 1
        if kind is None and self._disk.fault is None:
            self._txn.commit()
            return
        self._txn.abort()
        if kind is None and self._disk.fault is not None:
            raise self._disk.fault
