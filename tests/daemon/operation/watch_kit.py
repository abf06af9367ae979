"""A daemon whose clock and feed a test moves, and what its operator sees."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from openoutcry.daemon.alerts.desk import AlertDesk
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.startup import RunOptions, Startup
from openoutcry.daemon.watch import Watch, Watcher
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.identifiers import InstrumentId
from tests.daemon.service.kit import make_project

SECOND = 10**9
MS = 10**6
BTC = InstrumentId("BTCUSDT.SYNTH")
QUOTES = StreamKey("quote", BTC)


class Time:
    """A session's clock, and a steady one beside it; both stand until a test moves them."""

    def __init__(self, now: int) -> None:
        self.moment = now
        self.steady = 1_000 * SECOND

    def now(self) -> int:
        self.moment += 1
        return self.moment

    def wait_s(self, until: int) -> float:
        return max(until - self.moment, 0) / SECOND

    def behind_s(self, ts: int) -> float:
        return max(self.moment - ts, 0) / SECOND

    def monotonic(self) -> int:
        return self.steady

    def move(self, ns: int) -> None:
        """So much time goes by."""
        self.moment += ns
        self.steady += ns


class Quotes:
    """A feed that gives a quote when it is told to."""

    exhausted = False

    def __init__(self) -> None:
        self.waits = 0

    def poll(self, until: int) -> list[tuple[StreamKey, dict[str, Any]]]:
        if not self.waits:
            return []
        self.waits -= 1
        row = {"ts_event": until, "ts_received": until, "bid": 3_000_000, "ask": 3_000_001}
        sizes = {"bid_size": 10**9, "ask_size": 10**9}
        return [(QUOTES, {k: np.array([v], np.int64) for k, v in (row | sizes).items()})]

    def next_ts(self) -> None:
        return None

    def skip(self, until: int) -> None:
        """Nothing was given."""


class Watched:
    """A daemon, its watcher, and the world around them."""

    def __init__(self, daemon: Daemon, watch: Watch, watcher: Watcher, time: Time) -> None:
        self.daemon, self.watch, self.watcher, self.time = daemon, watch, watcher, time
        self.feed = Quotes()
        daemon.core.feed, daemon.core.clock = self.feed, time

    def turn(self, ns: int = 1_000, *, quote: bool = False) -> None:
        """Time goes by, then the core turns."""
        self.feed.waits += quote
        self.time.move(ns)
        self.daemon.core.turn()
        self.watcher.turn()

    def until(self, done: Callable[[], bool]) -> None:
        """Turn until something holds; the journal's thread needs a moment."""
        until = monotonic() + 20
        while not done():
            assert monotonic() < until, "it does not come to that"
            self.turn(10 * MS)
            self.daemon.core.wait(0.001)

    def settle(self) -> None:
        """Turn until everything is durable."""
        self.until(lambda: self.daemon.core.is_quiet)
        self.turn(300 * MS)

    @property
    def desk(self) -> AlertDesk:
        """Where alerts are."""
        assert self.watch.operation is not None
        return self.watch.operation.desk

    @property
    def facts(self) -> Any:
        """What the core last said of itself."""
        assert self.watch.operation is not None
        return self.watch.operation.cell.read()


@contextmanager
def watched(
    folder: Path, extra: str = "", said: io.StringIO | None = None, silent_after_ms: int = 0
) -> Iterator[Watched]:
    """A daemon in a folder, closed at the end; what it logs goes to `said`."""
    config = folder / "outcry.toml"
    if not config.exists():
        make_project(folder)
        text = config.read_text()
        if silent_after_ms:
            text = text.replace("[[feeds]]", f"[[feeds]]\nsilent_after_ms = {silent_after_ms}")
        config.write_text(text + extra)
    loaded = load(config)
    with Watch() as watch:
        starting = Startup(
            loaded,
            RunOptions(),
            opened=lambda journal: watch.open(
                replace(loaded, config=starting.config), journal, starting.state_dir, stream=said
            ),
        )
        daemon = starting.run()
        time = Time(daemon.core.clock.now())
        watcher = watch.begin(daemon, monotonic=time.monotonic)
        yield Watched(daemon, watch, watcher, time)
        daemon.close()
        watcher.close()


def events(said: io.StringIO) -> list[dict[str, Any]]:
    """The records that were logged."""
    return [json.loads(line) for line in said.getvalue().splitlines()]
