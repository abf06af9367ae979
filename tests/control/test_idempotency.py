"""A command is carried out once, however often it is sent, and across restarts."""

from typing import Any

import pytest

from openoutcry.daemon.control import protocol
from openoutcry.daemon.control.client import ControlClient, new_key
from openoutcry.daemon.control.idempotency import IdempotencyStore, answered, received
from openoutcry.daemon.control.protocol import (
    Accepted,
    AnyMutation,
    CancelAll,
    Err,
    Halt,
    Mutation,
    Ping,
    decode_reply,
    decode_request,
)
from openoutcry.state.codec import decode, encode
from openoutcry.state.errors import (
    CommandConflict,
    CommandExpired,
    ConfigError,
    ControlTimeout,
    DaemonRefused,
)
from tests.control.kit import RawClient, restarted, serving

KEY = "0123456789abcdef" * 2
ONCE = Halt(key=KEY, reason="once")
DONE = Accepted(durable=True, seq=9)


def carried_out(core) -> int:
    return sum(isinstance(request, Mutation) for request, _ in core.seen)


def test_a_command_sent_a_thousand_times_is_carried_out_once(core, folder):
    with serving(core, folder) as server, ControlClient(f"ipc://{folder}/control.sock") as client:
        answers = {repr(client.command(ONCE).seq) for _ in range(1000)}
        assert server.counters.repeated == 999
    assert (answers, carried_out(core)) == ({"1"}, 1)


def test_a_command_sent_again_after_each_of_many_restarts_gets_its_first_answer(core, folder):
    first = None
    for _ in range(10):
        with serving(core, folder, commands=restarted(core)), RawClient(folder) as client:
            for _ in range(100):
                reply = client.say(ONCE)
                first = first or reply
                assert (reply.seq, bytes(reply.body)) == (first.seq, bytes(first.body))
            client.say(Halt(key=new_key()))  # others in between
    assert carried_out(core) == 11


def test_a_client_asks_again_by_itself_when_the_daemon_was_started_anew(core, folder):
    with serving(core, folder):
        client = ControlClient(f"ipc://{folder}/control.sock")
        first = client.command(ONCE)
    with serving(core, folder, commands=restarted(core)), client:
        again = client.command(ONCE)
    assert (again.seq, carried_out(core)) == (first.seq, 1)


def test_while_a_command_is_carried_out_those_that_send_it_again_wait_for_its_answer(core, folder):
    core.hold = True
    with serving(core, folder) as server, RawClient(folder) as one, RawClient(folder) as two:
        one.post(ONCE)
        core.until(lambda: core.held)
        two.post(ONCE, request_id=b"another-"[:8])
        core.hold = False
        assert two.say(Ping()) is not None  # the one before was taken
        core.release()
        assert one.receive()[1].seq == two.receive()[1].seq == 1
        assert (carried_out(core), server.counters.repeated) == (1, 1)


def test_an_answer_that_came_too_late_is_found_by_sending_again(core, folder):
    core.hold = True
    endpoint = f"ipc://{folder}/control.sock"
    with serving(core, folder, timeout_ms=20), ControlClient(endpoint) as client:
        with pytest.raises(ControlTimeout):
            client.command(ONCE)
        core.release()
        assert client.command(ONCE).seq == 1
    assert carried_out(core) == 1


def test_a_key_that_was_used_for_something_else_is_an_error(core, folder):
    with serving(core, folder), ControlClient(f"ipc://{folder}/control.sock") as client:
        client.command(ONCE)
        for other in (CancelAll(key=KEY, reason="once"), Halt(key=KEY, reason="twice")):
            with pytest.raises(CommandConflict):
                client.command(other)
        client.command(ONCE)
    assert carried_out(core) == 1


def test_a_command_that_came_too_late_is_refused_unless_it_was_carried_out_before(core, folder):
    now = [1000]
    early = Halt(key=KEY, expires_ns=1001)
    with (
        serving(core, folder, wall=lambda: now[0]),
        ControlClient(f"ipc://{folder}/control.sock") as client,
    ):
        first = client.command(early)
        now[0] = 1001
        assert client.command(early).seq == first.seq
        with pytest.raises(CommandExpired):
            client.command(Halt(key=new_key(), expires_ns=1001))
    assert carried_out(core) == 1


