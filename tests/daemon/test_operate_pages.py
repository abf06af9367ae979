"""The pages about a running daemon: every command line on them runs, every field is listed."""

import inspect
import re
import shlex
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.commands import COMMANDS, look, steer, tail, trade
from openoutcry.daemon.control import connect
from tests.daemon import answer_page, pages
from tests.daemon.played import LIMITED, PlayedDaemon, after, made

ROOT = Path(__file__).resolve().parents[2]
OPERATE = ROOT / "docs" / "how-to" / "operate.md"
VERBS = {
    command.name
    for module in (look, steer, trade, tail)
    for command in vars(module).values()
    if type(command).__name__ == "Command"
}


def test_the_answers_page_is_what_the_structs_say():
    assert answer_page.PAGE.read_text() == answer_page.page()


def test_every_field_that_is_explained_exists():
    for struct in answer_page.structs():
        told = re.findall(r"^    (\w+): ", inspect.cleandoc(struct.__doc__ or ""), re.MULTILINE)
        assert set(told) <= set(struct.__struct_fields__), struct.__name__


def test_every_verb_is_shown_with_what_it_prints():
    assert set(pages.SHOWN) == VERBS
    for name, line in pages.SHOWN.items():
        assert line.split()[1] == name
        assert pages.printed(line).startswith(("PAPER main", "2024-01-01")), line


def test_every_command_of_the_operators_page_works_in_its_order(monkeypatch, capsys):
    ready = after(made(pages.PLANS, risk=LIMITED), 30)
    daemon = PlayedDaemon(ready, name="main")
    daemon.new_config = ready.graph.config
    monkeypatch.setattr(connect, "connect", lambda _args: daemon)
    lines = re.findall(r"^    (outcry .+)$", OPERATE.read_text(), re.MULTILINE)
    assert len(lines) >= 15
    for line in lines:
        code = cli.main(shlex.split(line)[1:])
        captured = capsys.readouterr()
        assert code == 0, f"{line}\n{captured.err}"
    ready.graph.close()


@pytest.mark.parametrize("name", sorted(VERBS))
def test_the_examples_of_every_verb_are_command_lines_of_it(name):
    for example, _ in COMMANDS[name].examples:
        assert shlex.split(example)[1] == name
