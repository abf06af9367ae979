"""Alerts: raised once, said again, escalated, acknowledged, resolved, and remembered over restarts."""

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.daemon.alerts.alert import Kind, Severity
from openoutcry.daemon.alerts.book import AlertBook
from openoutcry.daemon.alerts.courier import Courier, RateCap
from openoutcry.daemon.alerts.rules import RULES, Disk, of_facts, signal
from openoutcry.daemon.alerts.store import AlertStore
from openoutcry.daemon.metrics.facts import CoreFacts, FeedFacts, Histogram
from openoutcry.state.events import ActorFailed, BookStale, TradingHalted, TradingResumed
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.operation_config import AlertLimits
from tests.daemon.operation.alert_kit import WALL, Desk, Fake, notice
from tests.daemon.operation.log_kit import Kept, pipe_to

# --- rules --------------------------------------------------------------------------------------

GOOD = CoreFacts(
    at_s=0.0,
    ready=True,
    feeds={"f": FeedFacts(4.9, 5.0), "slow": FeedFacts(9e9, None)},
    venues={"SIM": True},
    strategies={"trend": "running"},
    unknown=1,
    unknown_s=30.0,
    day_result=Decimal("-99.99"),
    clock_skew_s=-0.5,
    watchdog_left=0.5,
)
LIMITS = AlertLimits(daily_loss=Decimal(100))
ROOM = Disk(6 << 30, 100 << 30)


def late(count: int, seconds: float) -> Histogram:
    made = Histogram()
    for _ in range(count):
        made.observe(seconds)
    return made


def rules(before: CoreFacts | None = GOOD, age_s: float = 5.0, disk: Disk | None = ROOM, **fields):
    import msgspec

    facts = msgspec.structs.replace(GOOD, **fields)
    return [s.key for s in of_facts(facts, before, age_s, disk, LIMITS)]


def test_nothing_is_an_alert_at_its_limit():
    assert rules() == []


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("halted:all", {"halted": {"all": "operator"}}),
        ("halted:trend", {"halted": {"trend": "losses"}}),
        ("reduce_only", {"reduce_only": True}),
        ("journal_full", {"journal": "full"}),
        ("journal_failed", {"journal": "failed"}),
        ("tape_hole", {"tape_holes": 1}),
        ("feed_stale:f", {"feeds": {"f": FeedFacts(5.1, 5.0)}}),
        ("feed_down:f", {"feeds": {"f": FeedFacts(0.0, 5.0, connected=False)}}),
        ("venue_down:SIM", {"venues": {"SIM": False}}),
        ("strategy_paused:trend", {"strategies": {"trend": "paused"}}),
        ("strategy_diverged:trend", {"strategies": {"trend": "diverged"}}),
        ("order_unknown", {"unknown_s": 30.1}),
        ("orders_disagree", {"order_table_differs": 1}),
        ("clock_stepped", {"clock_steps": 1}),
        ("clock_skewed", {"clock_skew_s": 0.501}),
        ("clock_skewed", {"clock_skew_s": -0.501}),
        ("disk_nearly_full", {"disk": Disk(4 << 30, 100 << 30)}),
        ("disk_nearly_full", {"disk": Disk(511 << 20, 1 << 30)}),
        ("core_lag", {"lag": late(1, 1.001).facts}),
        ("core_silent", {"age_s": 5.1}),
        ("daily_loss", {"day_result": Decimal(-100)}),
        ("watchdog_near_miss", {"watchdog_left": 0.49}),
    ],
)
def test_each_condition_is_an_alert_beyond_its_limit(key, fields):
    assert rules(**fields) == [key]


def test_a_lag_is_judged_by_what_came_since_the_last_look():
    slow = late(3, 2.0).facts
    import msgspec

    before = msgspec.structs.replace(GOOD, lag=slow)
    assert rules(before=before, lag=slow) == []
    assert rules(lag=late(5, 0.99).facts) == []


def test_every_rule_has_a_remedy_and_a_page_of_the_documents_names_it():
    from tests.daemon.operation.test_metrics import ROOT

    text = (ROOT / "docs" / "reference" / "alerts.md").read_text()
    for name, rule in RULES.items():
        assert len(rule.remedy) > 9
        assert f"| `{name}` | {rule.severity.value} |" in text


# --- the desk -----------------------------------------------------------------------------------


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.pipe.close()


