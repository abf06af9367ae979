"""What the service manager knows of a service, and whether its control socket answers."""

import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from openoutcry.daemon.service.places import Places
from openoutcry.daemon.service.world import Programs

_PROPERTIES: Final = (
    "LoadState", "UnitFileState", "ActiveState", "SubState", "Result", "StatusText", "MainPID",
    "NRestarts", "ActiveEnterTimestamp", "ExecMainStartTimestamp", "ExecMainExitTimestamp",
    "ExecMainCode", "ExecMainStatus", "WatchdogUSec", "WatchdogTimestamp", "MemoryCurrent",
)  # fmt: skip
_KILLED: Final = ("2", "3")
"""CLD_KILLED and CLD_DUMPED: the status is a signal's number."""
_WAIT_S: Final = 1.0
_EXITED: Final = "Main process exited"
_SIGNATURE: Final = b"\xff"
"""First byte that a ZeroMQ socket sends to whoever connects."""


class ServiceStatus(NamedTuple):
    """One service. `problem` is empty when it runs and answers."""

    facts: Mapping[str, str]
    last_exit: str
    control: str
    problem: str

    @property
    def runs(self) -> bool:
        """Whether the manager says that it is up."""
        return self.facts.get("ActiveState") in ("active", "reloading")


def ask(places: Places, programs: Programs) -> ServiceStatus:
    """Ask the service manager and the socket."""
    argv = (*places.manager, "show", places.instance, f"--property={','.join(_PROPERTIES)}")
    code, output = programs(argv)
    if code:
        return ServiceStatus({}, "", "", f"the service manager does not answer: {output}")
    facts = dict(line.partition("=")[::2] for line in output.splitlines() if "=" in line)
    status = ServiceStatus(facts, _last_exit(facts) or _exit_before(places, programs), "", "")
    if facts.get("LoadState") != "loaded":
        return status._replace(problem=f"there is no unit for {places.account}")
    if not status.runs:
        state, why = facts.get("ActiveState", "?"), facts.get("Result", "?")
        return status._replace(problem=f"it is {state} ({why})")
    control = listens(places.runtime / "control.sock")
    return status._replace(control=control, problem="" if control == "answers" else control)


def _last_exit(facts: Mapping[str, str]) -> str:
    """How it ended; empty while it runs."""
    when = facts.get("ExecMainExitTimestamp", "")
    kind = "signal" if facts.get("ExecMainCode") in _KILLED else "code"
    return f"{when}, {kind} {facts.get('ExecMainStatus', '?')}" if when else ""


def _exit_before(places: Places, programs: Programs) -> str:
    """How the process before this one ended: only the log knows that after a restart."""
    argv = (*places.log, "--no-pager", "--output=short-iso", "--lines=1", f"--grep={_EXITED}")
    code, output = programs(argv)
    lines = [line for line in output.splitlines() if _EXITED in line]
    if code or not lines:
        return "none that the log knows of"
    return f"{lines[-1].split()[0]},{lines[-1].rpartition(_EXITED)[2].rpartition(',')[2]}"


def listens(path: Path) -> str:
    """Whether somebody answers at a control socket: `answers`, or what is wrong in words."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as end:
        end.settimeout(_WAIT_S)
        try:
            end.connect(str(path))
            said = end.recv(1)
        except FileNotFoundError:
            return f"there is no control socket at {path}"
        except PermissionError:
            return f"the control socket at {path} is another user's: try as root"
        except OSError as error:
            return f"the control socket at {path} does not answer: {error.strerror or error}"
    return "answers" if said == _SIGNATURE else f"what listens at {path} is no control socket"


def rows(status: ServiceStatus) -> list[tuple[str, str]]:
    """Lines for people: name and value."""
    facts = status.facts
    watchdog = facts.get("WatchdogUSec", "")
    fed = facts.get("WatchdogTimestamp", "")
    named = [
        ("state", f"{facts.get('ActiveState', '?')} ({facts.get('SubState', '?')})"),
        ("status", facts.get("StatusText", "")),
        ("since", facts.get("ActiveEnterTimestamp", "")),
        ("at boot", facts.get("UnitFileState", "")),
        ("process", facts.get("MainPID", "")),
        ("restarts", facts.get("NRestarts", "")),
        ("last exit", status.last_exit),
        ("watchdog", f"{watchdog}, fed {fed}" if fed else watchdog),
        ("control", status.control),
    ]
    return [(name, value) for name, value in named if value]
