"""A perpetual held over recorded funding stamps pays exactly rate x notional at each of them."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from openoutcry.state.catalog import Catalog
from openoutcry.state.identifiers import VenueId
from tests.scenarios import kit

pytestmark = pytest.mark.data
XRP = "XRPUSDT_PERP.FREQTRADE"


def rows(catalog, kind, *names):
    """The recorded rows of a kind."""
    for chunk in catalog.chunks(kind, XRP):
        yield from zip(*(chunk[name].tolist() for name in names), strict=True)


@pytest.mark.parametrize("size", ["1000", "-777"])
def test_funding_is_rate_times_notional_at_its_stamps(shared_data, tmp_path, size):
    report = kit.import_into(tmp_path / "data", shared_data / "freqtrade/futures", "freqtrade")
    assert report["defects"] == {"funding_off_the_hour": 59}
    parts = [
        kit.table("[[venues]]", name="FREQTRADE", account="margin", balances={"USDT": "10000"}),
        kit.feed(XRP, "bar", "mark", "funding", bars=["1h-last"]),
        kit.strategy(
            "hold", "tests.scenarios.strategies:Holder", instrument=XRP, size=size, timeframe="1h"
        ),
    ]
    result = kit.play(tmp_path / "run", kit.config(tmp_path / "data", "USDT", parts)).result
    kit.told(f"XRP funding {size}", result)
    assert result.detail is not None
    (fill,) = result.detail.fills
    catalog = Catalog(tmp_path / "data")
    item = catalog.instrument(XRP)
    marks = list(rows(catalog, "mark", "ts_received", "mark"))
    paid, settled = Decimal(0), 0
    for ts, rate in rows(catalog, "funding", "ts_received", "rate"):
        known = [price for at, price in marks if at <= ts]
        if ts > fill.ts and known:
            exact = Decimal(rate).scaleb(-12) * Decimal(size) * item.price(known[-1])
            paid += exact.quantize(Decimal("1e-8"), ROUND_HALF_EVEN)
            settled += 1
    assert settled > 10
    assert result.balances[VenueId("FREQTRADE")]["USDT"] == Decimal(10_000) - paid
