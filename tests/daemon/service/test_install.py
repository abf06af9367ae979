"""Installing, asking and uninstalling, on a file system of the test's own and with recorded programs."""

import contextlib
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.command import UsageError
from openoutcry.daemon.service import plan, status
from openoutcry.daemon.service.places import hidden, places
from openoutcry.daemon.service.world import ServiceError, carry_out, run_program

OUTCRY = Path("/opt/openoutcry/bin/outcry")


class Programs:
    """Programs that are written down, and answer what the test says."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.ran: list[tuple[str, ...]] = []
        self.answers = answers

    def __call__(self, argv) -> tuple[int, str]:
        self.ran.append(tuple(argv))
        return self.answers.get(next((w for w in argv if w in self.answers), ""), (0, ""))


@pytest.fixture(params=["system", "user"])
def where(request, tmp_path):
    environ = {"HOME": str(tmp_path / "home"), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return places("demo", user=request.param == "user", environ=environ, root=tmp_path)


def files(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_install_puts_everything_in_place_and_starts_nothing(where, tmp_path):
    programs, told = Programs(), list[str]()
    carry_out(plan.install(where, OUTCRY), programs, told.append)
    found = {where.unit_file, where.config_file}
    reload = (*where.manager, "daemon-reload")
    if where.user:
        assert programs.ran == [reload]
        assert where.state.stat().st_mode & 0o777 == 0o700
    else:
        found.add(where.sysusers_file)
        assert programs.ran == [("systemd-sysusers", str(where.sysusers_file)), reload]
        assert "u openoutcry-demo " in where.sysusers_file.read_text()
    assert files(tmp_path) == {str(path.relative_to(tmp_path)) for path in found}
    assert f"ExecStart={OUTCRY} run" in where.unit_file.read_text()
    assert where.credentials.stat().st_mode & 0o777 == 0o700
    assert where.unit_file.stat().st_mode & 0o777 == 0o644
    assert told == [str(step) for step in plan.install(where, OUTCRY).steps]


def test_installing_again_renews_the_unit_and_keeps_the_config(where):
    carry_out(plan.install(where, Path("/old/outcry")), Programs(), lambda _: None)
    where.config_file.write_text("mine")
    told: list[str] = []
    carry_out(plan.install(where, OUTCRY), Programs(), told.append)
    assert where.config_file.read_text() == "mine"
    assert f"{where.config_file} is there, and is kept" in told
    assert f"ExecStart={OUTCRY} run" in where.unit_file.read_text()


def test_uninstall_keeps_what_cannot_be_made_again(where):
    carry_out(plan.install(where, OUTCRY), Programs(), lambda _: None)
    where.state.mkdir(parents=True, exist_ok=True)
    (where.state / "journal").write_text("precious")
    programs = Programs(disable=(1, "not loaded"))
    kept = plan.uninstall(where, last=True)
    carry_out(kept, programs, lambda _: None)
    assert programs.ran == [
        (*where.manager, "disable", "--now", "openoutcry@demo"),
        (*where.manager, "daemon-reload"),
    ]
    assert not where.unit_file.exists()
    assert where.sysusers_file is None or not where.sysusers_file.exists()
    assert where.config_file.exists()
    assert (where.state / "journal").read_text() == "precious"
    assert f"state: {where.state}" in kept.notes
    carry_out(plan.uninstall(where, last=True), Programs(), lambda _: None)  # twice is once


def test_the_unit_stays_while_another_account_uses_it(where):
    other = where._replace(account="other", config=where.config.with_name("other"))
    for each in (where, other):
        carry_out(plan.install(each, OUTCRY), Programs(), lambda _: None)
    assert plan.others(where) == ["other"]
    carry_out(plan.uninstall(where, last=not plan.others(where)), Programs(), lambda _: None)
    assert where.unit_file.exists()


def test_a_program_that_fails_ends_the_plan_with_what_it_said(where):
    programs = Programs(**{"daemon-reload": (1, "no bus")})
    with pytest.raises(ServiceError, match=r"daemon-reload` ended with 1: no bus"):
        carry_out(plan.install(where, OUTCRY), programs, lambda _: None)
    assert run_program(["no-such-program-at-all"])[0] == 127


@pytest.mark.parametrize("name", ["", "A", "1a", "a_b", "a-", "a/b", "../x", "a" * 21, "ä", "a\n"])
def test_an_account_that_could_name_something_else_is_refused(name):
    with pytest.raises(UsageError):
        places(name, user=False)


def test_a_command_in_a_home_folder_is_not_seen_by_the_system_s_unit():
    home = Path("/home", "me", "x")
    paths = (Path("/opt/x"), home, Path("/root"), Path("/rooted"), Path("/tmp/venv/bin/x"))
    assert hidden(paths) == [paths[1], paths[2], paths[4]]


def test_a_dry_run_shows_the_plan_and_changes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert cli.main(["service", "install", "demo", "--user", "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["dry_run"] is True
    assert document["steps"][0] == f"write {tmp_path}/.config/systemd/user/openoutcry@.service"
    assert any("enable --now" in line for line in document["next"])
    assert cli.main(["service", "uninstall", "demo", "--user", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("would\n  run systemctl --user disable")
    assert files(tmp_path) == set()


def test_without_the_rights_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cli.main(["service", "install", "demo", "--user"]) == 2
    assert "remedy: run it as root, or with --user" in capsys.readouterr().err
    assert cli.main(["service", "status", "demo", "--user", "--system"]) == 2


SHOWN = """\
LoadState=loaded
UnitFileState=enabled
ActiveState=active
SubState=running
Result=success
StatusText=PAPER demo: input 7, 0 open orders
MainPID=42
NRestarts=1
ActiveEnterTimestamp=Mon 2024-01-01 00:00:00 UTC
ExecMainExitTimestamp=
ExecMainCode=0
ExecMainStatus=0
WatchdogUSec=30s
WatchdogTimestamp=Mon 2024-01-01 00:00:10 UTC
"""


@contextlib.contextmanager
def listening(path: Path, says: bytes):
    """A socket that says something to the first who connects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def answer() -> None:
            end, _ = server.accept()
            with end:
                end.sendall(says)

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join(10)