def test_a_condition_is_told_once_and_once_more_when_it_has_been_gone_for_a_while(desk):
    halted = {"halted": {"all": "operator"}}
    assert desk.turn(1, **halted) == ["raised halted:all"]
    assert desk.turn(1, **halted) == []
    assert desk.turn(1, halted={}) == []
    assert desk.turn(5) == []
    assert desk.turn(1, **halted) == []  # it came back: still the same alert
    assert desk.turn(1, halted={}) == []
    assert desk.turn(9.9) == ["resolved halted:all"]
    assert desk.desk.open_alerts() == ()
    assert desk.turn(1, **halted) == ["raised halted:all"]


def test_events_of_the_core_raise_and_end_alerts(desk):
    desk.desk.hear(TradingHalted(ts=1, reason="kill switch", strategy=None), 7)
    desk.desk.hear(BookStale(instrument=InstrumentId("X.SIM"), ts=1, stale=True), 8)
    failed = ActorFailed(actor="risk", sequence=9, input="Quote", error="E", policy="halt")
    desk.desk.hear(failed, 9)
    told = ["raised halted:all", "raised book_stale:X.SIM", "raised actor_failed:risk"]
    assert desk.turn() == told
    assert desk.notices[0].summary == "all trading is halted: kill switch"
    desk.desk.hear(TradingResumed(ts=2, reason="go on"), 10)
    desk.desk.hear(BookStale(instrument=InstrumentId("X.SIM"), ts=2, stale=False), 11)
    assert desk.turn() == ["resolved halted:all", "resolved book_stale:X.SIM"]
    desk.desk.hear(TradingResumed(ts=2, reason="again"), 12)
    assert desk.turn() == []


def test_an_alert_waits_for_the_journal_but_not_for_ever_and_not_for_a_broken_one(desk):
    desk.facts(seq=10, durable_seq=5)
    desk.desk.raise_alert("orders_disagree", "x", seq=6)
    assert desk.turn(0.25) == []
    assert desk.turn(0.25, seq=10, durable_seq=6, order_table_differs=1) == [
        "raised orders_disagree"
    ]
    assert desk.notices[-1].alert.durable
    desk.desk.raise_alert("liquidated", "y", seq=9)
    assert desk.turn(1.0) == []
    assert desk.turn(1.0) == ["raised liquidated"]
    assert not desk.notices[-1].alert.durable
    desk.desk.raise_alert("venue_down", "z", seq=99, subject="SIM")
    told = desk.turn(0.1, journal="full", durable_seq=6, venues={"SIM": False})
    assert "raised venue_down:SIM" in told
    assert "raised journal_full" in told


def test_an_unacknowledged_critical_alert_escalates_once_and_is_repeated(desk):
    bad = {"halted": {"all": "x"}, "reduce_only": True}
    desk.turn(0, **bad)
    assert desk.turn(599) == []
    assert desk.called == []
    assert desk.turn(1) == ["escalated halted:all"]  # the warning beside it never does
    assert [a.key for a in desk.called] == ["halted:all"]
    assert desk.turn(899) == []
    assert desk.turn(1) == ["again halted:all"]
    assert desk.turn(10_000) == ["again halted:all"]
    assert len(desk.called) == 1


def test_an_acknowledgement_ends_repeats_and_escalation(desk):
    desk.turn(0, halted={"all": "x"})
    (alert,) = desk.desk.open_alerts()
    seen = desk.desk.acknowledge(alert.id, "anna")
    assert seen is not None
    assert (seen.acknowledged_by, desk.notices[-1].kind) == ("anna", Kind.ACKNOWLEDGED)
    again = desk.desk.acknowledge("halted:all", "bert")
    assert again == seen
    assert desk.turn(10_000) == []
    assert desk.called == []
    assert desk.turn(11, halted={}) == ["resolved halted:all"]
    assert desk.desk.acknowledge("nothing", "anna") is None


def test_what_happened_once_stays_open_until_acknowledged_and_good_news_is_never_open(desk):
    desk.desk.raise_alert("recovery_finished", "1,000 records in 0.1 s")
    desk.desk.raise_alert("unclean_restart", "killed")
    assert desk.turn(0, halted={}) == ["raised recovery_finished", "raised unclean_restart"]
    assert desk.turn(10_000) == []
    assert [a.key for a in desk.desk.open_alerts()] == ["unclean_restart"]
    desk.desk.acknowledge("unclean_restart", "anna")
    assert desk.desk.open_alerts() == ()


