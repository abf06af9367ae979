"""The page about running on paper, typed command by command; and the demo, on a small market."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "run-on-paper.md"
DEMO = ROOT / "docs" / "tutorial"
RUN = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
PATIENCE_S = 60


class Typist:
    """Types the lines of a page, from a folder on; `outcry run` goes on beside the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemon: subprocess.Popen[str] | None = None
        self.reader = threading.Thread()
        self.killed = False
        self.printed: dict[str, str] = {}

    def type(self, line: str) -> None:
        """One line."""
        words = shlex.split(line)
        match words:
            case ["cd", folder]:
                self.folder /= folder
            case ["kill", "-9", "PID"]:
                assert self.daemon is not None
                os.kill(self.daemon.pid, signal.SIGKILL)
                self.ended(-signal.SIGKILL)
                self.killed = True  # there is an alert about it
            case ["mv", here, there]:
                (self.folder / here).rename(self.folder / there)
            case ["outcry", "run", *_]:
                self.begin(words[1:])
            case ["outcry", *_]:
                self.printed[line] = self.outcry(words[1:])
                if words[1] == "stop":
                    self.ended(0)
            case _:
                raise AssertionError(f"nobody types {line!r} here")

    def outcry(self, words: list[str]) -> str:
        """What a command prints that ends well."""
        done = subprocess.run(
            [sys.executable, "-c", RUN, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        fine = (0, 3) if words == ["status"] and self.killed else (0,)
        assert done.returncode in fine, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, words: list[str]) -> None:
        """A daemon, as soon as it answers."""
        command = [sys.executable, "-c", RUN, *words]
        self.daemon = subprocess.Popen(
            command, cwd=self.folder, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        said: list[str] = []
        greeted = threading.Event()
        self.reader = threading.Thread(target=self.read, args=(said, greeted))
        self.reader.start()
        assert greeted.wait(PATIENCE_S), said
        assert any(line.startswith("PAPER") for line in said), said

    def read(self, said: list[str], greeted: threading.Event) -> None:
        """All that the daemon says, until it ends."""
        assert self.daemon is not None
        assert self.daemon.stderr is not None
        with self.daemon.stderr as lines:
            for line in lines:
                said.append(line)
                if line.startswith("PAPER"):
                    greeted.set()
        greeted.set()

    def ended(self, code: int) -> None:
        """The daemon is gone."""
        assert self.daemon is not None
        assert self.daemon.wait(PATIENCE_S) == code
        self.reader.join(PATIENCE_S)
        self.daemon = None


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    made = Typist(tmp_path)
    yield made
    if made.daemon is not None:
        made.daemon.kill()
        made.ended(-signal.SIGKILL)


def lines_of(text: str) -> list[str]:
    return re.findall(r"^    (\S.*)$", text, re.MULTILINE)


@pytest.mark.slow
def test_the_page_does_what_it_says(typist: Typist) -> None:
    project, run = PAGE.read_text().split("```toml", 1)
    added, rest = run.split("```", 1)
    for line in lines_of(project):
        typist.type(line)
    with (typist.folder / "outcry.toml").open("a") as file:
        file.write(added)
    for line in lines_of(rest):
        typist.type(line)
    assert "0 differences" in typist.printed["outcry parity state"]
    assert "real fills" in typist.printed["outcry compare state"]
    assert "recovered" in typist.printed["outcry status"]


@pytest.mark.slow
def test_the_demo_ends_well_and_in_time(tmp_path: Path) -> None:
    outcry = tmp_path / "outcry"
    outcry.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{RUN}" "$@"\n')
    outcry.chmod(0o700)
    catalog = tmp_path / "catalog"
    synth = ["data", "synth", str(catalog), "--days", "10", "--instrument", "BTCUSDT.SIM"]
    subprocess.run([outcry, *synth], check=True, capture_output=True)
    began = time.monotonic()
    done = subprocess.run(
        [DEMO / "demo.sh", DEMO / "demo.toml", catalog, tmp_path],
        env=os.environ | {"OUTCRY": str(outcry)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 120
    for told in ("the same state", "0 differences", "real fills", "report.html"):
        assert told in done.stdout
