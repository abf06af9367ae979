"""`/metrics` and `/healthz` on loopback: one thread, one request at a time, nothing else.

A browser that was led here by a changed DNS name says so in its Host header, which is refused. A client has
two seconds for its request and gets no second one on the same connection.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics import families, process
from openoutcry.daemon.metrics.exposition import CONTENT_TYPE, render
from openoutcry.daemon.metrics.facts import MetricsSource
from openoutcry.state.errors import ConfigError
from openoutcry.state.operation_config import MetricsConfig

REQUEST_BYTES: Final = 8 << 10
REQUEST_S: Final = 2.0
STALE_S: Final = 5.0
"""Facts older than this say that the core stands still."""
LOOPBACK: Final = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}
_STATUS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    421: "Misdirected Request",
    503: "Service Unavailable",
}


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: str
    kind: str = "text/plain; charset=utf-8"


class MetricsPage:
    """What is answered, without any network.

    Args:
        source: The core's facts.
        hosts: Allowed Host headers, in lower case.
        masker: Masks what a label might hold.
        parts: Others that have metrics.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        source: MetricsSource,
        *,
        hosts: Iterable[str],
        masker: Masker,
        parts: Iterable[families.Part] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self.hosts = frozenset(host.lower() for host in hosts)
        self._masker = masker
        self._parts = tuple(parts)
        self._clock = clock

    def answer(self, request: bytes) -> Reply:
        """The answer to the head of a request."""
        lines = request.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return Reply(400, "bad request\n")
        named = [v.strip().lower() for k, c, v in (x.partition(":") for x in lines[1:])
                 if c and k.lower() == "host"]  # fmt: skip
        if len(named) != 1 or named[0] not in self.hosts:
            return Reply(421, "this host is not served here\n")
        path = words[1].partition("?")[0]
        if path not in ("/metrics", "/healthz"):
            return Reply(404, "there are /metrics and /healthz\n")
        if words[0] not in ("GET", "HEAD"):
            return Reply(405, "only GET\n")
        return self.metrics() if path == "/metrics" else self.health()

    def metrics(self) -> Reply:
        """Everything that is known."""
        facts = self._source.read()
        found = [] if facts is None else families.core(facts, self._clock() - facts.at_s)
        found += process.families()
        for part in self._parts:
            found += part()
        return Reply(200, self._masker.text(render(found)), CONTENT_TYPE)

    def health(self) -> Reply:
        """200 when the core turns, is ready and may trade; else 503 with the reasons."""
        facts = self._source.read()
        if facts is None:
            return Reply(503, "not started\n")
        wrong = []
        if (age := self._clock() - facts.at_s) > STALE_S:
            wrong.append(f"the core has been silent for {age:.0f} s")
        if not facts.ready:
            wrong.append("not ready")
        if facts.journal != "running":
            wrong.append(f"the journal is {facts.journal}")
        wrong += [f"{scope} is halted" for scope in facts.halted]
        return Reply(503, "\n".join(wrong) + "\n") if wrong else Reply(200, "ok\n")


class MetricsServer:
    """Serves a page until it is closed; a slow client is cut off, never waited for long.

    Raises:
        ConfigError: The address is taken.
    """

    def __init__(self, page: MetricsPage, address: tuple[str, int]) -> None:
        self._page = page
        host, port = address
        self._socket = socket.socket(LOOPBACK[host], socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise ConfigError(
                f"metrics.listen: {host}:{port} cannot be used: {error.strerror}",
                remedy="choose another port, or stop who has it",
            ) from error
        self._socket.listen(16)
        self.port: int = self._socket.getsockname()[1]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="openoutcry.metrics", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = REQUEST_S + 1) -> None:
        """Stop serving."""
        self._ending.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes `accept`
        self._thread.join(timeout_s)
        self._socket.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                if self._ending.is_set():
                    return
                self._ending.wait(0.1)  # out of descriptors: others may let go of some
                continue
            with client, contextlib.suppress(OSError):
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        deadline = time.monotonic() + REQUEST_S
        request = b""
        while b"\r\n\r\n" not in request:
            left = deadline - time.monotonic()
            if left <= 0 or len(request) > REQUEST_BYTES:
                return
            client.settimeout(left)
            piece = client.recv(4096)
            if not piece:
                return
            request += piece
        reply = self._page.answer(request.partition(b"\r\n\r\n")[0])
        client.settimeout(max(deadline - time.monotonic(), 0.1))
        client.sendall(_response(reply, head=request.startswith(b"HEAD ")))
        client.shutdown(socket.SHUT_WR)


def _response(reply: Reply, *, head: bool) -> bytes:
    body = reply.body.encode(errors="replace")
    lines = (
        f"HTTP/1.1 {reply.status} {_STATUS[reply.status]}",
        f"Content-Type: {reply.kind}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if head else body)


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:9464` or `[::1]:9464`.

    Raises:
        ConfigError: It is none, or lies beyond this machine.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if host not in LOOPBACK or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(
            f"metrics.listen: {text!r} is no address on this machine",
            remedy='write "127.0.0.1:9464"; to be seen from elsewhere, put a proxy in front',
        )
    return host, int(port)


def serve(
    config: MetricsConfig,
    source: MetricsSource,
    *,
    masker: Masker,
    parts: Iterable[families.Part] = (),
) -> MetricsServer | None:
    """The server that a config wants; None when it wants none.

    Raises:
        ConfigError: The address cannot be used.
    """
    if not config.enabled:
        return None
    host, port = listen_address(config.listen)
    page = MetricsPage(source, hosts=(), masker=masker, parts=parts)
    server = MetricsServer(page, (host, port))
    names = ("127.0.0.1", "localhost", "[::1]")
    page.hosts = frozenset(
        (*(f"{n}:{server.port}" for n in names), *(host.lower() for host in config.hosts))
    )
    return server
