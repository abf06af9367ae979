"""Client order ids: minted in order, never repeated, and read back from every venue's form."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state import identifiers
from openoutcry.state.errors import IdentifierError
from openoutcry.state.identifiers import ClientOrderIds, InstrumentId
from tests.markets import PERP

IDS = st.builds(
    lambda epoch, number, counter: ClientOrderIds(epoch, number, counter).mint(),
    st.integers(0, 2**48 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**64 - 2),
)


@given(IDS)
def test_an_id_comes_back_from_every_form_that_venues_use(own):
    dashed = identifiers.to_uuid_text(own)
    assert (len(own), len(dashed), len(identifiers.to_bytes(own))) == (32, 36, 16)
    for text in (own, dashed, dashed.upper(), "0x" + identifiers.to_bytes(own).hex()):
        assert identifiers.from_venue_text(text) == own


@pytest.mark.parametrize("foreign", ["", "web_7f3a", "0x12", "g" * 32, "1" * 33])
def test_an_id_that_is_not_ours_is_recognised(foreign):
    assert identifiers.from_venue_text(foreign) is None


def test_ids_name_their_strategy_and_never_repeat():
    one, two = ClientOrderIds(7, 1), ClientOrderIds(7, 2)
    minted = [one.mint(), one.mint(), two.mint()]
    assert len(set(minted)) == 3
    assert [identifiers.strategy_number_of(own) for own in minted] == [1, 1, 2]


@pytest.mark.parametrize("name", ["BTCUSDT", ".BINANCE", "BTCUSDT."])
def test_an_instrument_without_a_venue_is_refused(name):
    with pytest.raises(IdentifierError, match="is not SYMBOL"):
        identifiers.venue_of(InstrumentId(name))


def test_prices_round_to_the_tick_and_quantities_toward_zero():
    assert PERP.round_price(Decimal("1.005")) == Decimal("1.00")  # halves to even
    assert PERP.round_price(Decimal("1.0151")) == Decimal("1.02")
    assert PERP.round_quantity(Decimal("-0.0019")) == Decimal("-0.001")
