"""The parts of a running daemon, as a start made them, and their orderly end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.daemon.control.idempotency import IdempotencyStore
from openoutcry.daemon.core import Core
from openoutcry.daemon.halt_marker import HaltMarker
from openoutcry.daemon.snapshotter import Snapshotter
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.paper_venue import PaperVenue
from openoutcry.replay.recovery import Recovered
from openoutcry.state.config import Config
from openoutcry.state.journal import LmdbJournal
from openoutcry.state.journal_writer import JournalState
from openoutcry.state.tape import TapeWriter

if TYPE_CHECKING:
    from openoutcry.daemon.config_loader import LoadedConfig
    from openoutcry.state.calendars import Calendar


@dataclass
class Daemon:
    """The parts of a running session.

    Attributes:
        commands: Keys of commands that were used.
        halt_marker: Halts beside the journal.
        speed: How many times as fast as real time it runs.
        took: How long the start took, nanoseconds.
        on_durable: Called on the journal's thread after each commit; must not wait.
        calendars: Trading hours that instruments name.
        when_ready: Called once what the start did, with what the venues said, is durable.
    """

    loaded: "LoadedConfig"
    config: Config
    state_dir: Path
    core: Core
    journal: LmdbJournal
    tape: TapeWriter | None
    venues: Sequence[PaperVenue]
    snapshotter: Snapshotter
    recovered: Recovered | None
    findings: tuple[str, ...]
    commands: IdempotencyStore
    halt_marker: HaltMarker
    speed: int
    took: int
    on_durable: list[Callable[[], None]]
    when_ready: list[Callable[[], None]] = field(default_factory=list)
    calendars: Sequence["Calendar"] = ()

    @property
    def session(self) -> LiveSession:
        """What runs."""
        return self.core.session

    @property
    def failure(self) -> str:
        """Why nothing new can leave until a restart; "" when that is not so."""
        health = self.journal.health
        if health.state is JournalState.FAILED:
            return f"the journal failed: {health.reason}"
        for venue in self.venues:
            if venue.log.latched:
                return f"the log of the venue {venue.name} failed: {venue.log.failure}"
        return ""

    def close(self, *, snapshot: bool = True) -> bool:
        """End everything in order; whether all of it is on disk."""
        if snapshot:
            self.snapshotter.take()
        self.snapshotter.close()
        if self.tape is not None:  # before the journal, which notes what is in the catalog
            self.tape.close(convert=snapshot)
        whole = self.journal.close()
        for venue in self.venues:
            venue.log.close()
        self.session.graph.close()
        return whole
