"""The running daemon when its disk is full, its config wrong, its clients hostile."""

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openoutcry.daemon.control import protocol as ask
from openoutcry.daemon.control.views import Status
from openoutcry.state.commands import Halt
from openoutcry.state.errors import (
    CommandRefused,
    ControlTimeout,
    DaemonRefused,
    ProtocolError,
)
from tests.control.fuzz import EXPECTED, Frames, run_batch
from tests.control.kit import RawClient
from tests.daemon.running import PATIENCE_S, Running, key

MESSAGES = 10_000
DISK_MB = 6


@pytest.fixture
def small() -> Iterator[Running]:
    """A daemon whose state is on a disk that a test can fill."""
    running = Running()
    running.state.mkdir(mode=0o700)
    command = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size={DISK_MB}m,mode=700",
        "tmpfs",
        str(running.state),
    ]
    try:
        if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
            pytest.skip("mounting a small disk needs root")
        try:
            with running:
                try:
                    yield running
                finally:
                    running.kill()
        finally:
            subprocess.run(["umount", "-l", str(running.state)], check=True)
    finally:
        running.remove()


def fill(running: Running) -> Path:
    """Leave no room, and wait until the journal says so."""
    filler = running.state / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
    durable = True
    while durable:
        durable = running.client.command(
            ask.Pause(**key(), strategy="churn", reason="x" * 200)
        ).durable
    return filler


def patient(running: Running, condition: Callable[[Status], bool]) -> Status:
    """Ask for the status until something is true of it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        status = running.ask(ask.Status(), Status)
        if condition(status):
            return status
        assert time.monotonic() < end, status


def test_on_a_full_disk_a_halt_holds_at_once_and_after_a_crash(small: Running) -> None:
    filler = fill(small)
    reply, _ = small.do(ask.Halt(**key(), reason="full"))
    assert not reply.durable
    assert small.ask(ask.Status(), Status).trading == "halted"
    with pytest.raises(DaemonRefused, match="full"):
        small.do(ask.Resume(**key()))
    small.kill()
    filler.unlink()
    assert "full" not in [m.reason for _, m in small.records() if isinstance(m, Halt)]
    small.start()
    status = patient(small, lambda status: status.trading == "halted")
    assert "full" in [halt.reason for halt in status.halts if halt.strategy is None]
    small.do(ask.Resume(**key()))
    small.kill()
    small.start()
    assert small.ask(ask.Status(), Status).trading != "halted"


def test_when_there_is_room_again_the_halt_becomes_durable(small: Running) -> None:
    filler = fill(small)
    command = ask.Halt(**key(), reason="full")
    reply, _ = small.do(command)
    assert not reply.durable
    assert (small.state / "HALT").read_text().strip()
    filler.unlink()
    patient(small, lambda status: status.journal.state == "running")
    patient(small, lambda _: not (small.state / "HALT").read_text().strip())
    small.do(ask.Resume(**key()))
    small.do(ask.TakeSnapshot(**key()))  # the tape has a hole: a re-run begins behind it
    small.kill()
    small.start()
    assert small.ask(ask.Status(), Status).trading != "halted"


def test_a_text_in_the_file_halt_halts_everything() -> None:
    with Running() as running:
        running.kill()
        (running.state / "HALT").write_text("stop!\n")
        running.start()
        assert patient(running, lambda status: status.trading == "halted").halts[0].reason


@pytest.mark.slow
def test_hostile_messages_do_the_running_daemon_no_harm() -> None:
    """One per cent of the million. What spells an honest stop is left out."""
    seed = int(os.environ.get("OPENOUTCRY_SEED") or random.SystemRandom().getrandbits(32))
    answers: Counter[str] = Counter()
    more = {kind.code for kind in (CommandRefused, ControlTimeout)}
    with Running() as running:
        with RawClient(running.folder / "run") as hostile:
            run_batch(hostile, str(seed), MESSAGES, answers, spare=stops, expected=EXPECTED | more)
        assert running.ask(ask.Status(), Status).journal.state == "running"
        running.client.ask(ask.Ping())
        running.do(ask.Stop(**key()))
        assert running.wait() == 0
    assert {"Ok", "Accepted"} <= answers.keys()


def stops(frames: Frames) -> bool:
    """Whether a message ends the daemon by right."""
    for frame in frames:
        try:
            if isinstance(ask.decode_request(frame), ask.Stop):
                return True
        except ProtocolError:
            pass
    return False
