"""What a daemon answers, as structs: the same that go over the socket and that `--json` prints.

Field names are stable: fields are added, never renamed. Numbers are plain decimal texts (no exponent),
amounts by currency are maps, times and ages are nanoseconds (times since 1970 UTC). None is "not
known" or "does not apply". Every answer names mode and daemon. This module imports nothing heavy: the
command line reads it too.
"""

from typing import Literal

import msgspec

DecimalText = str
"""A plain decimal: sign, digits, point. Never an exponent."""
Amounts = dict[str, DecimalText]
"""Decimal text by currency code."""
StrategyState = Literal["running", "paused", "halted", "diverged", "failed"]
Trading = Literal["on", "restricted", "halted"]
"""`restricted`: some strategy or instrument is halted. `halted`: nothing new may leave."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every part of an answer."""


class Answer(View, frozen=True, kw_only=True):
    """Base of every answer.

    Args:
        mode: `replay`, `paper` or `live`.
        name: The daemon's name: `run.name` of its config.
        ts: The core's time when it answered.
        seq: The last input that the answer includes.
    """

    mode: str
    name: str
    ts: int
    seq: int


class Problem(View, frozen=True, kw_only=True):
    """Why the daemon is not healthy: a stable word for programs, a sentence and a remedy for people.

    Words: `halted`, `core`, `journal`, `tape`, `feed`, `venue`, `strategy`, `orders`, `clock`, `alerts`.
    """

    word: str
    what: str
    remedy: str


class JournalRow(View, frozen=True, kw_only=True):
    """The journal: `state` is `running`, `full` or `failed`; what waits is not on disk yet."""

    state: str
    reason: str = ""
    waiting_records: int = 0
    waiting_bytes: int = 0
    dropped_records: int = 0


class TapeRow(View, frozen=True, kw_only=True):
    """The tape of market data: `recording`, `incomplete` (a hole), `failed` or `off`."""

    state: str
    reason: str = ""


class FeedRow(View, frozen=True, kw_only=True):
    """One instrument's feed.

    Args:
        instrument: Its id.
        last: When its last datum was received; None before the first.
        age: How long ago that is.
        limit: From which age on it counts as stale; None is never.
        stale: Whether it does.
        shed: What the inlet conflated or dropped before it became an input, by kind.
    """

    instrument: str
    last: int | None
    age: int | None
    limit: int | None
    stale: bool
    shed: dict[str, int]


class VenueRow(View, frozen=True, kw_only=True):
    """A venue's connection: `connected`, `reconciling`, `disconnected` or `simulated`."""

    name: str
    state: str
    since: int | None = None
    reason: str = ""


class RecoveryRow(View, frozen=True, kw_only=True):
    """The last start: when, from which input on, how many records were read, how long it took.

    `gap` says what of the tape was missing, in words; empty when nothing was.
    """

    ts: int
    seq: int
    records: int
    took: int
    gap: str = ""


class HaltRow(View, frozen=True, kw_only=True):
    """A latch in force: `halted` lets nothing new out, `reduce_only` only orders that reduce.

    A name that is None is all of them; no name at all is everything. It holds since `since`.
    """

    kind: Literal["halted", "reduce_only"]
    strategy: str | None
    instrument: str | None
    venue: str | None
    reason: str
    since: int


class StrategyRow(View, frozen=True, kw_only=True):
    """One strategy.

    Args:
        strategy: Its name.
        type: Its class, as the config names it.
        state: `running`; `paused` by an operator; `halted` by a check or an operator; `diverged` after
            a recovery that derived other orders; `failed` with an error.
        why: The reason of every state but `running`.
        positions: Instruments that it holds.
        working: Its open orders.
        unknown: Those of them of which a request may or may not have reached the venue.
        realized: Realised profit, fees apart.
        unrealized: Profit of what is open, at what closing it would bring; None without a price.
        profit: Everything earned and paid, fees too, in the account currency; None without a price.
        currency: The account currency.
        signals: Orders that it asked for since its first start.
        last_signal: When it asked last; None when it has not since the daemon started.
    """

    strategy: str
    type: str
    state: StrategyState
    why: str
    positions: int
    working: int
    unknown: int
    realized: Amounts
    unrealized: Amounts | None
    profit: DecimalText | None
    currency: str
    signals: int
    last_signal: int | None


class Status(Answer, frozen=True, kw_only=True):
    """The daemon on one screen.

    Args:
        account: The account that it trades.
        pid: Its process.
        version: That of openoutcry.
        started: When the process began.
        uptime: How long ago that is.
        durable_seq: The last input of which everything is on disk.
        healthy: Whether there is no problem.
        problems: What is wrong, the worst first.
        trading: Whether new orders may leave.
        halts: What is halted.
        equity: Value of everything in `currency`; None while a price is missing.
        currency: The account currency.
        positions: Instruments that the account holds.
        working: Open orders.
        unknown: Those of them of which a request may or may not have reached the venue.
        waiting: Commands at the gate that wait for the journal.
        lag: How far the core is behind the clock.
        journal: The journal.
        tape: The tape.
        feeds: Every instrument's feed.
        venues: Every venue.
        strategies: Every strategy.
        recovery: The last start.
        alerts: Alerts that nobody has acknowledged.
    """

    account: str
    pid: int
    version: str
    started: int
    uptime: int
    durable_seq: int
    healthy: bool
    problems: tuple[Problem, ...]
    trading: Trading
    halts: tuple[HaltRow, ...]
    equity: DecimalText | None
    currency: str
    positions: int
    working: int
    unknown: int
    waiting: int
    lag: int
    journal: JournalRow
    tape: TapeRow
    feeds: tuple[FeedRow, ...]
    venues: tuple[VenueRow, ...]
    strategies: tuple[StrategyRow, ...]
    recovery: RecoveryRow | None
    alerts: int


class Strategies(Answer, frozen=True, kw_only=True):
    """Every strategy."""

    rows: tuple[StrategyRow, ...]


class LimitRow(View, frozen=True, kw_only=True):
    """One limit and what of it is used.

    Args:
        check: The check that holds it.
        strategy: Of which strategy; None is not one alone.
        instrument: Of which instrument.
        venue: Of which venue. None of the three is the account.
        limit: The limit, `unlimited`, or why nothing may pass.
        used: What counts against it now; None when it only ever measures one order.
        share: `used` in per cent of the limit, rounded down; None where one of them is no number.
        state: `ok`, `off`, `denies` (a limit is missing), `halted` or `reduce_only` (it has latched).
        since: Since when it is latched.
    """

    check: str
    strategy: str | None
    instrument: str | None
    venue: str | None
    limit: str
    used: str | None
    share: int | None
    state: str
    since: int | None


class Risk(Answer, frozen=True, kw_only=True):
    """Limits with their use, and halts."""

    trading: Trading
    limits: tuple[LimitRow, ...]
    halts: tuple[HaltRow, ...]
