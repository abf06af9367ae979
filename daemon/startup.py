"""From a config to a running core: open what is there, bring the session back, ask the venues, go on.

lock, journal ─▶ snapshot + journal + tape = the session as it was ─▶ the clock jumps to now
─▶ the venues come back and are asked ─▶ their evidence ─▶ strategies go on ─▶ ready
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from openoutcry import __version__
from openoutcry.daemon import config_store
from openoutcry.daemon.control.idempotency import IdempotencyStore
from openoutcry.daemon.control.limit_plan import changed_in_file
from openoutcry.daemon.core import Core, stamped
from openoutcry.daemon.halt_marker import HaltMarker, obey
from openoutcry.daemon.market import PaperMarket
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.snapshotter import Snapshotter
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.paper_log import PaperLog
from openoutcry.replay.paper_venue import PaperVenue
from openoutcry.replay.reconcile import reconcile
from openoutcry.replay.recovery import COMMANDS, Build, Recovered, known, recover, unexplained
from openoutcry.state.catalog import Catalog
from openoutcry.state.commands import Halt
from openoutcry.state.config import Config
from openoutcry.state.enums import Mode
from openoutcry.state.errors import CodecError, ConfigError, JournalError, StateError
from openoutcry.state.events import (
    SessionReconciled,
    SessionResumed,
    SessionStarted,
)
from openoutcry.state.journal import JournalOptions, LmdbJournal, open_journal
from openoutcry.state.journal_env import Limits
from openoutcry.state.journal_meta import Identity
from openoutcry.state.snapshots import Snapshot, SnapshotStore
from openoutcry.state.tape import TapeWriter
from openoutcry.state.tape_reader import TapeReader

if TYPE_CHECKING:
    from openoutcry.daemon.config_loader import LoadedConfig
    from openoutcry.state.calendars import Calendar
    from openoutcry.state.instruments import AnyInstrument

_NANOS: Final = 10**9
_ROW_BYTES: Final = 64
"""About what a row takes that waits for the tape."""
_BEGIN_S: Final = 30.0
"""How long a start waits for the disk to take the session's beginning."""


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says beside the config; None leaves it to the config.

    `settle_s` is how long a start waits for the journal.
    """

    state_dir: Path | None = None
    catalog: Path | None = None
    feed: str | None = None
    speed: int | None = None
    loop: bool | None = None
    live: bool = False


def state_directory(loaded: "LoadedConfig", options: RunOptions) -> Path:
    """Where the state of a config's sessions is kept."""
    config = loaded.config
    if options.state_dir is not None:
        return options.state_dir.absolute()
    if config.daemon.state_dir is not None:
        return (loaded.folder / config.daemon.state_dir).absolute()
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    return (loaded.folder / "state" / f"{config.run.name}-{mode_of(options).value}").absolute()


def mode_of(options: RunOptions) -> Mode:
    """Paper, unless somebody says live."""
    return Mode.LIVE if options.live else Mode.PAPER


