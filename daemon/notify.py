"""What the service manager is told: the protocol of `sd_notify(3)`, one datagram for each message.

Without `$NOTIFY_SOCKET` nothing is sent. A message that cannot be delivered is dropped: trading does not
wait for the service manager.
"""

import os
import socket
import time
from collections.abc import Callable, MutableMapping
from typing import Final, Self

_WAIT_S: Final = 1.0
"""How long a message that matters waits for room in the manager's queue."""
_MOST: Final = 1_000
"""Characters of a status line."""


class Notifier:
    """Sends messages to the service manager; from any thread.

    Args:
        address: The manager's datagram socket: a path, or `@` and an abstract name. None sends nothing.
        watchdog_ns: The manager kills a process that was silent for so long; 0 does not.
        monotonic: Nanoseconds of CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        address: str | None,
        watchdog_ns: int = 0,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._address = _socket_address(address)
        self.watchdog_ns = watchdog_ns if self.enabled else 0
        self._monotonic = monotonic

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Self:
        """As the service manager says; its variables are removed, so that no child answers for us."""
        address = environ.pop("NOTIFY_SOCKET", None)
        limit = environ.pop("WATCHDOG_USEC", "")
        process = environ.pop("WATCHDOG_PID", "")
        ours = not process or process == str(os.getpid())
        usable = ours and limit.isascii() and limit.isdigit() and len(limit) < 18
        return cls(address, int(limit) * 1000 if usable else 0)

    @property
    def enabled(self) -> bool:
        """Whether anybody listens."""
        return self._address is not None

    def ready(self, status: str) -> bool:
        """Start-up, or a reload, is over."""
        return self.send("READY=1", _status(status), f"MAINPID={os.getpid()}", wait=True)

    def status(self, text: str) -> bool:
        """One line for people, shown by `systemctl status`."""
        return self.send(_status(text))

    def alive(self, status: str) -> bool:
        """What the watchdog waits for, and a status line."""
        return self.send("WATCHDOG=1", _status(status))

    def extend(self, by_ns: int, status: str) -> bool:
        """Starting or stopping goes on and needs at most so long until the next word."""
        return self.send(f"EXTEND_TIMEOUT_USEC={by_ns // 1000}", _status(status))

    def reloading(self) -> bool:
        """A reload begins; `ready` ends it."""
        return self.send("RELOADING=1", f"MONOTONIC_USEC={self._monotonic() // 1000}", wait=True)

    def stopping(self, status: str) -> bool:
        """The end has begun."""
        return self.send("STOPPING=1", _status(status), wait=True)

    def send(self, *lines: str, wait: bool = False) -> bool:
        """Send assignments as one message; whether the manager has it."""
        if self._address is None:
            return False
        data = "\n".join(lines).encode("utf-8", "replace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
                end.settimeout(_WAIT_S if wait else 0)
                return end.sendto(data, self._address) == len(data)
        except OSError:
            return False


def _socket_address(text: str | None) -> str | bytes | None:
    """None for what is no local socket, like `vsock:2:1234` of a virtual machine's host."""
    if text is None or len(text) < 2:
        return None
    if text.startswith("@"):
        return b"\0" + os.fsencode(text[1:])
    return text if text.startswith("/") else None


def _status(text: str) -> str:
    """A status line: what would begin another assignment is taken out."""
    line = "".join(c if c.isprintable() else " " for c in text[:_MOST])
    return f"STATUS={line}"
