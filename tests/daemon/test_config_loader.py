"""Config files: what they may say, and how well a mistake is explained."""

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.daemon.config_checks import check_data
from openoutcry.daemon.config_loader import ConfigFileError, LoadedConfig, load
from openoutcry.daemon.toml_lines import key_lines, line_of
from openoutcry.state.config import MatchingConfig
from openoutcry.state.enums import AccountType, Mode
from openoutcry.state.errors import ConfigError

GOOD = """\
catalog = "data"

[run]
name = "first"
account_currency = "USDT"

[[venues]]
name = "BINANCE"
account = "margin"
balances = { USDT = "10000.50", BTC = 1 }
[venues.fees]
maker = "-0.0001"
taker = "0.001"

[[feeds]]
instrument = "BTCUSDT.BINANCE"
kinds = ["quote", "bar"]
bars = ["1m-last"]

[[strategies]]
id = "cross"
type = "ema_cross"
params = { instrument = "BTCUSDT.BINANCE", size = "0.01", fast = 5 }

[risk.default]
max_order_value = "unlimited"
max_orders = 10
[risk.instruments."BTCUSDT.BINANCE"]
max_position = "2.5"
collar = { max_deviation_bps = "100" }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "outcry.toml"
    path.write_text(text)
    return path


def loaded(folder: Path, text: str = GOOD) -> LoadedConfig:
    return load(written(folder, text))


def refused(folder: Path, text: str) -> list[tuple[int, str, str, str]]:
    """Line, key, what and remedy of each problem."""
    with pytest.raises(ConfigFileError) as caught:
        load(written(folder, text))
    return [(p.line, p.key, p.what, p.remedy) for p in caught.value.problems]


def only(folder: Path, text: str) -> tuple[int, str, str, str]:
    problems = refused(folder, text)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_good_config_is_read_exactly(tmp_path):
    found = loaded(tmp_path)
    config = found.config
    assert config.run.mode is Mode.REPLAY
    venue = config.venues[0]
    assert venue.account is AccountType.MARGIN
    assert venue.balances == {"USDT": Decimal("10000.50"), "BTC": Decimal(1)}
    assert venue.fees.maker == Decimal("-0.0001")
    assert venue.matching == MatchingConfig()
    assert config.feeds[0].kinds == ("quote", "bar")
    assert config.strategies[0].params["fast"] == 5
    assert config.risk.default.max_order_value == "unlimited"
    assert config.risk.default.max_position is None
    assert config.risk.limits(config.feeds[0].instrument).max_position == Decimal("2.5")


def test_the_catalog_lies_beside_the_config_not_beside_the_reader(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    assert loaded(tmp_path).catalog == tmp_path / "data"


def test_all_mistakes_are_listed_at_once_in_the_order_of_their_lines(tmp_path):
    text = (
        GOOD.replace('"first"', "5")
        .replace('name = "BINANCE"', 'nmae = "BINANCE"')
        .replace('taker = "0.001"', "taker = 0.001")
        .replace("max_orders = 10", 'max_orders = "ten"')
    )
    problems = refused(tmp_path, text)
    assert [key for _, key, _, _ in problems] == [
        "run.name",
        "venues[0].name",
        "venues[0].nmae",
        "venues[0].fees.taker",
        "risk.default.max_orders",
    ]
    lines = [line for line, *_ in problems]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "what", "remedy"),
    [
        ('taker = "0.001"', "taker = 0.001", 13, "venues[0].fees.taker",
         "0.001 is a floating point number", 'write "0.001", in quotes'),
        ('taker = "0.001"', 'takr = "0.001"', 13, "venues[0].fees.takr",
         "unknown key", 'did you mean "taker"?'),
        ('taker = "0.001"', 'taker = "NaN"', 13, "venues[0].fees.taker",
         'expected a decimal number, got "NaN"', "in quotes"),
        ('taker = "0.001"', 'taker = "1E+999999"', 13, "venues[0].fees.taker",
         "expected a decimal number", "in quotes"),
        ('taker = "0.001"', "taker = true", 13, "venues[0].fees.taker",
         "expected a decimal number, got true", "in quotes"),
        ('account = "margin"', 'account = "Margin"', 9, "venues[0].account",
         "expected one of cash, margin", 'did you mean "margin"?'),
        ('type = "ema_cross"', "", 20, "strategies[0].type", "missing", 'add type = "..."'),
        ("max_orders = 10", "max_orders = 1.5", 27, "risk.default.max_orders",
         'expected an integer or "unlimited", got 1.5', "whole number"),
        ('kinds = ["quote", "bar"]', 'kinds = ["quotes", "bar"]', 17, "feeds[0].kinds[0]",
         'there is no kind "quotes"', 'did you mean "quote"?'),
        ('kinds = ["quote", "bar"]', 'kinds = "quote"', 17, "feeds[0].kinds",
         "expected a list", 'kinds = ["quote"]'),
        ('bars = ["1m-last"]', 'bars = ["1m"]', 18, "feeds[0].bars[0]", '"1m" names no bars', "1m-last"),
        ('bars = ["1m-last"]', "", 15, "feeds[0].bars", "missing", 'bars = ["1m-last"]'),
        ('BTCUSDT.BINANCE"\nkinds', 'BTCUSDT"\nkinds', 16, "feeds[0].instrument",
         "is not SYMBOL.VENUE", "SYMBOL.VENUE"),
        ('BTCUSDT.BINANCE"\nkinds', 'BTCUSDT.BINANCES"\nkinds', 16, "feeds[0].instrument",
         'no [[venues]] section for "BINANCES"', 'did you mean "BINANCE"?'),
        ('[risk.instruments."BTCUSDT.BINANCE"]', '[risk.instruments."BTCUSD.BINANCE"]', 28,
         'risk.instruments."BTCUSD.BINANCE"', "no feed has the instrument", "BTCUSDT.BINANCE"),
        ('name = "first"', 'name = "first"\nmode = "live"', 27, "risk.default.max_order_value",
         'refused with mode = "live"', "set a limit"),
        ('name = "first"', 'name = "first"\ngrid_s = 0', 5, "run.grid_s", "too small", "1 or more"),
        ('maker = "-0.0001"', 'maker = "5"', 12, "venues[0].fees.maker", "100 % or more", "0.1 %"),
        ('id = "cross"', 'id = "Cross"', 21, "strategies[0].id", "no strategy id", "a-z"),
        ('id = "cross"', 'id = "unallocated"', 21, "strategies[0].id", "belongs to no", "another id"),
        ("[[feeds]]", "[feeds]", 15, "feeds", "expected a list", "[[feeds]]"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_key_and_remedy(
    tmp_path, old, new, line, key, what, remedy
):
    assert old in GOOD
    problems = refused(tmp_path, GOOD.replace(old, new, 1))
    found = [p for p in problems if p[1] == key]
    assert found, problems
    assert found[0][0] == line
    assert what in found[0][2]
    assert remedy in found[0][3]


def test_one_float_is_one_problem(tmp_path):
    line, key, _, _ = only(tmp_path, GOOD.replace('"10000.50"', "10000.50"))
    assert (line, key) == (10, "venues[0].balances.USDT")


def test_names_are_unique(tmp_path):
    again = '\n[[strategies]]\nid = "cross"\ntype = "ema_cross"\n'
    _, key, what, _ = only(tmp_path, GOOD + again)
    assert key == "strategies[1].id"
    assert what == '"cross" is taken by strategies[0]'


@pytest.mark.parametrize(
    ("instruments", "streams", "key", "remedy"),
    [
        (["BTCUSDC.BINANCE"], [], "instrument", 'did you mean "BTCUSDC.BINANCE"?'),
        (["BTCUSDT.BINANCE"], [("BTCUSDT.BINANCE", "bar", "1m-last")], "kinds[0]", "known: bar"),
        (
            ["BTCUSDT.BINANCE"],
            [("BTCUSDT.BINANCE", "quote", None), ("BTCUSDT.BINANCE", "bar", "5m-last")],
            "bars[0]",
            'did you mean "5m-last"?',
        ),
    ],
)
def test_data_that_the_catalog_lacks_is_named_with_the_nearest_that_it_has(
    tmp_path, instruments, streams, key, remedy
):
    found = loaded(tmp_path)
    with pytest.raises(ConfigFileError) as caught:
        found.refuse(check_data(found.config, instruments, streams))
    problem = caught.value.problems[0]
    assert problem.key == f"feeds[0].{key}"
    assert problem.remedy == remedy


def test_text_that_is_no_toml_is_located(tmp_path):
    line, _, what, _ = only(tmp_path, 'a = 1\nb = "open\n')
    assert line == 2
    assert what.startswith("no TOML: ")


def test_bytes_that_are_no_text_are_located(tmp_path):
    path = tmp_path / "outcry.toml"
    path.write_bytes(b"a = 1\n# \xff\n")
    with pytest.raises(ConfigFileError, match=":2: is not UTF-8"):
        load(path)


def test_a_file_that_is_not_there_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(ConfigError, match="No such file") as caught:
        load(tmp_path / "none.toml")
    assert "outcry init" in caught.value.remedy
    assert caught.value.exit_code == 78


LINES = """\
# a comment = 1
a.b = 1
"quo ted" = [ # one
  1, [2,
  3], "x]", ''' ]
''',
]
text = \"\"\"
[not.a.table]
\"\"\"
inline = { x = 1, y = { z = "}" } }
[table]
  key = 'lit'
