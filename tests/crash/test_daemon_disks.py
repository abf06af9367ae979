"""A daemon whose disk is full, breaks or turns read-only: docs/reference/failure-matrix.md, as it runs."""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from openoutcry.daemon import startup
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.console import Console
from openoutcry.daemon.core import not_before
from openoutcry.daemon.notify import Notifier
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.runner import Runner
from openoutcry.daemon.signals import Signals
from openoutcry.daemon.startup import RunOptions, Startup
from openoutcry.replay.parity import session_start
from openoutcry.state.commands import Halt
from openoutcry.state.journal import open_journal
from openoutcry.state.journal_writer import JournalState
from openoutcry.state.tape import TapeState
from tests.crash.daemon_judge import judge
from tests.crash.torture import BTC, ROOT, environment, import_tape
from tests.scenarios import kit
from tests.state.journal_kit import SMALL, Disk

pytestmark = [pytest.mark.data, pytest.mark.slow]
PATIENCE_S = 30
PIECE = 4096


@pytest.fixture(scope="module")
def catalog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disks") / "catalog"
    import_tape(folder)
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


class Rig:
    """A daemon that the test turns by hand."""

    def __init__(
        self, folder: Path, state: Path, catalog: Path, disk: Disk, fast: int = 50
    ) -> None:
        maker = {"size": "0.001", "max_position": "0.05", "half_spread_ticks": 200}
        parts = [
            kit.table(
                "[[venues]]",
                name="BINANCE",
                balances={"USDT": "100000000", "BTC": "1000"},
                fees={"maker": "0.001", "taker": "0.001"},
            ),
            kit.feed(BTC, "quote", "trade", "book"),
            kit.strategy("maker", "market_maker", instrument=BTC, requote_ticks=100, **maker),
            kit.table("[daemon]", snapshot_every_s=3600),
        ]
        config = folder / "outcry.toml"
        config.write_text(kit.config(catalog, "USDT", parts))
        options = RunOptions(state_dir=state, feed="tape", speed=fast, loop=True)
        self._startup = Startup(load(config), options)
        self.state, self._disk = state, disk

    def start(self, monkeypatch: pytest.MonkeyPatch) -> Daemon:
        def small(directory: Path, identity: Any, options: Any, **more: Any) -> Any:
            options = msgspec.structs.replace(options, limits=SMALL, retry_ms=10)
            return open_journal(directory, identity, options, open_env=self._disk.open, **more)

        monkeypatch.setattr(startup, "open_journal", small)
        return self._startup.run()


