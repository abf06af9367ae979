"""The unit is one that systemd takes, exposes little, and is documented line by line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from openoutcry.daemon.config_loader import load
from openoutcry.daemon.service.places import UNIT, places
from openoutcry.daemon.service.unit import _NOT_FOR_USERS, filled, resource, unit_text

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "service.md"
SCORE_MAX = 15  # tenths
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here"
)


def directives(text: str) -> list[str]:
    """Names of what is set, in order."""
    return re.findall(r"^([A-Z]\w+)=", text, re.MULTILINE)


def analyze(*words: str, runtime: Path = Path("/run")) -> subprocess.CompletedProcess[str]:
    """A user's manager has a runtime folder."""
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    command = ["systemd-analyze", *words]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(params=["system", "user"])
def unit(request, tmp_path):
    """The unit as it is installed; its scope is the folder's name."""
    folder = tmp_path / request.param
    folder.mkdir()
    file = folder / UNIT.replace("@", "@demo")
    file.write_text(unit_text(Path("/bin/true"), user=request.param == "user"))
    return file


@needs_systemd
def test_systemd_has_nothing_to_say_against_it(unit):
    done = analyze(f"--{unit.parent.name}", "--man=no", "verify", str(unit), runtime=unit.parent)
    said = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert (done.returncode, said) == (0, [])


@needs_systemd
def test_it_exposes_little_and_a_loosened_one_would_be_noticed(tmp_path):
    file = tmp_path / UNIT
    words = ("security", "--offline=true", "--no-pager", f"--threshold={SCORE_MAX}", str(file))
    text = unit_text(Path("/bin/true"), user=False)
    file.write_text(text)
    done = analyze(*words)
    if "unrecognized option" in done.stderr or "Unknown command" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at a file")
    assert done.returncode == 0, done.stdout + done.stderr
    loose = ("ProtectSystem=strict", "PrivateUsers=yes", "CapabilityBoundingSet=")
    file.write_text("".join(line for line in text.splitlines(True) if line.strip() not in loose))
    assert analyze(*words).returncode != 0


def test_the_reference_explains_each_directive_and_no_other():
    _, _, page = REFERENCE.read_text().partition("\n## Directives\n")
    cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`([A-Z]\w+)=", cell)}
    assert documented == set(directives(resource(UNIT)))


def test_the_user_s_unit_has_only_what_a_user_s_manager_can_do():
    system, own = resource(UNIT), unit_text(Path("/bin/true"), user=True)
    assert set(directives(system)) >= _NOT_FOR_USERS  # none is left from another time
    assert set(directives(own)) == set(directives(system)) - _NOT_FOR_USERS
    assert "WantedBy=default.target" in own
    assert "/var/lib" not in own
    assert "SystemCallFilter=@system-service" in own
    start = re.findall(r"^ExecStart=(.*)$", own, re.MULTILINE)
    assert start == [
        "/bin/true run --debug %E/openoutcry/%i/outcry.toml --state-dir %h/.local/state/openoutcry/%i"
    ]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/opt/openoutcry/bin/outcry", "/opt/openoutcry/bin/outcry"),
        ("/opt/my apps/outcry", '"/opt/my apps/outcry"'),
        ("/opt/100%/outcry", "/opt/100%%/outcry"),
        ("/opt/@ACCOUNT@/outcry", "/opt/@ACCOUNT@/outcry"),
    ],
)
def test_the_command_is_one_word_whatever_it_is_called(path, word):
    assert f"\nExecStart={word} run --debug %E/" in unit_text(Path(path), user=False)


@pytest.mark.parametrize("user", [False, True])
def test_what_is_filled_in_leaves_no_blank(user, tmp_path):
    where = places("demo", user=user, environ={"HOME": str(tmp_path)})
    for name in ("sysusers.conf", "example.toml"):
        assert not re.findall(r"@[A-Z]+@(?!demo)", filled(name, where))
    assert "@OUTCRY@" not in unit_text(Path("/bin/true"), user=user)


def test_the_example_is_a_config_for_the_account(tmp_path):
    file = tmp_path / "outcry.toml"
    file.write_text(filled("example.toml", places("binance-main", user=False)))
    loaded = load(file)
    assert loaded.config.run.name == "binance-main"
    assert loaded.catalog == Path("/var/lib/openoutcry/catalog")
    assert loaded.config.daemon.stop_policy == "leave"
