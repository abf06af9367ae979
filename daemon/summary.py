"""What `outcry replay` prints: the result in a dozen lines."""

from datetime import UTC, datetime

from openoutcry.daemon.console import Console
from openoutcry.replay.report_text import amounts, money, percent, ratio
from openoutcry.replay.result import Money, ReplayResult


def summary(result: ReplayResult, console: Console) -> str:
    """The result for people."""
    stats = result.performance
    colour = {"complete": "green", "partial": "yellow", "failed": "red"}[result.status]
    head = console.paint(f"{result.mode.value.upper()} {result.name}", "bold")
    lines = [
        f"{head} · {_span(result)} · {console.paint(result.status, colour)}",
        "",
        _row("equity", f"{_money(result.initial_equity)} → {_money(result.final_equity)}"),
        _row("return", percent(stats.total_return), "max drawdown", percent(stats.max_drawdown)),
        _row("sharpe", ratio(stats.sharpe), "volatility", percent(stats.volatility)),
        _row("trades", str(stats.trades), "win rate", percent(stats.win_rate)),
        _row("fees", amounts(result.fees), "realized", amounts(result.realized_pnl)),
        _row("orders", str(result.orders), "fills", f"{result.fills} ({result.denied} denied)"),
        _row("funnel", result.funnel.explanation),
    ]
    lines += [_row("failed", f"{f.actor}: {f.error} ({f.policy})") for f in result.failures]
    if result.defects:
        defects = ", ".join(f"{count} {name}" for name, count in sorted(result.defects.items()))
        lines.append(_row("defects", defects))
    lines += ["", _row("run", result.run_id), _row("state", result.state_hash)]
    lines.append(_row("journal", result.journal_hash))
    if result.measurement is not None:
        m = result.measurement
        speed = f"{m.wall_s:.2f} s, {m.events_per_s:,.0f} events/s, {m.peak_rss_mb:.0f} MB"
        lines.append(_row("took", speed))
    return "\n".join(line.rstrip() for line in lines)


def _row(*cells: str) -> str:
    left = f"{cells[0]:<9}{cells[1]}"
    return left if len(cells) == 2 else f"{left:<36}{cells[2]:<14}{cells[3]}"


def _span(result: ReplayResult) -> str:
    if result.first_ts is None or result.last_ts is None:
        return "no data"
    first, last = (
        datetime.fromtimestamp(ts // 10**9, UTC).strftime("%Y-%m-%d %H:%M")
        for ts in (result.first_ts, result.last_ts)
    )
    return f"{first} → {last} UTC · {result.events_total:,} events"


def _money(value: Money) -> str:
    return f"{money(value.amount)} {value.currency}"