def test_a_rising_severity_is_told_again_and_needs_a_new_acknowledgement(desk):
    desk.desk.raise_alert("alert_undelivered", "x", subject="a")
    desk.turn()
    desk.desk.acknowledge("alert_undelivered:a", "anna")
    desk.desk.raise_alert("alert_undelivered", "y", subject="a", severity=Severity.CRITICAL)
    assert desk.turn() == ["worse alert_undelivered:a"]
    (alert,) = desk.desk.open_alerts()
    assert (alert.acknowledged_by, alert.count, alert.summary) == ("", 2, "y")


def test_a_flood_drops_and_counts_what_is_not_critical(desk):
    for number in range(12_000):
        desk.desk.raise_alert("actor_failed", "x", subject=str(number))
    for number in range(50):
        desk.desk.raise_alert("liquidated", "x", subject=str(number))
    told = desk.turn()
    assert desk.desk.dropped == 2_000
    assert sum("liquidated" in text for text in told) == 50
    assert len(desk.desk.open_alerts()) == 10_050


def test_every_notice_stands_in_the_log(desk):
    desk.turn(0, halted={"all": "x"}, reduce_only=True)
    desk.pipe.flush()
    found = {(s.event, s.level.name, s.fields["alert_key"]) for s in desk.kept.shown}
    assert found == {
        ("alert_raised", "CRITICAL", "halted:all"),
        ("alert_raised", "WARNING", "reduce_only"),
    }


# --- over restarts ------------------------------------------------------------------------------


def test_open_alerts_survive_a_restart_with_their_clocks(tmp_path):
    first = Desk(tmp_path)
    first.turn(0, halted={"all": "x"})
    first.turn(300)
    first.turn(61)
    (before,) = first.desk.open_alerts()
    second = Desk(tmp_path)
    second.now_s = first.now_s
    (after,) = second.desk.open_alerts()
    assert (after.id, after.key, after.first) == (before.id, before.key, before.first)
    second.desk._turned_s = second.now_s
    told = second.turn(240, halted={"all": "x"})
    assert told == ["escalated halted:all"]
    assert (tmp_path / "alerts.json").stat().st_mode & 0o777 == 0o600
    first.pipe.close()
    second.pipe.close()


def test_after_a_restart_the_escalation_is_asked_for_again_until_somebody_acknowledges(tmp_path):
    """Nobody knows whether the process that asked lived long enough for the core to act."""
    first = Desk(tmp_path)
    first.turn(0, halted={"all": "x"})
    first.turn(600)
    assert len(first.called) == 1
    second = Desk(tmp_path)
    second.turn(0, halted={"all": "x"}, ready=False)
    assert second.called == []  # there is no core yet that could act
    second.turn(1, halted={"all": "x"})
    second.turn(1)
    assert [a.key for a in second.called] == ["halted:all"]
    second.desk.acknowledge("halted:all", "anna")
    third = Desk(tmp_path)
    third.turn(0, halted={"all": "x"})
    assert third.called == []
    assert third.desk.open_alerts()[0].acknowledged_by == "anna"
    for each in (first, second, third):
        each.pipe.close()


@pytest.mark.parametrize("text", ["", "{", '{"schema":2,"ts":0,"alerts":[]}', '{"schema":1}'])
def test_a_damaged_file_is_put_aside(tmp_path, text):
    (tmp_path / "alerts.json").write_text(text)
    made = Desk(tmp_path)
    made.pipe.flush()
    assert made.kept.events == ["alerts_not_restored"]
    assert (tmp_path / "alerts.json.damaged").read_text() == text
    assert AlertStore(tmp_path).load().alerts == ()
    made.pipe.close()


