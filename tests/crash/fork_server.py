"""Starts daemons by forking a process that has everything imported: `python -m tests.crash.fork_server`.

One line in, `[file for its output, words of daemon_child...]` as JSON; out comes the process id. To an empty
line it answers, when that process has ended, with its exit code (negative: the signal); until then the id
is not used again. It ends when its input does.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from tests.crash import daemon_child

# What a daemon imports late.
LATE = ("daemon.runner", "daemon.commands.run", "daemon.strategy_checks", "daemon.config_checks")


def child(output: str, words: list[str]) -> None:
    """What the forked process does; it does not return."""
    fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    code = 70
    try:
        code = daemon_child.main(Path(words[0]), words[1], int(words[2]), words[3:])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def main() -> None:
    """Serve."""
    for name in LATE:
        importlib.import_module(f"openoutcry.{name}")
    importlib.import_module("tests.scenarios.strategies")
    for line in sys.stdin:
        output, *words = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(output, words)
        say(pid)
        sys.stdin.readline()
        _, status = os.waitpid(pid, 0)
        say(os.waitstatus_to_exitcode(status))


def say(number: int) -> None:
    """One line out."""
    os.write(1, f"{number}\n".encode())


if __name__ == "__main__":
    main()
