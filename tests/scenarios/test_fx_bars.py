"""Bars that the kernel builds from ticks against the bars that the data's publisher built."""

import numpy as np
import pytest

from openoutcry import _native
from openoutcry.state import binding
from openoutcry.state.catalog import Catalog
from tests.scenarios import kit

pytestmark = [pytest.mark.data, pytest.mark.slow]
DAY = 86_400 * kit.SECOND
COLUMNS = ("ts_open", "open", "high", "low", "close")


@pytest.fixture(scope="module")
def folder(shared_data, tmp_path_factory):
    """EUR/USD and XAU/USD, everything that is recorded of them."""
    folder = tmp_path_factory.mktemp("fx") / "data"
    for part, symbol in (("forex", "eurusd"), ("cfd", "xauusd")):
        kit.import_into(folder, shared_data / "lean" / part, "lean", "--symbol", symbol)
    return folder


def recorded(catalog, instrument, days, zone):
    """The publisher's minutes of some local days."""
    rows = set()
    for side in ("bid", "ask"):
        for chunk in catalog.chunks("bar", instrument, bar=f"1m-{side}"):
            for row in zip(*(chunk[name].tolist() for name in COLUMNS), strict=True):
                if (row[0] + zone) // DAY in days:
                    rows.add((side, *row))
    return rows


@pytest.mark.parametrize(
    ("instrument", "zone_hours", "days", "bars"),
    [
        ("EURUSD.FXCM", -5, 6, 14_400),
        ("EURUSD.OANDA", 0, 5, 10_962),
        ("XAUUSD.OANDA", 0, 5, 11_052),
    ],
)
def test_every_minute_built_from_ticks_is_the_recorded_one(
    folder, instrument, zone_hours, days, bars
):
    """Open, high, low and close of bid and ask, crossed quotes included.

    Only the last minute is missing: the end of the data cuts it off, so it is not emitted.
    """
    catalog = Catalog(folder)
    known = catalog.instrument(instrument)
    table = binding.currency_table([known])
    spec = binding.spec(known, table)
    kernel = _native.Kernel([spec], [known.id], table, [], _native.Market([spec]))
    zone = zone_hours * 3600 * kit.SECOND
    quotes = list(catalog.chunks("quote", instrument))
    stamps = np.concatenate([chunk["ts_received"] for chunk in quotes])
    with_ticks = set(np.unique((stamps + zone) // DAY).tolist())
    kernel.add_feed("quote", 0, quotes)
    kernel.set_interest("quote", 0, False)
    for side in ("bid", "ask"):
        kernel.build_bars(0, "1m", side)
    built = {
        (b.price_type.value, b.ts_open, b.open_units, b.high_units, b.low_units, b.close_units)
        for b in iter(kernel.next, None)
    }
    expected = recorded(catalog, instrument, with_ticks, zone)
    assert (len(with_ticks), len(expected)) == (days, bars)
    last = max(row[1] for row in expected)
    assert built == {row for row in expected if row[1] != last}


def test_a_strategy_trades_on_bars_of_ticks_of_three_markets(folder, tmp_path):
    account = {"account": "margin", "leverage": 30, "balances": {"USD": "100000"}}
    parts = [kit.table("[[venues]]", name=venue, **account) for venue in ("FXCM", "OANDA")]
    for instrument in ("EURUSD.FXCM", "EURUSD.OANDA", "XAUUSD.OANDA"):
        parts.append(kit.feed(instrument, "quote"))
        size = "10" if instrument.startswith("XAU") else "10000"
        parts.append(
            kit.strategy(
                instrument.lower().replace(".", "_"),
                "ema_cross",
                instrument=instrument,
                size=size,
                price_type="mid",
            )
        )
    text = kit.config(folder, "USD", parts)
    played, again = (kit.play(tmp_path / name, text) for name in ("one", "two"))
    kit.told("EUR/USD and XAU/USD", played.result)
    assert kit.unmeasured(played) == kit.unmeasured(again)
    result = played.result
    assert result.events["quote"] == 405_813 + 144_725 + 752_404
    assert all(item.fills for item in result.strategies)
    gained = result.final_equity.amount - result.initial_equity.amount
    assert gained == sum(result.realized_pnl.values()) + sum(result.unrealized_pnl.values())
