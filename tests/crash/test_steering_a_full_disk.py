"""What the control socket says while the disk is full: docs/reference/failure-matrix.md."""

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openoutcry.daemon.control import protocol as ask
from openoutcry.daemon.control.book_views import Orders
from openoutcry.daemon.control.views import Status
from openoutcry.state.errors import DaemonRefused
from tests.crash.test_daemon_disks import fill
from tests.daemon.running import PATIENCE_S, Running, key

pytestmark = [pytest.mark.slow]


@pytest.fixture
def daemon() -> Iterator[Running]:
    """A daemon that trades, its state on a disk of its own."""
    running = Running()
    disk = running.folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    running.state = disk / "state"
    try:
        with running:
            yield running
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def until(look: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < end, "it never came to that"


def state(running: Running) -> tuple[str, str]:
    status = running.ask(ask.Status(), Status)
    return status.journal.state, status.tape.state


def working(running: Running) -> int:
    return len(running.ask(ask.Orders(), Orders).working)


def test_a_halt_holds_and_a_resume_waits_for_room(daemon: Running) -> None:
    until(lambda: working(daemon) > 0)
    ballast = fill(daemon.folder / "disk")
    until(lambda: state(daemon)[1] != "recording" or state(daemon)[0] != "running")
    reply, _ = daemon.do(ask.Halt(**key(), reason="full"))
    assert not reply.durable, "it is in force, and says that it is not on disk"
    assert daemon.ask(ask.Status(), Status).trading == "halted"
    with pytest.raises(DaemonRefused):
        daemon.do(ask.Resume(**key()))
    daemon.kill()
    ballast.unlink()
    daemon.start()
    assert daemon.ask(ask.Status(), Status).trading == "halted", "the marker holds over a crash"
    daemon.do(ask.Resume(**key()))
    until(lambda: daemon.ask(ask.Status(), Status).trading == "on")
    daemon.kill()
    found = daemon.outcry("parity", str(daemon.state))
    assert "0 differences" in found.stdout, found.stdout + found.stderr
