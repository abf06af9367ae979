"""What `outcry replay` prints: the result in a dozen lines."""

from datetime import UTC, datetime
from decimal import Decimal

from openoutcry.daemon.console import Console
from openoutcry.replay.result import Amounts, Money, ReplayResult

NOT_DEFINED = "n/a"


def summary(result: ReplayResult, console: Console) -> str:
    """The result for people."""
    stats = result.performance
    colour = {"complete": "green", "partial": "yellow", "failed": "red"}[result.status]
    head = console.paint(f"{result.mode.value.upper()} {result.name}", "bold")
    lines = [
        f"{head} · {_span(result)} · {console.paint(result.status, colour)}",
        "",
        _row("equity", f"{_money(result.initial_equity)} → {_money(result.final_equity)}"),
        _row("return", _percent(stats.total_return), "max drawdown", _percent(stats.max_drawdown)),
        _row("sharpe", _number(stats.sharpe), "volatility", _percent(stats.volatility)),
        _row("trades", str(stats.trades), "win rate", _percent(stats.win_rate)),
        _row("fees", _amounts(result.fees), "realized", _amounts(result.realized_pnl)),
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


def _money(money: Money) -> str:
    return f"{_grouped(money.amount)} {money.currency}"


def _amounts(amounts: Amounts) -> str:
    return ", ".join(f"{_grouped(v)} {c}" for c, v in sorted(amounts.items())) or "0"


def _grouped(value: Decimal) -> str:
    return f"{value:,f}"


def _percent(value: float | None) -> str:
    return NOT_DEFINED if value is None else f"{value:+.2%}" if value < 0 else f"{value:.2%}"


def _number(value: float | None) -> str:
    return NOT_DEFINED if value is None else f"{value:.2f}"
