"""The log: what a record looks like in each sink, what is dropped, and what never waits."""

import json
import os
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openoutcry.daemon.logs.journald import datagram, is_journal
from openoutcry.daemon.logs.limiter import RepeatLimiter
from openoutcry.daemon.logs.pipe import LogPipe
from openoutcry.daemon.logs.record import TEXT_MAX, Level, Record, human_line, json_line, show
from openoutcry.daemon.logs.setup import library_levels, open_log
from openoutcry.daemon.logs.sinks import FileSink, JsonSink
from openoutcry.daemon.masking import Masker
from openoutcry.state.enums import Side
from openoutcry.state.operation_config import LogConfig
from tests.daemon.operation.log_kit import Journald, Kept, Terminal, parse, pipe_to

CONTEXT = {"mode": "paper", "account": "main"}
TS = 1_772_366_400_123_456_789


def shown(event: str = "order_sent", level: int = Level.INFO, trace: str = "", **fields: Any):
    record = Record(TS, level, event, "broker", fields, trace)
    return show(record, CONTEXT, Masker())


@pytest.fixture
def journald(tmp_path):
    made = Journald(tmp_path)
    yield made
    made.close()


# --- shapes -------------------------------------------------------------------------------------


def test_a_json_line_has_time_level_event_context_and_ids():
    line = json_line(shown(seq=17, order="0000-1", side=Side.BUY, price=Decimal("1.10"), none=None))
    assert json.loads(line) == {
        "time": "2026-03-01T12:00:00.123456789Z",
        "ts": TS,
        "level": "info",
        "event": "order_sent",
        "logger": "broker",
        "mode": "paper",
        "account": "main",
        "seq": 17,
        "order": "0000-1",
        "side": "buy",
        "price": "1.10",
        "none": None,
    }
    assert line.endswith("}\n")


def test_a_human_line_fits_a_terminal_and_obeys_nothing():
    line = human_line(shown("from a venue: \x1b[2Jgone\nERROR forged", seq=1, text="a b"))
    assert line == (
        "2026-03-01T12:00:00.123456Z INFO     broker: from a venue: \\x1b[2Jgone\\x0aERROR forged"
        ' mode=paper account=main seq=1 text="a b"\n'
    )
    assert "\x1b[31m" in human_line(shown(level=Level.ERROR), colour=True)
    assert human_line(shown(trace="Traceback\n  x")).endswith("\n    Traceback\n      x\n")


def test_odd_values_never_break_a_line():
    class Bad:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    odd: dict[str, Any] = {
        "bad": Bad(),
        "nan": float("nan"),
        "big": 2**200,
        "raw": b"\xff\n",
        "half": "\ud800",
        "level": "taken",
        "mode": "taken",
        "api_key": "abc",
        "long": "x" * 100_000,
        "path": Path("a"),
    }
    document = json.loads(json_line(shown(**{k: v for k, v in odd.items() if k != "level"})))
    assert document["bad"] == "<Bad whose text raised RuntimeError>"
    assert (document["nan"], document["big"], document["half"]) == ("nan", 2**200, "?")
    assert (document["mode"], document["mode_"]) == ("paper", "taken")
    assert document["api_key"] == "***"
    assert document["long"].endswith("... (67232 more)")
    parse(datagram(shown(**{k: v for k, v in odd.items() if k != "level"})))


def test_a_value_is_masked_before_it_is_cut():
    masker = Masker()
    masker.add("s3cret-of-a-venue")
    text = "x" * (TEXT_MAX - 6) + "s3cret-of-a-venue"
    record = Record(TS, Level.ERROR, text, "core", {"text": text}, text * 40)
    assert "s3c" not in json_line(show(record, CONTEXT, masker))


# --- the hand-over ------------------------------------------------------------------------------


