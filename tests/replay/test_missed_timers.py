"""Timers that came due while nobody listened: over a restart, and never in a replay."""

import msgspec
import pytest

from openoutcry.actors.schedule import MOST_CALLS, Missed, Timer, checked
from openoutcry.actors.strategy import RecoveryGap, Strategy
from openoutcry.replay.live_session import LiveSession
from openoutcry.state.codec import encode
from openoutcry.state.config import Config
from openoutcry.state.errors import StrategyError
from openoutcry.state.events import (
    SessionReconciled,
    SessionResumed,
    SessionStarted,
    TimerFired,
)
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.memory_journal import MemoryJournal
from tests.harness import MINUTE, SECOND, T0, config, feed, play, session, strategy
from tests.markets import MARGIN, PERP, quote_walk

HOUR = 60 * MINUTE
FAR = 5 * MINUTE + 2 * SECOND
S = StrategyId("s")


class Waits(Strategy):
    """Sets one timer of each sort, and writes down when it hears of which."""

    class Params(Strategy.Params):
        missed: Missed

    class State(Strategy.State):
        heard: list[tuple[str, int, int]] = []
        stop_at: int | None = None

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(PERP.id)

    def on_start(self) -> None:
        missed = self.params.missed
        self.every("every", MINUTE, missed=missed)
        self.cron("cron", "*/2 * * * *", missed=missed)
        self.after("after", 90 * SECOND, missed=missed)
        self.after("far", FAR, missed=missed)
        self.set_timer("past", self.now - SECOND, missed=missed)

    def on_timer(self, timer: TimerFired) -> None:
        assert timer.ts + timer.late_ns == self.now
        self.state.heard.append((timer.name, timer.ts - T0, timer.late_ns))
        if timer.ts == self.state.stop_at:
            self.cancel_timer(timer.name)

    def on_recovered(self, gap: RecoveryGap) -> None:
        self.state.heard.append(("recovered", gap.ts - T0, 0))


def settings(missed: str) -> Config:
    chosen = [strategy(Waits, missed=missed)]
    return config(MARGIN, [feed(PERP.id, "quote")], chosen, currency="USDT")


def fresh(missed: str) -> LiveSession:
    made = LiveSession(settings(missed), [PERP], MemoryJournal(keep=True), start=T0, epoch=1)
    made.kernel.set_venues_active(False)
    return made


def state_of(made: LiveSession) -> Waits.State:
    state = made.graph.strategies[S].strategy.state
    assert isinstance(state, Waits.State)
    return state


def played(made: LiveSession, until: int) -> None:
    while made.play(until):
        pass


def over_a_gap(
    missed: str, *, stop_at: int | None = None, took: int = SECOND, numbered: bool = False
) -> list[tuple[str, int, int]]:
    """What is heard by a session that died at 60.5 s and came back at 4 min 10 s, and a minute on."""
    first = fresh(missed)
    first.inject(T0, SessionStarted(ts=T0))
    played(first, T0 + 60 * SECOND + SECOND // 2)
    state_of(first).stop_at = stop_at
    parts = first.snapshot()
    before = len(state_of(first).heard)
    first.graph.close()
    again = fresh(missed)
    again.restore(parts)
    back = T0 + 4 * MINUTE + 10 * SECOND
    last = again.kernel.seq, again.kernel.now
    again.kernel.jump(back)
    again.inject(
        back, SessionResumed(ts=back, last_seq=last[0], last_ts=last[1], clean=False, epoch=7)
    )
    played(again, back)
    played(again, back + SECOND // 2)
    reconciled = SessionReconciled(ts=back + took, last_seq=last[0])
    if numbered:
        again.plan(again.kernel.seq + 1, reconciled.ts, reconciled, encode(reconciled))
    else:
        again.inject(reconciled.ts, reconciled)
    played(again, back + MINUTE)
    heard = state_of(again).heard[before:]
    again.graph.close()
    return heard


FIRST = ("recovered", 4 * MINUTE + 11 * SECOND, 0)
LATER = [("every", 5 * MINUTE, 0), ("far", FAR, 0)]


def late(name: str, *minutes: float) -> list[tuple[str, int, int]]:
    back = 4 * MINUTE + 11 * SECOND
    return [(name, int(at * MINUTE), back - int(at * MINUTE)) for at in minutes]


def by_name(heard: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Timers of one moment come in the order in which they were set: that is not what is tested."""
    return sorted(heard, key=lambda item: ("after", "cron", "every").index(item[0]))


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("once", [*late("after", 1.5), *late("cron", 2), *late("every", 2)]),
        ("skip", []),
        ("all", [*late("after", 1.5), *late("cron", 2, 4), *late("every", 2, 3, 4)]),
    ],
)
def test_missed_times_are_told_as_the_strategy_has_chosen(missed, expected):
    heard = over_a_gap(missed)
    assert heard[0] == FIRST  # before that, nobody knows what became of its orders
    assert heard[-len(LATER) :] == LATER
    assert by_name(heard[1 : -len(LATER)]) == expected


@pytest.mark.parametrize("numbered", [False, True])
def test_what_comes_due_while_the_venues_are_asked_comes_after_that(numbered: bool) -> None:
    heard = over_a_gap("skip", took=55 * SECOND, numbered=numbered)
    assert heard == [("recovered", 5 * MINUTE + 5 * SECOND, 0)]
    heard = over_a_gap("once", took=55 * SECOND, numbered=numbered)
    assert heard[0][0] == "recovered"
    assert {at + late for _, at, late in heard[1:]} == {5 * MINUTE + 5 * SECOND}
    assert ("far", FAR, 3 * SECOND) in heard


def test_a_strategy_that_cancels_in_one_call_gets_no_more():
    heard = over_a_gap("all", stop_at=T0 + 3 * MINUTE)
    assert [at for name, at, _ in heard if name == "every"] == [2 * MINUTE, 3 * MINUTE]


@pytest.mark.parametrize("missed", ["once", "skip", "all"])
def test_a_replay_misses_nothing(missed):
    ready = play(session(settings(missed), [PERP], {("quote", PERP.id): quote_walk(1, 200)}))
    state = ready.graph.strategies[S].strategy.state
    assert isinstance(state, Waits.State)
    heard = state.heard
    assert ("past", -SECOND, SECOND) in heard  # late, and yet not missed
    assert {late for name, _, late in heard if name != "past"} == {0}
    assert [at for name, at, _ in heard if name == "every"][:2] == [MINUTE, 2 * MINUTE]


def test_of_very_many_the_last_are_told():
    now = T0 + 30 * 24 * HOUR
    times = Timer(due=T0, interval_ns=SECOND, missed="all").times(T0, now)
    assert len(times) == MOST_CALLS
    assert (times[-1], times[1] - times[0]) == (now, SECOND)
    times = Timer(due=T0, cron="* * * * *", missed="all").times(T0, now)
    assert len(times) == MOST_CALLS
    assert (times[-1], times[1] - times[0]) == (now, MINUTE)


def test_another_word_is_refused():
    with pytest.raises(StrategyError, match="missed='twice'"):
        checked("twice")  # type: ignore[arg-type]


def test_a_timer_of_an_older_snapshot_is_told_once():
    old = msgspec.msgpack.encode({"due": 5, "interval_ns": 7, "cron": ""})
    assert msgspec.msgpack.decode(old, type=Timer).missed == "once"
