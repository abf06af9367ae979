"""Everything that would be printed past the log: other libraries, warnings, uncaught errors, stdout.

`Capture` takes these paths over and gives them back; what goes through it is masked like any record.
"""

import faulthandler
import io
import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from openoutcry.daemon.logs.pipe import Log, LogPipe, trace_of
from openoutcry.daemon.logs.record import Record, level_of
from openoutcry.state.durable_files import FILE_MODE

LINE_MAX: Final = 16 << 10


class Bridge(logging.Handler):
    """Passes records of the standard library's `logging` on; the logger's name is kept."""

    def __init__(self, pipe: LogPipe) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record over."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError, IndexError):
            text = f"{record.msg} (its arguments do not fit)"
        trace = ""
        if record.exc_info and record.exc_info[1] is not None:
            trace = trace_of(record.exc_info[1])
        elif record.stack_info:
            trace = record.stack_info
        level = level_of(record.levelno)
        # A bare "%s" (as of warnings) says nothing about what repeats.
        key = "" if record.msg == "%s" else str(record.msg)
        ts = self._pipe.clock()
        self._pipe.put(Record(ts, level, text, record.name, {}, trace, key))


class LineStream(io.TextIOBase):
    """A text stream whose lines become records: what a library prints is masked too."""

    def __init__(self, log: Log, event: str) -> None:
        super().__init__()
        self._log = log
        self._event = event
        self._part = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str, /) -> int:
        """Log each whole line."""
        with self._lock:
            *lines, self._part = (self._part + text).split("\n")
            if len(self._part) > LINE_MAX:
                lines.append(self._part)
                self._part = ""
        for line in lines:
            if line.strip():
                self._log.warning(self._event, text=line)
        return len(text)


class Capture:
    """While entered, nothing reaches the terminal but through the log.

    Args:
        pipe: Where it goes.
        levels: Least level by name of a library's logger, such as `{"websockets": Level.WARNING}`.
        streams: Whether stdout and stderr are taken over too; a sink must then hold the streams that
            were there before.
    """

    def __init__(
        self, pipe: LogPipe, levels: Mapping[str, int] | None = None, *, streams: bool = True
    ) -> None:
        self._pipe = pipe
        self._log = pipe.log("openoutcry.uncaught")
        self._levels = dict(levels or {})
        self._streams = streams

    def __enter__(self) -> Self:
        """Take over."""
        root = logging.getLogger()
        self._before_logging = (root.handlers[:], root.level)
        self._before_levels = {name: logging.getLogger(name).level for name in self._levels}
        root.handlers[:] = [Bridge(self._pipe)]
        root.setLevel(self._pipe.level)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(True)
        self._before_hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread
        sys.unraisablehook = self._unraisable
        self._before_streams = (sys.stdout, sys.stderr)
        if self._streams:
            log = self._pipe.log("openoutcry.printed")
            sys.stdout, sys.stderr = LineStream(log, "stdout"), LineStream(log, "stderr")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give back."""
        sys.stdout, sys.stderr = self._before_streams
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before_hooks
        logging.captureWarnings(False)
        root = logging.getLogger()
        root.handlers[:], level = self._before_logging
        root.setLevel(level)
        for name, before in self._before_levels.items():
            logging.getLogger(name).setLevel(before)

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._log.critical("uncaught_error", error.with_traceback(trace), kind=kind.__name__)
        self._pipe.flush()

    def _uncaught_in_thread(self, args: Any, /) -> None:
        if issubclass(args.exc_type, SystemExit):
            return
        error = args.exc_value or args.exc_type()
        name = args.thread.name if args.thread else "?"
        self._log.critical("uncaught_error_in_thread", error, thread=name)

    def _unraisable(self, args: Any, /) -> None:
        where = f"{args.err_msg or 'ignored in'} {type(args.object).__name__}"
        self._log.error("unraisable_error", args.exc_value, where=where)


def stacks() -> dict[str, str]:
    """What every thread is doing, by its name; without values, for a log on request."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {
        f"{names.get(ident, '?')} {ident}": "".join(traceback.format_stack(frame))
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - the only way
    }


def log_stacks(log: Log) -> None:
    """One record for each thread."""
    for name, stack in stacks().items():
        log.warning("thread_stack", thread=name, stack=stack)


class FaultFile:
    """A file of mode 0600 in which `faulthandler` writes when the interpreter itself dies.

    It writes names of files and functions, no values. What the last process left is read at the next
    start, logged like anything else (masked), and cleared.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(path, flags, FILE_MODE), "r+", errors="replace")
        self.left = self._file.read(1 << 20)
        """What the last process wrote when it died; an empty text if it did not."""
        os.ftruncate(self._file.fileno(), 0)
        self._file.seek(0)

    def enable(self) -> None:
        """Have the interpreter write here."""
        faulthandler.enable(self._file, all_threads=True)

    def close(self) -> None:
        """Give back."""
        faulthandler.disable()
        self._file.close()


def report_left(log: Log, left: str) -> None:
    """Log what a process left that died of a fault."""
    if left:
        log.critical("fault_of_the_last_process", dump=left)
