"""`outcry bugreport`: says what is in it first, holds what is needed to play again, and no secret."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics.facts import CoreFacts, FactsCell
from openoutcry.daemon.metrics.server import serve
from openoutcry.state.codec import encode
from openoutcry.state.events import TimerFired
from openoutcry.state.journal_admin import verify
from openoutcry.state.operation_config import MetricsConfig
from openoutcry.state.snapshots import Snapshot, SnapshotStore
from tests.daemon.operation.log_kit import CANARY
from tests.daemon.operation.test_doctor import CONFIG_TEXT
from tests.state.journal_kit import Watch, filled, opened, write
from tests.state.tape_kit import QUOTE, Session
from tests.state.tape_kit import opened as opened_tape

ROOT = Path(__file__).resolve().parents[3]
OUTSIDE = (
    '{"stream":{"kind":"quote","instrument":"BTCUSDT-PERP.SIM","bar":null},'
    '"file":"../../../outside.parquet","row":0,"rows":0,"digest":""}'
)
RUN = "import sys; from openoutcry.daemon.cli import main; sys.exit(main())"


def run(capsys, *words: object) -> tuple[int, str, str]:
    code = cli.main(["bugreport", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def unpacked(archive: Path, to: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")
    return to / "openoutcry-report"


@pytest.fixture
def state(tmp_path) -> Path:
    return filled(tmp_path / "state", 20)


def test_without_yes_it_only_says_what_would_be_in_it(capsys, state, tmp_path):
    out = tmp_path / "r.tar.gz"
    code, said, listed = run(capsys, state, "--out", out)
    assert code == 0
    assert said == "nothing was written: look at the list, then add --yes\n"
    assert not out.exists()
    for name in ("versions.json", "doctor.json", "journal.jsonl", "slice/journal/data.mdb"):
        assert name in listed
    assert "config.toml: missing, no --config was given" in listed


def test_with_yes_it_is_written_once_and_for_its_owner_only(capsys, state, tmp_path):
    out = tmp_path / "r.tar.gz"
    code, said, _ = run(capsys, state, "--out", out, "--yes", "--json")
    assert code == 0
    document = json.loads(said)
    assert document["file"] == str(out)
    assert out.stat().st_mode & 0o777 == 0o600
    report = unpacked(out, tmp_path / "x")
    assert {e["name"] for e in document["entries"]} <= {
        str(p.relative_to(report)) for p in report.rglob("*")
    }
    assert "versions.json" in (report / "CONTENTS.txt").read_text()
    assert run(capsys, state, "--out", out, "--yes")[0] == 2
    assert run(capsys, state, "--out", tmp_path / "no" / "r", "--yes")[0] == 2


def test_the_slice_can_be_restored_and_holds_what_came_after_its_snapshot(capsys, tmp_path):
    state = tmp_path / "state"
    watch = Watch()
    journal = opened(state, watch)
    for first, last in ((1, 100), (101, 200), (201, 300)):
        write(journal, watch, first, last)
        if last < 300:
            snapshot = Snapshot(last, journal.position(last), {"core": b"x"})
            SnapshotStore(state).write(snapshot)
    out = tmp_path / "r.tar.gz"
    command = [sys.executable, "-c", RUN, "bugreport", str(state), "--out", str(out), "--yes"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(  # while a daemon has it open
        [*command, "--last", "50"], capture_output=True, text=True, check=True, env=environment
    )
    journal.close()
    listed = done.stderr
    assert "slice/journal/data.mdb: from input 200 on" in listed
    report = unpacked(out, tmp_path / "x")
    assert cli.main(["restore", str(report / "slice"), str(tmp_path / "again")]) == 0
    found = verify(tmp_path / "again")
    assert found.problems == ()
    assert found.first is not None
    assert found.last is not None
    assert (found.first.seq, found.last.seq) == (200, 300)
    assert [s.name for s in SnapshotStore(tmp_path / "again").files()] == [f"{200:020}.snapshot"]
    older = tmp_path / "older.tar.gz"
    assert "from input 100 on" in run(capsys, state, "--out", older, "--yes", "--last", 150)[2]
    whole = tmp_path / "whole.tar.gz"
    assert "from input 0 on" in run(capsys, state, "--out", whole, "--yes", "--last", 10**9)[2]


def test_the_tape_of_the_slice_comes_along_under_its_own_names(capsys, tmp_path):
    state = tmp_path / "state"
    watch = Watch()
    journal = opened(state, watch)
    write(journal, watch, 1, 20)
    SnapshotStore(state).write(Snapshot(10, journal.position(10), {}))
    assert journal.close()
    tape = state / "tape"
    seq = 0
    for turns in (5, 4, 5, 6):  # three pieces in the catalog, the last one still raw
        session = Session(opened_tape(tape), seq=seq)
        for _ in range(turns):
            session.turn((QUOTE, 2))
        seq = session.seq
        session.tape.close(convert=turns != 6)
    index = next(tape.glob("index/00000002.json"))
    index.write_text(index.read_text().replace('"parts":[', '"parts":[' + OUTSIDE + ","))
    (state.parent / "outside.parquet").write_text("not of the tape")
    out = tmp_path / "r.tar.gz"
    code, _, listed = run(capsys, state, "--out", out, "--yes", "--last", 5)
    assert code == 0
    assert "outside" not in listed
    sliced = unpacked(out, tmp_path / "x") / "slice" / "tape"
    files = [path for path in sliced.rglob("*") if path.is_file()]
    held = {str(path.relative_to(sliced)) for path in files}
    all_of_it = {str(p.relative_to(tape)) for p in tape.rglob("*") if p.is_file()}
    # The snapshot is of input 10. What ends before it comes along once, the rest of before does not.
    assert all_of_it - held == {name for name in all_of_it if "00000001" in name}
    assert {"index/00000002.json", "index/00000003.json", "segments/00000004.tape"} <= held
    assert "not of the tape" not in "".join(p.read_text("latin-1") for p in files)


def test_no_secret_is_in_it_wherever_it_was(capsys, tmp_path, monkeypatch):
    state = tmp_path / "state"
    watch = Watch()
    journal = opened(state, watch)
    journal.append(1, TimerFired(owner="a", name=CANARY, ts=1))
    assert CANARY.encode() in encode(TimerFired(owner="a", name=CANARY, ts=1))
    journal.hand_over(1)
    assert journal.close()
    (state / "alerts.json").write_text(json.dumps({"x": CANARY}))
    (tmp_path / "outcry.log").write_text(json.dumps({"event": CANARY, "password": "hunter22"}))
    monkeypatch.setenv("OPENOUTCRY_CREDENTIAL_HOOK_URL", CANARY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an unknown secret")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    cell = FactsCell()
    cell.write(CoreFacts(at_s=0.0, halted={f"reason {CANARY}": ""}))
    server = serve(MetricsConfig(enabled=True, listen="127.0.0.1:0"), cell, masker=Masker())
    assert server is not None
    config = tmp_path / "outcry.toml"
    config.write_text(
        CONFIG_TEXT.replace("enabled = true", f'enabled = true\nlisten = "127.0.0.1:{server.port}"')
        + f'[log]\nfile = "outcry.log"\n# {CANARY}\n# api_key = "abcdefgh"\n'
    )
    out = tmp_path / "r.tar.gz"
    code, said, listed = run(capsys, state, "--config", config, "--out", out, "--yes")
    server.close()
    assert code == 0
    report = unpacked(out, tmp_path / "x")
    held = {str(p.relative_to(report)): p.read_bytes() for p in report.rglob("*") if p.is_file()}
    expected = {
        "config.toml",
        "metrics.txt",
        "log.jsonl",
        "journal.jsonl",
        "alerts.json",
        "doctor.json",
    }
    assert expected <= held.keys()
    assert b"openoutcry_halted" in held["metrics.txt"]
    everything = [*held.values(), said.encode(), listed.encode()]
    for word in (b"c4nary", b"hunter22", b"an unknown secret", b"abcdefgh"):
        assert not [data for data in everything if word in data]
    assert "slice/journal/data.mdb: from input 0 on (something was blanked)" in listed


def test_what_cannot_be_had_is_named_and_never_a_reason_for_no_report(capsys, tmp_path):
    out = tmp_path / "r.tar.gz"
    config = tmp_path / "outcry.toml"
    config.write_text(CONFIG_TEXT + '[log]\nfile = "none.log"\n')
    code, said, _ = run(
        capsys, tmp_path / "nothing", "--config", config, "--out", out, "--yes", "--json"
    )
    assert code == 0
    gone = {m["name"] for m in json.loads(said)["missing"]}
    assert {"alerts.json", "log.jsonl", "metrics.txt", "journal.jsonl", "slice"} <= gone
    assert "doctor.json" in {e["name"] for e in json.loads(said)["entries"]}
