"""`[control]`: where a daemon listens for those who ask and steer it."""

import ipaddress
import re
from typing import Final

import msgspec

from openoutcry.state.errors import ConfigError

_TCP: Final = re.compile(r"(?:tcp://)?(\[[0-9a-fA-F:.]+\]|[0-9.]+|\*):([0-9]{1,5})", re.ASCII)


class TcpAddress(msgspec.Struct, frozen=True):
    """A numeric address and a port, as ZeroMQ binds it."""

    host: str
    port: int

    @property
    def everywhere(self) -> bool:
        """Whether it stands for every interface of the machine."""
        return self.host == "*" or ipaddress.ip_address(self.host.strip("[]")).is_unspecified

    @property
    def endpoint(self) -> str:
        """`tcp://HOST:PORT`."""
        return f"tcp://{self.host}:{self.port}"


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The control socket of a paper or live daemon.

    Args:
        directory: Folder of the sockets, private to the daemon's user. None is `$RUNTIME_DIRECTORY`
            (systemd), else `$XDG_RUNTIME_DIR/openoutcry/NAME`, else `control` in the state directory.
        tcp: `ADDRESS:PORT` for clients on other machines; needs `server_key` and `clients`.
        every_interface: Whether `tcp` may stand for all interfaces of the machine.
        server_key: File of the daemon's secret key, made by `outcry control keygen`.
        clients: File that lists the public keys of clients and their roles.
        timeout_ms: How long a request may wait for the core.
        in_flight: Most requests that wait at the same time.
    """

    directory: str | None = None
    tcp: str | None = None
    every_interface: bool = False
    server_key: str | None = None
    clients: str | None = None
    timeout_ms: int = 5000
    in_flight: int = 256

    def __post_init__(self) -> None:
        if not 10 <= self.timeout_ms <= 600_000:
            raise ConfigError(
                f"control.timeout_ms is {self.timeout_ms}", remedy="write 10 to 600000"
            )
        if not 8 <= self.in_flight <= 4096:
            raise ConfigError(f"control.in_flight is {self.in_flight}", remedy="write 8 to 4096")
        if self.tcp is None:
            return
        if self.server_key is None or self.clients is None:
            raise ConfigError(
                "control.tcp without keys",
                remedy="add server_key (`outcry control keygen FILE`) and clients, a list of public keys",
            )
        if parse_tcp(self.tcp).everywhere and not self.every_interface:
            raise ConfigError(
                f"control.tcp = {self.tcp!r} listens on every interface of the machine",
                remedy="name one address, or add every_interface = true",
            )

    @property
    def address(self) -> TcpAddress | None:
        """`tcp`, read."""
        return None if self.tcp is None else parse_tcp(self.tcp)


def parse_tcp(text: str) -> TcpAddress:
    """The address in `127.0.0.1:7450`, `[::1]:7450`, `*:7450`, with or without `tcp://`.

    Raises:
        ConfigError: It is none.
    """
    found = _TCP.fullmatch(text)
    try:
        if found is None or not 0 < int(found[2]) < 65536:
            raise ValueError(text)  # noqa: TRY301 - the same answer as for an impossible address
        address = TcpAddress(found[1], int(found[2]))
        assert isinstance(address.everywhere, bool)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no address",
            remedy='write it like "127.0.0.1:7450", with a numeric address',
        ) from error
    return address
