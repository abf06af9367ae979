"""The kernel as the inlet of a live session: rows pushed, messages from outside, played up to a moment."""

from typing import Any

import pytest

from openoutcry import _native
from openoutcry.state.codec import encode
from openoutcry.state.commands import CancelAll, Halt
from openoutcry.state.enums import TimeInForce
from openoutcry.state.errors import ConfigError, DataFormatError
from openoutcry.state.events import OrderAccepted, OrderExpired, OrderFilled, TimerFired
from openoutcry.state.identifiers import ClientOrderId, VenueOrderId
from openoutcry.state.market_data import Bar, Quote, Trade
from openoutcry.state.messages import UNDEFINED
from tests.replay.kernels import A, Columns, bars, book, columns, drain, kernel, quotes, trades
from tests.replay.test_kernel_venue import USD, order, venue

MINUTE = 60_000_000_000


def live(kind: str = "quote", **settings: Any) -> tuple[_native.Kernel, _native.Market, int]:
    """A kernel with one live feed of instrument A."""
    engine, market = kernel(1, **settings)
    return engine, market, engine.add_live_feed(kind, 0)


def played(engine: _native.Kernel, until: int) -> list[Any]:
    """Everything up to a moment."""
    return list(iter(lambda: engine.next(until), None))


def inject(engine: _native.Kernel, ts: int, phase: str, message: Any) -> None:
    engine.inject(ts, phase, message, encode(message))


def report(number: int) -> OrderAccepted:
    return OrderAccepted(ClientOrderId(f"{number:032x}"), A, 1, 1, VenueOrderId(str(number)))


def names(messages: list[Any]) -> list[str]:
    return [type(message).__name__ for message in messages]


# --- messages from outside ----------------------------------------------------------------------


def test_messages_from_outside_come_in_their_class_and_in_their_order() -> None:
    engine, _, feed = live()
    inject(engine, 10, "control", Halt(ts=0, reason="operator"))
    engine.set_timer(10, "s", "t")
    inject(engine, 10, "report", report(1))
    inject(engine, 10, "report", report(2))
    inject(engine, 10, "control", CancelAll(ts=0))
    engine.push(feed, quotes((10, 100, 101), (11, 100, 101)))
    came = played(engine, 11)
    assert names(came) == [
        "Quote",
        "OrderAccepted",
        "OrderAccepted",
        "TimerFired",
        "Halt",
        "CancelAll",
        "Quote",
    ]
    assert came[1:3] == [report(1), report(2)]
    assert (engine.seq, engine.counts()) == (7, {"quote": 2, "report": 2, "timer": 1, "control": 2})


def test_a_message_is_handed_out_as_it_was_given() -> None:
    engine, _, _ = live()
    given = Halt(ts=0, reason="operator")
    inject(engine, 5, "control", given)
    assert played(engine, 9)[0] is given
    assert (engine.seq, engine.now, engine.reached) == (1, 5, 9)


def test_a_message_for_the_past_comes_next() -> None:
    engine, _, feed = live()
    engine.push(feed, quotes((10, 100, 101), (12, 100, 101)))
    engine.next()
    inject(engine, 4, "report", report(1))
    assert names([engine.next(), engine.next()]) == ["OrderAccepted", "Quote"]
    played(engine, 20)
    inject(engine, 4, "report", report(2))
    assert played(engine, 20) == []
    assert played(engine, 21) == [report(2)]
    assert engine.now == 21


def test_the_hash_tells_other_messages_stamps_and_classes() -> None:
    digests = set()
    for ts, phase, encoded in [
        (5, "control", b"a"),
        (5, "control", b"b"),
        (6, "control", b"a"),
        (5, "report", b"a"),
    ]:
        engine, _, _ = live()
        engine.inject(ts, phase, object(), encoded)
        played(engine, 9)
        digests.add(engine.input_hash())
    assert len(digests) == 4


def test_only_two_classes_come_from_outside() -> None:
    engine, _, _ = live()
    with pytest.raises(ValueError, match="no class of messages from outside"):
        engine.inject(1, "timer", None, b"")


# --- rows that are pushed -----------------------------------------------------------------------


def test_rows_may_come_in_any_pieces_and_ahead_of_other_feeds() -> None:
    engine, market = kernel(2)
    one, other = engine.add_live_feed("quote", 0), engine.add_live_feed("trade", 1)
    engine.push(one, quotes((10, 100, 101), (30, 100, 102)))
    engine.push(one, quotes((30, 100, 103)))
    assert [message.ts_received for message in played(engine, 20)] == [10]
    engine.push(other, trades((25, 99, 1), (30, 98, 1)))
    came = played(engine, 30)
    assert [(type(message), message.ts_received) for message in came] == [
        (Trade, 25),
        (Quote, 30),
        (Quote, 30),
        (Trade, 30),
    ]
    assert played(engine, 40) == []
    engine.push(one, quotes((41, 100, 104)))
    assert names(played(engine, 50)) == ["Quote"]
    assert market.quote(0) == (41, 100, 104, 5, 5)
    assert [engine.rows_taken(number) for number in (one, other)] == [4, 2]


