"""Which machine and which versions the figures come from."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from tests.benchmarks.peers import PEERS, python_of


def processor() -> str:
    """The processor, and how many of it there are."""
    models = [
        line.partition(":")[2].strip()
        for line in _lines("/proc/cpuinfo")
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} x {models[0] if models else platform.machine()}"


def memory() -> str:
    """Size of the memory."""
    sizes = [line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    return f"{int(sizes[0]) / 1e6:.0f} GB" if sizes else "memory not known"


def ours() -> str:
    """What we run on."""
    packages = [f"{name} {metadata.version(name)}" for name in ("numpy", "polars", "msgspec")]
    return f"Python {sys.version.split()[0]}, {', '.join(packages)}"


def versions() -> list[str]:
    """A line per peer: its version and its Python."""
    return [f"{peer.title} on Python {python_of(peer)}" for peer in PEERS.values()]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
