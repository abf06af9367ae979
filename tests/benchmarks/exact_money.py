"""What exact money costs: the same replay with an engine whose money is worked out in floats.

    python -m tests.benchmarks.exact_money [--rounds 7]

Builds the engine twice with the same profile, without and with the feature `float-money`, and plays the
case with the most orders with each in turn. The difference is smaller than the machine's noise, so the
minima of the rounds are compared. `make bench` runs it and puts the line into docs/performance.md.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.places import ROOT, RUNS

CASE, N = "bars_ema", 1_000_000
FOUND = "exact_money.json"
BUILDS = {"exact": "extension-module", "float": "extension-module,float-money"}


def package(name: str) -> Path:
    """A folder whose `openoutcry` has the engine of one build; made anew."""
    target = RUNS / f"build-{name}"
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--features", BUILDS[name]]
    subprocess.run(
        command, check=True, cwd=ROOT, env=os.environ | {"CARGO_TARGET_DIR": str(target)}
    )
    folder = target / "package" / "openoutcry"
    folder.mkdir(parents=True, exist_ok=True)
    for source in (ROOT / "src" / "openoutcry").iterdir():
        link = folder / source.name
        link.unlink(missing_ok=True)
        if not source.name.startswith("_native."):
            link.symlink_to(source.resolve())
    engine = folder / "_native.abi3.so"
    engine.unlink(missing_ok=True)
    engine.symlink_to(target / "release" / "lib_native.so")
    return folder.parent


def seconds(folder: Path) -> float:
    """CPU seconds of one run in a process of its own."""
    script = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import openoutcry;"
        f"assert openoutcry.__file__.startswith({str(folder)!r}), openoutcry.__file__;"
        f"from tests.benchmarks.replay_case import main; main({CASE!r}, {N}, prepare=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True
    )
    cost: float = json.loads(done.stdout.splitlines()[-1])["phases"]["run"]["cpu_s"]
    return cost


def sentence(folder: Path) -> str | None:
    """What was found, for the report; None where `folder` of the raw results has nothing of it."""
    kept = folder / FOUND
    if not kept.exists():
        return None
    found = json.loads(kept.read_text())
    more = (found["exact"] / found["float"] - 1) * 100
    return (
        f"`{CASE}` takes {found['exact']:.3f} s of CPU with exact money and {found['float']:.3f} s with "
        f"money in floats: {more:+.1f} % (minima of {found['rounds']} rounds in turn)."
    )


def main(rounds: int) -> None:
    """Build, measure in turn, keep and print what was found."""
    prepare = [sys.executable, "-m", "tests.benchmarks.replay_case", CASE, str(N), "--prepare"]
    subprocess.run(prepare, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    folders = {name: package(name) for name in BUILDS}
    best = dict.fromkeys(BUILDS, float("inf"))
    for _ in range(rounds):
        for name, folder in folders.items():
            best[name] = min(best[name], seconds(folder))
    (RUNS / FOUND).write_text(json.dumps(best | {"rounds": rounds}))
    print(sentence(RUNS))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="what exact money costs")
    parser.add_argument("--rounds", type=int, default=7)
    main(parser.parse_args().rounds)
