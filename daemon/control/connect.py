"""Which daemon a command means, and the connection to it.

Looked for in this order: `--endpoint`, `--config`, `--name`; then `OUTCRY_ENDPOINT`, a config `outcry.toml`
in the current folder, and the only daemon that listens in a runtime folder. Of a config only what names
the sockets is read, so that asking works also while somebody edits it.
"""

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from openoutcry.daemon.control.client import ControlClient
from openoutcry.daemon.control.places import Endpoints, endpoints_in, find_endpoints
from openoutcry.daemon.control.protocol import Accepted, AnyMutation, Event, EventsSince, Query
from openoutcry.state.errors import ConfigError, DaemonUnreachable

CONFIG: Final = "outcry.toml"
"""The config that is meant when none is named."""
_SOCKET: Final = "control.sock"
_HOW: Final = "name it: --config FILE, --name NAME or --endpoint ENDPOINT"


class Link(Protocol):
    """A daemon that can be asked; a test has one of its own."""

    def ask(self, query: Query) -> bytes:
        """The answer to a question, as msgpack. Raises `ControlError`."""

    def command(self, command: AnyMutation) -> Accepted:
        """The answer to a command. Raises `ControlError`."""

    def follow(self, after: int | None) -> Iterator[list[Event]]:
        """Events in order, as they come; empty lists while nothing does.

        Args:
            after: The record of the journal after which to begin; None begins with the next event.
        """

    def close(self) -> None:
        """End the connection."""


class SocketLink:
    """The connection to a daemon that runs.

    Raises:
        ControlError: It cannot be had.
    """

    def __init__(self, endpoints: Endpoints, args: Namespace) -> None:
        keys = None
        if args.client_key is not None:
            from openoutcry.daemon.control.keys import load_key_pair

            keys = load_key_pair(args.client_key)
        self._events = endpoints.events
        self._client = ControlClient(
            endpoints.control, timeout_s=args.timeout, keys=keys, server_key=args.server_key
        )

    def ask(self, query: Query) -> bytes:
        """As `Link.ask`."""
        return self._client.ask(query)

    def command(self, command: AnyMutation) -> Accepted:
        """As `Link.command`."""
        return self._client.command(command)

    def follow(self, after: int | None) -> Iterator[list[Event]]:
        """As `Link.follow`."""
        from openoutcry.daemon.control.subscriber import EventStream

        with EventStream(self._events, self._client.events_since, after=after) as stream:
            if after is not None:
                page = self._client.events_since(EventsSince(after=after))
                yield list(page.events)
                while page.more:
                    page = self._client.events_since(EventsSince(after=page.after))
                    yield list(page.events)
                stream.number = page.after
            while True:
                yield stream.poll(0.2)

    def close(self) -> None:
        """As `Link.close`."""
        self._client.close()


def connect(args: Namespace) -> Link:
    """The connection to the daemon that the options of a command name.

    Raises:
        ControlError: There is none, or it cannot be reached.
        ConfigError: The config that is named cannot be read.
    """
    return SocketLink(endpoints_of(args), args)


def endpoints_of(args: Namespace, environment: Mapping[str, str] = os.environ) -> Endpoints:
    """Where the daemon listens that the options name.

    Raises:
        DaemonUnreachable: They name none.
        ConfigError: The config cannot be read.
    """
    if args.endpoint is not None:
        return _at(args.endpoint)
    if args.config is not None:
        return _of_config(args.config, environment)
    if args.name is not None:
        for folder in _folders(environment):
            if (folder / args.name / _SOCKET).exists():
                return endpoints_in(folder / args.name)
        raise DaemonUnreachable(f"no daemon named {args.name} listens", remedy=_HOW)
    if given := environment.get("OUTCRY_ENDPOINT"):
        return _at(given)
    if Path(CONFIG).exists():
        return _of_config(Path(CONFIG), environment)
    running = [
        path.parent for folder in _folders(environment) for path in folder.glob(f"*/{_SOCKET}")
    ]
    if len(running) == 1:
        return endpoints_in(running[0])
    if running:
        names = ", ".join(sorted(folder.name for folder in running))
        raise DaemonUnreachable(f"several daemons listen: {names}", remedy=_HOW)
    raise DaemonUnreachable("no daemon is named, and none listens here", remedy=_HOW)


def _at(endpoint: str) -> Endpoints:
    """The stream of events is the socket beside."""
    return Endpoints(endpoint, endpoint.replace(_SOCKET, "events.sock"))


def _folders(environment: Mapping[str, str]) -> list[Path]:
    """Where daemons of this user and of the system have the folders of their sockets."""
    own = environment.get("XDG_RUNTIME_DIR")
    folders = [Path(own) / "openoutcry"] if own else []
    return [*folders, Path("/run/openoutcry")]


def _of_config(path: Path, environment: Mapping[str, str]) -> Endpoints:
    import tomllib

    import msgspec

    from openoutcry.state.control_config import ControlConfig

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        control = msgspec.convert(document.get("control", {}), ControlConfig)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", remedy=_HOW) from error
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    run = document.get("run", {})
    name, mode = str(run.get("name", "")), str(run.get("mode", "paper"))
    state = _state_dir(document, path.parent, name, mode, environment)
    return find_endpoints(control, name, state, base=path.parent, environment=environment)


def _state_dir(
    document: dict[str, dict[str, object]],
    folder: Path,
    name: str,
    mode: str,
    environment: Mapping[str, str],
) -> Path:
    """The state directory of a config: `daemon.state_dir`, the service's, or `state/NAME-MODE`."""
    named = document.get("daemon", {}).get("state_dir")
    if isinstance(named, str):
        return folder / Path(named).expanduser()
    given = environment.get("STATE_DIRECTORY")
    return Path(given.split(":")[0]) if given else folder / "state" / f"{name}-{mode}"
