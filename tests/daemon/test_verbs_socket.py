"""`outcry` as its own process against a control socket: what it imports, what it costs, how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openoutcry.daemon.control.core import ClientInfo
from openoutcry.daemon.control.protocol import AnyReply, Mutation, Ok
from tests.control.kit import FakeCore, serving, short_folder
from tests.daemon.played import LIMITED, PlayedDaemon, after, made

HEAVY = ("polars", "numpy", "pykka", "lmdb", "openoutcry._native", "asyncio", "openoutcry.actors")
STATUS_CPU_S = 0.150
CALL = "import sys\nfrom openoutcry.daemon.cli import main\n"


class PlayedCore(FakeCore):
    """The core of a daemon whose session is stopped half way."""

    def __init__(self, daemon: PlayedDaemon) -> None:
        super().__init__()
        self.daemon = daemon

    def handle(self, request: Any, client: ClientInfo, reply: Callable[[AnyReply], None]) -> None:
        """Answer at once."""
        self.seen.append((request, client))
        if isinstance(request, Mutation):
            reply(self.daemon.command(request))  # type: ignore[arg-type]
        else:
            reply(Ok(body=msgspec.Raw(self.daemon.ask(request))))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where a daemon listens."""
    ready = after(made({"a": {"2": "buy 1"}, "b": {"3": "sell 0.5"}}, risk=LIMITED), 30)
    with short_folder() as path, serving(PlayedCore(PlayedDaemon(ready)), path):
        yield path
    ready.graph.close()


def outcry(
    code: str, *words: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A process that runs a command line and then some code."""
    command = [sys.executable, "-c", f"{CALL}code = main(sys.argv[1:])\n{code}", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


EXIT = "sys.exit(code)"


def at(folder: Path) -> tuple[str, str]:
    return "--endpoint", f"ipc://{folder}/control.sock"


@pytest.mark.parametrize("words", [("status",), ("orders", "--all"), ("why", "last"), ("halt",)])
def test_a_verb_imports_nothing_heavy(folder: Path, words: tuple[str, ...]) -> None:
    code = f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    done = outcry(code, *words, *at(folder))
    assert "PAPER test" in done.stdout, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


def test_status_costs_less_than_150_ms_of_cpu_with_the_interpreter(folder: Path) -> None:
    """The best of five, so that a busy machine does not fail it."""
    code = (
        "import os, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "used = os.times()\n"
        "print(used.children_user + used.children_system)"
    )
    inner = [sys.executable, "-c", f"{CALL}main(sys.argv[1:])", "status", *at(folder)]
    outer = [sys.executable, "-c", code, *inner]
    costs = [
        float(subprocess.run(outer, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(costs) < STATUS_CPU_S


def test_the_answer_comes_over_the_socket(folder: Path) -> None:
    done = outcry(EXIT, "positions", "--json", *at(folder))
    assert done.returncode == 0
    rows = json.loads(done.stdout)["rows"]
    assert [(row["strategy"], row["quantity"]) for row in rows] == [("a", "1.000"), ("b", "-0.500")]


def test_a_daemon_is_found_by_its_endpoint_config_or_name(folder: Path, tmp_path: Path) -> None:
    runtime = tmp_path / "openoutcry"
    runtime.mkdir()
    (runtime / "main").symlink_to(folder)
    (tmp_path / "outcry.toml").write_text(
        f'[run]\nname = "main"\n[control]\ndirectory = "{folder}"\n'
    )
    here = {"XDG_RUNTIME_DIR": str(tmp_path)}
    nowhere = tmp_path / "empty"
    nowhere.mkdir()
    for words, cwd, environment in (
        (("--name", "main"), nowhere, here),
        (("--config", str(tmp_path / "outcry.toml")), nowhere, {}),
        ((), tmp_path, {}),
        ((), nowhere, here),
        ((), nowhere, {"OUTCRY_ENDPOINT": at(folder)[1]}),
    ):
        done = outcry(EXIT, "positions", *words, cwd=cwd, **environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("PAPER test")


def test_where_no_daemon_is_it_says_how_to_name_one(tmp_path: Path) -> None:
    for words, says in (
        ((), "no daemon is named"),
        (("--name", "main"), "no daemon named main"),
        (("--endpoint", f"ipc://{tmp_path}/control.sock"), "nobody"),
        (("--endpoint", "nonsense"), "is no endpoint"),
    ):
        done = outcry(EXIT, "status", *words, cwd=tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
        assert done.returncode == 69, done.stderr
        assert done.stderr.startswith("error X8")
        assert says in done.stderr or "remedy" in done.stderr
    done = outcry(EXIT, "status", "--config", "none.toml", cwd=tmp_path)
    assert done.returncode == 78


def test_a_command_goes_over_the_socket_once(folder: Path) -> None:
    done = outcry(EXIT, "pause", "a", "--yes", *at(folder))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "PAPER test")
    key = done.stderr.split("key ")[1][:32]
    again = outcry(EXIT, "pause", "a", "--key", key, *at(folder))
    assert again.stdout == done.stdout
    assert outcry(EXIT, "resume", "--strategy", "a", "--yes", *at(folder)).returncode == 0
