"""The desk alone: what it remembers is bounded."""

from typing import Any

import msgspec

from openoutcry.daemon.control import desk as desks
from openoutcry.daemon.control.desk import Address, Desk, Visitor
from openoutcry.daemon.control.idempotency import IdempotencyStore
from openoutcry.daemon.control.protocol import (
    MAGIC,
    Err,
    Hello,
    Ok,
    Ping,
    Role,
    Welcome,
    decode_reply,
    encode,
)
from tests.control.kit import ID, INFO, FakeCore


class Table:
    """A desk on which a test puts messages, with a clock that it turns."""

    def __init__(self):
        self.core = FakeCore()
        self.sent: list[Any] = []
        self.now = 0
        self.desk = Desk(
            self.core,
            INFO,
            IdempotencyStore(),
            send=lambda address, _, body: self.sent.append((address, decode_reply(body))),
            wake=lambda: None,
            clock=lambda: self.now,
            wall=lambda: self.now,
            timeout_ns=100,
            limit=256,
        )

    def say(self, number, request, role=Role.ADMIN, user=""):
        address = Address(0, b"\0" + number.to_bytes(4, "big"), user)
        self.desk.take(Visitor(address, role, "local"), [MAGIC, ID, encode(request)])
        self.desk.settle()
        return self.sent[-1][1] if self.sent else None


def test_the_oldest_sessions_are_forgotten_and_say_hello_again():
    table = Table()
    for number in range(desks.SESSIONS_MAX):
        assert isinstance(table.say(number, Hello(client="x")), Welcome)
    assert isinstance(table.say(0, Ping()), Ok)  # used, so not the oldest any more
    table.say(desks.SESSIONS_MAX, Hello(client="x"))
    assert isinstance(table.say(0, Ping()), Ok)
    assert table.say(1, Ping()).code == "X8010"


def test_a_connection_of_another_key_is_another_client():
    table = Table()
    table.say(1, Hello(client="x"), user="key one")
    assert table.say(1, Ping(), user="key two").code == "X8010"


def test_a_role_of_none_may_not_even_say_hello():
    assert Table().say(1, Hello(client="x"), role=Role.NONE).code == "X8003"


def test_deadlines_are_kept_in_order_and_answered_requests_leave_nothing():
    table = Table()
    table.say(1, Hello(client="x"))
    for _ in range(1000):
        table.say(1, Ping())
    assert not table.desk.next_deadline
    table.core.hold = True
    table.say(1, Ping())
    table.now = 50
    table.say(1, Ping())
    assert table.desk.next_deadline == 100
    table.now = 100
    table.sent.clear()
    table.desk.settle()
    assert [type(reply) for _, reply in table.sent] == [Err]
    assert table.desk.next_deadline == 150
    table.core.release()
    table.desk.settle()
    assert [type(reply) for _, reply in table.sent] == [Err, Ok]
    assert msgspec.structs.asdict(table.desk.counters)["timeouts"] == 1