def test_live_and_recorded_feeds_stand_beside_each_other_and_nothing_ends() -> None:
    engine, _ = kernel(2)
    assert engine.add_feed("trade", 1, [trades((10, 99, 1), (12, 98, 1))]) == 0
    feed = engine.add_live_feed("quote", 0)
    engine.push(feed, quotes((10, 100, 101), (11, 100, 101)))
    assert names(played(engine, 15)) == ["Trade", "Quote", "Quote", "Trade"]
    engine.set_timer(16, "s", "after the last row")
    engine.push(feed, quotes((17, 100, 101)))
    assert names(played(engine, 17)) == ["TimerFired", "Quote"]
    engine.set_timer(18, "s", "never")
    engine.cut()
    assert played(engine, 30) == []
    with pytest.raises(ConfigError, match="after the end"):
        engine.push(feed, quotes((40, 100, 101)))


def test_rows_of_a_moment_that_was_played_out_come_at_the_next_one_and_are_counted() -> None:
    engine, _, feed = live()
    engine.push(feed, quotes((10, 100, 101)))
    played(engine, 20)
    engine.push(feed, quotes((9, 100, 102), (20, 100, 103), (21, 100, 104), (19, 100, 105)))
    assert [message.ts_received for message in played(engine, 30)] == [21, 21, 21, 21]
    assert engine.defects()["time_backwards"] == 3


def test_rows_that_step_back_while_others_wait_are_stamped_as_in_a_recording() -> None:
    recorded, _ = kernel(1)
    rows = [quotes((10, 100, 101), (8, 100, 102)), quotes((9, 100, 103), (12, 100, 104))]
    recorded.add_feed("quote", 0, rows)
    engine, _, feed = live()
    for piece in rows:
        engine.push(feed, piece)
    assert played(engine, 20) == drain(recorded)
    assert engine.defects() == recorded.defects() == {"time_backwards": 2}
    assert engine.input_hash() == recorded.input_hash()


def test_what_cannot_be_pushed_is_refused() -> None:
    engine, _ = kernel(1)
    engine.add_feed("trade", 0, [trades((10, 99, 1))])
    feed = engine.add_live_feed("book", 0)
    with pytest.raises(ConfigError, match="recorded"):
        engine.push(0, trades((11, 99, 1)))
    with pytest.raises(DataFormatError, match=r"feed book A\.SIM: column update_id is missing"):
        engine.push(feed, quotes((10, 100, 101)))
    with pytest.raises(DataFormatError, match="inside a book message"):
        engine.push(feed, book((10, 1, 100, 5, 2 | 1), (11, 1, 101, 5, 0)))
    with pytest.raises(IndexError):
        engine.push(7, quotes((10, 100, 101)))
    engine.push(feed, book((10, 1, 100, 5, 2 | 1)))
    assert names(played(engine, 20)) == ["Trade", "BookUpdate"]


# --- the horizon --------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [True, False])
def test_a_horizon_includes_its_moment_and_nothing_later(*, wanted: bool) -> None:
    engine, market, feed = live()
    engine.set_interest("quote", 0, wanted)
    rows = [(ts, 100, 101 + n) for n, ts in enumerate([10, 10, 11, 11, 11, 12, 12, 13])]
    engine.push(feed, quotes(*rows))
    for until, taken in [(9, 0), (10, 2), (11, 5), (11, 5), (12, 7), (20, 8)]:
        assert all(message.ts_received <= until for message in played(engine, until))
        assert (engine.rows_taken(feed), engine.seq, engine.reached) == (taken, taken, until)
        if taken:
            assert market.quote(0) == (*rows[taken - 1], 5, 5)


def test_runs_of_bars_stop_at_the_horizon() -> None:
    engine, _ = kernel(1)
    feed = engine.add_live_feed("bar", 0, ("1m", "last"))
    engine.set_interest("bar", 0, False)
    ends = [MINUTE * (n + 1) for n in range(6)]
    engine.push(feed, bars(*((end - MINUTE, end, 100, 101, 99, 100) for end in ends)))
    assert played(engine, ends[3] + 1) == []
    assert engine.rows_taken(feed) == 4


def test_bars_close_and_timers_fire_though_no_row_comes() -> None:
    engine, _, feed = live("trade")
    engine.build_bars(0, "1m", "last")
    engine.push(feed, trades((10, 100, 1)))
    assert names(played(engine, MINUTE - 1)) == ["Trade"]
    engine.set_timer(2 * MINUTE, "s", "t")
    bar, timer = played(engine, 3 * MINUTE)
    assert isinstance(bar, Bar)
    assert (bar.ts_received, bar.close_units) == (MINUTE, 100)
    assert timer == TimerFired(owner="s", name="t", ts=2 * MINUTE, late_ns=0)


