"""Reference prices of a recorded session: what the market stood at, at given moments."""

from collections.abc import Callable, Iterable

from openoutcry.replay.compare_parts import Market
from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.parity import RerunJournal
from openoutcry.replay.rerun_inputs import Rows, Tape
from openoutcry.state.calendars import Calendar
from openoutcry.state.config import Config
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument


def reference_prices(
    config: Config,
    instruments: Iterable[Instrument],
    calendars: Iterable[Calendar],
    tape: Tape,
    start: int,
    moments: Iterable[tuple[InstrumentId, int]],
    end: int,
) -> Market:
    """The market alone, played up to each moment: prices as positions are valued at.

    Args:
        config: The config of the session.
        instruments: As it knew them.
        calendars: As it knew them.
        tape: Its market data.
        start: When it began.
        moments: Which prices are asked for.
        end: The last moment of the session.
    """
    session = LiveSession(
        config, instruments, RerunJournal(0), calendars=calendars, start=start, epoch=0
    )
    session.kernel.set_venues_active(False)
    for (
        actor
    ) in session.graph.strategies.values():  # their bars are built, and value what has no quote
        actor.silence(lambda: None)
    try:
        return _walk(session, tape, sorted({(ts, i) for i, ts in moments}), end)
    finally:
        session.graph.close()


def _walk(
    session: LiveSession, tape: Tape, moments: list[tuple[int, InstrumentId]], end: int
) -> Market:
    play = _player(session, Rows(session, tape))
    index = session.universe.index
    found: dict[tuple[InstrumentId, int], int] = {}
    for ts, instrument in moments:
        play(ts)
        price = session.market.valuation(index[instrument], 0)
        if price is not None:
            found[instrument, ts] = price
    play(end)
    marks = {
        (name, side): session.market.valuation(number, side)
        for name, number in index.items()
        for side in (-1, 0, 1)
    }
    return Market(at=found, end={key: mark for key, mark in marks.items() if mark is not None})


def _player(session: LiveSession, rows: Rows) -> Callable[[int], None]:
    """Plays up to a moment that is not before the last one."""
    known: int | None = session.kernel.now

    def play(moment: int) -> None:
        nonlocal known
        while known is not None and known < moment:
            known = rows.advance(moment)
            until = moment if known is None else min(known, moment)
            while session.play(until):
                session.journal.native.hand_over()
        while session.play(moment):
            pass
        session.journal.native.hand_over()

    return play
