"""Cash, fees and profit are conserved to the last unit, over a thousand random histories."""

import random
from fractions import Fraction

from openoutcry import _native
from openoutcry.state.instruments import Equity, Instrument
from tests.state.ledger_oracle import (
    BOOKS,
    CONTRACT,
    SHARE,
    UNIVERSE,
    Oracle,
    currency,
    new_ledger,
    number_of,
)

HISTORIES = 1_000
LEGS = 3


def price_of(rng: random.Random, item: Instrument) -> int:
    return rng.randint(1, 50_000) * item.tick_units * rng.choice((1, 7, 100))


def step(rng: random.Random, ledger: _native.Ledger, oracle: Oracle) -> None:
    """One event, booked in the ledger and in the oracle."""
    book = rng.randrange(BOOKS)
    kind = rng.random()
    if kind < 0.08:  # funding, dividends, deposits
        code, units = rng.choice(UNIVERSE.currencies)[0], rng.randint(-(10**9), 10**9)
        ledger.adjust_cash(book, currency(code), units)
        oracle.adjust(code, units)
    elif kind < 0.14:
        item: Instrument = rng.choice((SHARE, CONTRACT))
        numerator, denominator, price = rng.randint(1, 9), rng.randint(1, 9), price_of(rng, item)
        for each in range(BOOKS):
            ledger.split(each, number_of(item), numerator, denominator, price)
            oracle.split(each, item, Fraction(numerator, denominator), price)
    else:
        item = rng.choice(UNIVERSE.instruments)
        # A delivered holding has one leg; margined ones net in leg 0 or hedge in the others.
        leg = rng.randrange(LEGS) if item.margined else 0
        side, price = rng.choice((1, -1)), price_of(rng, item)
        quantity = rng.randint(1, 30) * item.lot_units
        code = rng.choice((item.settlement, item.base or item.settlement, "BNB"))
        if code not in UNIVERSE.currency_index:
            code = item.settlement
        fee = rng.randint(-20, 500)
        number, paid_in = number_of(item), currency(code)
        ledger.apply_fill(book, number, leg, side, price, quantity, fee, paid_in)
        oracle.fill(book, item, leg, side, price, quantity)
        oracle.fee(code, fee)


def open_cost(ledger: _native.Ledger, code: str) -> Fraction:
    """Cost of the margined legs that will settle in a currency: profit not booked yet."""
    total = Fraction(0)
    for number, item in enumerate(UNIVERSE.instruments):
        if not item.margined or item.settlement != code:
            continue
        for book in range(BOOKS):
            for leg in ledger.legs(book, number):
                units, scale = ledger.cost(book, number, leg)
                total += Fraction(-units if item.inverse else units, 10**scale)
    return total


def check_cash(ledger: _native.Ledger, oracle: Oracle) -> None:
    for index, (code, scale) in enumerate(UNIVERSE.currencies):
        residual, fine = ledger.residual(index)
        balances = sum(ledger.balance(book, index) for book in range(BOOKS))
        held = Fraction(balances, 10**scale) + Fraction(residual, 10**fine)
        assert held == oracle.cash[code] + open_cost(ledger, code), code
        fees = sum(ledger.fees(book, index) for book in range(BOOKS))
        assert Fraction(fees, 10**scale) == oracle.fees[code], code


def check_positions(ledger: _native.Ledger, oracle: Oracle) -> None:
    for (book, name, leg), quantity in oracle.quantity.items():
        number = UNIVERSE.index[name]
        item = UNIVERSE.instruments[number]
        assert ledger.quantity(book, number, leg) == quantity
        units, scale = ledger.cost(book, number, leg)
        # Each partial close rounds its share of the cost by at most half a cost unit.
        point = Fraction(1 if item.inverse else item.multiplier) / 10 ** (
            20 if item.inverse else item.price_scale + item.size_scale
        )
        allowed = oracle.roundings[book, name] * point
        assert abs(Fraction(units, 10**scale) - oracle.cost[book, name, leg]) <= allowed


def check_profit(ledger: _native.Ledger, oracle: Oracle) -> None:
    for (book, name), exact in oracle.realized.items():
        number = UNIVERSE.index[name]
        scale = UNIVERSE.scale(UNIVERSE.instruments[number].settlement)
        booked = Fraction(ledger.realized(book, number), 10**scale)
        # Each close is rounded to the currency by at most half a unit.
        assert abs(booked - exact) <= Fraction(oracle.roundings[book, name], 10**scale)


def test_cash_fees_and_profit_are_conserved() -> None:
    """What an exact account holds is what the ledger holds.

    Netting, hedging, spot with fees in the base, coin-margined contracts, splits, five currencies.
    """
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (stands beside a failure)
    for history in range(HISTORIES):
        rng = random.Random(f"{seed}/{history}")
        ledger, oracle = new_ledger(), Oracle()
        for _ in range(rng.randint(1, 40)):
            step(rng, ledger, oracle)
        check_cash(ledger, oracle)
        check_positions(ledger, oracle)
        check_profit(ledger, oracle)


def test_a_restored_ledger_goes_on_as_the_original() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (stands beside a failure)
    for history in range(100):
        rng = random.Random(f"{seed}/{history}")
        original, oracle = new_ledger(), Oracle()
        for _ in range(rng.randint(1, 40)):
            step(rng, original, oracle)
        copy = new_ledger()
        step(rng, copy, Oracle())
        copy.restore(original.snapshot())
        assert copy.digest() == original.digest()
        state = rng.getstate()
        for ledger in (original, copy):
            rng.setstate(state)
            for _ in range(20):
                step(rng, ledger, Oracle())
        assert copy.snapshot() == original.snapshot()


def test_the_order_of_events_of_different_books_does_not_matter() -> None:
    """The same fills, booked book by book or mixed, leave the same bytes."""
    rng = random.Random(7)
    share = number_of(next(i for i in UNIVERSE.instruments if isinstance(i, Equity)))
    fills = [
        (book, rng.choice((1, -1)), rng.randint(1, 10**6), rng.randint(1, 50))
        for book in (0, 1)
        for _ in range(50)
    ]
    mixed = sorted(fills, key=lambda fill: fills.index(fill) % 50)
    digests = []
    for order in (fills, mixed):
        ledger = new_ledger()
        for book, side, price, quantity in order:
            ledger.apply_fill(book, share, 0, side, price, quantity, 1, currency("USD"))
        digests.append(ledger.digest())
    assert digests[0] == digests[1]
