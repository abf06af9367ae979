"""Prometheus' text format, version 0.0.4."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from openoutcry.daemon.metrics.facts import HistogramFacts

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Number = int | float | Decimal | bool
Labels = tuple[tuple[str, str], ...]


class Family(NamedTuple):
    """A metric with its samples.

    Args:
        name: Without the `_total` of counters.
        kind: What Prometheus makes of it.
        help: One sentence.
        samples: Labels and value of each.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[tuple[Labels, Number | HistogramFacts], ...]


def one(name: str, kind: Literal["counter", "gauge"], text: str, value: Number | None) -> Family:
    """A family with one sample without labels; without a sample when the value is not known."""
    return Family(name, kind, text, () if value is None else (((), value),))


def by(
    name: str,
    kind: Literal["counter", "gauge"],
    text: str,
    label: str,
    values: Iterable[tuple[str, Number]],
) -> Family:
    """A family with one label."""
    return Family(name, kind, text, tuple((((label, key),), value) for key, value in values))


def histogram(name: str, text: str, value: HistogramFacts) -> Family:
    """A histogram without labels."""
    return Family(name, "histogram", text, (((), value),))


def render(families: Iterable[Family]) -> str:
    """The page."""
    lines: list[str] = []
    for family in families:
        name = family.name + ("_total" if family.kind == "counter" else "")
        lines += (f"# HELP {name} {_help(family.help)}", f"# TYPE {name} {family.kind}")
        for labels, value in family.samples:
            if isinstance(value, HistogramFacts):
                lines += _buckets(name, labels, value)
            else:
                lines.append(f"{name}{_labels(labels)} {_number(value)}")
    return "\n".join(lines) + "\n"


def _buckets(name: str, labels: Labels, value: HistogramFacts) -> Iterable[str]:
    count = 0
    for bound, each in zip((*map(_number, value.bounds), "+Inf"), value.counts, strict=True):
        count += each
        yield f"{name}_bucket{_labels((*labels, ('le', bound)))} {count}"
    yield f"{name}_sum{_labels(labels)} {_number(value.total)}"
    yield f"{name}_count{_labels(labels)} {count}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: Number) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        if value - value != 0:
            return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"  # noqa: PLR0124
        return repr(value)
    return str(value)