def test_status_tells_state_exit_watchdog_and_whether_the_socket_answers(where):
    with listening(where.runtime / "control.sock", b"\xff\0\0"):
        found = status.ask(where, Programs(show=(0, SHOWN)))
    assert (found.runs, found.problem, found.control) == (True, "", "answers")
    told = dict(status.rows(found))
    assert told["state"] == "active (running)"
    assert told["status"] == "PAPER demo: input 7, 0 open orders"
    assert told["watchdog"] == "30s, fed Mon 2024-01-01 00:00:10 UTC"
    assert (told["last exit"], told["restarts"]) == ("none that the log knows of", "1")


def test_status_says_what_is_wrong(where):
    def problem(shown: str) -> str:
        return status.ask(where, Programs(show=(0, shown))).problem

    assert "there is no control socket at" in problem(SHOWN)
    with listening(where.runtime / "control.sock", b"HTTP"):
        assert "is no control socket" in problem(SHOWN)
    assert "does not answer" in problem(SHOWN)
    failed = SHOWN.replace("=active", "=failed").replace("=success", "=watchdog")
    assert problem(failed) == "it is failed (watchdog)"
    assert problem(SHOWN.replace("=loaded", "=not-found")) == "there is no unit for demo"
    gone = status.ask(where, Programs(show=(1, "no bus")))
    assert gone.problem == "the service manager does not answer: no bus"


def test_the_last_exit_is_a_code_or_a_signal(where):
    stamp = "ExecMainExitTimestamp=Mon 2024-01-01 00:00:05 UTC"
    shown = SHOWN.replace("ExecMainExitTimestamp=", stamp)
    exits = {("1", "78"): "code 78", ("2", "9"): "signal 9", ("3", "6"): "signal 6"}
    for (code, number), text in exits.items():
        given = shown.replace("Code=0", f"Code={code}").replace(
            "ExecMainStatus=0", f"ExecMainStatus={number}"
        )
        found = status.ask(where, Programs(show=(0, given)))
        assert found.last_exit == f"Mon 2024-01-01 00:00:05 UTC, {text}"


def test_while_it_runs_the_last_exit_is_in_the_log(where):
    line = "2024-01-01T00:00:05+0000 host systemd[1]: x: Main process exited, code=killed, status=9/KILL"
    programs = Programs(show=(0, SHOWN), journalctl=(0, line))
    assert status.ask(where, programs).last_exit == "2024-01-01T00:00:05+0000, status=9/KILL"
    assert programs.ran[1][:1] == ("journalctl",)
    assert f"openoutcry@{where.account}.service" in programs.ran[1]
