"""The real daemon as a child process on the synthetic market, for tests that steer it by its socket."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from openoutcry.daemon.control.client import ControlClient, new_key
from openoutcry.daemon.control.effect_views import Done
from openoutcry.daemon.control.protocol import Accepted, AnyMutation, Query
from openoutcry.daemon.control.subscriber import EventStream
from openoutcry.state.catalog import Catalog
from openoutcry.state.codec import AnyMessage
from openoutcry.state.journal_reader import open_reader
from tests.markets import PERP

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
SPEED = 100
"""Fifty quotes a second: one each two seconds of the session."""
CONFIG = """
[run]
name = "demo"
account_currency = "USDT"

[control]
directory = "{folder}/run"

[[feeds]]
instrument = "{instrument}"
kinds = ["quote", "trade"]

[[venues]]
name = "SIM"
account = "margin"
leverage = "10"
balances = {{ USDT = "1000000" }}

[[strategies]]
id = "churn"
type = "tests.daemon.churner:Churner"

[risk.default]
max_order_value = "100000"
max_order_quantity = "10"
max_position = "{max_position}"
max_orders = "unlimited"
collar = {{ max_deviation_bps = "9000" }}

[risk.strategy]
max_messages = "unlimited"
max_executions = "unlimited"

[risk.venue]
max_messages = "unlimited"
"""
T = TypeVar("T")
CHILD = "import sys\nfrom openoutcry.daemon.cli import main\nsys.exit(main())"


class Running:
    """A daemon in a folder of its own; ended, however it is, when the block is left."""

    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="oo-"))
        self.state = self.folder / "state"
        self.config = self.folder / "outcry.toml"
        self.environment = environment
        self.process: subprocess.Popen[str] | None = None
        self.client: ControlClient
        Catalog(self.folder / "catalog").add_instruments([PERP])
        self.write_config()

    def write_config(self, **changes: str) -> None:
        """Write the config, with other values where they are named."""
        values = {"folder": str(self.folder), "instrument": PERP.id, "max_position": "5"}
        self.config.write_text(CONFIG.format(**{**values, **changes}))

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        words = ["run", str(self.config), "--feed", "synthetic", "--speed", str(SPEED)]
        words += ["--catalog", str(self.folder / "catalog"), "--state-dir", str(self.state)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, *words],
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", **self.environment},
        )
        said = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            said.append(line)
            if line.startswith("PAPER demo"):
                self.client = ControlClient(self.endpoint, timeout_s=PATIENCE_S)
                return self
        self.process.communicate()
        raise AssertionError(f"it did not start: {''.join(said)}")

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"ipc://{self.folder}/run/control.sock"

    def ask(self, query: Query, kind: type[T]) -> T:
        """The answer to a question."""
        return msgspec.msgpack.decode(self.client.ask(query), type=kind)

    def do(self, command: AnyMutation) -> tuple[Accepted, Done]:
        """Have a command carried out."""
        reply = self.client.command(command)
        return reply, msgspec.msgpack.decode(reply.body, type=Done)

    def events(self, after: int | None = None) -> EventStream:
        """Its events."""
        endpoint = f"ipc://{self.folder}/run/events.sock"
        return EventStream(endpoint, self.client.events_since, after=after)

    def kill(self) -> None:
        """As a crash does it."""
        assert self.process is not None
        self.client.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=PATIENCE_S)

    def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        assert self.process is not None
        self.client.close()
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode

    def records(self) -> list[tuple[int, AnyMessage]]:
        """What its journal holds."""
        reader = open_reader(self.state)
        try:
            return [(record.seq, record.message) for record in reader.records()]
        finally:
            reader.store.close()

    def outcry(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command line."""
        return subprocess.run(
            [sys.executable, "-c", CHILD, *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", **self.environment},
        )

    def check_parity(self) -> None:
        """What was recorded is what a re-run makes; to be called when it has ended."""
        found = self.outcry("parity", str(self.state))
        assert "0 differences" in found.stdout, found.stdout + found.stderr

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.client.close()
            self.process.kill()
            self.process.communicate()
        self.remove()

    def remove(self) -> None:
        """Remove its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def key() -> dict[str, Any]:
    """A fresh key, as an argument."""
    return {"key": new_key()}
