"""What would be printed past the log: each path is taken over, masked, and given back."""

import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from openoutcry.daemon.logs.capture import Capture, FaultFile, LineStream, log_stacks, report_left
from openoutcry.daemon.logs.record import Level
from openoutcry.daemon.masking import Masker
from tests.daemon.operation.log_kit import CANARY, Kept, pipe_to

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def pipe(kept):
    masker = Masker()
    masker.add(CANARY)
    made = pipe_to(kept, masker=masker)
    yield made
    made.close()


def test_other_libraries_are_captured_with_their_names_and_levels(kept, pipe):
    with Capture(pipe, {"noisy": Level.ERROR}):
        logging.getLogger("websockets.client").warning("closed %s", CANARY)
        logging.getLogger("noisy").warning("left out")
        logging.getLogger("odd").error("%d", "no number")
        logging.getLogger("deep").log(5, "left out")
        pipe.flush()
    assert [(s.logger, s.event, s.level) for s in kept.shown] == [
        ("websockets.client", "closed ***", Level.WARNING),
        ("odd", "%d (its arguments do not fit)", Level.ERROR),
    ]
    assert logging.getLogger("noisy").level == logging.NOTSET


def test_a_template_repeats_whatever_its_values(kept, pipe):
    with Capture(pipe):
        for number in range(100):
            logging.getLogger("urllib3").error("retry %d", number)
        pipe.flush()
        for number in range(30):
            logging.getLogger("py.warnings").warning("%s", f"warning {number}")
        pipe.flush()
    assert sum(s.logger == "urllib3" for s in kept.shown) == 20
    assert sum(s.logger == "py.warnings" for s in kept.shown) == 30


def test_uncaught_errors_warnings_and_prints_become_records(kept, pipe):
    before = (sys.stdout, sys.excepthook, threading.excepthook)

    class Leaves:
        def __del__(self) -> None:
            raise ValueError(f"in del {CANARY}")

    def fail() -> None:
        raise ValueError(f"in a thread {CANARY}")

    with Capture(pipe):
        thread = threading.Thread(target=fail, name="edge")
        thread.start()
        thread.join()
        Leaves()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"about {CANARY}", stacklevel=1)
        print(f"printed {CANARY}", end="")  # noqa: T201
        print("\nmore", file=sys.stdout)  # noqa: T201
        try:
            raise ValueError(f"nobody catches {CANARY}")  # noqa: TRY301
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        pipe.flush()
    assert (sys.stdout, sys.excepthook, threading.excepthook) == before
    assert "c4nary" not in repr(kept.shown)
    found = {s.event.split("\n")[0]: s for s in kept.shown}
    assert "in a thread ***" in found["uncaught_error_in_thread"].trace
    assert found["uncaught_error_in_thread"].fields["thread"] == "edge"
    assert "in del ***" in found["unraisable_error"].trace
    assert "nobody catches ***" in found["uncaught_error"].trace
    assert [s.fields["text"] for s in kept.shown if s.event == "stdout"] == ["printed ***", "more"]
    assert any(s.logger == "py.warnings" and "about ***" in s.event for s in kept.shown)


def test_a_line_without_end_is_cut(kept, pipe):
    stream = LineStream(pipe.log("x"), "stderr")
    stream.write("y" * 20_000)
    pipe.flush()
    assert len(kept.shown) == 1
    assert stream.writable()


def test_stacks_of_all_threads_are_logged_on_request(kept, pipe):
    log_stacks(pipe.log("signal"))
    pipe.flush()
    threads = {s.fields["thread"].split()[0] for s in kept.shown}
    assert {"MainThread", "openoutcry.log"} <= threads


def test_what_a_dying_interpreter_wrote_is_read_at_the_next_start(tmp_path, kept, pipe):
    file = tmp_path / "faults"
    code = (
        "import faulthandler, os, sys\nfrom pathlib import Path\n"
        "from openoutcry.daemon.logs.capture import FaultFile\n"
        f"FaultFile(Path({str(file)!r})).enable()\n"
        f"def trading(secret): faulthandler._sigsegv()\ntrading({CANARY!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -11
    assert "c4nary" not in file.read_text()
    faults = FaultFile(file)
    assert "in trading" in faults.left
    assert "Segmentation fault" in faults.left
    report_left(pipe.log("start"), faults.left)
    faults.close()
    again = FaultFile(file)
    assert again.left == ""
    again.close()
    pipe.flush()
    assert kept.shown[0].level == Level.CRITICAL
    assert (file.stat().st_mode & 0o777) == 0o600


def test_a_whole_process_prints_no_secret_anywhere(tmp_path):
    """Every path of a process at once, as its own process, with the secret in its environment."""
    code = """
import logging, os, sys, threading, warnings
from openoutcry.daemon.logs.capture import Capture
from openoutcry.daemon.logs.setup import open_log
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.secrets import Credentials
from openoutcry.state.operation_config import LogConfig
masker = Masker()
secret = Credentials(os.environ, masker).load("key")
value = secret.reveal()
pipe = open_log(LogConfig(format=sys.argv[1], level="debug", file="outcry.log"), context={"mode": "paper"},
    masker=masker, stream=sys.stderr)
capture = Capture(pipe).__enter__()
log = pipe.log("core")
log.info("plain " + value, field=value, secret=secret, nested={"deep": [value]}, raw=value.encode())
log.error("failed", ValueError(value))
logging.getLogger("sdk").error("header %s", {"X-MBX-APIKEY": value})
try:
    raise KeyError(value)
except KeyError:
    logging.getLogger("sdk").exception("request failed")
warnings.warn(value)
print(value); print(value, file=sys.stderr)
def fail(): raise RuntimeError(value)
thread = threading.Thread(target=fail); thread.start(); thread.join()
assert "OPENOUTCRY_CREDENTIAL_KEY" not in os.environ
pipe.flush()
raise SystemError("at the end " + value)
"""
    for kind in ("json", "human"):
        done = subprocess.run(
            [sys.executable, "-c", code, kind],
            cwd=tmp_path,
            env={
                "OPENOUTCRY_CREDENTIAL_KEY": CANARY,
                "PYTHONPATH": str(ROOT / "src"),
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        everything = done.stdout + done.stderr + (tmp_path / "outcry.log").read_text()
        assert "at the end ***" in everything
        assert "header" in everything
        assert done.returncode == 1
        assert "c4nary" not in everything