def turn_until(daemon: Daemon, reached: Callable[[], Any]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < until, f"never: {daemon.journal.health} {daemon.tape}"
        if not daemon.core.turn():
            daemon.core.wait(0.01)


def left(daemon: Daemon) -> int:
    """Orders that reached the venue."""
    return sum(order.venue_order_id is not None for order in daemon.venues[0].orders())


def fill(folder: Path) -> Path:
    """Leave no room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(PIECE)) == PIECE:
                pass
        except OSError:
            pass
    return ballast


def sound(state: Path, *, ended: bool) -> int:
    found = judge(state, ended=ended)
    assert found.defects == []
    return found.orders


def test_a_full_disk_holds_orders_back_and_heals_without_a_hole(
    small_disk: Path, tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, small_disk / "s", catalog, Disk())
    daemon = rig.start(monkeypatch)
    tape = daemon.tape
    assert tape is not None
    turn_until(daemon, lambda: left(daemon) > 20)
    ballast = fill(small_disk)
    turn_until(daemon, lambda: tape.health.state is TapeState.FULL)
    inputs = daemon.session.kernel.seq + 500
    turn_until(daemon, lambda: daemon.session.kernel.seq > inputs)  # what was let out has arrived
    before = left(daemon)
    durable = daemon.journal.durable_seq
    turn_until(daemon, lambda: daemon.session.kernel.seq > inputs + 5_000)
    assert left(daemon) == before, "no order leaves before it is on disk"
    assert daemon.journal.durable_seq == durable, "the journal is never ahead of its tape"
    assert not [o for o in daemon.session.graph.orders.open_orders() if o.venue_order_id], (
        "the cancels of what works leave"
    )
    assert daemon.failure == ""
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    turn_until(daemon, lambda: left(daemon) > before + 20)
    assert tape.health.dropped_rows == tape.health.holes == 0
    assert daemon.journal.health.state is JournalState.RUNNING
    turn_until(daemon, lambda: daemon.core.is_quiet)
    assert daemon.close(snapshot=False)
    assert sound(rig.state, ended=True) > before


@pytest.mark.parametrize("fault", ["broken", "read_only"])
def test_a_broken_disk_ends_the_daemon_and_a_restart_goes_on(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    disk = Disk()
    rig = Rig(tmp_path, tmp_path / "s", catalog, disk)
    daemon = rig.start(monkeypatch)
    turn_until(daemon, lambda: left(daemon) > 20)
    getattr(disk, fault)()
    tries, out = disk.tries, io.StringIO()
    with Signals() as signals:
        runner = Runner(daemon, Console(out=out, err=out), signals, Notifier(None))
        assert runner.run() == 3
    assert "the journal failed" in out.getvalue()
    assert disk.tries == tries + 1, "what failed once is never tried again"
    durable = sound(rig.state, ended=False)
    disk.fault = None
    again = rig.start(monkeypatch)
    turn_until(again, lambda: left(again) > durable + 20)
    turn_until(again, lambda: again.core.is_quiet)
    assert again.close(snapshot=False)
    sound(rig.state, ended=True)


def test_killed_readers_do_not_make_the_journal_of_a_daemon_grow(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record takes the same room, however many `outcry journal tail` die beside it."""
    rig = Rig(tmp_path, tmp_path / "s", catalog, Disk())
    daemon = rig.start(monkeypatch)
    code = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
    words = [sys.executable, "-c", code, "journal", "tail", str(rig.state), "--follow"]

    def reach(seq: int) -> None:
        turn_until(daemon, lambda: daemon.session.kernel.seq >= seq)

    reach(4_000)
    alone = room_per_byte(daemon)
    for seq in range(6_000, 24_000, 3_000):
        with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment(), cwd=ROOT) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline()
            reach(seq)
            reader.kill()
    reach(30_000)
    beside = room_per_byte(daemon)
    assert daemon.close(snapshot=False)
    assert beside < 1.2 * alone


def room_per_byte(daemon: Daemon) -> float:
    """Bytes of the journal's file for each byte of a record."""
    reader = daemon.journal.reader
    used: int = reader.store.used_bytes
    return used / sum(len(record.body) for record in reader.records())


def test_a_signal_in_the_middle_of_a_wait_does_not_hang_it(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = Rig(tmp_path, tmp_path / "s", catalog, Disk()).start(monkeypatch)
    heard = 0

    def woken(_number: int, _frame: object) -> None:
        nonlocal heard
        heard += 1
        daemon.core.wake()

    before = signal.signal(signal.SIGALRM, woken)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    try:
        while heard < 5_000:
            daemon.core.wait(0.001)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert daemon.close(snapshot=False)


def test_a_new_session_is_on_disk_before_its_tape_has_a_row(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the rows of a session that never began would stand before those of the next one."""
    rig = Rig(tmp_path, tmp_path / "s", catalog, Disk())
    daemon = rig.start(monkeypatch)
    assert daemon.tape is not None
    assert sum(daemon.tape.rows.values()) == 0
    assert session_start(daemon.journal.reader) == daemon.session.start
    assert daemon.close(snapshot=False)


def test_a_snapshot_waits_for_an_input_that_is_under_way(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = Rig(tmp_path, tmp_path / "s", catalog, Disk()).start(monkeypatch)
    turn_until(daemon, lambda: left(daemon) > 3)
    later = daemon.session.kernel.now + 10**9
    daemon.session.inject(later, Halt(ts=later, reason="under way"))
    said: list[str] = []
    daemon.snapshotter.take(said.append)
    turn_until(daemon, lambda: said)
    assert said == [""]
    assert daemon.session.kernel.now >= later
    assert daemon.close(snapshot=False)


def test_rows_of_a_moment_that_was_played_are_taped_as_they_are_played() -> None:
    rows = {"ts_received": np.array([5, 6, 9]), "price": np.array([1, 2, 3])}
    assert not_before(rows, 5) is rows
    assert not_before(rows, 7)["ts_received"].tolist() == [7, 7, 9]
    assert not_before(rows, 7)["price"] is rows["price"]
