"""The report: one file, nothing from outside, nothing of the run's texts can run."""

import base64
import hashlib
import json
import random
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.replay.analytics.drawdown import curve
from openoutcry.replay.html import Html, join, tag
from openoutcry.replay.report import report_html, verdict
from openoutcry.replay.report_charts import data_block, thin
from openoutcry.replay.report_text import duration, moment, money, number
from openoutcry.replay.result import Detail, ReplayResult
from tests.replay.rows import curve_of
from tests.replay.sample import HOUR, START, sample_result

EVIL = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
)


class Tags(HTMLParser):
    """Counts elements and collects what could load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "line", "path", "input", "img"}:
            self.open.append(tag)
        self.links += [f"{k}={v}" for k, v in attrs if k in {"src", "href"} or k.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in {"line", "path"}:
            raise AssertionError(f"</{tag}> closes {self.open[-1:]}")


def evil_result() -> ReplayResult:
    result = sample_result(trades=40, name=EVIL)
    assert result.detail is not None
    orders = tuple(msgspec.structs.replace(o, reason=EVIL, tag=EVIL) for o in result.detail.orders)
    trades = tuple(msgspec.structs.replace(t, strategy=EVIL) for t in result.detail.trades)
    strategy = msgspec.structs.replace(result.strategies[0], strategy=EVIL, type=EVIL)
    return msgspec.structs.replace(
        result,
        strategies=(strategy,),
        detail=Detail(
            orders=orders,
            trades=trades,
            fills=result.detail.fills,
            equity=result.detail.equity,
        ),
        assumptions={EVIL: EVIL},
        defects={EVIL: 1},
        config={"run": {"name": EVIL}, "feeds": [{"instrument": EVIL}]},
    )


def test_texts_of_the_run_are_text_and_nothing_else():
    page = report_html(evil_result())
    plain_page = report_html(sample_result(trades=40))
    assert EVIL not in page
    assert Tags(page).seen.count("script") == Tags(plain_page).seen.count("script")
    assert "img" not in Tags(page).seen
    assert not Tags(page).links


@given(st.text())
def test_data_for_the_script_cannot_end_its_block_and_reads_back(text):
    block = data_block("x", ["</script><!--<script>", text])
    inside = block.removeprefix('<script type="application/json" id="x">').removesuffix("</script>")
    assert "<" not in inside
    assert json.loads(inside) == ["</script><!--<script>", text]


def test_the_policy_lets_only_the_script_of_the_page_run():
    page = report_html(sample_result())
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page


def test_nothing_is_loaded_from_anywhere():
    page = report_html(sample_result())
    assert not Tags(page).links
    assert not re.search(r"(https?:)?//\w|url\(|@import", page.replace("http-equiv", ""))


def test_elements_are_closed_in_the_order_they_were_opened():
    assert not Tags(report_html(sample_result())).open


def test_equal_results_give_equal_reports_without_their_measurement():
    one, two = (msgspec.structs.replace(sample_result(), measurement=None) for _ in range(2))
    assert report_html(one) == report_html(two)


@pytest.mark.parametrize(
    "part",
    [
        "REPLAY", "Simulated fills", "10,000.00", "Largest drawdown", "Sharpe ratio",
        "150 of 162 orders filled", "max_order_value: 1260.00 USDT is above 1000",
        "next_open", "crossed quote", "8f2c1d7a90be4c55", "Measured, not part of the result",
    ],
)  # fmt: skip
def test_the_report_says(part):
    assert part in report_html(sample_result())


def test_a_run_without_trades_explains_itself_first():
    result = sample_result(trades=0)
    funnel = msgspec.structs.replace(result.funnel, explanation="0 trades: nobody asked.")
    result = msgspec.structs.replace(result, funnel=funnel)
    assert verdict(result) == "0 trades: nobody asked."
    assert "There are no trades." in report_html(result)


def test_a_run_without_samples_still_makes_a_report():
    result = msgspec.structs.replace(sample_result(trades=0), detail=Detail(), first_ts=None)
    page = report_html(result)
    assert "too few samples" in page
    assert "No data was played." in page


def test_luck_is_called_luck():
    stats = sample_result().performance
    result = sample_result()
    for psr, says in (
        (0.5, "not distinguishable from luck"),
        (0.99, "if nothing was tuned"),
        (0.04, "it loses"),
    ):
        changed = msgspec.structs.replace(stats, psr=psr)
        assert says in verdict(msgspec.structs.replace(result, performance=changed))


def test_what_cannot_be_is_doubted_aloud():
    result = sample_result()
    stats = msgspec.structs.replace(result.performance, sharpe=62.3, psr=1.0)
    said = verdict(msgspec.structs.replace(result, performance=stats))
    assert "A Sharpe ratio of 62 does not happen in real markets" in said


@given(st.integers(), st.integers(2_500, 3_500))
def test_a_thinned_curve_keeps_every_extreme(seed, length):
    rng = random.Random(seed)
    level, samples = 10_000, []
    for n in range(length):
        level += rng.randint(-1000, 1000)
        samples.append((START + n * HOUR, Decimal(level)))
    full = curve(curve_of(samples))
    kept = thin(full)
    assert len(kept) <= 600 * 5 + 5
    assert [p.ts for p in kept] == sorted({p.ts for p in kept})
    for key in ("equity", "drawdown"):
        values, thinned = ([getattr(p, key) for p in c] for c in (full, kept))
        assert (min(values), max(values)) == (min(thinned), max(thinned))
    assert (kept[0], kept[-1]) == (full[0], full[-1])


@given(st.text())
def test_text_between_and_inside_tags_is_escaped(text):
    made = tag("p", text, title=text)
    assert made.count("<") == 2
    assert isinstance(join(made, text), Html)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(Decimal("61234.50000")), "61,234.5"),
        (number(Decimal("0E-8")), "0"),
        (number(Decimal("1E-8")), "0.00000001"),
        (number(None), "n/a"),
        (money(Decimal(-5)), "-5.00"),
        (money(Decimal("0.123456")), "0.123456"),
        (moment(START), "2024-01-01 00:00:00"),
        (moment(START + 250_000_000), "2024-01-01 00:00:00.25"),
        (duration(25 * HOUR + 1), "1 d 1 h"),
        (duration(5_000_000), "5 ms"),
    ],
)
def test_figures_read_well(shown, expected):
    assert shown == expected


@pytest.mark.slow
def test_a_browser_runs_the_page_script_and_no_other(tmp_path: Path):
    """Pages are turned by our script, and a hostile name stays a name."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no chromium on this machine")
    file = tmp_path / "report.html"
    file.write_text(report_html(evil_result()), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command = [
        browser,
        *flags,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        file.as_uri(),
    ]
    page = subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout
    assert "1 to 25 of 40" in page
    assert "<title>owned</title>" not in page
