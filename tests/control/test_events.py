"""The stream of events: in order, each once, and what was lost comes from the journal."""

import time
from typing import Any

import msgspec
import pytest
import zmq

from openoutcry.daemon.control.client import ControlClient
from openoutcry.daemon.control.history import PAGE_BYTES, JournalHistory
from openoutcry.daemon.control.places import RuntimeFolder
from openoutcry.daemon.control.protocol import (
    Event,
    EventsPage,
    EventsSince,
    Heartbeat,
    decode_page,
    decode_published,
    encode,
)
from openoutcry.daemon.control.publisher import EventPublisher
from openoutcry.daemon.control.subscriber import EventStream
from openoutcry.state.codec import decode
from openoutcry.state.errors import DaemonRefused, DaemonUnreachable
from tests.control.kit import PATIENCE_S, serving
from tests.state.journal_kit import Watch, opened, write


@pytest.fixture
def held(folder):
    found = RuntimeFolder(folder / "run")
    yield found
    found.close()


@pytest.fixture
def journal(folder):
    watch = Watch()
    found: Any = opened(folder / "state", watch)
    found.watch = watch
    yield found
    found.close()


@pytest.fixture
def history(journal):
    found = JournalHistory(journal.reader)
    found.start()
    yield found
    assert found.close()


def ts_of(body):
    """The stamp of the timer in a record."""
    message: Any = decode(body)
    return message.ts


class Stage:
    """A daemon that writes its journal and then publishes what it wrote."""

    def __init__(self, journal, held, history):
        self.journal, self.held = journal, held
        self.publisher: Any = None
        self.history = history

    def open(self, **options):
        self.publisher = EventPublisher(self.held, heartbeat_s=0.05, **options)
        self.publisher.start()

    @property
    def last(self):
        """Number of the last record; the first one says that the journal was opened."""
        return self.journal.reader.head.number

    def write(self, count):
        """Write events, and don't publish them; returns their numbers."""
        first = self.last + 1
        write(self.journal, self.journal.watch, first, first + count - 1)
        return range(first, first + count)

    def publish(self, numbers):
        for number in numbers:
            record = next(self.journal.reader.after(self.journal.reader.at(number - 1)))
            assert record.number == number
            self.publisher.publish(record.body, number=number, journal_seq=record.seq)


@pytest.fixture
def stage(journal, held, history):
    found = Stage(journal, held, history)
    yield found
    if found.publisher is not None:
        found.publisher.close()


def until(stream, count):
    """Numbers of the next events, so many."""
    found: list[Event] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < deadline:
        found += stream.poll(1)
    return [event.number for event in found]


def begun(stream, beat=lambda: None):
    """Wait until a stream knows where it is."""
    deadline = time.monotonic() + PATIENCE_S
    while stream.number is None and time.monotonic() < deadline:
        beat()
        stream.poll(0.05)
    assert stream.number is not None


class Script:
    """A stream as a network may give it: what is sent is what the test says."""

    def __init__(self, held, stage):
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.PUB)
        self.socket.linger = 0
        self.socket.bind(held.endpoints.events)
        self.stage = stage

    def event(self, seq, number):
        event = Event(start=1, seq=seq, number=number, journal_seq=number, body=b"")
        self.socket.send_multipart([b"OO1", encode(event)])

    def beat(self, seq, number):
        beat = Heartbeat(start=1, last_seq=seq, last_number=number, ts=0)
        self.socket.send_multipart([b"OO1", encode(beat)])

    def close(self):
        self.socket.close()
        self.context.term()


@pytest.fixture
def script(held, stage):
    found = Script(held, stage)
    yield found
    found.close()


def test_events_come_in_order_and_each_once(stage, history):
    stage.open()
    with EventStream(stage.held.endpoints.events, history.page, after=1) as stream:
        expected = stage.write(20)
        stage.publish(expected)
        found: list[Event] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < 20 and time.monotonic() < deadline:
            found += stream.poll(1)
        assert [event.number for event in found] == list(expected)
        assert [ts_of(event.body) for event in found] == list(expected)
        assert [event.journal_seq for event in found] == list(expected)


