"""The command line: what it prints where, how it ends, and what it costs to start."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.command import Command, Option
from openoutcry.daemon.commands import COMMANDS
from openoutcry.daemon.console import Console
from openoutcry.daemon.progress import Progress, line
from openoutcry.state.errors import (
    CommandRefused,
    ControlDenied,
    ControlTimeout,
    DataError,
    VenueError,
)

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "polars",
    "numpy",
    "ccxt",
    "zmq",
    "lmdb",
    "pykka",
    "cyclopts",
    "rich",
    "msgspec",
    "asyncio",
)
START_UP_CPU_S = 0.150


def process(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`outcry` as its own process."""
    code = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """`outcry` in this process: exit code, stdout, stderr."""
    code = cli.main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def probe(monkeypatch):
    """A command whose body the test gives."""

    def install(body):
        command = Command(
            name="probe",
            summary="Probe",
            description="Probe.",
            options=(Option("--count", "How often.", int, "N"),),
            examples=(("outcry probe", "Probe."),),
            run=body,
        )
        monkeypatch.setitem(COMMANDS, "probe", command)

    return install


# --- start-up -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("replay", "--help"), ("chek",)])
def test_nothing_heavy_is_imported_before_a_command_needs_it(words):
    code = (
        "import sys\nfrom openoutcry.daemon.cli import main\n"
        f"main({words!r})\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_costs_little():
    """CPU time of the best of five, so that a busy machine does not fail it."""
    code = (
        "import os, subprocess, sys\n"
        "before = os.times()\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "after = os.times()\n"
        "print(after.children_user - before.children_user"
        " + after.children_system - before.children_system)"
    )
    inner = "from openoutcry.daemon.cli import main; main(['--help'])"
    command = [sys.executable, "-c", code, sys.executable, "-c", inner]
    costs = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(costs) < START_UP_CPU_S


# --- help ---------------------------------------------------------------------------------------


def test_help_goes_to_stdout_and_names_every_command(capsys):
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    for name, command in COMMANDS.items():
        assert f"  {name}" in out
        assert command.summary in out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_examples_that_parse(capsys, name):
    code, out, _ = run(capsys, *name.split(), "--help")
    assert code == 0
    assert "examples:" in out
    assert max(map(len, out.splitlines())) <= 140
    for example, _ in COMMANDS[name].examples:
        words = example.split()
        assert words[: 1 + len(name.split())] == ["outcry", *name.split()]
        COMMANDS[name].parse(words[1 + len(name.split()) :])


def test_a_group_lists_its_commands(capsys):
    code, out, _ = run(capsys, "data", "--help")
    assert code == 0
    assert "data import" in out
    assert run(capsys, "data")[0] == 2


def test_the_version_is_that_of_the_package(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert out.startswith("outcry ")


# --- exit codes ---------------------------------------------------------------------------------


def test_0_when_the_command_did_its_work(capsys, probe):
    probe(lambda args, console: console.result(f"count {args.count}") or 0)
    assert run(capsys, "probe", "--count", "3") == (0, "count 3\n", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("chek",), "did you mean `outcry check`?"),
        (("data", "imprt"), "did you mean `outcry data import`?"),
        (("check",), "run `outcry check --help`"),
        (("check", "a.toml", "b.toml"), "has no argument b.toml"),
        (("replay", "a.toml", "--reprt", "x"), "did you mean --report?"),
        (("replay", "a.toml", "--rep", "x"), "has no option --rep"),
        (("replay", "a.toml", "--seed", "-1"), "--seed"),
        (("replay", "a.toml", "--from", "yesterday"), "is no time"),
        (("replay", "a.toml", "--from", "2024-02-01", "--to", "2024-02-01"), "not before --to"),
        (("data", "import", "x", "--format", "lena", "--out", "y"), "lena"),
        (("new", "strategy", "Bad-Name"), "is no module name"),
    ],
)
def test_2_when_the_command_line_makes_no_sense(capsys, words, says):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("error X0001: ")
    assert "\nremedy: " in err
    assert says in err


def test_2_without_a_command_with_help(capsys):
    code, out, _ = run(capsys)
    assert code == 2
    assert out.startswith("usage: outcry COMMAND")


def test_3_when_data_cannot_be_used(capsys, probe):
    def body(args, console):
        raise DataError("the tape is torn", remedy="mend it")

    probe(body)
    code, out, err = run(capsys, "probe")
    assert (code, out, err) == (3, "", "error X3000: the tape is torn\nremedy: mend it\n")


def test_4_when_a_daemon_refuses(capsys, probe):
    def body(args, console):
        raise CommandRefused("there is no strategy 'x'", remedy="did you mean y?")

    probe(body)
    code, out, err = run(capsys, "probe")
    assert (code, out) == (4, "")
    assert err == "error X8020: there is no strategy 'x'\nremedy: did you mean y?\n"


