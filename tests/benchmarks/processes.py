"""Measures a process from outside: wall and CPU seconds, peak memory, and what it printed."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.peers import last_line
from tests.benchmarks.places import ROOT

_UNIT = 1024 if os.uname().sysname == "Linux" else 1  # of ru_maxrss; macOS counts bytes


def run(command: Sequence[str], limit_s: int, environ: Mapping[str, str]) -> dict[str, Any]:
    """Run a command to its end, or until its time is up.

    Args:
        command: What to run, from the checkout's folder.
        limit_s: Wall seconds; then the process and its children are killed.
        environ: Its environment.

    Returns:
        `line` (the JSON it printed), `process` (wall_s, cpu_s) and `peak_rss_mb`; or `error`.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environ), stdout=out, stderr=err, start_new_session=True
        )
        late = threading.Event()
        status, used = _wait(process, limit_s, late)
        wall = time.perf_counter() - started
        if late.is_set():
            return {"error": f"did not end in {limit_s} s"}
        printed, complaint = _text(out), _text(err)
    line = last_line(printed)
    if status or line is None:
        last = complaint.strip().splitlines() or ["printed no result"]
        return {"error": last[-1][:200]}
    return {
        "line": line,
        "process": {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime},
        "peak_rss_mb": round(used.ru_maxrss * _UNIT / 1e6, 1),
    }


def _wait(process: subprocess.Popen[bytes], limit_s: int, late: threading.Event) -> tuple[int, Any]:
    """The exit status and the resources used; an interrupted wait ends the process too."""

    def stop() -> None:
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit_s, stop)
    timer.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used


def _text(file: Any) -> str:
    file.seek(0)
    found: bytes = file.read()
    return found.decode(errors="replace")
