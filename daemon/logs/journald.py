r"""The native protocol of systemd-journald: one datagram for each record, fields instead of text.

A field is `NAME=value\n`, or when the value has several lines `NAME\n`, its length as 64 bits little
endian, the value, `\n`. A record that is too large for a datagram is written to a sealed memory file whose
descriptor is sent instead.
"""

import array
import errno
import fcntl
import hashlib
import os
import re
import socket
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from openoutcry.daemon.logs.record import Level, Shown, message

SOCKET: Final = Path("/run/systemd/journal/socket")
_PRIORITY: Final = {
    Level.DEBUG: 7,
    Level.INFO: 6,
    Level.WARNING: 4,
    Level.ERROR: 3,
    Level.CRITICAL: 2,
}
_TOO_LARGE: Final = (errno.EMSGSIZE, errno.ENOBUFS)
_NAME_MAX: Final = 64


class JournaldSink:
    """Sends records to journald. A restart of journald costs nothing: each datagram finds its way anew."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def write(self, batch: Sequence[Shown]) -> None:
        """Send records."""
        for shown in batch:
            self._send(datagram(shown))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self._path)
        except OSError as error:
            if error.errno not in _TOO_LARGE:
                raise
            self._send_file(data)

    def _send_file(self, data: bytes) -> None:
        # Named here and not above: other systems than Linux have neither journald nor these.
        flags = os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fd = os.memfd_create("openoutcry-log", flags)
        try:
            os.truncate(fd, len(data))
            os.pwrite(fd, data, 0)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
            self._socket.sendmsg([], [rights], 0, self._path)
        finally:
            os.close(fd)


def datagram(shown: Shown) -> bytes:
    """A record as journald takes it."""
    fields: dict[str, object] = {
        "MESSAGE": message(shown),
        "MESSAGE_ID": message_id(shown.event),
        "PRIORITY": _PRIORITY[shown.level],
        "SYSLOG_IDENTIFIER": "openoutcry",
        "OO_TS": shown.ts,
        "OO_LEVEL": shown.level.name.lower(),
        "OO_EVENT": shown.event,
        "OO_LOGGER": shown.logger,
    }
    for name, value in shown.fields.items():
        if value is not None:
            fields[field_name(name)] = _text(value)
    if shown.trace:
        fields["OO_TRACE"] = shown.trace
    return b"".join(_field(name, str(value)) for name, value in fields.items())


def field_name(name: str) -> str:
    """`OO_ORDER_ID` of `order_id`: capitals, digits and underscores, 64 at most."""
    return ("OO_" + re.sub(r"[^A-Z0-9]", "_", name.upper()))[:_NAME_MAX]


def message_id(event: str) -> str:
    """The same 128 bits for the same event, for `journalctl MESSAGE_ID=...`."""
    return hashlib.blake2b(event.encode(errors="replace"), digest_size=16).hexdigest()


def is_journal(environ: Mapping[str, str], fd: int) -> bool:
    """Whether a descriptor is what `$JOURNAL_STREAM` names: journald reads what is written there."""
    named = environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(fd)
    except OSError:
        return False
    return bool(named) and named == f"{status.st_dev}:{status.st_ino}"


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _field(name: str, value: str) -> bytes:
    data = value.encode(errors="replace")
    if b"\n" in data:
        return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)
    return b"%s=%s\n" % (name.encode(), data)
