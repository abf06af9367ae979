"""`kill -9` of a process with a paper venue: every turn that it spoke of is there."""

import random
import subprocess
import sys
from pathlib import Path

from openoutcry.replay.paper_log import log_files, read_file
from openoutcry.state.venue_answers import VenueOrderStatus
from tests.replay.paper_kit import Rig

ROOT = Path(__file__).resolve().parents[2]
KILLS = 6


def live_until(folder: Path, first: int, turns: int) -> int:
    """The last order that a child told of before it was killed, after at least so many turns."""
    command = [sys.executable, "-m", "tests.crash.paper_child", str(folder), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(turns)]
        child.kill()
        return int([*told, *child.stdout.read().splitlines()][-1])


def test_what_was_told_before_a_kill_is_known_after_it(tmp_path: Path) -> None:
    draw, first = random.Random(1), 1
    for _ in range(KILLS):
        told = live_until(tmp_path, first, draw.randrange(1, 80))
        rig = Rig(tmp_path, [], start=20)
        known = {int(o.client_order_id or "", 16): o for o in rig.venue.orders()}
        rig.die()
        last = max(number for number in known if number < 1_000_000)
        assert told <= last <= told + 1
        assert set(range(1, last + 1)) <= set(known)
        for number in range(1, last + 1):
            works = known[number].status is VenueOrderStatus.WORKING
            assert works == (number % 5 == 0), number
            assert known[number + 1_000_000].status is not VenueOrderStatus.WORKING
        first = last + 1
    assert len(log_files(tmp_path)) > 1
    assert all(read_file(file)[2] == file.stat().st_size for file in log_files(tmp_path))