def test_what_was_before_a_subscriber_came_it_gets_from_the_journal(stage, history):
    stage.write(7)
    stage.open()
    with EventStream(stage.held.endpoints.events, history.page, after=3) as stream:
        stage.publish(stage.write(1))
        assert until(stream, 6) == [4, 5, 6, 7, 8, 9]
        assert stream.resyncs == 1


def test_a_subscriber_that_wants_the_future_only_starts_with_what_comes(stage, history):
    stage.open()
    stage.publish(stage.write(5))
    with EventStream(stage.held.endpoints.events, history.page) as stream:
        begun(stream)
        assert stream.number == 6
        stage.publish(stage.write(2))
        assert until(stream, 2) == [7, 8]
        assert stream.resyncs == 0


def test_a_gap_is_filled_from_the_journal(stage, history, script):
    with EventStream(stage.held.endpoints.events, history.page) as stream:
        begun(stream, lambda: script.beat(7, 1))
        stage.write(5)
        script.event(8, 2)
        script.event(10, 4)  # 9 was lost
        script.event(11, 5)
        assert until(stream, 5) == [2, 3, 4, 5, 6]
        assert stream.resyncs == 1


def test_a_heartbeat_shows_that_the_last_ones_were_lost(stage, history, script):
    with EventStream(stage.held.endpoints.events, history.page) as stream:
        begun(stream, lambda: script.beat(7, 1))
        stage.write(4)
        script.beat(11, 5)
        script.beat(11, 5)
        assert until(stream, 4) == [2, 3, 4, 5]
        assert stream.resyncs == 1


def test_what_the_journal_does_not_hold_passes_without_a_number(stage, history, script):
    with EventStream(stage.held.endpoints.events, history.page) as stream:
        begun(stream, lambda: script.beat(0, 1))
        script.event(1, 0)
        script.event(2, 0)
        assert until(stream, 2) == [0, 0]
        assert (stream.number, stream.resyncs) == (1, 0)


def test_a_burst_beyond_the_queue_costs_the_oldest_and_the_core_nothing(stage, history):
    stage.publisher = EventPublisher(stage.held, queue=10, heartbeat_s=0.05)
    expected = stage.write(100)
    stage.publish(expected)  # its thread does not run yet
    with EventStream(stage.held.endpoints.events, history.page, after=1) as stream:
        stage.publisher.start()
        assert until(stream, 100) == list(expected)
    assert stage.publisher.dropped == 90


def test_a_daemon_that_was_started_anew_goes_on_in_the_same_journal(stage, history):
    stage.open()
    with EventStream(stage.held.endpoints.events, history.page, after=1) as stream:
        stage.publish(stage.write(3))
        assert until(stream, 3) == [2, 3, 4]
        assert stage.publisher.close()
        stage.write(2)
        stage.open()
        stage.publish(stage.write(1))
        assert until(stream, 3) == [5, 6, 7]


def test_a_silent_daemon_is_gone(stage, history):
    stage.open()
    with EventStream(stage.held.endpoints.events, history.page, silence_s=0.5) as stream:
        begun(stream)
        stage.publisher.close()
        with pytest.raises(DaemonUnreachable, match="silent"):
            list(iter(lambda: stream.poll(0.6), None))


def test_what_came_before_an_error_is_not_lost(stage, script):
    answers = [DaemonUnreachable("gone"), None]

    def fetch(request):
        if error := answers.pop(0):
            raise error
        return stage.history.page(request)

    with EventStream(stage.held.endpoints.events, fetch) as stream:
        begun(stream, lambda: script.beat(0, 1))
        stage.write(4)
        script.event(1, 2)
        script.event(3, 4)
        found = []
        while len(answers) == 2:
            try:
                found += stream.poll(PATIENCE_S)
            except DaemonUnreachable:
                break
        script.event(4, 5)
        assert [e.number for e in found] + until(stream, 4 - len(found)) == [2, 3, 4, 5]


def test_the_stream_is_private(stage):
    stage.open()
    path = stage.held.path / "events.sock"
    assert path.stat().st_mode & 0o777 == 0o600