class Startup:
    """One start of a daemon.

    Args:
        loaded: The config.
        options: What the command line adds.
        say: Told what is being done, for a status line.
        wall: The system's clock, nanoseconds UTC.
        progress: Told how far it got, often; silence means that it stands still.
        opened: Told when the state directory is ours; an error of it ends the start.
    """

    def __init__(
        self,
        loaded: "LoadedConfig",
        options: RunOptions,
        say: Callable[[str], None] = lambda _: None,
        wall: Callable[[], int] = time.time_ns,
        progress: Callable[[str], None] = lambda _: None,
        opened: Callable[[LmdbJournal], None] = lambda _: None,
    ) -> None:
        if options.live:
            raise ConfigError(
                "this version has no venue to trade live at",
                remedy="leave --live out: paper trading uses the same graph on the same data",
            )
        mode = mode_of(options)
        run = msgspec.structs.replace(loaded.config.run, mode=mode)
        self.config = msgspec.structs.replace(loaded.config, run=run)
        self._loaded = loaded
        self._text = loaded.path.read_text()
        self._options, self._say, self._wall = options, say, wall
        self._progress, self._opened = progress, opened
        self._durable = threading.Event()
        self.state_dir = state_directory(loaded, options)
        catalog = options.catalog or loaded.catalog
        if catalog is None:
            raise ConfigError(
                f"{loaded.path}: there is no catalog",
                remedy='add catalog = "PATH", or give --catalog: instruments are read from it',
            )
        self._catalog = Catalog(catalog)
        self._instruments: list[AnyInstrument] = self._catalog.instruments()
        self._calendars: list[Calendar] = self._catalog.calendars()
        paper = self.config.paper
        self._market = PaperMarket(
            self.config,
            self._catalog,
            {item.id: item for item in self._instruments},
            feed=options.feed or paper.feed,
            speed=options.speed or paper.speed,
            loop=paper.loop if options.loop is None else options.loop,
        )

    def run(self) -> Daemon:
        """Open everything and bring the session to the present.

        Raises:
            OutcryError: It cannot be, with what to do about it; what was opened is closed again.
        """
        self._say("opening the journal")
        began = time.monotonic_ns()
        waker: list[Callable[[], None]] = []

        def on_durable() -> None:
            self._durable.set()
            for wake in waker:
                wake()

        journal = self._open_journal(on_durable)
        try:
            self._opened(journal)
            daemon = self._bring_up(journal)
        except BaseException:
            journal.close(0.0)
            raise
        daemon.took = time.monotonic_ns() - began
        daemon.on_durable = waker
        waker += [daemon.core.wake, daemon.snapshotter.durable]
        return daemon

    def _open_journal(self, on_durable: Callable[[], None]) -> LmdbJournal:
        settings = self.config.daemon.journal
        identity = Identity(
            mode=self.config.run.mode,
            now=self._wall(),
            code_version=__version__,
            config_hash=config_store.config_hash(self._text),
        )
        options = JournalOptions(
            durability=settings.durability,
            group_ms=settings.group_ms,
            buffer_bytes=settings.buffer_mib << 20,
            limits=Limits(map_max_bytes=settings.max_gib << 30),
        )
        return open_journal(self.state_dir, identity, options, on_durable=on_durable)

    def _bring_up(self, journal: LmdbJournal) -> Daemon:
        self._say("bringing the session back")
        snapshots = SnapshotStore(self.state_dir)
        before = config_store.current(self.state_dir) or self.config
        last = f"{journal.durable_seq:,}"
        found = recover(
            self._build(journal, before),
            journal,
            snapshots,
            self._read_tape,
            lambda seq: self._progress(f"bringing the session back: input {seq:,} of {last}"),
        )
        store = IdempotencyStore()
        if found is None:
            session, recovered = self._begin(journal), None
        else:
            session, recovered = found
            store.recall(recovered.commands, recovered.notes)
            if before != self.config:
                session = self._change_config(session, journal, before)
                self._keep_changed(session, journal, snapshots, store)
        config_store.keep(self.state_dir, self._text, self.config.run.mode)
        at = None if recovered is None else session.kernel.now
        feed, clock = self._market.open(session.start, at, self._wall())
        tape = self._open_tape(session, journal)
        venues = self._venues(session)
        core = Core(session, journal, feed, clock, tape=tape, witnesses=venues)
        daemon = self.config.daemon
        snapshotter = Snapshotter(
            session,
            journal,
            snapshots,
            every_ns=daemon.snapshot_every_s * _NANOS,
            every_inputs=daemon.snapshot_every_inputs,
            extra=lambda: {COMMANDS: store.snapshot()},
        )
        core.after_turn = snapshotter.turn
        findings: tuple[str, ...] = ()
        if recovered is None:
            for venue in venues:
                venue.open()
            session.kernel.set_venues_active(True)
            session.inject(session.start, SessionStarted(ts=session.start))
            self._make_durable(session, journal, venues)
        else:
            self._say("asking the venues")
            findings = self._resume(core, venues, recovered)
        ready: list[Callable[[], None]] = []
        core.when_durable(session.kernel.seq, partial(_call_all, ready))
        marker = HaltMarker(self.state_dir)
        obey(marker, core)
        return Daemon(
            self._loaded,
            self.config,
            self.state_dir,
            core,
            journal,
            tape,
            venues,
            snapshotter,
            recovered,
            findings,
            store,
            marker,
            self._market.speed,
            0,
            [],
            ready,
            self._calendars,
        )

    def _make_durable(
        self, session: LiveSession, journal: LmdbJournal, venues: Sequence[PaperVenue]
    ) -> None:
        """Have the session begun on disk before the tape has rows: a tape belongs to one beginning.

        Raises:
            JournalError: The disk does not take it.
        """
        while session.play(session.start):
            pass
        for venue in venues:
            venue.append()
        self._wait_for_disk(session.kernel.seq, journal)

    def _wait_for_disk(self, seq: int, journal: LmdbJournal) -> None:
        """Have everything up to an input on disk.

        Raises:
            JournalError: The disk does not take it.
        """
        journal.hand_over(seq)
        until = time.monotonic() + _BEGIN_S
        while journal.settle() < seq:
            self._durable.clear()
            if journal.settle() < seq and not self._durable.wait(until - time.monotonic()):
                reason = journal.health.reason
                raise JournalError(f"the session's beginning is not on disk: {reason}")

    def _change_config(
        self, session: LiveSession, journal: LmdbJournal, before: Config
    ) -> LiveSession:
        """The same session under the new config: its state goes on, its rules are new.

        A limit that the file has changed holds over one that was set at run time.

        Raises:
            ConfigError: The new config has no place for what the session holds.
        """
        parts = session.snapshot()
        self._wait_for_disk(session.kernel.seq, journal)
        session.graph.close()
        journal.rewind(session.kernel.seq)
        changed = self._build(journal, self.config)(session.start)
        try:
            changed.restore(parts)
        except (StateError, CodecError) as error:
            raise ConfigError(
                f"the session does not fit the changed config: {error.message}",
                remedy=f"undo the change, or begin anew with another state directory than {self.state_dir}",
            ) from error
        risk = changed.graph.risk_state
        for one in tuple(changed_in_file(changed.graph, before.risk, self.config.risk)):
            risk.set_limit(one.name, one.value, one.strategy, one.instrument, one.venue)
        return changed

    def _keep_changed(
        self,
        session: LiveSession,
        journal: LmdbJournal,
        snapshots: SnapshotStore,
        store: IdempotencyStore,
    ) -> None:
        """Have the next start begin here: what was decided before is not played again by other rules.

        Raises:
            JournalError: The disk does not take it.
        """
        seq = session.kernel.seq
        parts = {**session.snapshot(), COMMANDS: store.snapshot()}
        snapshots.write(Snapshot(seq, journal.position(seq), parts))

    def _build(self, journal: LmdbJournal, config: Config) -> Build:
        def build(start: int) -> LiveSession:
            session = LiveSession(
                config,
                self._instruments,
                journal,
                calendars=self._calendars,
                start=start,
                epoch=journal.meta.first_epoch,
                speed=self._market.speed,
            )
            session.kernel.set_venues_active(False)
            return session

        return build

    def _begin(self, journal: LmdbJournal) -> LiveSession:
        """A session that never was."""
        start = self._market.start(self._wall())
        journal.rewind(0)
        return self._build(journal, self.config)(start)

    @property
    def _stays_halted(self) -> bool:
        """Whether trading waits for a person after a crash."""
        policy = self.config.daemon.resume
        live = self.config.run.mode is Mode.LIVE
        return policy == "halted" or (policy is None and live)

    def _read_tape(self) -> TapeReader:
        return TapeReader(self.state_dir / "tape")

    def _open_tape(self, session: LiveSession, journal: LmdbJournal) -> TapeWriter | None:
        if not self.config.tape.enabled:
            return None
        return TapeWriter(
            self.state_dir / "tape",
            session.streams,
            [item for item in self._instruments if item.id in session.universe.index],
            calendars=self._calendars,
            config=self.config.tape,
            on_closed=journal.note,
            rows={stream: session.rows_taken(stream) for stream in session.streams},
            keep_rows=(self.config.daemon.journal.buffer_mib << 20) // _ROW_BYTES,
        )

    def _venues(self, session: LiveSession) -> tuple[PaperVenue, ...]:
        venues = []
        for number, venue in enumerate(self.config.venues):
            log = PaperLog(self.state_dir / "venue" / venue.name)
            made = PaperVenue(session.kernel, number, venue.name, session.universe, log)
            venues.append(made)
        return tuple(venues)

    def _resume(
        self, core: Core, venues: Sequence[PaperVenue], recovered: Recovered
    ) -> tuple[str, ...]:
        """From the last moment that is known to the present: the gap, the venues' word, the strategies."""
        session = core.session
        path = session.graph.path
        path.suppress(False)
        path.take_suppressed()  # the venues are asked about all that is open
        last_seq, last_ts = session.kernel.seq, session.kernel.now
        moment = core.clock.now()
        core.feed.skip(moment)  # nobody listened until now
        session.kernel.jump(moment)
        marker = SessionResumed(
            ts=moment,
            last_seq=last_seq,
            last_ts=last_ts,
            clean=recovered.stopped,
            epoch=core.journal.meta.epoch,
        )
        session.inject(moment, marker)
        while session.play(moment):
            pass
        findings: list[str] = []
        for venue in venues:
            venue.open()
            answer = venue.answer()
            result = reconcile(known(session, venue.name), answer, core.clock.now())
            moment = core.clock.now()
            for event in result.evidence:
                session.inject(moment, stamped(event, moment))
            while session.play(moment):
                pass
            moment = core.clock.now()
            for finding in (*result.findings, *unexplained(session, answer)):
                findings.append(f"{finding.kind.value}: {finding.what}")
                halt = Halt(ts=moment, reason=findings[-1], instrument=finding.instrument)
                session.inject(moment, halt)
        session.kernel.set_venues_active(True)
        if not recovered.stopped and self._stays_halted:
            reason = "the daemon crashed: `outcry resume` lets it trade again"
            session.inject(moment, Halt(ts=moment, reason=reason))
        for divergence in recovered.diverged:
            reason = f"diverged: {divergence}"[:200]
            session.inject(
                moment,
                Halt(ts=moment, reason=reason, strategy=divergence.strategy),
            )
        moment = core.clock.now()
        session.inject(
            moment, SessionReconciled(ts=moment, last_seq=last_seq, findings=tuple(findings))
        )
        while session.play(moment):  # nobody trades before all of that is known
            pass
        return tuple(findings)


def _call_all(listeners: list[Callable[[], None]]) -> None:
    for listener in listeners:
        listener()
