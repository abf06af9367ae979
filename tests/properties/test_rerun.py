"""A session that was fed live is made again from its tape and its journal, record for record."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from openoutcry.replay.live_session import LiveSession
from openoutcry.replay.parity import RerunJournal
from openoutcry.replay.rerun import Rerun, RerunResult
from openoutcry.state.catalog_files import StreamKey
from openoutcry.state.codec import AnyMessage, decode, encode, kind_of
from openoutcry.state.commands import (
    CancelAll,
    Flatten,
    Halt,
    ManualOrder,
    Resume,
    RiskApproved,
)
from openoutcry.state.config import Config
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.events import ActorFailed, EquitySampled, SessionStarted
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.journal_reader import JournalRecord
from tests.harness import T0
from tests.properties.test_skipping import LATENCIES
from tests.properties.wild import INSTRUMENTS, KINDS, Plan, drawn

EXAMPLES = int(os.environ.get("OPENOUTCRY_EXAMPLES", "40"))
PLANS = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    rows=st.integers(2, 150),
    kinds=st.tuples(*[st.integers(0, len(KINDS) - 1)] * 2),
    strategies=st.integers(1, 3),
    order_latency=LATENCIES,
    report_latency=LATENCIES,
    feed_latency=LATENCIES,
    chunk_rows=st.integers(1, 200),
)
START = T0 - 1


def simple(seed: int) -> Plan:
    return Plan(seed, 60, (2, 0), 1, 0, 0, 0, 7)


@dataclass
class Lived:
    """What a session left behind: its rows as it was given them, and its records."""

    plan: Plan
    rows: dict[StreamKey, list[dict[str, NDArray[np.int64]]]] = field(default_factory=dict)
    records: list[JournalRecord] = field(default_factory=list)
    state: str = ""
    end: int = 0

    def chunks(self, stream: StreamKey, skip: int = 0) -> Iterator[dict[str, NDArray[np.int64]]]:
        """The tape."""
        for chunk in self.rows.get(stream, []):
            size = len(chunk["ts_received"])
            yield {name: values[min(skip, size) :] for name, values in chunk.items()}
            skip = max(skip - size, 0)

    def keep(self, session: LiveSession) -> None:
        """Take what was recorded since the last time."""
        batch = session.journal.native.hand_over()
        for seq, external, body in batch.records() if batch is not None else ():
            self.records.append(JournalRecord(len(self.records) + 1, seq, body, external))


def fresh(plan: Plan) -> LiveSession:
    """A session of a plan that nothing has happened to."""
    config, _ = drawn(plan)
    return LiveSession(config, INSTRUMENTS, RerunJournal(0), start=START, epoch=7)


def operator(moment: int, config: Config, draw: random.Random) -> AnyMessage:
    """What somebody at the control socket might ask for."""
    strategy = draw.choice(config.strategies).id
    item = draw.choice(INSTRUMENTS)
    order = ManualOrder(
        ts=moment,
        strategy=strategy,
        instrument=item.id,
        side=draw.choice(list(Side)),
        order_type=OrderType.MARKET,
        quantity_units=item.lot_units,
        price_scale=item.price_scale,
        size_scale=item.size_scale,
    )
    commands: list[AnyMessage] = [
        Halt(ts=moment, reason="a test"),
        Resume(ts=moment, reason="a test"),
        CancelAll(ts=moment, strategy=draw.choice([None, strategy])),
        Flatten(ts=moment, strategy=draw.choice([None, strategy])),
        order,
    ]
    return draw.choice(commands)


def lived(plan: Plan, session: LiveSession | None = None, *, halts: float = 0.2) -> Lived:
    """Feed a session as live feeds would, with an operator who halts now and then."""
    config, data = drawn(plan)
    session = session or fresh(plan)
    left = Lived(plan)
    latency = {feed.instrument: feed.latency_us * 1_000 for feed in config.feeds}
    market = {}
    for key in session.streams:
        name = f"bar:{key.bar}" if key.bar else key.kind
        columns = {n: np.asarray(v) for n, v in data[name, key.instrument].items()}
        columns["ts_received"] = columns["ts_received"] + latency[key.instrument]
        market[key] = columns
    end = max(int(columns["ts_received"][-1]) for columns in market.values())
    draw = random.Random(plan.seed)
    count = draw.randrange(1, 60)
    moments = sorted({START, *(draw.randrange(T0, end + 10**9) for _ in range(count)), end + 10**9})
    before = START - 1
    for moment in moments:
        for key, columns in market.items():
            stamps = columns["ts_received"]
            here = (stamps > before) & (stamps <= moment)
            if here.any():
                chunk = {name: np.ascontiguousarray(v[here]) for name, v in columns.items()}
                left.rows.setdefault(key, []).append(chunk)
                session.push(key, chunk)
        if moment == START:
            session.inject(moment, SessionStarted(ts=moment))
        elif draw.random() < halts:
            session.inject(moment, operator(moment, config, draw))
        while session.play(moment, draw.randrange(1, 50)):
            left.keep(session)
        left.keep(session)
        before = moment
    left.state, left.end = session.state_hash(), moments[-1]
    session.graph.close()
    return left


def again(
    left: Lived, durable: int, *, silent: frozenset[StrategyId] = frozenset()
) -> tuple[LiveSession, RerunResult]:
    """Play it again, of which so many records are there."""
    session = fresh(left.plan)
    session.kernel.set_venues_active(False)
    records = left.records[:durable]
    last = records[-1].seq if records else 0
    result = Rerun(session, records, left, last, silent=silent).run()
    if result.divergence is None:
        while session.play(left.end):
            pass
    return session, result


def test_the_sessions_are_worth_it() -> None:
    kinds = {kind_of(r.body) for seed in range(8) for r in lived(simple(seed)).records}
    for name in (b"RiskApproved", b"OrderFilled", b"OrderCanceled", b"TimerFired", b"OrderDenied"):
        assert name in kinds, name


@settings(max_examples=EXAMPLES)
@given(plan=PLANS)
def test_it_is_made_again_record_for_record(plan: Plan) -> None:
    left = lived(plan)
    session, result = again(left, len(left.records))
    assert result.divergence is None, str(result.divergence)
    assert (result.records, result.missing) == (len(left.records), 0)
    assert session.state_hash() == left.state
    session.graph.close()


@settings(max_examples=EXAMPLES)
@given(plan=PLANS, share=st.floats(0, 1))
def test_whatever_was_durable_is_made_again(plan: Plan, share: float) -> None:
    left = lived(plan)
    durable = int(share * len(left.records))
    while (
        0 < durable < len(left.records)
        and left.records[durable - 1].seq == left.records[durable].seq
    ):
        durable -= 1  # an input's records are durable together
    session, result = again(left, durable)
    assert result.divergence is None, str(result.divergence)
    assert (result.records, result.missing) == (durable, 0)
    session.graph.close()


@settings(max_examples=EXAMPLES)
@given(plan=PLANS, data=st.data())
def test_what_differs_is_found(plan: Plan, data: st.DataObject) -> None:
    left = lived(plan)
    derived = [n for n, record in enumerate(left.records) if not record.external]
    number = data.draw(st.sampled_from(derived))
    record = left.records[number]
    left.records[number] = record._replace(body=encode(EquitySampled(ts=1, units=17)))
    session, result = again(left, len(left.records))
    assert result.divergence is not None
    assert result.divergence.seq == record.seq
    session.graph.close()


def test_a_silent_strategy_is_spoken_for() -> None:
    for seed in range(20):
        left = lived(Plan(seed, 60, (2, 0), 2, 0, 700, 0, 7))
        session, result = again(left, len(left.records), silent=frozenset({StrategyId("s0")}))
        assert result.divergence is None, str(result.divergence)
        assert result.missing == 0
        assert session.state_hash() == left.state
        session.graph.close()


def test_decoding_a_divergence_names_the_strategy() -> None:
    left = lived(Plan(3, 60, (2, 0), 2, 0, 0, 0, 7))
    number = next(n for n, r in enumerate(left.records) if b"SubmitOrder" in r.body[:64])
    intent = decode(left.records.pop(number).body)
    assert isinstance(intent, RiskApproved)
    session, result = again(left, len(left.records))
    assert result.divergence is not None
    assert result.divergence.strategy == intent.command.strategy
    session.graph.close()


def is_fill(record: JournalRecord) -> bool:
    return kind_of(record.body) == b"OrderFilled"


def test_an_input_that_stopped_the_core_is_handled_by_a_version_that_can() -> None:
    sessions = (lived(simple(seed)) for seed in count())
    left = next(s for s in sessions if any(map(is_fill, s.records)))
    number = max(n for n, record in enumerate(left.records) if is_fill(record))
    fill = left.records[number]
    failure = ActorFailed(
        actor="portfolio", sequence=fill.seq, input="OrderFilled", error="a bug", policy="halt"
    )
    rest = [row for row in left.records[number + 1 :] if row.seq == fill.seq]
    parked = JournalRecord(number + 2, fill.seq, encode(failure), external=False)
    left.records[number + 1 :] = [parked]
    session, result = again(left, len(left.records))
    assert result.divergence is None, str(result.divergence)
    again_made = [body for _, _, body in result.leftover[: len(rest)]]
    assert again_made == [row.body for row in rest]
    session.graph.close()
