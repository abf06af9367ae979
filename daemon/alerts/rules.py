"""The rules: what about a core, or of what it did, is an alert, how bad, and what to do about it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from openoutcry.daemon.alerts.alert import Severity, Signal
from openoutcry.daemon.metrics.facts import CoreFacts, HistogramFacts
from openoutcry.state.events import (
    AccountLiquidated,
    ActorFailed,
    BookStale,
    TradingHalted,
    TradingResumed,
)
from openoutcry.state.operation_config import AlertLimits

CoreEvent = AccountLiquidated | ActorFailed | BookStale | TradingHalted | TradingResumed
"""What the desk wants to hear of; anything else is none of its business."""


class Rule(NamedTuple):
    """A row of the table. `lasting` rules resolve by themselves, the others happened once.

    `pushed` ones are ended by whoever raised them; the others when the core's facts do not show them.
    """

    severity: Severity
    lasting: bool
    remedy: str
    pushed: bool = False


_I, _W, _C = Severity.INFO, Severity.WARNING, Severity.CRITICAL
RULES: Final[dict[str, Rule]] = {
    "halted": Rule(_C, True, "find out why, then resume"),
    "reduce_only": Rule(_W, True, "look at what led to it; a resume lifts it"),
    "journal_full": Rule(_C, True, "free space on the disk; it heals by itself"),
    "journal_failed": Rule(_C, True, "check the disk, then restart: what happened stands in the log"),
    "tape_hole": Rule(_W, False, "that stretch cannot be replayed: parity will say incomplete"),
    "feed_stale": Rule(_W, True, "check the connection and the venue's status page"),
    "book_stale": Rule(_W, True, "check the connection and the venue's status page", True),
    "feed_down": Rule(_W, True, "check the connection and the venue's status page"),
    "venue_down": Rule(_C, True, "orders cannot be changed: use the venue's own screen if need be"),
    "strategy_paused": Rule(_W, True, "read its error in the log, then resume it"),
    "strategy_diverged": Rule(_C, True, "it no longer decides as its journal says: see the log"),
    "actor_failed": Rule(_W, False, "read its error in the log"),
    "order_unknown": Rule(_C, True, "ask the venue for the order; its exposure stays reserved"),
    "orders_disagree": Rule(_C, True, "compare with the venue's own screen before trading on"),
    "liquidated": Rule(_C, False, "the venue closed positions: look at the account before all else"),
    "clock_stepped": Rule(_W, False, "let one service (chrony, timesyncd) slew the clock"),
    "clock_skewed": Rule(_W, True, "check the time service: `timedatectl timesync-status`"),
    "disk_nearly_full": Rule(_W, True, "free space, or `outcry journal compact STATE_DIR` while stopped"),
    "core_lag": Rule(_W, True, "look for a slow handler in the log; `outcry doctor`"),
    "core_silent": Rule(_C, True, "the core hangs: the watchdog restarts it; `kill -USR1` shows where"),
    "daily_loss": Rule(_C, True, "decide whether to go on; the limit is alerts.limits.daily_loss"),
    "watchdog_near_miss": Rule(_W, False, "something held the core up: see handler times in the log"),
    "recovery_finished": Rule(_I, False, "nothing to do"),
    "recovery_needs_human": Rule(_C, False, "read what could not be settled, then resume"),
    "unclean_restart": Rule(_W, False, "the process was killed before: the log and coredumpctl say why"),
    "records_dropped": Rule(_W, False, "the log could not keep up; raise log.level or log.capacity"),
    "alert_undelivered": Rule(_W, True, "try the channel: `outcry alerts test CONFIG`", True),
}  # fmt: skip


class Disk(NamedTuple):
    """Room where the state directory is, bytes."""

    free: int
    size: int


def signal(
    rule: str,
    summary: str,
    *,
    subject: str = "",
    seq: int = 0,
    severity: Severity | None = None,
    **fields: object,
) -> Signal:
    """A signal of a rule of the table; `severity` replaces the table's."""
    row = RULES[rule]
    return Signal(
        rule=rule,
        severity=severity or row.severity,
        summary=summary,
        remedy=row.remedy,
        subject=subject,
        lasting=row.lasting,
        pushed=row.pushed,
        seq=seq,
        fields={name: str(value) for name, value in fields.items() if value is not None},
    )


def of_event(event: CoreEvent, seq: int) -> Signal | None:
    """What an event of the core means; None when it only ends something, see `ended_by`."""
    match event:
        case TradingHalted():
            scope = scope_of(event)
            what = "all trading" if scope == "all" else scope
            return signal("halted", f"{what} is halted: {event.reason}", subject=scope, seq=seq)
        case ActorFailed():
            text = f"{event.actor} failed: {event.error}; policy {event.policy}"
            return signal("actor_failed", text, subject=event.actor, seq=seq, input=event.input)
        case BookStale(stale=True):
            text = f"the book of {event.instrument} is stale"
            return signal("book_stale", text, subject=event.instrument, seq=seq)
        case AccountLiquidated():
            text = f"{event.venue} liquidated the account: {event.reason}"
            return signal("liquidated", text, subject=event.venue, seq=seq)
    return None


