"""The Python interpreters of this machine."""

import os
import subprocess
import sys
from pathlib import Path


def pythons() -> dict[tuple[int, ...], Path]:
    """Usable interpreters of this machine, 3.11 and newer, by (major, minor)."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found: dict[tuple[int, ...], Path] = {sys.version_info[:2]: Path(sys.executable)}
    for folder in folders:
        for candidate in sorted(folder.glob("python3.[1-9][0-9]")):
            asked = [str(candidate), "-c", "import ensurepip, sys; print(*sys.version_info[:2])"]
            answer = subprocess.run(asked, capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                version = tuple(int(part) for part in answer.stdout.split())
                found.setdefault(version, candidate)
    return {version: path for version, path in sorted(found.items()) if version >= (3, 11)}
