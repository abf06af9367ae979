"""What the system says of this process."""

import gc
import resource
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from openoutcry.daemon.metrics.exposition import Family, by, one

_SELF: Final = Path("/proc/self")


def families(proc: Path = _SELF) -> Iterable[Family]:
    """Memory, descriptors, threads, CPU and garbage collection; what the system hides is left out."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    yield one("process_cpu_seconds", "counter", "CPU time, all threads.", cpu)
    memory = status(proc)
    for name, key, text in (
        ("process_resident_memory_bytes", "VmRSS", "Resident memory."),
        ("openoutcry_anonymous_memory_bytes", "RssAnon", "Resident memory without mapped files."),
        ("process_virtual_memory_bytes", "VmSize", "Address space."),
        ("openoutcry_swapped_bytes", "VmSwap", "Memory that was swapped out."),
    ):
        yield one(name, "gauge", text, memory.get(key))
    yield one("process_open_fds", "gauge", "Open file descriptors.", open_files(proc))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    yield one("process_max_fds", "gauge", "Most that may be open.", limit if limit >= 0 else None)
    yield one("openoutcry_threads", "gauge", "Python threads.", threading.active_count())
    faults = (("major", usage.ru_majflt), ("minor", usage.ru_minflt))
    yield by("openoutcry_page_faults", "counter", "Page faults.", "kind", faults)
    stats = gc.get_stats()
    runs = ((str(n), each["collections"]) for n, each in enumerate(stats))
    yield by("python_gc_collections", "counter", "Garbage collections.", "generation", runs)
    found = ((str(n), each["collected"]) for n, each in enumerate(stats))
    yield by("python_gc_objects_collected", "counter", "Objects freed.", "generation", found)
    lost = ((str(n), each["uncollectable"]) for n, each in enumerate(stats))
    yield by("python_gc_objects_uncollectable", "counter", "Not freeable.", "generation", lost)
    version = ".".join(map(str, sys.version_info[:3]))
    yield by("python_info", "gauge", "The interpreter; always 1.", "version", [(version, 1)])


def status(proc: Path) -> dict[str, int]:
    """Sizes of `/proc/PID/status` in bytes; empty where there is none."""
    try:
        text = (proc / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    rows = (line.split() for line in text.splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if row[2:] == ["kB"]}


def open_files(proc: Path) -> int | None:
    """Open descriptors."""
    try:
        return sum(1 for _ in (proc / "fd").iterdir())
    except OSError:
        return None
