"""Many kills of the daemon, and what must hold after each: `make torture`, goes on after an interruption.

A round is one state directory: the daemon trades on an accelerated, looped recording, is killed at a
random moment or at a random boundary, and started again, until it is told to stop in order. What is
random follows from the seed and the round's number. `FOLDER/cycles.jsonl` has a line for each life.

After each kill the session is played again from its beginning, and from its newest snapshot; the next
life must come back as that very session. The paper venue's log is held to the journal by the witness.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.crash.daemon_child import COMMIT_STEPS, START_STEPS, TURN_STEPS
from tests.crash.daemon_judge import Judged, judge
from tests.scenarios import kit

ROOT = Path(__file__).resolve().parents[2]
KILLS = 1_000
KILLS_A_ROUND = 10
WHOLE = 6
"""Of ten lives this one is a whole process that starts `outcry run` itself; the others are forks."""
LIFE_S = 3.0
"""A life that waits for its boundary is ended then."""
BTC = "BTCUSDT.BINANCE"
MATCHING = ({"passive": "trades"}, {"passive": "both", "queue": "conservative"})
ENDS = 3
STEPS = (*COMMIT_STEPS, *TURN_STEPS, *START_STEPS)


class Line(msgspec.Struct, omit_defaults=True):
    """One life of a daemon, as it stands in the file."""

    round: int
    cycle: int
    how: str
    """What killed it, and `process` or `fork`."""
    seq: int
    """The session's last input."""
    orders: int
    fills: int
    """Those of the round's account so far."""
    seconds: float
    defects: list[str] = []
    ended: bool = False


@dataclass
class Plan:
    """How a life ends: by itself at a step, from outside after some seconds, or in order."""

    step: str
    count: int
    delay: float
    whole: str
    """`process` starts an interpreter with `outcry run`, `fork` a copy of one that has imported all."""

    @property
    def name(self) -> str:
        return f"{self.step or 'from outside'} ({self.whole})"


def draw_plan(draw: random.Random, life: int) -> Plan:
    """How the next life ends."""
    whole = "process" if life % 10 == WHOLE else "fork"
    if whole == "fork" and draw.random() < 0.45:
        step = draw.choice(STEPS)
        few = draw.random() < 0.3 or step in START_STEPS
        return Plan(step, 1 if few else draw.randint(1, 120), LIFE_S, whole)
    if whole == "process":
        return Plan("", 0, draw.uniform(0.3, 1.4), whole)
    return Plan("", 0, draw.choice((draw.uniform(0.0, 0.2), draw.uniform(0.0, 0.6))), whole)


def draw_config(draw: random.Random, catalog: Path) -> str:
    """A config under which much is traded."""
    latency = draw.choice(({}, {"order_latency_us": 20_000, "report_latency_us": 30_000}))
    venue = kit.table(
        "[[venues]]",
        name="BINANCE",
        balances={"USDT": "100000000", "BTC": "1000"},
        fees={"maker": "0.001", "taker": "0.001"},
        matching=draw.choice(MATCHING),
        **latency,
    )
    maker: dict[str, Any] = {"instrument": BTC, "size": "0.001", "max_position": "0.05"}
    maker |= {"half_spread_ticks": draw.choice((20, 200)), "requote_ticks": draw.choice((20, 100))}
    parts = [
        venue,
        kit.feed(BTC, "quote", "trade", "book"),
        kit.strategy("maker", "market_maker", **maker),
        kit.strategy("sweeper", "tests.scenarios.strategies:Sweeper", instrument=BTC, seconds=2),
        kit.strategy("joiner", "tests.scenarios.strategies:Joiner", instrument=BTC, size="0.002"),
        kit.table("[daemon]", snapshot_every_s=draw.choice((3, 15, 3600))),
        kit.table(
            "[daemon.journal]", durability=draw.choice(("strict", "strict", "group", "process"))
        ),
        kit.table("[tape]", segment_minutes=1, segment_mb=1),
    ]
    return kit.config(catalog, "USDT", parts)


