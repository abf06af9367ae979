"""What books are worth in one call, against the calls it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Quote
from tests.state.ledger_oracle import (
    BOOKS,
    COIN,
    LINEAR,
    SHARE,
    SPOT,
    UNIVERSE,
    currency,
    new_ledger,
    number_of,
)

BUY, SELL = 1, -1
HELD = (SPOT, SHARE, LINEAR, COIN)
FILLS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(HELD),
        st.sampled_from([BUY, SELL]),
        st.integers(1, 9),
    ),
    max_size=12,
)


def one_by_one(
    ledger: _native.Ledger, market: _native.Market, books: range
) -> tuple[list[int], list[int]]:
    """Units of each currency, and the instruments that are held without a price."""
    units = [0] * len(UNIVERSE.currencies)
    unpriced = []
    for owner in books:
        for code in range(len(units)):
            units[code] += ledger.balance(owner, code)
        for number in map(number_of, HELD):
            held = ledger.net_quantity(owner, number)
            mark = market.valuation(number, (held > 0) - (held < 0))
            if mark is not None:
                settlement = currency(UNIVERSE.instruments[number].settlement)
                units[settlement] += ledger.market_value(owner, number, mark)
            elif ledger.legs(owner, number):
                unpriced.append(number)
    return units, unpriced


@given(fills=FILLS, priced=st.booleans(), book=st.sampled_from([None, 0, 1]))
def test_worth_is_what_balances_and_holdings_come_to_one_by_one(fills, priced, book):
    ledger, market = new_ledger(), _native.Market(UNIVERSE.specs)
    numbers = list(map(number_of, HELD))
    for number in numbers:
        if priced:
            market.apply(number, Quote(InstrumentId("A.B"), 1, 1, 0, 0, 4_000, 4_100, 1, 1))
    for owner, item, side, lots in fills:
        ledger.apply_fill(
            owner, number_of(item), 0, side, 100 * item.tick_units, lots * item.lot_units, 0, 0
        )
    units, unpriced = one_by_one(
        ledger, market, range(BOOKS) if book is None else range(book, book + 1)
    )
    usd = currency("USD")
    own, others, missing = ledger.worth(usd, numbers, market, book)
    assert own == units[usd]
    assert all(code != usd for code, _ in others)
    for code in range(len(units)):
        if code != usd:
            assert sum(part for owner, part in others if owner == code) == units[code]
    assert missing == (unpriced[0] if unpriced else None)


def test_worth_refuses_what_does_not_exist() -> None:
    ledger, market = new_ledger(), _native.Market(UNIVERSE.specs)
    with pytest.raises(IndexError):
        ledger.worth(99, [], market)
    with pytest.raises(IndexError):
        ledger.worth(0, [99], market)
    with pytest.raises(IndexError):
        ledger.worth(0, [], market, 99)
