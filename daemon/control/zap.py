"""Who may connect from another machine: the answer to ZeroMQ's question about a client's key.

ZeroMQ asks over a socket inside the process (ZAP, RFC 27) before it lets a connection through. The
answer comes from the list of clients; the accepted key then stands at each message of the connection
as its `User-Id`.
"""

from collections.abc import Callable
from typing import Final

import zmq
from zmq.utils import z85

DOMAIN: Final = b"openoutcry"
"""Given to the socket too: with another one the question is answered with a refusal."""

_VERSION: Final = b"1.0"
_KEY_BYTES: Final = 32


class Gatekeeper:
    """Answers the questions of one ZeroMQ context.

    Args:
        context: Has one gatekeeper at most.
        permitted: Whether a public key (Z85) may connect.

    Attributes:
        refused: How many were turned away.
    """

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", permitted: Callable[[str], bool]
    ) -> None:
        self._permitted = permitted
        self.refused = 0
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind("inproc://zeromq.zap.01")

    def answer(self) -> None:
        """Answer the question that waits."""
        frames = self.socket.recv_multipart()
        request_id = frames[1] if len(frames) > 1 else b""
        user = self._user(frames)
        self.refused += not user
        status = (b"200", b"OK") if user else (b"400", b"unknown key")
        self.socket.send_multipart([_VERSION, request_id, *status, user, b""])

    def _user(self, frames: list[bytes]) -> bytes:
        """The public key of a client that is let in, else nothing."""
        if len(frames) != 7:
            return b""
        version, _, domain, _address, _identity, mechanism, credentials = frames
        if (version, domain, mechanism) != (_VERSION, DOMAIN, b"CURVE"):
            return b""
        if len(credentials) != _KEY_BYTES:
            return b""
        key = z85.encode(credentials)
        return key if self._permitted(key.decode("ascii")) else b""

    def close(self) -> None:
        """Answer nothing any more."""
        self.socket.close()
