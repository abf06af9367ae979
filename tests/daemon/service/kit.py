"""A service manager's socket, and a paper project on an invented market."""

import socket
from pathlib import Path
from typing import Self

from openoutcry.daemon.config_loader import load
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.startup import RunOptions, Startup
from openoutcry.replay.synth import synth

CONFIG = """\
catalog = "data"

[run]
name = "demo"
account_currency = "USDT"

[[venues]]
name = "SYNTH"
balances = { USDT = "100000" }
fees = { maker = "0.0002", taker = "0.0005" }

[[feeds]]
instrument = "BTCUSDT.SYNTH"
kinds = ["quote", "trade"]

[[strategies]]
id = "hold"
type = "buy_and_hold"
params = { instrument = "BTCUSDT.SYNTH", size = "0.5", timeframe = "quote" }

[risk.default]
max_order_value = "100000"
max_order_quantity = "1"
max_position = "1"
max_orders = 10
collar = { max_deviation_bps = "100" }

[paper]
feed = "synthetic"
"""


class Manager:
    """The service manager's end of the notification socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def next(self, timeout_s: float = 10) -> dict[str, str]:
        """The next message; TimeoutError when none comes."""
        self._socket.settimeout(timeout_s)
        lines = self._socket.recv(65_536).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def waiting(self) -> list[dict[str, str]]:
        """The messages that are there already."""
        found = []
        while True:
            try:
                found.append(self.next(0.001))
            except TimeoutError:
                return found

    def until(self, key: str) -> dict[str, str]:
        """The next message that assigns something."""
        while key not in (found := self.next()):
            pass
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def make_project(folder: Path) -> Path:
    """A config that `outcry run` starts at once; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    synth(folder / "data", days=1, instruments=("BTCUSDT.SYNTH",), step_s=60)
    config = folder / "outcry.toml"
    config.write_text(CONFIG)
    return config


def start(folder: Path) -> Daemon:
    """A daemon that has started and not turned yet."""
    return Startup(load(make_project(folder)), RunOptions()).run()
