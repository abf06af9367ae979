"""Bad input, through the command line: a named error with a remedy, or a counted defect. Never silence."""

import gzip
import json

import pytest

from tests.scenarios import kit

HEAD = "time,bid,ask,bid_size,ask_size\n"
GOOD = [f"170406720{n}000,100.0{n},100.0{n + 1},1,1\n" for n in range(1, 9)]
QUOTE = ("--instrument", "ABCUSDT.SIM", "--kind", "quote", "--ts-unit", "ms", "--price-scale", 2)


def bring(tmp_path, rows, *more, head=HEAD):
    """Import a quote table."""
    file = tmp_path / "quotes.csv"
    file.write_text(head + "".join(rows), encoding="utf-8")
    words = ("data", "import", file, "--format", "csv", "--out", tmp_path / "data", "--json")
    return kit.outcry(*words, *QUOTE, *more)


def refused(ran, code, *said):
    """A command that failed with one error document."""
    assert ran.code == code, ran.out + ran.err
    error = ran.document["error"]
    assert error["code"]
    assert all(problem["what"] for problem in error["problems"])
    assert any(problem["remedy"] for problem in error["problems"])
    for words in said:
        assert words in ran.out


def counted(ran, name, count):
    """An import that worked, and what it counted."""
    assert ran.code == 0, ran.out + ran.err
    assert ran.document["defects"][name] == count
    return ran.document


def findings(tmp_path):
    """What `data check` counts."""
    ran = kit.outcry("data", "check", tmp_path / "data", "--json")
    return {item["name"]: item["count"] for item in ran.document["findings"]}


def test_a_truncated_gzip_names_the_file(tmp_path):
    file = tmp_path / "a.gz"
    line = b'1700000000000000000 {"lastUpdateId":1,"bids":[["1","1"]],"asks":[["2","1"]]}\n'
    file.write_bytes(gzip.compress(line * 50)[:-9])
    ran = kit.outcry(
        "data", "import", file, "--format", "binance-raw", "--out", tmp_path / "d", "--json"
    )
    refused(ran, 3, "a.gz", "truncated")


@pytest.mark.parametrize("value", ["NaN", "inf", "x", ""])
def test_a_price_that_is_no_number_names_its_row(tmp_path, value):
    rows = [*GOOD[:3], f"1704067204500,{value},100.05,1,1\n", *GOOD[4:]]
    ran = bring(tmp_path, rows)
    if value:
        refused(ran, 3, "row 5")
    else:
        assert ran.code == 0, "an empty side is a one-sided quote"


def test_a_crossed_quote_is_kept_and_counted(tmp_path):
    rows = [*GOOD[:3], "1704067204000,100.09,100.05,1,1\n", *GOOD[4:]]
    report = bring(tmp_path, rows).document
    assert report["streams"][0]["rows"] == report["rows_read"] == 8
    assert findings(tmp_path) == {"crossed_quote": 1}


def test_time_that_goes_back_is_counted_and_put_in_order(tmp_path):
    rows = [*GOOD[:3], GOOD[5], GOOD[4], GOOD[3], *GOOD[6:]]
    report = counted(bring(tmp_path, rows), "time_goes_back", 2)
    assert report["streams"][0]["rows"] == report["rows_read"] == 8


def test_a_price_of_zero_is_left_out_and_counted(tmp_path):
    rows = [*GOOD[:3], "1704067204000,0,0,1,1\n", *GOOD[4:]]
    report = bring(tmp_path, rows).document
    left_out = sum(report["defects"].values())
    assert report["streams"][0]["rows"] + left_out == report["rows_read"] == 8


def test_a_column_that_is_missing_is_named_with_those_that_are_there(tmp_path):
    ran = bring(tmp_path, GOOD, head="time,bud,ask,bid_size,ask_size\n")
    refused(ran, 3, "bid")


def test_a_row_of_another_length_names_itself(tmp_path):
    ran = bring(tmp_path, [*GOOD[:3], "1704067204000,1\n", *GOOD[4:]])
    refused(ran, 3, "5")


def test_a_tick_that_the_prices_do_not_fit_is_told(tmp_path):
    assert bring(tmp_path, GOOD, "--tick", "0.5").code == 0
    assert findings(tmp_path) == {"off_tick_bid": 8, "off_tick_ask": 8}


def config(tmp_path, *, risk=kit.NO_LIMITS, parts=None, text=None):
    assert bring(tmp_path, GOOD).code == 0
    file = tmp_path / "outcry.toml"
    parts = parts or [
        kit.table("[[venues]]", name="SIM", balances={"USDT": "1000"}),
        kit.feed("ABCUSDT.SIM", "quote"),
        kit.strategy("hold", "buy_and_hold", instrument="ABCUSDT.SIM", size="1", timeframe="quote"),
    ]
    file.write_text(text or kit.config(tmp_path / "data", "USDT", parts, risk=risk))
    return file


def test_an_instrument_without_limits_has_every_order_denied_and_says_why(tmp_path):
    ran = kit.outcry("replay", config(tmp_path, risk=""), "--json")
    assert ran.code == 0, ran.out + ran.err
    funnel = ran.document["funnel"]
    assert (funnel["signals"], funnel["denied"], funnel["filled"]) == (1, 1, 0)
    assert "limit" in json.dumps(funnel["reasons"])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("balancs", "balances"),
        ("timefame", "timeframe"),
        ("account_curency", "account_currency"),
        ("max_order_vlue", "max_order_value"),
    ],
)
@pytest.mark.parametrize("command", ["check", "replay"])
def test_a_typo_in_the_config_is_named_with_the_right_key(tmp_path, command, wrong, right):
    file = config(tmp_path)
    file.write_text(file.read_text().replace(right, wrong))
    ran = kit.outcry(command, file, "--json")
    refused(ran, 78, wrong, right)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"1000"', "1000.5", "quotes"),
        ('"ABCUSDT.SIM"', '"ABC.SIM"', "ABC.SIM"),
        ("buy_and_hold", "buy_and_hodl", "buy_and_hold"),
        ('"SIM"', '"SAM"', "SIM"),
        ('["quote"]', '["qoute"]', "quote"),
        ('["quote"]', '["trade"]', "trade"),
    ],
)
def test_a_wrong_value_in_the_config_is_told_with_a_remedy(tmp_path, old, new, said):
    file = config(tmp_path)
    file.write_text(file.read_text().replace(old, new))
    ran = kit.outcry("replay", file, "--json")
    assert ran.code in {3, 78}
    refused(ran, ran.code, said)


def test_a_damaged_catalog_is_an_error_of_the_data(tmp_path):
    file = config(tmp_path)
    (parquet,) = (tmp_path / "data").rglob("*.parquet")
    parquet.write_bytes(parquet.read_bytes()[:-40])
    refused(kit.outcry("replay", file, "--json"), 3, parquet.name)
    checked = kit.outcry("data", "check", tmp_path / "data", "--json")
    assert checked.code == 3
    assert parquet.name in checked.out