def test_a_full_disk_does_not_stop_alerts(tmp_path):
    made = Desk(tmp_path / "missing")
    (tmp_path / "missing").write_text("a file where the folder should be")
    assert made.turn(0, halted={"all": "x"}) == ["raised halted:all"]
    made.pipe.flush()
    assert "alerts_not_saved" in made.kept.events
    made.pipe.close()


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "resolve", "ack", "turn"]), st.sampled_from("abc"),
                  st.floats(0, 700), st.sets(st.sampled_from(["halted:a", "halted:b", "halted:c"]))),
        max_size=60,
    )
)  # fmt: skip
def test_every_alert_is_raised_before_anything_else_and_ends_at_most_once(steps):
    ids = iter(range(1000))
    book = AlertBook(seen="x", repeat_s=60, escalate_s=300, mint=lambda: str(next(ids)))
    told = []
    for verb, name, seconds, present in steps:
        key = f"halted:{name}"
        if verb == "take":
            told += book.take(signal("halted", "x", subject=name), WALL)
        elif verb == "resolve":
            told += book.resolve(key, WALL)
        elif verb == "ack":
            told += book.acknowledge(key, "me", WALL)[1]
        else:
            told += book.turn(WALL, seconds, present)
    for number in {n.alert.id for n in told if n.alert}:
        kinds = [n.kind for n in told if n.alert and n.alert.id == number]
        assert kinds[0] is Kind.RAISED
        assert kinds.count(Kind.RAISED) == 1
        assert kinds.count(Kind.ESCALATED) <= 1
        assert kinds.count(Kind.RESOLVED) <= 1
        assert Kind.RESOLVED not in kinds[:-1]
        if Kind.ACKNOWLEDGED in kinds:
            later = kinds[kinds.index(Kind.ACKNOWLEDGED) + 1 :]
            assert set(later) <= {Kind.RESOLVED}


# --- couriers -----------------------------------------------------------------------------------


@pytest.fixture
def log():
    pipe = pipe_to(Kept())
    yield pipe.log("alerts")
    pipe.close()


def courier(channel: Fake, log, **options) -> Courier:
    made = Courier(channel, per_minute=options.pop("per_minute", 10), seen="PAPER main", log=log,
                   backoff_s=(0.01, 0.02), **options)  # fmt: skip
    made.start()
    return made


def test_a_failing_channel_is_tried_again_and_says_when_it_works_again(log):
    channel, changes = Fake(), []
    channel.failing.set()
    made = courier(channel, log, on_change=lambda name, why: changes.append((name, why)))
    made.hand_over(notice())
    deadline = time.monotonic() + 10
    while channel.tried < 20:  # a critical one is never given up
        assert time.monotonic() < deadline
        channel.got.empty()
    channel.failing.clear()
    assert channel.next().severity is Severity.CRITICAL
    assert made.close(5)
    assert changes == [("fake", "out of order"), ("fake", "")]
    assert made.figures.sent == 1
    assert made.figures.failed >= 20


def test_what_is_not_critical_is_given_up_and_never_delays_what_is(log):
    channel = Fake()
    channel.failing.set()
    slow = Courier(channel, per_minute=10, seen="x", log=log, backoff_s=(30.0,))
    slow.start()
    slow.hand_over(notice("feed_stale", summary="first"))
    deadline = time.monotonic() + 10
    while channel.tried < 1:
        assert time.monotonic() < deadline
    channel.failing.clear()
    started = time.monotonic()
    slow.hand_over(notice(summary="urgent"))
    assert channel.next().summary == "urgent"
    assert channel.next().summary == "first"
    assert time.monotonic() - started < 5
    assert slow.close(5)
    channel.failing.set()
    quick = courier(channel, log)
    quick.hand_over(notice("feed_stale"))
    while not quick.figures.dropped:
        assert time.monotonic() < deadline + 10
    assert quick.figures.failed == 6
    quick.close(5)


def test_a_channel_gets_what_it_wants(log):
    channel = Fake(least=Severity.CRITICAL)
    made = courier(channel, log)
    made.hand_over(notice("feed_stale"))
    made.hand_over(notice("halted"))
    assert made.close(5)
    assert [channel.next().severity for _ in range(channel.got.qsize())] == [Severity.CRITICAL]


def test_the_rate_cap_sums_up_and_never_holds_back_what_is_critical():
    cap = RateCap(3, "PAPER main")
    assert [cap.admit(notice("feed_stale", subject=str(n)), 0.0) for n in range(10)] == [
        True
    ] * 3 + [False] * 7
    assert all(cap.admit(notice("halted", subject=str(n)), 0.0) for n in range(100))
    assert cap.due(59.9, WALL) is None
    summary = cap.due(60.0, WALL)
    assert summary is not None
    assert summary.kind is Kind.SUMMARY
    assert summary.title.startswith("[SUMMARY] PAPER main: 7 more notices: raised: all trading")
    assert summary.title.endswith("and 2 others")
    assert cap.due(60.0, WALL) is None
    assert cap.admit(notice("feed_stale"), 60.0)
