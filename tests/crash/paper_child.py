"""A process with a paper venue that takes one order a turn, for as long as it lives.

    python -m tests.crash.paper_child FOLDER FIRST

Prints the number of each order once its turn is in the log; orders count from FIRST.
"""

import sys
from itertools import count
from pathlib import Path

from openoutcry.replay.paper_log import PaperLog
from tests.replay.paper_kit import Rig, cancel, order


def main(folder: Path, first: int) -> None:
    """Trade until killed."""
    rig = Rig(folder, [(10, 10_000, 10_002)], log=PaperLog(folder, max_bytes=20_000, keep=None))
    rig.play()
    for number in count(first):
        rig.send(order(number, limit_units=9_000, quantity_units=3), order(number + 1_000_000))
        if number % 5:
            rig.send(cancel(number))
        rig.play()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
