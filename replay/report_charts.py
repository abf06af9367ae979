"""The report's charts: equity and drawdown as inline SVG, with their labels in HTML.

The drawing stretches with the page, the labels do not: so they stay readable on a phone.
"""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from openoutcry.replay.html import Html, join, tag
from openoutcry.replay.report_text import moment, money, percent
from openoutcry.replay.result import EquityPoint

_BUCKETS = 600
_WIDTH, _HEIGHT = 1000, 100


class Sample:
    """A drawn point: where it is, and what a reader is told about it."""

    __slots__ = ("drawdown", "equity", "point", "ts")

    def __init__(self, point: EquityPoint) -> None:
        self.point = point
        self.ts = point.ts
        self.equity = float(point.equity)
        peak = point.equity + point.drawdown
        self.drawdown = float(point.drawdown / peak) if peak > 0 else 0.0


def equity_chart(equity: Sequence[EquityPoint], currency: str) -> Html:
    """Equity above, drawdown below, on one time axis; a sentence when there is nothing to draw."""
    if len(equity) < 2 or equity[0].ts == equity[-1].ts:
        return tag("p", "There are too few samples to draw.", class_="empty")
    samples = [Sample(point) for point in thin(equity)]
    first, last = samples[0].ts, samples[-1].ts
    low, high = _padded(min(s.equity for s in samples), max(s.equity for s in samples))
    deepest = max(s.drawdown for s in samples) or 0.01
    xs = [(s.ts - first) / (last - first) for s in samples]
    return tag(
        "figure",
        _plot(
            "equity",
            f"Equity in {currency}",
            _line(xs, [1 - (s.equity - low) / (high - low) for s in samples], "line"),
            [(1 - (v - low) / (high - low), _tick(v)) for v in _ticks(low, high)],
            _described(equity, currency),
        ),
        _plot(
            "drawdown",
            "Drawdown from the highest equity so far",
            _area(xs, [s.drawdown / (deepest * 1.08) for s in samples]),
            [(v / (deepest * 1.08), f"-{v * 100:.3g} %") for v in _percent_ticks(deepest)],
            f"The deepest drawdown was {percent(deepest)}.",
        ),
        tag("div", *_time_labels(first, last), class_="times", aria_hidden="true"),
        tag(
            "figcaption", "Move over the chart to read a value.", class_="readout", aria_live="off"
        ),
        _readings(samples, xs, currency),
        class_="chart",
    )


def thin(equity: Sequence[EquityPoint]) -> list[EquityPoint]:
    """At most a few points for each of 600 stretches of time: first, lowest, highest and last.

    No extreme is lost, so a thinned curve shows the same highs, lows and drawdown.
    """
    if len(equity) <= 4 * _BUCKETS:
        return list(equity)
    first, span = equity[0].ts, equity[-1].ts - equity[0].ts
    kept: list[EquityPoint] = []
    for _, group in groupby(equity, key=lambda p: (p.ts - first) * _BUCKETS // span):
        points = list(group)
        positions = range(len(points))
        wanted = {
            0,
            min(positions, key=lambda i: points[i].equity),
            max(positions, key=lambda i: points[i].equity),
            max(positions, key=lambda i: points[i].drawdown),
            len(points) - 1,
        }
        kept.extend(points[i] for i in sorted(wanted))
    return kept


def _plot(
    name: str, title: str, marks: Html, ticks: Sequence[tuple[float, str]], description: str
) -> Html:
    grid = [
        tag("line", x1="0", x2=str(_WIDTH), y1=_y(at), y2=_y(at), class_="grid") for at, _ in ticks
    ]
    labels = [tag("span", text, style=f"top:{at * 100:.2f}%") for at, text in ticks]
    svg = tag(
        "svg",
        grid,
        marks,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{title}. {description}",
    )
    frame = tag("div", svg, tag("div", labels, class_="ticks", aria_hidden="true"), class_="frame")
    return tag("div", tag("h3", title), frame, class_=f"plot {name}")


def _line(xs: Sequence[float], ys: Sequence[float], class_: str) -> Html:
    return tag("path", d="M" + "L".join(_points(xs, ys)), class_=class_)


def _area(xs: Sequence[float], ys: Sequence[float]) -> Html:
    points = "L".join(_points(xs, ys))
    return join(
        tag("path", d=f"M0,0L{points}L{_WIDTH},0Z", class_="fill"),
        _line(xs, ys, "edge"),
    )


def _points(xs: Sequence[float], ys: Sequence[float]) -> Iterator[str]:
    for x, y in zip(xs, ys, strict=True):
        yield f"{x * _WIDTH:.1f},{y * _HEIGHT:.2f}"


def _y(at: float) -> str:
    return f"{at * _HEIGHT:.2f}"


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * 0.08 or abs(high) * 0.01 or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round values between two bounds."""
    rough = (high - low) / 4
    size: float = 10.0 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= rough)
    start = math.ceil(low / step)
    return [round(k * step, 10) for k in range(start, math.floor(high / step) + 1)]


def _percent_ticks(deepest: float) -> list[float]:
    return [t for t in _ticks(0.0, deepest) if t > 0] or [deepest]


def _tick(value: float) -> str:
    return f"{value:,.10g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _time_labels(first: int, last: int) -> list[Html]:
    day = 86_400 * 10**9
    shape = "%Y-%m-%d" if last - first > 3 * day else "%m-%d %H:%M"
    labels = []
    for step in range(5):
        ts = first + (last - first) * step // 4
        text = datetime.fromtimestamp(ts // 10**9, UTC).strftime(shape)
        labels.append(tag("span", text))
    return labels


def _described(equity: Sequence[EquityPoint], currency: str) -> str:
    begin, end = equity[0], equity[-1]
    return (
        f"From {money(begin.equity)} {currency} at {moment(begin.ts)} "
        f"to {money(end.equity)} {currency} at {moment(end.ts)} UTC."
    )


def _readings(samples: Sequence[Sample], xs: Sequence[float], currency: str) -> Html:
    """What the script shows at a position: numbers and dates, no names."""
    rows = [
        [round(x, 5), moment(s.ts), money(s.point.equity), percent(-s.drawdown)]
        for s, x in zip(samples, xs, strict=True)
    ]
    return data_block("readings", {"currency": currency, "rows": rows})


def data_block(name: str, value: object) -> Html:
    """JSON for the page's script; `<` cannot end the block early."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Html(f'<script type="application/json" id="{name}">{safe}</script>')
