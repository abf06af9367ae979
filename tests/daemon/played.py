"""A replay that is stopped half way: what a daemon looks like from inside, for tests of its answers."""

from typing import Any

import msgspec

from openoutcry.actors.strategy import Strategy
from openoutcry.daemon.control.facts import CoreFacts, FeedFacts
from openoutcry.daemon.control.past import KeptRecords
from openoutcry.daemon.control.views import JournalRow, TapeRow, VenueRow
from openoutcry.replay.session import ReplaySession
from openoutcry.state.config import CollarConfig, RiskConfig, RiskLimits
from openoutcry.state.market_data import Quote
from tests.harness import NO_LIMITS, SECOND, T0, config, dec, feed, quotes, session, strategy
from tests.markets import MARGIN, PERP

BTC = PERP.id
ROWS = 60
LIMITED = RiskConfig(
    default=RiskLimits(
        collar=CollarConfig(max_deviation_bps=dec("500")),
        max_order_value=dec("100000"),
        max_order_quantity=dec("50"),
        max_position=dec("10"),
        max_orders=100,
    )
)


class Trader(Strategy):
    """At each quote does what `plan` names for its number: `buy 1`, `sell 2 101.00`, `fail`, `cancel`."""

    class Params(Strategy.Params):
        plan: dict[str, str]

    class State(Strategy.State):
        quotes: int = 0

    params: Params
    state: State

    def setup(self) -> None:
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1
        for task in self.params.plan.get(str(self.state.quotes), "").split(";"):
            match task.split():
                case ["buy", quantity, *limit]:
                    self.buy(BTC, quantity, limit=limit[0] if limit else None, tag="plan")
                case ["sell", quantity, *limit]:
                    self.sell(BTC, quantity, limit=limit[0] if limit else None, tag="plan")
                case ["cancel"]:
                    self.cancel_all()
                case ["fail"]:
                    raise ValueError("a bug")


def market() -> dict[str, Any]:
    """A quote a second; the market is 100.00 to 100.01 for 20 seconds, then 110.00 to 110.01."""
    ts = [T0 + n * SECOND for n in range(1, ROWS + 1)]
    bid = [10_000 if n <= 20 else 11_000 for n in range(1, ROWS + 1)]
    sizes = [90_000] * ROWS
    return quotes(ts, bid, [price + 1 for price in bid], sizes, sizes)


def made(
    *, latency_us: int = 0, risk: RiskConfig = NO_LIMITS, **plans: dict[str, str]
) -> ReplaySession:
    """A session that has begun, with a `Trader` for each plan."""
    venue = msgspec.structs.replace(MARGIN, order_latency_us=latency_us)
    entries = [strategy(Trader, name, plan=plan) for name, plan in plans.items()]
    settings = config(venue, [feed(BTC, "quote")], entries, currency="USDT", risk=risk)
    ready = session(settings, [PERP], {("quote", BTC): market()})
    ready.begin()
    return ready


def after(ready: ReplaySession, second: int) -> ReplaySession:
    """Play until the quote of a second, and what follows from it at once, is handled."""
    while ready.kernel.now < T0 + second * SECOND and ready.play(1):
        pass
    return ready


def facts(ready: ReplaySession, **changes: Any) -> CoreFacts:
    """What a healthy paper daemon knows of itself at this moment."""
    now = ready.kernel.now
    fields: dict[str, Any] = {
        "mode": "paper",
        "name": "test",
        "account": "main",
        "pid": 4711,
        "version": "0.1.0",
        "started": T0,
        "uptime": now - T0,
        "now": now,
        "seq": ready.kernel.seq,
        "durable_seq": ready.kernel.seq,
        "journal": JournalRow(state="running"),
        "tape": TapeRow(state="recording"),
        "feeds": (FeedFacts(instrument=BTC, last=now - SECOND // 5, limit=10 * SECOND),),
        "venues": (VenueRow(name="SIM", state="simulated"),),
    }
    return CoreFacts(**(fields | changes))


def records(ready: ReplaySession) -> KeptRecords:
    """Its journal."""
    return KeptRecords(ready.journal)
