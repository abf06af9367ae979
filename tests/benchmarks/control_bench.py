"""Round trips over the control socket, and what publishing costs: `python -m tests.benchmarks.control_bench`.

The core is a fake that answers at once, so this is the cost of socket, protocol and threads.
"""

import socket
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from openoutcry.daemon.control.client import ControlClient, new_key
from openoutcry.daemon.control.keys import AllowList, make_key_pair
from openoutcry.daemon.control.places import RuntimeFolder
from openoutcry.daemon.control.protocol import Halt, Status
from openoutcry.daemon.control.publisher import EventPublisher
from openoutcry.daemon.control.server import Remote
from openoutcry.state.control_config import TcpAddress
from tests.control.fuzz import QuietCore
from tests.control.kit import serving, short_folder

ROUNDS = 20_000


def timed(call: Callable[[], object], rounds: int = ROUNDS) -> str:
    """p50 and p99 of a call, in microseconds."""
    spans = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        call()
        spans.append((time.perf_counter_ns() - began) / 1000)
    cuts = statistics.quantiles(spans, n=100)
    return f"{cuts[49]:>8.0f} {cuts[98]:>8.0f}"


def remote_in(folder: Path) -> Remote:
    """A daemon's keys and one client's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys, client = make_key_pair(folder / "server"), make_key_pair(folder / "client")
    clients = folder / "clients.toml"
    clients.write_text(f'[[clients]]\nname = "c"\nkey = "{client.public}"\nrole = "admin"\n')
    clients.chmod(0o600)
    return Remote(TcpAddress("127.0.0.1", port), keys, AllowList(clients))


def round_trips(folder: Path) -> None:
    """Queries and commands, local and remote."""
    from openoutcry.daemon.control.keys import load_key_pair

    remote = remote_in(folder)
    with serving(QuietCore(), folder / "run", remote=remote):  # type: ignore[arg-type]
        local = ControlClient(f"ipc://{folder}/run/control.sock")
        far = ControlClient(
            remote.address.endpoint,
            keys=load_key_pair(folder / "client"),
            server_key=remote.keys.public,
        )
        sys.stdout.write("round trip, µs              p50      p99\n")
        for name, client in (("ipc", local), ("tcp with CURVE", far)):
            sys.stdout.write(f"{name + ', query':<24}{timed(lambda c=client: c.ask(Status()))}\n")  # type: ignore[misc]
            command = timed(lambda c=client: c.command(Halt(key=new_key())))  # type: ignore[misc]
            sys.stdout.write(f"{name + ', command':<24}{command}\n")
        connect = timed(lambda: ControlClient(local.endpoint).close(), 200)
        sys.stdout.write(f"{'ipc, connect and hello':<24}{connect}\n")
        local.close()
        far.close()


def publishing(folder: Path) -> None:
    """What `publish` costs the core's thread."""
    held = RuntimeFolder(folder / "events")
    publisher = EventPublisher(held)
    publisher.start()
    body = bytes(200)
    count = 200_000
    began = time.perf_counter_ns()
    for number in range(count):
        publisher.publish(body, number=number, journal_seq=number)
    spent = (time.perf_counter_ns() - began) / count
    publisher.close(60)
    held.close()
    sys.stdout.write(f"publish, ns a call      {spent:>8.0f}\n")


if __name__ == "__main__":
    with short_folder() as place:
        round_trips(place)
        publishing(place)
