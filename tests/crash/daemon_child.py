"""`outcry run` with places at which it dies: `python -m tests.crash.daemon_child TOLD STEP COUNT RUN...`.

The daemon is the shipped one, started by its own command. Around its ports stand hooks: when STEP is
reached for the COUNTth time the process kills itself. With another STEP it lives until somebody else
kills it. To the file TOLD it adds a line when the session is back: its input and the hash of its state.
"""

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from openoutcry.daemon import startup
from openoutcry.daemon.cli import main as outcry
from openoutcry.daemon.core import Core
from openoutcry.replay.paper_log import PaperLog
from openoutcry.replay.paper_venue import PaperVenue
from openoutcry.replay.recovery import recover
from openoutcry.state.journal import open_journal

COMMIT_STEPS = ("before append", "after append", "before commit", "after commit")
TURN_STEPS = (
    "after push",
    "before venue log",
    "before tape",
    "before hand-over",
    "after hand-over",
    "before send",
    "after send",
)
START_STEPS = ("journal open", "session back", "before venue", "after venue", "core made")
LOG_BYTES = 60_000


class Killer:
    """Kills its own process when a step is reached so many times."""

    def __init__(self, step: str, count: int) -> None:
        self.step = step
        self.left = count

    def at(self, step: str) -> None:
        """A step is reached."""
        if step == self.step:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Around:
    """An object whose calls of one method are announced; everything else is its own."""

    def __init__(self, of: Any, method: str, before: Any = None, after: Any = None) -> None:
        self._of, self._method, self._before, self._after = of, method, before, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        return partial(self._call, found) if name == self._method else found

    def _call(self, method: Any, *args: Any, **more: Any) -> Any:
        if self._before is not None:
            self._before()
        result = method(*args, **more)
        if self._after is not None:
            self._after()
        return result


class Gate:
    """The order path, announcing when it lets something out."""

    def __init__(self, path: Any, killer: Killer) -> None:
        self._path, self._killer = path, killer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._path, name)

    def on_durable(self, moment: int) -> Any:
        """Let out what became durable."""
        waiting = self._path.waiting
        if waiting:
            self._killer.at("before send")
        dropped = self._path.on_durable(moment)
        if self._path.waiting < waiting:
            self._killer.at("after send")
        return dropped


def hooked(killer: Killer, *args: Any, **more: Any) -> Core:
    """The core, its ports announced."""
    killer.at("core made")
    session, journal, feed, clock = args
    at: dict[str, Any] = {step: partial(killer.at, step) for step in TURN_STEPS}
    announced: Any = Around(journal, "hand_over", at["before hand-over"], at["after hand-over"])
    rows: Any = Around(feed, "poll", None, at["after push"])
    more["tape"] = Around(more["tape"], "flush", at["before tape"])
    more["witnesses"] = [Around(w, "append", at["before venue log"]) for w in more["witnesses"]]
    session.graph.path = Gate(session.graph.path, killer)
    return Core(session, announced, rows, clock, **more)


def tell(told: Path, killer: Killer, *args: Any) -> Any:
    """Bring the session back, and say where and what it is."""
    killer.at("journal open")
    found = recover(*args)
    session = found[0] if found else None
    line = json.dumps(None if session is None else [session.kernel.seq, session.state_hash()])
    with told.open("a") as file:
        file.write(line + "\n")
    killer.at("session back")
    return found


class Venue(PaperVenue):
    """The paper venue, announcing its return."""

    killer: Killer

    def open(self) -> bool:
        """Come back."""
        self.killer.at("before venue")
        found = super().open()
        self.killer.at("after venue")
        return found


def main(told: Path, step: str, count: int, words: list[str]) -> int:
    """Run the daemon with hooks."""
    killer = Killer(step, count)
    replaced: dict[str, Any] = {
        "open_journal": partial(open_journal, hooks=killer),
        "recover": partial(tell, told, killer),
        "Core": partial(hooked, killer),
        "PaperLog": partial(PaperLog, max_bytes=LOG_BYTES, keep=None),
        "PaperVenue": type("HookedVenue", (Venue,), {"killer": killer}),
    }
    for name, value in replaced.items():
        setattr(startup, name, value)
    return outcry(words)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
