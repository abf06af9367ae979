"""Whatever a session did: the parts of its gap are the gap, and what both runs earned is what books say."""

import random
from dataclasses import replace
from fractions import Fraction

import msgspec
from hypothesis import example, given, settings

from openoutcry.replay.compare import beside
from openoutcry.replay.compare_fills import Filled, filled
from openoutcry.replay.compare_parts import Gap, totals
from openoutcry.replay.live_session import LiveSession
from openoutcry.state.memory_journal import MemoryJournal
from tests.properties.test_rerun import EXAMPLES, PLANS, START, Lived, lived
from tests.properties.wild import INSTRUMENTS, Plan, drawn


def traded(plan: Plan, *, halts: float = 0.2) -> tuple[Lived, LiveSession, Filled]:
    """A session whose orders leave at once, what it left behind, and what filled."""
    config, _ = drawn(plan)
    journal = MemoryJournal(keep=True)
    session = LiveSession(config, INSTRUMENTS, journal, start=START, epoch=7)
    left = lived(plan, session, halts=halts)
    return left, session, filled(body for _, body in journal.records())


def exact(gaps: tuple[Gap, ...], name: str) -> dict[str, Fraction]:
    """A sum of each currency, in currency units."""
    return {row.currency: Fraction(getattr(row, name), 10**row.scale) for row in totals(gaps)}


def booked(session: LiveSession) -> dict[str, int]:
    """What the books of all strategies say that was earned, in units of each currency."""
    books, codes = session.graph.books, [code for code, _ in session.universe.currencies]
    earned = dict.fromkeys(codes, 0)
    for book in range(1, len(books.names)):
        for units in (books.realized_by_currency(book), books.unrealized_by_currency(book)):
            for code, count in units.items():
                earned[code] += count
    return {code: units - books.fees(code) for code, units in earned.items()}


def spoiled(run: Filled, draw: random.Random) -> Filled:
    """The fills of a venue that is not the model: some missing, more, split, later, at other prices."""
    found = Filled(decisions=run.decisions, cash=run.cash, splits=run.splits, last_ts=run.last_ts)
    for number, ((key, name), fill) in enumerate(run.fills.items()):
        if draw.random() < 0.2:
            continue
        changed = msgspec.structs.replace(
            fill,
            price_units=fill.price_units + draw.randrange(-2, 3),
            fee_units=fill.fee_units + draw.randrange(3),
            ts=fill.ts + draw.choice([0, 10**9]),
        )
        whole = fill.quantity_units
        first = draw.randrange(1, whole) if whole > 1 and draw.random() < 0.3 else whole
        for part, units in enumerate((first, whole - first)):
            if units:
                piece = msgspec.structs.replace(changed, quantity_units=units)
                found.fills[key, f"{name}/{part}"] = piece
        if draw.random() < 0.1:
            other = msgspec.structs.replace(changed, key=f"{number:016x}ffff")
            found.fills[other.key, name] = other
    return found


def check(plan: Plan, left: Lived, real: Filled) -> tuple[Gap, ...]:
    """Compare, and see that every gap is its parts, none of it rounding."""
    config, _ = drawn(plan)
    found = beside(config, INSTRUMENTS, (), real, left, START, left.end)
    for row in found.rows:
        assert row.gap == row.parts
        assert row.rounding == 0  # linear contracts without splits are exact
    quantity = sum(piece.quantity for piece in found.pieces if piece.real is not None)
    assert quantity == sum(fill.quantity_units for fill in real.fills.values())
    return found.rows


@settings(max_examples=EXAMPLES)
@example(Plan(67108865, 60, (0, 0), 2, 0, 0, 0, 1))  # ends with a one-sided quote: a bar values it
@given(plan=PLANS)
def test_what_was_earned_is_what_the_books_say(plan: Plan) -> None:
    left, session, real = traded(plan)
    rows = check(plan, left, real)
    said = booked(session)
    # The books round the money of each settlement; the comparison does not.
    tolerance = len(real.fills) + len(INSTRUMENTS) * 3
    for code, earned in exact(rows, "real").items():
        scale = session.universe.scale(code)
        assert abs(earned * 10**scale - said[code]) <= tolerance


@settings(max_examples=EXAMPLES)
@given(plan=PLANS)
def test_the_parts_are_the_gap_at_any_other_venue(plan: Plan) -> None:
    left, _, real = traded(plan)
    check(plan, left, spoiled(real, random.Random(plan.seed)))


@settings(max_examples=EXAMPLES)
@given(plan=PLANS)
def test_a_session_that_nobody_disturbed_fills_as_its_model(plan: Plan) -> None:
    plan = replace(
        plan, kinds=(plan.kinds[0] % 3, plan.kinds[1] % 3)
    )  # a replay knows a bar's open
    left, _, real = traded(plan, halts=0)
    last = max(int(chunk["ts_received"][-1]) for rows in left.rows.values() for chunk in rows)
    for row in check(plan, left, real):
        assert (row.latency, row.slippage, row.missed) == (0, 0, 0)
    config, _ = drawn(plan)
    for piece in beside(config, INSTRUMENTS, (), real, left, START, left.end).pieces:
        # The model ends with the tape, and timers came due after that.
        assert piece.real == piece.modelled or (piece.real and piece.real.ts > last)


def test_the_random_sessions_do_trade() -> None:
    counts = [len(traded(Plan(seed, 100, (2, 0), 2, 0, 0, 0, 7))[2].fills) for seed in range(5)]
    assert min(counts) > 0, counts
