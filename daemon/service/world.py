"""Carrying out a plan: files and programs, behind an interface that tests answer."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from openoutcry.daemon.files import write_whole
from openoutcry.daemon.service.plan import Folder, Plan, Remove, Run, Step, Write
from openoutcry.state.errors import OutcryError

_TIMEOUT_S: Final = 120
_PUBLIC: Final = 0o644


class ServiceError(OutcryError):
    """The service manager did not do what was asked."""

    code = "X0003"
    default_remedy = "see what `journalctl --boot --priority err` says"


class Programs(Protocol):
    """Runs programs."""

    def __call__(self, argv: Sequence[str], /) -> tuple[int, str]:
        """Exit code and output; 127 when there is no such program."""


def run_program(argv: Sequence[str]) -> tuple[int, str]:
    """See `Programs`."""
    try:
        done = subprocess.run(  # noqa: S603 - named in the plan, no shell
            argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        return 127, f"there is no {argv[0]} here"
    except (OSError, subprocess.TimeoutExpired) as error:
        return 126, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def carry_out(plan: Plan, programs: Programs, tell: Callable[[str], None]) -> None:
    """Do what a plan says, step by step, telling each.

    Raises:
        ServiceError: A program failed; the steps before it are done, and may be done again.
        UsageError: A file cannot be written.
    """
    for step in plan.steps:
        tell(_do(step, programs))


def _do(step: Step, programs: Programs) -> str:
    match step:
        case Folder(path, mode):
            if path.is_dir():
                return f"{path} is there"
            path.mkdir(mode, parents=True)
            path.chmod(mode)
        case Write(path, _, True) if os.path.lexists(path):
            return f"{path} is there, and is kept"
        case Write(path, text):
            write_whole(path, text.encode())
            path.chmod(_PUBLIC)
        case Remove(path):
            path.unlink(missing_ok=True)
        case Run(argv, must):
            code, output = programs(argv)
            if code and must:
                raise ServiceError(f"`{' '.join(argv)}` ended with {code}: {output}")
            if code:
                return f"{step}: {output}"
    return str(step)


def may_write(folder: Path) -> bool:
    """Whether a folder, or the nearest one above it that is there, can be written to."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
