"""The control socket as a client sees it: hello, roles, bounds, deadlines, private sockets."""

import os
import random
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from openoutcry.daemon.control.client import ControlClient, new_key
from openoutcry.daemon.control.places import PATH_MAX, RuntimeFolder
from openoutcry.daemon.control.protocol import (
    MAGIC,
    MAX_REQUEST,
    Accepted,
    Err,
    Halt,
    Hello,
    Ok,
    Ping,
    Status,
    Stop,
    Welcome,
    encode,
)
from openoutcry.daemon.control.server import ControlServer
from openoutcry.state.errors import (
    ConfigError,
    ControlDenied,
    ControlError,
    ControlTimeout,
    DaemonBusy,
    DaemonRefused,
    HelloFirst,
    ProtocolError,
    ProtocolMismatch,
)
from tests.control.kit import ID, INFO, PATIENCE_S, RawClient, serving


def code(reply: object) -> str:
    assert isinstance(reply, Err), reply
    return reply.code


def test_a_hello_says_who_is_there_and_then_requests_are_answered(core, folder):
    with serving(core, folder), ControlClient(f"ipc://{folder}/control.sock", name="cli") as client:
        expected = Welcome(
            proto=1,
            version="0.1.0",
            mode="paper",
            config="demo",
            role="admin",
            features=("events",),
        )
        assert client.welcome == expected
        assert client.ask(Status()) == b"\x81\xa2of\xa6Status"
        accepted = client.command(Halt(key=new_key(), reason="lunch"))
        assert (accepted.durable, accepted.seq) == (True, 1)
    request, who = core.seen[-1]
    assert isinstance(request, Halt)
    assert (who.name, who.origin, str(who)) == ("cli", "local", "cli")


def test_nothing_is_answered_before_the_hello(core, folder):
    with serving(core, folder), RawClient(folder, hello=False) as client:
        assert code(client.say(Status())) == HelloFirst.code
        assert core.seen == []


def test_versions_that_do_not_meet_are_refused_with_both(core, folder):
    with serving(core, folder), RawClient(folder, hello=False) as client:
        reply = client.say(Hello(client="x", proto_min=2, proto_max=9))
        assert code(reply) == ProtocolMismatch.code
        assert "2 to 9" in reply.message
        assert isinstance(client.say(Hello(client="x", proto_min=1, proto_max=9)), Welcome)


@pytest.mark.parametrize(
    "frames",
    [
        (b"",),
        (MAGIC,),
        (MAGIC, ID),
        (b"OO2", ID, encode(Ping())),
        (MAGIC, b"short", encode(Ping())),
        (MAGIC, ID, encode(Ping()), b"more"),
        (b"", MAGIC, ID, encode(Ping())),
        (MAGIC, ID, b""),
        (MAGIC, ID, b"\xff"),
    ],
)
def test_malformed_messages_are_answered_and_counted(core, folder, frames):
    with serving(core, folder) as server, RawClient(folder) as client:
        client.send(*frames)
        request_id, reply = client.receive()
        assert code(reply) == ProtocolError.code
        assert request_id == (ID if ID in frames[1:2] else bytes(8))
        assert isinstance(client.say(Ping()), Ok)
        assert server.counters.malformed == 1


def test_a_client_may_not_take_the_name_of_a_connection(core, folder):
    with serving(core, folder), RawClient(folder, hello=False, name=b"admin") as client:
        assert code(client.say(Hello(client="x"))) == ProtocolError.code


def test_a_message_of_too_many_frames_is_thrown_away_and_the_others_are_served(core, folder):
    with serving(core, folder), RawClient(folder) as client, RawClient(folder) as other:
        client.send(*[b"x"] * 20_000)
        assert isinstance(other.say(Ping()), Ok)
        assert code(client.receive()[1]) == ProtocolError.code
        assert isinstance(client.say(Ping()), Ok)


def test_a_frame_beyond_the_largest_ends_the_connection_of_its_sender_only(core, folder):
    with serving(core, folder), RawClient(folder) as client, RawClient(folder) as other:
        client.send(MAGIC, ID, bytes(MAX_REQUEST + 1))
        assert isinstance(other.say(Ping()), Ok)
        # ZeroMQ connects again by itself; that is a new connection, which has not said hello.
        client.post(Ping())
        while code(client.receive()[1]) != HelloFirst.code:
            pass


