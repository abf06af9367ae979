"""AAPL from 1998 to 2021, held over four splits and 35 dividends, against a computation by hand.

The hand knows only the publisher's files and docs/reference/corporate-actions.md: no code of ours.
"""

import csv
import io
import zipfile
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import pytest

from openoutcry.state.identifiers import VenueId
from tests.scenarios import kit

pytestmark = pytest.mark.data
AAPL = "AAPL.USA"
CASH = Decimal(1_000_000)
CENT = Decimal("0.01")
YEAR = 365 * 86_400


class Action(NamedTuple):
    """What happens to a holding before the first trade after `day`."""

    day: str
    ratio: Fraction
    dividend: Decimal


# New for old. The factor file holds them as rounded ratios (0.00892857 to 0.01785710, ...).
SPLITS = {
    "20000620": Fraction(2),
    "20050225": Fraction(2),
    "20140606": Fraction(7),
    "20200828": Fraction(4),
}


def actions(path):
    """Splits and dividends out of the factor file, by its own definition of a factor."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    for (day, price, split, reference), (_, next_price, next_split, _) in pairwise(rows):
        ratio = Fraction(next_split) / Fraction(split)
        exact = SPLITS.get(day, Fraction(1))
        assert abs(ratio / exact - 1) < Fraction(1, 100_000)
        before, after = Fraction(price), Fraction(next_price)
        amount = Fraction(reference) * (1 - before / after) if before != after else Fraction(0)
        yield Action(day, exact, shortest(amount, Fraction(reference), before, after))


def shortest(amount, reference, before, after):
    """The shortest decimal that factors of seven digits cannot tell from the amount."""
    if not amount:
        return Decimal(0)
    doubt = reference * (1 + before / after) * Fraction(5, 10**8) / after
    as_decimal = Decimal(amount.numerator) / Decimal(amount.denominator)
    for places in range(1, 7):
        rounded = as_decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
        if abs(Fraction(rounded) - amount) <= doubt:
            return rounded
    return as_decimal.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


@pytest.fixture(scope="module")
def market(shared_data, tmp_path_factory):
    """The catalog, the raw daily rows and the actions."""
    usa = shared_data / "lean" / "equity" / "usa"
    folder = tmp_path_factory.mktemp("aapl") / "data"
    kit.import_into(folder, usa / "daily" / "aapl.zip", "lean")
    report = kit.import_into(folder, usa / "factor_files" / "aapl.csv", "lean")
    assert {s["kind"]: s["rows"] for s in report["streams"]} == {"split": 4, "dividend": 35}
    with zipfile.ZipFile(usa / "daily" / "aapl.zip") as archive:
        text = archive.read("aapl.csv").decode()
    days = [
        (row[0][:8], Decimal(row[1]) / 10_000, Decimal(row[4]) / 10_000)
        for row in csv.reader(io.StringIO(text))
    ]
    assert len(days) == 5_849
    return folder, days, list(actions(usa / "factor_files" / "aapl.csv"))


def by_hand(days, actions, size, rounding=ROUND_HALF_EVEN):
    """Cash at the end and shares held, of one account that trades `size` at the second open."""
    fee = (abs(size) * Decimal("0.005")).quantize(CENT, "ROUND_HALF_UP")
    cash = CASH - size * days[1][1] - fee
    shares = Fraction(int(size))
    for day, ratio, dividend in actions:
        if day < days[1][0]:
            continue
        if dividend:
            exact = Decimal(int(shares)) * dividend
            cash += exact.quantize(CENT, rounding)
        if ratio != 1:
            exact_shares = shares * ratio
            shares = Fraction(int(exact_shares))
            assert exact_shares == shares, "the splits of AAPL leave no fractions"
    return cash, int(shares)


def run(market, tmp_path, *sizes):
    folder, _, _ = market
    fees = {"per_share": "0.005"}
    parts = [
        kit.table(
            "[[venues]]", name="USA", account="margin", balances={"USD": str(CASH)}, fees=fees
        ),
        kit.feed(AAPL, "bar", "split", "dividend", bars=["1d-last"]),
        *(
            kit.strategy(f"s{n}", "tests.scenarios.strategies:Holder", instrument=AAPL, size=size)
            for n, size in enumerate(sizes)
        ),
    ]
    return kit.play(tmp_path, kit.config(folder, "USD", parts, grid_s=YEAR)).result


@pytest.mark.parametrize("size", ["100", "33", "-33", "-7", "1"])
def test_a_holding_of_23_years_is_worth_what_the_hand_computes(market, tmp_path, size):
    _, days, known = market
    result = run(market, tmp_path, size)
    kit.told(f"AAPL {size}", result)
    cash, shares = by_hand(days, known, Decimal(size))
    assert [row.quantity for row in result.positions] == [shares]
    assert shares == int(size) * 112
    assert result.balances[VenueId("USA")]["USD"] == cash
    assert result.final_equity.amount == cash + shares * days[-1][2]


def test_books_of_two_strategies_sum_to_the_account(market, tmp_path):
    _, days, known = market
    result = run(market, tmp_path, "33", "-7")
    cash, shares = by_hand(days, known, Decimal(26))
    fees = [(Decimal(n) * Decimal("0.005")).quantize(CENT, "ROUND_HALF_UP") for n in (33, 7, 26)]
    assert sorted(row.quantity for row in result.positions) == [-7 * 112, 33 * 112]
    assert sum(row.quantity for row in result.positions) == shares
    expected = cash + fees[2] - fees[0] - fees[1]
    assert result.balances[VenueId("USA")]["USD"] == expected
    assert result.final_equity.amount == expected + shares * days[-1][2]


@pytest.mark.parametrize(
    ("size", "left", "fraction"), [("33", 1, "0.65"), ("-33", -1, "-0.65"), ("7", 0, "0.35")]
)
def test_a_reverse_split_pays_the_fraction_at_the_last_price(
    shared_data, tmp_path, size, left, fraction
):
    """AIG, 1 for 20 on 2009-07-01: the fraction is worth the last close, 1.13, times 20."""
    usa = shared_data / "lean" / "equity" / "usa"
    kit.import_into(tmp_path / "data", usa / "daily" / "aig.zip", "lean")
    kit.import_into(tmp_path / "data", usa / "factor_files" / "aig.csv", "lean")
    parts = [
        kit.table("[[venues]]", name="USA", account="margin", balances={"USD": "1000"}),
        kit.feed("AIG.USA", "bar", "split", bars=["1d-last"]),
        kit.strategy("hold", "tests.scenarios.strategies:Holder", instrument="AIG.USA", size=size),
    ]
    text = kit.config(tmp_path / "data", "USD", parts, grid_s=YEAR)
    span = ("--from", "2009-06-22", "--to", "2009-07-10")
    result = kit.play(tmp_path / "run", text, *span).result
    bought = Decimal("1.43")  # the open of 2009-06-23
    in_lieu = (Decimal(fraction) * Decimal("1.13") * 20).quantize(CENT, ROUND_HALF_EVEN)
    cash = Decimal(1_000) - Decimal(size) * bought + in_lieu
    assert result.balances[VenueId("USA")]["USD"] == cash
    assert sum(row.quantity for row in result.positions) == left
    assert result.final_equity.amount == cash + left * Decimal("9.41")  # the close of 2009-07-09
