"""What an operator sees of a daemon that turns: facts, log lines, alerts, and feeds that fall silent."""

import io
import tarfile
import time

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.config_loader import ConfigFileError, load
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics.server import MetricsPage
from openoutcry.state.commands import Halt, Resume
from openoutcry.state.identifiers import StrategyId
from tests.daemon.operation.watch_kit import BTC, MS, SECOND, events, watched
from tests.daemon.service.kit import make_project


def health(now, clock=time.monotonic):
    page = MetricsPage(now.watch.operation.cell, hosts=(), masker=Masker(), clock=clock)
    return page.health()


def silent(now) -> list[str]:
    """Why risk would hold an order back because of the market's state."""
    rows = now.daemon.session.graph.risk.control.view()
    return [
        used for check, _, _, used, state, _ in rows if check == "market_state" and state != "ok"
    ]


# --- silence -------------------------------------------------------------------------------------


def test_a_feed_that_is_silent_for_too_long_holds_orders_back_until_it_speaks(tmp_path):
    with watched(tmp_path, silent_after_ms=1_000) as now:
        now.turn(250 * MS, quote=True)
        now.turn(250 * MS, quote=True)
        for _ in range(4):  # to one second after the last quote was seen, and not beyond
            now.turn(249 * MS)
        now.turn(MS)
        assert silent(now) == []
        now.turn(300 * MS)  # noticed in this turn
        now.turn()  # handled in this one
        assert silent(now) == ["its feed is silent"]
        assert now.watcher.feeds.silent == {BTC}
        now.turn(300 * MS, quote=True)
        now.turn()
        assert silent(now) == []
        now.settle()
    assert cli.main(["parity", str(tmp_path / "state" / "demo-paper")]) == 0


def test_a_feed_without_a_limit_may_be_silent(tmp_path):
    with watched(tmp_path) as now:
        now.turn(250 * MS, quote=True)
        now.turn(3_600 * SECOND)
        now.turn()
        assert silent(now) == []


def test_silence_holds_over_a_restart_and_a_feed_that_never_spoke_is_silent(tmp_path):
    with watched(tmp_path, silent_after_ms=1_000) as now:
        now.turn(2 * SECOND)
        now.turn()
        assert silent(now) == ["its feed is silent"]
        now.settle()
    with watched(tmp_path) as now:
        now.turn()
        assert silent(now) == ["its feed is silent"]
        now.turn(300 * MS)
        now.turn(300 * MS, quote=True)
        now.turn()
        assert silent(now) == []
        now.settle()
    assert cli.main(["parity", str(tmp_path / "state" / "demo-paper")]) == 0


def test_outside_trading_hours_nobody_has_to_speak(tmp_path):
    with watched(tmp_path, silent_after_ms=1_000) as now:
        feeds = now.watcher.feeds
        opens = now.time.moment + 3_600 * SECOND
        feeds.set_hours(BTC, [(opens, opens + 3_600 * SECOND)])
        now.turn(1_800 * SECOND)
        now.turn()
        assert silent(now) == []
        now.turn(1_800 * SECOND + 900 * MS)  # it has just opened
        now.turn()
        assert silent(now) == []
        now.turn(2 * SECOND)
        now.turn()
        assert silent(now) == ["its feed is silent"]


def test_silence_is_an_alert_until_the_feed_is_back(tmp_path):
    with watched(tmp_path, silent_after_ms=1_000) as now:
        now.turn(2 * SECOND)
        now.settle()
        desk = now.desk
        now.until(lambda: any(a.key == f"book_stale:{BTC}" for a in desk.open_alerts()))


def test_a_limit_of_silence_is_at_least_a_millisecond(tmp_path):
    config = make_project(tmp_path)
    config.write_text(config.read_text().replace("[[feeds]]", "[[feeds]]\nsilent_after_ms = 0"))
    with pytest.raises(ConfigFileError, match="silent_after_ms"):
        load(config)


def test_a_report_that_is_cut_off_at_a_snapshot_plays_from_there(tmp_path, capsys):
    with watched(tmp_path) as now:
        for _ in range(3):
            now.turn(300 * MS, quote=True)
            now.settle()
            now.daemon.core.inject(Halt(ts=0, reason="operator"))
            now.settle()
            now.daemon.snapshotter.take()
            now.until(lambda: now.daemon.snapshotter.health.seq == now.daemon.session.kernel.seq)
            now.daemon.core.inject(Resume(ts=0, reason="over"))
            now.settle()
    state, out = str(tmp_path / "state" / "demo-paper"), str(tmp_path / "r.tar.gz")
    assert cli.main(["bugreport", state, "--last", "1", "--out", out, "--yes"]) == 0
    assert "slice/backup.json: from input 0 on" not in capsys.readouterr().err
    with tarfile.open(out) as archive:
        archive.extractall(tmp_path / "x", filter="data")
    assert cli.main(["parity", str(tmp_path / "x" / "openoutcry-report" / "slice")]) == 0
    said = capsys.readouterr()
    assert "0 differences" in said.out
    assert int(said.err.split()[0]) > 0  # records were compared


