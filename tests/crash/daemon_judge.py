"""What must hold of a daemon's state directory whose daemon is dead: read from its files alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from openoutcry.daemon import config_store
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.parity import RerunJournal, session_start
from openoutcry.replay.rerun import Rerun, RerunResult
from openoutcry.state.catalog import Catalog
from openoutcry.state.codec import AnyMessage
from openoutcry.state.config import Config
from openoutcry.state.journal_admin import verify
from openoutcry.state.journal_reader import JournalReader, open_reader
from openoutcry.state.snapshots import Snapshot, SnapshotStore
from openoutcry.state.tape_reader import TapeReader
from tests.crash.witness import Row, bear_witness, read_log


@dataclass
class Judged:
    """What was found: where the session stands (input, hash of its state), and what is wrong."""

    stands: tuple[int, str] | None = None
    defects: list[str] = field(default_factory=list)
    orders: int = 0
    fills: int = 0
    records: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    working: frozenset[str] = frozenset()
    scales: dict[str, int] = field(default_factory=dict)


def judge(state: Path, *, ended: bool = False, check: bool = False) -> Judged:
    """Play the session of a dead daemon again from its beginning, and hold its venue's log to it.

    Args:
        state: The state directory.
        ended: It was told to stop: venue and journal must agree in everything.
        check: Verify the journal too, which marks the directory as left in order.
    """
    found = Judged()
    if not (state / "journal" / "data.mdb").exists():
        return found
    reader = open_reader(state)
    try:
        config = config_store.current(state)
        if config is None or session_start(reader) is None:
            return found
        _replay(state, config, reader, found)
        messages = [record.message for record in reader.records()]
        _witness(state, config, messages, found, ended=ended)
    finally:
        reader.store.close()
    if check or ended:
        found.defects += [f"journal: {problem}" for problem in verify(state).problems]
        found.defects += [f"tape: {p}" for p in TapeReader(state / "tape").verify().problems]
    return found


def _replay(state: Path, config: Config, reader: JournalReader, found: Judged) -> None:
    """From the beginning, and from the newest snapshot: both must be the journal, and the same."""
    _, session = _rerun(state, config, reader, None, found)
    found.stands = (session.kernel.seq, session.state_hash())
    found.scales = dict(session.universe.currencies)
    books = session.graph.books
    for venue in config.venues:
        for code, _ in session.universe.currencies:
            found.balances[code] = books.balance(venue.name, code)
    for item in session.universe.instruments:
        found.positions[str(item.id)] = books.account_position(item.id)
    found.working = frozenset(o.client_order_id for o in session.graph.orders.open_orders())
    snapshots = SnapshotStore(state).newest()
    found.defects += [f"snapshot: {problem}" for problem in snapshots.problems]
    if snapshots.snapshot is not None and reader.holds(snapshots.snapshot.position):
        _, shorter = _rerun(state, config, reader, snapshots.snapshot, found)
        if (shorter.kernel.seq, shorter.state_hash()) != found.stands:
            text = f"from the snapshot of input {snapshots.snapshot.seq} it is another session"
            found.defects.append(f"{text}: {shorter.kernel.seq}, not {found.stands[0]}")


def _rerun(
    state: Path, config: Config, reader: JournalReader, snapshot: Snapshot | None, found: Judged
) -> tuple[RerunResult, LiveSession]:
    catalog, tape = Catalog(state / "tape" / "catalog"), TapeReader(state / "tape")
    start = session_start(reader)
    assert start is not None
    session = LiveSession(
        config,
        catalog.instruments(),
        RerunJournal(0 if snapshot is None else snapshot.seq),
        calendars=catalog.calendars(),
        start=start,
        epoch=reader.meta.epoch,
    )
    session.kernel.set_venues_active(False)
    session.graph.path.suppress(True)
    position = reader.anchor
    if snapshot is not None:
        session.restore(snapshot.parts)
        position = snapshot.position
    result = Rerun(session, reader.after(position), tape, reader.head.seq).run()
    session.graph.close()
    whence = "from the beginning" if snapshot is None else f"from input {snapshot.seq}"
    if result.divergence is not None:
        found.defects.append(f"{whence} it differs: {result.divergence}")
    if result.missing:
        found.defects.append(f"{whence} the tape lacks {result.missing} inputs")
    if snapshot is None:
        found.records = result.records
    return result, session


def _witness(
    state: Path, config: Config, messages: list[AnyMessage], found: Judged, *, ended: bool
) -> None:
    instruments = Catalog(state / "tape" / "catalog").instruments()
    for venue in config.venues:
        folder = state / "venue" / venue.name
        if not folder.exists() and not ended:
            continue
        books = [("the books", found.balances, found.positions)] if ended else []
        verdict = bear_witness(folder, messages, instruments, found.scales, books)
        # The cancel of an order that left passes the gate at once: docs/reference/failure-matrix.md.
        verdict.defects = [d for d in verdict.defects if not d.startswith("cancel of")]
        found.orders += verdict.orders
        found.fills += verdict.fills
        there = _working(read_log(folder).entries)
        lonely = sorted(there - found.working)
        found.defects += [f"order {id_} works at the venue only" for id_ in lonely]
        if ended:
            found.defects += verdict.defects
            lost = sorted(found.working - there)
            found.defects += [f"order {id_} does not work at the venue" for id_ in lost]
        else:
            # What the venue did last is journaled after the restart that asks it.
            found.defects += [d for d in verdict.defects if not _early(d)]


def _early(defect: str) -> bool:
    """Whether a restart may still mend this: the venue is ahead of the journal, or its log is torn."""
    ahead = "1 times at the venue, 0 times in the journal" in defect
    return ahead or defect.startswith("the journal comes to") or "no record at byte" in defect


def _working(entries: Iterable[Row]) -> frozenset[str]:
    """Orders that were accepted and have not ended, by the venue's word."""
    working: dict[str, int] = {}
    sizes: Counter[str] = Counter()
    for row in entries:
        kind, id_ = row[0], row[2] if len(row) > 2 else ""
        if kind == "submit":
            sizes[id_] = row[6]
        elif kind == "replaced":
            sizes[id_] = row[4]
        elif kind == "accepted":
            working[id_] = 0
        elif kind == "filled":
            working[id_] = row[9]
        elif kind in ("canceled", "expired", "rejected"):
            working.pop(id_, None)
    return frozenset(id_ for id_, filled in working.items() if filled < sizes[id_])