def test_an_answer_may_come_later_and_from_another_thread(core, folder):
    core.hold = True
    with serving(core, folder), RawClient(folder) as client:
        client.post(Ping())
        core.until(lambda: core.held)
        core.release()
        assert isinstance(client.receive()[1], Ok)


def test_the_answer_to_a_stop_arrives_although_the_server_is_closed_at_once(core, folder):
    core.hold = True
    with serving(core, folder) as server, RawClient(folder) as client:
        client.post(Stop(key=new_key()))
        core.until(lambda: core.held)
        core.release()
        server.close()
        assert isinstance(client.receive()[1], Accepted)


def test_junk_on_the_wire_harms_nobody(core, folder):
    with serving(core, folder), RawClient(folder) as client:
        wires = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for number, wire in enumerate(wires):
            wire.connect(f"{folder}/control.sock")
            if number:  # the first one stays silent for ever
                wire.sendall(random.Random(number).randbytes(4096))
        assert isinstance(client.say(Ping()), Ok)
        for wire in wires:
            wire.close()
        assert isinstance(client.say(Ping()), Ok)


def test_only_the_first_answer_counts(core, folder):
    core.hold = True
    with serving(core, folder), RawClient(folder) as client:
        client.post(Ping())
        core.until(lambda: core.held)
        (again,) = core.held
        core.release()
        again()
        assert isinstance(client.receive()[1], Ok)
        core.hold = False
        client.post(Status(), request_id=b"8bytes--")
        assert client.receive()[0] == b"8bytes--"


def test_a_core_that_does_not_answer_in_time_is_told_as_such(core, folder):
    core.hold = True
    with serving(core, folder, timeout_ms=20) as server, RawClient(folder) as client:
        reply = client.say(Ping())
        assert code(reply) == ControlTimeout.code
        assert reply.retry
        core.release()  # too late: nobody waits
        core.hold = False
        assert isinstance(client.say(Ping()), Ok)
        assert server.counters.timeouts == 1


def test_errors_of_the_core_are_answers_with_their_code(core, folder):
    with serving(core, folder) as server, RawClient(folder) as client:
        core.fault = ConfigError("no such limit", remedy="look them up")
        reply = client.say(Ping())
        assert (code(reply), reply.message, reply.remedy) == (
            "X1000",
            "no such limit",
            "look them up",
        )
        core.fault = ZeroDivisionError("by zero")
        assert code(client.say(Ping())) == "X0002"
        core.fault = None
        assert isinstance(client.say(Ping()), Ok)
        assert server.counters.faults == 1
        core.fault = ConfigError("x")
        with ControlClient(f"ipc://{folder}/control.sock") as proper:
            with pytest.raises(DaemonRefused) as error:
                proper.ask(Ping())
            assert error.value.daemon_code == "X1000"


def test_one_client_may_not_take_every_place(core, folder):
    core.hold = True
    with serving(core, folder, in_flight=16) as server:
        with RawClient(folder) as greedy, RawClient(folder) as modest:
            for _ in range(6):
                greedy.post(Ping())
            codes = [code(greedy.receive()[1]) for _ in range(2)]
            assert codes == [DaemonBusy.code] * 2
            modest.post(Ping())
            core.until(lambda: len(core.held) == 5)
            core.release()
            assert isinstance(modest.receive()[1], Ok)
            assert [type(greedy.receive()[1]) for _ in range(4)] == [Ok] * 4
        assert server.counters.busy == 2


def test_queries_leave_room_for_commands(core, folder):
    core.hold = True
    with serving(core, folder, in_flight=8):
        clients = [RawClient(folder) for _ in range(5)]
        try:
            for client in clients[:4]:
                client.post(Ping())
                client.post(Ping())
            core.until(lambda: len(core.held) == 7)
            poller = zmq.Poller()
            for client in clients[:4]:
                poller.register(client.socket, zmq.POLLIN)
            ready = {socket for socket, _ in poller.poll(PATIENCE_S * 1000)}
            refused = [c for c in clients[:4] if c.socket in ready]
            assert [code(c.receive()[1]) for c in refused] == [DaemonBusy.code]
            clients[4].post(Halt(key=new_key()))
            core.until(lambda: len(core.held) == 8)
            core.release()
            assert isinstance(clients[4].receive()[1], Accepted)
        finally:
            for client in clients:
                client.close()


def test_a_client_that_left_loses_its_answer_and_nobody_else_does(core, folder):
    core.hold = True
    with serving(core, folder) as server, RawClient(folder) as other:
        gone = RawClient(folder)
        gone.post(Ping())
        core.until(lambda: core.held)
        gone.close()
        other.post(Ping())
        core.until(lambda: len(core.held) == 2)
        core.release()
        assert isinstance(other.receive()[1], Ok)
        assert server.alive


