"""A subscriber of the stream of events that misses nothing: gaps are filled from the journal."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

import zmq

from openoutcry.daemon.control.protocol import (
    MAGIC,
    MAX_REPLY,
    Event,
    EventsPage,
    EventsSince,
    decode_published,
)
from openoutcry.state.errors import DaemonUnreachable

SILENCE_S: Final = 5.0
"""A daemon that publishes nothing for this long, heartbeats included, is gone."""

_HWM: Final = 20_000
_BATCH: Final = 1000


class EventStream:
    """Events in order, each once.

    Args:
        endpoint: `Endpoints.events`.
        fetch: Gets a page of the journal: `ControlClient.events_since`.
        after: `Event.number` of the last one that is known; None begins with what comes next.
        silence_s: When the daemon counts as gone.

    Attributes:
        number: The record of the last event.
        resyncs: How often the journal was asked because something was missing.
        lost: Times that the journal did not hold any more what was missing.
    """

    def __init__(
        self,
        endpoint: str,
        fetch: Callable[[EventsSince], EventsPage],
        *,
        after: int | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.endpoint = endpoint
        self.number = after
        self.resyncs = 0
        self.lost = 0
        self._fetch = fetch
        self._silence_s = silence_s
        self._heard = time.monotonic()
        self._start = 0
        self._seq = 0
        self._ready: list[Event] = []  # what was found before an error
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.linger = 0
        self._socket.setsockopt(zmq.RCVHWM, _HWM)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
        self._socket.subscribe(MAGIC)
        self._socket.connect(endpoint)

    def poll(self, timeout_s: float) -> list[Event]:
        """What has come, waiting for it if need be; empty when nothing came in time.

        Raises:
            DaemonUnreachable: Nothing was heard for longer than the daemon is ever silent.
            ControlError: The journal could not be asked for what is missing.
            ProtocolError: Something else publishes there.
        """
        if not self._socket.poll(int(timeout_s * 1000)):
            if time.monotonic() - self._heard > self._silence_s:
                raise DaemonUnreachable(f"{self.endpoint} is silent: the daemon is gone")
            return []
        self._heard = time.monotonic()
        for _ in range(_BATCH):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            for event in self._take(frames[-1]):
                self._ready.append(event)  # the next may raise, and this one is kept
        found, self._ready = self._ready, []
        return found

    def _take(self, body: bytes) -> Iterator[Event]:
        message = decode_published(body)
        is_event = isinstance(message, Event)
        seq = message.seq if isinstance(message, Event) else message.last_seq
        number = message.number if isinstance(message, Event) else message.last_number
        if self.number is None:  # from here on
            self.number = number - is_event if number else 0
        elif number > self.number and (message.start, seq) != (self._start, self._seq + is_event):
            yield from self._resync()
        self._start, self._seq = message.start, seq
        if isinstance(message, Event) and not 0 < message.number <= self.number:
            self.number = max(self.number, message.number)
            yield message

    def _resync(self) -> Iterator[Event]:
        """Everything after the last event that the journal holds."""
        self.resyncs += 1
        assert self.number is not None
        more = True
        while more:
            page = self._fetch(EventsSince(after=self.number))
            self.lost += page.dropped > 0
            self.number, more = page.after, page.more
            yield from page.events

    def close(self) -> None:
        """End it. A second time changes nothing."""
        if not self._socket.closed:
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
