"""What the answers need to know beside the graph: the process, its edges, and how they fare.

The core makes one of these for each question; everything in it is a plain value.
"""

import msgspec

from openoutcry.daemon.control.views import JournalRow, RecoveryRow, TapeRow, VenueRow


class FeedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's feed: when its last datum was received, and what was shed before the inlet.

    `limit` is the age in nanoseconds from which on it counts as stale; None is never (a closed
    market, a feed that may be silent).
    """

    instrument: str
    last: int | None
    limit: int | None = None
    shed: dict[str, int] = {}


class CoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon at the moment of a question.

    Args:
        mode: `replay`, `paper` or `live`.
        name: `run.name` of its config.
        account: The account that it trades.
        pid: Its process.
        version: That of openoutcry.
        started: When the process began, nanoseconds UTC.
        uptime: How long ago that is, nanoseconds.
        now: The core's time.
        seq: The last input that was handled.
        durable_seq: The last input of which everything is on disk.
        lag: How far the core is behind the clock, nanoseconds.
        journal: How the journal fares.
        tape: How the tape fares.
        feeds: Every instrument's feed.
        venues: Every venue's connection.
        recovery: The last start.
        alerts: Alerts that nobody has acknowledged.
        clock: What is wrong with the clock; empty when nothing is.
        diverged: Strategies that a recovery paused, with what they derived differently.
    """

    mode: str
    name: str
    account: str
    pid: int
    version: str
    started: int
    uptime: int
    now: int
    seq: int
    durable_seq: int
    lag: int = 0
    journal: JournalRow
    tape: TapeRow
    feeds: tuple[FeedFacts, ...] = ()
    venues: tuple[VenueRow, ...] = ()
    recovery: RecoveryRow | None = None
    alerts: int = 0
    clock: str = ""
    diverged: dict[str, str] = {}
