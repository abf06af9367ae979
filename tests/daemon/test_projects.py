"""`outcry init` and `outcry new strategy`: what they write works, and nothing is overwritten."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.config_loader import load


def outcry(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`outcry` as its own process in a folder."""
    code = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


def test_init_writes_a_project_and_says_what_to_type_next(tmp_path, capsys):
    assert cli.main(["init", str(tmp_path / "lab"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert sorted(said["written"]) == [
        str(tmp_path / "lab" / f) for f in sorted(files(tmp_path / "lab"))
    ]
    assert said["next"][0] == f"cd {tmp_path / 'lab'}"
    assert load(tmp_path / "lab" / "outcry.toml").config.strategies[0].id == "ema_trend"


def test_nothing_is_overwritten_and_then_nothing_is_written_at_all(tmp_path, capsys):
    (tmp_path / "README.md").write_text("mine")
    before = files(tmp_path)
    assert cli.main(["init", str(tmp_path)]) == 2
    assert "README.md exists" in capsys.readouterr().err
    assert files(tmp_path) == before


def test_a_place_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["init", str(tmp_path / "file" / "lab")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_new_strategy_is_a_module_a_test_and_a_config_section(tmp_path, capsys):
    assert cli.main(["new", "strategy", "mean_reversion", "--dir", str(tmp_path)]) == 0
    assert list(files(tmp_path)) == [
        "strategies/__init__.py",
        "strategies/mean_reversion.py",
        "tests/test_mean_reversion.py",
    ]
    assert 'type = "strategies.mean_reversion:MeanReversion"' in capsys.readouterr().out
    assert cli.main(["new", "strategy", "mean_reversion", "--dir", str(tmp_path)]) == 2
    assert cli.main(["new", "strategy", "other", "--dir", str(tmp_path)]) == 0


@pytest.mark.slow
def test_the_project_replays_and_its_tests_pass(tmp_path):
    """The commands that `init` prints, typed one after the other in a fresh folder."""
    said = json.loads(outcry(tmp_path, "init", "lab", "--json").stdout)
    lab = tmp_path / "lab"
    assert outcry(lab, "new", "strategy", "second").returncode == 0
    for step in said["next"][1:]:
        done = outcry(lab, *step.split()[1:])
        assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert (lab / "report.html").stat().st_size > 10_000
    summary = json.loads(outcry(lab, "replay", "outcry.toml", "--json").stdout)
    assert summary["status"] == "complete"
    assert summary["fills"] > 0
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    tests = subprocess.run(
        command, cwd=lab, env=environment, capture_output=True, text=True, check=False
    )
    assert tests.returncode == 0, tests.stdout
    assert "2 passed" in tests.stdout
