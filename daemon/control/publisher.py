"""The stream of events: a thread that publishes what the core hands over, and never holds it up.

Each event counts one up. A subscriber that is too slow, or a burst beyond the queue, loses events and
sees it: by the next number, or by the heartbeat, which names the last one each second. What it lost it
fetches from the journal (`EventsSince`).
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import zmq

from openoutcry.daemon.control.places import RuntimeFolder
from openoutcry.daemon.control.protocol import MAGIC, AnyPublished, Event, Heartbeat, encode
from openoutcry.daemon.control.server import bind_private
from openoutcry.state.errors import ControlError

QUEUE: Final = 65_536
"""Events that wait at most; the oldest go first."""
HEARTBEAT_S: Final = 1.0

_HWM: Final = 20_000
_ROUND: Final = 1024
_LINGER_MS: Final = 500

_Item = tuple[int, int, int, bytes]


class EventPublisher:
    """Publishes from `start` to `close`.

    Args:
        folder: Where its socket is; stays its owner's.
        queue: Events that wait at most.
        heartbeat_s: Seconds between heartbeats.
        on_end: Called on its thread when that ends by an error, with the reason.
        wall: Nanoseconds since 1970 UTC.

    Raises:
        ControlError: The socket cannot be bound.
    """

    def __init__(
        self,
        folder: RuntimeFolder,
        *,
        queue: int = QUEUE,
        heartbeat_s: float = HEARTBEAT_S,
        on_end: Callable[[str], None] = lambda _: None,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._heartbeat_s, self._wall, self._on_end = heartbeat_s, wall, on_end
        self._start = wall()
        self._seq = 0
        self._sent_seq = self._sent_number = 0
        self._sent = 0
        self._waiting: deque[_Item] = deque(maxlen=queue)
        self._idle = False
        self._closing = False
        self._news = threading.Event()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.linger = 0
        self._socket.setsockopt(zmq.SNDHWM, _HWM)
        try:
            bind_private(self._socket, folder.endpoints.events)
        except zmq.ZMQError as error:
            self._close_socket()
            raise ControlError(
                f"cannot publish: {error.strerror}", remedy="choose another folder"
            ) from error
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def publish(self, body: bytes, *, number: int, journal_seq: int) -> None:
        """Hand over an event that is durable. One thread may call it; it never waits.

        Args:
            body: The message, as the journal holds it.
            number: The record of the journal; 0 for what the journal does not hold.
            journal_seq: The input that caused it.
        """
        self._seq += 1
        self._waiting.append((self._seq, number, journal_seq, body))
        if self._idle:
            self._idle = False
            self._news.set()

    @property
    def dropped(self) -> int:
        """Events that the queue had no room for."""
        return self._sent_seq - self._sent

    @property
    def alive(self) -> bool:
        """Whether it publishes."""
        return self._thread.is_alive()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Publish what waits, then no more; returns whether the thread ended in time."""
        self._closing = True
        self._news.set()
        if self._thread.ident is None:
            self._close_socket()
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        reason = "the thread of events ended by an error"
        try:
            due = time.monotonic()
            while not (self._closing and not self._waiting):
                self._publish_some()
                if time.monotonic() >= due:
                    self._beat()
                    due = time.monotonic() + self._heartbeat_s
                if not self._waiting:
                    self._rest(due - time.monotonic())
            self._beat()
            reason = ""
        except zmq.ZMQError as error:
            reason = f"the thread of events ended: {error.strerror}"
        finally:
            self._close_socket()
            if reason:
                self._on_end(reason)

    def _rest(self, seconds: float) -> None:
        """Wait for an event, the next heartbeat or the end."""
        self._news.clear()
        self._idle = True
        # One that came before the line above found nobody idle, and stands in the queue.
        if not self._waiting and not self._closing:
            self._news.wait(max(seconds, 0.0))
        self._idle = False

    def _publish_some(self) -> None:
        for _ in range(min(len(self._waiting), _ROUND)):
            seq, number, journal_seq, body = self._waiting.popleft()
            self._sent += 1
            self._sent_seq, self._sent_number = seq, max(number, self._sent_number)
            event = Event(
                start=self._start, seq=seq, number=number, journal_seq=journal_seq, body=body
            )
            self._send(event)

    def _beat(self) -> None:
        self._send(
            Heartbeat(
                start=self._start,
                last_seq=self._sent_seq,
                last_number=self._sent_number,
                ts=self._wall(),
            )
        )

    def _send(self, message: AnyPublished) -> None:
        # A PUB socket never waits: who does not read loses it.
        self._socket.send_multipart([MAGIC, encode(message)], zmq.NOBLOCK)

    def _close_socket(self) -> None:
        self._socket.close(_LINGER_MS)
        self._context.term()
