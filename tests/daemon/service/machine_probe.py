"""Runs inside the container as root: installs the service, treats it badly, and writes what it saw."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

OUTCRY = "/opt/bin/outcry"
UNIT = "openoutcry@demo.service"
DROP_IN = """\
[Service]
WatchdogSec=4s
RestartSec=500ms
LoadCredential=token:/etc/openoutcry/credentials/demo/token
ExecStartPre=/bin/sh -c 'cd "$RUNTIME_DIRECTORY"; id -un > who; touch /etc/openoutcry/demo/x 2> refused; ls /home /root > homes 2>&1; true'
"""
MANAGER = """\
[Service]
Type=notify
User=somebody
Delegate=yes
RuntimeDirectory=somebody
RuntimeDirectoryMode=0700
Environment=XDG_RUNTIME_DIR=/run/somebody HOME=/srv/somebody
ExecStart=/lib/systemd/systemd --user
"""
seen: dict[str, object] = {}


def tell(text: str) -> None:
    """Into the log of the probe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(*argv: str) -> tuple[int, str]:
    """Exit code and output of a program."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if argv[1] != "show" and argv[0] != "journalctl":
        tell(f"$ {' '.join(argv)} -> {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode, (done.stdout + done.stderr).strip()


def show(name: str) -> str:
    """A property of the unit."""
    return run("systemctl", "show", UNIT, "--value", f"--property={name}")[1]


def until(what: str, condition, seconds: float = 30) -> None:
    """Wait for something, else say what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.1)


def journal() -> str:
    """What the unit and the manager said about it."""
    return run("journalctl", "--no-pager", "--output=cat", f"--unit={UNIT}")[1]


def is_up(restarts: int) -> bool:
    """Whether it is ready after so many restarts."""
    return show("ActiveState") == "active" and int(show("NRestarts")) >= restarts


def as_the_daemon(*argv: str) -> tuple[int, str]:
    """Run a program as the daemon's user, with the files that the daemon sees."""
    owner = str(Path("/var/lib/openoutcry/demo").stat().st_uid)
    user = ("setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups")
    return run("nsenter", f"--target={show('MainPID')}", "--mount", *user, *argv)


