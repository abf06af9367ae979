"""The metrics of openoutcry, by name; docs/reference/metrics.md lists them."""

from collections.abc import Callable, Iterable
from typing import Final

from openoutcry.daemon.logs.pipe import LogFigures
from openoutcry.daemon.metrics.exposition import Family, by, histogram, one
from openoutcry.daemon.metrics.facts import CoreFacts

_P: Final = "openoutcry_"
JOURNAL_STATES: Final = ("running", "full", "failed", "closed")


def core(facts: CoreFacts, age_s: float) -> list[Family]:
    """What the core says of itself, `age_s` seconds ago."""
    families = (_process_of_inputs, _durability, _orders, _account, _health)
    head = Family(
        f"{_P}info",
        "gauge",
        "Mode and account; always 1.",
        (((("mode", facts.mode), ("account", facts.account)), 1),),
    )
    age = one(f"{_P}facts_age_seconds", "gauge", "Since the core last spoke of itself.", age_s)
    return [head, age, *(family for make in families for family in make(facts))]


def _process_of_inputs(f: CoreFacts) -> Iterable[Family]:
    yield by(f"{_P}inputs", "counter", "Inputs handled, by kind.", "kind", f.inputs.items())
    yield one(f"{_P}inputs_skipped", "counter", "Inputs that reached no Python.", f.skipped)
    yield one(f"{_P}sequence", "gauge", "Sequence number of the last input.", f.seq)
    yield histogram(
        f"{_P}core_lag_seconds", "From the stamp of a turn's last input to its end.", f.lag
    )
    yield histogram(f"{_P}handler_seconds", "Time in a handler.", f.handler)
    yield by(f"{_P}shed", "counter", "Left out before the inlet, by kind.", "kind", f.shed.items())
    yield one(f"{_P}commands", "counter", "Control commands.", f.commands)


def _durability(f: CoreFacts) -> Iterable[Family]:
    states = ((state, state == f.journal) for state in JOURNAL_STATES)
    yield by(f"{_P}journal_state", "gauge", "1 for the state the journal is in.", "state", states)
    yield one(
        f"{_P}durable_sequence", "gauge", "Up to where the journal is on disk.", f.durable_seq
    )
    yield one(
        f"{_P}journal_waiting_records", "gauge", "Records not on disk yet.", f.journal_waiting
    )
    yield one(f"{_P}journal_waiting_bytes", "gauge", "Their size.", f.journal_waiting_bytes)
    yield one(
        f"{_P}journal_dropped_records", "counter", "Records lost to a failure.", f.journal_dropped
    )
    yield one(f"{_P}snapshot_sequence", "gauge", "Input of the last snapshot.", f.snapshot_seq)
    yield one(f"{_P}tape_rows", "counter", "Rows written to the tape.", f.tape_rows)
    yield one(f"{_P}tape_holes", "counter", "Inputs that the tape lacks.", f.tape_holes)
    yield one(f"{_P}gate_waiting", "gauge", "Messages that wait for the journal.", f.gate_waiting)
    yield by(
        f"{_P}gate_not_sent", "counter", "Dropped at the gate.", "reason", f.gate_dropped.items()
    )


def _orders(f: CoreFacts) -> Iterable[Family]:
    yield by(f"{_P}orders", "gauge", "Orders, by status.", "status", f.orders.items())
    yield one(f"{_P}orders_denied", "counter", "Orders that our risk refused.", f.denied)
    yield one(f"{_P}requests_unknown", "gauge", "Requests that no venue answered.", f.unknown)
    yield one(f"{_P}request_unknown_seconds", "gauge", "Age of the oldest of them.", f.unknown_s)
    yield one(
        f"{_P}orders_disagreeing",
        "gauge",
        "Orders about which a venue says something else.",
        f.order_table_differs,
    )
    yield one(f"{_P}fills", "counter", "Fills booked.", f.fills)


def _account(f: CoreFacts) -> Iterable[Family]:
    yield by(f"{_P}equity", "gauge", "Value of the account.", "currency", f.equity.items())
    samples = () if f.day_result is None else ((f.currency, f.day_result),)
    yield by(f"{_P}day_result", "gauge", "Result since the roll-over.", "currency", samples)
    scopes = ((scope, 1) for scope in f.halted)
    yield by(f"{_P}halted", "gauge", "1 for each scope that is halted.", "scope", scopes)
    yield one(f"{_P}reduce_only", "gauge", "1 when positions may only shrink.", f.reduce_only)
    strategies = tuple(
        ((("strategy", name), ("state", state)), 1) for name, state in f.strategies.items()
    )
    yield Family(f"{_P}strategy_state", "gauge", "1 for the state a strategy is in.", strategies)


def _health(f: CoreFacts) -> Iterable[Family]:
    yield one(f"{_P}ready", "gauge", "1 after recovery and reconciliation.", f.ready)
    yield one(f"{_P}actor_failures", "counter", "Failures of actors.", f.failures)
    ages = ((name, feed.age_s) for name, feed in f.feeds.items())
    yield by(f"{_P}feed_age_seconds", "gauge", "Since a feed's last datum.", "feed", ages)
    connected = ((name, feed.connected) for name, feed in f.feeds.items())
    yield by(f"{_P}feed_connected", "gauge", "1 when a feed is connected.", "feed", connected)
    yield by(f"{_P}venue_connected", "gauge", "1 when connected.", "venue", f.venues.items())
    yield one(f"{_P}clock_steps", "counter", "Steps of the wall clock.", f.clock_steps)
    yield one(f"{_P}clock_skew_seconds", "gauge", "Wall clock minus reference.", f.clock_skew_s)
    yield one(
        f"{_P}watchdog_left_ratio",
        "gauge",
        "Least share of its time that was left.",
        f.watchdog_left,
    )


def logs(figures: LogFigures) -> list[Family]:
    """What the log says of itself."""
    text = "Log records written, by level."
    return [
        by(f"{_P}log_records", "counter", text, "level", figures.written.items()),
        one(f"{_P}log_dropped", "counter", "Records dropped at the hand-over.", figures.dropped),
        one(f"{_P}log_held_back", "counter", "Repeats that were summed up.", figures.held_back),
        one(f"{_P}log_failed", "counter", "Records that a sink did not take.", figures.failed),
        one(f"{_P}log_waiting", "gauge", "Records that wait to be written.", figures.waiting),
    ]


Part = Callable[[], Iterable[Family]]
"""Another part that has metrics; called on the server's thread."""
