"""The parts of a gap, worked out by hand."""

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from openoutcry.replay.compare_fills import Decision, Fill, Filled, filled, matched
from openoutcry.replay.compare_parts import Account, Gap, Market, pieces, totals
from openoutcry.state.codec import encode
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.events import (
    CashAdjusted,
    FillBusted,
    FillCorrected,
    OrderFilled,
    PositionAdjusted,
)
from openoutcry.state.identifiers import (
    UNALLOCATED,
    ClientOrderId,
    FillId,
    InstrumentId,
    StrategyId,
    VenueId,
    VenueOrderId,
)
from openoutcry.state.instruments import Instrument, Perpetual, Spot
from openoutcry.state.messages import to_decimal
from openoutcry.state.universe import Universe

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "compare.md"
A, INVERSE = InstrumentId("A.SIM"), InstrumentId("INV.SIM")


COIN = Spot(
    id=A,
    base_currency="AAA",
    quote="USD",
    price_scale=2,
    size_scale=1,
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
)
CONTRACT = Perpetual(
    id=INVERSE,
    base_currency="BTC",
    settlement_currency="BTC",
    quote="USD",
    price_scale=0,
    size_scale=0,
    tick=Decimal(1),
    lot=Decimal(1),
    multiplier=Decimal(100),
    is_inverse=True,
)
NAMES = (UNALLOCATED, StrategyId("s"))


def fill(
    key: str,
    side: Side,
    quantity: int,
    price: int,
    ts: int = 0,
    fee: int = 0,
    instrument: InstrumentId = A,
    fee_currency: str = "USD",
) -> Fill:
    """A fill in units; the fee in cents."""
    return Fill(
        key=key,
        book=1,
        instrument=instrument,
        ts=ts,
        side=side,
        price_units=price,
        quantity_units=quantity,
        fee_units=fee,
        fee_scale=2,
        fee_currency=fee_currency,
    )


def run(*fills: Fill) -> Filled:
    """A run that had these fills."""
    return Filled(fills={(item.key, f"{number}"): item for number, item in enumerate(fills)})


def split(
    modelled: Filled, real: Filled, market: Market, item: Instrument = COIN
) -> tuple[Gap, ...]:
    """The gaps of one instrument."""
    universe = Universe([item], ["USD", "BTC", "AAA"])
    return Account(universe, NAMES, market).split(modelled, real)


def amounts(row: Gap) -> dict[str, Decimal]:
    """All amounts of a row that are not 0, in currency units."""
    names = (*row.__struct_fields__[4:], "gap")
    found = {name: to_decimal(getattr(row, name), row.scale) for name in names}
    return {name: value for name, value in found.items() if value}


MARKET = Market(
    at={(A, 0): 100_00, (A, 300): 100_03, (A, 900): 100_20},
    end={(A, 0): 100_50, (A, 1): 100_49, (A, -1): 100_51},
)


def test_the_worked_example_of_the_page():
    modelled = run(fill("1", Side.BUY, 20, 100_02, 0, 20))
    real = run(
        fill("1", Side.BUY, 15, 100_07, 300, 17),
        fill("2", Side.SELL, 5, 100_10, 900, 5),
    )
    (row,) = split(modelled, real, MARKET)
    expected = {
        "modelled": Decimal("0.74"),
        "real": Decimal("0.215"),
        "gap": Decimal("-0.525"),
        "latency": Decimal("-0.045"),
        "slippage": Decimal("-0.03"),
        "fees": Decimal("-0.02"),
        "missed": Decimal("-0.24"),
        "extra": Decimal("-0.2"),
        "marks": Decimal("0.01"),
    }
    assert amounts(row) == expected
    page = PAGE.read_text()
    stated = re.findall(r"^\| `(\w+)` \| (-?[\d.]+) \|", page, re.MULTILINE)
    assert {name: Decimal(value) for name, value in stated} == {
        name: value for name, value in expected.items() if name not in ("modelled", "real", "gap")
    }
    assert "The gap is -0.525" in page


def test_a_sale_that_comes_late_in_a_rising_market_earns_more():
    modelled, real = (
        run(fill("1", Side.SELL, 10, 99_99, 0)),
        run(fill("1", Side.SELL, 10, 100_19, 900)),
    )
    (row,) = split(modelled, real, MARKET)
    assert amounts(row) == {
        "modelled": Decimal("-0.52"),
        "real": Decimal("-0.32"),
        "gap": Decimal("0.2"),
        "latency": Decimal("0.2"),
    }


def test_fills_of_an_order_are_set_side_by_side_quantity_by_quantity():
    modelled = run(fill("1", Side.BUY, 3, 1), fill("1", Side.BUY, 4, 2))
    real = run(fill("1", Side.BUY, 5, 3), fill("1", Side.BUY, 1, 4))
    found = [
        (p.quantity, p.modelled and p.modelled.price_units, p.real and p.real.price_units)
        for p in pieces(modelled, real)
    ]
    assert found == [(3, 1, 3), (2, 2, 3), (1, 2, 4), (1, 2, None)]


def test_the_same_number_for_another_decision_is_two_orders():
    modelled, real = run(fill("1", Side.BUY, 3, 1)), run(fill("1", Side.SELL, 3, 1))
    found = [(p.quantity, p.modelled is None, p.real is None) for p in pieces(modelled, real)]
    assert found == [(3, False, True), (3, True, False)]


