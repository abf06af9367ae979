"""A paper daemon inside this process, whose time goes as fast as it gets through its turns."""

from pathlib import Path
from typing import Final

import numpy as np

from openoutcry.daemon.config_loader import LoadedConfig, load
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.startup import RunOptions, Startup
from openoutcry.state.catalog import Catalog
from tests.benchmarks.rows import perpetual

BEGIN: Final = 1_700_000_000 * 10**9
STEP_NS: Final = 10**8
"""Between two quotes."""
_BOUNDLESS: Final = 10**8

_CONFIG: Final = """
[run]
name = "measured"
account_currency = "USDT"
seed = 1

[[feeds]]
instrument = "BTCUSDT-PERP.SIM"
kinds = ["quote"]

[[venues]]
name = "SIM"
account = "margin"
leverage = "10"
balances = {{ USDT = "1000000000" }}
fees = {{ maker = "0.0002", taker = "0.0004" }}

[[strategies]]
id = "busy"
type = "{strategy}"
params = {{ instrument = "BTCUSDT-PERP.SIM" }}

[risk.default]
max_order_value = "100000000"
max_order_quantity = "1000000"
max_position = "1000000"
max_orders = 1000000
collar = {{ max_deviation_bps = "5000" }}

[daemon]
snapshot_every_s = {no_snapshots}
snapshot_every_inputs = {no_snapshots}

[daemon.journal]
durability = "{durability}"

[tape]
enabled = {tape}
"""


class SteppedClock:
    """A clock that the one who turns the core moves on."""

    def __init__(self, start: int) -> None:
        self.last = start

    def now(self) -> int:
        """The time, above the last reading."""
        self.last += 1
        return self.last

    def behind_s(self, _until: int) -> float:
        """It is always in time."""
        return 0.0

    def wait_s(self, _until: int) -> float:
        """Nothing is due by itself."""
        return 1.0


def write_quotes(catalog: Path, count: int, *, seed: int = 1, step_ns: int = STEP_NS) -> None:
    """A walk of `count` quotes."""
    perp = perpetual(2)
    random = np.random.default_rng(seed)
    steps = random.integers(-20, 21, count)
    bid = 5_000_000 + np.cumsum(steps) - np.cumsum(steps).mean().astype(np.int64)
    stamps = BEGIN + np.arange(count, dtype=np.int64) * step_ns
    size = np.full(count, 1_000_000, np.int64)
    columns = {"ts_event": stamps, "ts_received": stamps, "bid": bid, "ask": bid + 10}
    columns |= {"bid_size": size, "ask_size": size}
    made = Catalog(catalog)
    made.add_instruments([perp])
    made.write("quote", perp.id, columns, source="a walk")


def write_config(
    path: Path, strategy: str, *, durability: str = "process", tape: bool = True
) -> LoadedConfig:
    """A config of one strategy on those quotes."""
    path.write_text(
        _CONFIG.format(
            strategy=f"tests.benchmarks.cases.busy:{strategy}",
            durability=durability,
            tape=str(tape).lower(),
            no_snapshots=_BOUNDLESS,
        )
    )
    return load(path)


def options(folder: Path) -> RunOptions:
    """State and catalog beside each other."""
    return RunOptions(state_dir=folder / "state", catalog=folder / "catalog", feed="tape")


def start(loaded: LoadedConfig, folder: Path) -> Daemon:
    """The daemon, on a clock that is stepped."""
    daemon = Startup(loaded, options(folder)).run()
    daemon.core.clock = SteppedClock(daemon.session.kernel.now)
    return daemon


def next_quote(daemon: Daemon) -> None:
    """Turn until everything that follows from the next quote was sent and answered."""
    core, clock = daemon.core, daemon.core.clock
    assert isinstance(clock, SteppedClock)
    clock.last = max(clock.last, core.feed.next_ts() or 0)
    core.turn()
    while not core.is_quiet:
        if core.session.graph.path.waiting:
            core.wait()
        core.turn()
