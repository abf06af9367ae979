"""Runs a peer's script so that one run gives its CPU and its wall seconds.

    PEER_PYTHON both_clocks.py SCRIPT ARGUMENT...

The scripts that use `peers_common` read `time.perf_counter` and print differences of it. Here a
reading carries both clocks, so does a difference, and `emit` prints each as `key` (wall) and
`key_cpu`. Nothing else of the script changes. Runs in the peer's environment: standard library only.
"""

import runpy
import sys
import time
from pathlib import Path
from typing import Any, Self

_wall = time.perf_counter


class Reading(float):
    """A wall clock reading, or a difference of two, with the CPU clock beside it."""

    cpu: float

    def __new__(cls, wall: float, cpu: float) -> Self:
        """Both clocks, in seconds."""
        made = super().__new__(cls, wall)
        made.cpu = cpu
        return made

    def __sub__(self, other: float) -> "Reading":
        return Reading(float(self) - float(other), self.cpu - getattr(other, "cpu", 0.0))

    def __round__(self, digits: Any = None) -> Any:
        return Reading(round(float(self), digits), round(self.cpu, digits))


def perf_counter() -> Reading:
    """Now, on both clocks."""
    return Reading(_wall(), time.process_time())


def main() -> None:
    """Run the script with both clocks."""
    script = Path(sys.argv[1])
    sys.path[0] = str(script.parent)
    sys.argv = sys.argv[1:]
    common: Any = __import__("peers_common")
    emit = common.emit

    def emit_both(**fields: Any) -> None:
        cpu = {f"{k}_cpu": v.cpu for k, v in fields.items() if isinstance(v, Reading)}
        plain = {k: float(v) if isinstance(v, Reading) else v for k, v in fields.items()}
        emit(**plain, **cpu)

    common.emit = emit_both
    time.perf_counter = perf_counter
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()
