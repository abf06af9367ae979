"""Money: exact sums of one currency, rounding by name."""

import random
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state.errors import CurrencyMismatch, NotRepresentable, NumericOverflow
from openoutcry.state.money import Money, Rounding, divide

MODES = {
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.UP: ROUND_UP,
    Rounding.DOWN: ROUND_DOWN,
}
LIMIT = 2**127 - 1
OPERATIONS = 100_000

units = st.integers(-LIMIT, LIMIT)
small = st.integers(-(10**18), 10**18)


def usd(count: int) -> Money:
    return Money(count, "USD", 2)


def test_random_operations_agree_with_decimal_arithmetic() -> None:
    """10^5 operations on one amount, against `decimal` at a precision where nothing is lost."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (stands beside a failure)
    rng = random.Random(seed)
    money, exact = Money.of("0", "USDT", 8), Decimal(0)
    unit = Decimal("1E-8")
    with localcontext(Context(prec=200)):
        for _ in range(OPERATIONS):
            operand = rng.randint(-(10 ** rng.randint(1, 20)), 10 ** rng.randint(1, 20))
            other = Money(operand, "USDT", 8)
            match rng.randrange(4):
                case 0:
                    money, exact = money + other, exact + operand * unit
                case 1:
                    money, exact = money - other, exact - operand * unit
                case 2:
                    money, exact = -money, -exact
                case _:
                    factor = Decimal(rng.randint(-(10**9), 10**9)).scaleb(-rng.randint(6, 12))
                    mode = rng.choice(list(Rounding))
                    money = money.scaled(factor, mode)
                    exact = (exact * factor).quantize(unit, MODES[mode])
            assert money.amount == exact
            assert (money > other) == (exact > operand * unit)
            if abs(exact) > 10**24:
                money, exact = Money.of("1", "USDT", 8), Decimal(1)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_halves_go_where_the_mode_says(count: int, divisor: int) -> None:
    """(count + 1/2) x divisor over divisor lies exactly between two integers."""
    rounded = {mode: divide((2 * count + 1) * divisor, 2 * divisor, mode) for mode in Rounding}
    down, up = sorted((count, count + 1), key=abs)
    assert rounded[Rounding.DOWN] == down
    assert rounded[Rounding.UP] == up
    assert rounded[Rounding.HALF_EVEN] == (up if up % 2 == 0 else down)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20), st.sampled_from(list(Rounding)))
def test_what_divides_is_not_rounded(count: int, divisor: int, mode: Rounding) -> None:
    assert divide(count * divisor, divisor, mode) == count


@given(units, units)
def test_a_sum_is_exact_or_an_overflow(a: int, b: int) -> None:
    for total, operation in ((a + b, Money.__add__), (a - b, Money.__sub__)):
        if abs(total) > LIMIT:
            with pytest.raises(NumericOverflow):
                operation(usd(a), usd(b))
        else:
            assert operation(usd(a), usd(b)).units == total


@given(small, small)
def test_two_currencies_never_meet(a: int, b: int) -> None:
    """The same code with other decimals is another currency."""
    for other in (Money(b, "EUR", 2), Money(b, "USD", 8)):
        for operation in (
            Money.__add__, Money.__sub__, Money.__lt__, Money.__le__, Money.__gt__, Money.__ge__,
        ):  # fmt: skip
            with pytest.raises(CurrencyMismatch):
                operation(usd(a), other)
        assert usd(a) != other


@given(units)
def test_negation_and_magnitude(a: int) -> None:
    negative = -usd(a)
    assert negative.units == -a
    assert -negative == usd(a)
    assert abs(usd(a)) == usd(abs(a))
    assert bool(usd(a)) == (a != 0)
    assert usd(a) - usd(a) == usd(0)


@given(small, st.sampled_from(list(Rounding)), st.integers(-(10**12), 10**12), st.integers(0, 18))
def test_scaling_rounds_once_and_by_name(
    a: int, mode: Rounding, mantissa: int, decimals: int
) -> None:
    factor = Decimal(mantissa).scaleb(-decimals)
    with localcontext(Context(prec=100)):
        expected = int((a * factor).quantize(Decimal(1), MODES[mode]))
    assert usd(a).scaled(factor, mode).units == expected


@pytest.mark.parametrize("factor", ["NaN", "Infinity", "-Infinity"])
def test_a_factor_that_is_no_number_is_refused(factor: str) -> None:
    with pytest.raises(NotRepresentable):
        usd(1).scaled(Decimal(factor), Rounding.DOWN)


@pytest.mark.parametrize("factor", ["1E+999999", "1E-999999", "1E+40"])
def test_a_factor_beyond_all_bounds_is_an_overflow_at_once(factor: str) -> None:
    with pytest.raises(NumericOverflow):
        usd(1).scaled(Decimal(factor), Rounding.UP)


def test_times_does_not_exist_because_it_would_hide_the_rounding() -> None:
    with pytest.raises(TypeError):
        usd(1) * 2  # type: ignore[operator]


@given(st.integers(-LIMIT, LIMIT), st.integers(0, 18))
def test_an_amount_reads_back_as_the_same_units(count: int, scale: int) -> None:
    money = Money(count, "BTC", scale)
    assert Money.of(money.amount, "BTC", scale) == money
    assert str(money) == f"{money.amount:f} BTC"


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(NotRepresentable):
        Money.of("0.005", "USD", 2)
    assert Money.of("0.0050", "USD", 3).units == 5


def test_an_amount_beyond_128_bits_is_an_overflow() -> None:
    assert usd(LIMIT).units == LIMIT
    for count in (LIMIT + 1, -LIMIT - 1):
        with pytest.raises(NumericOverflow):
            usd(count)


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        usd(1).units = 2  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(usd(5)), type=Money) == usd(5)