def install() -> None:
    """As the how-to says."""
    seen["install"] = run(OUTCRY, "service", "install", "demo")
    credential = Path("/etc/openoutcry/credentials/demo/token")
    credential.write_text("canary-of-the-machine")
    credential.chmod(0o600)
    drop_in = Path(f"/etc/systemd/system/{UNIT}.d/test.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(DROP_IN)
    catalog = "/var/lib/openoutcry/catalog"
    seen["synth"] = run(
        OUTCRY, "data", "synth", catalog, "--days", "1", "--instrument", "BTCUSDT.SYNTH"
    )[0]
    seen["check"] = run(OUTCRY, "check", "/etc/openoutcry/demo/outcry.toml")
    run("systemctl", "daemon-reload")


def start() -> None:
    """`systemctl start` returns when the daemon is ready."""
    began = time.monotonic()
    seen["start"] = run("systemctl", "start", UNIT)
    seen["start_s"] = time.monotonic() - began
    seen["state"] = show("ActiveState")
    seen["status"] = show("StatusText")
    runtime = Path("/run/openoutcry/demo")
    for name in ("who", "refused", "homes"):
        seen[name] = (runtime / name).read_text() if (runtime / name).exists() else None
    seen["token"] = as_the_daemon("cat", f"/run/credentials/{UNIT}/token")
    state = Path("/var/lib/openoutcry/demo")
    seen["modes"] = {
        str(p): oct(p.stat().st_mode & 0o777) for p in (state, runtime, state / "journal")
    }
    seen["owner"] = state.owner()
    seen["exposure"] = run("systemd-analyze", "security", "--no-pager", UNIT)[1].splitlines()[-1]


def treat_badly() -> None:
    """Reload, hang, crash."""
    seen["reload"] = run("systemctl", "reload", UNIT)[0]
    until("reload", lambda: "reloaded: " in journal())
    until("active after reload", lambda: show("ActiveState") == "active")
    os.kill(int(show("MainPID")), signal.SIGUSR1)
    until("dump", lambda: "most recent call first" in journal())
    seen["before"] = show("NRestarts")
    began = time.monotonic()
    os.kill(int(show("MainPID")), signal.SIGSTOP)
    until("restart after a hang", lambda: is_up(1))
    seen["hang_s"] = time.monotonic() - began
    began = time.monotonic()
    os.kill(int(show("MainPID")), signal.SIGKILL)
    until("restart after a kill", lambda: is_up(2))
    seen["crash_s"] = time.monotonic() - began
    seen["restarts"] = show("NRestarts")
    seen["token_later"] = as_the_daemon("cat", f"/run/credentials/{UNIT}/token")
    ask = (OUTCRY, "status", "--name", "demo")
    seen["asked_by_root"] = run(*ask)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    seen["asked_by_another"] = run(*nobody, *ask)
    seen["service_status"] = run(OUTCRY, "service", "status", "demo", "--json")


def end() -> None:
    """Stop, a config that cannot run, uninstall."""
    began = time.monotonic()
    seen["stop"] = run("systemctl", "stop", UNIT)[0]
    seen["stop_s"] = time.monotonic() - began
    seen["stopped"] = [show("ActiveState"), show("Result"), show("ExecMainStatus")]
    seen["journal"] = journal()
    config = Path("/etc/openoutcry/demo/outcry.toml")
    config.write_text(config.read_text().replace("[run]", "[runs]"))
    seen["bad_start"] = run("systemctl", "start", UNIT)[0]
    until("failed for good", lambda: show("ActiveState") == "failed", 10)
    seen["bad"] = [show("ActiveState"), show("ExecMainStatus"), show("NRestarts")]
    seen["uninstall"] = run(OUTCRY, "service", "uninstall", "demo")
    left = ("/etc/systemd/system/openoutcry@.service", "/etc/sysusers.d/openoutcry-demo.conf")
    seen["left"] = [name for name in left if Path(name).exists()]
    seen["kept"] = Path("/var/lib/openoutcry/demo/journal").is_dir()


def as_somebody(*argv: str) -> tuple[int, str]:
    """Run a program as a user with a service manager."""
    user = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups")
    return run(*user, "env", "XDG_RUNTIME_DIR=/run/somebody", "HOME=/srv/somebody", *argv)


def one_user() -> None:
    """The same for a user without any rights."""
    Path("/run/sysusers.conf").write_text('u somebody 4711 "" /srv/somebody\n')
    run("systemd-sysusers", "/run/sysusers.conf")
    Path("/srv/somebody").mkdir()
    os.chown("/srv/somebody", 4711, 4711)
    Path("/etc/systemd/system/manager.service").write_text(MANAGER)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "manager.service")
    seen["user_install"] = as_somebody(OUTCRY, "service", "install", "mine", "--user")
    catalog = "/srv/somebody/.local/share/openoutcry/catalog"
    as_somebody(OUTCRY, "data", "synth", catalog, "--days", "1", "--instrument", "BTCUSDT.SYNTH")
    unit = "openoutcry@mine.service"
    seen["user_start"] = as_somebody("systemctl", "--user", "start", unit)
    show_one = ("systemctl", "--user", "show", unit, "--value")
    seen["user_state"] = as_somebody(*show_one, "--property=ActiveState")[1]
    seen["user_status"] = as_somebody(*show_one, "--property=StatusText")[1]
    as_somebody(OUTCRY, "service", "status", "mine", "--user")
    seen["user_stop"] = as_somebody("systemctl", "--user", "stop", unit)[0]
    seen["user_journal"] = run("journalctl", "--no-pager", "--output=cat", "--unit=manager")[1]
    seen["user_kept"] = Path("/srv/somebody/.local/state/openoutcry/mine/journal").is_dir()


try:
    for step in (install, start, treat_badly, end, one_user):
        began = time.monotonic()
        step()
        tell(f"== {step.__name__}: {time.monotonic() - began:.1f} s")
except (OSError, ValueError) as error:
    seen["broke"] = repr(error)
finally:
    seen.setdefault("journal", journal())
    Path("/out/report.json").write_text(json.dumps(seen))