def test_a_refusal_is_an_answer_too_but_not_one_that_says_try_again(core, folder):
    with serving(core, folder), ControlClient(f"ipc://{folder}/control.sock") as client:
        core.fault = ConfigError("needs confirm_loosening")
        with pytest.raises(DaemonRefused, match="confirm"):
            client.command(ONCE)
        core.fault = None
        with pytest.raises(DaemonRefused, match="confirm"):
            client.command(ONCE)
        core.answer = Err(code="X4005", message="full", remedy="", retry=True)
        again = Halt(key=new_key())
        with pytest.raises(DaemonRefused, match="full"):
            client.command(again)
        core.answer = None
        assert client.command(again).durable
    assert carried_out(core) == 3


def test_not_yet_durable_is_said(core, folder):
    core.answer = Accepted(durable=False, seq=5)
    with serving(core, folder), ControlClient(f"ipc://{folder}/control.sock") as client:
        assert not client.command(ONCE).durable


# --- the store ------------------------------------------------------------------------------------


def first_answer(store: IdempotencyStore, command: AnyMutation) -> Any:
    return store.find(command)


def test_records_survive_the_journal(core):
    for record in (received(ONCE, "cli", 5), answered(ONCE, DONE, 6)):
        assert decode(encode(record)) == record
    assert decode_request(received(ONCE, "cli", 5).body) == ONCE
    assert decode_reply(answered(ONCE, DONE, 6).reply) == decode_reply(protocol.encode(DONE))


def test_a_command_without_an_answer_in_the_journal_counts_as_carried_out():
    store = IdempotencyStore()
    store.load([(12, received(ONCE, "cli", 5))])
    reply = first_answer(store, ONCE)
    assert isinstance(reply, Accepted)
    assert (reply.durable, reply.seq) == (True, 12)
    with pytest.raises(CommandConflict):
        first_answer(store, CancelAll(key=KEY))


def test_an_answer_that_said_try_again_is_not_loaded():
    store = IdempotencyStore()
    busy = Err(code="X", message="", remedy="", retry=True)
    store.load([(1, received(ONCE, "cli", 5)), (1, answered(ONCE, busy, 5))])
    assert first_answer(store, ONCE) is None


def test_a_snapshot_and_the_tail_give_what_there_was():
    store = IdempotencyStore()
    store.begin(ONCE)
    store.answer(KEY, DONE)
    taken, waiting = Halt(key=new_key()), Halt(key=new_key())
    store.begin(taken)
    store.taken(taken.key, 4)
    store.begin(waiting)  # no input yet: if the process dies now, it was never carried out
    fresh = IdempotencyStore()
    fresh.restore(store.snapshot())
    fresh.load([(5, received(Halt(key="f" * 32), "cli", 1))])
    assert first_answer(fresh, ONCE).seq == 9
    assert first_answer(fresh, taken).seq == 4
    assert first_answer(fresh, waiting) is None
    assert first_answer(fresh, Halt(key="f" * 32)).seq == 5


def test_the_answer_in_the_tail_counts_although_the_snapshot_had_none():
    store = IdempotencyStore()
    store.begin(ONCE)
    store.taken(KEY, 4)
    fresh = IdempotencyStore()
    fresh.restore(store.snapshot())
    refused = Err(code="X1", message="no", remedy="")
    fresh.load([(4, answered(ONCE, refused, 1))])
    assert first_answer(fresh, ONCE) == refused


def test_the_oldest_answered_commands_are_forgotten_first_and_those_that_wait_never():
    store = IdempotencyStore(capacity=3)
    waiting = Halt(key=new_key())
    store.begin(waiting)
    commands = [Halt(key=new_key()) for _ in range(4)]
    for command in commands:
        store.begin(command)
        store.answer(command.key, DONE)
    assert [first_answer(store, c) is not None for c in commands] == [False, False, True, True]
    assert len(store) == 3
    store.answer(waiting.key, DONE)
    assert first_answer(store, waiting) is not None


def test_what_nobody_began_has_no_answer():
    store = IdempotencyStore()
    store.answer(KEY, DONE)
    store.taken(KEY, 1)
    assert len(store) == 0
