"""What the documents say must be there and work."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import openoutcry
from openoutcry.actors.strategy import Strategy

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
STRATEGY_LINES_MAX = 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_strategy_of_the_readme_is_short_and_is_one() -> None:
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= STRATEGY_LINES_MAX
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)
    assert issubclass(names["EmaTrend"], Strategy)  # type: ignore[arg-type]


def test_the_readme_starts_with_the_two_commands_and_what_is_missing() -> None:
    readme = (ROOT / "README.md").read_text()
    order = ["    make demo", "    make test", "**It does not trade live.**", "## Install"]
    places = [readme.index(text) for text in order]
    assert places == sorted(places)


def test_make_lists_its_targets_and_there_are_at_most_twelve() -> None:
    makefile = (ROOT / "Makefile").read_text()
    documented = re.findall(r"^([a-z-]+):.* ## .+$", makefile, flags=re.MULTILINE)
    declared = re.findall(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)[0].split()
    assert documented == declared
    assert len(declared) <= 12


def test_the_decisions_are_numbered_once_and_all_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    numbers = [name[:4] for name in names]
    assert len(set(numbers)) == len(numbers)
    assert [path for path in names if (folder / path).read_text()[:6] != f"# {path[:4]}"] == []
    listed = re.findall(
        r"^\| \[(\d{4})\]\(([^)]+)\)", (folder / "README.md").read_text(), re.MULTILINE
    )
    assert listed == [(name[:4], name) for name in names]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_block_runs(page: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL):
        exec(compile(code, str(page), "exec"), {"__name__": "a_page"})


def test_the_version_is_that_of_the_project_and_importing_the_package_loads_nothing() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert openoutcry.__version__ == project["version"]
    code = (
        "import sys; before = set(sys.modules); import openoutcry;"
        "print(set(sys.modules) - before - {'openoutcry'})"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert loaded == "set()\n"


CHANGES = re.compile(r"took .*|\d+(\.\d+)? +MB|[0-9a-f]{32,}| +\d+ +\d+\.\d$", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["tutorial/first-replay.md"])
def test_the_tutorial_does_what_it_shows(page: str, tmp_path: Path) -> None:
    """Every `$ command` is typed, in a fresh folder; what the page shows below it is what it prints.

    Left out: what depends on the machine, the name of the run and its hashes (they change with messages).
    """
    folder = tmp_path
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(r"^    \$ (.+)\n((?:    (?!\$).*\n|\n(?=    (?!\$)))*)", text, re.MULTILINE)
    assert len(blocks) >= 5
    run = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
    for line, shown in blocks:
        words = shlex.split(line)
        if words[0] == "cd":
            folder /= words[1]
            continue
        command = [sys.executable, "-c", run, *words[1:]]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed = CHANGES.sub("", done.stderr + done.stdout)
        expected = [row.strip() for row in CHANGES.sub("", shown).splitlines() if row.strip()]
        missing = [
            row for row in expected if row not in re.sub(r"^ +", "", printed, flags=re.MULTILINE)
        ]
        assert not missing, printed
