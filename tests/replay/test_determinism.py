"""The same config and data give the same decisions, however the data is cut or delivered."""

import hashlib
import random

import pytest

from openoutcry.actors.strategies.bollinger_reversion import BollingerReversion
from openoutcry.actors.strategies.ema_cross import EmaCross
from openoutcry.actors.strategies.market_maker import MarketMaker
from tests.harness import config, feed, play, session, strategy
from tests.markets import MARGIN, PERP, quote_walk

BTC = PERP.id
STRATEGIES = [
    strategy(EmaCross, "cross", instrument=BTC, size="0.1", fast=3, slow=8),
    strategy(MarketMaker, "maker", instrument=BTC, size="0.01", max_position="0.05"),
    strategy(BollingerReversion, "bands", instrument=BTC, size="0.2", period=5, timeframe="20t"),
]


def ready(rows=3_000, **options):
    settings = config(MARGIN, [feed(BTC, "quote")], STRATEGIES, currency="USDT")
    return session(settings, [PERP], {("quote", BTC): quote_walk(7, rows)}, **options)


def hashes(played):
    return played.journal_hash(), played.state_hash()


@pytest.fixture(scope="module")
def reference():
    played = play(ready())
    assert len(played.record.fills) > 100
    return hashes(played)


def test_the_same_run_twice_gives_the_same_hashes(reference):
    assert hashes(play(ready())) == reference


@pytest.mark.parametrize("chunk_rows", [1, 7, 1_000])
def test_how_the_data_is_cut_changes_nothing(reference, chunk_rows):
    assert hashes(play(ready(chunk_rows=chunk_rows))) == reference


def test_skipping_what_nobody_wants_changes_nothing(reference):
    assert hashes(play(ready(stepping=True))) == reference


def test_other_data_gives_other_hashes(reference):
    assert hashes(play(ready(rows=2_999)))[0] != reference[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_strategy_restored_from_a_snapshot_at_any_moment_decides_the_same(reference, seed):
    """All that a strategy remembers is in its snapshot."""
    print(f"seed {seed}")
    draw = random.Random(seed)
    played = ready()
    played.begin()
    while played.play(draw.randrange(1, 400)):
        name = draw.choice([item.id for item in STRATEGIES])
        before = played.graph.strategies[name].strategy
        played.graph.replace_strategy(played.graph.snapshot_strategy(name))
        assert played.graph.strategies[name].strategy is not before
    played.end()
    assert not played.graph.supervisor.errors
    assert hashes(played) == reference


def test_the_hash_covers_the_decision_record(reference):
    played = play(ready())
    digest = hashlib.sha256(repr(played.journal.records()).encode()).hexdigest()
    other = play(ready())
    assert hashlib.sha256(repr(other.journal.records()).encode()).hexdigest() == digest
