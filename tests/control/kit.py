"""A daemon's control socket for tests: a core that speaks its Protocol, and clients that may misbehave."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec
import zmq

from openoutcry.daemon.control.core import ClientInfo, DaemonInfo
from openoutcry.daemon.control.idempotency import IdempotencyStore, answered, received
from openoutcry.daemon.control.places import RuntimeFolder
from openoutcry.daemon.control.protocol import (
    MAGIC,
    Accepted,
    AnyReply,
    AnyRequest,
    Hello,
    Mutation,
    Ok,
    decode_reply,
    encode,
)
from openoutcry.daemon.control.server import ControlServer

PATIENCE_S = 20
INFO = DaemonInfo(version="0.1.0", mode="paper", config="demo", features=("events",))
ID = (7).to_bytes(8, "big")


class FakeCore:
    """Carries commands out by counting them, keeps their records, answers at once or when told.

    Attributes:
        seen: Requests with who asked.
        records: What a core would journal, with the sequence number of the input.
        hold: Whether answers wait for `release`.
        fault: Raised instead of an answer.
    """

    def __init__(self) -> None:
        self._came = threading.Condition()
        self.seen: list[tuple[AnyRequest, ClientInfo]] = []
        self.records: list[tuple[int, Any]] = []
        self.held: list[Callable[[], None]] = []
        self.hold = False
        self.fault: BaseException | None = None
        self.answer: AnyReply | None = None

    def handle(self, request: Any, client: ClientInfo, reply: Callable[[AnyReply], None]) -> None:
        with self._came:
            self.seen.append((request, client))
            if self.fault is not None:
                raise self.fault
            if self.hold:
                self.held.append(lambda: reply(self._answer(request, client)))
            else:
                reply(self._answer(request, client))
            self._came.notify_all()

    def _answer(self, request: Any, client: ClientInfo) -> AnyReply:
        if self.answer is not None:
            return self.answer
        if not isinstance(request, Mutation):
            return Ok(body=msgspec.Raw(msgspec.msgpack.encode({"of": type(request).__name__})))
        seq = len(self.records) + 1
        found = Accepted(durable=True, seq=seq, body=msgspec.Raw(msgspec.msgpack.encode(seq)))
        self.records += [
            (seq, received(request, str(client), 1)),  # type: ignore[arg-type]
            (seq, answered(request, found, 1)),  # type: ignore[arg-type]
        ]
        return found

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait until requests made something true."""
        with self._came:
            assert self._came.wait_for(condition, PATIENCE_S), "it never came to that"

    def release(self) -> None:
        """Give the held answers, from this thread."""
        held, self.held = self.held, []
        for each in held:
            each()


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A private folder whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="oo-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def serving(core: FakeCore, folder: Path, **options: Any) -> Iterator[ControlServer]:
    """A server in a folder, closed at the end whatever happens."""
    held = RuntimeFolder(folder)
    ended: list[str] = []
    try:
        server = ControlServer(core, INFO, held, on_end=ended.append, **options)
        server.start()
        try:
            yield server
        finally:
            assert server.close(PATIENCE_S)
    finally:
        held.close()
    assert ended == []


class RawClient:
    """A DEALER without manners."""

    def __init__(self, folder: Path, *, hello: bool = True, name: bytes | None = None) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0
        if name is not None:
            self.socket.setsockopt(zmq.ROUTING_ID, name)
        self.socket.connect(f"ipc://{folder}/control.sock")
        if hello:
            self.say(Hello(client="raw"))

    def send(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def post(self, request: AnyRequest, request_id: bytes = ID) -> None:
        self.send(MAGIC, request_id, encode(request))

    def receive(self) -> tuple[bytes, Any]:
        assert self.socket.poll(PATIENCE_S * 1000), "no reply"
        magic, request_id, body = self.socket.recv_multipart()
        assert magic == MAGIC
        return request_id, decode_reply(body)

    def say(self, request: AnyRequest) -> Any:
        self.post(request)
        return self.receive()[1]

    def close(self) -> None:
        self.socket.close()
        self.context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def restarted(core: FakeCore) -> IdempotencyStore:
    """The keys as a new process reads them from the journal."""
    store = IdempotencyStore()
    store.load(core.records)
    return store
