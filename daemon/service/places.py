"""Where a service's files lie, for the whole system or for one user."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from openoutcry.daemon.command import UsageError

UNIT: Final = "openoutcry@.service"
_ACCOUNT: Final = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", re.ASCII)
_HIDDEN: Final = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - named, not used
"""Folders that the hardened unit does not see."""


class Places(NamedTuple):
    """Folders of one scope, and of one account in it."""

    user: bool
    account: str
    units: Path
    config: Path
    credentials: Path
    state: Path
    runtime: Path
    catalog: Path
    sysusers: Path | None

    @property
    def instance(self) -> str:
        """What `systemctl` calls the account's service."""
        return f"openoutcry@{self.account}"

    @property
    def manager(self) -> tuple[str, ...]:
        """`systemctl` for the scope."""
        return ("systemctl", "--user") if self.user else ("systemctl",)

    @property
    def log(self) -> tuple[str, ...]:
        """`journalctl` for the account's service."""
        which = ("--user", "--user-unit") if self.user else ("--unit",)
        return ("journalctl", *which, f"{self.instance}.service")

    @property
    def unit_file(self) -> Path:
        """The template unit."""
        return self.units / UNIT

    @property
    def config_file(self) -> Path:
        """The account's config."""
        return self.config / "outcry.toml"

    @property
    def sysusers_file(self) -> Path | None:
        """What makes the account's user; None where the user is there already."""
        name = f"openoutcry-{self.account}.conf"
        return None if self.sysusers is None else self.sysusers / name


def places(
    account: str, *, user: bool, environ: Mapping[str, str] = os.environ, root: Path = Path("/")
) -> Places:
    """The places of an account.

    Args:
        account: 1 to 20 lower-case letters, digits and dashes: it names a unit, folders and a user.
        user: For the service manager of one user instead of the system's.
        environ: Names the user's folders.
        root: The system's root folder.

    Raises:
        UsageError: The account cannot be called so.
    """
    if not _ACCOUNT.fullmatch(account):
        raise UsageError(
            f"{account!r} cannot name an account",
            remedy="use 1 to 20 lower-case letters, digits and dashes, a letter first: binance-main",
        )
    if user:
        home = Path(environ.get("HOME", "/"))
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
        return Places(
            user=True,
            account=account,
            units=config / "systemd" / "user",
            config=config / "openoutcry" / account,
            credentials=config / "openoutcry" / "credentials",
            state=home / ".local" / "state" / "openoutcry" / account,
            runtime=Path(runtime) / "openoutcry" / account,
            catalog=home / ".local" / "share" / "openoutcry" / "catalog",
            sysusers=None,
        )
    return Places(
        user=False,
        account=account,
        units=root / "etc/systemd/system",
        config=root / "etc/openoutcry" / account,
        credentials=root / "etc/openoutcry/credentials" / account,
        state=root / "var/lib/openoutcry" / account,
        runtime=root / "run/openoutcry" / account,
        catalog=root / "var/lib/openoutcry/catalog",
        sysusers=root / "etc/sysusers.d",
    )


def hidden(paths: tuple[Path, ...]) -> list[Path]:
    """Those of some paths that the hardened unit could not read."""
    return [path for path in paths if any(path.is_relative_to(folder) for folder in _HIDDEN)]