def ended_by(event: CoreEvent) -> str | None:
    """Key of the alert that an event ends."""
    match event:
        case TradingResumed():
            return f"halted:{scope_of(event)}"
        case BookStale(stale=False):
            return f"book_stale:{event.instrument}"
    return None


def scope_of(event: TradingHalted | TradingResumed) -> str:
    """`all`, or the names that the scope has."""
    return scope_name(event.strategy, event.instrument, event.venue)


def scope_name(strategy: str | None, instrument: str | None, venue: str | None) -> str:
    """A scope in words: `all`, or its names; the same for events and facts."""
    return " ".join(filter(None, (strategy, instrument, venue))) or "all"


def of_facts(
    facts: CoreFacts, before: CoreFacts | None, age_s: float, disk: Disk | None, limits: AlertLimits
) -> Iterator[Signal]:
    """Every condition that holds now, and what happened since `before`."""
    yield from _journal(facts)
    yield from _trading(facts, limits)
    yield from _edges(facts)
    yield from _clock(facts, before, limits)
    yield from _core(facts, before, age_s, limits)
    if disk is not None and disk.size:
        percent = disk.free * 100 // disk.size
        if percent < limits.disk_free_percent or disk.free < limits.disk_free_mb << 20:
            text = f"{disk.free >> 20} MB ({percent} %) are free on the disk of the journal"
            yield signal("disk_nearly_full", text)


def _journal(f: CoreFacts) -> Iterator[Signal]:
    if f.journal == "full":
        text = f"the journal has no room; {f.journal_waiting} records wait, no order leaves"
        yield signal("journal_full", text)
    elif f.journal == "failed":
        text = f"the journal has failed; {f.journal_dropped} records were dropped"
        yield signal("journal_failed", text)


def _trading(f: CoreFacts, limits: AlertLimits) -> Iterator[Signal]:
    for scope, reason in f.halted.items():
        what = "all trading" if scope == "all" else scope
        yield signal("halted", f"{what} is halted: {reason}", subject=scope, seq=f.seq)
    if f.reduce_only:
        yield signal("reduce_only", "the account only reduces positions", seq=f.seq)
    for name, state in f.strategies.items():
        if state in ("paused", "diverged"):
            yield signal(
                f"strategy_{state}", f"strategy {name} is {state}", subject=name, seq=f.seq
            )
    if f.unknown and f.unknown_s > limits.unknown_order_s:
        text = f"{f.unknown} requests have no answer, the oldest for {f.unknown_s:.0f} s"
        yield signal("order_unknown", text, seq=f.seq)
    if f.order_table_differs:
        text = f"a venue says something else about {f.order_table_differs} orders"
        yield signal("orders_disagree", text, seq=f.seq)
    loss = limits.daily_loss
    if loss is not None and f.day_result is not None and f.day_result <= -loss:
        text = f"the day's result is {f.day_result} {f.currency}, the limit {-loss}"
        yield signal("daily_loss", text, seq=f.seq)


def _edges(f: CoreFacts) -> Iterator[Signal]:
    for name, feed in f.feeds.items():
        if not feed.connected:
            yield signal("feed_down", f"feed {name} is not connected", subject=name)
        elif feed.limit_s is not None and feed.age_s > feed.limit_s:
            text = f"feed {name} has been silent for {feed.age_s:.0f} s"
            yield signal("feed_stale", text, subject=name)
    for name, connected in f.venues.items():
        if not connected:
            yield signal("venue_down", f"venue {name} is not connected", subject=name)


def _clock(f: CoreFacts, before: CoreFacts | None, limits: AlertLimits) -> Iterator[Signal]:
    if before is not None and f.clock_steps > before.clock_steps:
        yield signal("clock_stepped", "the wall clock was stepped")
    if f.clock_skew_s is not None and abs(f.clock_skew_s) * 1000 > limits.clock_skew_ms:
        yield signal("clock_skewed", f"the wall clock is off by {f.clock_skew_s * 1000:.0f} ms")


def _core(
    f: CoreFacts, before: CoreFacts | None, age_s: float, limits: AlertLimits
) -> Iterator[Signal]:
    if age_s > limits.facts_age_s:
        yield signal("core_silent", f"the core has said nothing for {age_s:.0f} s")
    if before is None:
        return
    late = above(f.lag, limits.core_lag_ms / 1000) - above(before.lag, limits.core_lag_ms / 1000)
    if late > 0:
        yield signal("core_lag", f"{late} inputs took more than {limits.core_lag_ms} ms")
    if f.tape_holes > before.tape_holes:
        text = f"the tape lacks {f.tape_holes - before.tape_holes} inputs"
        yield signal("tape_hole", text, seq=f.seq)
    left = f.watchdog_left
    if (
        left is not None
        and left * 100 < 100 - limits.watchdog_percent
        and left != before.watchdog_left
    ):
        yield signal("watchdog_near_miss", f"only {left:.0%} of the watchdog's time was left")


def above(histogram: HistogramFacts, limit: float) -> int:
    """Observations in the buckets that lie wholly above a limit."""
    lower = (0.0, *histogram.bounds)
    return sum(n for low, n in zip(lower, histogram.counts, strict=True) if low >= limit)
