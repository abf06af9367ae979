"""A process that journals until it is killed: `python -m tests.crash.journal_child DIR STEP COUNT SIZE HOW`.

Each input that is reported durable is written to stdout as 8 bytes, from where it is reported. With a
STEP the process kills itself when that step is reached for the COUNTth time.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from openoutcry.state.journal import JournalOptions, open_journal
from openoutcry.state.journal_env import Limits
from openoutcry.state.journal_meta import Durability
from tests.state.journal_kit import identity, timer

AHEAD = 200
FORGET = 700


class Killer:
    """Kills its own process at a step."""

    def __init__(self, step: str, count: int) -> None:
        self.step = step
        self.left = count

    def at(self, step: str) -> None:
        if step == self.step:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(directory: Path, step: str, count: int, size: int, durability: Durability) -> None:
    heard = threading.Condition()

    def durable() -> None:
        with heard:
            heard.notify()

    limits = Limits(map_bytes=1 << 20, map_max_bytes=1 << 30, allocate_bytes=256 << 10)
    journal = open_journal(
        directory,
        identity(),
        JournalOptions(durability=durability, group_ms=1, limits=limits),
        on_durable=durable,
        hooks=Killer(step, count),
    )
    seq = journal.last_seq
    while True:
        seq += 1
        journal.append(seq, timer(seq, size * (seq % 7)))
        if seq % 3:
            journal.hand_over(seq)
        with heard:
            heard.wait_for(lambda: seq - journal.settle() < AHEAD)  # noqa: B023 - called here
        if seq % FORGET == 0:
            journal.forget(journal.position(seq - FORGET))
        os.write(1, journal.durable_seq.to_bytes(8, "big"))


if __name__ == "__main__":
    how = msgspec.convert(sys.argv[5], Durability)
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), how)
