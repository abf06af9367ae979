"""The control socket: a thread that takes requests, hands them to the core and sends the replies.

client ── DEALER ──▶ ROUTER ── Desk ──▶ core.handle   (control thread)
client ◀──────────── ROUTER ◀─ outbox ◀── reply(...)  (any thread; a byte in a pipe wakes ours)

Nothing here waits for the core or for a client.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import zmq

from openoutcry.daemon.control.core import ControlCore, DaemonInfo, EventHistory
from openoutcry.daemon.control.desk import Address, Counters, Desk
from openoutcry.daemon.control.door import Door
from openoutcry.daemon.control.idempotency import IdempotencyStore
from openoutcry.daemon.control.keys import AllowList, KeyPair
from openoutcry.daemon.control.places import RuntimeFolder
from openoutcry.daemon.control.zap import DOMAIN, Gatekeeper
from openoutcry.state.control_config import TcpAddress
from openoutcry.state.errors import ControlError

BATCH: Final = 32
"""Messages that are taken from a socket before replies are sent."""

_TICK_MS: Final = 1000
_LINGER_MS: Final = (
    500  # for the last answers; a client that does not read holds nothing up for longer
)
_FAREWELL_S: Final = 0.1
_HEARTBEAT_MS: Final = 10_000


class Remote(NamedTuple):
    """How clients on other machines come in: where, the daemon's keys, theirs."""

    address: TcpAddress
    keys: KeyPair
    clients: AllowList


