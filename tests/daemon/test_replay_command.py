"""`outcry replay` and `outcry check` on a small catalog: the whole program, once through."""

import json
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openoutcry.daemon import cli
from openoutcry.replay.result import from_json, to_json
from openoutcry.state.calendars import Calendar
from openoutcry.state.catalog import Catalog
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Spot

MINUTE = 60 * 10**9
START = 1_704_067_200 * 10**9
BARS = 600
CONFIG = """\
catalog = "data"
[run]
name = "waves"
account_currency = "USDT"
[[venues]]
name = "SIM"
balances = { USDT = "100000" }
fees = { taker = "0.0005" }
[[feeds]]
instrument = "BTCUSDT.SIM"
kinds = ["bar"]
bars = ["1m-last"]
[[strategies]]
id = "cross"
type = "ema_cross"
params = { instrument = "BTCUSDT.SIM", size = "0.5", long_only = true }
[risk.default]
max_order_value = "unlimited"
max_order_quantity = "unlimited"
max_position = "unlimited"
max_orders = "unlimited"
collar = { max_deviation_bps = "unlimited" }
"""
BROKEN = """\
import signal

from openoutcry.actors.strategy import Strategy
from openoutcry.state.identifiers import InstrumentId


class Broken(Strategy):
    class State(Strategy.State):
        bars: int = 0

    def setup(self):
        self.subscribe_bars(InstrumentId("BTCUSDT.SIM"), "1m")

    def on_bar(self, bar):
        self.state.bars += 1
        if self.state.bars == 100:
            ERROR
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten hours of waves in one-minute bars."""
    folder = tmp_path_factory.mktemp("catalog") / "data"
    spot = Spot(
        id=InstrumentId("BTCUSDT.SIM"),
        quote="USDT",
        price_scale=2,
        size_scale=5,
        tick=Decimal("0.01"),
        lot=Decimal("0.00001"),
        base_currency="BTC",
    )
    opens = START + np.arange(BARS, dtype=np.int64) * MINUTE
    close = (4_000_000 + 50_000 * np.sin(np.arange(BARS) / 20)).astype(np.int64)
    open_ = np.concatenate((close[:1], close[:-1]))
    written = Catalog(folder)
    written.add_instruments([spot])
    columns = {
        "ts_open": opens,
        "ts_event": opens + MINUTE,
        "ts_received": opens + MINUTE,
        "open": open_,
        "high": np.maximum(open_, close),
        "low": np.minimum(open_, close),
        "close": close,
        "volume": np.full(BARS, 10**7, dtype=np.int64),
        "count": np.zeros(BARS, dtype=np.int64),
    }
    written.write("bar", spot.id, columns, bar="1m-last", source="waves")
    return folder


