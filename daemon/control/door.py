"""A ROUTER socket: who sent a message, and replies that never wait for a client.

A client cannot be put off, so a message of too many frames is thrown away a piece at a time, with the
others served in between. ZeroMQ names the connections itself; a name that a client gave itself is
refused, because it could be another's.
"""

from typing import Final

import zmq

from openoutcry.daemon.control.desk import Address, Visitor
from openoutcry.daemon.control.keys import AllowList
from openoutcry.daemon.control.protocol import MAGIC, MAX_REQUEST, Role

FRAMES_MAX: Final = 3
"""Frames of a message, after the identity."""
DISCARD: Final = 256
"""Frames of an overlong message that are thrown away at a time."""

_HWM: Final = 256
_HANDSHAKE_MS: Final = 5000
_BACKLOG: Final = 512


class Door:
    """One socket that listens.

    Args:
        number: Which one, for `Address`.
        context: Of the socket.
        clients: Whose roles its clients have; None lets a local client do everything.
    """

    def __init__(
        self,
        number: int,
        context: "zmq.Context[zmq.Socket[bytes]]",
        clients: AllowList | None = None,
    ) -> None:
        self.number = number
        self._clients = clients
        self._discarding = False
        self.overlong = 0
        self.unreachable = 0
        self.socket = context.socket(zmq.ROUTER)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.MAXMSGSIZE, MAX_REQUEST),
            (zmq.RCVHWM, _HWM),
            (zmq.SNDHWM, _HWM),
            (zmq.ROUTER_MANDATORY, 1),
            (zmq.HANDSHAKE_IVL, _HANDSHAKE_MS),
            (zmq.BACKLOG, _BACKLOG),
        ):
            self.socket.setsockopt(option, value)

    def receive(self) -> tuple[Visitor, list[bytes]] | None:
        """The next message, with at most one frame more than one has; None when there is none now."""
        if self._discarding and not self._discard():
            return None
        try:
            identity = self.socket.recv(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        frames: list[bytes] = []
        last = identity
        while last.more and len(frames) <= FRAMES_MAX:
            last = self.socket.recv(copy=False)
            frames.append(last.bytes)
        visitor = self._visitor(identity.bytes, last)
        if last.more:
            self.overlong += 1
            self._discarding = True
            self._discard()
        return visitor, frames

    def _discard(self) -> bool:
        """Throw away a piece of an overlong message; True when all of it is gone."""
        for _ in range(DISCARD):
            if not self.socket.recv(copy=False).more:
                self._discarding = False
                return True
        return False

    def _visitor(self, identity: bytes, frame: zmq.Frame) -> Visitor:
        if self._clients is None:
            return Visitor(Address(self.number, identity, ""), Role.ADMIN, "local")
        user = str(frame.get("User-Id"))
        permitted = self._clients.find(user)
        address = Address(self.number, identity, user)
        if permitted is None:  # struck off the list while it was connected
            return Visitor(address, Role.NONE, "unknown")
        return Visitor(address, permitted.role, permitted.name)

    def send(self, address: Address, request_id: bytes, body: bytes) -> None:
        """Send a reply; a client that is gone or does not read loses it."""
        try:
            self.socket.send_multipart([address.identity, MAGIC, request_id, body], zmq.NOBLOCK)
        except zmq.Again:
            self.unreachable += 1
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self.unreachable += 1
