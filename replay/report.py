"""The report of a run: one HTML file that needs nothing else, not even a network.

Every text of the run is escaped by construction (`replay/html.py`), and the page's policy lets only
its own script run, named by hash. Two equal runs give equal reports, apart from the measurement.
"""

import base64
import hashlib
import json
import string
from collections.abc import Sequence
from importlib.resources import files

from openoutcry.replay.analytics.returns import monthly_returns
from openoutcry.replay.html import Html, join, tag
from openoutcry.replay.report_charts import equity_chart
from openoutcry.replay.report_tables import POSITIONS, STRATEGIES, lists, table
from openoutcry.replay.report_text import (
    amounts,
    duration,
    moment,
    money,
    percent,
    ratio,
    rounded,
)
from openoutcry.replay.result import EquityPoint, Funnel, Performance, ReplayResult, plain

_BANNERS = {
    "replay": "Simulated fills on recorded data. Nobody was traded with.",
    "paper": "Simulated fills on live data. Nobody was traded with.",
    "live": "Real orders, real money.",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Template(string.Template):
    delimiter = "§"


def report_html(result: ReplayResult) -> str:
    """The report as one HTML document."""
    script = _asset("report.js")
    digest = hashlib.sha256(script.encode()).digest()
    return _Template(_asset("report.html")).substitute(
        title=tag("i", f"{result.name}: {result.mode.value}")[3:-4],
        script=script,
        script_hash=base64.b64encode(digest).decode(),
        body=_body(result),
    )


def _asset(name: str) -> str:
    return files("openoutcry.replay").joinpath("templates", name).read_text(encoding="utf-8")


def _body(result: ReplayResult) -> Html:
    mode = result.mode.value
    banner = tag(
        "div", tag("b", mode.upper()), _BANNERS[mode], class_=f"banner {mode}", role="note"
    )
    detail = result.detail
    equity = detail.equity if detail is not None else ()
    main = tag(
        "main",
        _header(result),
        _failures(result),
        tag("dl", _tiles(result), class_="tiles", style="margin:0"),
        _section("Equity", equity_chart(equity, result.final_equity.currency)),
        _section("Returns by month", _months(equity)),
        _section("From data to fills", _funnel(result.funnel)),
        _section("Statistics", _statistics(result)),
        _section("Strategies", table("strategies", "Strategies", STRATEGIES, result.strategies)),
        _section(
            "Open positions", table("positions", "Open positions", POSITIONS, result.positions)
        ),
        lists(result),
        _section("Money", _money(result)),
        _section("Assumptions", _assumptions(result)),
        _section("Defects of the data", _defects(result)),
        _section("Config", _config(result)),
        _section("The run", _identity(result)),
        tag("footer", _footer(result)),
    )
    return join(banner, main)


def _section(title: str, *content: Html) -> Html:
    return tag("section", tag("h2", title), *content)


def _header(result: ReplayResult) -> Html:
    instruments = ", ".join(dict.fromkeys(str(f) for f in _instruments(result)))
    strategies = ", ".join(s.strategy for s in result.strategies)
    span = "No data was played."
    if result.first_ts is not None and result.last_ts is not None:
        length = duration(result.last_ts - result.first_ts)
        span = f"{moment(result.first_ts)} to {moment(result.last_ts)} UTC ({length})"
    state = tag("span", result.status, class_=f"status {result.status}")
    return tag(
        "header",
        tag("h1", result.name, state),
        tag("p", " · ".join(filter(None, (strategies, instruments)))),
        tag("p", span),
        tag("p", verdict(result), class_="verdict"),
    )


def _instruments(result: ReplayResult) -> list[object]:
    feeds = result.config.get("feeds", ())
    return [feed["instrument"] for feed in feeds if isinstance(feed, dict) and "instrument" in feed]


def verdict(result: ReplayResult) -> str:
    """What the figures allow to say, in a sentence or two; nothing that they do not."""
    stats = result.performance
    if not result.funnel.filled:
        return result.funnel.explanation
    change = stats.total_return
    amount = result.final_equity.amount - result.initial_equity.amount
    word = "Gained" if amount > 0 else "Lost" if amount < 0 else "Ended where it began:"
    much = f"{money(abs(amount))} {result.final_equity.currency}"
    share = "" if change is None else f" ({percent(change)})"
    first = f"{word} {much}{share} in {stats.days:,.1f} days."
    return f"{first} {_luck(stats)}"


def _luck(stats: Performance) -> str:
    if stats.psr is None:
        return "That is too short, or too even, to tell skill from luck."
    chance = f"The chance that its true Sharpe ratio is above zero is {stats.psr:.0%}"
    if stats.psr >= 0.95:
        return f"{chance}, if nothing was tuned on this data."
    return f"{chance}: not distinguishable from luck."


def _failures(result: ReplayResult) -> Html:
    if not result.failures:
        return join()
    rows = [
        tag(
            "div",
            tag("dt", f.actor),
            tag("dd", f"{f.error} (input {f.sequence}, {f.input}): {f.policy}"),
        )
        for f in result.failures
    ]
    return _section("What failed", tag("dl", rows, class_="dl card"))


def _tiles(result: ReplayResult) -> list[Html]:
    stats, end = result.performance, result.final_equity
    change = stats.total_return or 0.0
    sign = "up" if change > 0 else "down" if change < 0 else None
    begin = f"from {money(result.initial_equity.amount)}"
    fall = f"{money(stats.max_drawdown_amount)} {end.currency}, longest {stats.max_drawdown_days:,.1f} d"
    return [
        _tile("Final equity", rounded(end.amount, end.currency), begin),
        _tile("Return", percent(stats.total_return), f"per year {percent(stats.cagr)}", sign),
        _tile("Largest drawdown", percent(stats.max_drawdown), fall),
        _tile("Sharpe ratio", ratio(stats.sharpe), f"volatility {percent(stats.volatility)}"),
        _tile("Closed trades", f"{stats.trades:,}", f"won {percent(stats.win_rate)}"),
        _tile("Profit factor", ratio(stats.profit_factor), "gains over losses, net of fees"),
        _tile("Fees", _fees(result), f"{result.fills:,} fills"),
        _tile("Orders", f"{result.orders:,}", f"{result.denied:,} denied by risk"),
    ]


def _fees(result: ReplayResult) -> Html:
    paid = [(c, v) for c, v in sorted(result.fees.items()) if v]
    return join([tag("div", rounded(v, c)) for c, v in paid]) if paid else join("0")


def _tile(title: str, value: str, note: str, sign: str | None = None) -> Html:
    return tag(
        "div",
        tag("dt", title),
        tag("dd", value, class_=sign),
        tag("dd", note, class_="note"),
        class_="tile card",
    )


def _months(equity: Sequence[EquityPoint]) -> Html:
    """Years down, months across."""
    months = monthly_returns(equity)
    if not months:
        return tag("p", "There are no samples.", class_="empty")
    heads = [tag("th", name, scope="col", class_="num") for name in ("Year", *_MONTHS)]
    rows = [
        tag(
            "tr", tag("th", str(year), scope="row"), [_month(months, year, m) for m in range(1, 13)]
        )
        for year in dict.fromkeys(year for year, _ in months)
    ]
    shown = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="months")
    label = "Returns by month"
    return tag("div", shown, class_="scroll", tabindex="0", role="region", aria_label=label)