def test_75_when_a_daemon_does_not_answer_in_time(capsys, probe):
    def body(args, console):
        raise ControlTimeout("no answer")

    probe(body)
    assert run(capsys, "probe")[0] == 75


def test_69_when_a_venue_does_not_answer(capsys, probe):
    def body(args, console):
        raise VenueError("no answer")

    probe(body)
    assert run(capsys, "probe")[0] == 69


def test_77_when_the_daemon_does_not_allow_it(capsys, probe):
    def body(args, console):
        raise ControlDenied("Stop is for role admin")

    probe(body)
    assert run(capsys, "probe")[0] == 77


def test_78_when_the_config_is_wrong_with_every_mistake_and_remedy(capsys, tmp_path):
    config = tmp_path / "outcry.toml"
    config.write_text('[run]\nname = 5\nmdoe = "replay"\n')
    code, out, err = run(capsys, "check", str(config))
    assert (code, out) == (78, "")
    assert f"error X1000: {config}:2: run.name: expected text, got 5" in err
    assert 'remedy: did you mean "mode"?' in err
    assert err.count("error X1000: ") == err.count("remedy: ") == 4


def test_130_after_ctrl_c(capsys, probe):
    def body(args, console):
        raise KeyboardInterrupt

    probe(body)
    code, out, err = run(capsys, "probe")
    assert (code, out, err) == (130, "", "interrupted\n")


def test_141_when_the_reader_went_away():
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from openoutcry.daemon.cli import main; sys.exit(main(['--help']))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_1_when_nobody_foresaw_it_with_the_traceback_in_a_file(capsys, probe):
    def body(args, console):
        raise ZeroDivisionError("by zero")

    probe(body)
    code, out, err = run(capsys, "probe")
    assert (code, out) == (1, "")
    first, second = err.splitlines()
    assert first == "error X0002: unexpected ZeroDivisionError: by zero"
    file = Path(second.split("is in ")[1].split(";")[0])
    assert "Traceback" in file.read_text()
    file.unlink()


def test_debug_shows_the_traceback_at_once(capsys, probe):
    def body(args, console):
        raise ZeroDivisionError("by zero")

    probe(body)
    assert "Traceback" in run(capsys, "probe", "--debug")[2]


@pytest.mark.parametrize("words", [(), ("--json",), ("--debug",)])
def test_no_ending_prints_a_secret(capsys, probe, monkeypatch, words):
    from openoutcry.daemon import masking

    monkeypatch.setattr(masking, "PROCESS", masking.Masker())
    masking.PROCESS.add("s3cret-of-a-venue")

    def body(args, console):
        if words:
            raise ZeroDivisionError("key s3cret-of-a-venue")
        console.result("s3cret-of-a-venue")
        console.note("s3cret-of-a-venue")
        raise VenueError("key s3cret-of-a-venue", remedy="s3cret-of-a-venue")

    probe(body)
    _, out, err = run(capsys, "probe", *words)
    assert "***" in err
    said = out + err
    if "traceback is in " in err:
        file = Path(err.split("is in ")[1].split(";")[0])
        said += file.read_text()
        file.unlink()
    assert "s3cret" not in said.replace('"key s3cret-of-a-venue"', "")  # the line of the source


# --- output -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("chek",), ("check", "none.toml"), ("data", "ls", "nowhere")])
def test_json_is_one_document_for_errors_too(capsys, words):
    code, out, err = run(capsys, *words, "--json")
    document = json.loads(out)
    assert code != 0
    assert document["error"]["code"].startswith("X")
    assert document["error"]["problems"][0]["remedy"] in err


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    console = Console(Terminal(), Terminal())
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert console.paint("x", "red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert console.paint("x", "red") == "x"


def test_a_pipe_gets_no_colours_and_no_progress():
    done = process("check", "none.toml")
    assert done.returncode == 78
    assert "\x1b" not in done.stdout + done.stderr


class Lines:
    """A stream that keeps what was written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_shows_after_two_seconds_and_is_taken_away():
    now = [100.0]
    stream = Lines()
    progress = Progress(stream, lambda: now[0])  # type: ignore[arg-type]
    progress(10, 5, 0, 10)
    assert stream.written == []
    for now[0] in (102.0, 102.1, 102.3):
        progress(1_000_000, 5, 0, 10)
    assert len(stream.written) == 2
    progress.close()
    assert stream.written[-1] == "\r\x1b[2K"


def test_the_progress_line_says_where_it_is_how_fast_and_how_long():
    day = 86_400 * 10**9
    text = line(3_000_000, day // 4, 0, day, 2.0)
    assert text.startswith("1970-01-01 06:00 ━━━━━━──")
    assert text.endswith(" 25%  1.5 M events/s  ETA 0:06")
