"""Clients on other machines: CURVE, the list of clients and their roles."""

import contextlib
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from openoutcry.daemon.cli import main
from openoutcry.daemon.control.client import ControlClient, new_key
from openoutcry.daemon.control.keys import (
    AllowList,
    KeyPair,
    load_key_pair,
    load_public_key,
    make_key_pair,
)
from openoutcry.daemon.control.plane import ControlPlane
from openoutcry.daemon.control.protocol import Halt, Ping, Role, Status, Stop
from openoutcry.daemon.control.server import Remote
from openoutcry.state.control_config import ControlConfig, TcpAddress, parse_tcp
from openoutcry.state.errors import (
    ConfigError,
    ControlDenied,
    ControlError,
    DaemonUnreachable,
    OutcryError,
)
from tests.control.kit import INFO, FakeCore, serving


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def client_list(file: Path, *clients: tuple[str, str, str]) -> None:
    text = "".join(
        f'[[clients]]\nname = "{name}"\nkey = "{key}"\nrole = "{role}"\n'
        for name, key, role in clients
    )
    part = file.with_suffix(".part")
    part.write_text(text)
    part.chmod(0o600)
    part.replace(file)


class World:
    """A daemon with keys, and clients of each role."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server_keys = make_key_pair(folder / "server.key")
        self.keys = {name: make_key_pair(folder / name) for name in ("viewer", "operator", "admin")}
        self.stranger = make_key_pair(folder / "stranger")
        self.list = folder / "clients.toml"
        self.permit("viewer", "operator", "admin")
        self.address = TcpAddress("127.0.0.1", free_port())

    def permit(self, *names: str) -> None:
        client_list(self.list, *((f"{n}-laptop", self.keys[n].public, n) for n in names))

    @contextlib.contextmanager
    def serving(self, core: FakeCore) -> Iterator[Any]:
        remote = Remote(self.address, self.server_keys, AllowList(self.list))
        with serving(core, self.folder / "run", remote=remote) as server:
            yield server

    def client(self, keys: KeyPair | None, **options: Any) -> ControlClient:
        options.setdefault("server_key", self.server_keys.public)
        return ControlClient(self.address.endpoint, keys=keys, **options)


@pytest.fixture
def world(folder):
    return World(folder)


def test_a_known_key_is_served_and_named(core, world):
    with world.serving(core), world.client(world.keys["operator"], name="cli") as client:
        assert client.welcome.role == "operator"
        client.command(Halt(key=new_key()))
    assert str(core.seen[-1][1]) == "cli (operator-laptop)"
    assert core.seen[-1][1].role is Role.OPERATOR


@pytest.mark.parametrize("case", ["unknown key", "no key", "wrong server key"])
def test_everybody_else_is_refused_with_a_clear_text(core, world, case):
    keys = {"unknown key": world.stranger, "no key": None}.get(case, world.keys["admin"])
    options = {"server_key": world.stranger.public} if case == "wrong server key" else {}
    with world.serving(core) as server:
        with pytest.raises(ControlDenied) as error:
            world.client(keys, **options)
        text = "does not know this client's key" if case == "unknown key" else "no understanding"
        assert text in error.value.message
        assert bool(server.turned_away) == (case == "unknown key")
        with world.client(world.keys["viewer"]) as client:
            client.ask(Ping())
    assert len(core.seen) == 1


def test_a_client_without_keys_at_a_local_socket_and_one_with_keys_at_none(core, world):
    with world.serving(core):
        with ControlClient(f"ipc://{world.folder}/run/control.sock") as client:
            assert client.welcome.role == "admin"
        with pytest.raises(ControlError):
            ControlClient(
                f"ipc://{world.folder}/run/control.sock",
                keys=world.keys["admin"],
                server_key=world.server_keys.public,
            )


@pytest.mark.parametrize(
    ("role", "allowed"), [("viewer", [Status]), ("operator", [Status, Halt]), ("admin", [Status, Halt, Stop])]
)  # fmt: skip
def test_roles_decide_what_may_be_asked(core, world, role, allowed):
    with world.serving(core), world.client(world.keys[role]) as client:
        for request in (Status(), Halt(key=new_key()), Stop(key=new_key())):
            if type(request) in allowed:
                client.call(request)
            else:
                with pytest.raises(ControlDenied, match=f"is {role}"):
                    client.call(request)
    assert [type(request) for request, _ in core.seen] == allowed


def test_a_key_that_is_struck_off_or_demoted_counts_at_once_even_for_who_is_connected(core, world):
    with world.serving(core), world.client(world.keys["admin"]) as client:
        client.command(Halt(key=new_key()))
        client_list(world.list, ("admin-laptop", world.keys["admin"].public, "viewer"))
        with pytest.raises(ControlDenied, match="is viewer"):
            client.command(Halt(key=new_key()))
        world.permit("viewer")
        with pytest.raises(ControlDenied, match="is none"):
            client.ask(Ping())
        with pytest.raises(ControlDenied):
            world.client(world.keys["admin"])
        with world.client(world.keys["viewer"]) as other:
            other.ask(Ping())


def test_a_list_that_cannot_be_read_leaves_the_old_one_in_force(world):
    clients = AllowList(world.list)
    world.list.write_text("[[clients]]\nname = 5\n")
    clients.refresh()
    assert "clients.toml" in clients.problem
    assert clients.find(world.keys["viewer"].public) == ("viewer-laptop", Role.VIEWER)
    world.permit("admin")
    clients.refresh()
    assert clients.problem == ""
    assert clients.find(world.keys["viewer"].public) is None
    world.list.unlink()
    clients.refresh()
    assert clients.problem
    assert clients.find(world.keys["admin"].public) is not None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("clients = 5", "Expected"),
        ('[[clients]]\nname = "a"\nkey = "short"\nrole = "viewer"', "regex"),
        ('[[clients]]\nname = "a"\nkey = "{key}"\nrole = "king"', "king"),
        ('[[clients]]\nname = "a"\nkey = "{key}"\nrole = "viewer"\nx = 1', "unknown field"),
        ('[[clients]]\nname = "a"\nkey = "{key}"\nrole = "viewer"\n' * 2, "stands twice"),
        ("[[clients", "end of an array"),
    ],
)
def test_a_list_that_is_wrong_at_the_start_is_an_error(world, text, what):
    world.list.write_text(text.replace("{key}", world.stranger.public))
    with pytest.raises(ConfigError, match=what):
        AllowList(world.list)


def test_a_list_that_others_may_write_and_a_key_that_others_may_read_are_refused(world):
    world.list.chmod(0o664)
    with pytest.raises(ConfigError, match="others may write"):
        AllowList(world.list)
    (world.folder / "viewer").chmod(0o640)
    with pytest.raises(ConfigError, match="others may read"):
        load_key_pair(world.folder / "viewer")


def test_an_address_that_is_taken_is_an_error_and_the_folder_is_free_again(core, world):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", world.address.port))
        taken.listen()
        with pytest.raises(ControlError, match="cannot listen"), world.serving(core):
            pass
    with world.serving(core), world.client(world.keys["viewer"]) as client:
        client.ask(Ping())


def test_nobody_at_an_address_is_said(world):
    with pytest.raises(DaemonUnreachable, match="nobody listens"):
        world.client(world.keys["viewer"])


# --- keys -----------------------------------------------------------------------------------------


def test_keygen_writes_a_private_file_and_a_public_one(tmp_path, capsys):
    file = tmp_path / "daemon.key"
    assert main(["control", "keygen", str(file)]) == 0
    public = capsys.readouterr().out.strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    pair = load_key_pair(file)
    assert zmq.curve_public(pair.secret.encode()) == public.encode() == pair.public.encode()
    assert load_public_key(file) == load_public_key(tmp_path / "daemon.key.pub") == public
    assert pair.secret not in repr(pair)
    assert main(["control", "keygen", str(file)]) == 78
    assert "File exists" in capsys.readouterr().err
    assert load_key_pair(file) == pair
    assert main(["control", "keygen", "--json", str(tmp_path / "other")]) == 0
    assert json.loads(capsys.readouterr().out)["public_key"] != public


def test_a_file_without_a_key_is_an_error_that_does_not_show_what_is_in_it(tmp_path):
    file = tmp_path / "key"
    file.write_text('secret = "SECRET-SECRET"\n')
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="holds no key pair") as error:
        load_key_pair(file)
    assert "SECRET" not in str(error.value)
    with pytest.raises(ConfigError, match="no public key"):
        load_public_key(file)
    with pytest.raises(ConfigError, match="No such file"):
        load_public_key(tmp_path / "missing")


# --- the config -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "host", "everywhere"),
    [
        ("127.0.0.1:7450", "127.0.0.1", False),
        ("tcp://10.0.0.5:7450", "10.0.0.5", False),
        ("[::1]:7450", "[::1]", False),
        ("0.0.0.0:7450", "0.0.0.0", True),
        ("*:7450", "*", True),
        ("[::]:7450", "[::]", True),
    ],
)
def test_addresses(text, host, everywhere):
    assert parse_tcp(text) == TcpAddress(host, 7450)
    assert parse_tcp(text).everywhere is everywhere
    settings = {"tcp": text, "server_key": "k", "clients": "c"}
    if everywhere:
        with pytest.raises(ConfigError, match="every interface"):
            ControlConfig(**settings)
    assert ControlConfig(every_interface=True, **settings).address == TcpAddress(host, 7450)


@pytest.mark.parametrize(
    "text", ["", "7450", "localhost:7450", "127.0.0.1", "1.2.3:7450", "127.0.0.1:0",
             "127.0.0.1:65536", "127.0.0.1:7450\n", "eth0:7450", "udp://1.2.3.4:7450"]
)  # fmt: skip
def test_what_is_no_address(text):
    with pytest.raises(ConfigError, match="is no address"):
        parse_tcp(text)


@pytest.mark.parametrize(
    "settings",
    [
        {"tcp": "127.0.0.1:7450"},
        {"tcp": "127.0.0.1:7450", "server_key": "k"},
        {"tcp": "127.0.0.1:7450", "clients": "c"},
        {"timeout_ms": 9},
        {"in_flight": 7},
    ],
)
def test_settings_that_cannot_be(settings):
    with pytest.raises(ConfigError):
        ControlConfig(**settings)


def test_a_whole_control_plane_from_its_config(core, world):
    settings = ControlConfig(
        tcp=f"127.0.0.1:{world.address.port}", server_key="server.key", clients="clients.toml"
    )
    state = world.folder / "state"
    state.mkdir()
    where = {"state_dir": state, "base": world.folder}
    plane = ControlPlane.open(settings, world.folder / "run", core, INFO, **where)
    try:
        plane.start()
        assert plane.alive
        with world.client(world.keys["viewer"]) as client:
            client.ask(Ping())
        with ControlClient(plane.endpoints.control) as local:
            local.ask(Ping())
        with pytest.raises(OutcryError, match="held"):
            ControlPlane.open(settings, world.folder / "run", core, INFO, **where)
        with pytest.raises(ControlError, match="cannot listen"):
            ControlPlane.open(settings, world.folder / "other", core, INFO, **where)
        assert not (world.folder / "other" / "events.sock").exists()
    finally:
        assert plane.close()
    assert [path.name for path in (world.folder / "run").iterdir()] == ["lock"]
