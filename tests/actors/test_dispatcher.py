"""The runtime of the core: order, atomicity, asks and failures."""

import itertools

import msgspec
import pykka
import pytest

from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.state.errors import DeadlockError, UnhandledMessage


class Ping(msgspec.Struct, frozen=True):
    number: int


class Boom(msgspec.Struct, frozen=True):
    pass


class Question(msgspec.Struct, frozen=True):
    number: int


class Recorder(Actor):
    """Writes down what it gets, passes it on, and fails on demand."""

    def __init__(self, dispatcher: Dispatcher, name: str, log: list[str]) -> None:
        super().__init__(dispatcher, name)
        self.log = log
        self.next: list[Actor] = []

    @handles(Ping)
    def on_ping(self, ping: Ping) -> None:
        self.log.append(f"{self.name}:{ping.number}")
        for actor in self.next:
            self.emit(actor.cell, ping)

    @handles(Boom)
    def on_boom(self, _boom: Boom) -> None:
        for actor in self.next:
            self.emit(actor.cell, Ping(99))
        raise ValueError("boom")

    @handles(Question)
    def on_question(self, question: Question) -> int:
        for actor in self.next:
            actor.actor_ref.ask(question)
        return question.number * 2


class Policy:
    """Remembers failures instead of raising them."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, object]] = []

    def on_failure(self, cell: Cell, message: object, error: Exception) -> None:
        self.failures.append((cell.name, error))
        cell.pause()


@pytest.fixture
def log():
    return []


def start(dispatcher, name, log):
    return Recorder.start(dispatcher, name, log)._actor_weakref()


@pytest.fixture
def dispatcher():
    yield Dispatcher()
    # a paused or failed actor can't be asked to stop, and pykka's registry is global
    for reference in pykka.ActorRegistry.get_all():
        pykka.ActorRegistry.unregister(reference)


def test_messages_are_handled_in_the_order_in_which_they_were_sent(dispatcher, log):
    a, b, c = (start(dispatcher, name, log) for name in "abc")
    a.next = [b, c]
    b.next = [c]
    dispatcher.dispatch(a.cell, Ping(1))
    assert log == ["a:1", "b:1", "c:1", "c:1"]


def test_an_input_is_handled_to_completion_before_dispatch_returns(dispatcher, log):
    chain = [start(dispatcher, f"n{i}", log) for i in range(50)]
    for left, right in itertools.pairwise(chain):
        left.next = [right]
    dispatcher.dispatch(chain[0].cell, Ping(1))
    assert len(log) == 50


def test_nothing_leaves_a_handler_that_raises(dispatcher, log):
    a, b = start(dispatcher, "a", log), start(dispatcher, "b", log)
    a.next = [b]
    policy = Policy()
    dispatcher.supervise(policy)
    dispatcher.dispatch(a.cell, Boom())
    assert log == []
    assert [name for name, _ in policy.failures] == ["a"]


def test_without_a_supervisor_a_failure_reaches_the_caller(dispatcher, log):
    a = start(dispatcher, "a", log)
    with pytest.raises(ValueError, match="boom"):
        dispatcher.dispatch(a.cell, Boom())


def test_a_paused_actor_counts_what_it_gets_and_others_go_on(dispatcher, log):
    a, b = start(dispatcher, "a", log), start(dispatcher, "b", log)
    dispatcher.supervise(Policy())
    dispatcher.dispatch(a.cell, Boom())
    dispatcher.dispatch(a.cell, Ping(1))
    dispatcher.dispatch(b.cell, Ping(2))
    assert log == ["b:2"]
    assert (a.cell.paused, a.cell.parked, b.cell.paused) == (True, 1, False)


def test_a_message_without_a_handler_is_an_error_not_silence(dispatcher, log):
    a = start(dispatcher, "a", log)
    with pytest.raises(UnhandledMessage, match="a has no handler for str"):
        dispatcher.dispatch(a.cell, "surprise")


def test_an_ask_is_a_plain_call_and_returns_the_answer(dispatcher, log):
    a = start(dispatcher, "a", log)
    assert a.actor_ref.ask(Question(21)) == 42
    assert a.actor_ref.ask(Question(4), block=False).get() == 8


def test_an_actor_that_asks_itself_over_another_raises_instead_of_hanging(dispatcher, log):
    a, b = start(dispatcher, "a", log), start(dispatcher, "b", log)
    a.next, b.next = [b], [a]
    with pytest.raises(DeadlockError, match="a waits"):
        a.actor_ref.ask(Question(1))


def test_a_failing_ask_reaches_the_asker_and_leaves_nothing(dispatcher, log):
    a, b = start(dispatcher, "a", log), start(dispatcher, "b", log)
    a.next = [b]
    with pytest.raises(ValueError, match="boom"):
        a.actor_ref.ask(Boom())
    dispatcher.drain()
    assert log == []


def test_tell_from_outside_waits_for_drain(dispatcher, log):
    a = start(dispatcher, "a", log)
    a.actor_ref.tell(Ping(1))
    assert log == []
    dispatcher.drain()
    assert log == ["a:1"]


def test_references_are_real_pykka_references_with_given_names(dispatcher, log):
    a = start(dispatcher, "a", log)
    assert isinstance(a.actor_ref, pykka.ActorRef)
    assert pykka.ActorRegistry.get_by_urn("urn:outcry:a") is a.actor_ref
    assert a.actor_ref.proxy().name.get() == "a"


def test_a_stopped_actor_is_dead_to_tell_and_ask(dispatcher, log):
    a = start(dispatcher, "a", log)
    a.actor_ref.stop()
    dispatcher.drain()
    with pytest.raises(pykka.ActorDeadError):
        a.actor_ref.tell(Ping(1))
    with pytest.raises(pykka.ActorDeadError):
        a.actor_ref.ask(Question(1))


def test_two_actors_of_one_name_are_a_programming_error(dispatcher, log):
    start(dispatcher, "a", log)
    with pytest.raises(AssertionError, match="two actors are named a"):
        start(dispatcher, "a", log)
