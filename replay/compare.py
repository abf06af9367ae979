"""`outcry compare`: what really filled, beside what a replay of the tape would have filled.

The tape is played as any recording is: an ordinary replay, free-running, with the simulated venue of the
config. Its fills are set beside those of the session's journal, order by order, and the difference in
profit is split into its causes: how honest the backtest was. That the session can be played again exactly
is another question, which `parity` answers.
"""

from collections.abc import Iterable

import msgspec

from openoutcry.replay.compare_fills import Fill, Filled, filled, matched
from openoutcry.replay.compare_market import reference_prices
from openoutcry.replay.compare_parts import Account, Gap, Piece, pieces, totals
from openoutcry.replay.parity import session_start
from openoutcry.replay.rerun_inputs import Tape
from openoutcry.replay.session import ReplaySession
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.config import Config, FeedConfig
from openoutcry.state.enums import PriceType
from openoutcry.state.errors import RecoveryError
from openoutcry.state.instruments import Instrument
from openoutcry.state.journal_reader import JournalReader
from openoutcry.state.memory_journal import MemoryJournal


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders and fills each run had.

    Args:
        orders: Orders that passed risk in both runs, as `matched` says.
        orders_missed: Those of the modelled run only.
        orders_extra: Those of the session only.
        orders_moved: Those of both that were decided at another time.
        fills: Fills of the session.
        fills_modelled: Fills of the modelled run.
        alike: Orders of both runs that filled alike: same time, price, quantity and fee.
    """

    orders: int
    orders_missed: int
    orders_extra: int
    orders_moved: int
    fills: int
    fills_modelled: int
    alike: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A session beside its model; `pieces` are all quantities that filled in either."""

    counts: Counts
    rows: tuple[Gap, ...]
    totals: tuple[Gap, ...]
    pieces: tuple[Piece, ...]
    start: int
    end: int


def compare(
    config: Config,
    instruments: Iterable[Instrument],
    calendars: Iterable[Calendar],
    reader: JournalReader,
    tape: Tape,
    last_ts: int = 0,
) -> Comparison:
    """Replay a session's tape with modelled fills, and split the difference.

    Args:
        config: The config that it ran.
        instruments: As it knew them.
        calendars: As it knew them.
        reader: Its journal.
        tape: Its market data.
        last_ts: The last moment that the tape knows of.

    Raises:
        RecoveryError: It never began, or its beginning is gone.
    """
    start = session_start(reader)
    if start is None:
        raise RecoveryError(
            "the journal does not hold the session's beginning",
            remedy="a session that never began has nothing to compare",
        )
    real = filled(record.body for record in reader.records())
    return beside(config, tuple(instruments), tuple(calendars), real, tape, start, last_ts)


def beside(
    config: Config,
    instruments: tuple[Instrument, ...],
    calendars: tuple[Calendar, ...],
    real: Filled,
    tape: Tape,
    start: int,
    last_ts: int,
) -> Comparison:
    """What filled, beside the model: as `compare`."""
    end = max(start, last_ts, real.last_ts)
    session = ReplaySession(
        config,
        instruments,
        lambda feed, kind, bars: tape.chunks(_key(feed, kind, bars)),
        calendars=calendars,
        start=start,
        keep_records=True,
        final_stamps=True,
    )
    modelled = _modelled(session, end)
    moments = [
        (fill.instrument, fill.ts) for run in (modelled, real) for fill in run.fills.values()
    ]
    market = reference_prices(config, instruments, calendars, tape, start, moments, end)
    account = Account(session.universe, session.graph.books.names, market)
    rows = account.split(modelled, real)
    return Comparison(
        counts=_counts(modelled, real),
        rows=rows,
        totals=totals(rows),
        pieces=tuple(pieces(modelled, real)),
        start=start,
        end=end,
    )


def _key(feed: FeedConfig, kind: str, bars: tuple[str, PriceType] | None) -> StreamKey:
    bar = None if bars is None else f"{bars[0]}-{bars[1].value}"
    return StreamKey(kind, feed.instrument, bar)


def _modelled(session: ReplaySession, end: int) -> Filled:
    """What fills up to the session's last moment, the strategies running on."""
    journal = session.journal
    assert isinstance(journal, MemoryJournal)
    try:
        session.begin()
        while session.player.play(None, None, end) and session.kernel.reached < end:
            pass
    finally:
        session.graph.close()
    return filled(body for _, body in journal.records())


def _counts(modelled: Filled, real: Filled) -> Counts:
    there, here = modelled.decisions, real.decisions
    pairs = [pair for pair in matched(modelled, real).items() if pair[0] in there]
    fills, models = _plain(real), _plain(modelled)
    return Counts(
        orders=len(pairs),
        orders_missed=len(there) - len(pairs),
        orders_extra=len(here) - len(pairs),
        orders_moved=sum(there[model].ts != here[key].ts for model, key in pairs),
        fills=len(real.fills),
        fills_modelled=len(modelled.fills),
        alike=sum(models.get(model) == fills.get(key) for model, key in pairs),
    )


def _plain(run: Filled) -> dict[str, list[Fill]]:
    """The fills of each order, without its name."""
    return {
        key: [msgspec.structs.replace(fill, key="") for fill in fills]
        for key, fills in run.orders().items()
    }
