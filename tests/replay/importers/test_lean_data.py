"""LEAN data: what was recorded twice, as ticks and as bars, agrees after import."""

from datetime import UTC, datetime
from fractions import Fraction

import polars as pl
import pytest

from openoutcry.replay.importers import ImportOptions, import_data
from openoutcry.state.catalog import Catalog
from openoutcry.state.messages import UNDEFINED

pytestmark = pytest.mark.data

SECOND, MINUTE = 10**9, 60 * 10**9


@pytest.fixture
def load(shared_data, tmp_path):
    """Import parts of the LEAN folder into one catalog."""

    def run(*parts, **options):
        reports = [
            import_data(shared_data / "lean" / part, "lean", tmp_path, ImportOptions(**options))
            for part in parts
        ]
        return Catalog(tmp_path), reports

    return run


def read(catalog, *args):
    return pl.concat([pl.DataFrame(chunk) for chunk in catalog.chunks(*args)])


def built_bars(quotes, side, length):
    """Open, high, low, close of a side per interval of event time."""
    price = pl.col(side)
    return (
        quotes.group_by(pl.col("ts_event") // length * length, maintain_order=True)
        .agg(open=price.first(), high=price.max(), low=price.min(), close=price.last())
        .rename({"ts_event": "ts_open"})
    )


def assert_ticks_give_bars(catalog, instrument, bar, length):
    quotes = read(catalog, "quote", instrument)
    for side in ("bid", "ask"):
        recorded = read(catalog, "bar", instrument, f"{bar}-{side}")
        columns = ["ts_open", "open", "high", "low", "close"]
        assert recorded.select(columns).equals(built_bars(quotes, side, length).select(columns))
    return recorded.height


def test_fxcm_ticks_give_the_recorded_seconds(load):
    day = "eurusd/20140501_quote.zip"
    catalog, _ = load(f"forex/fxcm/tick/{day}", f"forex/fxcm/second/{day}")
    assert assert_ticks_give_bars(catalog, "EURUSD.FXCM", "1s", SECOND) == 17_421


@pytest.mark.parametrize(
    ("folder", "instrument"),
    [
        ("forex/oanda/*/eurusd", "EURUSD.OANDA"),
        ("forex/fxcm/*/nzdusd", "NZDUSD.FXCM"),
        ("cfd/oanda/*/xauusd", "XAUUSD.OANDA"),
    ],
)
def test_a_sunday_of_ticks_gives_the_recorded_minutes(load, folder, instrument):
    catalog, _ = load(*(f"{folder.replace('*', r)}/20140504_quote.zip" for r in ("tick", "minute")))
    assert assert_ticks_give_bars(catalog, instrument, "1m", MINUTE) > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "instrument"),
    [
        ("forex/fxcm/*/eurusd", "EURUSD.FXCM"),
        ("forex/fxcm/*/nzdusd", "NZDUSD.FXCM"),
        ("forex/oanda/*/eurusd", "EURUSD.OANDA"),
        ("cfd/oanda/*/xauusd", "XAUUSD.OANDA"),
    ],
)
def test_all_ticks_give_the_recorded_bars(load, shared_data, folder, instrument):
    """Every day that has ticks and bars."""
    days = sorted(p.name for p in shared_data.glob(f"lean/{folder.replace('*', 'tick')}/*.zip"))
    for resolution in ("minute", "second"):
        for day in days:
            parts = [f"{folder.replace('*', r)}/{day}" for r in ("tick", resolution)]
            if all((shared_data / "lean" / part).exists() for part in parts):
                load(*parts)
    catalog = load(parts[0])[0]
    for bar, length in (("1m", MINUTE), ("1s", SECOND)):
        assert assert_ticks_give_bars(catalog, instrument, bar, length) > 1000


def test_crossed_quotes_are_kept_and_counted(load):
    _, (report,) = load("forex/fxcm/tick/eurusd/20140502_quote.zip")
    assert report.rows_read == report.rows_written == 96_406
    assert report.defects["crossed_quote"] == 12_061


@pytest.mark.slow
def test_all_fxcm_ticks_show_the_known_defects(load):
    _, (report,) = load("forex/fxcm/tick")
    assert report.rows_written == 635_775
    assert report.defects == {"crossed_quote": 46_334, "locked_quote": 54_280}


def test_one_sided_rows_become_the_national_best_quote(load):
    """The newest bid and ask at the end of each second are the closes of the second's bar."""
    day = "aig/20131007_quote.zip"
    catalog, (ticks, _) = load(f"equity/usa/tick/{day}", f"equity/usa/second/{day}")
    assert ticks.defects["crossed_quote"] == 199
    quotes = read(catalog, "quote", "AIG.USA").with_columns(
        pl.col("ts_event") // SECOND * SECOND + SECOND
    )
    last = quotes.group_by("ts_event", maintain_order=True).last().sort("ts_event")
    bars = {side: read(catalog, "bar", "AIG.USA", f"1s-{side}") for side in ("bid", "ask")}
    both = bars["bid"].join(bars["ask"], on="ts_event", how="full", coalesce=True, suffix="_ask")
    both = both.sort("ts_event").join_asof(last.select("ts_event", "bid", "ask"), on="ts_event")
    agreed = both.filter(
        (pl.col("close") == pl.col("bid")) & (pl.col("close_ask") == pl.col("ask"))
    ).height
    assert (agreed, both.height) == (19_775, 19_775)


