"""A maker that stands in queues: the same however the data is cut, and held back by its place."""

from typing import Any

import msgspec
import pytest

from openoutcry.actors.strategy import Strategy
from openoutcry.replay.session import ReplaySession
from openoutcry.state.config import MatchingConfig
from openoutcry.state.enums import Side
from openoutcry.state.events import TimerFired
from openoutcry.state.identifiers import InstrumentId
from tests.harness import SECOND, config, feed, play, session, strategy
from tests.markets import MARGIN, PERP, narrow_walk

BTC = PERP.id
MODES = [
    (passive, queue) for passive in ("trades", "both") for queue in ("conservative", "proportional")
]


class Joiner(Strategy):
    """Joins both touches each three seconds, and leaves prices that are no touch."""

    class Params(Strategy.Params):
        instrument: InstrumentId

    params: Params

    def on_start(self) -> None:
        self.every("join", 3 * SECOND)

    def on_timer(self, timer: TimerFired) -> None:
        quote = self.quote(self.params.instrument)
        if quote is None or not (quote.has_bid and quote.has_ask):
            return
        touch = {Side.BUY: quote.bid_units, Side.SELL: quote.ask_units}
        kept = set()
        for order in self.orders(self.params.instrument):
            if order.limit_units == touch[order.side]:
                kept.add(order.side)
            else:
                self.cancel(order.client_order_id)
        for side, price in touch.items():
            if side not in kept:
                limit = price * PERP.tick
                self.submit(self.params.instrument, side, "0.5", limit=limit, post_only=True)


def ready(kind: str, passive: Any, queue: Any, **options: Any) -> ReplaySession:
    """Two thousand seconds of a market that stays within a few ticks."""
    matching = MatchingConfig(passive=passive, queue=queue)
    venue = msgspec.structs.replace(MARGIN, matching=matching, order_latency_us=700_000)
    book, quotes, trades = narrow_walk(3, 2_000)
    data: dict[tuple[str, str], Any] = {
        ("trade", BTC): trades,
        (kind, BTC): book if kind == "book" else quotes,
    }
    settings = config(
        venue, [feed(BTC, kind, "trade")], [strategy(Joiner, instrument=BTC)], currency="USDT"
    )
    return session(settings, [PERP], data, **options)


def filled(played: ReplaySession) -> int:
    """In units of the contract's size."""
    return sum(fill.quantity_units for _, fill, _ in played.record.fills)


@pytest.mark.parametrize("kind", ["book", "quote"])
@pytest.mark.parametrize(("passive", "queue"), MODES)
def test_neither_cuts_nor_skipping_change_what_a_queue_fills(
    kind: str, passive: str, queue: str
) -> None:
    """The venue sees each row of an instrument that has orders, whoever else wants it."""
    reference = play(ready(kind, passive, queue))
    assert filled(reference) > 10_000
    for options in ({"chunk_rows": 1}, {"chunk_rows": 7}, {"stepping": True}, {}):
        again = play(ready(kind, passive, queue, **options))
        assert again.journal_hash() == reference.journal_hash()
        assert again.state_hash() == reference.state_hash()


@pytest.mark.parametrize("kind", ["book", "quote"])
def test_a_place_in_the_queue_costs_fills(kind: str) -> None:
    """None fills most, and cancels that are spread bring an order forward."""
    none, proportional, conservative = (
        filled(play(ready(kind, "trades", queue)))
        for queue in ("none", "proportional", "conservative")
    )
    assert conservative < proportional < none
