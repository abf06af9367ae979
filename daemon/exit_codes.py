"""How `outcry` ends: codes that never change their meaning."""

from enum import IntEnum, unique
from typing import Self


@unique
class ExitCode(IntEnum):
    """What a caller, a script or systemd may rely on; `meaning` stands in docs/reference/cli.md."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A code with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "done"
    UNEXPECTED = 1, "an error that nobody foresaw, or one without a code of its own"
    USAGE = 2, "the command line makes no sense, or a file would be overwritten"
    CHECK_FAILED = (
        3,
        "data cannot be used, a check found errors, an actor failed in a replay, or a daemon is unhealthy",
    )
    REFUSED = 4, "the daemon refused a command, or nobody confirmed it"
    VENUE_UNAVAILABLE = 69, "a venue or a running daemon did not do what was asked"
    TEMPORARY = 75, "the daemon did not answer in time or is busy; try again"
    DENIED = 77, "the daemon does not allow this client to do that"
    CONFIG = 78, "the config cannot be used; starting again changes nothing"
    INTERRUPTED = 130, "Ctrl-C; a replay has printed its result up to then"
    READER_GONE = 141, "whoever read stdout went away, as `head` does"
