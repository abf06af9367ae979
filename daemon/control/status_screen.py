"""`outcry status`: the daemon on one screen of 80 columns and 24 lines."""

from openoutcry.daemon.console import Console
from openoutcry.daemon.control.marks import banner, state_colour
from openoutcry.daemon.control.views import Problem, Status
from openoutcry.daemon.control.words import clock, count, money, number, signed, span, utc
from openoutcry.daemon.table import Column, clip, table

LINES: int = 23
"""A screen less the line that is typed in."""
_FEEDS, _STRATEGIES, _PROBLEMS = 3, 5, 4


def status(answer: Status, console: Console) -> str:
    """The screen: what it is, how it fares, what is wrong, strategies, feeds."""
    lines = [*_head(answer, console), *_problems(answer.problems, console)]
    lines += ["", *_strategies(answer, console), "", *_feeds(answer, console)]
    return "\n".join(clip(line, console.width) for line in lines)


def _head(answer: Status, console: Console) -> list[str]:
    health = ("healthy", "green") if answer.healthy else ("NOT HEALTHY", "red")
    trading = {"on": "green", "restricted": "yellow", "halted": "red"}[answer.trading]
    name = console.paint(answer.name, "bold")
    worth = f"{money(answer.equity)} {answer.currency}" if answer.equity else "not known"
    waiting = f" · {answer.waiting} at the gate" if answer.waiting else ""
    journal = answer.journal.state
    behind = answer.seq - answer.durable_seq
    durable = "all durable" if not behind else f"{behind:,} not durable yet"
    lines = [
        (
            f"{banner(answer.mode, console)} {name} · account {answer.account} · "
            f"{console.paint(*health)} · {utc(answer.ts)}"
        ),
        (
            f"trading {console.paint(answer.trading, trading)} · equity {worth} · "
            f"{count(answer.positions, 'position')} · {count(answer.working, 'order')}{waiting}"
        ),
        (
            f"up {span(answer.uptime)} since {utc(answer.started)} · pid {answer.pid} · "
            f"openoutcry {answer.version}"
        ),
        f"input {answer.seq:,}, {durable} · lag {span(answer.lag)} · journal {journal} · "
        f"tape {answer.tape.state}" + f" · {count(answer.alerts, 'alert')}" * bool(answer.alerts),
    ]
    if answer.recovery is not None:
        was = answer.recovery
        gap = f", {was.gap}" if was.gap else ""
        lines.append(f"recovered {utc(was.ts)}: {was.records:,} records in {span(was.took)}{gap}")
    return lines


def _problems(problems: tuple[Problem, ...], console: Console) -> list[str]:
    lines = [f"{console.paint('!', 'red')} {problem.what}" for problem in problems]
    lines = _cut(lines, _PROBLEMS, "problems, see `outcry status --json`")
    return [*lines, f"  remedy: {problems[0].remedy}"] if problems else []


def _strategies(answer: Status, console: Console) -> list[str]:
    columns = [
        Column("strategy"),
        Column("state"),
        Column("profit", right=True),
        Column("pos", right=True),
        Column("orders", right=True),
        Column("last signal"),
    ]
    rows = [
        [
            row.strategy,
            row.state,
            f"{signed(row.profit)} {row.currency}",
            str(row.positions),
            str(row.working),
            clock(row.last_signal, answer.ts),
        ]
        for row in answer.strategies
    ]
    lines = table(columns, rows, console.width)
    for at, row in enumerate(answer.strategies, 1):
        if row.state != "running":
            lines[at] = console.paint(lines[at], state_colour(row.state))
    return lines[:1] + _cut(lines[1:], _STRATEGIES, "strategies, see `outcry strategies`")


def _feeds(answer: Status, console: Console) -> list[str]:
    columns = [Column("feed"), Column("age", right=True), Column("state"), Column("shed", spare=1)]
    feeds = sorted(answer.feeds, key=lambda feed: (not feed.stale, -(feed.age or 0)))
    rows = [
        [
            feed.instrument,
            span(feed.age),
            "STALE" if feed.stale else "ok" if feed.age is not None else "waiting",
            ", ".join(f"{kind} {number(str(n))}" for kind, n in feed.shed.items()),
        ]
        for feed in feeds
    ]
    lines = table(columns, rows, console.width)
    for at, feed in enumerate(feeds, 1):
        if feed.stale:
            lines[at] = console.paint(lines[at], "red")
    shown = lines[:1] + _cut(lines[1:], _FEEDS, "feeds, see `outcry status --json`")
    venues = [f"{venue.name} {venue.state}" for venue in answer.venues]
    return [*shown, f"venues: {', '.join(venues)}"] if venues else shown


def _cut(lines: list[str], most: int, what: str) -> list[str]:
    """No more than `most` lines, the last of them saying what is left out."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"and {len(lines) - most + 1} more {what}"]