def test_a_timer_set_after_the_horizon_counts_from_there() -> None:
    engine, _, feed = live()
    engine.push(feed, quotes((10, 100, 101)))
    played(engine, 50)
    engine.set_timer(40, "s", "late")
    assert played(engine, 50) == []
    assert played(engine, 60) == [TimerFired(owner="s", name="late", ts=40, late_ns=11)]


# --- venues -------------------------------------------------------------------------------------


def test_a_command_counts_from_the_horizon_and_its_report_comes_later() -> None:
    engine, _, feed = live(venue=venue(order_latency_us=1, report_latency_us=1))
    engine.push(feed, quotes((10, 100, 101)))
    played(engine, 5_000)
    engine.submit(order(1))
    assert played(engine, 6_999) == []
    accepted, filled = played(engine, 7_000)
    assert (accepted.ts_event, accepted.ts_received) == (6_000, 7_000)
    assert isinstance(filled, OrderFilled)


def test_a_command_without_latency_is_answered_at_the_next_moment() -> None:
    engine, _, feed = live(venue=venue())
    engine.push(feed, quotes((10, 100, 101)))
    played(engine, 50)
    engine.submit(order(1))
    assert played(engine, 50) == []
    accepted, _ = played(engine, 51)
    assert (accepted.ts_event, accepted.ts_received) == (50, 51)


def test_inactive_venues_see_nothing_and_do_nothing() -> None:
    engine, _, feed = live(venue=venue(order_latency_us=1))
    engine.push(feed, quotes((10, 100, 101)))
    played(engine, 10)
    engine.submit(order(1, limit_units=90))
    played(engine, 1_500)
    engine.submit(order(2))  # on its way
    engine.set_venues_active(False)
    engine.submit(order(3))
    engine.push(feed, quotes((2_000, 80, 81)))
    assert names(played(engine, 10_000)) == ["Quote"]
    assert engine.venue_position(0, 0) == 0
    engine.set_venues_active(True)
    assert played(engine, 20_000) == []  # shown the market, not matched
    engine.push(feed, quotes((30_000, 80, 82)))
    assert names(played(engine, 40_000)) == ["Quote", "OrderFilled"]
    assert engine.venue_position(0, 0) == 1


def test_what_fell_due_while_venues_were_inactive_expires_when_they_are_not() -> None:
    engine, _, feed = live(venue=venue())
    engine.push(feed, quotes((10, 100, 101)))
    played(engine, 10)
    engine.submit(order(1, limit_units=90, time_in_force=TimeInForce.GTD, expire_ts=100))
    assert names(played(engine, 50)) == ["OrderAccepted"]
    engine.set_venues_active(False)
    assert played(engine, 200) == []
    engine.set_venues_active(True)
    (expired,) = played(engine, 300)
    assert isinstance(expired, OrderExpired)
    assert (expired.ts_event, expired.ts_received) == (200, 201)


@pytest.mark.parametrize(
    ("kind", "rows", "price"),
    [
        ("quote", quotes((10, 100, 101), (11, 103, 104)), 104),
        ("trade", trades((10, 100, 1), (11, 104, 1)), 104),
        ("book", book((10, 1, 100, 5, 2), (10, -1, 104, 5, 1)), 104),
    ],
)
def test_venues_that_become_active_see_the_present_market(
    kind: str, rows: Columns, price: int
) -> None:
    engine, _, feed = live(kind, venue=venue())
    engine.set_venues_active(False)
    engine.push(feed, rows)
    played(engine, 20)
    engine.set_venues_active(True)
    engine.submit(order(1))
    _, filled = played(engine, 30)
    assert (filled.price_units, filled.ts_event) == (price, 20)


def test_venues_that_become_active_see_the_last_bar_and_mark() -> None:
    engine, _ = kernel(1, venue=venue())
    feed = engine.add_live_feed("bar", 0, ("1m", "last"))
    marks = engine.add_live_feed("mark", 0)
    engine.set_interest("bar", 0, False)
    engine.set_venues_active(False)
    engine.push(
        feed, bars((0, MINUTE, 100, 104, 99, 103), (MINUTE, 2 * MINUTE, 103, 107, 103, 106))
    )
    engine.push(marks, columns(ts_received=[MINUTE], mark=[95], index=[UNDEFINED]))
    played(engine, 2 * MINUTE)
    engine.set_venues_active(True)
    engine.submit(order(1))
    assert names(played(engine, 2 * MINUTE + 5)) == ["OrderAccepted"]
    engine.push(feed, bars((2 * MINUTE, 3 * MINUTE, 108, 109, 107, 108)))
    (filled,) = played(engine, 3 * MINUTE)
    assert filled.price_units == 108
    assert engine.venue_balance(0, USD) < 100_000_000
