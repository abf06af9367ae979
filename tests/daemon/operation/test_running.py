"""A real daemon in a process of its own: what it shows, what a report of it holds, and no secret anywhere."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openoutcry.daemon.masking import forms
from tests.daemon.operation.alert_kit import http_receiver
from tests.daemon.operation.log_kit import CANARY
from tests.daemon.service.kit import make_project

ROOT = Path(__file__).resolve().parents[3]
TAPE = ("--feed", "tape", "--speed", "1000")
OUTCRY = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Machine:
    """A folder with a project, whose daemon runs and whose commands can be asked."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.port = folder, free_port()
        config = make_project(folder)
        text = config.read_text()
        config.write_text(
            text + '[log]\nlevel = "debug"\nfile = "outcry.log"\n'
            f'[metrics]\nenabled = true\nlisten = "127.0.0.1:{self.port}"\n'
            f'[[alerts.webhooks]]\nname = "hook"\nurl = "{url}"\ntoken_credential = "hook"\n'
            'least = "info"\n'
        )
        config.chmod(0o600)
        self.environ = {
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "OPENOUTCRY_CREDENTIAL_HOOK": CANARY,
        }
        self.state = folder / "state" / "demo-paper"
        self.running: list[subprocess.Popen[bytes]] = []
        self.said = b""

    def start(self) -> subprocess.Popen[bytes]:
        """A daemon, ready."""
        number = len(self.running)
        command = [sys.executable, "-c", OUTCRY, "run", "outcry.toml", *TAPE]
        out, err = (self.folder / f"{name}{number}.txt" for name in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            made = subprocess.Popen(
                command, cwd=self.folder, env=self.environ, stdout=stdout, stderr=stderr
            )
        self.running.append(made)
        self.until(lambda: self.get("/healthz")[0] == 200)
        return made

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            body = reply.read()
        except OSError:
            return 0, ""
        finally:
            connection.close()
        self.said += body
        return reply.status, body.decode()

    def until(self, done: object) -> None:
        assert callable(done)
        deadline = time.monotonic() + 60
        while not done():
            assert time.monotonic() < deadline, (self.folder / "err0.txt").read_text()
            assert self.running[-1].poll() is None, (self.folder / "err0.txt").read_text()
            os.sched_yield()

    def inputs(self) -> int:
        found = re.search(r"^openoutcry_sequence (\d+)$", self.get("/metrics")[1], re.MULTILINE)
        return int(found[1]) if found else 0

    def outcry(self, *words: str, expect: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", OUTCRY, *words],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            timeout=120,
            check=False,
        )
        self.said += done.stdout + done.stderr
        text = (done.stdout + done.stderr).decode()
        assert done.returncode == expect, text
        return text

    def report(self, name: str) -> Path:
        """A bug report of the present, unpacked; its slice."""
        where = str(self.state)
        listed = self.outcry(
            "bugreport", where, "--config", "outcry.toml", "--out", f"{name}.tar.gz", "--yes"
        )
        assert "slice: missing" not in listed
        with tarfile.open(self.folder / f"{name}.tar.gz") as archive:
            archive.extractall(self.folder / name, filter="data")
        return self.folder / name / "openoutcry-report" / "slice"


@pytest.fixture
def machine(tmp_path) -> Iterator[Machine]:
    with http_receiver() as (url, _):
        made = Machine(tmp_path, url)
        yield made
        for each in made.running:
            each.kill()
            each.wait()


def test_a_running_and_a_killed_daemon_are_examined_reported_and_played_again(machine):
    daemon = machine.start()
    machine.until(lambda: machine.inputs() > 200)
    page = machine.get("/metrics")[1]
    for name in ("core_lag_seconds_count", "handler_seconds_count", "fills_total"):
        (value,) = re.findall(rf"^openoutcry_{name} (\d+)$", page, re.MULTILINE)
        assert int(value) > 0, name
    assert "python_gc_pause_seconds_count" in page
    found = machine.outcry("doctor", "--config", "outcry.toml", "--state-dir", str(machine.state))
    assert f"lock: process {daemon.pid} trades with" in found
    assert "0 errors" in found
    sliced = machine.report("running")
    assert "0 differences" in machine.outcry("parity", str(sliced))
    daemon.kill()
    daemon.wait()
    found = machine.outcry("doctor", "--config", "outcry.toml", "--state-dir", str(machine.state))
    assert f"process {daemon.pid} was killed while it had" in found
    sliced = machine.report("killed")
    assert "0 differences" in machine.outcry("parity", str(sliced))
    daemon = machine.start()
    log = (machine.folder / "outcry.log").read_text()
    assert '"alert_key":"unclean_restart"' in log
    assert '"event":"recovered"' in log
    told = machine.folder / "outcry.log"
    machine.until(lambda: '"alert_key":"recovery_finished"' in told.read_text())
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(60) == 0
    assert "0 differences" in machine.outcry("parity", str(machine.state))


def test_a_secret_is_in_nothing_that_a_daemon_leaves(tmp_path):
    with http_receiver() as (url, got):
        machine = Machine(tmp_path, url)
        daemon = machine.start()
        machine.until(lambda: machine.inputs() > 50)
        daemon.kill()
        daemon.wait()
        daemon = machine.start()  # it tells of the unclean restart, with the secret in the header
        told = got.get(timeout=20)
        assert told["rule"] == "unclean_restart"
        assert told["headers"]["Authorization"] == f"Bearer {CANARY}"
        machine.report("report")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0
    values = [form.encode() for form in forms(CANARY)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    held = {path.name for path in files for value in values if value in path.read_bytes()}
    assert held == set()
    assert not any(value in machine.said for value in values)
