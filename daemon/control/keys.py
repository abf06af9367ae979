"""CURVE keys: the files they are in, and the list of clients that may connect from other machines."""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from openoutcry.daemon.control.protocol import Name, Role
from openoutcry.state.durable_files import FILE_MODE
from openoutcry.state.errors import ConfigError

KEY_CHARACTERS: Final = 40
"""Length of a key as people see it: 32 bytes in Z85."""

_FORM: Final = r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}"
_FILE_MAX: Final = 1 << 20

KeyText = Annotated[str, msgspec.Meta(pattern=f"^{_FORM}$(?!\\n)")]


class KeyPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CURVE key pair in Z85. Its repr does not show the secret half."""

    public: KeyText
    secret: KeyText

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r})"


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the list of clients."""

    name: Name
    key: KeyText
    role: Literal["viewer", "operator", "admin"]


class _Clients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clients: tuple[Client, ...] = ()


class Permitted(NamedTuple):
    """What a client's key stands for."""

    name: str
    role: Role


def make_key_pair(file: Path) -> KeyPair:
    """Draw a key pair and write it: `file` (0600) holds both halves, `file`.pub the public one.

    Raises:
        ConfigError: A file exists or cannot be written.
    """
    import zmq

    public, secret = (half.decode() for half in zmq.curve_keypair())
    pair = KeyPair(public, secret)
    open_half = file.with_name(f"{file.name}.pub")
    try:
        if open_half.exists():
            raise FileExistsError(17, os.strerror(17), str(open_half))
        _write_new(file, f'public = "{public}"\nsecret = "{secret}"\n')
        _write_new(open_half, f"{public}\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write {error.filename or file}: {os.strerror(error.errno or 0)}",
            remedy="name a file that does not exist yet, in a folder that can be written to",
        ) from error
    return pair


def _write_new(file: Path, text: str) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "w", encoding="ascii") as opened:
        opened.write(text)


def load_key_pair(file: Path) -> KeyPair:
    """The key pair in a file that `make_key_pair` wrote.

    Raises:
        ConfigError: It cannot be read, others may read it, or it holds no key pair.
    """
    found = _load(file, secret=True, kind=KeyPair)
    assert isinstance(found, KeyPair)
    return found


def load_public_key(file: Path) -> str:
    """The public key in a file: one that ends in `.pub`, or the whole pair's.

    Raises:
        ConfigError: It cannot be read or holds none.
    """
    text = _read(file).decode("ascii", errors="replace")
    found = re.search(rf'^(?:public = ")?({_FORM})"?$', text, re.MULTILINE)
    if found is None:
        raise ConfigError(f"{file} holds no public key", remedy=_REMEDY)
    return found[1]


class AllowList:
    """The clients that may connect, read again when the file changes.

    A change that cannot be read leaves the old list in force; `problem` says why.

    Raises:
        ConfigError: The file cannot be read at first.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problem = ""
        self._stamp = self._stat()
        self._clients = _permitted(file)

    def find(self, key: str) -> Permitted | None:
        """Who has this public key."""
        return self._clients.get(key)

    def refresh(self) -> None:
        """Look whether the file changed."""
        stamp = self._stat()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._clients = _permitted(self.file)
            self.problem = ""
        except ConfigError as error:
            self.problem = error.message

    def _stat(self) -> tuple[int, int, int]:
        try:
            found = self.file.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_ino, found.st_size)


def _permitted(file: Path) -> dict[str, Permitted]:
    listed = _load(file, secret=False, kind=_Clients)
    assert isinstance(listed, _Clients)
    found = {c.key: Permitted(c.name, Role[c.role.upper()]) for c in listed.clients}
    if len(found) != len(listed.clients):
        raise ConfigError(f"{file}: a key stands twice", remedy="give each client a key of its own")
    return found


def _load(file: Path, *, secret: bool, kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        raise _unreadable(file, error) from error
    if mode & (0o077 if secret else 0o022):
        may = "read" if secret else "write"
        raise ConfigError(f"others may {may} {file} (mode {mode:04o})", remedy=f"chmod 600 {file}")
    try:
        return msgspec.convert(tomllib.loads(_read(file).decode()), kind)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        # The text of a secret key must not be repeated.
        what = "it holds no key pair" if secret else str(error)
        raise ConfigError(f"{file}: {what}", remedy=_REMEDY) from None


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_FILE_MAX)
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{file}: {os.strerror(error.errno or 0)}", remedy=_REMEDY)


_REMEDY: Final = "see docs/how-to/control-from-afar.md; `outcry control keygen FILE` makes a key"
