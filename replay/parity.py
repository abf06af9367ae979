"""`outcry parity`: did the recorded session decide what a replay of its tape decides?

Every input from outside and every row comes again, and every record of the journal must be made again, byte
for byte, through restarts and crashes. That proves determinism; how honest a backtest would have been is
another question, which `compare` answers.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.rerun import Rerun, RerunResult
from openoutcry.replay.rerun_inputs import Tape
from openoutcry.state.calendars import Calendar
from openoutcry.state.codec import AnyMessage, encode
from openoutcry.state.config import Config
from openoutcry.state.errors import RecoveryError
from openoutcry.state.events import SessionStarted
from openoutcry.state.instruments import Instrument
from openoutcry.state.journal_reader import JournalReader
from openoutcry.state.snapshots import Snapshot

_ALWAYS: Final = 2**62


class RerunJournal:
    """A journal that keeps what is made until the re-run takes it."""

    def __init__(self, after: int) -> None:
        self.native = _native.Journal(after=after)
        self.native.durable_count = _ALWAYS

    def append(self, seq: int, record: AnyMessage, /, *, external: bool = False) -> None:
        """Add a record caused by input `seq`."""
        self.native.append(seq, encode(record), external)


def parity(
    config: Config,
    instruments: Iterable[Instrument],
    calendars: Iterable[Calendar],
    reader: JournalReader,
    tape: Tape,
    snapshot: Snapshot | None = None,
) -> RerunResult:
    """Play a recorded session again and compare all it decided.

    Args:
        config: The config that it ran.
        instruments: As it knew them.
        calendars: As it knew them.
        reader: Its journal.
        tape: Its market data.
        snapshot: Where to begin, when the journal's beginning was dropped.

    Raises:
        RecoveryError: It never began, or its beginning is gone and no snapshot was given.
    """
    start = _start(reader, snapshot)
    journal = RerunJournal(0 if snapshot is None else snapshot.seq)
    session = LiveSession(
        config,
        instruments,
        journal,
        calendars=calendars,
        start=start,
        epoch=reader.meta.first_epoch,
    )
    try:
        session.kernel.set_venues_active(False)
        session.graph.path.suppress(True)
        position = reader.anchor
        if snapshot is not None:
            session.restore(snapshot.parts)
            position = snapshot.position
        last = reader.head.seq
        return Rerun(session, reader.blocks(position), tape, last).run()
    finally:
        session.graph.close()


def _start(reader: JournalReader, snapshot: Snapshot | None) -> int:
    """When the session began."""
    if snapshot is not None:
        start: int = msgspec.msgpack.decode(snapshot.parts["start"], type=int)
        return start
    first = session_start(reader)
    if first is None:
        raise RecoveryError(
            "the journal does not hold the session's beginning",
            remedy="a session that never began has nothing to compare; else a snapshot is needed",
        )
    return first


def session_start(reader: JournalReader) -> int | None:
    """When the session of a journal began; None when it never did, or that record was dropped."""
    for record in reader.records():
        if record.external:
            message = record.message
            return message.ts if isinstance(message, SessionStarted) else None
    return None
