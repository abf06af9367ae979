"""Feeds of a session: recorded rows as a replay sees them whenever they are polled, and back through a tape."""

import random

import numpy as np
import pytest

from openoutcry.actors.strategies.ema_cross import EmaCross
from openoutcry.actors.strategies.market_maker import MarketMaker
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.decode_ahead import DecodeAhead
from openoutcry.replay.engine import replay
from openoutcry.replay.session import ReplaySession, recorded_chunks
from openoutcry.replay.session_clock import SessionClock
from openoutcry.replay.synthetic_feed import SyntheticFeed
from openoutcry.replay.tape_feed import TapeFeed
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import BOOK_GAP, BOOK_LAST, BOOK_SNAPSHOT, StreamKey
from openoutcry.state.config import FeedConfig
from openoutcry.state.errors import CatalogError, ConfigError
from openoutcry.state.tape import TapeWriter, streams_of
from openoutcry.state.tape_config import TapeConfig
from tests.harness import SECOND, T0, columns, config, feed, play, strategy
from tests.markets import MARGIN, PERP, SPOT, narrow_walk, quote_walk, trade_walk

BTC, ETH = PERP.id, SPOT.id
ROWS = 3_000
STRATEGIES = [
    strategy(EmaCross, "cross", instrument=BTC, size="0.1", fast=3, slow=8, timeframe="10s"),
    strategy(MarketMaker, "maker", instrument=BTC, size="0.01", max_position="0.05"),
]


def slow(latency_us):
    """The feeds, one of them with a latency."""
    first = FeedConfig(instrument=BTC, kinds=("quote", "book", "trade"), latency_us=latency_us)
    return [first, feed(ETH, "quote")]


def settings(feeds):
    return config(MARGIN, feeds, STRATEGIES, currency="USDT")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A market of a book, its quotes and trades, and the quotes of another one."""
    path = tmp_path_factory.mktemp("data") / "catalog"
    catalog = Catalog(path)
    catalog.add_instruments([PERP, SPOT])
    book, top, trades = narrow_walk(7, ROWS)
    for kind, rows in (("quote", top), ("book", book), ("trade", trades)):
        catalog.write(kind, BTC, rows, source="test")
    catalog.write("quote", ETH, quote_walk(3, ROWS, price=200_000), source="test")
    return path


def played(path, feeds):
    """The hashes of a replay of a catalog; they do not depend on the run's id."""
    data = Dataset(path, cache=False)
    with DecodeAhead() as ahead:
        session = ReplaySession(
            settings(feeds),
            data.instruments,
            recorded_chunks(data, None, None, ahead),
            start=T0,
            end=T0 + 2 * ROWS * SECOND,
            final_stamps=data.catalog.is_tape,
        )
        play(session)
    assert len(session.record.fills) > 20
    return session.journal_hash(), session.state_hash()


