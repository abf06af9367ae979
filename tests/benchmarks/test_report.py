"""What the benchmarks keep, read and write: raw results, the peers' lines, the report."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import peers, report
from tests.benchmarks.places import ROOT, SCRIPTS
from tests.benchmarks.processes import run
from tests.benchmarks.records import Records, fingerprint, median
from tests.benchmarks.replay_bench import merged
from tests.benchmarks.workloads import BY_NAME, WORKLOADS

V2 = {
    "orders": 0, "balance": "1000000.00000000 USDT", "events": 1000, "peak_rss_mb": 900.0,
    "load_wrangle_s": 2.0, "load_wrangle_cpu_s": 1.9, "add_data_s": 0.5, "add_data_cpu_s": 0.4,
    "run_s": 1.1, "run_cpu_s": 1.0,
}  # fmt: skip


def measured(cpu: float, **more: Any) -> dict[str, Any]:
    phase = {"wall_s": cpu * 2, "cpu_s": cpu}
    phases = dict.fromkeys(("run", "whole", "result", "process"), phase)
    return {"events": 1000, "orders": 0, "balance": "1000000.00000000 USDT",
            "equity": "1000000.00000000", "peak_rss_mb": 100.0, "phases": phases, **more}  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Records:
    return Records(tmp_path / "raw.jsonl")


def add(kept: Records, workload: str, contestant: str, result: dict[str, Any]) -> None:
    kept.add(workload=workload, contestant=contestant, fingerprint="f", revision="abc", n=1000,
             measured=result)  # fmt: skip


def test_a_row_holds_medians_and_the_ratio_of_cpu_seconds(kept: Records) -> None:
    for cpu in (0.2, 0.9, 0.1):
        add(kept, "quotes_noop_py", "quotes_noop_py", measured(cpu))
        add(kept, "quotes_noop_py", "nautilus2", merged({"line": V2, "process": {
            "wall_s": 4.0, "cpu_s": 4.0}, "peak_rss_mb": 901.0}, peers.nautilus))  # fmt: skip
    add(kept, "quotes_noop_py", "nautilus1", {"error": "did not end in 300 s"})
    text = "\n".join(report.section(BY_NAME["quotes_noop_py"], kept))
    assert "| openoutcry | run | 0.200 | 0.400 | 5,000 |  | 100 | 0 |" in text
    assert "| NautilusTrader 2.0.0rc7 | run | 1.000 | 1.100 | 1,000 | 5.00 x | 900 | 0 |" in text
    assert "| NautilusTrader 2.0.0rc7 | whole | 3.300 | 3.600 | 303 | 16.50 x |" in text
    assert "| NautilusTrader 1.231.0 | did not end in 300 s |" in text
    assert "- NautilusTrader 2.0.0rc7: the same orders and balance." in text


def test_the_page_says_which_aims_are_reached_missed_and_not_measured(kept: Records) -> None:
    add(kept, "quotes_noop_py", "quotes_noop_py", measured(0.2))
    add(kept, "quotes_noop_py", "nautilus2", measured(1.0))
    add(kept, "quotes_noop_py", "nautilus1", measured(0.3))
    add(kept, "catalog_noop", "noop", measured(0.7, peak_rss_mb=300.0))
    for times, cpu in ((1, 1.0), (10, 1.05), (100, 0.8)):
        add(kept, "growth_idle", f"growth_idle_{times}", measured(cpu))
    page = report.document(kept, 1000)
    aims = [line for line in page.splitlines() if line.startswith("| ")]
    assert (
        "| quotes_noop_py | CPU: 4 x less than NautilusTrader 2.0.0rc7 (run) | 5 x | reached |"
        in aims
    )
    assert (
        "| quotes_noop_py | CPU: 4 x less than NautilusTrader 1.231.0 (run) | 1.5 x | missed |"
        in aims
    )
    assert "| catalog_noop | CPU of the process at most 1 s | 0.7 s | reached |" in aims
    assert "| catalog_noop | peak memory of the process at most 250 MB | 300 MB | missed |" in aims
    assert "| growth_idle | the same cost per event, within 10% | -20.0% | missed |" in aims
    assert (
        "| bars_ema | CPU: 20 x less than NautilusTrader 2.0.0rc7 (run) | not measured | - |"
        in aims
    )


def test_a_difference_is_explained_or_said_not_to_be(kept: Records) -> None:
    for workload in ("quotes_limits", "quotes_ema_min"):
        add(kept, workload, workload, measured(0.2, orders=7))
        add(kept, workload, "nautilus2", measured(1.0, orders=8))
    known = "\n".join(report.section(BY_NAME["quotes_limits"], kept))
    unknown = "\n".join(report.section(BY_NAME["quotes_ema_min"], kept))
    assert BY_NAME["quotes_limits"].differences["nautilus2"] in known
    assert "NautilusTrader 2.0.0rc7: NOT EXPLAINED." in unknown


def test_a_value_without_a_currency_is_compared_to_the_cent_with_our_equity() -> None:
    ours = measured(1.0, fills=3, balance="5.00 USD", equity="999.98765")
    assert report.compared(ours, {"fills": 3, "balance": "999.99"}) == {
        "fills": True,
        "final value": True,
    }
    assert not report.compared(ours, {"fills": 3, "balance": "999.98"})["final value"]


def test_the_empty_page_has_a_section_for_every_workload(kept: Records) -> None:
    page = report.document(kept, 1000)
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [
        "Aims",
        *(workload.name for workload in WORKLOADS),
    ]


def test_records_are_read_back_and_outdated_ones_dropped(kept: Records) -> None:
    add(kept, "bars_ema", "bars_ema", measured(1.0))
    add(kept, "bars_ema", "nautilus2", {"error": "needs Python 3.13"})
    add(kept, "bars_ema", "nautilus1", {"error": "did not end in 120 s"})
    again = Records(kept.path)
    assert len(again.of("bars_ema")) == 3
    again.forgive("bars_ema")
    assert [one["contestant"] for one in Records(kept.path).of("bars_ema")] == [
        "bars_ema",
        "nautilus1",
    ]
    again.drop("bars_ema", keep="f")
    assert len(again.of("bars_ema")) == 2
    again.drop("bars_ema", keep="another")
    assert Records(kept.path).of("bars_ema") == []


def test_a_failed_round_fails_the_row(kept: Records) -> None:
    add(kept, "bars_ema", "bars_ema", measured(1.0))
    add(kept, "bars_ema", "bars_ema", {"error": "it broke"})
    assert median(kept.of("bars_ema")) == {"error": "it broke"}


def test_a_fingerprint_is_the_same_twice_and_differs_by_workload(shared: Path) -> None:
    assert fingerprint(BY_NAME["rebalance"]) == fingerprint(BY_NAME["rebalance"])
    assert fingerprint(BY_NAME["rebalance"]) != fingerprint(BY_NAME["bars_sma"])


def test_a_process_is_measured_from_outside_and_ended_when_its_time_is_up() -> None:
    spin = "import time\nwhile time.process_time() < {}: pass\nprint('{{\"events\": 1}}')"
    done = run([sys.executable, "-c", spin.format(0.2)], 30, {})
    assert done["line"] == {"events": 1}
    assert done["process"]["cpu_s"] >= 0.2
    assert done["peak_rss_mb"] > 1
    late = run([sys.executable, "-c", spin.format(60)], 1, {})
    assert late == {"error": "did not end in 1 s"}
    broken = run([sys.executable, "-c", "raise SystemExit('no such thing')"], 30, {})
    assert broken == {"error": "no such thing"}


def test_one_run_of_a_script_gives_both_clocks(tmp_path: Path) -> None:
    (tmp_path / "peers_common.py").write_text(
        "import json, time\ndef emit(**fields): print('RESULT ' + json.dumps(fields))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(
        "from peers_common import *\nt = time.perf_counter()\n"
        "while time.perf_counter() - t < 0.05: pass\n"
        "dt = time.perf_counter() - t\nemit(s=round(dt, 3), rate=round(10 / dt), n=10)\n"
    )
    command = [sys.executable, str(peers.BOTH_CLOCKS), str(script)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = peers.last_line(printed)
    assert line is not None
    assert line["s"] >= 0.05
    assert 0 < line["s_cpu"] <= line["s"] + 0.01
    assert peers.timed(line)["phases"] == {"result": {"wall_s": line["s"], "cpu_s": line["s_cpu"]}}


def test_the_words_of_the_peers_are_read() -> None:
    line = {"submitted": 5, "trades": 2, "cold_s": 3.0, "cold_s_cpu": 2.0, "warm_s": 0.2,
            "warm_s_cpu": 0.1, "events": 7, "balance": 12.345}  # fmt: skip
    read = peers.hftbacktest(line)
    assert (read["orders"], read["fills"], read["events"], read["balance"]) == (5, 2, 7, "12.35")
    assert read["phases"]["warm"] == {"wall_s": 0.2, "cpu_s": 0.1}
    printed = f"noise\n{json.dumps({'a': 1})}\nRESULT {json.dumps({'a': 2})}\nmore noise\n"
    assert peers.last_line(printed) == {"a": 2}


def test_every_peer_has_its_packages_pinned() -> None:
    for peer in peers.PEERS.values():
        lines = (peers.REQUIREMENTS / f"{peer.key}.txt").read_text().splitlines()
        assert lines
        assert all("==" in line for line in lines)
    assert {call.peer for workload in WORKLOADS for call in workload.calls} == set(peers.PEERS)
    assert (ROOT / "Makefile").read_text().count("tests.benchmarks.replay_bench") == 1


def test_a_workload_without_its_recordings_is_skipped_with_the_reason(
    kept: Records, tmp_path: Path
) -> None:
    absent = replace(BY_NAME["depth_binance"], data=tmp_path / "absent")
    text = "\n".join(report.section(absent, kept))
    assert "Not measured: the recordings (../shared/data) are not beside this checkout." in text
    assert replace(absent, data=tmp_path).skipped == ""


def test_each_script_of_ours_for_a_peer_is_found() -> None:
    own = [call for item in WORKLOADS for call in item.calls if call.file.parent == SCRIPTS]
    assert [call.file.name for call in own] == ["hftbacktest_binance.py"]
    assert all(call.file.exists() for call in own)
