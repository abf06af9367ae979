"""What a client says when there is no answer, where it looks for a daemon, and what it costs."""

import subprocess
import sys
import threading

import msgspec
import pytest
import zmq

from openoutcry.daemon.control.client import ControlClient
from openoutcry.daemon.control.places import Endpoints, announce, find_endpoints, runtime_folder
from openoutcry.daemon.control.protocol import MAGIC, Err, Ok, Ping, Welcome, encode
from openoutcry.state.control_config import ControlConfig
from openoutcry.state.errors import (
    ControlError,
    ControlTimeout,
    DaemonUnreachable,
    ProtocolError,
    ProtocolMismatch,
)
from tests.control.kit import serving

IMPORT_CPU_S = 0.150


def test_no_daemon_is_said_at_once(folder):
    with pytest.raises(DaemonUnreachable, match=f"there is no socket {folder}/control.sock"):
        ControlClient(f"ipc://{folder}/control.sock", timeout_s=60)


def test_a_socket_that_nobody_listens_at_is_said_at_once(folder):
    (folder / "control.sock").touch()
    with pytest.raises(DaemonUnreachable, match="nobody listens at"):
        ControlClient(f"ipc://{folder}/control.sock", timeout_s=60)


@pytest.mark.parametrize("endpoint", ["", "control.sock", "tcp://nowhere", "ftp://x:1", "ipc://"])
def test_what_is_no_endpoint(endpoint):
    with pytest.raises(DaemonUnreachable):
        ControlClient(endpoint, timeout_s=0.2)


class Impostor:
    """Something that speaks ZeroMQ at the socket, and answers as it is told."""

    def __init__(self, folder):
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.endpoint = f"ipc://{folder}/control.sock"
        self.socket.bind(self.endpoint)

    def answer(self, *replies: list[bytes | None]) -> None:
        """Answer the next request with each of these: frames in which None is its id."""
        identity, _, request_id, _ = self.socket.recv_multipart()
        for frames in replies:
            self.socket.send_multipart(
                [identity, *(request_id if f is None else f for f in frames)]
            )

    def close(self) -> None:
        self.socket.close()
        self.context.term()


@pytest.fixture
def impostor(folder):
    found = Impostor(folder)
    yield found
    found.close()


def test_a_daemon_that_is_there_and_silent_is_a_timeout_and_not_its_absence(impostor):
    with pytest.raises(ControlTimeout, match="did not answer within"):
        ControlClient(impostor.endpoint, timeout_s=0.1)


HELLO = Welcome(proto=1, version="9", mode="paper", config="c", role="admin")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"\xff", ProtocolError),
        (encode(Ok()), ProtocolError),
        (encode(Err(code="X8005", message="no common version", remedy="r")), ProtocolMismatch),
    ],
)
def test_a_hello_that_is_answered_strangely(impostor, reply, error):
    thread = threading.Thread(target=impostor.answer, args=([MAGIC, None, reply],))
    thread.start()
    with pytest.raises(error):
        ControlClient(impostor.endpoint)
    thread.join()


def test_answers_to_what_was_given_up_are_skipped(impostor):
    late = [MAGIC, bytes(8), encode(Ok())]
    junk = [b"what"]

    def play() -> None:
        impostor.answer(late, junk, [MAGIC, None, encode(HELLO)])
        impostor.answer(late, [MAGIC, None, encode(Ok(body=msgspec.Raw(b"\x01")))])
        impostor.answer([MAGIC, None, encode(HELLO)])

    thread = threading.Thread(target=play)
    thread.start()
    with ControlClient(impostor.endpoint) as client:
        assert client.welcome.version == "9"
        assert client.ask(Ping()) == b"\x01"
        with pytest.raises(ProtocolError):
            client.ask(Ping())
    thread.join()


def test_a_daemon_that_ends_while_it_is_asked_is_said_at_once(core, folder):
    core.hold = True
    with serving(core, folder) as server:
        client = ControlClient(f"ipc://{folder}/control.sock", timeout_s=60)
        killer = threading.Thread(target=lambda: (core.until(lambda: core.held), server.close()))
        killer.start()
        with pytest.raises(DaemonUnreachable, match="ended before it answered"):
            client.ask(Ping())
        killer.join()
    with pytest.raises(DaemonUnreachable):
        client.ask(Ping())
    core.hold = False
    with serving(core, folder):
        client.timeout_s = 20
        client.ask(Ping())  # it is there again
        client.close()
        client.close()


# --- where it looks -------------------------------------------------------------------------------


def test_the_folder_of_the_sockets(tmp_path):
    default, named = ControlConfig(), ControlConfig(directory="sock")
    both = {"RUNTIME_DIRECTORY": "/run/a:/run/b", "XDG_RUNTIME_DIR": "/run/user/7"}
    xdg = {"XDG_RUNTIME_DIR": "/run/user/7"}

    def found(settings, environment, name="my run/1"):
        return str(runtime_folder(settings, name, tmp_path, base=tmp_path, environment=environment))

    assert found(named, both) == str(tmp_path / "sock")
    assert found(default, both) == "/run/a"
    assert found(default, xdg) == "/run/user/7/openoutcry/my-run-1"
    assert found(default, xdg, "..") == "/run/user/7/openoutcry/daemon"
    assert found(default, {}) == str(tmp_path / "control")


def test_what_a_daemon_announced_is_found_whatever_the_environment_says(tmp_path):
    settings = ControlConfig()

    def found():
        return find_endpoints(settings, "x", tmp_path, environment={"XDG_RUNTIME_DIR": "/run/u"})

    assert found().control == "ipc:///run/u/openoutcry/x/control.sock"
    told = Endpoints("ipc:///run/oo/control.sock", "ipc:///run/oo/events.sock")
    announce(tmp_path, told)
    announce(tmp_path, told)
    assert found() == told
    (tmp_path / "control" / "endpoints.json").write_text("{")
    with pytest.raises(ControlError, match="cannot be read"):
        found()


def test_importing_the_client_is_cheap():
    code = (
        "import time; began = time.process_time();"
        "import openoutcry.daemon.control.client, openoutcry.daemon.control.subscriber, sys;"
        "heavy = [m for m in ('lmdb', 'polars', 'numpy', 'pykka', 'asyncio',"
        " 'openoutcry._native') if m in sys.modules];"
        "print(time.process_time() - began, heavy)"
    )
    runs = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        seconds, heavy = done.stdout.split(maxsplit=1)
        assert heavy.strip() == "[]"
        runs.append(float(seconds))
    assert min(runs) < IMPORT_CPU_S
