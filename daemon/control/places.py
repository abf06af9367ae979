"""Where the sockets of a daemon are: a private folder, held by one daemon, and how clients find it."""

import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from openoutcry.state.durable_files import FOLDER_MODE, write_synced
from openoutcry.state.errors import ControlError, DaemonUnreachable, JournalError
from openoutcry.state.journal_lock import StateLock

if TYPE_CHECKING:
    from openoutcry.state.control_config import ControlConfig

PATH_MAX: Final = 107 if sys.platform == "linux" else 103
"""Longest path of a socket, in bytes: what the system's address structure holds."""

_NOTICE: Final = "endpoints.json"


class Endpoints(msgspec.Struct, frozen=True):
    """Where a daemon listens: requests, and the stream of events."""

    control: str
    events: str


class RuntimeFolder:
    """The folder of the sockets, held from construction to `close`.

    ZeroMQ binds to a path that is in use without a word and steals it, so a lock is taken first.

    Args:
        path: Is made when it does not exist. It must belong to this user and to nobody else.

    Raises:
        ControlError: It is somebody else's, open to others, has too long a path, or another daemon
            holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.endpoints = endpoints_in(path)
        _make(path)
        _check_private(path)
        try:
            self._lock = StateLock(path)
        except JournalError as error:
            raise ControlError(
                error.message,
                remedy="stop the other daemon, or give this one a control.directory of its own",
            ) from error

    def close(self) -> None:
        """Let go of it; the sockets' files go too. A second time changes nothing."""
        for endpoint in (self.endpoints.control, self.endpoints.events):
            Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
        self._lock.release()


def endpoints_in(folder: Path) -> Endpoints:
    """The endpoints of a daemon whose sockets are in this folder.

    Raises:
        ControlError: The path is too long.
    """
    paths = [folder.absolute() / name for name in ("control.sock", "events.sock")]
    for path in paths:
        if (size := len(os.fsencode(path))) > PATH_MAX:
            raise ControlError(
                f"{path} has {size} bytes; the path of a socket may have {PATH_MAX}",
                remedy="set control.directory to a folder with a shorter path",
            )
    return Endpoints(*(f"ipc://{path}" for path in paths))


def runtime_folder(
    settings: "ControlConfig",
    name: str,
    state_dir: Path,
    *,
    base: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """The folder that a daemon with this config uses for its sockets.

    Args:
        settings: `[control]`.
        name: `run.name`; what is no letter, digit, `.`, `-` or `_` becomes `-`.
        state_dir: Its state directory.
        base: Where a relative `control.directory` starts: the folder of the config.
        environment: For `RUNTIME_DIRECTORY` and `XDG_RUNTIME_DIR`.
    """
    if settings.directory is not None:
        return (base or Path()) / Path(settings.directory).expanduser()
    if given := environment.get("RUNTIME_DIRECTORY"):  # systemd may list several
        return Path(given.split(":")[0])
    if given := environment.get("XDG_RUNTIME_DIR"):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:40]
        return Path(given) / "openoutcry" / (plain or "daemon")
    return state_dir / "control"


def announce(state_dir: Path, endpoints: Endpoints) -> None:
    """Leave word in the state directory where the daemon listens: its environment may differ from ours."""
    folder = state_dir / "control"
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    part = folder / f".{_NOTICE}.part"
    write_synced(part, msgspec.json.encode(endpoints))
    part.replace(folder / _NOTICE)


def find_endpoints(
    settings: "ControlConfig",
    name: str,
    state_dir: Path,
    *,
    base: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Endpoints:
    """Where the daemon of a config listens: what it announced, else where it would by default.

    Args:
        settings: `[control]`.
        name: `run.name`.
        state_dir: Its state directory.
        base: Folder of the config.
        environment: For the default.

    Raises:
        DaemonUnreachable: The state directory belongs to another user.
        ControlError: The announcement cannot be read.
    """
    notice = state_dir / "control" / _NOTICE
    try:
        return msgspec.json.decode(notice.read_bytes(), type=Endpoints)
    except FileNotFoundError:
        folder = runtime_folder(settings, name, state_dir, base=base, environment=environment)
        return endpoints_in(folder)
    except PermissionError as error:
        raise DaemonUnreachable(
            f"{notice} belongs to another user", remedy="run it as the user of the daemon"
        ) from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ControlError(
            f"{notice} cannot be read: {error}", remedy="delete it and start the daemon again"
        ) from error


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise ControlError(
            f"cannot make {path}: {os.strerror(error.errno or 0)}",
            remedy="set control.directory to a folder that can be made",
        ) from error


def _check_private(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise ControlError(f"{path} is no folder", remedy="set control.directory to a folder")
    if found.st_uid != os.geteuid():
        raise ControlError(
            f"{path} belongs to user {found.st_uid}, the daemon is user {os.geteuid()}",
            remedy="set control.directory to a folder of the daemon's own",
        )
    if mode := stat.S_IMODE(found.st_mode) & 0o077:
        raise ControlError(
            f"{path} is open to others (mode {mode | 0o700:04o})",
            remedy=f"chmod 700 {path}, or RuntimeDirectoryMode=0700 in the unit",
        )