def _month(months: dict[tuple[int, int], float | None], year: int, month: int) -> Html:
    if (year, month) not in months:
        return tag("td", class_="num")
    value = months[year, month]
    sign = "up" if value and value > 0 else "down" if value and value < 0 else ""
    return tag("td", percent(value), class_=f"num {sign}".rstrip())


def _funnel(funnel: Funnel) -> Html:
    steps = (
        ("orders asked for", funnel.signals, False),
        ("denied by risk", funnel.denied, True),
        ("dropped before sending", funnel.not_sent, True),
        ("sent to the venue", funnel.submitted, False),
        ("rejected by the venue", funnel.rejected, True),
        ("filled", funnel.filled, False),
    )
    data = (funnel.events, "events played"), (funnel.delivered, "of them reached a strategy")
    rows = [_step(name, count) for count, name in data]
    rows += [
        _step(name, count, count / max(1, funnel.signals), "lost" if lost else None)
        for name, count, lost in steps
        if count or not lost
    ]
    reasons = [tag("div", tag("dt", r.reason), tag("dd", f"{r.count:,}")) for r in funnel.reasons]
    why = [tag("h3", "Why orders were refused", style="margin-top:.8rem")] if reasons else []
    listed = [tag("dl", reasons, class_="dl card")] if reasons else []
    return join(tag("p", funnel.explanation), tag("ol", rows, class_="funnel card"), why, listed)


