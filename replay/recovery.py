"""Bringing a session back: the newest snapshot, then what the journal and the tape hold after it.

What the re-run makes must be what the journal holds. A strategy that now decides otherwise (its code has
changed, or it is not deterministic) has *diverged*: the journal's intents are the truth, so the session is
brought back once more with that strategy silent and its journaled intents in its place, and it stays halted.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from openoutcry import _native
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.parity import session_start
from openoutcry.replay.reconcile import Finding, Ours, differences
from openoutcry.replay.rerun import Divergence, Rerun, RerunResult
from openoutcry.replay.rerun_inputs import Tape
from openoutcry.state.codec import AnyMessage, decode
from openoutcry.state.control_messages import CommandAnswered, CommandReceived
from openoutcry.state.errors import CodecError, RecoveryError, StateError
from openoutcry.state.identifiers import StrategyId, VenueId
from openoutcry.state.journal import LmdbJournal
from openoutcry.state.snapshots import Snapshot, SnapshotStore
from openoutcry.state.venue_answers import VenueAnswer

_CONTROL_KINDS: Final = [kind.__name__ for kind in (CommandReceived, CommandAnswered)]
COMMANDS: Final = "commands"
"""The part of a snapshot that holds the keys of commands."""


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """How a session was brought back.

    Args:
        snapshot_seq: The input of the snapshot that it began with; None without one.
        records: Records of the journal that were made again.
        seq: The journal's last input.
        diverged: Strategies that now decide otherwise, and where.
        problems: What was wrong with snapshots.
        stopped: Whether it had been stopped in order; else it crashed.
        commands: The snapshot's part of that name; empty without one.
        notes: What the journal holds of the control socket since: inputs and messages.
    """

    snapshot_seq: int | None
    records: int
    seq: int
    diverged: tuple[Divergence, ...]
    problems: tuple[str, ...]
    stopped: bool
    commands: bytes = b""
    notes: tuple[tuple[int, AnyMessage], ...] = ()


class Build(Protocol):
    """Makes a fresh session of the config, its simulated venues inactive."""

    def __call__(self, start: int) -> LiveSession:
        """A session that began at this time."""


def recover(
    build: Build,
    journal: LmdbJournal,
    snapshots: SnapshotStore,
    tape: Callable[[], Tape],
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[LiveSession, Recovered] | None:
    """The session of a state directory as it was; None when it never began.

    `progress` is told now and then which input was reached.

    Raises:
        RecoveryError: The journal and the tape do not give the same session again.
        JournalDamaged: A record is damaged.
    """
    found = snapshots.newest()
    problems = list(found.problems)
    snapshot = found.snapshot
    if snapshot is not None and not journal.reader.holds(snapshot.position):
        problems.append(f"the snapshot of input {snapshot.seq} belongs to another journal")
        snapshot = None
    start = _start(journal, snapshot)
    if start is None:
        return None
    diverged: list[Divergence] = []
    while True:
        notes: list[tuple[int, AnyMessage]] = []
        session, result = _attempt(
            build,
            journal,
            snapshot,
            start,
            tape(),
            notes,
            frozenset(d.strategy for d in diverged if d.strategy is not None),
            progress,
        )
        if result.divergence is None:
            break
        session.graph.close()
        if result.divergence.strategy is None:
            raise RecoveryError(f"the session can't be played again: {result.divergence}")
        diverged.append(result.divergence)
    if result.missing:
        raise RecoveryError(
            f"the tape ends {result.missing} inputs before the journal does",
            remedy="restore the tape, or begin a new state directory",
        )
    journal.go_on()
    for seq, external, body in result.leftover:
        journal.native.append(seq, body, external)
    return session, Recovered(
        snapshot_seq=None if snapshot is None else snapshot.seq,
        records=result.records,
        seq=result.seq,
        diverged=tuple(diverged),
        problems=tuple(problems),
        stopped=result.stopped,
        commands=b"" if snapshot is None else snapshot.parts.get(COMMANDS, b""),
        notes=tuple(notes),
    )


def _start(journal: LmdbJournal, snapshot: Snapshot | None) -> int | None:
    """When the session began for the first time."""
    if snapshot is not None:
        start: int = msgspec.msgpack.decode(snapshot.parts["start"], type=int)
        return start
    first = session_start(journal.reader)
    if first is None and journal.reader.anchor.number:
        raise RecoveryError(
            "the journal begins in the middle, and no snapshot of before is whole",
            remedy="restore a backup: `outcry restore`",
        )
    return first


def _attempt(
    build: Build,
    journal: LmdbJournal,
    snapshot: Snapshot | None,
    start: int,
    tape: Tape,
    notes: list[tuple[int, AnyMessage]],
    silent: frozenset[StrategyId],
    progress: Callable[[int], None],
) -> tuple[LiveSession, RerunResult]:
    journal.rewind(0 if snapshot is None else snapshot.seq)
    session = build(start)
    session.graph.path.suppress(True)
    position = journal.reader.anchor
    if snapshot is not None:
        position = snapshot.position
        try:
            session.restore(snapshot.parts)
        except (CodecError, StateError) as error:
            raise RecoveryError(
                f"the snapshot of input {snapshot.seq} does not fit: {error.message}",
                remedy="run the version and config that wrote it",
            ) from error
        # Notes of the snapshot's own input may have come after it was taken.
        before = journal.reader.blocks(journal.reader.before(snapshot.seq))
        notes += _notes(before, up_to=position.number)
    records = _noting(journal.reader.blocks(position), notes)
    last = journal.durable_seq
    return session, Rerun(session, records, tape, last, silent=silent, progress=progress).run()


def _noting(
    blocks: Iterable[_native.JournalBlock], notes: list[tuple[int, AnyMessage]]
) -> Iterator[_native.JournalBlock]:
    """The records, those of the control socket noted on the way."""
    for block in blocks:
        notes += _notes([block])
        yield block


def _notes(
    blocks: Iterable[_native.JournalBlock], up_to: int | None = None
) -> Iterator[tuple[int, AnyMessage]]:
    """What the control socket noted in the records up to a number."""
    for block in blocks:
        for number, seq, body, external in block.of(_CONTROL_KINDS):
            if up_to is not None and number > up_to:
                return
            if not external:
                yield seq, decode(body)
        if up_to is not None and block.last >= up_to:
            return


def unexplained(session: LiveSession, answer: VenueAnswer) -> tuple[Finding, ...]:
    """Where the books still differ from a venue's account, when its evidence was played."""
    universe, books = session.universe, session.graph.books
    return differences(
        {code: books.balance(answer.venue, code) for code, _ in universe.currencies},
        {
            item.id: books.account_position(item.id)
            for item in universe.instruments
            if item.venue == answer.venue
        },
        answer,
    )


def known(session: LiveSession, venue: VenueId) -> Ours:
    """What we know of an account, to compare with what its venue says."""
    universe, orders, books = session.universe, session.graph.orders, session.graph.books.native
    theirs = frozenset(item.id for item in universe.instruments if item.venue == venue)
    events = [event for event in session.account_events() if event.venue == venue]
    return Ours(
        open=[order for order in orders.open_orders() if order.instrument in theirs],
        find=orders.get,
        knows_fill=lambda instrument, fill: books.remembers(universe.index[instrument], fill),
        events=events,
        forgot=session.forgot,
    )
