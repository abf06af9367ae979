"""The column cache: what it maps is what the Parquet files hold, or it says that it has nothing."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from openoutcry.state import catalog_files
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.column_cache import ColumnCache
from openoutcry.state.errors import DataFormatError
from openoutcry.state.identifiers import InstrumentId
from tests.harness import T0
from tests.markets import PERP

KEY = StreamKey("quote", PERP.id)
ROWS = 500


def quotes(seed, rows=ROWS):
    """Quote columns of one day."""
    rng = np.random.default_rng(seed)
    ts = T0 + np.arange(rows) * 1_000
    names = ("bid", "ask", "bid_size", "ask_size")
    values = {name: rng.integers(1, 1 << 60, rows) for name in names}
    return {"ts_event": ts, "ts_received": ts, **values}


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    catalog = Catalog(tmp_path / "catalog")
    catalog.add_instruments([PERP])
    catalog.write("quote", PERP.id, quotes(1), source="test")
    return catalog


def mapped(catalog, **options):
    """The columns of the only part, or None."""
    paths = catalog_files.files(KEY, catalog.path)
    found = ColumnCache(catalog.path, **options).columns(KEY, paths)
    return None if found is None else found.columns


def kept(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def same(found, expected):
    return found.keys() == expected.keys() and all(
        np.array_equal(found[name], expected[name]) for name in expected
    )


def test_what_is_mapped_is_what_was_written_and_cannot_be_changed(catalog):
    found = mapped(catalog)
    assert same(found, quotes(1))
    with pytest.raises(ValueError, match="read-only"):
        found["bid"][0] = 0


def test_a_second_reader_maps_the_file_of_the_first(catalog):
    mapped(catalog)
    (file,) = kept(catalog.path / ".columns")
    before = file.stat().st_ino
    assert same(mapped(catalog), quotes(1))
    assert file.stat().st_ino == before


def test_columns_begin_where_any_processor_reads_them_well(catalog):
    assert all(column.ctypes.data % 64 == 0 for column in mapped(catalog).values())


def test_data_that_was_imported_again_is_decoded_again(catalog):
    old = mapped(catalog)
    catalog.write("quote", PERP.id, quotes(2), source="test")
    assert same(mapped(catalog), quotes(2))
    assert same(old, quotes(1))  # whoever has it mapped keeps what it has


def test_a_change_that_the_file_times_do_not_show_is_seen(catalog, tmp_path):
    (path,) = catalog.files("quote", PERP.id)
    mapped(catalog)
    other = Catalog(tmp_path / "other")
    other.add_instruments([PERP])
    other.write("quote", PERP.id, quotes(1) | {"bid": quotes(1)["bid"] + 1}, source="test")
    (changed,) = other.files("quote", PERP.id)
    stat, content = path.stat(), changed.read_bytes()
    if len(content) != stat.st_size:
        pytest.skip("the files differ in length, which is seen anyway")
    with path.open("r+b") as file:  # in place, in the same instant as far as the clock can tell
        file.write(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert np.array_equal(mapped(catalog)["bid"], quotes(1)["bid"] + 1)


def test_a_stream_of_many_small_files_is_one_part_and_grows_with_them(catalog):
    day = {name: values.copy() for name, values in quotes(3).items()}
    for name in ("ts_event", "ts_received"):
        day[name] += 86_400 * 10**9
    assert len(mapped(catalog)["bid"]) == ROWS
    catalog.write("quote", PERP.id, day, source="test")
    both = mapped(catalog)
    assert np.array_equal(both["ask"], np.concatenate([quotes(1)["ask"], day["ask"]]))
    assert len(kept(catalog.path / ".columns")) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="half"),
        pytest.param(lambda data: data + b"\0", id="longer"),
        pytest.param(lambda _data: b"", id="empty"),
        pytest.param(lambda data: data[:20] + b"?" + data[21:], id="header"),
        pytest.param(lambda data: data[:9] + b"\xff" * 7 + data[16:], id="header length"),
        pytest.param(lambda data: b"OOCOLS\x00\x09" + data[8:], id="other version"),
        pytest.param(lambda data: data[:9_000] + b"?" + data[9_001:], id="numbers"),
        pytest.param(lambda data: data[:4096] + bytes(len(data) - 4096), id="zeros after a crash"),
    ],
)
def test_a_damaged_file_is_found_and_built_again(catalog, spoil):
    mapped(catalog)
    (file,) = kept(catalog.path / ".columns")
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    assert same(mapped(catalog), quotes(1))
    assert len(file.read_bytes()) == len(whole)


def test_a_catalog_that_cannot_be_written_uses_the_users_cache(catalog, tmp_path):
    (catalog.path / ".columns").write_text("a file where the folder would be")
    assert same(mapped(catalog), quotes(1))
    assert kept(tmp_path / "user" / "openoutcry")


def test_where_nothing_can_be_written_there_is_no_cache(catalog, tmp_path):
    (catalog.path / ".columns").write_text("in the way")
    (tmp_path / "user").write_text("in the way")
    assert mapped(catalog) is None


def test_what_was_not_used_longest_makes_room(catalog, tmp_path):
    folder = tmp_path / "columns"
    one = 6 * 8 * ROWS + 8192
    for name in ("A", "B"):
        key = StreamKey("quote", InstrumentId(PERP.id.replace("BTC", name)))
        path = key.folder(catalog.path) / "2024-01-01.parquet"
        path.parent.mkdir(parents=True)
        path.write_bytes(catalog.files("quote", PERP.id)[0].read_bytes())
        assert ColumnCache(catalog.path, folder, limit_bytes=2 * one).columns(key, [path])
        (file,) = kept(key.folder(folder))
        os.utime(file, ns=(1, 1) if name == "A" else (2, 2))
    assert mapped(catalog, folder=folder, limit_bytes=2 * one)
    assert sorted(file.parent.name[:1] for file in kept(folder)) == ["B", "B"]  # B and BTC


def test_a_part_beyond_the_limit_is_not_kept(catalog):
    assert mapped(catalog, limit_bytes=1_000) is None
    assert not kept(catalog.path / ".columns")


def test_the_columns_of_a_file_that_is_gone_go_with_the_next_build(catalog):
    mapped(catalog)
    (path,) = catalog.files("quote", PERP.id)
    path.unlink()
    later = {name: values + 86_400 * 10**9 for name, values in quotes(4).items()}
    catalog.write("quote", PERP.id, later, source="test")
    mapped(catalog)
    (file,) = kept(catalog.path / ".columns")
    assert file.stem == catalog.files("quote", PERP.id)[0].stem


def test_a_file_that_is_no_parquet_is_an_error_and_leaves_nothing(catalog):
    (path,) = catalog.files("quote", PERP.id)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataFormatError):
        mapped(catalog)
    assert not kept(catalog.path / ".columns")


def _build(root, start, results):
    start.wait()
    found = mapped(Catalog(root))
    results.put(found is not None and same(found, quotes(1)))


def test_processes_that_build_at_once_all_get_the_columns(catalog):
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(3), context.Queue()
    workers = [
        context.Process(target=_build, args=(catalog.path, start, results)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [True] * 3
    for worker in workers:
        worker.join()
    (file,) = kept(catalog.path / ".columns")
    assert isinstance(file, Path)
