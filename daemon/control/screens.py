"""The answers of a daemon as people read them: one function for each, text for a terminal's width."""

import textwrap
from collections.abc import Callable, Sequence

from openoutcry.daemon.console import Console
from openoutcry.daemon.control.book_views import (
    Balances,
    Fills,
    OrderRow,
    Orders,
    PositionRow,
    Positions,
    Why,
)
from openoutcry.daemon.control.marks import head, state_colour
from openoutcry.daemon.control.views import Answer, HaltRow, Risk, Strategies
from openoutcry.daemon.control.words import (
    NOTHING,
    amounts,
    clock,
    money,
    number,
    short,
    signed,
    span,
    utc,
)
from openoutcry.daemon.table import Column, table


def positions(answer: Positions, console: Console) -> str:
    """Positions of strategies, then of the account."""
    if not answer.rows and not answer.account:
        return head(answer, "no position", console)
    columns = [
        Column("strategy"),
        Column("instrument"),
        Column("quantity", right=True),
        Column("entry", right=True),
        Column("mark", right=True),
        Column("value", right=True, spare=1),
        Column("unrealized", right=True),
        Column("realized", right=True, spare=2),
        Column("", spare=3),
    ]
    account = [_position(row, "account") for row in answer.account]
    rows = [*(_position(row, row.strategy) for row in answer.rows), *account]
    return _page(answer, "positions", table(columns, rows, console.width), console)


def _position(row: PositionRow, name: str) -> list[str]:
    return [
        name,
        row.instrument,
        number(row.quantity),
        number(row.entry),
        number(row.mark),
        money(row.value),
        signed(row.unrealized),
        signed(row.realized),
        row.currency,
    ]


def orders(answer: Orders, console: Console) -> str:
    """Open orders, then those that ended."""
    lines = [head(answer, f"{len(answer.working) + answer.more} open", console)]
    if answer.working:
        lines += ["", *_orders(answer.working, answer.ts, console)]
    if answer.more:
        lines.append(f"and {answer.more} more; name a strategy or an instrument")
    if answer.recent:
        lines += ["", "ended:", *_orders(answer.recent, answer.ts, console)]
    return "\n".join(lines)


def _orders(rows: Sequence[OrderRow], now: int, console: Console) -> list[str]:
    columns = [
        Column("order"),
        Column("strategy"),
        Column("instrument"),
        Column("side"),
        Column("quantity", right=True),
        Column("filled", right=True),
        Column("price", right=True),
        Column("status"),
        Column("asked", spare=1),
        Column("tif", spare=3),
        Column("tag", spare=2),
    ]
    cells = [
        [
            short(row.order),
            row.strategy,
            row.instrument,
            row.side,
            number(row.quantity),
            number(row.filled),
            _price(row),
            _status(row),
            clock(row.asked, now),
            row.time_in_force,
            row.tag,
        ]
        for row in rows
    ]
    lines = table(columns, cells, console.width)
    for at, row in enumerate(rows, 1):
        if row.unknown or row.alarm:
            lines[at] = console.paint(lines[at], "red")
    return lines


def _price(row: OrderRow) -> str:
    named = [
        number(row.limit) if row.limit else "",
        f"@{number(row.trigger)}" if row.trigger else "",
    ]
    return " ".join(part for part in named if part) or row.type.replace("_", " ")


def _status(row: OrderRow) -> str:
    words = [row.status.replace("_", " ")]
    if row.request is not None:
        words.append(row.request)
    if row.reasons:
        words.append(row.reasons[0])
    return ", ".join(words)


