"""One wheel holds the whole program and runs where the checkout has never been seen."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.pythons import pythons

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("actors", "daemon", "replay", "state", "systemd")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WHEEL_BYTES_MAX = 20_000_000
pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900)]


def run(*command: object, cwd: Path = ROOT) -> str:
    """Output of a command; its error output is shown when it fails."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with the tools of the lock."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def modules(wheel: Path) -> set[str]:
    """What a wheel installs, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def expected_modules() -> set[str]:
    """What the checkout holds, as the wheel should name it."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    own = [str(path.relative_to(ROOT)) for path in files if path.parent.name != "__pycache__"]
    plate = ["__init__.py", "_native.abi3.so", "_native.pyi", "py.typed"]
    return {f"openoutcry/{name}" for name in [*own, *plate]}


def test_one_wheel_serves_every_python_and_holds_every_module(wheel: Path) -> None:
    assert wheel.name.split("-")[2:4] == ["cp311", "abi3"]
    assert wheel.stat().st_size < WHEEL_BYTES_MAX
    assert modules(wheel) == expected_modules()


def test_a_wheel_built_from_the_source_archive_is_the_same(wheel: Path, tmp_path: Path) -> None:
    build = "import sys; from setuptools import build_meta as b; b.build_sdist(sys.argv[1])"
    run(sys.executable, "-c", build, tmp_path)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as unpacked:
        unpacked.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert (source / "Cargo.lock").read_bytes() == (ROOT / "Cargo.lock").read_bytes()
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARGO_TARGET_DIR", str(ROOT / "target"))  # the dependencies are built there
        run(*pip, "--wheel-dir", tmp_path, source)
    (rebuilt,) = tmp_path.glob("*.whl")
    assert modules(rebuilt) == modules(wheel)


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_the_command_runs_from_an_empty_environment(
    which: str, wheel: Path, tmp_path: Path
) -> None:
    found = pythons()
    version = min(found) if which == "oldest" else max(found)
    if which == "newest" and len(found) == 1:
        pytest.skip(f"Python {version[0]}.{version[1]} is the only one here")
    # Kept: `.ci/run` runs the suite on the newest Python from there.
    environment = ROOT / ".venvs" / which
    run(found[version], "-m", "venv", "--clear", environment)
    python = environment / "bin" / "python"
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "--require-hashes", "--requirement", ROOT / "requirements.lock")
    run(*pip, "install", "--no-deps", wheel)
    run(*pip, "check")
    assert VERSION in run(environment / "bin" / "outcry", "--version", cwd=tmp_path)
    where = "import openoutcry, openoutcry._native; print(openoutcry.__file__)"
    assert str(environment) in run(python, "-c", where, cwd=tmp_path)
