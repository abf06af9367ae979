"""A session's tape is a catalog like any other: `outcry` lists, checks and replays it, with the same result."""

import random
from pathlib import Path

import pytest

from openoutcry.daemon.config_loader import load
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.tape_feed import TapeFeed
from openoutcry.state.tape import TapeWriter, streams_of
from openoutcry.state.tape_config import TapeConfig
from openoutcry.state.tape_reader import TapeReader
from tests.scenarios import kit

BTC = "BTCUSDT.BINANCE"


def recorded(folder: Path, catalog: Path, text: str, seed: int) -> Path:
    """What a session of a config writes that polls at odd moments; its tape."""
    file = folder / "session.toml"
    file.write_text(text)
    feeds = load(file).config.feeds
    data = Dataset(catalog, cache=False)
    tape = TapeWriter(
        folder / "tape",
        streams_of(feeds),
        data.instruments,
        calendars=data.calendars,
        config=TapeConfig(segment_mb=1, segment_minutes=30),
    )
    source = TapeFeed(data, feeds)
    draw = random.Random(seed)
    seq = 0
    while (now := source.next_ts()) is not None:
        now += draw.choice([0, 1, kit.SECOND, 300 * kit.SECOND])
        for stream, rows in source.poll(now):
            tape.write(stream, rows)
        tape.flush(seq := seq + 1, now)
    source.close()
    assert tape.close(120)
    check = TapeReader(folder / "tape").verify()
    assert check.complete
    kept = sum(stream.rows for stream in data.catalog.ls() if stream.kind != "bar")
    assert check.rows == kept
    return folder / "tape" / "catalog"


def without_run(played: kit.Played) -> dict[str, object]:
    """A result without what it cost."""
    return {key: value for key, value in played.document.items() if key != "measurement"}


def test_a_tape_of_a_synthetic_market_is_that_market(tmp_path):
    catalog = tmp_path / "data"
    assert kit.outcry("data", "synth", catalog, "--days", 2, "--seed", 3).code == 0
    ids = ("BTCUSDT.SYNTH", "ETHUSDT.SYNTH")
    parts = [
        kit.table("[[venues]]", name="SYNTH", balances={"USDT": "100000", "ETH": "10"}),
        kit.strategy("m", "market_maker", instrument=ids[1], size="0.1", max_position="1"),
        *(kit.feed(name, "quote", "trade") for name in ids),
        kit.strategy(
            "t", "ema_cross", instrument=ids[0], size="0.01", fast=3, slow=8, timeframe="30s"
        ),
    ]
    text = kit.config(catalog, "USDT", parts)
    tape = recorded(tmp_path, catalog, text, 1)
    first = kit.play(tmp_path / "one", text)
    assert first.result.fills > 10
    other = kit.play(tmp_path / "two", text, "--catalog", tape)
    more = text.replace('"quote", "trade"]', '"quote", "trade", "funding"]')
    assert more != text
    unseen = kit.play(tmp_path / "three", more, "--catalog", tape)
    assert unseen.result.fills == first.result.fills
    assert without_run(first) == without_run(other)
    listed = kit.outcry("data", "ls", tape, "--json")
    assert listed.code == 0
    assert kit.outcry("data", "check", tape, "--json").code == 0
    assert "BTCUSDT.SYNTH" in listed.out


@pytest.mark.data
@pytest.mark.slow
def test_a_tape_of_the_binance_days_is_those_days(shared_data, tmp_path):
    catalog = tmp_path / "data"
    kit.import_into(catalog, shared_data / "hftbacktest" / "spot", "binance-raw")
    fees = {"maker": "0.001", "taker": "0.001"}
    balances = {"USDT": "100000000", "BTC": "1000"}
    maker = kit.strategy(
        "maker",
        "market_maker",
        instrument=BTC,
        size="0.001",
        max_position="0.01",
        half_spread_ticks=200,
        requote_ticks=100,
    )
    parts = [
        kit.table(
            "[[venues]]",
            name="BINANCE",
            balances=balances,
            fees=fees,
            matching={"passive": "trades"},
        ),
        kit.feed(BTC, "quote", "trade", "book"),
        maker,
    ]
    text = kit.config(catalog, "USDT", parts)
    tape = recorded(tmp_path, catalog, text, 2)
    first, other = kit.play(tmp_path / "1", text), kit.play(tmp_path / "2", text, "--catalog", tape)
    kit.told("a tape of two days", other.result)
    assert first.result.fills > 10
    assert without_run(first) == without_run(other)