class ControlServer:
    """Listens from construction on; serves from `start` to `close`.

    Args:
        core: Answers the requests.
        info: What clients are told of the daemon.
        folder: Where the local socket is; stays its owner's.
        commands: Keys that were used before, when there are some.
        events: Answers `EventsSince`; the core does when there is none.
        remote: For clients on other machines.
        timeout_ms: How long a request may wait for the core.
        in_flight: Most requests that wait.
        on_end: Called on the control thread when it ends by an error, with the reason.
        clock: Nanoseconds that never step back.
        wall: Nanoseconds since 1970 UTC.

    Raises:
        ControlError: A socket cannot be bound.
    """

    def __init__(
        self,
        core: ControlCore,
        info: DaemonInfo,
        folder: RuntimeFolder,
        *,
        commands: IdempotencyStore | None = None,
        events: EventHistory | None = None,
        remote: Remote | None = None,
        timeout_ms: int = 5000,
        in_flight: int = 256,
        on_end: Callable[[str], None] = lambda _: None,
        clock: Callable[[], int] = time.monotonic_ns,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._remote, self._clock, self._on_end = remote, clock, on_end
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        os.set_blocking(self._wake_in, False)
        self._pipe_lock = threading.Lock()  # a closed descriptor may be another's already
        self._awake = threading.Event()
        self._closing = False
        self._gate: Gatekeeper | None = None
        self._doors: list[Door] = []
        self._desk = Desk(
            core,
            info,
            commands if commands is not None else IdempotencyStore(),
            events,
            send=self._send,
            wake=self.wake,
            clock=clock,
            wall=wall,
            timeout_ns=timeout_ms * 10**6,
            limit=in_flight,
        )
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        try:
            self._open(folder, remote)
        except zmq.ZMQError as error:
            self._close_sockets()
            raise ControlError(
                f"cannot listen: {error.strerror}", remedy="choose another address or folder"
            ) from error

    def _open(self, folder: RuntimeFolder, remote: Remote | None) -> None:
        local = Door(0, self._context)
        self._doors.append(local)
        bind_private(local.socket, folder.endpoints.control)
        if remote is None:
            return
        self._gate = Gatekeeper(self._context, lambda key: remote.clients.find(key) is not None)
        door = Door(1, self._context, remote.clients)
        self._doors.append(door)
        for option, value in (
            (zmq.CURVE_SERVER, 1),
            (zmq.CURVE_SECRETKEY, remote.keys.secret.encode()),
            (zmq.ZAP_DOMAIN, DOMAIN),
            (zmq.IPV6, int(remote.address.host.startswith("["))),
            (zmq.HEARTBEAT_IVL, _HEARTBEAT_MS),
            (zmq.HEARTBEAT_TIMEOUT, 3 * _HEARTBEAT_MS),
        ):
            door.socket.setsockopt(option, value)
        door.socket.bind(remote.address.endpoint)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Answer nothing any more; returns whether the thread ended in time."""
        self._closing = True
        self.wake()
        if self._thread.ident is None:
            self._close_sockets()
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """Have the thread look at answers and deadlines; from any thread."""
        if self._awake.is_set():
            return
        self._awake.set()
        with self._pipe_lock, contextlib.suppress(BlockingIOError):  # full: it is awake
            if self._wake_in >= 0:
                os.write(self._wake_in, b"\0")

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    @property
    def counters(self) -> Counters:
        """What happened so far."""
        gone = sum(door.unreachable for door in self._doors)
        return msgspec.structs.replace(self._desk.counters, unreachable=gone)

    @property
    def turned_away(self) -> int:
        """Connections from other machines that had no known key."""
        return 0 if self._gate is None else self._gate.refused

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        reason = "the control thread ended by an error"
        try:
            poller = zmq.Poller()
            poller.register(self._wake_out, zmq.POLLIN)
            for socket in self._sockets():
                poller.register(socket, zmq.POLLIN)
            while not self._closing:
                self._turn({ready for ready, _ in poller.poll(self._patience_ms())})
            self._desk.settle()  # the answer to `Stop` among them
            if self._desk.counters.requests:
                # A socket that is closed at once may lose what was sent last, for all its lingering.
                threading.Event().wait(_FAREWELL_S)
            reason = ""
        except zmq.ZMQError as error:
            reason = f"the control thread ended: {error.strerror}"
        finally:
            self._close_sockets()
            if reason:
                self._on_end(reason)

    def _turn(self, ready: set[object]) -> None:
        if self._wake_out in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_out, 4096)
        self._awake.set()  # an answer that comes before `settle` need not wake it
        if self._remote is not None:
            self._remote.clients.refresh()
        if self._gate is not None and self._gate.socket in ready:
            self._gate.answer()
        for door in self._doors:
            if door.socket in ready:
                self._serve(door)
        self._awake.clear()
        self._desk.settle()

    def _serve(self, door: Door) -> None:
        counters = self._desk.counters
        for _ in range(BATCH):
            began = time.thread_time_ns()
            message = door.receive()
            if message is None:
                return
            self._desk.take(*message)
            counters.slowest_ns = max(counters.slowest_ns, time.thread_time_ns() - began)

    def _send(self, address: Address, request_id: bytes, body: bytes) -> None:
        self._doors[address.door].send(address, request_id, body)

    def _patience_ms(self) -> int | None:
        tick = _TICK_MS if self._remote is not None else None
        deadline = self._desk.next_deadline
        if deadline is None:
            return tick
        left = max(0, -((self._clock() - deadline) // 10**6))
        return left if tick is None else min(left, tick)

    def _sockets(self) -> list[zmq.Socket[bytes]]:
        gate = [] if self._gate is None else [self._gate.socket]
        return [*gate, *(door.socket for door in self._doors)]

    def _close_sockets(self) -> None:
        for socket in self._sockets():
            socket.close(_LINGER_MS)
        self._context.term()
        with self._pipe_lock:
            os.close(self._wake_in)
            os.close(self._wake_out)
            self._wake_in = self._wake_out = -1


def bind_private(socket: zmq.Socket[bytes], endpoint: str) -> None:
    """Bind a local socket that this user alone (and root) may connect to.

    The folder is private already; the file's mode and the peer's user are two more walls. The mask of
    the process keeps the owner's bits, because other threads may make folders meanwhile.

    Raises:
        zmq.ZMQError: It cannot be bound.
    """
    path = Path(endpoint.removeprefix("ipc://"))
    for user in {os.geteuid(), 0}:
        socket.setsockopt(zmq.IPC_FILTER_UID, user)
    mask = os.umask(0o077)
    try:
        socket.bind(endpoint)
    finally:
        os.umask(mask)
    path.chmod(0o600)