def test_a_burst_beyond_the_capacity_drops_the_newest_and_says_how_many():
    kept = Kept()
    pipe = LogPipe([kept], masker=Masker(), capacity=8, limiter=RepeatLimiter(10**6, 1.0))
    log = pipe.log("core")
    for seq in range(20):
        log.info("tick", seq=seq)
    for seq in range(5):
        log.error("trouble", seq=seq)
    pipe.start()
    assert pipe.close()
    assert [s.fields.get("seq") for s in kept.shown if s.event == "tick"] == list(range(8))
    assert [s.fields["seq"] for s in kept.shown if s.event == "trouble"] == [0, 1]  # their reserve
    (said,) = [s for s in kept.shown if s.event == "log_records_dropped"]
    assert said.fields["count"] == 12 + 3 == pipe.figures.dropped
    assert kept.closed


def test_a_sink_that_hangs_holds_up_nobody_who_logs():
    release = threading.Event()

    class Hanging(Kept):
        def write(self, batch):
            release.wait(30)
            super().write(batch)

    hanging = Hanging()
    pipe = pipe_to(hanging, capacity=100, limiter=RepeatLimiter(10**6, 1.0))
    log = pipe.log("core")
    log.error("first")
    started = time.thread_time()
    for _ in range(10_000):
        log.info("tick")
    assert time.thread_time() - started < 2
    assert pipe.figures.dropped > 9_000
    assert not pipe.flush(0.05)
    release.set()
    assert pipe.close()


def test_a_sink_that_fails_is_counted_and_the_others_go_on():
    class Failing(Kept):
        def write(self, batch):
            raise OSError("no room")

    kept = Kept()
    pipe = pipe_to(Failing(), kept)
    pipe.log("core").info("tick")
    assert pipe.close()
    assert kept.events == ["tick"]
    assert pipe.figures.failed == 1
    assert pipe.figures.written["info"] == 1


def test_flush_returns_when_what_was_said_is_written():
    kept = Kept()
    pipe = pipe_to(kept, limiter=RepeatLimiter(100, 10.0))
    log = pipe.log("core").bind(actor="risk", seq=1)
    for number in range(50):
        log.warning("tick", seq=number)
        if number % 10 == 0:
            assert pipe.flush()
            assert kept.shown[-1].fields == {"actor": "risk", "seq": number}
    assert pipe.close()


def test_levels_below_the_limit_make_no_record():
    kept = Kept()
    pipe = pipe_to(kept, level=Level.WARNING)
    log = pipe.log("core")
    for say in (log.debug, log.info, log.warning, log.critical):
        say(say.__name__)
    pipe.close()
    assert kept.events == ["warning", "critical"]