def moments(draw, first, last):
    """Polling times: between rows, at rows, far apart."""
    now = first
    while now < last:
        now += draw.choice([1, SECOND // 3, SECOND, 97 * SECOND])
        yield now


def through(folder, feed, draw, last):
    """What a session does: poll, write, flush."""
    tape = TapeWriter(
        folder, streams_of(slow(0)), [PERP, SPOT], config=TapeConfig(segment_minutes=5)
    )
    assert feed.first_ts is not None
    for seq, now in enumerate(moments(draw, feed.first_ts - 1, last), 1):
        for stream, rows in feed.poll(now):
            assert int(rows["ts_received"][-1]) <= now
            tape.write(stream, rows)
        tape.flush(seq, now)
    assert tape.close()
    return folder / "catalog"


@pytest.mark.parametrize("latency_us", [0, 250_000])
def test_a_tape_of_a_tape_of_a_market_replays_as_the_market(written, tmp_path, latency_us):
    reference = played(written, slow(latency_us))
    catalog = written
    for number in range(2):
        draw = random.Random(number)
        source = TapeFeed(Dataset(catalog, cache=False), slow(latency_us))
        catalog = through(tmp_path / str(number), source, draw, T0 + (ROWS + 2) * SECOND)
        assert source.exhausted
        source.close()
        assert played(catalog, slow(latency_us)) == reference


def test_the_replay_of_a_tape_is_in_everything_the_replay_of_its_market(written, tmp_path):
    source = TapeFeed(Dataset(written), slow(0))
    catalog = through(tmp_path, source, random.Random(1), T0 + (ROWS + 2) * SECOND)
    source.close()
    one, other = (replay(settings(slow(0)), catalog=path) for path in (written, catalog))
    assert one.orders > 50
    assert (one.run_id, one.journal_hash, one.state_hash) == (
        other.run_id,
        other.journal_hash,
        other.state_hash,
    )


# --- polling ----------------------------------------------------------------------------------------


def one_stream(folder, kind, rows, **options):
    catalog = Catalog(folder)
    catalog.add_instruments([PERP])
    catalog.write(kind, BTC, rows, source="test")
    latency = options.pop("latency_us", 0)
    feeds = [FeedConfig(instrument=BTC, kinds=(kind,), latency_us=latency)]
    return TapeFeed(Dataset(folder, cache=False), feeds, **options)


def stamps(polled):
    return [int(ts - T0) for _, rows in polled for ts in rows["ts_received"]]


def test_rows_come_once_when_they_are_known_and_share_memory(tmp_path):
    ts = T0 + np.array([1, 1, 2, 5, 9])
    source = one_stream(tmp_path, "trade", trades(ts), latency_us=1)
    assert source.first_ts == T0 + 1_001
    assert source.poll(T0 + 1_000) == []
    assert stamps(source.poll(T0 + 1_001)) == [1_001, 1_001]
    assert source.next_ts() == T0 + 1_002
    polled = source.poll(T0 + 1_006)
    assert stamps(polled) == [1_002, 1_005]
    assert all(values.base is not None for values in polled[0][1].values())
    assert not source.exhausted
    assert stamps(source.poll(T0 + 10**9)) == [1_009]
    assert source.exhausted
    assert source.poll(2**62) == []
    source.close()


def trades(ts):
    rows = trade_walk(1, len(ts))
    return rows | {"ts_event": ts, "ts_received": ts}


def book(ts, flags):
    count = len(ts)
    return columns(
        ts_event=ts,
        ts_received=ts,
        update_id=range(1, count + 1),
        side=[1] * count,
        price=[100] * count,
        size=[1] * count,
        flags=flags,
    )


def test_a_message_of_a_book_comes_whole_with_its_first_row(tmp_path):
    flags = [BOOK_SNAPSHOT, 0, BOOK_LAST, 0, 0, BOOK_SNAPSHOT | BOOK_LAST, 0, BOOK_LAST]
    rows = book([T0 + ts for ts in (1, 1, 4, 5, 7, 8, 9, 9)], flags)
    source = one_stream(tmp_path, "book", rows)
    assert stamps(source.poll(T0 + 1)) == [1, 1, 4]
    assert stamps(source.poll(T0 + 4)) == []
    assert stamps(source.poll(T0 + 5)) == [5, 7], "it ends where a snapshot begins"
    assert stamps(source.poll(T0 + 8)) == [8]
    assert stamps(source.poll(T0 + 9)) == [9, 9]
    source.close()


def test_a_feed_without_data_is_an_error(tmp_path):
    Catalog(tmp_path).add_instruments([PERP])
    with pytest.raises(CatalogError, match="no trade"):
        TapeFeed(Dataset(tmp_path), [feed(BTC, "trade")])


# --- laps -------------------------------------------------------------------------------------------


def test_laps_are_whole_seconds_apart_with_new_numbers(tmp_path):
    ts = T0 + np.array([0, SECOND // 2, 2 * SECOND])
    source = one_stream(tmp_path, "trade", trades(ts), loop=True)
    rows = [rows for _, rows in source.poll(T0 + 8 * SECOND)]
    assert [int(ts - T0) for each in rows for ts in each["ts_received"]] == [
        lap * 3 * SECOND + at for lap in range(3) for at in (0, SECOND // 2, 2 * SECOND)
    ]
    assert [int(n) for each in rows for n in each["trade_id"]] == list(range(1, 10))
    assert not source.exhausted
    source.close()


def test_a_lap_begins_with_a_snapshot_or_a_gap(tmp_path):
    whole = one_stream(tmp_path / "a", "book", book([T0], [BOOK_SNAPSHOT | BOOK_LAST]), loop=True)
    half = one_stream(tmp_path / "b", "book", book([T0, T0 + 1], [BOOK_LAST] * 2), loop=True)
    flags = [
        [int(f) for _, rows in source.poll(T0 + 2 * SECOND + 1) for f in rows["flags"]]
        for source in (whole, half)
    ]
    assert flags[0] == [BOOK_SNAPSHOT | BOOK_LAST] * 3
    assert flags[1] == [1, 1, *[BOOK_LAST | BOOK_GAP, 1] * 2]
    whole.close()
    half.close()


@pytest.mark.parametrize("loop", [False, True])
def test_after_a_restart_it_goes_on_where_it_was(written, loop):
    def collect(source, draw, first, last):
        found: dict[StreamKey, list[tuple[int, ...]]] = {key: [] for key in streams_of(slow(9))}
        for now in [*moments(draw, first, last), last]:
            for key, rows in source.poll(min(now, last)):
                found[key] += zip(*(values.tolist() for values in rows.values()), strict=True)
        source.close()
        return found

    data = Dataset(written, cache=False)
    end = T0 + (ROWS * 5 // 2 if loop else ROWS) * SECOND
    middle = end - 100 * SECOND
    first = collect(TapeFeed(data, slow(9), loop=loop), random.Random(1), T0, end)
    source = TapeFeed(data, slow(9), loop=loop)
    source.skip(middle)
    second = collect(source, random.Random(2), middle, end)
    received = list(quote_walk(1, 1)).index("ts_received")
    for key, rows in first.items():
        assert [row for row in rows if row[received] > middle] == second[key] != []


# --- the synthetic market ---------------------------------------------------------------------------


def synthetic(seed=5, origin=T0, **options):
    feeds = [feed(BTC, "quote", "trade"), feed(ETH, "trade")]
    return SyntheticFeed(feeds, {BTC: PERP, ETH: SPOT}, seed=seed, origin=origin, **options)


def everything(source, last, draw, first=T0):
    found: dict[StreamKey, list[tuple[int, ...]]] = {}
    for now in [*moments(draw, first, last), last]:
        for key, rows in source.poll(min(now, last)):
            names = sorted(rows)
            values = (rows[name].tolist() for name in names)
            found.setdefault(key, []).extend(zip(*values, strict=True))
            assert (rows["ts_received"] <= min(now, last)).all()
    return found


def test_a_seed_is_a_market_whenever_it_is_polled():
    last = T0 + 3 * 3600 * SECOND
    first = everything(synthetic(), last, random.Random(1))
    assert everything(synthetic(), last, random.Random(2)) == first
    assert everything(synthetic(seed=6), last, random.Random(2)) != first
    assert {key: len(rows) > 1_000 for key, rows in first.items()} == dict.fromkeys(first, True)
    later = synthetic()
    later.skip(last - 600 * SECOND)
    rest = everything(later, last, random.Random(3), last - 600 * SECOND)
    assert rest == {key: rows[-len(rest[key]) :] for key, rows in first.items()}
    assert len(rest[StreamKey("quote", BTC)]) == 300


def test_the_synthetic_market_counts_in_the_units_of_its_instruments():
    for key, rows in synthetic(step_s=1).poll(T0 + 600 * SECOND):
        item = {BTC: PERP, ETH: SPOT}[key.instrument]
        price, size = ("bid", "bid_size") if key.kind == "quote" else ("price", "size")
        assert (rows[price] % item.tick_units == 0).all()
        assert (rows[size] % item.lot_units == 0).all()
        assert (rows["ts_received"][1:] >= rows["ts_received"][:-1]).all()


def test_the_synthetic_market_has_quotes_and_trades_only():
    with pytest.raises(ConfigError, match="no book data"):
        SyntheticFeed([feed(BTC, "book")], {BTC: PERP}, seed=1, origin=T0)
    with pytest.raises(ConfigError, match="steps of 7 s"):
        synthetic(step_s=7)


# --- the clock --------------------------------------------------------------------------------------


def test_the_clock_runs_at_its_speed_and_never_steps_back():
    wall = [1_000]
    clock = SessionClock(T0, lambda: wall[0], speed=50)
    assert clock.now() == T0 + 1
    wall[0] += 10
    assert [clock.now(), clock.now()] == [T0 + 500, T0 + 501]
    wall[0] -= 500
    assert clock.now() == T0 + 502
    wall[0] += 500
    assert clock.wait_s(T0 + 500 + 50 * SECOND) == 1
    assert clock.jump(T0 + 3600 * SECOND) == T0 + 3600 * SECOND
    assert clock.wait_s(T0) == 0
    wall[0] += 1
    assert clock.jump(T0) == T0 + 3600 * SECOND + 50