def test_publishing_never_waits_for_a_subscriber_that_does_not_read(stage):
    stage.open()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    lazy = context.socket(zmq.SUB)
    lazy.linger = 0
    lazy.rcvhwm = 1
    lazy.subscribe(b"")
    lazy.connect(stage.held.endpoints.events)
    lazy.poll(PATIENCE_S * 1000)
    for _ in range(60_000):
        stage.publisher.publish(bytes(100), number=0, journal_seq=1)
    assert stage.publisher.close(PATIENCE_S)
    lazy.close()
    context.term()


# --- pages ----------------------------------------------------------------------------------------


def test_pages_follow_each_other_to_the_end(stage, history):
    stage.write(24)
    after, found, sizes = 0, [], []
    more = True
    while more:
        page = history.page(EventsSince(after=after, limit=10))
        after, more = page.after, page.more
        sizes.append(len(page.events))
        found += [event.number for event in page.events]
    assert (found, sizes) == (list(range(1, 26)), [10, 10, 5])
    assert history.page(EventsSince(after=25)) == EventsPage(events=(), after=25, more=False)
    assert history.page(EventsSince(after=99)).after == 25


def test_a_page_holds_so_many_bytes_and_at_least_one_event(journal, history):
    write(journal, journal.watch, 1, 5, size=PAGE_BYTES // 2)
    assert len(history.page(EventsSince(after=1)).events) == 2


def test_only_what_is_wanted_is_an_event_and_pages_end_all_the_same(stage, journal):
    stage.write(29)
    some = JournalHistory(journal.reader, wanted=lambda body: ts_of(body) in (10, 20, 30))
    assert [e.number for e in some.page(EventsSince(after=0)).events] == [10, 20, 30]


def test_what_is_not_durable_yet_is_no_event(stage, journal):
    stage.write(9)
    careful = JournalHistory(journal.reader, durable=lambda: 4)
    page = careful.page(EventsSince(after=0))
    assert ([e.number for e in page.events], page.more) == ([1, 2, 3, 4], False)


def test_records_that_were_dropped_are_named(stage, journal, history):
    stage.write(20)
    journal.forget(journal.reader.at(10))
    while journal.reader.anchor.number < 10:
        stage.write(1)  # each commit lets the writer come to it
    page = history.page(EventsSince(after=3))
    assert (page.dropped, page.events[0].number, page.after) == (10, 11, stage.last)
    assert history.page(EventsSince(after=0)).dropped == 0
    assert history.page(EventsSince(after=10)).dropped == 0
    stage.open()
    with EventStream(stage.held.endpoints.events, history.page, after=3) as stream:
        stage.publish(stage.write(1))
        assert until(stream, stage.last - 10) == list(range(11, stage.last + 1))
        assert stream.lost == 1


def test_the_control_socket_serves_pages(core, folder, stage, history):
    stage.write(2)
    with (
        serving(core, folder / "control", events=history),
        ControlClient(f"ipc://{folder}/control/control.sock") as client,
    ):
        page = client.events_since(EventsSince(after=1))
        assert [event.number for event in page.events] == [2, 3]
    assert core.seen == []


def test_a_journal_that_cannot_be_read_is_an_answer(core, folder, journal):
    class Broken:
        anchor = property(lambda _: journal.reader.at(99))

    history = JournalHistory(Broken())  # type: ignore[arg-type]
    history.start()
    with (
        serving(core, folder / "control", events=history),
        ControlClient(f"ipc://{folder}/control/control.sock") as client,
        pytest.raises(DaemonRefused, match="record 99 is missing"),
    ):
        client.events_since(EventsSince(after=1))
    assert history.close()


def test_a_page_has_one_spelling():
    event = Event(start=0, seq=0, number=2, journal_seq=2, body=b"x")
    page = EventsPage(events=(event,), after=2, more=True)
    assert decode_page(msgspec.Raw(encode(page))) == page
    beat = Heartbeat(start=1, last_seq=2, last_number=3, ts=4)
    assert decode_published(encode(beat)) == beat
    assert isinstance(decode_published(encode(event)), Event)
