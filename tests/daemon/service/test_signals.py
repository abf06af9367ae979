"""A daemon as a process of its own, steered by signals, as a service manager sees it."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from openoutcry.daemon.signals import Signals, StoppedEarly
from tests.daemon.service.kit import Manager, make_project

RUN = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"


@pytest.fixture
def launch(tmp_path):
    """Starts `outcry run` below a manager; what still runs at the end is killed."""
    started = []
    config = make_project(tmp_path / "project")
    short = tempfile.TemporaryDirectory(prefix="oo-")  # a socket's path may have 107 bytes
    with short as runtime, Manager(str(tmp_path / "notify")) as manager:

        def launch(*words: str) -> tuple[Manager, subprocess.Popen[str]]:
            environ = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"}
            environ["XDG_RUNTIME_DIR"] = runtime
            process = subprocess.Popen(
                [sys.executable, "-c", RUN, "run", str(config), *words],
                env={**os.environ, **environ}, text=True, stderr=subprocess.PIPE,
            )  # fmt: skip
            started.append(process)
            return manager, process

        yield launch
        for process in started:
            process.kill()
            process.communicate()


def ended(process):
    """Exit code and what was said."""
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.slow
def test_from_ready_over_reload_and_dump_to_a_clean_end_and_back_after_a_kill(launch, tmp_path):
    manager, process = launch()
    ready = manager.until("READY")
    assert ready["MAINPID"] == str(process.pid)
    assert ready["STATUS"].startswith("PAPER demo: input ")
    assert manager.until("WATCHDOG")
    process.send_signal(signal.SIGHUP)
    assert manager.until("RELOADING")
    assert manager.until("READY")
    config = tmp_path / "project" / "outcry.toml"
    good = config.read_text()
    config.write_text("this is no config")
    process.send_signal(signal.SIGHUP)
    assert manager.until("RELOADING")
    assert manager.until("READY")  # with the config that it had
    config.write_text(good)
    process.send_signal(signal.SIGUSR1)
    assert manager.until("WATCHDOG")
    process.terminate()
    assert manager.until("STOPPING")["STATUS"] == "PAPER demo: stopping, policy leave"
    code, said = ended(process)
    assert code == 0
    assert "\nreloaded: " in said
    assert "\nnot reloaded: X1000: " in said
    assert said.count("(most recent call first)") > 1
    assert "daemon/runner.py" in said  # what the core is in the middle of

    manager, process = launch()
    manager.until("READY")
    process.kill()
    ended(process)
    manager.waiting()
    manager, process = launch()
    seen = []
    while "READY" not in (message := manager.next()):
        seen.append(message["STATUS"])
    assert "PAPER demo: asking the venues" in seen
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 0
    assert "back at input" in said


@pytest.mark.slow
def test_a_config_that_cannot_run_ends_with_78_and_says_so_in_the_status(launch):
    manager, process = launch("--feed", "live")
    assert ended(process)[0] == 78
    assert manager.waiting()[-1]["STATUS"].startswith("X1000: ")


@pytest.mark.slow
def test_a_stop_before_the_session_is_back_changes_nothing(launch, tmp_path):
    """A strategy's module waits for the test while it is imported."""
    folder, gate = tmp_path / "project", tmp_path / "gate"
    os.mkfifo(gate)
    (folder / "waits.py").write_text(f"open({str(gate)!r}).read()\n")
    config = folder / "outcry.toml"
    config.write_text(config.read_text().replace('"buy_and_hold"', '"waits:Strategy"'))
    _, process = launch()
    with gate.open("w"):  # it has come there
        process.terminate()
        code, said = ended(process)
    assert (code, said) == (0, "stopped before the session was back; nothing has changed\n")
    assert not (folder / "state").exists()


def test_handlers_take_note_and_the_old_ones_come_back():
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with Signals() as signals:
        signals.arm()
        signal.raise_signal(signal.SIGHUP)
        assert (signals.take_reload(), signals.take_reload()) == (True, False)
        signal.raise_signal(signal.SIGTERM)
        assert signals.stops == 1
        signal.raise_signal(signal.SIGINT)
        assert signals.stops == 2
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # a third one kills
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_before_the_session_is_back_a_stop_ends_at_once_and_a_reload_waits():
    with Signals() as signals:
        signal.raise_signal(signal.SIGHUP)
        with pytest.raises(StoppedEarly):
            signal.raise_signal(signal.SIGTERM)
        assert signals.take_reload()
