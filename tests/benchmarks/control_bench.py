"""How long a daemon under load takes to answer: `python -m tests.benchmarks.control_bench [SPEED] [COUNT]`.

A real daemon on the synthetic market (half a quote a second of the session, and its trades), with a strategy
that hears every quote and asks for nothing. Another process asks `status`, one request after the other.
Inside the daemon the time counts from the request's bytes to those of its answer.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openoutcry.daemon.control.client import ControlClient
from openoutcry.daemon.control.protocol import Ping, Status
from tests.daemon.running import Running


def quantiles(times: list[float]) -> dict[str, float]:
    """Microseconds."""
    cuts = statistics.quantiles(times, n=100)
    found = {"p50": cuts[49], "p99": cuts[98], "max": max(times)}
    return {name: round(seconds * 1e6, 1) for name, seconds in found.items()}


def inside(config: str, catalog: str, state: str, speed: int) -> None:
    """The daemon, with a stopwatch at its desk; says on stderr what it showed."""
    from openoutcry.daemon.commands.run import SWITCH_S
    from openoutcry.daemon.config_loader import load
    from openoutcry.daemon.console import Console
    from openoutcry.daemon.notify import Notifier
    from openoutcry.daemon.runner import Runner
    from openoutcry.daemon.signals import Signals
    from openoutcry.daemon.startup import RunOptions, Startup

    sys.setswitchinterval(SWITCH_S)
    options = RunOptions(
        state_dir=Path(state), catalog=Path(catalog), feed="synthetic", speed=speed
    )
    signals = Signals()
    signals.__enter__()  # for as long as the process lives
    console = Console(sys.stdout, sys.stderr)
    daemon = Startup(load(Path(config)), options).run()
    runner = Runner(daemon, console, signals, Notifier(None))
    desk: Any = runner.steering.plane.server._desk
    took: list[float] = []
    began: dict[bytes, float] = {}
    take, send = desk.take, desk._send

    def timed_take(visitor: Any, frames: list[bytes]) -> None:
        began[frames[1]] = time.perf_counter()
        take(visitor, frames)

    def timed_send(address: Any, request_id: bytes, body: bytes) -> None:
        send(address, request_id, body)
        took.append(time.perf_counter() - began.pop(request_id))

    desk.take, desk._send = timed_take, timed_send
    runner.run()
    sys.stderr.write(json.dumps({"inside": quantiles(took[len(took) // 10 :])}) + "\n")


def outside(endpoint: str, count: int) -> Iterator[tuple[str, dict[str, float]]]:
    """What a client sees."""
    import msgspec

    with ControlClient(endpoint, timeout_s=30) as client:
        for name, request in (("ping", Ping()), ("status", Status())):
            times = []
            first = msgspec.msgpack.decode(client.ask(Status()))
            began = time.perf_counter()
            for _ in range(count):
                at = time.perf_counter()
                client.ask(request)
                times.append(time.perf_counter() - at)
            last = msgspec.msgpack.decode(client.ask(Status()))
            rate = (last["seq"] - first["seq"]) / (time.perf_counter() - began)
            yield name, {**quantiles(times), "inputs/s": round(rate), "lag_ms": last["lag"] / 1e6}


def main(speed: int = 20_000, count: int = 3000) -> None:
    """Run it and print."""
    import subprocess

    running = Running()
    try:
        text = running.config.read_text()
        running.config.write_text(text.replace("churner:Churner", "churner:Listener"))
        words = [str(running.config), str(running.folder / "catalog"), str(running.state)]
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.control_bench", "inside", *words, str(speed)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stderr is not None
        for line in child.stderr:
            print(line, end="")
            if line.startswith("PAPER demo"):
                break
        for name, found in outside(running.endpoint, count):
            print(name, found)
        child.terminate()
        print(child.communicate(timeout=60)[1].strip())
    finally:
        running.remove()


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        main(*map(int, sys.argv[1:]))
