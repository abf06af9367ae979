"""What the documents say must be there and work."""

import re
from pathlib import Path

import pytest

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
    order = ["    make demo", "    make test", "**It does not trade.**", "## Install"]
    places = [readme.index(text) for text in order]
    assert places == sorted(places)


def test_make_lists_its_targets_and_there_are_at_most_twelve() -> None:
    makefile = (ROOT / "Makefile").read_text()
    documented = re.findall(r"^([a-z]+):.* ## .+$", makefile, flags=re.MULTILINE)
    declared = re.findall(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)[0].split()
    assert documented == declared
    assert len(declared) <= 12