# --- facts ---------------------------------------------------------------------------------------


def test_it_is_healthy_only_when_it_is_ready_and_turns(tmp_path):
    with watched(tmp_path) as now:
        assert "not ready" in health(now).body
        now.until(lambda: now.facts.ready)
        at = now.facts.at_s
        assert health(now, lambda: at).status == 200
        assert "silent" in health(now, lambda: at + 6).body
    assert health(now, lambda: at).status == 503


def test_facts_are_copied_four_times_a_second_and_say_what_happened(tmp_path):
    with watched(tmp_path) as now:
        now.turn(300 * MS, quote=True)
        first = now.facts
        now.turn(200 * MS, quote=True)
        assert now.facts is first
        now.turn(100 * MS, quote=True)
        facts = now.facts
        assert facts is not first
        assert facts.seq == now.daemon.session.kernel.seq
        assert facts.inputs["quote"] == 3
        assert facts.mode == "paper"
        assert sum(facts.lag.counts) == 3
        assert sum(facts.handler.counts) >= 3
        assert facts.handler.total > 0
        assert facts.strategies == {"hold": "running"}
        assert facts.feeds[BTC].age_s < 1
        now.until(lambda: now.facts.fills == 1)
        assert now.facts.equity["USDT"] < 100_000  # the fee


def test_a_halt_is_a_fact_with_its_scope_and_a_pause_is_the_strategys(tmp_path):
    with watched(tmp_path) as now:
        core = now.daemon.core
        core.inject(Halt(ts=0, reason="operator", instrument=BTC))
        core.inject(Halt(ts=0, reason="paused: lunch", strategy=StrategyId("hold")))
        now.turn(300 * MS)
        now.turn(300 * MS)
        assert now.facts.halted == {BTC: "operator"}
        assert now.facts.strategies == {"hold": "paused"}
        assert f"{BTC} is halted" in health(now).body
        core.inject(Resume(ts=0, reason="over", instrument=BTC))
        now.turn(300 * MS)
        now.turn(300 * MS)
        assert now.facts.halted == {}


# --- log and alerts ------------------------------------------------------------------------------


def test_a_session_is_told_from_its_start_to_its_end(tmp_path):
    said = io.StringIO()
    with watched(tmp_path, '\n[log]\nformat = "json"\nlevel = "debug"\n', said) as now:
        now.turn(250 * MS, quote=True)
        now.settle()
        now.daemon.core.inject(Halt(ts=0, reason="operator"))
        now.settle()
    found = events(said)
    words = [each["event"] for each in found]
    order = ["starting", "session_begins", "order_approved", "order_filled", "trading_halted"]
    assert [w for w in words if w in order] == order
    assert {"ready", "journal_closed", "stopped", "ended"} <= set(words)
    assert [w for w in words if not w.startswith("alert")][-1] == "ended"
    filled = next(each for each in found if each["event"] == "order_filled")
    assert (filled["instrument"], filled["side"], filled["quantity"]) == (BTC, "buy", "0.50000")
    assert filled["seq"] > 0
    assert all(each["mode"] == "paper" for each in found)
    again = io.StringIO()
    with watched(tmp_path, said=again) as now:
        now.settle()
        keys = {alert.rule for alert in now.desk.open_alerts()}
    recovered = next(each for each in events(again) if each["event"] == "recovered")
    assert recovered["findings"] == 0
    assert recovered["snapshot_seq"] == recovered["seq"]
    assert "unclean_restart" not in keys
    assert "trading_halted" not in {each["event"] for each in events(again)}


def test_a_halt_is_an_alert_and_a_resume_ends_it(tmp_path):
    with watched(tmp_path) as now:
        desk = now.desk
        now.daemon.core.inject(Halt(ts=0, reason="operator"))
        now.until(lambda: any(alert.key == "halted:all" for alert in desk.open_alerts()))
        (alert,) = (a for a in desk.open_alerts() if a.key == "halted:all")
        assert alert.seq > 0


def test_an_alert_that_nobody_acknowledges_puts_the_account_to_reduce_only_once(tmp_path):
    extra = "\n[alerts]\nescalate_s = 1\n"
    with watched(tmp_path, extra) as now:
        risk = now.daemon.session.graph.risk_state
        now.until(lambda: now.facts.ready)
        now.daemon.core.inject(Halt(ts=0, reason="operator"))
        now.until(lambda: bool(risk.restricted()))
        ((strategy, instrument, reason, venue, _),) = risk.restricted()
        assert (strategy, instrument, venue) == (None, None, None)
        assert reason == "nobody acknowledged the alert halted:all"
        now.settle()
        seq = now.daemon.session.kernel.seq
        (alert,) = (a for a in now.desk.open_alerts() if a.rule == "halted")
        now.watch.restrict(alert)
        now.settle()
        assert now.daemon.session.kernel.seq == seq
        assert now.facts.reduce_only
