"""The program as a user runs it: the command line in, its JSON documents out."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from openoutcry.daemon.cli import main
from openoutcry.replay.result import ReplayResult, from_json

SECOND = 10**9
MINUTE = 60 * SECOND
NO_LIMITS = """\
[risk.default]
max_order_value = "unlimited"
max_order_quantity = "unlimited"
max_position = "unlimited"
max_orders = "unlimited"
collar = { max_deviation_bps = "unlimited" }
"""


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its JSON document."""
        return json.loads(self.out)


class Played(NamedTuple):
    """A replay's result and the document it was read from."""

    result: ReplayResult
    document: Mapping[str, Any]


def outcry(*words: object) -> Ran:
    """Run a command in this process. Whatever happens, nobody is shown a traceback."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(word) for word in words])
    ran = Ran(code, out.getvalue(), err.getvalue())
    assert "Traceback" not in ran.out + ran.err
    return ran


def import_into(catalog: Path, source: Path, layout: str, *more: object) -> Any:
    """`outcry data import`, which must succeed; its report."""
    ran = outcry("data", "import", source, "--format", layout, "--out", catalog, "--json", *more)
    assert ran.code == 0, ran.out + ran.err
    return ran.document


def table(heading: str, /, **values: object) -> str:
    """A TOML table of one level."""
    return (
        "\n".join([heading, *(f"{key} = {_toml(value)}" for key, value in values.items())]) + "\n"
    )


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def strategy(name: str, kind: str, **params: object) -> str:
    """A `[[strategies]]` entry."""
    return table("[[strategies]]", id=name, type=kind, params=params)


def feed(instrument: str, *kinds: str, **more: object) -> str:
    """A `[[feeds]]` entry."""
    return table("[[feeds]]", instrument=instrument, kinds=kinds, **more)


def config(
    catalog: Path,
    currency: str,
    parts: Iterable[str],
    *,
    risk: str = NO_LIMITS,
    grid_s: int = 3600,
) -> str:
    """A config file; `parts` are its venues, feeds and strategies."""
    top = f"catalog = {json.dumps(str(catalog))}\n"
    run = table("[run]", name="scenario", account_currency=currency, grid_s=grid_s)
    return top + run + "".join(parts) + risk


def play(folder: Path, text: str, *more: object) -> Played:
    """`outcry replay`, which must end complete; all of its result."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "outcry.toml"
    file.write_text(text, encoding="utf-8")
    ran = outcry("replay", file, "--json", "--out", folder, *more)
    assert ran.code == 0, ran.out + ran.err
    written = (folder / "result.json").read_bytes()
    result = from_json(written)
    assert result.status == "complete", result.failures
    return Played(result, json.loads(written))


def unmeasured(played: Played) -> bytes:
    """A result's bytes without its measurement."""
    rest = {key: value for key, value in played.document.items() if key != "measurement"}
    return json.dumps(rest).encode()


def told(what: str, result: ReplayResult) -> None:
    """Print a scenario's figures, shown by `pytest -s` and beside a failure."""
    cost = result.measurement
    assert cost is not None
    print(  # noqa: T201 - the figures are what somebody runs this for
        f"\n{what}: {result.events_total:,} events, {cost.events_per_s:,}/s, "
        f"peak {cost.peak_rss_mb} MB, {result.orders} orders, {result.fills} fills, "
        f"final {result.final_equity.amount} {result.final_equity.currency}"
    )
