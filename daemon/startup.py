"""From a config to a running core: open what is there, bring the session back, ask the venues, go on.

lock, journal ─▶ snapshot + journal + tape = the session as it was ─▶ the clock jumps to now
─▶ the venues come back and are asked ─▶ their evidence ─▶ strategies go on ─▶ ready
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from openoutcry import __version__
from openoutcry.daemon import config_store
from openoutcry.daemon.core import Core, Feed, stamped
from openoutcry.daemon.snapshotter import Snapshotter
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.paper_log import PaperLog
from openoutcry.replay.paper_venue import PaperVenue
from openoutcry.replay.reconcile import reconcile
from openoutcry.replay.recovery import Build, Recovered, known, recover
from openoutcry.replay.session_clock import SessionClock
from openoutcry.replay.synthetic_feed import SyntheticFeed
from openoutcry.replay.tape_feed import TapeFeed
from openoutcry.state.catalog import Catalog
from openoutcry.state.commands import Halt
from openoutcry.state.config import Config
from openoutcry.state.enums import Mode
from openoutcry.state.errors import CodecError, ConfigError, StateError
from openoutcry.state.events import (
    SessionReconciled,
    SessionResumed,
    SessionStarted,
)
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.journal import JournalOptions, LmdbJournal, open_journal
from openoutcry.state.journal_env import Limits
from openoutcry.state.journal_meta import Identity
from openoutcry.state.snapshots import SnapshotStore
from openoutcry.state.tape import TapeWriter
from openoutcry.state.tape_reader import TapeReader

if TYPE_CHECKING:
    from openoutcry.daemon.config_loader import LoadedConfig
    from openoutcry.state.calendars import Calendar
    from openoutcry.state.instruments import AnyInstrument

_NANOS: Final = 10**9


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


@dataclass
class Daemon:
    """The parts of a running session."""

    config: Config
    state_dir: Path
    core: Core
    journal: LmdbJournal
    tape: TapeWriter | None
    venues: Sequence[PaperVenue]
    snapshotter: Snapshotter
    recovered: Recovered | None
    findings: tuple[str, ...]

    @property
    def session(self) -> LiveSession:
        """What runs."""
        return self.core.session

    def close(self, *, snapshot: bool = True) -> bool:
        """End everything in order; whether all of it is on disk."""
        if snapshot:
            self.snapshotter.take()
        self.snapshotter.close()
        whole = self.journal.close()
        if self.tape is not None:
            self.tape.close(convert=False)
        for venue in self.venues:
            venue.log.close()
        self.session.graph.close()
        return whole


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
    """

    def __init__(
        self,
        loaded: "LoadedConfig",
        options: RunOptions,
        say: Callable[[str], None] = lambda _: None,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        if options.live:
            raise ConfigError(
                "this version has no venue to trade live at",
                remedy="leave --live out: paper trading uses the same graph on the same data",
            )
        mode = mode_of(options)
        run = msgspec.structs.replace(loaded.config.run, mode=mode)
        self.config = msgspec.structs.replace(loaded.config, run=run)
        self._paper = loaded.config.paper
        self._text = loaded.path.read_text()
        self._options, self._say, self._wall = options, say, wall
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

    def run(self) -> Daemon:
        """Open everything and bring the session to the present.

        Raises:
            OutcryError: It cannot be, with what to do about it; what was opened is closed again.
        """
        self._say("opening the journal")
        waker: list[Callable[[], None]] = []

        def on_durable() -> None:
            for wake in waker:
                wake()

        journal = self._open_journal(on_durable)
        try:
            daemon = self._bring_up(journal)
        except BaseException:
            journal.close(0.0)
            raise
        waker += [daemon.core.wake, daemon.snapshotter.durable]
        return daemon

    def _open_journal(self, on_durable: Callable[[], None]) -> LmdbJournal:
        settings = self.config.daemon.journal
        identity = Identity(
            mode=self.config.run.mode,
            now=self._wall(),
            code_version=__version__,
            config_hash=config_store.config_hash(self.config),
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
        found = recover(self._build(journal, before), journal, snapshots, self._read_tape)
        if found is None:
            session, recovered = self._begin(journal), None
        else:
            session, recovered = found
            if before != self.config:
                session = self._change_config(session, journal)
        config_store.keep(self.state_dir, self._text, self.config)
        feed, clock = self._market(session, fresh=recovered is None)
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
        )
        core.after_turn = snapshotter.turn
        findings: tuple[str, ...] = ()
        if recovered is None:
            for venue in venues:
                venue.open()
            session.kernel.set_venues_active(True)
            session.inject(session.start, SessionStarted(ts=session.start))
        else:
            self._say("asking the venues")
            findings = self._resume(core, venues, recovered)
        return Daemon(
            self.config,
            self.state_dir,
            core,
            journal,
            tape,
            venues,
            snapshotter,
            recovered,
            findings,
        )

    def _change_config(self, session: LiveSession, journal: LmdbJournal) -> LiveSession:
        """The same session under the new config: its state goes on, its rules are new.

        Raises:
            ConfigError: The new config has no place for what the session holds.
        """
        parts = session.snapshot()
        journal.hand_over(session.kernel.seq)
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
        return changed

    def _build(self, journal: LmdbJournal, config: Config) -> Build:
        def build(start: int) -> LiveSession:
            session = LiveSession(
                config,
                self._instruments,
                journal,
                calendars=self._calendars,
                start=start,
                epoch=journal.meta.epoch,
                speed=self._speed,
            )
            session.kernel.set_venues_active(False)
            return session

        return build

    def _begin(self, journal: LmdbJournal) -> LiveSession:
        """A session that never was: a tape's begins just before its first row."""
        start = self._wall()
        if self._feed_kind == "tape":
            feed = self._tape_feed(None)
            start = start if feed.first_ts is None else feed.first_ts - 1
            feed.close()
        journal.rewind(0)
        return self._build(journal, self.config)(start)

    @property
    def _speed(self) -> int:
        return self._options.speed or self._paper.speed

    @property
    def _feed_kind(self) -> str:
        return self._options.feed or self._paper.feed

    def _tape_feed(self, start: int | None) -> TapeFeed:
        loop = self._paper.loop if self._options.loop is None else self._options.loop
        data = Dataset(self._catalog.path)
        return TapeFeed(data, self.config.feeds, start=start, loop=loop)

    def _market(self, session: LiveSession, *, fresh: bool) -> tuple[Feed, SessionClock]:
        """Where rows come from, and the time they come at."""
        at = session.start if fresh else session.kernel.now
        if self._feed_kind == "tape":
            feed = self._tape_feed(None)
            if not fresh:
                feed.skip(at)
            return feed, SessionClock(at, time.monotonic_ns, self._speed)
        if self._feed_kind == "synthetic":
            now = max(at, self._wall())
            known = {item.id: item for item in self._instruments}
            seed = self.config.run.seed
            made = SyntheticFeed(self.config.feeds, known, seed=seed, origin=now)
            return made, SessionClock(now, time.monotonic_ns, self._speed)
        raise ConfigError(
            "this version has no live market data yet",
            remedy='choose --feed tape or --feed synthetic (or [paper] feed = "tape")',
        )

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
        session.kernel.jump(moment)
        marker = SessionResumed(ts=moment, last_seq=last_seq, last_ts=last_ts, clean=False)
        session.inject(moment, marker)
        while session.play(moment):
            pass
        findings: list[str] = []
        for venue in venues:
            venue.open()
            result = reconcile(known(session, venue.name), venue.answer(), core.clock.now())
            moment = core.clock.now()
            for event in result.evidence:
                session.inject(moment, stamped(event, moment))
            for finding in result.findings:
                findings.append(f"{finding.kind.value}: {finding.what}")
                halt = Halt(ts=moment, reason=findings[-1], instrument=finding.instrument)
                session.inject(moment, halt)
        session.kernel.set_venues_active(True)
        for divergence in recovered.diverged:
            reason = f"diverged: {divergence}"[:200]
            session.inject(
                moment,
                Halt(ts=moment, reason=reason, strategy=StrategyId(divergence.strategy or "")),
            )
        moment = core.clock.now()
        session.inject(
            moment, SessionReconciled(ts=moment, last_seq=last_seq, findings=tuple(findings))
        )
        return tuple(findings)
