"""Raw Hyperliquid recordings: whole books and trades, late ones counted."""

import polars as pl
import pytest

from openoutcry.replay.importers import import_data
from openoutcry.state.catalog import Catalog
from openoutcry.state.catalog_files import BOOK_LAST, BOOK_SNAPSHOT
from openoutcry.state.errors import DataFormatError


@pytest.mark.data
def test_every_book_is_a_snapshot_and_old_trades_are_counted(shared_data, tmp_path):
    report = import_data(shared_data / "hftbacktest/hyperliquid", "hyperliquid-raw", tmp_path)
    assert report.defects == {"trade_over_10s_old": 29}
    book = pl.concat(
        [pl.DataFrame(c) for c in Catalog(tmp_path).chunks("book", "BTC_PERP.HYPERLIQUID")]
    )
    firsts = book.filter(pl.col("flags") & BOOK_SNAPSHOT != 0).height
    assert firsts == book.filter(pl.col("flags") & BOOK_LAST != 0).height == 46
    assert book.height == 46 * 40


@pytest.mark.parametrize(
    "body",
    ["[]", "{", '{"channel":"l2Book","data":{}}', '{"channel":"trades","data":[{"coin":"BTC"}]}'],
)
def test_a_bad_line_is_an_error(tmp_path, body):
    (tmp_path / "a.txt").write_text(f"1700000000000000000 {body}\n")
    with pytest.raises(DataFormatError, match="row 1"):
        import_data(tmp_path / "a.txt", "hyperliquid-raw", tmp_path / "out")
