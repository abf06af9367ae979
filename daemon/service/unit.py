"""The text of the unit, out of the template that ships with the package."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from openoutcry.daemon.service.places import UNIT, Places

_NOT_FOR_USERS: Final = frozenset(
    (
        # Who it runs as, and where: the user's own manager decides.
        "User", "Group", "Wants", "After", "WorkingDirectory",
        "StateDirectory", "StateDirectoryMode", "ConfigurationDirectory", "ConfigurationDirectoryMode",
        # What needs capabilities, or a mount namespace, which an unprivileged manager cannot make.
        "AmbientCapabilities", "CapabilityBoundingSet", "DevicePolicy", "KeyringMode", "OOMScoreAdjust",
        "PrivateDevices", "PrivateIPC", "PrivateMounts", "PrivateTmp", "PrivateUsers", "ProcSubset",
        "ProtectClock", "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs",
        "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProtectSystem", "RemoveIPC",
    )
)  # fmt: skip
"""Directives that the unit of one user is written without."""


def resource(name: str) -> str:
    """A file of the folder `systemd`, as it ships."""
    return files("openoutcry").joinpath("systemd", name).read_text(encoding="utf-8")


def filled(name: str, places: Places) -> str:
    """A file of the folder `systemd` for an account."""
    values = {
        "@ACCOUNT@": places.account,
        "@CATALOG@": str(places.catalog),
        "@CREDENTIALS@": str(places.credentials),
        "@SCOPE@": "--user " if places.user else "",
    }
    text = resource(name)
    for key, value in values.items():
        text = text.replace(key, value)
    return text


def unit_text(outcry: Path, *, user: bool) -> str:
    """The template unit, with the absolute path of the command."""
    text = resource(UNIT).replace("@OUTCRY@", _word(outcry))
    if not user:
        return text
    lines = [line for line in text.splitlines() if line.partition("=")[0] not in _NOT_FOR_USERS]
    text = "\n".join(lines) + "\n"
    text = text.replace("WantedBy=multi-user.target", "WantedBy=default.target")
    return text.replace(
        "outcry.toml\n", "outcry.toml --state-dir %h/.local/state/openoutcry/%i\n", 1
    )


def _word(path: Path) -> str:
    """A path as one word of a unit: nothing in it is expanded or split."""
    text = str(path).replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return f'"{text}"' if " " in text or "\\" in text else text