def test_orders_are_matched_by_decision_then_by_number():
    def decided(*made: tuple[str, Side, int]) -> Filled:
        found = Filled()
        for key, side, ts in made:
            found.decisions[key] = Decision(key=key, instrument=A, side=side, ts=ts)
        return found

    # The session was halted when the model decided its first; it gave the same decision number 1.
    modelled = decided(("0001a", Side.BUY, 5), ("0001b", Side.BUY, 7), ("0001c", Side.SELL, 8))
    real = decided(("0001a", Side.BUY, 7), ("0001b", Side.SELL, 8), ("0001c", Side.SELL, 9))
    assert matched(modelled, real) == {"0001b": "0001a", "0001c": "0001b"}
    # Later than in the model, and of another strategy.
    assert matched(modelled, decided(("0001c", Side.SELL, 9))) == {"0001c": "0001c"}
    assert matched(modelled, decided(("0001c", Side.BUY, 9), ("0002b", Side.BUY, 7))) == {}


def test_a_fee_in_another_currency_has_a_row_of_its_own():
    modelled = run(fill("1", Side.BUY, 10, 100_00, 0, 3, fee_currency="AAA"))
    real = run(fill("1", Side.BUY, 10, 100_00, 0, 5, fee_currency="AAA"))
    rows = {row.currency: amounts(row) for row in split(modelled, real, MARKET)}
    fee = {"modelled": Decimal("-0.03"), "real": Decimal("-0.05")}
    assert rows["AAA"] == {**fee, "gap": Decimal("-0.02"), "fees": Decimal("-0.02")}
    assert "fees" not in rows["USD"]


def test_an_inverse_contract_earns_coins():
    market = Market(at={(INVERSE, 0): 50_000}, end={(INVERSE, side): 50_000 for side in (-1, 0, 1)})
    modelled = run(fill("1", Side.BUY, 500, 40_000, instrument=INVERSE))
    real = run(fill("1", Side.BUY, 500, 48_000, instrument=INVERSE))
    (row,) = split(modelled, real, market, CONTRACT)
    # 500 contracts of 100 USD: 50,000/40,000 - 50,000/50,000 and 50,000/48,000 - 1 coins
    assert to_decimal(row.modelled, row.scale) == Decimal("0.25")
    assert abs(to_decimal(row.real, row.scale) - Decimal(2) / 48) < Decimal("1e-19")
    assert row.slippage + row.rounding == row.gap
    assert abs(row.rounding) <= 1


def test_shares_that_were_split_are_worth_as_many_more():
    modelled, real = run(), run(fill("1", Side.BUY, 10, 200_00, 0))
    real.splits[A] = [(500, 2, 1)]
    (row,) = split(modelled, real, MARKET)
    assert amounts(row) == {
        "real": Decimal("0.98"),  # two at 100.49
        "gap": Decimal("0.98"),
        "extra": Decimal("1.0"),
        "marks": Decimal("-0.02"),
    }


def test_what_is_taken_back_and_corrected_counts_as_it_stands_at_last():
    order = ClientOrderId("00000000002a0001000000000000000a")
    made = OrderFilled(
        client_order_id=order,
        instrument=A,
        ts_event=5,
        ts_received=6,
        venue_order_id=VenueOrderId("v"),
        fill_id=FillId("f1"),
        side=Side.BUY,
        price_units=100,
        quantity_units=7,
        cumulative_units=7,
        price_scale=2,
        size_scale=1,
        fee_units=1,
        fee_scale=2,
        fee_currency="USD",
        liquidity=LiquiditySide.TAKER,
        position=None,
    )
    other = msgspec.structs.replace(made, fill_id=FillId("f2"))
    taken = FillBusted(order, A, 7, 8, made.fill_id, "")
    better = FillCorrected(order, A, 7, 8, other.fill_id, 90, 6, "")
    found = filled([encode(event) for event in (made, other, taken, better)])
    ((key, left),) = found.orders().items()
    assert key == "0001000000000000000a"
    assert [(item.price_units, item.quantity_units, item.ts) for item in left] == [(90, 6, 5)]


def test_cash_without_a_fill_is_a_part_of_its_own():
    funding = CashAdjusted(
        venue=VenueId("SIM"),
        instrument=A,
        ts_event=1,
        ts_received=1,
        currency="USD",
        amount_units=-125,
        scale=3,
        reason="funding",
        strategy=None,
    )
    halved = PositionAdjusted(VenueId("SIM"), A, 1, 1, 1, 2)
    real = filled([encode(funding), encode(halved)])
    (row,) = split(run(), real, MARKET)
    assert (row.strategy, row.currency) == (UNALLOCATED, "USD")
    assert amounts(row) == dict.fromkeys(("real", "gap", "adjustments"), Decimal("-0.125"))
    assert real.splits == {A: [(1, 1, 2)]}


@pytest.mark.parametrize("scales", [(2, 5), (5, 2)])
def test_totals_add_up_at_the_finer_scale(scales):
    rows = [
        Gap(strategy=StrategyId(f"{n}"), instrument=A, currency="USD", scale=scale, real=1)
        for n, scale in enumerate(scales)
    ]
    (total,) = totals(rows)
    assert (total.scale, total.real) == (5, 1001)
