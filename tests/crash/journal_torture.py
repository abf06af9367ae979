"""Many kills and many flipped bits; goes on where it was interrupted: `make torture`."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from tests.crash.journal_kills import ROOT, kill_once

KILLS = 200
KILLS_EACH = 20  # of one state directory, which grows from kill to kill
FLIPS = 10_000


def main(folder: Path, kills: int, flips: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "progress.json"
    done = json.loads(file.read_text()) if file.exists() else {}
    seed = done.setdefault("seed", random.SystemRandom().getrandbits(32))
    say(f"seed {seed}; {done.get('kills', 0)} of {kills} kills done")
    for number in range(done.get("kills", 0), kills):
        if number % KILLS_EACH == 0:
            shutil.rmtree(folder / "state", ignore_errors=True)
        what = kill_once(folder / "state", seed + number)
        done["kills"] = number + 1
        file.write_text(json.dumps(done))
        if (number + 1) % 10 == 0:
            say(f"{number + 1:4} kills; the last {what}")
    say(f"{kills} kills: nothing reported durable is missing, nothing is there twice")
    if done.get("flips", 0) < flips:
        test = (
            "tests/state/test_journal_check.py::test_every_flipped_bit_is_found_or_in_unused_space"
        )
        command = [sys.executable, "-m", "pytest", "-q", "-s", "--timeout=0", test]
        environment = os.environ | {"OUTCRY_BIT_FLIPS": str(flips)}
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
        done["flips"] = flips
        file.write_text(json.dumps(done))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[2:]]
    main(Path(sys.argv[1]), *(counts or (KILLS, FLIPS)))
