"""Data that many replays share gives what each alone would decode, and what the run decides with it."""

import pickle
import shutil

import numpy as np
import pytest

from openoutcry.actors.strategies.ema_cross import EmaCross
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.engine import replay
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError, ConfigError, DataFormatError
from tests.harness import config, feed, strategy
from tests.markets import MARGIN, PERP, SPOT, quote_walk

BTC = PERP.id
DAY = 86_400 * 10**9
DAYS, ROWS = 3, 70_000  # a day is too large to be held in memory
FEEDS = [feed(BTC, "quote")]
CROSS = strategy(EmaCross, instrument=BTC, size="0.1", fast=3, slow=8, timeframe="500t")
SETTINGS = config(MARGIN, FEEDS, [CROSS], currency="USDT")


def day(number):
    """A day of quotes within the UTC day, spread over it."""
    columns = dict(quote_walk(number, ROWS))
    first = columns["ts_received"][0] // DAY * DAY + number * DAY
    columns["ts_event"] = columns["ts_received"] = first + np.arange(ROWS) * (DAY // ROWS)
    return columns


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "catalog"
    catalog = Catalog(path)
    catalog.add_instruments([PERP, SPOT])
    for number in range(DAYS):
        catalog.write("quote", BTC, day(number), source="test")
    return path


@pytest.fixture(scope="module")
def reference(written):
    result = replay(SETTINGS, catalog=written)
    assert result.orders > 20
    return named(result)


def named(result):
    return result.run_id, result.journal_hash, result.state_hash


@pytest.mark.parametrize("cache", [True, False])
def test_a_run_of_shared_data_is_the_run_of_the_catalog(written, reference, cache):
    data = Dataset.load(written, FEEDS, cache=cache)
    assert named(replay(SETTINGS, data=data)) == reference
    assert named(replay(SETTINGS, data=data)) == reference


def test_what_was_not_loaded_is_loaded_when_it_is_asked_for(written, reference):
    assert named(replay(SETTINGS, data=Dataset(written))) == reference


def test_a_worker_that_is_given_a_dataset_finds_the_same_data(written, reference):
    data = pickle.loads(pickle.dumps(Dataset.load(written, FEEDS)))
    assert named(replay(SETTINGS, data=data)) == reference


def test_a_span_is_cut_to_the_row_without_a_copy(written):
    start = int(day(0)["ts_received"][5])
    end = int(day(2)["ts_received"][7])
    data = Dataset.load(written, FEEDS)
    by_catalog = replay(SETTINGS, catalog=written, start=start, end=end)
    assert named(replay(SETTINGS, data=data, start=start, end=end)) == named(by_catalog)
    chunks = list(data.chunks("quote", BTC, None, start, end))
    bids = np.concatenate([chunk["bid"] for chunk in chunks])
    expected = np.concatenate([day(n)["bid"] for n in range(DAYS)])
    assert np.array_equal(bids, expected[5 : 2 * ROWS + 7])
    whole = next(iter(data.chunks("quote", BTC)))
    assert np.shares_memory(whole["bid"], chunks[0]["bid"])


def test_a_dataset_of_nothing_in_the_span_says_so(written):
    with pytest.raises(CatalogError, match="no feed has data between"):
        replay(SETTINGS, data=Dataset(written), start=10 * 365 * DAY * 10)


def test_a_small_stream_needs_no_file(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.add_instruments([PERP])
    catalog.write("quote", BTC, quote_walk(3, 500), source="test")
    data = Dataset.load(tmp_path, FEEDS)
    expected = named(replay(SETTINGS, catalog=tmp_path))
    assert named(replay(SETTINGS, data=data)) == expected
    assert not (tmp_path / ".columns").exists()


def test_without_room_for_the_columns_each_run_decodes(written, reference, tmp_path):
    data = Dataset.load(written, FEEDS, cache=tmp_path / "columns", limit_bytes=1)
    assert named(replay(SETTINGS, data=data)) == reference
    assert not list(tmp_path.rglob("*.columns"))


def test_a_dataset_stays_what_it_was_when_it_was_loaded(written, reference, tmp_path):
    path = tmp_path / "catalog"
    shutil.copytree(written, path)
    data = Dataset.load(path, FEEDS)
    Catalog(path).write("quote", BTC, day(DAYS), source="test")
    assert named(replay(SETTINGS, data=data)) == reference
    assert named(replay(SETTINGS, data=Dataset(path))) != reference


def test_a_feed_that_the_catalog_lacks_is_an_error(written):
    with pytest.raises(CatalogError, match=f"no quote {SPOT.id}"):
        Dataset.load(written, [feed(SPOT.id, "quote")])


def test_scales_that_changed_since_the_data_was_written_are_an_error(written, tmp_path):
    path = tmp_path / "catalog"
    shutil.copytree(written, path)
    file = path / "instruments.json"
    file.write_text(file.read_text().replace('"size_scale": 3', '"size_scale": 4'))
    with pytest.raises(CatalogError, match="written with scales 2/3"):
        Dataset.load(path, FEEDS)


@pytest.mark.parametrize("cache", [True, False])
def test_a_file_that_broke_ends_the_run_with_its_name(written, tmp_path, cache):
    path = tmp_path / "catalog"
    shutil.copytree(written, path)
    data = Dataset(path, cache=cache)
    data.stream("quote", BTC, None)
    broken = Catalog(path).files("quote", BTC)[1]
    content = bytearray(broken.read_bytes())
    content[4:200_000] = bytes(199_996)
    broken.write_bytes(content)
    with pytest.raises(DataFormatError, match=broken.name):
        replay(SETTINGS, data=data)


@pytest.mark.parametrize("both", [True, False])
def test_a_replay_needs_one_source_of_data(written, both):
    data, catalog = (Dataset(written), written) if both else (None, None)
    with pytest.raises(ConfigError, match="either a catalog or data"):
        replay(SETTINGS, catalog=catalog, data=data)
