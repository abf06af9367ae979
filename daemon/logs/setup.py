"""The log of a daemon, as its config and its surroundings want it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from openoutcry.daemon.logs.journald import SOCKET, JournaldSink, is_journal
from openoutcry.daemon.logs.limiter import RepeatLimiter
from openoutcry.daemon.logs.pipe import LogPipe, Sink
from openoutcry.daemon.logs.record import Level
from openoutcry.daemon.logs.sinks import FallbackSink, FileSink, HumanSink, JsonSink
from openoutcry.daemon.masking import Masker
from openoutcry.state.durable_files import cannot_write
from openoutcry.state.operation_config import LogConfig

# Talkative at INFO about every connection; a config may say otherwise.
QUIET: Final = {"websockets": Level.WARNING, "urllib3": Level.WARNING, "asyncio": Level.WARNING}


def open_log(
    config: LogConfig,
    *,
    context: Mapping[str, Any],
    masker: Masker,
    stream: TextIO,
    environ: Mapping[str, str] = os.environ,
    folder: Path = Path(),
    journal: Path = SOCKET,
) -> LogPipe:
    """A log whose thread runs; close it.

    Args:
        config: `[log]`.
        context: What every record carries: `mode`, `account`, `config`.
        masker: Masks secrets.
        stream: Where it writes when journald does not read it: stderr as it was at the start.
        environ: Says whether journald reads it, and whether colours are wanted.
        folder: What a relative `file` starts from.
        journal: Journald's socket.

    Raises:
        JournalError: The file cannot be written to.
    """
    sinks: list[Sink] = [_stream_sink(config, stream, environ, journal)]
    if config.file is not None:
        path = folder / config.file
        try:
            sinks.append(FileSink(path))
        except OSError as error:
            raise cannot_write(path.parent, error) from error
    return LogPipe(
        sinks,
        masker=masker,
        context=context,
        level=Level[config.level.upper()],
        capacity=config.capacity,
        limiter=RepeatLimiter(config.burst, float(config.window_s)),
    ).start()


def library_levels(config: LogConfig) -> dict[str, int]:
    """Least levels of other libraries' loggers, for `Capture`."""
    return {**QUIET, **{name: Level[word.upper()] for name, word in config.libraries.items()}}


def _stream_sink(
    config: LogConfig, stream: TextIO, environ: Mapping[str, str], journal: Path
) -> Sink:
    kind = config.format
    terminal = stream.isatty()
    if kind == "auto":
        kind = "human" if terminal else "json"
        if is_journal(environ, _descriptor(stream)):
            kind = "journald"
    if kind == "journald":
        return FallbackSink(JournaldSink(journal), JsonSink(stream))
    if kind == "human":
        wanted = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        return HumanSink(stream, colour=terminal and wanted)
    return JsonSink(stream)


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return -1
