"""A process that writes a tape until it is killed: `python -m tests.crash.tape_child DIR`.

After each flush it writes the number of quotes that must be there to stdout, as 8 bytes.
"""

import os
import random
import sys
from pathlib import Path

from openoutcry.state.tape_config import TapeConfig
from tests.state.tape_kit import QUOTE, T0, TRADE, Session, opened


def main(folder: Path) -> None:
    limits = TapeConfig(sync_ms=5, segment_minutes=1)
    tape = opened(folder, config=limits, background=True)
    session = Session(tape, T0 + tape.last_seq * 10**9, tape.last_seq)
    draw = random.Random(0)
    while True:
        session.turn((QUOTE, draw.choice([1, 1, 500])), (TRADE, 1))
        os.write(1, session.rows[QUOTE].to_bytes(8, "big"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
