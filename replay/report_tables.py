"""The report's tables: each a list of columns, each column a heading and what it shows of a row."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from openoutcry.replay.html import Html, join, tag
from openoutcry.replay.report_charts import data_block
from openoutcry.replay.report_text import duration, moment, number, short, short_amounts
from openoutcry.replay.result import (
    FillRow,
    OrderRow,
    PositionRow,
    ReplayResult,
    StrategyResult,
    TradeRow,
)

PAGE = 25
Row = TypeVar("Row")


class Column(NamedTuple, Generic[Row]):
    """A heading, what it shows, and how: `num` to the right, `signed` coloured, `wide` wrapped."""

    title: str
    text: Callable[[Row], str]
    style: str = ""


def table(name: str, title: str, columns: Sequence[Column[Row]], rows: Sequence[Row]) -> Html:
    """A table that scrolls by itself; beyond 25 rows the page's script turns the pages."""
    if not rows:
        return tag("p", f"There are no {title.lower()}.", class_="empty")
    cells = [[column.text(row) for column in columns] for row in rows]
    classes = [column.style for column in columns]
    heads = [tag("th", c.title, scope="col", class_=_first(c.style)) for c in columns]
    body = [tag("tr", [_cell(t, s) for t, s in zip(r, classes, strict=True)]) for r in cells[:PAGE]]
    scroll = tag(
        "div",
        tag("table", tag("thead", tag("tr", heads)), tag("tbody", body)),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=title,
    )
    if len(rows) <= PAGE:
        return scroll
    note = f"The first {PAGE} of {len(rows):,}; the others need the page's script, or result.json."
    block = data_block(f"rows-{name}", {"classes": classes, "rows": cells})
    return tag("div", scroll, tag("div", note, class_="pager"), block, data_table=f"rows-{name}")


def _first(style: str) -> str | None:
    return "num" if "num" in style else None


def _cell(text: str, style: str) -> Html:
    if "signed" in style and text not in {"0.00", "n/a"}:
        style += " down" if text.startswith("-") else " up"
    return tag("td", text, class_=style or None)


def _held(trade: TradeRow) -> str:
    return "open" if trade.exit_ts is None else duration(trade.exit_ts - trade.entry_ts)


def _with(value: str, unit: str) -> str:
    return value if value == "n/a" else f"{value} {unit}"


TRADES: Sequence[Column[TradeRow]] = (
    Column("Entry (UTC)", lambda t: moment(t.entry_ts)),
    Column("Held", _held),
    Column("Strategy", lambda t: t.strategy),
    Column("Instrument", lambda t: t.instrument),
    Column("Side", lambda t: "long" if t.side.sign > 0 else "short"),
    Column("Quantity", lambda t: number(t.quantity), "num"),
    Column("Entry price", lambda t: number(t.entry_price), "num"),
    Column("Exit price", lambda t: number(t.exit_price), "num"),
    Column("Fees", lambda t: short_amounts(t.fees), "num"),
    Column("Profit", lambda t: short(t.net), "num signed"),
    Column("In", lambda t: t.currency),
)
ORDERS: Sequence[Column[OrderRow]] = (
    Column("Created (UTC)", lambda o: moment(o.ts_created)),
    Column("Strategy", lambda o: o.strategy),
    Column("Instrument", lambda o: o.instrument),
    Column("Side", lambda o: o.side.value),
    Column("Type", lambda o: o.order_type.value.replace("_", " ")),
    Column("Quantity", lambda o: number(o.quantity), "num"),
    Column("Limit", lambda o: "" if o.limit is None else number(o.limit), "num"),
    Column("Trigger", lambda o: "" if o.trigger is None else number(o.trigger), "num"),
    Column("Filled", lambda o: number(o.filled), "num"),
    Column("At", lambda o: "" if o.average_price is None else number(o.average_price), "num"),
    Column("Status", lambda o: o.status.value.replace("_", " ")),
    Column("Why", lambda o: o.reason, "wide"),
)
FILLS: Sequence[Column[FillRow]] = (
    Column("Time (UTC)", lambda f: moment(f.ts)),
    Column("Strategy", lambda f: f.strategy),
    Column("Instrument", lambda f: f.instrument),
    Column("Side", lambda f: f.side.value),
    Column("Quantity", lambda f: number(f.quantity), "num"),
    Column("Price", lambda f: number(f.price), "num"),
    Column("Fee", lambda f: _with(short(f.fee), f.fee_currency), "num"),
    Column("Liquidity", lambda f: f.liquidity.value),
)
POSITIONS: Sequence[Column[PositionRow]] = (
    Column("Strategy", lambda p: p.strategy),
    Column("Instrument", lambda p: p.instrument),
    Column("Quantity", lambda p: number(p.quantity), "num"),
    Column("Average price", lambda p: number(p.average_price), "num"),
    Column("Mark", lambda p: number(p.mark), "num"),
    Column("Unrealized", lambda p: short(p.unrealized_pnl), "num signed"),
    Column("In", lambda p: p.currency),
)
STRATEGIES: Sequence[Column[StrategyResult]] = (
    Column("Strategy", lambda s: s.strategy),
    Column("Type", lambda s: s.type),
    Column("Status", lambda s: s.status),
    Column("Orders", lambda s: f"{s.orders:,}", "num"),
    Column("Denied", lambda s: f"{s.denied:,}", "num"),
    Column("Fills", lambda s: f"{s.fills:,}", "num"),
    Column("Trades", lambda s: f"{s.trades:,}", "num"),
    Column("Won", lambda s: f"{s.wins / s.trades:.0%}" if s.trades else "n/a", "num"),
    Column("Realized", lambda s: short_amounts(s.realized_pnl), "num"),
    Column("Unrealized", lambda s: short_amounts(s.unrealized_pnl), "num"),
    Column("Fees", lambda s: short_amounts(s.fees), "num"),
)


def lists(result: ReplayResult) -> Html:
    """Trades, orders and fills, if the result holds its detail."""
    detail = result.detail
    if detail is None:
        return tag(
            "p", "This result was stored without its orders, fills and trades.", class_="empty"
        )
    return join(
        _section("Trades", table("trades", "Trades", TRADES, detail.trades)),
        _section("Orders", table("orders", "Orders", ORDERS, detail.orders)),
        _section("Fills", table("fills", "Fills", FILLS, detail.fills)),
        tag("p", "Profits and fees are rounded here; result.json has every digit.", class_="empty"),
    )


def _section(title: str, content: Html) -> Html:
    return tag("section", tag("h2", title), content)
