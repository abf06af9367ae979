"""Events out of the journal: what a subscriber missed, a page at a time, on a thread of its own."""

import queue
import threading
from collections.abc import Callable
from typing import Final

import msgspec

from openoutcry.daemon.control.protocol import (
    AnyReply,
    Err,
    Event,
    EventsPage,
    EventsSince,
    Ok,
    encode,
)
from openoutcry.state.errors import JournalError
from openoutcry.state.journal_reader import JournalReader

PAGE_BYTES: Final = 1 << 20
"""Bytes of messages in a page; one larger message is a page of its own."""

_Item = tuple[EventsSince, Callable[[AnyReply], None]] | None


class JournalHistory:
    """Answers `EventsSince` from `start` to `close`.

    Args:
        reader: Of the journal; stays its owner's.
        durable: The last input that is durable: what lies behind it is no event yet.
        wanted: Whether a message is an event, as for those that are published.
    """

    def __init__(
        self,
        reader: JournalReader,
        *,
        durable: Callable[[], int] | None = None,
        wanted: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        self._reader, self._wanted = reader, wanted
        self._durable = durable
        self._asked: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="event-history", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def ask(self, request: EventsSince, reply: Callable[[AnyReply], None]) -> None:
        """Take a request; from any thread."""
        self._asked.put((request, reply))

    def close(self, timeout_s: float = 5.0) -> bool:
        """Answer nothing any more; returns whether the thread ended in time."""
        self._asked.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._asked.get()) is not None:
            request, reply = item
            try:
                reply(Ok(body=msgspec.Raw(encode(self.page(request)))))
            except JournalError as error:
                reply(Err(code=error.code, message=error.message, remedy=error.remedy))

    def page(self, request: EventsSince) -> EventsPage:
        """The events after a record.

        Raises:
            JournalError: The journal cannot be read.
        """
        anchor = self._reader.anchor.number
        head = self._reader.head.number
        dropped = anchor if 0 < request.after < anchor else 0
        after = min(max(request.after, anchor), head)
        last_seq = self._durable() if self._durable is not None else None
        events: list[Event] = []
        size = 0
        more = False
        for record in self._reader.after(self._reader.at(after)):
            if last_seq is not None and record.seq > last_seq:
                break
            if len(events) >= request.limit or size >= PAGE_BYTES:
                more = True
                break
            after = record.number
            if self._wanted(record.body):
                size += len(record.body)
                events.append(
                    Event(start=0, seq=0, number=after, journal_seq=record.seq, body=record.body)
                )
        return EventsPage(events=tuple(events), after=after, more=more, dropped=dropped)
