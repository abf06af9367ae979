"""A client of a daemon's control socket: asks, waits, and says clearly why there was no answer.

ZeroMQ itself is silent about a daemon that is not there, a key that is not known, a wrong one: it tries
again for ever. Here the connection's own events are listened to, so that each has its text.
"""

import itertools
import os
import struct
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import zmq

from openoutcry.daemon.control.protocol import (
    ID_BYTES,
    MAGIC,
    MAX_REPLY,
    Accepted,
    AnyMutation,
    AnyReply,
    AnyRequest,
    Err,
    EventsPage,
    EventsSince,
    Hello,
    Ok,
    Query,
    Welcome,
    decode_page,
    decode_reply,
    encode,
)
from openoutcry.state.errors import (
    CommandConflict,
    CommandExpired,
    ControlDenied,
    ControlError,
    ControlTimeout,
    DaemonBusy,
    DaemonRefused,
    DaemonUnreachable,
    HelloFirst,
    ProtocolError,
    ProtocolMismatch,
)

if TYPE_CHECKING:
    from openoutcry.daemon.control.keys import KeyPair

NAME: Final = "outcry"
"""What a client calls itself unless it is told otherwise."""

_ERRORS: Final[dict[str, type[ControlError]]] = {
    kind.code: kind
    for kind in (
        ControlTimeout,
        ControlDenied,
        ProtocolError,
        ProtocolMismatch,
        DaemonBusy,
        CommandConflict,
        CommandExpired,
        HelloFirst,
    )
}
_NOBODY: Final = (zmq.EVENT_CLOSED, zmq.EVENT_CONNECT_RETRIED)
_SHUT: Final = (
    zmq.EVENT_DISCONNECTED,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
)
_LOCAL: Final = "ipc://"


def new_key() -> str:
    """A key for one command: 16 random bytes in hex."""
    return os.urandom(16).hex()


