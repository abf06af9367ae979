"""Killing a process that journals, and what must hold after: shared by the tests and the torture."""

import os
import random
import subprocess
import sys
from pathlib import Path

from openoutcry.state.journal_admin import verify
from openoutcry.state.journal_lock import StateLock
from openoutcry.state.journal_reader import open_reader
from tests.state.journal_kit import timer

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("before append", "after append", "before commit", "after commit")


def kill_once(directory: Path, seed: int) -> str:
    """One process, killed from outside at a random moment or by itself at a random step."""
    draw = random.Random(seed)
    step = draw.choice(("", *STEPS))
    size = draw.choice((0, 10, 500))
    reports = draw.randint(1, 400)
    how = draw.choice(("strict", "strict", "group", "process"))
    reported = run_child(directory, step, draw.randint(1, 60), size, reports, how)
    check(directory, reported, size_known=False)
    return f"{step or 'from outside'}, {how}: durable {reported}"


def run_child(
    directory: Path, step: str, count: int, size: int, reports: int, how: str = "strict"
) -> int:
    """The last input that the process reported durable before it was killed."""
    command = [sys.executable, "-m", "tests.crash.journal_child", str(directory)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with subprocess.Popen(
        [*command, step, str(count), str(size), how],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        heard = b""
        while data := os.read(process.stdout.fileno(), 65_536):
            heard += data
            if not step and len(heard) >= 8 * reports:
                process.kill()
    assert process.returncode == -9, f"it ended by itself: {process.returncode}"
    whole = len(heard) // 8 * 8
    return int.from_bytes(heard[whole - 8 : whole], "big")


def check(directory: Path, reported: int, *, size_known: bool = True) -> int:
    """Everything reported is there, once and in order, and the chain holds; the last input."""
    report = verify(directory)
    assert report.problems == (), report.problems
    reader = open_reader(directory)
    try:
        anchor = reader.anchor
        found = [r for r in reader.after(anchor) if b"JournalStarted" not in r.body]
    finally:
        reader.store.close()
    seqs = [record.seq for record in found]
    last = seqs[-1] if seqs else anchor.seq
    assert seqs == list(range(anchor.seq + 1, last + 1)), "nothing is missing or doubled"
    assert last >= reported, f"input {reported} was reported durable, {last} is there"
    if size_known and found:
        assert found[-1].message == timer(last)
    lock = StateLock(directory)  # the killed process does not hold it
    lock.release()
    return last
