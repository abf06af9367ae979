"""Receivers of alerts that are real: an HTTP server, an SMTP server, a program; and a desk without a thread."""

import contextlib
import json
import queue
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from openoutcry.daemon.alerts.alert import Alert, Notice, Severity
from openoutcry.daemon.alerts.book import AlertBook
from openoutcry.daemon.alerts.desk import AlertDesk
from openoutcry.daemon.alerts.rules import signal
from openoutcry.daemon.alerts.store import AlertStore
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics.facts import CoreFacts, FactsCell
from openoutcry.state.errors import DeliveryError
from openoutcry.state.operation_config import AlertLimits
from tests.daemon.operation.log_kit import Kept, pipe_to

SECOND = 10**9
WALL = 1_772_366_400 * SECOND


class Fake:
    """A channel whose answer a test gives."""

    def __init__(self, least: Severity = Severity.INFO, name: str = "fake") -> None:
        self.name = name
        self.least = least
        self.failing = threading.Event()
        self.got: queue.Queue[Notice] = queue.Queue()
        self.tried = 0

    def send(self, notice: Notice) -> None:
        self.tried += 1
        if self.failing.is_set():
            raise DeliveryError("out of order")
        self.got.put(notice)

    def next(self) -> Notice:
        return self.got.get(timeout=10)


class Desk:
    """A desk on which the test turns the hands of the clock."""

    def __init__(self, folder: Path | None = None, limits: AlertLimits | None = None) -> None:
        self.now_s = 1000.0
        self.cell = FactsCell()
        self.called: list[Alert] = []
        self.kept = Kept()
        self.pipe = pipe_to(self.kept)
        self.notices: list[Notice] = []
        self.ids = iter(range(10**6))
        book = AlertBook(
            seen="PAPER main", repeat_s=900.0, escalate_s=600.0, mint=lambda: f"id{next(self.ids)}"
        )
        self.desk = AlertDesk(
            book,
            couriers=[self],  # type: ignore[list-item]
            log=self.pipe.log("alerts"),
            masker=Masker(),
            source=self.cell,
            limits=limits or AlertLimits(),
            store=None if folder is None else AlertStore(folder),
            on_unacknowledged=self.called.append,
            clock=lambda: self.now_s,
            wall=lambda: WALL + int(self.now_s * SECOND),
        )
        if folder is not None:
            self.desk._restore(AlertStore(folder))

    def hand_over(self, notice: Notice) -> None:
        self.notices.append(notice)

    def facts(self, **fields: Any) -> None:
        self.cell.write(CoreFacts(**{"at_s": self.now_s, "ready": True, **fields}))

    def turn(self, seconds: float = 0.0, **fields: Any) -> list[str]:
        """Let time pass; returns what was told, as `kind key`."""
        self.now_s += seconds
        if fields:
            self.facts(**fields)
        elif (facts := self.cell.read()) is not None:
            from msgspec.structs import replace

            self.cell.write(replace(facts, at_s=self.now_s))
        before = len(self.notices)
        self.desk.turn()
        return [said(notice) for notice in self.notices[before:]]


def said(notice: Notice) -> str:
    return f"{notice.kind.value} {notice.alert.key if notice.alert else ''}".strip()


def notice(rule: str = "halted", **fields: Any) -> Notice:
    """What a book makes of a signal."""
    book = AlertBook(seen="PAPER main", repeat_s=1, escalate_s=1, mint=lambda: "1f")
    (made,) = book.take(
        signal(rule, fields.pop("summary", "all trading is halted"), **fields), WALL
    )
    return made


# --- receivers ----------------------------------------------------------------------------------


@contextmanager
def http_receiver(status: int = 200) -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """A server that takes JSON; gives its URL and what it got."""
    got: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.put({"headers": dict(self.headers), "path": self.path, **json.loads(body)})
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class SmtpServer:
    """As much of SMTP as a mail needs; speaks TLS when it has a certificate, asks for it with STARTTLS."""

    def __init__(self, trust: ssl.SSLContext | None = None, *, offer: bool = True) -> None:
        self.trust = trust
        self.offer = offer
        self.mails: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                client.settimeout(10)
                with contextlib.suppress(OSError):
                    self.serve(client)

    def serve(self, client: socket.socket) -> None:
        file = client.makefile("rwb")

        def answer(text: str) -> None:
            file.write(text.encode() + b"\r\n")
            file.flush()

        answer("220 ready")
        while line := file.readline().decode():
            word = line.split()[0].upper()
            self.seen.append(line.strip())
            if word == "EHLO":
                offered = "STARTTLS" if self.offer and self.trust else "HELP"
                answer(f"250-hello\r\n250-{offered}\r\n250 AUTH PLAIN")
            elif word == "STARTTLS":
                assert self.trust is not None
                answer("220 go on")
                file.close()
                try:
                    client = self.trust.wrap_socket(client, server_side=True)
                except OSError:
                    return  # it does not trust us
                file = client.makefile("rwb")
                self.trust, trust = None, self.trust
                self.seen.append(f"-- encrypted by {type(trust).__name__}")
            elif word == "AUTH":
                answer("235 welcome")
            elif word == "DATA":
                answer("354 go on")
                lines = []
                while (text := file.readline().decode()) != ".\r\n":
                    lines.append(text)
                self.mails.put("".join(lines))
                answer("250 taken")
            elif word == "QUIT":
                answer("221 bye")
                break
            else:
                answer("250 ok")
        file.close()
        client.close()

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of this machine's own, and a server's context with it."""
    key, file = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(file, key)
    return file, trust
