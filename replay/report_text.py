"""How numbers and times read in a report."""

from datetime import UTC, datetime
from decimal import Decimal

from openoutcry.replay.html import Html, tag
from openoutcry.replay.result import Amounts

NOT_DEFINED = "n/a"


def number(value: Decimal | None) -> str:
    """All digits that say something, with thousands separated: `61,234.5`."""
    if value is None:
        return NOT_DEFINED
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal | None) -> str:
    """As `number`, with two decimals at least."""
    text = number(value)
    if value is None:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def amounts(values: Amounts) -> str:
    """`12.50 USDT, 0.01 BNB`; `0` when nothing moved."""
    return ", ".join(f"{money(v)} {c}" for c, v in sorted(values.items()) if v) or "0"


def short(value: Decimal | None) -> str:
    """Money for a table: two decimals, all of them below one unit."""
    if value is None:
        return NOT_DEFINED
    return f"{value:,.2f}" if abs(value) >= 1 or not value else number(value)


def short_amounts(values: Amounts) -> str:
    """As `amounts`, in the short form."""
    return ", ".join(f"{short(v)} {c}" for c, v in sorted(values.items()) if v) or "0"


def rounded(value: Decimal, currency: str) -> Html:
    """The short form with its unit set smaller, and the exact amount on demand."""
    exact = f"{money(value)} {currency}"
    return tag("span", short(value), " ", tag("small", currency), title=exact)


def percent(value: float | None) -> str:
    """A fraction as per cent with two decimals."""
    return NOT_DEFINED if value is None else f"{value:,.2%}"


def ratio(value: float | None) -> str:
    """A plain number with two decimals."""
    return NOT_DEFINED if value is None else f"{value:,.2f}"


def moment(ts: int | None) -> str:
    """UTC to the second, or to the digit that matters: `2024-08-08 10:00:00.250`."""
    if ts is None:
        return NOT_DEFINED
    seconds, rest = divmod(ts, 10**9)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return text + (f".{rest:09}".rstrip("0") if rest else "")


def duration(ns: int) -> str:
    """`3 d 4 h`, `12 min`, `45 s`: the two largest units."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    seconds = ns // 10**9
    parts = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or f"{ns / 1e6:.0f} ms"
