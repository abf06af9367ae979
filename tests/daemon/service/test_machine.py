"""The service under a real system manager: start, hang, crash, reload, stop, uninstall."""

import re

import pytest

from tests.daemon.service import machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the probe saw. See `machine.py`."""
    tools = tmp_path_factory.getbasetemp().parent / "openoutcry-nspawn"
    if reason := machine.why_not(tools):
        pytest.skip(reason)
    program = machine.nspawn(tools)
    assert program is not None
    return machine.boot(tmp_path_factory.mktemp("machine"), nspawn_program=program)


def test_the_probe_came_to_its_end(seen):
    assert "broke" not in seen, f"{seen['broke']}\n{seen['log']}\n{seen['journal']}"


def test_install_and_the_example_lead_to_a_config_that_can_run(seen):
    assert (seen["install"][0], seen["synth"], seen["check"][0]) == (0, 0, 0)


def test_start_returns_when_the_daemon_is_ready_and_its_status_is_shown(seen):
    assert (seen["start"], seen["state"]) == ([0, ""], "active")
    assert re.fullmatch(r"PAPER demo: input \d+, 0 open orders", seen["status"])


def test_it_runs_as_the_account_s_user_in_folders_of_its_own(seen):
    assert (seen["who"], seen["owner"]) == ("openoutcry-demo\n", "openoutcry-demo")
    assert set(seen["modes"].values()) == {"0o700"}
    assert "cannot touch" in seen["refused"]
    assert seen["homes"].count("Permission denied") == 2


def test_the_credential_reaches_it_also_after_restarts(seen):
    assert seen["token"] == seen["token_later"] == [0, "canary-of-the-machine"]


def test_what_runs_is_as_hardened_as_what_was_written(seen):
    score = re.search(r"exposure level for .*: (\d+\.\d)", seen["exposure"])
    assert score is not None
    assert float(score[1]) <= 1.5


def test_reload_reaches_the_daemon_and_ends(seen):
    assert seen["reload"] == 0
    assert "reloaded: the config file is in force" in seen["journal"]


def test_a_hang_is_killed_by_the_watchdog_and_says_where_it_hung(seen):
    assert seen["before"] == "0"
    said = seen["journal"]
    assert "Watchdog timeout" in said
    assert "Failed with result 'watchdog'" in said
    assert "Fatal Python error: Aborted" in said
    assert said.count("daemon/runner.py") == 2  # of the dump, and of the kill


def test_after_a_hang_and_after_a_crash_the_session_is_back(seen):
    assert seen["restarts"] == "2"
    assert "code=killed, status=9/KILL" in seen["journal"]
    back = [int(number) for number in re.findall(r"back at input (\d+)", seen["journal"])]
    assert len(back) == 2
    assert 0 < back[0] < back[1]


def test_the_status_command_tells_it(seen):
    code, told = seen["service_status"]
    assert code == 0
    for text in ('"ActiveState": "active"', "status=9/KILL", '"control": "answers"'):
        assert text in told


def test_the_control_socket_answers_root_and_the_daemon_s_user_and_nobody_else(seen):
    assert seen["asked_by_root"][0] in (0, 3), seen["asked_by_root"]
    assert "PAPER" in seen["asked_by_root"][1].upper()
    assert seen["asked_by_another"][0] not in (0, 3)


def test_stop_is_clean_and_quick(seen):
    assert seen["stop"] == 0
    assert seen["stopped"] == ["inactive", "success", "0"]
    assert seen["stop_s"] < 10


def test_a_config_that_cannot_run_is_not_tried_again(seen):
    assert seen["bad_start"] != 0
    assert seen["bad"] == ["failed", "78", "0"]


def test_uninstall_takes_the_unit_and_leaves_the_state(seen):
    assert seen["uninstall"][0] == 0
    assert seen["left"] == []
    assert seen["kept"]


def test_a_user_s_own_manager_runs_the_lighter_unit(seen):
    assert seen["user_install"][0] == 0, seen["user_install"][1]
    assert (seen["user_start"][0], seen["user_state"]) == (0, "active"), seen["user_journal"]
    assert seen["user_status"].startswith("PAPER mine: input ")
    assert seen["user_stop"] == 0
    assert seen["user_kept"]
