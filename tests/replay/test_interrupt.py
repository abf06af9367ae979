"""Stopping a run, and looking at where it is, while nothing reaches a strategy."""

import pytest

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.engine import replay
from openoutcry.state.catalog import Catalog
from tests.harness import config, feed, session, strategy
from tests.markets import MARGIN, PERP, quote_walk

ROWS = 1_200_000


class Idle(Strategy):
    """Listens to nothing: the whole recording is passed over in the engine."""


SETTINGS = config(MARGIN, [feed(PERP.id, "quote")], [strategy(Idle)], currency="USDT")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalog")
    catalog = Catalog(folder)
    catalog.add_instruments([PERP])
    catalog.write("quote", PERP.id, quote_walk(3, ROWS), source="test")
    return folder


def test_a_run_is_interrupted_though_nothing_is_delivered(recorded):
    asked: list[bool] = []

    def interrupted() -> bool:
        asked.append(True)
        return len(asked) == 2

    result = replay(SETTINGS, catalog=recorded, interrupted=interrupted)
    assert (result.status, result.interrupted) == ("partial", True)
    assert 0 < result.events["quote"] < ROWS


def test_progress_is_told_where_the_run_stands_though_nothing_is_delivered(recorded):
    told: list[tuple[int, int]] = []
    result = replay(
        SETTINGS, catalog=recorded, progress=lambda seq, now, _first, _last: told.append((seq, now))
    )
    assert result.status == "complete"
    assert len(told) >= 2
    assert told == sorted(told)
    assert all(0 < seq <= result.events_total for seq, _ in told)


def test_where_a_run_pauses_changes_nothing():
    settings = config(MARGIN, [feed(PERP.id, "quote")], [strategy(Idle)], currency="USDT")
    hashes = set()
    for skip in (None, 997, 1):
        ready = session(settings, [PERP], {("quote", PERP.id): quote_walk(3, 5_000)})
        ready.begin()
        pauses = 0
        while ready.play(500, skip):
            pauses += 1
            assert ready.kernel.seq <= pauses * ((skip or 5_000) + 500)
        ready.end()
        assert pauses >= (0 if skip is None else 5_000 // (skip + 500))
        hashes.add((ready.journal_hash(), ready.state_hash()))
    assert len(hashes) == 1