class Forks:
    """The fork server."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def start(self, output: Path, words: list[str]) -> int:
        """A new daemon's process id."""
        return self._ask(json.dumps([str(output), *words]))

    def wait(self) -> int:
        """How it ended."""
        return self._ask("")

    def _ask(self, line: str) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._server.communicate()


@contextlib.contextmanager
def fork_server() -> Iterator[Forks]:
    """A fork server for a while."""
    server = Forks()
    try:
        yield server
    finally:
        server.close()


def environment() -> dict[str, str]:
    """Of the processes that are started."""
    return os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


class Round:
    """One state directory from its beginning to its orderly end.

    Args:
        folder: Where it works; emptied first.
        catalog: The recording.
        seed: What is random follows from it.
        forks: Starts daemons fast.
    """

    def __init__(self, folder: Path, catalog: Path, seed: int, forks: Forks) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.state, self._told, self._output = folder / "state", folder / "told", folder / "output"
        self._draw, self._forks = random.Random(seed), forks
        config = folder / "outcry.toml"
        config.write_text(draw_config(self._draw, catalog))
        speed = self._draw.choice((20, 50, 100))
        self._words = ["run", str(config), "--state-dir", str(self.state), "--feed", "tape"]
        self._words += ["--loop", "--speed", str(speed)]
        self.found = Judged()
        self.lives = 0
        self.reached = True
        """Whether the last life came to the step at which it was to die."""

    def kill(self, plan: Plan | None = None) -> tuple[str, list[str]]:
        """One life, killed; how, and what is wrong."""
        plan = plan or draw_plan(self._draw, self.lives)
        code = self._live(plan, signal.SIGKILL)
        defects = [] if code == -signal.SIGKILL else [self._last_words(code)]
        return plan.name, defects + self._look(check=self._draw.random() < 0.2)

    def end(self) -> tuple[str, list[str]]:
        """The last life, which ends in order.

        A report that was under way when it was told to stop is told by the next life: then there is one
        more, in which nothing may be missing.
        """
        for _ in range(ENDS):
            code = self._live(Plan("", 0, 0.6, "fork"), signal.SIGTERM)
            defects = [] if code == 0 else [self._last_words(code)]
            defects += self._look(ended=True)
            if not defects or code:
                break
        return "told to stop", defects

    def _live(self, plan: Plan, how: signal.Signals) -> int:
        self.lives += 1
        self.reached = True
        self._told.unlink(missing_ok=True)
        self._output.unlink(missing_ok=True)
        if plan.whole == "process":
            return self._whole(plan, how)
        hooks = [str(self._told), plan.step, str(plan.count)]
        pid = self._forks.start(self._output, hooks + self._words)
        if plan.step:
            return self._wait_for_step(plan, pid)
        if how is signal.SIGTERM:
            self._wait_for_greeting()
        time.sleep(plan.delay)
        os.kill(pid, how)
        return self._forks.wait()

    def _wait_for_step(self, plan: Plan, pid: int) -> int:
        """It kills itself; if it does not get there, from outside."""
        until = time.monotonic() + plan.delay
        while time.monotonic() < until:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                break
            time.sleep(0.005)
        else:
            self.reached = False
            os.kill(pid, signal.SIGKILL)
        return self._forks.wait()

    def _wait_for_greeting(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self._output.exists() and "PAPER" in self._output.read_text():
                return
            time.sleep(0.02)

    def _whole(self, plan: Plan, how: signal.Signals) -> int:
        code = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
        with (
            self._output.open("w") as output,
            subprocess.Popen(
                [sys.executable, "-c", code, *self._words],
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=environment(),
            ) as process,
        ):
            time.sleep(plan.delay)
            process.send_signal(how)
        return process.returncode

    def _look(self, *, ended: bool = False, check: bool = False) -> list[str]:
        """Judge the directory, and whether this life began where the one before stood."""
        before, self.found = self.found, judge(self.state, ended=ended, check=check)
        defects = list(self.found.defects)
        if self._told.exists():
            line = json.loads(self._told.read_text())
            back = tuple(line) if line else None
            if back != before.stands:
                defects.append(f"it came back as {back}, and it was {before.stands}")
        if before.stands and self.found.stands is None:
            defects.append("the session is gone")
        return defects

    def _last_words(self, code: int) -> str:
        said = self._output.read_text()[-600:] if self._output.exists() else ""
        return f"it ended by itself with {code}: {said}"


class Torture:
    """Rounds, written down line by line.

    Args:
        folder: Where it works.
        catalog: The recording.
        kills: How many.
        seed: None draws one, or takes that of the interrupted run.
        a_round: Kills of one state directory.
    """

    def __init__(
        self,
        folder: Path,
        catalog: Path,
        kills: int,
        *,
        seed: int | None = None,
        a_round: int = KILLS_A_ROUND,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._catalog = folder, catalog
        self._kills, self._a_round = kills, a_round
        self._file = folder / "cycles.jsonl"
        seed_file = folder / "seed"
        if seed_file.exists():
            seed = int(seed_file.read_text())
        self.seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        seed_file.write_text(str(self.seed))

    def lines(self) -> list[Line]:
        """What is done: whole rounds."""
        if not self._file.exists():
            return []
        lines = [msgspec.json.decode(line, type=Line) for line in self._file.read_text().split()]
        ended = {line.round for line in lines if line.ended or line.defects}
        kept = {(line.round, line.cycle): line for line in lines if line.round in ended}
        return [kept[place] for place in sorted(kept)]

    def run(self, say: Any) -> list[Line]:
        """Do what is left; all lines."""
        done = {line.round for line in self.lines()}
        say(f"seed {self.seed}; {len(done) * self._a_round} of {self._kills} kills done")
        with fork_server() as forks:
            for number in range(-(-self._kills // self._a_round)):
                if number not in done:
                    self._round(number, forks, say)
        return self.lines()

    def _round(self, number: int, forks: Forks, say: Any) -> None:
        folder = self._folder / "round"
        round_ = Round(folder, self._catalog, self.seed + number, forks)
        for cycle in range(self._a_round + 1):
            began = time.monotonic()
            last = cycle == self._a_round
            how, defects = round_.end() if last else round_.kill()
            found = round_.found
            line = Line(
                round=number,
                cycle=cycle,
                how=how.replace(" ", "_"),
                seq=found.stands[0] if found.stands else 0,
                orders=found.orders,
                fills=found.fills,
                seconds=round(time.monotonic() - began, 3),
                defects=[d.replace(" ", "_").replace("\n", "|") for d in defects],
                ended=last,
            )
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
            if defects:
                kept = self._folder / f"defect-{number}-{cycle}"
                ignore = shutil.ignore_patterns("*.sock")
                shutil.copytree(folder, kept, ignore=ignore, dirs_exist_ok=True)
                say(f"round {number}, life {cycle}, {how}: {defects}; kept in {kept}")
                break
        say(f"round {number}: {round_.found.orders} orders, {round_.found.fills} fills")


def figures(lines: list[Line]) -> dict[str, Any]:
    """What a run comes to."""
    ends = [line for line in lines if line.ended]
    kills = [line for line in lines if not line.ended]
    return {
        "kills": len(kills),
        "whole_processes": sum("(process)" in line.how for line in kills),
        "at_boundaries": sum("outside" not in line.how for line in kills),
        "orders": sum(line.orders for line in ends),
        "fills": sum(line.fills for line in ends),
        "inputs": sum(line.seq for line in ends),
        "defects": sum(len(line.defects) for line in lines),
        "seconds": round(sum(line.seconds for line in lines)),
    }


def import_tape(catalog: Path) -> None:
    """The recorded Binance day, once."""
    if not catalog.exists():
        source = ROOT.parent / "shared" / "data" / "hftbacktest" / "spot"
        named = os.environ.get("OPENOUTCRY_SHARED")
        source = Path(named) / "data" / "hftbacktest" / "spot" if named else source
        kit.import_into(catalog, source, "binance-raw")


def main(folder: Path, kills: int) -> int:
    """Import, kill, say."""

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    folder.mkdir(parents=True, exist_ok=True)
    import_tape(folder / "catalog")
    lines = Torture(folder, folder / "catalog", kills).run(say)
    say(json.dumps(figures(lines)))
    return 1 if any(line.defects for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else KILLS))
