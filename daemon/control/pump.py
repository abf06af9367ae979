"""From the journal to the stream of events: what is on disk is published, in order, beside the core."""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from openoutcry.state.codec import kind_of
from openoutcry.state.control_messages import CommandAnswered
from openoutcry.state.errors import JournalError
from openoutcry.state.events import MarketDataTaped
from openoutcry.state.journal_reader import JournalReader

_NO_EVENTS: Final = frozenset(kind.__name__.encode() for kind in (CommandAnswered, MarketDataTaped))


class Stream(Protocol):
    """Where events go."""

    def publish(self, body: bytes, *, number: int, journal_seq: int) -> None:
        """An event that is durable."""


def is_event(body: bytes) -> bool:
    """Whether a record is published: all but what the daemon notes for itself."""
    return kind_of(body) not in _NO_EVENTS


class EventPump:
    """Publishes each record that becomes durable, once.

    A record that can be read is on disk: LMDB shows nothing else. So nothing is published too early, and the
    core has no part in it.

    Args:
        reader: Of the journal; stays its owner's.
        after: The last record that is not to be published.
        stream: Where to.
        on_end: Called on its thread when that ends by an error, with the reason.
    """

    def __init__(
        self,
        reader: JournalReader,
        after: int,
        stream: Stream,
        on_end: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._reader, self._stream, self._on_end = reader, stream, on_end
        self._number = after
        self._news = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="event-pump", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """The journal got further; from any thread."""
        self._news.set()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Publish what there is, then no more; returns whether the thread ended in time."""
        self._closing = True
        self._news.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._closing:
                self._news.wait()
                self._news.clear()
                self._publish()
        except JournalError as error:
            self._on_end(f"the journal cannot be read for events: {error.message}")

    def _publish(self) -> None:
        # What was dropped before it was published is past.
        self._number = max(self._number, self._reader.anchor.number)
        for record in self._reader.after(self._reader.at(self._number)):
            self._number = record.number
            if is_event(record.body):
                self._stream.publish(record.body, number=record.number, journal_seq=record.seq)
