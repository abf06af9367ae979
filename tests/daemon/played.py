"""A replay that is stopped half way: what a daemon looks like from inside, for tests of its answers."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from openoutcry.actors.strategy import Strategy
from openoutcry.daemon.control.facts import CoreFacts, FeedFacts
from openoutcry.daemon.control.mutations import check, done, plan
from openoutcry.daemon.control.past import KeptRecords
from openoutcry.daemon.control.protocol import (
    Accepted,
    AnyMutation,
    Event,
    Query,
    decode_request,
    encode,
)
from openoutcry.daemon.control.queries import Deferred, answer
from openoutcry.daemon.control.views import JournalRow, TapeRow, VenueRow
from openoutcry.replay.session import ReplaySession
from openoutcry.state.config import CollarConfig, Config, RiskConfig, RiskLimits
from openoutcry.state.errors import ControlError, DaemonRefused, OutcryError
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
    plans: Mapping[str, dict[str, str]], *, latency_us: int = 0, risk: RiskConfig = NO_LIMITS
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


class PlayedDaemon:
    """A daemon that is a session stopped half way: answers questions and carries out commands.

    It stands where a connection to a daemon stands, and speaks the protocol's bytes.
    """

    def __init__(self, ready: ReplaySession, **changes: Any) -> None:
        self.ready = ready
        self.changes = changes
        self.new_config: Config | None = None
        self.commands: list[AnyMutation] = []
        self.broken: ControlError | None = None
        self.durable = True
        self.published: list[Event] = []

    @property
    def facts(self) -> CoreFacts:
        """What it knows of itself now."""
        return facts(self.ready, **self.changes)

    def ask(self, query: Query) -> bytes:
        """As `Link.ask`."""
        if self.broken is not None:
            raise self.broken
        asked = decode_request(encode(query))
        try:
            told = answer(self.ready.graph, self.facts, cast("Query", asked), self.new_config)
            if isinstance(told, Deferred):
                told = told.finish(records(self.ready), None)
        except OutcryError as error:
            raise _refused(error) from error
        return msgspec.msgpack.encode(told)

    def command(self, command: AnyMutation) -> Accepted:
        """As `Link.command`."""
        if self.broken is not None:
            raise self.broken
        asked = cast("AnyMutation", decode_request(encode(command)))
        self.commands.append(asked)
        graph = self.ready.graph
        try:
            made = plan(graph, self.facts, asked, self.new_config)
            check(asked, made)
            first = self.ready.kernel.seq
            for each in made.commands:
                graph.handle(each)
            told = done(graph, self.facts, asked, made, first)
        except OutcryError as error:
            raise _refused(error) from error
        self.ready.play(1)
        body = msgspec.Raw(msgspec.msgpack.encode(told))
        return Accepted(durable=self.durable, seq=first, body=body)

    def follow(self, after: int | None) -> Iterator[list[Event]]:
        """As `Link.follow`; ends with what was published."""
        yield [event for event in self.published if event.number > (after or 0)]

    def publish(self) -> None:
        """Publish everything that its journal holds."""
        self.published = [
            Event(start=1, seq=n, number=n, journal_seq=seq, body=body)
            for n, (seq, body) in enumerate(self.ready.journal.records(), 1)
        ]

    def close(self) -> None:
        """As `Link.close`."""


def _refused(error: OutcryError) -> DaemonRefused:
    """As the client raises what the daemon answered."""
    return DaemonRefused(error.message, remedy=error.remedy, daemon_code=error.code)


def halted(ready: ReplaySession) -> list[tuple[str | None, str | None, str | None, str]]:
    """What is halted: strategy, instrument, venue and reason."""
    rows = ready.graph.risk_state.halted()
    return [(strategy, instrument, venue, why) for strategy, instrument, why, venue, _ in rows]