def fills(answer: Fills, console: Console) -> str:
    """The last fills."""
    if not answer.rows:
        return head(answer, f"no fill since input {answer.searched}", console)
    columns = [
        Column("time"),
        Column("strategy"),
        Column("instrument"),
        Column("side"),
        Column("quantity", right=True),
        Column("price", right=True),
        Column("fee", right=True, spare=1),
        Column("as", spare=3),
        Column("order", spare=2),
        Column("note"),
    ]
    rows = [
        [
            clock(row.ts, answer.ts),
            row.strategy or NOTHING,
            row.instrument,
            row.side,
            number(row.quantity),
            number(row.price),
            f"{number(row.fee)} {row.fee_currency}",
            row.liquidity,
            short(row.order),
            row.later or "",
        ]
        for row in answer.rows
    ]
    if not any(row.later for row in answer.rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return _page(answer, "fills, the latest first", table(columns, rows, console.width), console)


def balances(answer: Balances, console: Console) -> str:
    """Balances, and each strategy's part of them."""
    worth = f"{money(answer.equity)} {answer.currency}" if answer.equity else f"none: {answer.why}"
    columns = [
        Column("venue"),
        Column("currency"),
        Column("total", right=True),
        Column("unallocated", right=True),
        Column("strategies", spare=1),
    ]
    rows = [
        [
            row.venue,
            row.currency,
            number(row.total),
            number(row.unallocated),
            ", ".join(f"{name} {signed(part)}" for name, part in row.strategies.items()),
        ]
        for row in answer.rows
    ]
    lines = table(columns, rows, console.width)
    paid = ", ".join(f"{number(value)} {code}" for code, value in sorted(answer.fees.items()))
    lines += ["", f"fees paid {paid or '0'}"]
    return _page(answer, f"balances · equity {worth}", lines, console)


def strategies(answer: Strategies, console: Console) -> str:
    """Every strategy, and why those that do not run don't."""
    columns = [
        Column("strategy"),
        Column("state"),
        Column("profit", right=True),
        Column("realized", right=True, spare=1),
        Column("unrealized", right=True, spare=2),
        Column("pos", right=True),
        Column("orders", right=True),
        Column("signals", right=True, spare=4),
        Column("last signal"),
        Column("type", spare=3),
    ]
    rows = [
        [
            row.strategy,
            row.state,
            f"{signed(row.profit)} {row.currency}",
            amounts(row.realized),
            amounts(row.unrealized),
            str(row.positions),
            f"{row.working}" + f" ({row.unknown} unknown)" * bool(row.unknown),
            f"{row.signals:,}",
            clock(row.last_signal, answer.ts),
            row.type,
        ]
        for row in answer.rows
    ]
    lines = table(columns, rows, console.width)
    for at, row in enumerate(answer.rows, 1):
        lines[at] = console.paint(lines[at], state_colour(row.state)) if row.why else lines[at]
    lines += [f"{row.strategy} is {row.state}: {row.why}" for row in answer.rows if row.why]
    return _page(answer, "strategies", lines, console)


def risk(answer: Risk, console: Console) -> str:
    """Halts, then limits with what of them is used, the fullest first; those that are off last."""
    lines = [*halts(answer.halts, console), ""] if answer.halts else []
    columns = [
        Column("limit"),
        Column("of"),
        Column("at most", right=True),
        Column("used", right=True),
        Column("%", right=True),
        Column("state"),
    ]
    ordered = sorted(answer.limits, key=lambda row: (row.state == "off", -(row.share or -1)))
    rows = [
        [
            row.check,
            " in ".join(n for n in (row.strategy, row.instrument, row.venue) if n) or "account",
            row.limit,
            row.used or NOTHING,
            NOTHING if row.share is None else str(row.share),
            row.state,
        ]
        for row in ordered
    ]
    lines += table(columns, rows, console.width)
    word = {"on": "trading is on", "restricted": "partly halted", "halted": "HALTED"}
    return _page(answer, f"risk · {word[answer.trading]}", lines, console)


def halts(rows: Sequence[HaltRow], console: Console) -> list[str]:
    """A line for each halt."""
    lines = []
    for row in rows:
        names = [name for name in (row.strategy, row.instrument, row.venue) if name]
        scope = " in ".join(names) or "everything"
        word = "halted" if row.kind == "halted" else "may only reduce"
        lines.append(f"{console.paint(word, 'red')} {scope}: {row.reason} (since {utc(row.since)})")
    return lines


def why(answer: Why, console: Console) -> str:
    """The chain of an order, a line for each hop."""
    lines = []
    if answer.order is not None:
        row = answer.order
        what = f"{row.side} {number(row.quantity)} {row.instrument} {_price(row)}"
        lines.append(f"{short(row.order)}  {what} for {row.strategy}: {_status(row)}")
        lines.append(
            f"id {row.order}" + f", at the venue {row.venue_order}" * bool(row.venue_order)
        )
    against = [check for check in answer.checks if check.why is not None]
    lines += [f"{check.check}: {check.why}" for check in against]
    lines += ["", *_hops(answer, console.width)]
    if not answer.complete:
        lines.append("the journal does not reach back to its beginning")
    return _page(answer, "why", lines, console)


def _hops(answer: Why, width: int | None) -> list[str]:
    """A line for each hop; what happened goes on below itself where it is long."""
    columns = [
        Column("time"),
        Column("after", right=True),
        Column("input", right=True),
        Column("hop"),
        Column(""),
    ]
    rows = [
        [
            clock(hop.ts, answer.ts),
            "" if hop.since is None else span(hop.since),
            "" if hop.seq is None else str(hop.seq),
            _words(hop.hop),
            "|",
        ]
        for hop in answer.hops
    ]
    lines = table(columns, rows)
    room = max(20, (width or 10_000) - max(map(len, lines)))
    told = [lines[0]]
    for line, hop in zip(lines[1:], answer.hops, strict=True):
        before = line.removesuffix("|")
        for part in textwrap.wrap(hop.text, room) or [""]:
            told.append(before + part)
            before = " " * len(before)
    return told


def _words(hop: str) -> str:
    """`OrderAccepted` as `accepted`, `CancelRejected` as `cancel rejected`."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in hop).strip()
    return words.removeprefix("order ")


def _page(answer: Answer, what: str, lines: Sequence[str], console: Console) -> str:
    return "\n".join([head(answer, what, console), "", *lines])


SCREENS: dict[type[Answer], Callable[..., str]] = {
    Positions: positions,
    Orders: orders,
    Fills: fills,
    Balances: balances,
    Strategies: strategies,
    Risk: risk,
    Why: why,
}
