"""How long a daemon takes to come back: `python -m tests.benchmarks.recovery_case FOLDER [RECORDS]`.

Makes a state directory with so many records of orders and fills in its journal, the tape with it, once;
then a process of its own brings the session back without a snapshot, and another one with the snapshot of
a little before the end. Prints seconds of wall and of CPU.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.daemon.config_loader import load
from openoutcry.daemon.startup import Startup
from tests.benchmarks.daemon_kit import next_quote, options, start, write_config, write_quotes

RECORDS: Final = 1_000_000
_PER_QUOTE: Final = 8
_AFTER_SNAPSHOT: Final = 2000
"""Records that are played again when there is one."""


def make(folder: Path, records: int) -> None:
    """A session that journaled so many records, closed as a crash leaves it: without a snapshot."""
    folder.mkdir(parents=True)
    write_quotes(folder / "catalog", records // _PER_QUOTE)
    loaded = write_config(folder / "busy.toml", "Trader")
    daemon = start(loaded, folder)
    core, native = daemon.core, daemon.journal.native
    early = False
    while native.count < records:
        assert not core.feed.exhausted, "too few quotes"
        next_quote(daemon)
        if not early and native.count > records - _AFTER_SNAPSHOT:
            early = True
            daemon.snapshotter.take()
    daemon.close(snapshot=False)


def measure(folder: Path, *, snapshot: bool) -> dict[str, float]:
    """Bring a copy of the session back in this process."""
    loaded = load(folder / "busy.toml")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        state = Path(name) / "state"
        left_out = None if snapshot else shutil.ignore_patterns("*.snapshot")
        shutil.copytree(folder / "state", state, ignore=left_out)
        os.sync()  # the disk is not to be busy with the copy
        chosen = msgspec.structs.replace(options(folder), state_dir=state)
        wall, cpu = time.perf_counter(), time.process_time()
        daemon = Startup(loaded, chosen).run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        recovered = daemon.recovered
        assert recovered is not None
        assert (recovered.snapshot_seq is not None) is snapshot, recovered
        assert not recovered.diverged, recovered
        daemon.close(snapshot=False)
        return {"records": recovered.records, "wall_s": round(wall, 3), "cpu_s": round(cpu, 3)}


def main(arguments: list[str]) -> None:
    """Make what is not there, then measure in fresh processes."""
    folder = Path(arguments[0]).absolute()
    if arguments[1:] in (["with"], ["without"]):
        print(json.dumps(measure(folder, snapshot=arguments[1] == "with")))
        return
    records = int(arguments[1]) if arguments[1:] else RECORDS
    if not (folder / "busy.toml").exists():
        begin = time.perf_counter()
        make(folder, records)
        print(f"made in {time.perf_counter() - begin:.1f} s")
    for how in ("without", "with"):
        command = [sys.executable, "-m", __spec__.name, str(folder), how]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        print(f"{how:8} a snapshot: {done.stdout.strip()}")


if __name__ == "__main__":
    main(sys.argv[1:])