[[array]]
first = 1
[array.sub]
deep = 2000-01-01 00:00:00
[[array]]
first = 2
[array.sub]
deep = 3
"""


def test_the_line_of_every_key_is_known():
    lines = key_lines(LINES)
    expected: dict[tuple[str | int, ...], int] = {
        ("a", "b"): 2,
        ("quo ted", 0): 4,
        ("quo ted", 1, 1): 5,
        ("quo ted", 3): 5,
        ("inline", "y", "z"): 11,
        ("table", "key"): 13,
        ("array", 0, "sub", "deep"): 17,
        ("array", 1): 18,
        ("array", 1, "sub", "deep"): 21,
    }
    assert {path: lines[path] for path in expected} == expected
    assert ("not",) not in lines


def test_what_has_no_line_has_that_of_its_container():
    lines = key_lines(LINES)
    assert line_of(lines, ("array", 1, "missing")) == 18
    assert line_of(lines, ("nothing",)) == 1


SCALARS = st.one_of(
    st.integers(-(2**60), 2**60),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
)
KEYS = st.text("abcxyz_-", min_size=1, max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ",\n ".join(map(as_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {as_toml(v)}" for k, v in value.items()) + "}"
    return str(value)


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, list | dict):
        items = enumerate(value) if isinstance(value, list) else value.items()
    return [p for k, v in items for p in ((*at, k), *paths(v, (*at, k)))]


@given(document=st.dictionaries(KEYS, VALUES, max_size=4))
def test_the_walker_finds_what_tomllib_finds(document):
    """Whatever the text holds, each key and element of it has a line, and nothing else has."""
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in document.items())
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # lists inside inline tables may not span lines in every version
    assert sorted(map(str, key_lines(text))) == sorted(map(str, paths(parsed)))


def test_numbers_with_bounds_are_read_and_their_bounds_are_named(tmp_path: Path) -> None:
    text = GOOD + "[daemon]\nsnapshot_every_s = 15\n[daemon.journal]\ngroup_ms = 5\n"
    config = loaded(tmp_path, text).config
    assert (config.daemon.snapshot_every_s, config.daemon.journal.group_ms) == (15, 5)
    with pytest.raises(ConfigFileError, match=r"snapshot_every_s: expected int >= 1, got 0"):
        loaded(tmp_path, text.replace("15", "0"))