@pytest.fixture
def project(tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config beside the catalog."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "data").symlink_to(catalog)
    (tmp_path / "outcry.toml").write_text(CONFIG)
    return tmp_path


def play(capsys, project: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON summary."""
    code = cli.main(["replay", str(project / "outcry.toml"), "--json", *words])
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return code, document


def with_strategy(project: Path, module: str, does: str) -> None:
    """The project with a strategy that does something on its hundredth bar."""
    (project / f"{module}.py").write_text(BROKEN.replace("ERROR", does))
    config = CONFIG.replace('"ema_cross"', f'"{module}:Broken"')
    params = 'params = { instrument = "BTCUSDT.SIM", size = "0.5", long_only = true }\n'
    (project / "outcry.toml").write_text(config.replace(params, ""))


def test_a_replay_prints_its_summary(project, capsys):
    assert cli.main(["replay", str(project / "outcry.toml")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("REPLAY waves · 2024-01-01 00:01 → 2024-01-01 10:00 UTC")
    for word in ("equity", "max drawdown", "fees", "funnel", "journal"):
        assert f"\n{word}" in out or f" {word}" in out


def test_two_replays_are_the_same_but_for_their_measurement(project, capsys):
    (code, one), (_, two) = play(capsys, project), play(capsys, project)
    assert code == 0
    assert one["fills"] != 0
    assert one.pop("measurement") is not two.pop("measurement")
    assert one == two


def test_files_hold_everything(project, capsys):
    play(capsys, project, "--out", str(project / "run"), "--report", str(project / "r.html"))
    stored = (project / "run" / "result.json").read_bytes()
    result = from_json(stored)
    assert json.loads(to_json(result)) == json.loads(stored)
    assert result.detail is not None
    assert len(result.detail.fills) == result.fills > 0
    assert len(result.detail.orders) == result.orders
    assert (project / "r.html").read_bytes() == (project / "run" / "report.html").read_bytes()


def test_a_span_plays_only_its_part(project, capsys):
    span = ("--from", "2024-01-01T02:00:00Z", "--to", "2024-01-01T03:00:00Z")
    code, document = play(capsys, project, *span)
    assert code == 0
    assert document["events"]["bar"] == 60


def test_a_span_without_data_is_an_error_with_a_remedy(project, capsys):
    code, document = play(capsys, project, "--from", "2025-01-01")
    assert code == 3
    assert "no feed has data" in document["error"]["problems"][0]["what"]


def test_limits_that_are_missing_deny_every_order_and_the_funnel_says_so(project, capsys):
    text = CONFIG[: CONFIG.index("[risk.default]")]
    (project / "outcry.toml").write_text(text)
    code, document = play(capsys, project)
    assert code == 0
    assert document["fills"] == 0
    assert document["denied"] == document["orders"] != 0
    assert document["funnel"]["explanation"].startswith("0 trades: ")


def test_3_when_a_strategy_failed_on_the_way(project, capsys):
    with_strategy(project, "raising", 'raise ValueError("on purpose")')
    code, document = play(capsys, project)
    assert code == 3
    assert document["status"] == "failed"
    (failure,) = document["failures"]
    assert "on purpose" in failure["error"]


def test_a_run_that_lost_one_of_its_strategies_is_partial(project, capsys):
    with_strategy(project, "one_of_two", 'raise ValueError("on purpose")')
    file = project / "outcry.toml"
    other = CONFIG[CONFIG.index("[[strategies]]") : CONFIG.index("[risk.default]")]
    other = other.replace('id = "cross"', 'id = "other"')
    file.write_text(file.read_text().replace("[risk.default]", f"{other}[risk.default]"))
    code, document = play(capsys, project)
    assert (code, document["status"]) == (3, "partial")
    assert document["fills"] > 0


def test_130_after_ctrl_c_with_the_result_up_to_then(project, capsys):
    with_strategy(project, "interrupted", "signal.raise_signal(signal.SIGINT)")
    code, document = play(capsys, project)
    assert code == 130
    assert (document["status"], document["interrupted"]) == ("partial", True)
    assert 100 <= document["events"]["bar"] < BARS  # what was not played stays unplayed


def test_a_check_says_what_would_run(project, capsys):
    assert cli.main(["check", str(project / "outcry.toml"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["strategies"]) == (True, ["cross"])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('BTCUSDT.SIM"\nkinds', 'BTCUSD.SIM"\nkinds', 'did you mean "BTCUSDT.SIM"?'),
        ('"1m-last"]', '"5m-last"]', 'did you mean "1m-last"?'),
        ("long_only = true", 'timeframe = "1h"', "needs 1h bars of BTCUSDT.SIM"),
    ],
)
def test_a_check_finds_what_only_the_data_can_tell(project, capsys, old, new, says):
    (project / "outcry.toml").write_text(CONFIG.replace(old, new, 1))
    assert cli.main(["check", str(project / "outcry.toml")]) == 78
    assert says in capsys.readouterr().err


def test_the_catalog_commands_see_the_same_data(catalog, capsys):
    assert cli.main(["data", "ls", str(catalog), "--json"]) == 0
    (stream,) = json.loads(capsys.readouterr().out)["streams"]
    assert (stream["kind"], stream["bar"], stream["rows"]) == ("bar", "1m-last", BARS)
    assert cli.main(["data", "check", str(catalog)]) == 0
    assert capsys.readouterr().out.endswith("0 errors, 0 notes\n")


def test_a_calendar_applies_and_a_missing_one_is_named(
    project: Path, catalog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project / "hours"
    shutil.copytree(catalog, folder)
    listed = folder / "instruments.json"
    listed.write_text(listed.read_text().replace('"calendar": null', '"calendar": "nights"'))
    command = [str(project / "outcry.toml"), "--catalog", str(folder)]
    for name in ("check", "replay"):
        assert cli.main([name, *command]) == 78
        told = capsys.readouterr().err
        assert "there is no calendar 'nights'" in told
        assert "calendars.json" in told
    closed = Calendar(name="nights", time_zone="UTC", weekly={"saturday": (("22:00", "23:00"),)})
    Catalog(folder).add_calendars([closed])
    assert cli.main(["check", *command]) == 0
    fills = []
    for hours in ("regular", "all"):
        text = CONFIG.replace('name = "SIM"', f'name = "SIM"\nhours = "{hours}"')
        (project / "outcry.toml").write_text(text)
        capsys.readouterr()
        assert cli.main(["replay", *command, "--out", str(project / hours), "--json"]) == 0
        result = from_json((project / hours / "result.json").read_bytes())
        assert f"calendar nights, {hours}" in result.assumptions["BTCUSDT.SIM hours"]
        fills.append(len(result.detail.fills) if result.detail else 0)
    assert fills[0] == 0
    assert fills[1] > 0