def test_a_hundred_clients_at_once(core, folder):
    with serving(core, folder) as server:
        clients = [RawClient(folder, hello=False) for _ in range(100)]
        try:
            for client in clients:
                client.post(Hello(client="one of many"))
            for client in clients:
                assert isinstance(client.receive()[1], Welcome)
            for number in range(10):
                for client in clients:
                    client.post(Ping(), request_id=number.to_bytes(8, "big"))
                for client in clients:
                    request_id, reply = client.receive()
                    assert (int.from_bytes(request_id, "big"), type(reply)) == (number, Ok)
        finally:
            for client in clients:
                client.close()
        assert server.counters.requests == 1100


# --- the place ------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_socket_are_for_their_owner_alone_and_go_at_the_end(core, folder):
    place = folder / "run"
    before = os.umask(0)
    try:
        with serving(core, place):
            assert mode(place) == 0o700
            assert mode(place / "control.sock") == 0o600
            assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert not (place / "control.sock").exists()


def test_a_second_daemon_does_not_steal_the_socket(core, folder):
    with serving(core, folder):
        with pytest.raises(ControlError, match="held"):
            RuntimeFolder(folder)
        with ControlClient(f"ipc://{folder}/control.sock") as client:
            client.ask(Ping())


def test_a_socket_that_was_left_behind_is_taken_over(core, folder):
    (folder / "control.sock").touch()
    with serving(core, folder), ControlClient(f"ipc://{folder}/control.sock") as client:
        client.ask(Ping())


def test_a_path_too_long_for_a_socket_is_refused_with_its_length(folder):
    long = folder / ("x" * 100)
    with pytest.raises(ControlError, match=rf"bytes; the path of a socket may have {PATH_MAX}"):
        RuntimeFolder(long)
    assert not long.exists()


def test_the_longest_path_works(core, folder):
    size = PATH_MAX - len(os.fsencode(folder)) - len("/" + "/control.sock")
    with serving(core, folder / ("x" * size)) as server:
        assert server.alive


def test_a_folder_that_is_open_to_others_is_refused(folder):
    folder.chmod(0o755)
    with pytest.raises(ControlError, match="open to others") as error:
        RuntimeFolder(folder)
    assert "chmod 700" in error.value.remedy


def test_a_folder_that_is_none_or_cannot_be_made_is_refused(folder):
    (folder / "file").touch()
    with pytest.raises(ControlError, match="cannot make"):
        RuntimeFolder(folder / "file")
    (folder / "real").mkdir(mode=0o700)
    (folder / "link").symlink_to(folder / "real")
    with pytest.raises(ControlError, match="is no folder"):
        RuntimeFolder(folder / "link")


NOBODY = """
import os, sys
from openoutcry.daemon.control.client import ControlClient
from openoutcry.state.errors import OutcryError
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    ControlClient(sys.argv[1], timeout_s=10).close()
    print("served")
except OutcryError as error:
    print(type(error).__name__, error.message)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("walls", ["folder and file", "the peer's user alone"])
def test_another_user_is_refused(core, folder, walls):
    with serving(core, folder):
        if walls == "the peer's user alone":
            folder.chmod(0o777)
            (folder / "control.sock").chmod(0o777)
        command = [sys.executable, "-c", NOBODY, f"ipc://{folder}/control.sock"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, cwd="/"
        )
        assert done.stdout.startswith(ControlDenied.__name__), done
        with ControlClient(f"ipc://{folder}/control.sock") as client:
            client.ask(Ping())
    assert len(core.seen) == 1


def test_a_thread_that_ends_by_an_error_says_so(core, folder, monkeypatch):
    ended: list[str] = []
    held = RuntimeFolder(folder)
    server = ControlServer(core, INFO, held, on_end=ended.append, clock=lambda: 1 // 0)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    server.start()
    with RawClient(folder) as client:
        client.post(Ping())
        server._thread.join(PATIENCE_S)
    assert ended == ["the control thread ended by an error"]
    assert not server.alive
    server.wake()
    held.close()


def test_a_server_that_was_never_started_closes(core, folder):
    held = RuntimeFolder(folder)
    assert ControlServer(core, INFO, held).close()
    held.close()
    held.close()


def test_zeromq_has_what_is_needed():
    assert zmq.has("curve")
    assert zmq.has("ipc")