def test_repeats_are_counted_and_summed_up_but_never_critical_ones():
    limiter = RepeatLimiter(2, 10.0)

    def record(event: str, level: int = Level.ERROR, n: int = 0) -> Record:
        return Record(TS + n, level, event, "core", {"n": n})

    assert [limiter.admit(record("a", n=n), 0.0) for n in range(5)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert limiter.admit(record("b"), 0.0)
    assert all(limiter.admit(record("c", Level.CRITICAL), 0.0) for _ in range(9))
    assert limiter.due(9.9) == []
    (summary,) = limiter.due(10.0)
    assert (summary.event, summary.fields["held_back"], summary.fields["n"]) == ("a", 3, 4)
    assert limiter.admit(record("a"), 10.0)
    assert limiter.due(10.1, everything=True) == []


# --- sinks --------------------------------------------------------------------------------------


def test_a_file_is_private_and_opened_anew_when_it_was_moved(tmp_path):
    path = tmp_path / "outcry.log"
    sink = FileSink(path)
    sink.write([shown("one")])
    path.rename(tmp_path / "outcry.log.1")
    sink.write([shown("two")])
    path.unlink()
    sink.write([shown("three")])
    sink.close()
    sink = FileSink(path)
    sink.write([shown("four")])
    sink.close()
    assert (path.stat().st_mode & 0o777) == 0o600
    assert json.loads((tmp_path / "outcry.log.1").read_text())["event"] == "one"
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == [
        "three",
        "four",
    ]


def test_journald_gets_fields_of_its_own(journald):
    pipe = open_log(
        LogConfig(format="journald"), context=CONTEXT, masker=Masker(), stream=Terminal(),
        environ={}, journal=journald.path,
    )  # fmt: skip
    pipe.log("broker").warning("order_sent", seq=17, order="0000-1", text="two\nlines")
    fields = journald.receive()
    pipe.close()
    assert fields["MESSAGE"].startswith("order_sent mode=paper account=main seq=17 order=0000-1")
    assert fields["PRIORITY"] == "4"
    assert fields["SYSLOG_IDENTIFIER"] == "openoutcry"
    assert (fields["OO_SEQ"], fields["OO_MODE"], fields["OO_TEXT"]) == ("17", "paper", "two\nlines")
    assert len(fields["MESSAGE_ID"]) == 32
    assert int(fields["OO_TS"]) > 10**18


def test_a_record_larger_than_a_datagram_arrives_by_memory_file(journald):
    pipe = open_log(
        LogConfig(format="journald"), context={}, masker=Masker(), stream=Terminal(),
        environ={}, journal=journald.path,
    )  # fmt: skip
    try:
        raise ValueError("x" * 900_000)  # noqa: TRY301
    except ValueError as error:
        pipe.log("core").error("large", error)
    fields = journald.receive()
    pipe.close()
    assert fields["OO_TRACE"].count("x" * 1000) > 800
    assert fields["OO_EVENT"] == "large"


def test_without_journald_records_go_to_the_stream(tmp_path):
    stream = Terminal()
    pipe = open_log(
        LogConfig(format="journald"), context={}, masker=Masker(), stream=stream, environ={},
        journal=tmp_path / "none",
    )  # fmt: skip
    pipe.log("core").info("tick")
    assert pipe.close()
    assert json.loads(stream.getvalue())["event"] == "tick"


def test_the_format_follows_the_surroundings(tmp_path, journald):
    def first_byte(environ: dict[str, str], path: Path) -> str:
        with path.open("w+") as stream:
            pipe = open_log(
                LogConfig(), context={}, masker=Masker(), stream=stream, environ=environ,
                journal=journald.path,
            )  # fmt: skip
            pipe.log("core").info("tick")
            assert pipe.close()
            return path.read_text()[:1]

    file = tmp_path / "stderr"
    assert first_byte({}, file) == "{"
    assert first_byte({"JOURNAL_STREAM": "1:2"}, file) == "{"
    named = f"{file.stat().st_dev}:{file.stat().st_ino}"
    assert first_byte({"JOURNAL_STREAM": named}, file) == ""
    assert journald.receive()["OO_EVENT"] == "tick"
    assert not is_journal({"JOURNAL_STREAM": named}, -1)
    terminal = Terminal()
    pipe = open_log(LogConfig(), context={}, masker=Masker(), stream=terminal, environ={})
    pipe.log("core").info("tick")
    pipe.close()
    assert "INFO     core: \x1b[0mtick" in terminal.getvalue()


def test_the_config_names_levels_of_libraries():
    levels = library_levels(LogConfig(libraries={"websockets": "debug", "ib_async": "error"}))
    assert (levels["websockets"], levels["ib_async"], levels["urllib3"]) == (10, 40, 30)


# --- costs --------------------------------------------------------------------------------------


def test_the_command_line_imports_none_of_it():
    code = (
        "import sys\nfrom openoutcry.daemon.cli import main\nmain(['--help'])\n"
        "print([m for m in sys.modules if m.startswith(('openoutcry.daemon.logs', 'logging',"
        " 'openoutcry.daemon.alerts', 'openoutcry.daemon.metrics', 'openoutcry.daemon.masking',"
        " 'smtplib', 'ssl', 'socket'))], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_threads_that_log_at_once_lose_nothing():
    kept = Kept()
    pipe = pipe_to(kept, limiter=RepeatLimiter(10**6, 1.0), capacity=10**6)

    def talk(name: str) -> None:
        log = pipe.log(name)
        for seq in range(2_000):
            log.info("tick", seq=seq)

    threads = [threading.Thread(target=talk, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pipe.close()
    for n in range(4):
        mine = [s.fields["seq"] for s in kept.shown if s.logger == f"t{n}"]
        assert mine == list(range(2_000))


def test_a_json_stream_stays_open():
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        sink = JsonSink(stream)
        sink.write([shown()])
        sink.close()
        assert not stream.closed
