"""What becomes of a request, apart from sockets: hello, role, key, the core's answer, the deadline.

Everything here runs on the control thread, but `reply`, which the core may call from any.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from openoutcry.daemon.control.core import ClientInfo, ControlCore, DaemonInfo, EventHistory
from openoutcry.daemon.control.idempotency import IdempotencyStore
from openoutcry.daemon.control.protocol import (
    ID_BYTES,
    MAGIC,
    PROTOCOL,
    ROLES,
    AnyMutation,
    AnyReply,
    AnyRequest,
    Err,
    EventsSince,
    Hello,
    Mutation,
    Query,
    Role,
    Welcome,
    decode_request,
    encode,
)
from openoutcry.state.errors import (
    CommandExpired,
    ControlDenied,
    ControlTimeout,
    DaemonBusy,
    HelloFirst,
    OutcryError,
    ProtocolError,
    ProtocolMismatch,
)

SESSIONS_MAX: Final = 1024
"""Clients whose hello is remembered; who is forgotten says it again."""
RESERVE: Final = 8
"""Places that are kept for commands when queries fill all others (one in `RESERVE`)."""

_AGAIN: Final = (DaemonBusy, ControlTimeout, HelloFirst)


class Address(NamedTuple):
    """Where a reply goes: which socket, which connection, whose key (empty for a local client)."""

    door: int
    identity: bytes
    user: str


class Visitor(NamedTuple):
    """What the socket knows of who sent a message."""

    address: Address
    role: Role
    origin: str


class Session(msgspec.Struct):
    """A client that has said hello."""

    client: ClientInfo
    waiting: int = 0


class Asked(msgspec.Struct, gc=False):
    """A request that waits: where its answer goes, and until when."""

    address: Address
    request_id: bytes
    deadline: int
    session: Session
    number: int = 0
    open: bool = True


class Ticket(msgspec.Struct):
    """What was handed to the core, and who waits for it: several, when a command was sent again."""

    key: str | None
    waiting: list[Asked]
    answered: bool = False


class Counters(msgspec.Struct):
    """What happened since the start.

    `slowest_ns` is the most CPU time that one message took, from its bytes to the core and back.
    """

    requests: int = 0
    refused: int = 0
    malformed: int = 0
    busy: int = 0
    timeouts: int = 0
    repeated: int = 0
    faults: int = 0
    unreachable: int = 0
    slowest_ns: int = 0


class Desk:
    """Takes messages and gives replies.

    Args:
        core: Answers.
        info: For `Welcome`.
        commands: The keys that were used.
        events: Answers `EventsSince` in the core's stead.
        send: Sends an encoded reply; must not block.
        wake: Makes the control thread call `settle`; from any thread.
        clock: Nanoseconds that never step back.
        wall: Nanoseconds since 1970 UTC.
        timeout_ns: How long the core has.
        limit: Most requests that wait; one client may have a quarter of them.
    """

    def __init__(
        self,
        core: ControlCore,
        info: DaemonInfo,
        commands: IdempotencyStore,
        events: EventHistory | None = None,
        *,
        send: Callable[[Address, bytes, bytes], None],
        wake: Callable[[], None],
        clock: Callable[[], int],
        wall: Callable[[], int],
        timeout_ns: int,
        limit: int,
    ) -> None:
        self._core, self._info, self._commands, self._events = core, info, commands, events
        self._send, self._wake, self._clock, self._wall = send, wake, clock, wall
        self._timeout_ns, self._limit = timeout_ns, limit
        self._sessions: OrderedDict[Address, Session] = OrderedDict()
        self._waiting = 0
        self._entered = 0
        self._deadlines: OrderedDict[int, Asked] = OrderedDict()
        self._tickets: dict[str, Ticket] = {}
        self._outbox: deque[tuple[Ticket, AnyReply]] = deque()
        self.counters = Counters()

    # --- what comes in ----------------------------------------------------------------------------

    def take(self, visitor: Visitor, frames: list[bytes]) -> None:
        """A message: three frames, or something else."""
        self.counters.requests += 1
        well_formed = len(frames) == 3 and frames[0] == MAGIC and len(frames[1]) == ID_BYTES
        request_id = (
            frames[1] if len(frames) > 1 and len(frames[1]) == ID_BYTES else bytes(ID_BYTES)
        )
        try:
            if visitor.address.identity[:1] != b"\0":
                raise ProtocolError("a client must not name its connection: it could be another's")
            if not well_formed:
                raise ProtocolError(f"{len(frames)} frames that are no message of protocol 1")
            self._serve(visitor, request_id, decode_request(frames[2]))
        except OutcryError as error:
            self._count(error)
            self._send(visitor.address, request_id, encode(refusal(error)))

    def _serve(self, visitor: Visitor, request_id: bytes, request: AnyRequest) -> None:
        if visitor.role < (needed := ROLES[type(request)]):
            raise ControlDenied(
                f"{type(request).__name__} is for role {needed.name.lower()}; the role of this client "
                f"is {visitor.role.name.lower()}"
            )
        if isinstance(request, Hello):
            reply = self._welcome(visitor, request)
            self._send(visitor.address, request_id, encode(reply))
            return
        session = self._sessions.get(visitor.address)
        if session is None:
            raise HelloFirst("the daemon does not know this client")
        self._sessions.move_to_end(visitor.address)
        session.client = session.client._replace(role=visitor.role, origin=visitor.origin)
        asked = Asked(visitor.address, request_id, self._clock() + self._timeout_ns, session)
        if isinstance(request, Mutation):
            self._command(request, asked)
        else:
            self._admit(session, self._limit - self._limit // RESERVE)
            self._hand_over(request, asked, None)

    def _welcome(self, visitor: Visitor, hello: Hello) -> Welcome:
        if not hello.proto_min <= PROTOCOL <= hello.proto_max:
            raise ProtocolMismatch(
                f"the client speaks protocol {hello.proto_min} to {hello.proto_max}, "
                f"the daemon ({self._info.version}) speaks {PROTOCOL}"
            )
        known = self._sessions.get(visitor.address)
        client = ClientInfo(hello.client, visitor.role, visitor.origin)
        if known is None:
            self._sessions[visitor.address] = Session(client)
            if len(self._sessions) > SESSIONS_MAX:
                self._sessions.popitem(last=False)
        else:
            known.client = client
        return Welcome(
            proto=PROTOCOL,
            version=self._info.version,
            mode=self._info.mode,
            config=self._info.config,
            role=visitor.role.name.lower(),
            features=self._info.features,
        )

    def _command(self, command: AnyMutation, asked: Asked) -> None:
        """A command: the first answer if there is one, a place beside who waits, or the core."""
        first = self._commands.find(command)
        if first is not None:
            self.counters.repeated += 1
            self._send(asked.address, asked.request_id, encode(first))
            return
        ticket = self._tickets.get(command.key)
        if (
            ticket is None
            and (expires := command.expires_ns) is not None
            and self._wall() >= expires
        ):
            raise CommandExpired(f"it was to be carried out before {expires} (ns since 1970)")
        self._admit(asked.session, self._limit)
        if ticket is not None:
            self.counters.repeated += 1
            ticket.waiting.append(asked)
            self._enter(asked)
            return
        if len(self._tickets) >= self._limit:
            raise DaemonBusy(f"{len(self._tickets)} commands wait for the core")
        self._commands.begin(command)
        self._hand_over(command, asked, command.key)

    def _admit(self, session: Session, limit: int) -> None:
        if self._waiting >= limit or session.waiting >= max(self._limit // 4, 1):
            raise DaemonBusy(f"{self._waiting} requests wait, {session.waiting} of this client")

    def _enter(self, asked: Asked) -> None:
        self._waiting += 1
        asked.session.waiting += 1
        self._entered += 1
        asked.number = self._entered
        self._deadlines[asked.number] = asked

    def _hand_over(self, request: Query | AnyMutation, asked: Asked, key: str | None) -> None:
        ticket = Ticket(key, [asked])
        self._enter(asked)
        if key is not None:
            self._tickets[key] = ticket

        def reply(answer: AnyReply) -> None:
            self._outbox.append((ticket, answer))
            self._wake()

        try:
            if isinstance(request, EventsSince) and self._events is not None:
                self._events.ask(request, reply)
            else:
                self._core.handle(request, asked.session.client, reply)
        except OutcryError as error:
            reply(refusal(error))
        except Exception as error:  # noqa: BLE001 - a fault of the core answers its request and ends nothing else
            self.counters.faults += 1
            what = f"the daemon failed on {type(request).__name__}: {type(error).__name__}: {error}"
            remedy = "look into the daemon's log; this is a fault of openoutcry"
            reply(Err(code="X0002", message=what[:500], remedy=remedy))

    # --- what goes out ----------------------------------------------------------------------------

    def settle(self) -> None:
        """Send what the core has answered, and tell those who have waited too long."""
        while self._outbox:
            ticket, reply = self._outbox.popleft()
            if not ticket.answered:
                ticket.answered = True
                self._answer(ticket, reply)
        self._expire()

    def _answer(self, ticket: Ticket, reply: AnyReply) -> None:
        if ticket.key is not None:
            del self._tickets[ticket.key]
            self._commands.answer(ticket.key, reply)
        body = encode(reply)
        for asked in ticket.waiting:
            if self._leave(asked):
                self._send(asked.address, asked.request_id, body)

    def _expire(self) -> None:
        now = self._clock()
        while (deadline := self.next_deadline) is not None and deadline <= now:
            asked = next(iter(self._deadlines.values()))
            self._leave(asked)
            self.counters.timeouts += 1
            late = ControlTimeout(f"the core did not answer within {self._timeout_ns // 10**6} ms")
            self._send(asked.address, asked.request_id, encode(refusal(late)))

    def _leave(self, asked: Asked) -> bool:
        """A request waits no more; False when it did not wait any longer."""
        if not asked.open:
            return False
        asked.open = False
        del self._deadlines[asked.number]
        self._waiting -= 1
        asked.session.waiting -= 1
        return True

    @property
    def next_deadline(self) -> int | None:
        """When `settle` has something to do without an answer."""
        return next((asked.deadline for asked in self._deadlines.values()), None)

    def _count(self, error: OutcryError) -> None:
        if isinstance(error, ProtocolError):
            self.counters.malformed += 1
        elif isinstance(error, DaemonBusy):
            self.counters.busy += 1
        else:
            self.counters.refused += 1


def refusal(error: OutcryError) -> Err:
    """An error as a client gets it."""
    retry = isinstance(error, _AGAIN)
    return Err(code=error.code, message=error.message, remedy=error.remedy, retry=retry)