def _step(name: str, count: int, share: float | None = None, class_: str | None = None) -> Html:
    label = tag("span", tag("b", f"{count:,}"), " ", tag("span", name, class_="n"))
    if share is None:  # events are so many more that a bar would say nothing
        return tag("li", label)
    bar = tag("div", class_="bar", style=f"width:{100 * min(1.0, share):.1f}%")
    return tag("li", label, bar, class_=class_)


def _listed(pairs: list[tuple[str, str]]) -> Html:
    return tag("dl", [tag("div", tag("dt", k), tag("dd", v)) for k, v in pairs], class_="dl card")


def _statistics(result: ReplayResult) -> Html:
    s = result.performance
    best, worst = (
        "n/a" if m is None else f"{money(m.amount)} {m.currency}"
        for m in (s.best_trade, s.worst_trade)
    )
    hours = s.average_trade_hours
    held = "n/a" if hours is None else duration(round(hours * 3600) * 10**9)
    returns = [
        ("Return per year (CAGR)", percent(s.cagr)),
        ("Volatility per year", percent(s.volatility)),
        ("Sharpe ratio", ratio(s.sharpe)),
        ("Sortino ratio", ratio(s.sortino)),
        ("Calmar ratio", ratio(s.calmar)),
        ("Chance that Sharpe > 0 (PSR)", percent(s.psr)),
        ("Time in the market", percent(s.exposure)),
    ]
    trades = [
        ("Won", percent(s.win_rate)),
        ("Profit factor", ratio(s.profit_factor)),
        ("Average win over average loss", ratio(s.payoff_ratio)),
        ("Average trade", ratio(s.average_trade)),
        ("Best trade", best),
        ("Worst trade", worst),
        ("Average time held", held),
    ]
    note = (
        "Yearly figures need 30 days; n/a is what this run cannot define. Returns are daily, UTC."
    )
    return join(
        tag("div", _listed(returns), _listed(trades), class_="pair"), tag("p", note, class_="empty")
    )


def _money(result: ReplayResult) -> Html:
    totals = [
        (
            "Equity at the start",
            f"{money(result.initial_equity.amount)} {result.initial_equity.currency}",
        ),
        ("Realized profit, before fees", amounts(result.realized_pnl)),
        ("Unrealized profit", amounts(result.unrealized_pnl)),
        ("Fees paid", amounts(result.fees)),
        (
            "Equity at the end",
            f"{money(result.final_equity.amount)} {result.final_equity.currency}",
        ),
    ]
    balances = [
        (f"Balance at {venue}", amounts(held)) for venue, held in sorted(result.balances.items())
    ]
    return tag("div", _listed(totals), _listed(balances), class_="pair")


def _assumptions(result: ReplayResult) -> Html:
    intro = tag("p", "The result holds under these; other choices give other results.")
    return join(intro, _listed(sorted(result.assumptions.items())))


def _defects(result: ReplayResult) -> Html:
    if not result.defects:
        return tag("p", "None were counted.", class_="empty")
    return _listed([(k.replace("_", " "), f"{v:,}") for k, v in sorted(result.defects.items())])


def _config(result: ReplayResult) -> Html:
    text = json.dumps(plain(result.config), indent=2, ensure_ascii=False)
    shown = tag("div", tag("pre", tag("code", text)), class_="card")
    return tag("details", tag("summary", "The whole config, defaults included"), shown)


def _identity(result: ReplayResult) -> Html:
    events = ", ".join(f"{v:,} {k}" for k, v in sorted(result.events.items()))
    pairs = [
        ("Run", result.run_id),
        ("State hash", result.state_hash),
        ("Journal hash", result.journal_hash),
        ("Events", f"{result.events_total:,} ({events})" if events else f"{result.events_total:,}"),
    ]
    if result.measurement is not None:
        m = result.measurement
        speed = f"{m.wall_s:,.2f} s ({m.cpu_s:,.2f} s CPU), {m.events_per_s:,.0f} events/s"
        pairs.append(("Measured, not part of the result", f"{speed}, {m.peak_rss_mb:,.0f} MB"))
    return _listed(pairs)


def _footer(result: ReplayResult) -> str:
    again = "the same config and data give the same hashes"
    return f"Written by openoutcry from result schema {result.schema}: {again}."