class ControlClient:
    """A connection to one daemon; of one thread.

    Args:
        endpoint: `ipc://PATH` or `tcp://HOST:PORT`.
        timeout_s: How long an answer may take, connecting included.
        name: What the daemon's journal calls this client.
        keys: This client's keys, for `tcp`.
        server_key: The daemon's public key, for `tcp`.

    Attributes:
        welcome: What the daemon said of itself.

    Raises:
        ControlError: As `call`.
    """

    welcome: Welcome

    def __init__(
        self,
        endpoint: str,
        *,
        timeout_s: float = 5.0,
        name: str = NAME,
        keys: "KeyPair | None" = None,
        server_key: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.timeout_s = timeout_s
        self._name = name
        self._up = False
        self._ids = itertools.count(1)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in (
            (zmq.LINGER, 0),
            # A request waits in no queue: it goes to a daemon that is there, now or not at all.
            (zmq.IMMEDIATE, 1),
            (zmq.MAXMSGSIZE, MAX_REPLY),
            (zmq.IPV6, int("[" in endpoint)),
        ):
            self._socket.setsockopt(option, value)
        if keys is not None and server_key is not None:
            self._socket.curve_publickey = keys.public.encode()
            self._socket.curve_secretkey = keys.secret.encode()
            self._socket.curve_serverkey = server_key.encode()
        self._monitor = self._socket.get_monitor_socket()
        try:
            self._connect()
            self._hello()
        except ControlError:
            self.close()
            raise

    def _connect(self) -> None:
        try:
            self._socket.connect(self.endpoint)
        except zmq.ZMQError as error:
            raise DaemonUnreachable(
                f"{self.endpoint!r} is no endpoint: {error.strerror}",
                remedy="write ipc://PATH or tcp://HOST:PORT",
            ) from error

    def close(self) -> None:
        """End the connection. A second time changes nothing."""
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._monitor.close()
            self._socket.close()
            self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- asking -----------------------------------------------------------------------------------

    def ask(self, query: Query) -> bytes:
        """The answer to a query, as msgpack.

        Raises:
            ControlError: As `call`.
        """
        reply = self.call(query)
        if not isinstance(reply, Ok):
            raise ProtocolError(f"{type(reply).__name__} is no answer to {type(query).__name__}")
        return bytes(reply.body)

    def command(self, command: AnyMutation) -> Accepted:
        """The answer to a command. Sent again, the same command is not carried out again.

        Raises:
            ControlError: As `call`. After `ControlTimeout` and `DaemonUnreachable` it may have been
                carried out: send it again, with its key, to know.
        """
        reply = self.call(command)
        if not isinstance(reply, Accepted):
            raise ProtocolError(f"{type(reply).__name__} is no answer to {type(command).__name__}")
        return reply

    def events_since(self, request: EventsSince) -> EventsPage:
        """A page of events out of the journal.

        Raises:
            ControlError: As `call`.
        """
        reply = self.call(request)
        if not isinstance(reply, Ok):
            raise ProtocolError(f"{type(reply).__name__} is no answer to EventsSince")
        return decode_page(reply.body)

    def call(self, request: AnyRequest) -> AnyReply:
        """Any request and its reply, which is no `Err`.

        Raises:
            DaemonUnreachable: Nobody is there, or the daemon ended meanwhile.
            ControlTimeout: It is there and did not answer.
            ControlDenied: The key or its role does not allow it.
            ProtocolMismatch: No common version.
            DaemonRefused: An error of the daemon's own.
            ControlError: The others of its tree.
        """
        try:
            return self._exchange(request)
        except HelloFirst:  # the daemon was started again in between
            self._hello()
            return self._exchange(request)

    def _hello(self) -> None:
        reply = self._exchange(Hello(client=self._name))
        if not isinstance(reply, Welcome):
            raise ProtocolError(f"{type(reply).__name__} is no answer to Hello")
        self.welcome = reply

    def _exchange(self, request: AnyRequest) -> AnyReply:
        request_id = next(self._ids).to_bytes(ID_BYTES, "big")
        deadline = time.monotonic() + self.timeout_s
        self._look()
        self._wait(zmq.POLLOUT, deadline)
        try:
            self._socket.send_multipart([MAGIC, request_id, encode(request)], zmq.NOBLOCK)
        except zmq.Again as error:
            raise DaemonUnreachable(f"the connection to {self.endpoint} was lost") from error
        while True:
            self._wait(zmq.POLLIN, deadline)
            frames = self._socket.recv_multipart()
            if len(frames) == 3 and frames[:2] == [MAGIC, request_id]:
                break  # anything else answers a request that was given up
        reply = decode_reply(frames[2])
        if isinstance(reply, Err):
            raise _error(reply)
        return reply

    # --- the connection ---------------------------------------------------------------------------

    def _wait(self, flag: int, deadline: float) -> None:
        """Until the socket is ready.

        Raises:
            ControlError: It will not be, or not in time.
        """
        while True:
            if self._socket.poll(0, flag):
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._too_late()
            poller = zmq.Poller()
            poller.register(self._socket, flag)
            poller.register(self._monitor, zmq.POLLIN)
            ready = dict(poller.poll(max(1, int(left * 1000))))
            if self._socket not in ready and self._monitor in ready:
                event = self._event()
                # The last answer of a daemon that ends comes just before its connection's end.
                if event not in _SHUT or not self._socket.poll(0, flag):
                    self._heed(event)

    def _look(self) -> None:
        """Take note of what happened to the connection since the last request."""
        while self._monitor.poll(0):
            event = self._event()
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._up = True
            elif event in _SHUT:
                self._up = False

    def _event(self) -> int:
        head, _address = self._monitor.recv_multipart()
        event: int = struct.unpack("=HI", head)[0]
        return event

    def _heed(self, event: int) -> None:
        """Something happened to the connection while we wait.

        Raises:
            ControlError: It means that there will be no answer.
        """
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._up = True
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            raise ControlDenied(f"the daemon at {self.endpoint} does not know this client's key")
        elif event in _SHUT and self._up:
            self._up = False
            raise DaemonUnreachable(
                f"the daemon at {self.endpoint} ended before it answered",
                remedy="ask again; a command keeps its key, so that it is carried out once",
            )
        elif event in _SHUT:
            raise self._turned_away()
        elif event in _NOBODY:
            raise self._nobody()

    def _turned_away(self) -> ControlError:
        if self.endpoint.startswith(_LOCAL):
            return ControlDenied(
                f"the daemon at {self.endpoint} does not serve this user",
                remedy="run it as the user of the daemon",
            )
        return ControlDenied(
            f"no understanding with {self.endpoint}: the daemon's key is another one, or one side has none",
            remedy="compare the daemon's public key; see docs/how-to/control-from-afar.md",
        )

    def _nobody(self) -> ControlError:
        if not self.endpoint.startswith(_LOCAL):
            return DaemonUnreachable(f"nobody listens at {self.endpoint}")
        path = Path(self.endpoint.removeprefix(_LOCAL))
        try:
            path.stat()
        except PermissionError:
            pass
        except OSError:
            return DaemonUnreachable(f"no daemon runs there: there is no socket {path}")
        else:
            if os.access(path, os.R_OK | os.W_OK):
                return DaemonUnreachable(f"no daemon runs there: nobody listens at {path}")
        return ControlDenied(
            f"{path} belongs to another user", remedy="run it as the user of the daemon"
        )

    def _too_late(self) -> ControlError:
        if self._up:
            return ControlTimeout(f"the daemon did not answer within {self.timeout_s:g} s")
        return DaemonUnreachable(f"no connection to {self.endpoint} within {self.timeout_s:g} s")


def _error(reply: Err) -> ControlError:
    kind = _ERRORS.get(reply.code)
    if kind is not None:
        return kind(reply.message, remedy=reply.remedy)
    return DaemonRefused(reply.message, remedy=reply.remedy, daemon_code=reply.code)
