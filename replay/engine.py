"""`replay`: a config and a catalog in, a result out. The backtest of the same graph that trades live."""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.replay.collect import RunFacts, collect
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.decode_ahead import DecodeAhead
from openoutcry.replay.result import Measurement, ReplayResult
from openoutcry.replay.session import ReplaySession, build_universe, recorded_chunks
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog import StreamInfo
from openoutcry.state.config import Config
from openoutcry.state.errors import CatalogError, ConfigError
from openoutcry.state.instruments import AnyInstrument
from openoutcry.state.universe import Universe

Progress = Callable[[int, int, int, int], None]
"""Called with events so far, simulated time, and the first and last time of the data."""

# Between two looks at progress and Ctrl-C: inputs that were delivered, and those nobody asked for.
_SLICE: Final = 500
_SKIP: Final = 500_000
_EPOCH_BYTES: Final = 6


def replay(
    config: Config,
    *,
    catalog: Path | str | None = None,
    data: Dataset | None = None,
    start: int | None = None,
    end: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    interrupted: Callable[[], bool] | None = None,
    stepping: bool = False,
) -> ReplayResult:
    """Play recorded markets through the actor graph.

    Args:
        config: What runs; see docs/reference/config.md.
        catalog: Folder of the recorded data, read once.
        data: Instead of a catalog: recorded data that many runs share.
        start: Play from here (nanoseconds UTC), inclusive; None for the first datum.
        end: Play until here, exclusive; None for all.
        seed: Instead of the config's `run.seed`.
        progress: Told about twenty times a second where the run stands.
        interrupted: Asked between handlers whether to stop here, as after Ctrl-C.
        stepping: Bring every event to Python. Slower, same result: the proof of the fast path.

    Returns:
        The result. Equal config and data give equal results but for `measurement`. A run that was
        interrupted gives what happened until then, marked so.

    Raises:
        ConfigError: The config can't be run, or not exactly one of `catalog` and `data` is given.
        DataError: The data can't be used.
    """
    wall, cpu = time.monotonic(), time.process_time()
    if seed is not None:
        config = msgspec.structs.replace(config, run=msgspec.structs.replace(config.run, seed=seed))
    source = _source(catalog, data)
    instruments, calendars = source.instruments, source.calendars
    streams, universe, played = _fixed(config, source, (start, end))
    first = max(start or 0, min(stream.first_ts for stream in streams))
    last = min([max(stream.last_ts for stream in streams), *([end] if end is not None else [])])
    run_id = _run_id(config, played)
    with DecodeAhead() as ahead:
        session = ReplaySession(
            config,
            instruments,
            recorded_chunks(source, start, end, ahead),
            calendars=calendars,
            start=first,
            end=last,
            epoch=int.from_bytes(bytes.fromhex(run_id)[:_EPOCH_BYTES], "big"),
            stepping=stepping,
            universe=universe,
            final_stamps=source.catalog.is_tape,
        )
        stopped = _play(session, progress, interrupted or _never, (first, last))
    facts = RunFacts(run_id=run_id, interrupted=stopped, first_ts=first)
    result = collect(session, facts)
    return msgspec.structs.replace(
        result,
        measurement=measure(
            result.events_total, time.monotonic() - wall, time.process_time() - cpu
        ),
    )


def _fixed(
    config: Config, source: Dataset, span: tuple[int | None, int | None]
) -> tuple[list[StreamInfo], Universe, bytes]:
    """What parameters do not change: the streams, instruments and currencies, and their digests."""
    streams = source.remembered(
        "streams", (config.feeds, *span), lambda: _streams(config, source, *span)
    )
    universe = source.remembered(
        "universe",
        (config.feeds, config.venues, config.run, config.currencies),
        lambda: build_universe(config, source.instruments),
    )
    definitions = source.instruments, source.calendars
    played = source.remembered(
        "played", (streams, *span), lambda: _played(config, streams, definitions, span)
    )
    return streams, universe, played


def _source(catalog: Path | str | None, data: Dataset | None) -> Dataset:
    if data is not None and catalog is None:
        return data
    if data is None and catalog is not None:
        return Dataset(catalog, cache=False)
    raise ConfigError("a replay needs either a catalog or data, and not both")


def _play(
    session: ReplaySession,
    progress: Progress | None,
    interrupted: Callable[[], bool],
    span: tuple[int, int],
) -> bool:
    """Play to the end; whether it was interrupted before."""
    try:
        session.begin()
        while session.play(_SLICE, _SKIP):
            if progress is not None:
                progress(session.kernel.seq, session.kernel.now, *span)
            if interrupted():
                session.end(interrupted=True)
                return True
        session.end()
    finally:
        session.graph.close()
    return False


def _never() -> bool:
    return False


def _streams(config: Config, data: Dataset, start: int | None, end: int | None) -> list[StreamInfo]:
    """The recorded streams that the config plays, with data in the span.

    Raises:
        CatalogError: A feed has no data, or none in the span.
    """
    played: list[StreamInfo] = []
    for feed in config.feeds:
        for kind in feed.kinds:
            bars = sorted(set(feed.bars)) if kind == "bar" else [None]
            found = [data.stream(kind, feed.instrument, bar) for bar in bars]
            present = [stream for stream in found if stream is not None]
            if not present and not data.catalog.is_tape:  # a session may have seen none
                raise CatalogError(f"the catalog has no {kind} data of {feed.instrument}")
            played += present
    inside = [
        stream
        for stream in played
        if (start is None or stream.last_ts >= start) and (end is None or stream.first_ts < end)
    ]
    if not inside:
        raise CatalogError("no feed has data between --from and --to")
    return played


def _played(
    config: Config,
    streams: list[StreamInfo],
    definitions: tuple[list[AnyInstrument], list[Calendar]],
    span: tuple[int | None, int | None],
) -> bytes:
    """Digests of the span, instruments, calendars and data that a run plays."""
    played = [feed.instrument for feed in config.feeds]
    instruments = [item for item in definitions[0] if item.id in played]
    named = [item.calendar for item in instruments]
    calendars = [calendar for calendar in definitions[1] if calendar.name in named]
    data = [(s.kind, s.instrument, s.bar, s.rows, s.first_ts, s.last_ts) for s in streams]
    parts = map(msgspec.json.encode, (span, instruments, calendars, data))
    return b"".join(map(_native.digest, parts))


def _run_id(config: Config, played: bytes) -> str:
    """Names a run by its config and what it plays: 16 bytes, hex."""
    settings = _native.digest(msgspec.json.encode(config, order="deterministic"))
    return _native.digest(settings + played)[:16].hex()


def measure(events: int, wall_s: float, cpu_s: float) -> Measurement:
    """What a run cost this process."""
    return Measurement(
        wall_s=round(wall_s, 3),
        cpu_s=round(cpu_s, 3),
        events_per_s=float(round(events / wall_s)) if wall_s else 0.0,
        peak_rss_mb=round(_peak_rss() / 1e6, 1),
    )


def _peak_rss() -> int:
    """Bytes of resident memory at most, of this program alone.

    Linux hands `ru_maxrss` on to a program that a larger process starts; `VmHWM` begins anew.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts bytes
    return next(
        int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )
