"""A real service manager: the system in a container over a copy-on-write view of this machine's files.

Nothing is installed and nothing stays: the container's own layer lies on a tmpfs in a mount namespace of
its own. Inside, `machine_probe.py` runs as a oneshot unit, writes what it saw, and powers off.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl

import openoutcry

ROOT = Path(__file__).resolve().parents[3]
PROBE = Path(__file__).with_name("machine_probe.py")
_UNITS = {
    "probe.target": "[Unit]\nRequires=probe.service systemd-journald.service\n",
    "probe.service": (
        "[Unit]\nDefaultDependencies=no\nAfter=systemd-journald.service systemd-tmpfiles-setup.service\n"
        "Wants=systemd-tmpfiles-setup.service\n"
        "SuccessAction=poweroff-force\nFailureAction=poweroff-force\n"
        "[Service]\nType=oneshot\nExecStart=/opt/python/bin/python3 /opt/probe.py\n"
        "StandardOutput=file:/out/log\nStandardError=file:/out/log\nTimeoutStartSec=90s\n"
    ),
}
_INSIDE = """\
set -e
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir -p "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
rm -rf "$1/root/opt" "$1/root/out" "$1/root/etc/openoutcry" "$1/root/var/lib/openoutcry"
rm -f "$1/root/etc/machine-id" && : > "$1/root/etc/machine-id"
mkdir -p "$1/root/opt/python" "$1/root/opt/site" "$1/root/opt/package" "$1/root/out"
cp -r "$2/opt/." "$1/root/opt/"
cp "$2/units/"* "$1/root/etc/systemd/system/"
shift 2
exec "$@"
"""
_OUTCRY = """\
#!/opt/python/bin/python3
import sys
sys.path[:0] = {paths!r}
from openoutcry.daemon.cli import main
sys.exit(main())
"""


def why_not(folder: Path) -> str:
    """Why there can be no machine here; empty when there can. `folder` gets what is downloaded."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a system manager in a container needs root on Linux"
    if not Path("/usr/lib/systemd/systemd").exists() and not Path("/lib/systemd/systemd").exists():
        return "there is no systemd here"
    try:
        tried = subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True, check=False, timeout=10
        )
    except OSError:
        return "there is no unshare here"
    if tried.returncode:
        return "no mount namespace can be made here"
    return "" if nspawn(folder) else "systemd-nspawn is not here and cannot be downloaded"


def nspawn(folder: Path) -> Path | None:
    """The program: of this machine, else out of the distribution's package, which is only unpacked."""
    if found := shutil.which("systemd-nspawn"):
        return Path(found)
    unpacked = folder / "unpacked" / "usr/bin/systemd-nspawn"
    if unpacked.exists():
        return unpacked
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    get = ["apt-get", "download", "systemd-container"]
    try:
        subprocess.run(get, cwd=folder, capture_output=True, check=True, timeout=60)
        (package,) = folder.glob("systemd-container_*.deb")
        unpack = ["dpkg", "-x", str(package), str(folder / "unpacked")]
        subprocess.run(unpack, capture_output=True, check=True, timeout=60)
    except (subprocess.SubprocessError, ValueError):
        return None
    return unpacked if unpacked.exists() else None


def boot(folder: Path, *, nspawn_program: Path, timeout_s: float = 120) -> dict[str, Any]:
    """Boot it, have the probe run, and return what it saw."""
    package = Path(openoutcry.__file__).parent.parent
    inside = (
        Path("/opt/package") / package.relative_to(ROOT) if package.is_relative_to(ROOT) else None
    )
    paths = [str(inside or "/opt/package"), "/opt/site"]
    extra, out = folder / "extra", folder / "out"
    (extra / "opt/bin").mkdir(parents=True)
    (extra / "units").mkdir()
    out.mkdir()
    (folder / "machine").mkdir()
    shutil.copy(PROBE, extra / "opt/probe.py")
    outcry = extra / "opt/bin/outcry"
    outcry.write_text(_OUTCRY.format(paths=paths))
    outcry.chmod(0o755)
    for name, text in _UNITS.items():
        (extra / "units" / name).write_text(text)
    binds = {
        sys.base_prefix: "/opt/python",
        str(Path(pl.__file__).parent.parent): "/opt/site",
        str(ROOT if inside else package): "/opt/package",
    }
    command = [
        "unshare", "--mount", "--propagation", "private", "sh", "-c", _INSIDE, "sh",
        str(folder / "machine"), str(extra),
        str(nspawn_program), "--quiet", "--directory", str(folder / "machine/root"), "--register=no",
        "--keep-unit", "--private-network", "--boot", "--console=pipe", f"--bind={out}:/out",
        *(f"--bind-ro={source}:{target}" for source, target in binds.items()),
        "--", "systemd.unit=probe.target",
    ]  # fmt: skip
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip
    report = out / "report.json"
    log = (out / "log").read_text() if (out / "log").exists() else ""
    assert report.exists(), f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{log[-6000:]}"
    seen: dict[str, Any] = json.loads(report.read_text())
    return seen | {"log": log}
