"""The control socket meets the core: questions between two turns, commands as inputs, answers when durable.

    control thread: handle ─ post ─▶ core: plan, check, inject ─ next play ─▶ handled: journaled, answered
                                                                    └─ when durable ─▶ reply

With a command's first input the journal gets `CommandReceived`, with its last `CommandAnswered`, so that
a resend finds its first answer after a restart. What reads files runs on a worker thread.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import msgspec

from openoutcry.daemon.control.core import ClientInfo
from openoutcry.daemon.control.desk import refusal
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.idempotency import IdempotencyStore, answered, received
from openoutcry.daemon.control.mutations import Plan, check, done, plan
from openoutcry.daemon.control.past import JournalRecords
from openoutcry.daemon.control.protocol import (
    Accepted,
    Ack,
    AnyMutation,
    AnyReply,
    CancelAll,
    CancelOrderRequest,
    Err,
    Halt,
    Mutation,
    Ok,
    Pause,
    Ping,
    Preview,
    Query,
    Reload,
    Resume,
    Stop,
    TakeSnapshot,
)
from openoutcry.daemon.control.queries import Deferred, answer
from openoutcry.daemon.control.worker import Worker
from openoutcry.daemon.core import Core
from openoutcry.daemon.halt_marker import HaltMarker
from openoutcry.state import commands
from openoutcry.state.config import Config
from openoutcry.state.errors import JournalError, OutcryError

PATIENCE_S: Final = 0.5
"""How long the answer to an urgent command waits for the journal."""
_URGENT: Final = (Halt, Pause, CancelAll, CancelOrderRequest, Stop, Ack)
"""What is answered without the journal, as not yet durable, and works when it has failed."""
_STRICT: Final = (Resume, TakeSnapshot)
"""What is refused while nothing becomes durable."""


class Edges(Protocol):
    """What a command needs of the daemon beside its core."""

    def stop(self, policy: str) -> None:
        """End the daemon; from any thread."""

    def snapshot(self, done: Callable[[str], None]) -> int:
        """Take a snapshot of the returned input; `done` is told, on another thread, why it failed, or ""."""

    def read_config(self) -> Config:
        """The config file, read and checked anew. On the worker's thread."""

    def acknowledge(self, alert: str, client: str) -> None:
        """Somebody has seen an alert; refuses an unknown one. On the worker's thread."""


class Job(msgspec.Struct):
    """A command on its way through the core.

    `first` is its first input and `left` counts those that were not handled; `then` follows its answer.
    """

    request: AnyMutation
    client: str
    reply: Callable[[AnyReply], None]
    made: Plan | None = None
    first: int | None = None
    left: int = 0
    noted: bool = False
    replied: bool = False
    then: Callable[[], None] | None = None


