"""How numbers, times and ids of an answer read on a terminal. Imports nothing heavy."""

from datetime import UTC, datetime
from decimal import Decimal

from openoutcry.daemon.control.views import Amounts

NOTHING = "-"


def number(text: str | None) -> str:
    """All digits that say something, with thousands separated; `-` when not known."""
    if text is None:
        return NOTHING
    whole, _, decimals = f"{Decimal(text):,f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else "0" if whole == "-0" else whole


def money(text: str | None) -> str:
    """Two decimals, or all of them below one unit; `-` when not known."""
    if text is None:
        return NOTHING
    value = Decimal(text)
    return f"{value:,.2f}" if abs(value) >= 1 or not value else number(text)


def signed(text: str | None) -> str:
    """As `money`, with a sign also for gains."""
    shown = money(text)
    return f"+{shown}" if text is not None and Decimal(text) > 0 else shown


def amounts(values: Amounts | None) -> str:
    """`+12.50 USDT, -0.01 BNB`; `0` when nothing moved, `-` when not known."""
    if values is None:
        return NOTHING
    return ", ".join(f"{signed(value)} {code}" for code, value in sorted(values.items())) or "0"


def utc(ns: int | None) -> str:
    """`2024-08-08 10:00:00 UTC`."""
    return NOTHING if ns is None else f"{_moment(ns):%Y-%m-%d %H:%M:%S} UTC"


def clock(ns: int | None, now: int) -> str:
    """The time of day (UTC) with milliseconds; with its date when that is not today's."""
    if ns is None:
        return NOTHING
    moment = _moment(ns)
    today = moment.date() == _moment(now).date()
    text = f"{moment:%H:%M:%S}.{ns % 10**9 // 10**6:03}"
    return text if today else f"{moment:%Y-%m-%d} {text}"


def span(ns: int | None) -> str:
    """A time span in its two largest units: `3 d 4 h`, `12 min 5 s`, `0.2 s`, `1.5 ms`, `8 us`."""
    if ns is None:
        return NOTHING
    if abs(ns) < 10**6:
        return f"{ns / 10**3:.3g} us" if ns else "0 s"
    if abs(ns) < 10**8:
        return f"{ns / 10**6:.3g} ms"
    if abs(ns) < 10 * 10**9:
        return f"{ns / 10**9:.1f} s"
    seconds = ns // 10**9
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def count(how_many: int, what: str) -> str:
    """`1 order`, `3 orders`."""
    return f"{how_many:,} {what}" + ("" if how_many == 1 else "s")


def short(order: str) -> str:
    """`1-17`: who placed an order (in hex), and which of theirs it is. Other ids stay as they are."""
    if len(order) != 32:
        return order
    return f"{int(order[12:16], 16):x}-{int(order[16:], 16)}"


def _moment(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // 10**9, UTC)
