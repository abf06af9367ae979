"""`outcry journal`, `outcry backup`, `outcry restore`: what they print, and how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.state.snapshots import Snapshot, SnapshotStore
from tests.state.journal_kit import Watch, filled, opened, write

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"


def run(capsys, *words: object) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def state(tmp_path) -> Path:
    return filled(tmp_path / "state", 20)


def test_verify_says_whole_or_what_is_wrong(capsys, state):
    code, out, _ = run(capsys, "journal", "verify", state)
    assert code == 0
    assert f"{state}: whole, 21 records, up to input 20" in out
    code, out, _ = run(capsys, "journal", "verify", state, "--json")
    document = json.loads(out)
    assert (code, document["ok"], document["last"], document["problems"]) == (0, True, 21, [])
    file = state / "journal" / "data.mdb"
    file.write_bytes(file.read_bytes().replace(b"TimerFired", b"TimerFixed", 1))
    code, out, _ = run(capsys, "journal", "verify", state)
    assert code == 3
    assert "its checksum is wrong" in out
    assert "1 errors" in out


def test_verify_checks_a_journal_that_another_process_writes(capsys, tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "state", watch)
    write(journal, watch, 1, 50)
    command = [sys.executable, "-c", RUN, "journal", "verify", str(tmp_path / "state"), "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    write(journal, watch, 51, 60)
    journal.close()
    document = json.loads(done.stdout)
    assert (document["ok"], document["records"]) == (True, 51)
    assert sorted(p.name for p in (tmp_path / "state").iterdir()) == ["journal", "lock"]


def test_show_prints_one_document_per_line(capsys, state):
    code, out, _ = run(capsys, "journal", "show", state, "--from", 18, "--limit", 2)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(line["number"], line["seq"]) for line in lines] == [(19, 18), (20, 19)]
    assert lines[0]["message"]["type"] == "TimerFired"


def test_tail_prints_the_last_ones(capsys, state):
    code, out, _ = run(capsys, "journal", "tail", state, "--lines", 3)
    assert code == 0
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [18, 19, 20]


def test_tail_follows_what_is_written(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "state", watch)
    write(journal, watch, 1, 5)
    command = [sys.executable, "-c", RUN, "journal", "tail", str(tmp_path / "state")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        [*command, "--lines", "1", "--follow"], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == 5
        write(journal, watch, 6, 7)
        assert [json.loads(process.stdout.readline())["seq"] for _ in range(2)] == [6, 7]
        process.terminate()
    journal.close()


def test_export_writes_every_record_and_never_over_a_file(capsys, state, tmp_path):
    out = tmp_path / "journal.jsonl"
    assert run(capsys, "journal", "export", state, "--out", out)[0] == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["number"] for line in lines] == list(range(1, 22))
    code, _, err = run(capsys, "journal", "export", state, "--out", out)
    assert code == 2
    assert "exists" in err
    assert run(capsys, "journal", "export", state, "--out", tmp_path / "no" / "x")[0] == 2


def test_a_backup_is_made_and_restored(capsys, state, tmp_path):
    code, out, _ = run(capsys, "backup", state, tmp_path / "b")
    assert code == 0
    assert "21 records up to input 20, 0 snapshots, verified" in out
    assert run(capsys, "backup", state, tmp_path / "b")[0] == 2
    code, out, _ = run(capsys, "restore", tmp_path / "b", tmp_path / "again", "--json")
    assert (code, json.loads(out)["records"]) == (0, 21)
    assert run(capsys, "restore", tmp_path / "b", tmp_path / "again")[0] == 2
    assert run(capsys, "journal", "verify", tmp_path / "again")[0] == 0


def test_compact_says_what_it_dropped(capsys, state):
    code, _, err = run(capsys, "journal", "compact", state)
    assert code == 3
    assert "remedy: run the daemon until" in err
    journal = opened(state)
    for seq in (10, 15):
        SnapshotStore(state).write(Snapshot(seq, journal.position(seq), {}))
    journal.close()
    code, out, _ = run(capsys, "journal", "compact", state, "--json")
    assert (code, json.loads(out)["dropped"]) == (0, 11)


@pytest.mark.parametrize(
    "words",
    [("journal", "verify"), ("journal", "show"), ("journal", "tail"), ("journal", "compact")],
)
def test_a_folder_without_a_journal_ends_with_3(capsys, tmp_path, words):
    code, _, err = run(capsys, *words, tmp_path)
    assert code == 3
    assert "X4003: there is no journal in" in err
    assert "remedy: name the state directory" in err