def test_the_utc_day_of_new_york_files_and_early_closes(load):
    """Daily bars close with the session: 16:00 in New York, 13:00 on Christmas Eve."""
    catalog, _ = load("equity/usa/daily/spy.zip")
    bars = read(catalog, "bar", "SPY.USA", "1d-last")
    closes = {datetime.fromtimestamp(ts // SECOND, UTC) for ts in bars["ts_event"].to_list()}
    assert datetime(2015, 12, 24, 18, tzinfo=UTC) in closes
    assert datetime(2015, 12, 23, 21, tzinfo=UTC) in closes
    assert datetime(2015, 7, 1, 20, tzinfo=UTC) in closes
    opens = {datetime.fromtimestamp(ts // SECOND, UTC) for ts in bars["ts_open"].to_list()}
    assert datetime(2015, 7, 1, 13, 30, tzinfo=UTC) in opens


def test_splits_of_apple_come_before_the_open_of_their_day(load):
    catalog, _ = load("equity/usa/factor_files/aapl.csv")
    splits = read(catalog, "split", "AAPL.USA")
    found = [
        (datetime.fromtimestamp(ts // SECOND, UTC).date().isoformat(), n, d)
        for ts, n, d in splits.select("ts_received", "numerator", "denominator").iter_rows()
    ]
    assert found == [
        ("2000-06-21", 2, 1), ("2005-02-28", 2, 1), ("2014-06-09", 7, 1), ("2020-08-31", 4, 1),
    ]  # fmt: skip
    dividends = dict(
        read(catalog, "dividend", "AAPL.USA").select("ts_received", "amount").iter_rows()
    )
    by_day = {
        datetime.fromtimestamp(t // SECOND, UTC).date().isoformat(): a for t, a in dividends.items()
    }
    assert by_day["2014-05-08"] == 3_290_000_000_000
    assert by_day["2020-11-06"] == 205_000_000_000


def test_splits_make_raw_prices_continuous(load):
    """Across each split, price times the ratio moves as a market does: AIG fell 13 % on the day of its 1:20."""
    catalog, _ = load(
        "equity/usa/daily/aapl.zip", "equity/usa/daily/aig.zip", "equity/usa/daily/bno.zip",
        "equity/usa/factor_files", symbols=("aapl", "aig", "bno"),
    )  # fmt: skip
    seen = 0
    for instrument in ("AAPL.USA", "AIG.USA", "BNO.USA"):
        bars = read(catalog, "bar", instrument, "1d-last")
        for ts, n, d in (
            read(catalog, "split", instrument)
            .select("ts_received", "numerator", "denominator")
            .iter_rows()
        ):
            before = bars.filter(pl.col("ts_event") < ts)["close"][-1]
            after = bars.filter(pl.col("ts_open") > ts)["open"][0]
            assert abs(Fraction(after * n, before * d) - 1) < Fraction(1, 4)
            seen += 1
    assert seen == 9


def test_rows_of_another_security_under_a_reused_ticker_stay_out(load):
    catalog, (report,) = load("equity/usa/daily/bno.zip")
    first = read(catalog, "bar", "BNO.USA", "1d-last")["ts_open"][0]
    assert datetime.fromtimestamp(first // SECOND, UTC).date().isoformat() == "2010-06-02"
    assert report.defects["rows_of_another_security"] == report.rows_read - report.rows_written > 0


def test_a_renamed_ticker_is_one_security(load):
    catalog, reports = load("equity/usa/minute/nwsa", "equity/usa/minute/foxa")
    assert [i.id for i in catalog.instruments()] == ["TFCFA.USA"]
    assert reports[0].notes == ["nwsa is stored as TFCFA, by its map file"]


def test_fractional_milliseconds_are_exact(load):
    catalog, _ = load("cfd/oanda/tick/xauusd/20140504_quote.zip")
    quotes = read(catalog, "quote", "XAUUSD.OANDA")
    assert quotes["bid_size"].unique().to_list() == [UNDEFINED]
    assert (quotes["ts_event"] % 100 == 0).all()
    assert (quotes["ts_event"] % 1_000_000 != 0).any()


def test_a_day_written_twice_keeps_both_and_counts(load):
    catalog, (report,) = load("future/eurex/minute/fesx")
    assert report.defects["time_goes_back"] == 1
    assert report.rows_read == report.rows_written
    names = {finding.name for finding in catalog.check()}
    assert "off_tick_open" in names


def test_size_zero_trades_are_kept_and_counted(load):
    _, (report,) = load("future/comex/tick/gc")
    assert report.defects["zero_size"] == 247
    assert report.rows_written == 92_514


def test_average_price_prints_are_kept_and_found(load):
    catalog, (report,) = load("equity/usa/tick/spy/20131008_trade.zip")
    assert report.rows_written == 451_545
    trades = read(catalog, "trade", "SPY.USA")
    late = trades.filter(pl.col("size") == 1_002_405)
    assert late["price"].to_list() == [1_675_100]
    assert "price_spike_1_percent" in {finding.name for finding in catalog.check()}


def test_importing_again_changes_nothing(load):
    part = "forex/fxcm/minute/eurusd"
    catalog, _ = load(part)
    before = [(p, p.read_bytes()) for p in sorted(catalog.path.rglob("*.parquet"))]
    load(part)
    assert before == [(p, p.read_bytes()) for p in sorted(catalog.path.rglob("*.parquet"))]


def test_options_are_counted_as_not_imported(load):
    _, (report,) = load("option/usa/minute/aapl")
    assert report.rows_written == 0
    assert set(report.defects) == {"option_file_not_imported"}
