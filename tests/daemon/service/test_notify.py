"""What reaches the service manager's socket."""

import os

import pytest

from openoutcry.daemon.notify import Notifier
from tests.daemon.service.kit import Manager


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = f"@openoutcry-test-{os.getpid()}-{tmp_path.name}"
    address = str(tmp_path / "notify") if request.param == "path" else name
    with Manager(address) as manager:
        yield manager


def test_each_message_is_one_datagram_of_assignments(manager):
    notifier = Notifier(manager.address, 30 * 10**9, monotonic=lambda: 5_000)
    assert notifier.ready("up")
    assert manager.next() == {"READY": "1", "STATUS": "up", "MAINPID": str(os.getpid())}
    assert notifier.status("fine")
    assert manager.next() == {"STATUS": "fine"}
    assert notifier.alive("fine")
    assert manager.next() == {"WATCHDOG": "1", "STATUS": "fine"}
    assert notifier.extend(60 * 10**9, "reading")
    assert manager.next() == {"EXTEND_TIMEOUT_USEC": "60000000", "STATUS": "reading"}
    assert notifier.reloading()
    assert manager.next() == {"RELOADING": "1", "MONOTONIC_USEC": "5"}
    assert notifier.stopping("bye")
    assert manager.next() == {"STOPPING": "1", "STATUS": "bye"}


def test_a_status_cannot_assign_anything_else(manager):
    Notifier(manager.address).status("name\nMAINPID=1\0" + "ü" * 5_000)
    message = manager.next()
    assert set(message) == {"STATUS"}
    assert message["STATUS"].startswith("name MAINPID=1 ü")
    assert len(message["STATUS"]) == 1_000


def test_it_takes_the_environment_and_leaves_nothing_to_children(manager):
    environ = {
        "NOTIFY_SOCKET": manager.address,
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "HOME": "/",
    }
    notifier = Notifier.from_environment(environ)
    assert environ == {"HOME": "/"}
    assert notifier.enabled
    assert notifier.watchdog_ns == 30 * 10**9


@pytest.mark.parametrize(
    "watchdog",
    [{}, {"WATCHDOG_USEC": "30", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "-5"}, {"WATCHDOG_USEC": "x"}],
)  # fmt: skip
def test_no_watchdog_without_a_limit_for_this_process(watchdog):
    assert Notifier.from_environment({"NOTIFY_SOCKET": "/run/x", **watchdog}).watchdog_ns == 0


@pytest.mark.parametrize("address", [None, "", "@", "vsock:2:1234", "relative"])
def test_without_a_local_socket_nothing_is_sent(address):
    environ = {} if address is None else {"NOTIFY_SOCKET": address}
    notifier = Notifier.from_environment({**environ, "WATCHDOG_USEC": "1000000"})
    assert (notifier.enabled, notifier.watchdog_ns) == (False, 0)
    assert not notifier.ready("up")


def test_a_manager_that_is_gone_or_does_not_read_holds_nobody_up(tmp_path):
    assert not Notifier(str(tmp_path / "none")).ready("up")
    with Manager(str(tmp_path / "full")) as full:
        notifier = Notifier(full.address)
        sent = 0
        while notifier.alive("fine"):
            sent += 1
            assert sent < 1_000_000
