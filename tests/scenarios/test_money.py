"""A thousand random runs of the whole graph: the venue's account and our books never differ."""

import random
from decimal import Decimal
from typing import Any

import pytest

from openoutcry.actors.books import ACCOUNT
from openoutcry.actors.strategy import Strategy
from openoutcry.replay.collect import RunFacts, collect
from openoutcry.state.config import FeesConfig, VenueConfig
from openoutcry.state.enums import AccountType, PositionMode, Side
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Equity
from openoutcry.state.market_data import Quote
from tests.harness import SECOND, T0, columns, config, dec, feed, play, session, strategy
from tests.markets import MARGIN, PERP, SIM, SPOT, quote_walk

SHARE = Equity(
    id=InstrumentId("ABC.SIM"),
    quote="USD",
    price_scale=2,
    size_scale=0,
    tick=dec("0.01"),
    lot=dec("1"),
)
CASH = {"USDT": dec("1000000"), "ETH": dec("50")}
FEES = FeesConfig(maker=dec("0.00037"), taker=dec("0.00071"))
VENUES = {
    "spot": (SPOT, VenueConfig(name=SIM, balances=CASH, fees=FEES)),
    "fees in base": (
        SPOT,
        VenueConfig(
            name=SIM, balances=CASH, fees=FeesConfig(taker=dec("0.00071"), currency="base")
        ),
    ),
    "perp": (PERP, MARGIN),
    "hedging": (
        PERP,
        VenueConfig(
            name=SIM,
            account=AccountType.MARGIN,
            positions=PositionMode.HEDGING,
            leverage=dec("10"),
            balances={"USDT": dec("1000000")},
            fees=FEES,
        ),
    ),
    "equity": (
        SHARE,
        VenueConfig(
            name=SIM,
            account=AccountType.MARGIN,
            balances={"USD": dec("1000000")},
            fees=FeesConfig(per_share=dec("0.0035"), minimum=dec("0.35")),
        ),
    ),
}
PRICES = {SPOT.id: 200_000, SHARE.id: 5_000}
RUNS = 200
QUOTES = 16


class Random(Strategy):
    """Trades a random lot count each quote, from a seed."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        seed: int
        lots: int
        legs: bool = False

    class State(Strategy.State, kw_only=True):
        count: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        self.state.count += 1
        draw = (self.params.seed * 7919 + self.state.count * 104_729) % 1_000_003
        side = Side.BUY if draw % 2 else Side.SELL
        quantity = self.instrument_of(quote.instrument).lot * (1 + draw % self.params.lots)
        leg: dict[str, Any] = {"position": "AB"[draw // 2 % 2]} if self.params.legs else {}
        self.submit(quote.instrument, side, quantity, **leg)


def ready(kind, seed, grid_s=3600):
    item, venue = VENUES[kind]
    draw = random.Random(seed)
    lots = {"equity": 300, "perp": 500, "hedging": 500}.get(kind, 90_000)
    traders = [
        strategy(
            Random,
            f"s{n}",
            instrument=item.id,
            seed=seed * 2 + n,
            lots=lots,
            legs=kind == "hedging",
        )
        for n in range(2)
    ]
    data: dict[tuple[str, str], Any] = {
        ("quote", item.id): quote_walk(seed, QUOTES, price=PRICES.get(item.id, 4_000_000))
    }
    kinds = ["quote"]
    at = T0 + min(draw.sample(range(2, QUOTES), 2)) * SECOND
    if kind == "equity":
        kinds += ["split", "dividend"]
        data["split", item.id] = columns(
            ts_event=[at],
            ts_received=[at],
            numerator=[draw.randint(1, 7)],
            denominator=[draw.randint(1, 20)],
        )
        data["dividend", item.id] = columns(
            ts_event=[at + SECOND], ts_received=[at + SECOND], amount=[draw.randint(1, 10**12)]
        )
    if item is PERP:
        kinds.append("funding")
        data["funding", item.id] = columns(
            ts_event=[at], ts_received=[at], rate=[draw.randint(-(10**9), 10**9)]
        )
    currency = "USD" if kind == "equity" else "USDT"
    settings = config(venue, [feed(item.id, *kinds)], traders, currency=currency, grid_s=grid_s)
    return session(settings, [item], data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", VENUES)
def test_the_venues_account_is_the_sum_of_our_books(kind):
    """Balances of every currency and the position, to the last unit, over 200 seeds.

    Two strategies trade against each other; what the netted account has realised and they have not
    is unallocated.
    """
    fills = 0
    for seed in range(RUNS):
        played = play(ready(kind, seed))
        fills += len(played.record.fills)
        for number, (code, _) in enumerate(played.universe.currencies):
            ours = played.graph.books.balance(SIM, code)
            assert ours == played.kernel.venue_balance(0, number), (kind, seed, code)
        books = played.graph.books
        ours = books.native.net_quantity(ACCOUNT, 0)
        assert ours == played.kernel.venue_position(0, 0), (kind, seed)
        if kind != "equity":  # a split leaves fractions of a share that only the account adds up
            assert books.unallocated(VENUES[kind][0].id) == 0
    print(f"{kind}: {RUNS} runs, {fills} fills")  # noqa: T201 - the figure of the scenario
    assert fills > RUNS * 5


def test_the_final_equity_is_that_of_the_last_price_not_of_the_last_sample():
    """The grid is a year: without a sample at the end the equity would be that of the last fill."""
    item = PERP.id
    rows = quote_walk(3, 40)
    once = strategy(Once, instrument=item)
    settings = config(MARGIN, [feed(item, "quote")], [once], currency="USDT", grid_s=365 * 86_400)
    played = play(session(settings, [PERP], {("quote", item): rows}))
    result = collect(played, RunFacts(run_id="0", interrupted=False, first_ts=T0))
    (fill,) = (fill for _, fill, _ in played.record.fills)
    last = Decimal(int(rows["bid"][-1])).scaleb(-2)
    assert last != fill.price
    expected = Decimal(1_000_000) + (last - fill.price) * fill.quantity - fill.fee
    assert result.final_equity.amount == expected


class Once(Strategy):
    """Buys 1 at the first quote."""

    class Params(Strategy.Params):
        instrument: InstrumentId

    class State(Strategy.State, kw_only=True):
        done: bool = False

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(self.params.instrument)

    def on_quote(self, quote: Quote) -> None:
        if not self.state.done:
            self.state.done = True
            self.buy(quote.instrument, "0.001")


def test_a_run_has_the_same_hashes_on_every_machine_and_python():
    """Literals: another processor, system or Python that disagrees fails here."""
    played = play(ready("perp", 7))
    assert (
        played.journal_hash() == "7172385d814f86bb7c300436d13d05135d9e5bd5b95fe0af39dd48db6deaffd7"
    )
    assert played.state_hash() == "529b4278ec340f6dbecebec59b391cfa0b241906f5b6cc2fc1a109fe722659b3"