class ControlBridge:
    """The `ControlCore` of a running daemon.

    Args:
        core: The core.
        facts: Makes the core's facts, on its thread.
        store: The keys of commands.
        edges: The daemon.
        marker: Keeps halts that the journal does not.
    """

    def __init__(
        self,
        core: Core,
        facts: Callable[[], CoreFacts],
        store: IdempotencyStore,
        edges: Edges,
        marker: HaltMarker,
    ) -> None:
        self._core, self._facts, self._store = core, facts, store
        self._edges, self._marker = edges, marker
        self._graph = core.session.graph
        self._journal = core.journal
        self._records = JournalRecords(core.journal.reader)
        self._worker = Worker()
        self._marked: dict[str, tuple[commands.Halt, ...]] = {}

    def close(self) -> bool:
        """End the worker's thread; returns whether it ended in time."""
        return self._worker.close()

    # --- on the control thread --------------------------------------------------------------------

    def handle(
        self,
        request: Query | AnyMutation,
        client: ClientInfo,
        reply: Callable[[AnyReply], None],
    ) -> None:
        """As `ControlCore.handle`."""
        name = str(client)
        if isinstance(request, Reload) or _is_preview_of_reload(request):
            self._worker.do(
                partial(self._guarded, reply, partial(self._read, request, name, reply))
            )
        else:
            self._begin(request, name, reply, None)

    def _begin(
        self,
        request: Query | AnyMutation,
        client: str,
        reply: Callable[[AnyReply], None],
        new: Config | None,
    ) -> None:
        """Have the core look at it between two turns."""
        act: Callable[[], None]
        if isinstance(request, Ping):
            act = partial(reply, Ok())
        elif isinstance(request, Mutation):
            act = partial(self._command, Job(request, client, reply), new)
        else:
            act = partial(self._ask, request, reply, new)
        self._core.post(partial(self._guarded, reply, act))

    def _guarded(self, reply: Callable[[AnyReply], None], act: Callable[[], None]) -> None:
        """An error answers the request that it is about, and ends nothing else."""
        try:
            act()
        except OutcryError as error:
            reply(refusal(error))
        except Exception as error:  # noqa: BLE001 - a fault in an answer must not end the core
            what = f"the daemon failed on the request: {type(error).__name__}: {error}"
            remedy = "look into the daemon's log; this is a fault of openoutcry"
            reply(Err(code="X0002", message=what[:500], remedy=remedy))

    # --- on the worker's thread -------------------------------------------------------------------

    def _read(
        self, request: Query | AnyMutation, client: str, reply: Callable[[AnyReply], None]
    ) -> None:
        self._begin(request, client, reply, self._edges.read_config())

    def _finish_later(self, told: Deferred, reply: Callable[[AnyReply], None]) -> None:
        body = msgspec.msgpack.encode(told.finish(self._records, None))
        reply(Ok(body=msgspec.Raw(body)))

    def _not_durable(self, job: Job, reply: AnyReply) -> None:
        """The journal did not take it in time: what is urgent is in force all the same."""
        if job.replied:
            return
        job.replied = True
        halts = () if job.made is None else job.made.commands
        if isinstance(reply, Accepted):
            self._marked[job.request.key] = tuple(h for h in halts if isinstance(h, commands.Halt))
            self._mark()
            reply = msgspec.structs.replace(reply, durable=False)
        job.reply(reply)
        if job.then is not None:
            job.then()

    def _unmark(self, key: str) -> None:
        """It became durable after all."""
        if self._marked.pop(key, None):
            self._mark()

    def _mark(self) -> None:
        self._marker.write(halt for halts in self._marked.values() for halt in halts)

    # --- on the core's thread ---------------------------------------------------------------------

    def _ask(self, query: Query, reply: Callable[[AnyReply], None], new: Config | None) -> None:
        told = answer(self._graph, self._facts(), query, new)
        if isinstance(told, Deferred):
            self._worker.do(partial(self._guarded, reply, partial(self._finish_later, told, reply)))
        else:
            reply(Ok(body=msgspec.Raw(msgspec.msgpack.encode(told))))

    def _command(self, job: Job, new: Config | None) -> None:
        request = job.request
        self._check_journal(request)
        dry = isinstance(request, Reload) and request.dry_run
        try:
            made = job.made = plan(self._graph, self._facts(), request, new)
            if not dry:
                check(request, made)
        except OutcryError as error:
            self._conclude(job, refusal(error))
            return
        if isinstance(request, TakeSnapshot):
            job.first = self._edges.snapshot(partial(self._back, job))
        elif isinstance(request, Ack):
            self._worker.do(partial(self._acknowledge, job, request))
        elif isinstance(request, Stop):
            job.then = partial(self._edges.stop, request.policy)
            self._finish(job)  # its policy is carried out as part of the end
        elif dry or not made.commands:
            self._finish(job)
        else:
            job.left = len(made.commands)
            for command in made.commands:
                self._core.inject(command, partial(self._handled, job))

    def _check_journal(self, request: AnyMutation) -> None:
        """Refuse what would have to be durable.

        Raises:
            JournalError: It cannot be.
        """
        health = self._journal.health
        if health.state == "running" or isinstance(request, _URGENT):
            return
        if health.state != "full" or isinstance(request, _STRICT):
            raise JournalError(
                f"the journal is {health.state.value}: {health.reason}",
                remedy="halt and cancel still work; see docs/reference/failure-matrix.md",
            )

    def _acknowledge(self, job: Job, request: Ack) -> None:
        """On the worker's thread."""
        try:
            self._edges.acknowledge(request.alert, job.client)
        except OutcryError as error:
            self._post(job, partial(self._conclude, job, refusal(error)))
        else:
            self._post(job, partial(self._finish, job))

    def _back(self, job: Job, failed: str) -> None:
        """A snapshot is written, or is not; on its writer's thread."""
        if failed:
            error = JournalError(failed, remedy="look at the disk; see `outcry doctor`")
            self._post(job, partial(self._conclude, job, refusal(error)))
        else:
            self._post(job, partial(self._finish, job))

    def _post(self, job: Job, act: Callable[[], None]) -> None:
        self._core.post(partial(self._guarded, job.reply, act))

    def _handled(self, job: Job, seq: int) -> None:
        """One of a command's inputs was handled."""
        if job.first is None:
            job.first = seq
            self._note(job, seq)
        job.left -= 1
        if not job.left:
            self._guarded(job.reply, partial(self._finish, job))

    def _finish(self, job: Job) -> None:
        """A command is carried out."""
        assert job.made is not None
        if job.first is None:
            job.first = self._core.session.kernel.seq
        try:
            told = done(self._graph, self._facts(), job.request, job.made, job.first)
        except OutcryError as error:
            self._conclude(job, refusal(error))
            return
        body = msgspec.Raw(msgspec.msgpack.encode(told))
        self._conclude(job, Accepted(durable=True, seq=job.first, body=body))

    def _conclude(self, job: Job, reply: AnyReply) -> None:
        """Journal an answer, and give it when the journal holds it."""
        seq = self._core.session.kernel.seq
        self._note(job, seq)
        self._journal.append(seq, answered(job.request, reply, self._core.moment))
        self._core.when_recorded(partial(self._durable, job, reply))
        if isinstance(job.request, _URGENT) or isinstance(reply, Err):
            self._worker.after(PATIENCE_S, partial(self._not_durable, job, reply))

    def _note(self, job: Job, seq: int) -> None:
        if job.noted:
            return
        job.noted = True
        self._journal.append(seq, received(job.request, job.client, self._core.moment))
        self._store.taken(job.request.key, seq)

    def _durable(self, job: Job, reply: AnyReply) -> None:
        before, job.replied = job.replied, True
        if isinstance(job.request, Halt | Pause):
            self._worker.do(partial(self._unmark, job.request.key))
        if before:
            return
        job.reply(reply)
        if job.then is not None:
            job.then()


def _is_preview_of_reload(request: Query | AnyMutation) -> bool:
    return isinstance(request, Preview) and isinstance(request.command, Reload)
