"""Secrets: where they come from, and a type that nothing prints.

A config names credentials, never holds them. A credential called `webhook` is looked for

1. in `$CREDENTIALS_DIRECTORY/webhook`, where systemd puts what `LoadCredential=` names;
2. in `credentials/webhook` below openoutcry's config folder (`$XDG_CONFIG_HOME/openoutcry`), a file that
   only its owner may read;
3. in the environment variable `OPENOUTCRY_CREDENTIAL_WEBHOOK`: last, because others can see it in `/proc`
   for as long as the process lives.
"""

import hmac
import os
import re
import stat
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final, NoReturn, SupportsIndex

from openoutcry.daemon.masking import LEAST, MASK, Masker
from openoutcry.state.errors import CredentialError

ENVIRONMENT: Final = "OPENOUTCRY_CREDENTIAL_"
MAX_BYTES: Final = 64 << 10
_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)


class Secret:
    """A value that cannot be printed, formatted, pickled or encoded; only `reveal` gives it away.

    Two secrets are compared in constant time; a secret has no hash.
    """

    __slots__ = ("__value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.__value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str, /) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]  # a table of secrets would compare them by hash

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        raise TypeError("a secret is never pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret has no state to keep")


class Credentials:
    """Loads what a config names, and has the masker know it.

    Args:
        environ: The process's environment. A value that is taken from it is removed, so that no child
            process inherits it.
        masker: Masks what was loaded, from then on.
    """

    def __init__(self, environ: MutableMapping[str, str], masker: Masker) -> None:
        self._environ = environ
        self._masker = masker
        self._loaded: dict[str, Secret] = {}
        self.exposed: list[str] = []
        """Names of those that stood in the environment."""

    def load(self, name: str) -> Secret:
        """The credential called `name`.

        Raises:
            CredentialError: It is nowhere, others may read its file, or it is empty, short or no text.
        """
        if name not in self._loaded:
            value = self._find(check_name(name))
            if len(value) < LEAST:
                raise CredentialError(
                    f"credential {name} has less than {LEAST} characters",
                    remedy=f"use a secret of at least {LEAST} characters: shorter ones cannot be masked",
                )
            self._masker.add(value)
            self._loaded[name] = Secret(name, value)
        return self._loaded[name]

    def _find(self, name: str) -> str:
        for file, private in places(name, self._environ):
            if file.exists():
                return _read(file, private=private)
        variable = variable_of(name)
        value = self._environ.pop(variable, None)
        if value is None:
            where = ", ".join(str(file) for file, _ in places(name, self._environ))
            raise CredentialError(
                f"there is no credential {name}",
                remedy=f"put it into {where} (mode 0600), or into ${variable}",
            )
        self.exposed.append(name)
        return value


def check_name(name: str) -> str:
    """A credential's name, if it is one.

    Raises:
        CredentialError: It is none; it could lead to another folder.
    """
    if not _NAME.fullmatch(name):
        raise CredentialError(
            f"{name!r} is no name of a credential", remedy="use a-z first, then a-z 0-9 _ . -"
        )
    return name


def variable_of(name: str) -> str:
    """The environment variable of a credential."""
    return ENVIRONMENT + re.sub(r"[.-]", "_", name).upper()


def places(name: str, environ: Mapping[str, str]) -> list[tuple[Path, bool]]:
    """Files in which a credential is looked for, and whether we have to see to their mode ourselves."""
    found = []
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        found.append((Path(directory) / name, False))
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "/")) / ".config")
    found.append((Path(home) / "openoutcry" / "credentials" / name, True))
    return found


def open_to_others(status: os.stat_result) -> str:
    """Why a private file is none: an empty text when it is."""
    if status.st_mode & 0o077:
        return f"has mode {stat.S_IMODE(status.st_mode):04o}, so others may read it"
    if status.st_uid not in (os.geteuid(), 0):
        return "belongs to somebody else"
    return ""


def _read(file: Path, *, private: bool) -> str:
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as stream:
            status = os.fstat(fd)
            wrong = open_to_others(status) if private else ""
            if not stat.S_ISREG(status.st_mode):
                wrong = "is no regular file"
            data = b"" if wrong else stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CredentialError(f"cannot read {file}: {os.strerror(error.errno or 0)}") from error
    if wrong:
        raise CredentialError(f"{file} {wrong}", remedy=f"run chmod 600 {file} as its owner")
    if len(data) > MAX_BYTES:
        raise CredentialError(f"{file} has more than {MAX_BYTES} bytes")
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # `from None`: the error would carry the bytes.
        raise CredentialError(f"{file} is not UTF-8") from None
