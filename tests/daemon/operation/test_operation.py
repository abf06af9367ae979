"""Everything around a core at once, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.daemon.operation.alert_kit import http_receiver
from tests.daemon.operation.log_kit import CANARY
from tests.daemon.operation.test_operation_config import BASE

ROOT = Path(__file__).resolve().parents[3]
DAEMON = """
import http.client, json, os, signal, sys, threading, time
from pathlib import Path
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.metrics.facts import CoreFacts
from openoutcry.daemon.operation import open_operation
from openoutcry.state.events import TradingHalted

before = sys.stdout
called = threading.Event()
with open_operation(load(Path("outcry.toml")), account="main", state_dir=Path("state"),
                    on_unacknowledged=lambda alert: called.set()) as operation:
    signal.signal(signal.SIGUSR1, lambda *_: operation.dump_threads())
    log = operation.log("core")
    secret = os.environ.get("OPENOUTCRY_CREDENTIAL_HOOK", "removed")
    log.info("started", environment=secret)
    print("printed by a strategy")
    operation.cell.write(CoreFacts(at_s=time.monotonic(), ready=True, seq=5, durable_seq=5))
    operation.desk.hear(TradingHalted(ts=1, reason="operator"), 5)
    assert called.wait(20)
    os.kill(os.getpid(), signal.SIGUSR1)
    connection = http.client.HTTPConnection("127.0.0.1", operation.server.port)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    (alert,) = operation.desk.open_alerts()
    operation.desk.acknowledge(alert.id, "anna")
    Path("page").write_text(page)
    if sys.argv[1] == "crash":
        os.abort()
    if sys.argv[1] == "raise":
        raise ValueError("at the end " + operation.credentials.load("hook").reveal())
assert sys.stdout is before
print("given back")
"""


def daemon(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PYTHONPATH": str(ROOT / "src"),
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "OPENOUTCRY_CREDENTIAL_HOOK": CANARY,
    }
    command = [sys.executable, "-c", DAEMON, how]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def config(folder: Path, url: str) -> None:
    text = (
        '[log]\nformat = "json"\n[metrics]\nenabled = true\nlisten = "127.0.0.1:0"\n'
        "[alerts]\nescalate_s = 1\n"
        f'[[alerts.webhooks]]\nname = "hook"\nurl = "{url}"\ntoken_credential = "hook"\n'
    )
    (folder / "outcry.toml").write_text(BASE + text)


def test_a_daemon_logs_serves_alerts_escalates_and_ends_in_order(tmp_path):
    with http_receiver() as (url, got):
        config(tmp_path, url)
        done = daemon(tmp_path, "end")
        assert done.returncode == 0, done.stderr
        kinds = [got.get(timeout=5)["kind"] for _ in range(3)]
    assert kinds == ["raised", "escalated", "acknowledged"]
    assert done.stdout == "given back\n"
    records = [json.loads(line) for line in done.stderr.splitlines()]
    events = [record["event"] for record in records]
    assert events[:3] == ["credential_from_environment", "started", "stdout"]
    assert {"alert_raised", "alert_escalated", "alert_acknowledged", "thread_stack"} <= set(events)
    assert all(record["mode"] == "replay" and record["account"] == "main" for record in records)
    assert records[1]["environment"] == "removed"
    page = (tmp_path / "page").read_text()
    assert 'openoutcry_alerts_open{severity="critical"} 1' in page
    assert "openoutcry_sequence 5" in page
    for text in (done.stderr, page, (tmp_path / "state" / "alerts.json").read_text()):
        assert "c4nary" not in text


def test_an_error_at_the_end_is_logged_and_a_crash_is_at_the_next_start(tmp_path):
    with http_receiver() as (url, _):
        config(tmp_path, url)
        raised = daemon(tmp_path, "raise")
        assert raised.returncode == 1
        ended = [line for line in raised.stderr.splitlines() if "ended_by_an_error" in line]
        assert "ValueError: at the end ***" in json.loads(ended[0])["trace"]
        (tmp_path / "state" / "alerts.json").unlink()
        assert daemon(tmp_path, "crash").returncode == -signal.SIGABRT
        (tmp_path / "state" / "alerts.json").unlink()
        again = daemon(tmp_path, "end")
    left = [line for line in again.stderr.splitlines() if "fault_of_the_last_process" in line]
    assert "Aborted" in json.loads(left[0])["dump"]
