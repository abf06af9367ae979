"""The reference pages of the command line, the config and the result say what the program does."""

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from openoutcry.daemon.commands import COMMANDS
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.exit_codes import ExitCode
from openoutcry.replay import result
from openoutcry.state import (
    config,
    control_config,
    daemon_config,
    operation_config,
    risk_config,
    tape_config,
)
from tests.daemon import pages

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_cli_page_is_the_help_of_the_program():
    assert (REFERENCE / "cli.md").read_text() == pages.cli_page()


def command_lines(text: str) -> list[str]:
    """Every `outcry ...` of a page that is typed, in a code block or between backquotes."""
    text = re.sub(r"\\\n\s+", " ", text)  # a command that goes on in the next line
    found = re.findall(r"^(?:    )+(?:\$ )?(outcry .+)$", text, re.MULTILINE)
    return found + re.findall(r"`(outcry [^`\n]+)`", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_documented_command_line_parses(page):
    for text in command_lines(page.read_text()):
        words = shlex.split(text.split(" #")[0].split(" | ")[0])[1:]
        if {"COMMAND", "--help", "--version"} & set(words):
            continue
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS), None)
        assert name is not None, text
        rest = words[len(name.split()) :]
        if rest:  # a bare name speaks of the command
            COMMANDS[name].parse([word for word in rest if word != "..."])


def test_every_exit_code_has_a_test_of_its_own():
    text = (ROOT / "tests" / "daemon" / "test_cli.py").read_text()
    assert [c.value for c in ExitCode if f"def test_{c.value}_" not in text] == []


def sections(page: str) -> dict[str, set[str]]:
    """The first cells of the tables below each heading that names a struct."""
    found: dict[str, set[str]] = {}
    for part in re.split(r"^##+ ", page, flags=re.MULTILINE)[1:]:
        names = re.findall(r"`(\w+)`", part.splitlines()[0])
        cells = set(re.findall(r"^\| `(\w+)` ", part, re.MULTILINE))
        found |= dict.fromkeys(names, cells)
    return found


MODULES = (config, control_config, daemon_config, operation_config, risk_config, tape_config)
NO_SECTIONS = ("ConfigStruct", "OperationStruct", "TcpAddress")
SECTIONS = {
    name: each
    for module in MODULES
    for name, each in vars(module).items()
    if isinstance(each, type) and issubclass(each, msgspec.Struct) and name not in NO_SECTIONS
}


@pytest.mark.parametrize("name", SECTIONS)
def test_the_config_page_lists_every_key(name):
    documented = sections((REFERENCE / "config.md").read_text())
    assert documented[name] == set(SECTIONS[name].__struct_fields__)


@pytest.mark.parametrize("struct", [result.ReplayResult, result.Performance, result.Funnel])
def test_the_result_page_lists_every_field(struct):
    documented = sections((REFERENCE / "result.md").read_text())
    assert documented[struct.__name__] == {f.name for f in msgspec.structs.fields(struct)}


def test_the_example_of_the_config_page_is_a_config(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", (REFERENCE / "config.md").read_text(), re.DOTALL)
    file = tmp_path / "outcry.toml"
    file.write_text(text)
    assert load(file).config.run.name
