"""What a daemon answers, computed from a session that is stopped half way: each number by hand.

The market is 100.00 to 100.01, and 110.00 to 110.01 from the 21st second; a taker pays 0.04 %, a maker
0.02 %.
"""

from decimal import Decimal

import msgspec
import pytest

from openoutcry.daemon.control import answers, book_views, protocol
from openoutcry.daemon.control.facts import FeedFacts
from openoutcry.daemon.control.mutations import plan
from openoutcry.daemon.control.past import JournalRecords, fills
from openoutcry.daemon.control.protocol import Fills, Orders, PlaceOrder, Preview, RiskView, Why
from openoutcry.daemon.control.queries import Deferred, answer
from openoutcry.daemon.control.risk_answer import risk
from openoutcry.daemon.control.scope import full_id, short_id
from openoutcry.daemon.control.views import JournalRow, RecoveryRow, TapeRow, VenueRow
from openoutcry.state.commands import CancelOrder, Halt
from openoutcry.state.config import RiskConfig
from openoutcry.state.enums import Side
from openoutcry.state.errors import CommandRefused
from openoutcry.state.events import FillBusted, RequestUnknown
from openoutcry.state.identifiers import ClientOrderId, FillId, StrategyId, operator_order_id
from openoutcry.state.journal_reader import open_reader
from openoutcry.state.market_data import Quote
from tests.daemon.played import BTC, LIMITED, PlayedDaemon, after, facts, made, records
from tests.harness import NO_LIMITS, SECOND, T0
from tests.state.journal_kit import opened, timer

A, B = StrategyId("a"), StrategyId("b")
PLANS = {"a": {"2": "buy 1", "5": "buy 2 96.00", "9": "buy 60"}, "b": {"3": "sell 0.5"}}


@pytest.fixture
def ready():
    session = after(made(PLANS, risk=LIMITED), 30)
    yield session
    session.graph.close()


def told(session, query, **changes):
    found = answer(session.graph, facts(session, **changes), query)
    return found.finish(records(session), None) if isinstance(found, Deferred) else found


def known(text: str | None) -> Decimal:
    """The number in an answer that has one."""
    assert text is not None
    return Decimal(text)


# --- positions, balances, strategies ----------------------------------------------------------


def test_positions_of_strategies_and_account_at_what_closing_would_bring(ready):
    found = answers.positions(ready.graph, facts(ready))
    a, b = found.rows
    assert (found.mode, found.name, found.ts) == ("paper", "test", T0 + 30 * SECOND)
    assert (a.strategy, a.instrument, a.venue, a.currency) == ("a", BTC, "SIM", "USDT")
    assert (a.quantity, a.entry, a.mark) == ("1.000", "100.01000000", "110.00")
    assert (known(a.value), known(a.unrealized)) == (
        Decimal(110),
        Decimal("9.99"),
    )
    # b sold half a coin at the bid of 100.00 and would pay the ask of 110.01
    assert (b.quantity, b.mark) == ("-0.500", "110.01")
    assert (known(b.value), known(b.unrealized)) == (Decimal("-55.005"), Decimal("-5.005"))
    (account,) = found.account
    assert account.quantity == "0.500"
    # the account closed half of its coin at 100.00 that it had bought at 100.01
    assert known(account.realized) == Decimal("-0.005")
    assert known(account.unrealized) == Decimal("4.995")


def test_rows_of_positions_add_up_to_the_account_also_with_what_is_nobodys(ready):
    daemon = PlayedDaemon(ready)
    daemon.ask(Orders())
    graph = ready.graph
    made_ = plan(graph, facts(ready), _order("buy", "3"))
    for command in made_.commands:
        graph.handle(command)
    ready.play(2)
    found = answers.positions(graph, facts(ready))
    assert {row.strategy: row.quantity for row in found.rows} == {
        "a": "1.000", "b": "-0.500", "unallocated": "3.000",
    }  # fmt: skip
    assert sum(known(row.quantity) for row in found.rows) == known(found.account[0].quantity)
    assert found.rows[2].unrealized is None
    assert known(found.rows[2].value) == 330


def test_balances_are_split_to_the_last_unit(ready):
    found = answers.balances(ready.graph, facts(ready))
    (row,) = found.rows
    # fees: 100.01 * 0.0004 = 0.040004 and 0.5 * 100.00 * 0.0004 = 0.02
    assert {name: Decimal(part) for name, part in row.strategies.items()} == {
        "a": Decimal("-0.040004"), "b": Decimal("-0.02"),
    }  # fmt: skip
    assert Decimal(found.fees["USDT"]) == Decimal("0.060004")
    parts = [row.unallocated, *row.strategies.values()]
    assert sum(map(Decimal, parts)) == known(row.total)
    assert known(row.total) == Decimal(1_000_000) - Decimal("0.060004") - Decimal("0.005")
    assert known(found.equity) == known(row.total) + Decimal("4.995")


def test_strategies_with_profit_after_fees_and_their_last_signal(ready):
    a, b = answers.strategies(ready.graph, facts(ready)).rows
    assert (a.state, a.why, a.positions, a.working, a.unknown) == ("running", "", 1, 1, 0)
    assert (a.signals, a.last_signal) == (3, T0 + 9 * SECOND)  # the denied one too
    assert known(a.profit) == Decimal("9.99") - Decimal("0.040004")
    assert (b.signals, b.last_signal) == (1, T0 + 3 * SECOND)
    assert known(b.profit) == Decimal("-5.005") - Decimal("0.02")
    # each would pay the spread of 0.01 to close half a coin that the account has netted
    equity = sum((known(row.profit) for row in (a, b)), Decimal(0)) + 1_000_000 + Decimal("0.005")
    assert equity == known(answers.balances(ready.graph, facts(ready)).equity)


def test_the_states_of_a_strategy(ready):
    graph = ready.graph
    for reason, state, why in (
        ("paused: lunch", "paused", "lunch"),
        ("too many fills", "halted", "too many fills"),
    ):
        graph.handle(Halt(ts=ready.kernel.now, reason=reason, strategy=A))
        assert answers.strategy_state(graph, facts(ready), A) == (state, why)
    diverged = facts(ready, diverged={"b": "an order that was not sent"})
    assert answers.strategy_state(graph, diverged, B) == ("diverged", "an order that was not sent")


def test_a_failed_strategy_names_its_error_and_input():
    session = after(made({"a": {"4": "fail"}}), 6)
    (row,) = answers.strategies(session.graph, facts(session)).rows
    assert (row.state, row.why) == ("failed", "ValueError: a bug (at input 4, Quote)")
    found = answers.status(session.graph, facts(session))
    assert [problem.word for problem in found.problems] == ["strategy"]
    session.graph.close()


# --- orders -------------------------------------------------------------------------------------


def test_orders_open_and_ended(ready):
    found = told(ready, Orders(all=True))
    (row,) = found.working
    assert (row.order[-2:], row.strategy, row.side, row.type) == ("02", "a", "buy", "limit")
    assert (row.quantity, row.filled, row.leaves, row.limit) == ("2.000", "0.000", "2.000", "96.00")
    assert (row.status, row.request, row.unknown, row.tag) == ("accepted", None, False, "plan")
    assert (row.asked, row.submitted, row.accepted) == (T0 + 5 * SECOND,) * 3
    assert [(r.strategy, r.status, r.filled) for r in found.recent] == [
        ("b", "filled", "0.500"), ("a", "filled", "1.000"),
    ]  # fmt: skip
    assert told(ready, Orders()).recent == ()
    assert told(ready, Orders(strategy="b")).working == ()
    assert len(told(ready, Orders(instrument=BTC)).working) == 1


def test_a_name_that_nothing_has_is_refused_with_the_near_ones(ready):
    with pytest.raises(CommandRefused, match=r"no instrument 'BTCUSDT\.SIM'") as raised:
        told(ready, Orders(instrument="BTCUSDT.SIM"))
    assert raised.value.remedy == "did you mean BTCUSDT-PERP.SIM?"
    with pytest.raises(CommandRefused) as raised:
        told(ready, Orders(strategy="xyz"))
    assert raised.value.remedy == "there are: a, b, unallocated"


def test_an_unknown_request_stands_in_orders_strategies_and_health(ready):
    (row,) = told(ready, Orders()).working
    now = ready.kernel.now
    graph = ready.graph
    (cancel,) = graph.orders.open_orders()
    daemon = PlayedDaemon(ready)
    graph.handle(
        CancelOrder(ts=now, client_order_id=cancel.client_order_id, strategy=A, instrument=BTC)
    )
    graph.handle(RequestUnknown(ClientOrderId(row.order), BTC, now, now, "no answer"))
    (row,) = told(ready, Orders()).working
    assert (row.unknown, row.request) == (True, "cancel unknown")
    found = answers.status(graph, daemon.facts)
    assert found.unknown == 1
    assert [problem.word for problem in found.problems] == ["orders"]


# --- status -------------------------------------------------------------------------------------


def test_a_healthy_daemon(ready):
    found = answers.status(ready.graph, facts(ready))
    assert (found.healthy, found.problems, found.trading, found.halts) == (True, (), "on", ())
    assert (found.mode, found.account, found.pid, found.uptime) == (
        "paper",
        "main",
        4711,
        30 * SECOND,
    )
    assert (found.positions, found.working, found.unknown, found.waiting) == (1, 1, 0, 0)
    assert known(found.equity) == Decimal("1000004.929996")
    (feed,) = found.feeds
    assert (feed.age, feed.stale) == (SECOND // 5, False)


@pytest.mark.parametrize(
    ("changes", "word", "says"),
    [
        ({"journal": JournalRow(state="full", reason="no room")}, "journal", "full: no room"),
        ({"tape": TapeRow(state="incomplete", reason="a hole")}, "tape", "incomplete: a hole"),
        ({"venues": (VenueRow(name="SIM", state="disconnected"),)}, "venue", "SIM is disconnected"),
        ({"lag": 3 * SECOND}, "core", "3.0 s behind"),
        ({"clock": "the clock is 2 s off"}, "clock", "2 s off"),
        ({"alerts": 2}, "alerts", "2 alerts"),
        (
            {"feeds": (FeedFacts(instrument=BTC, last=T0, limit=10 * SECOND),)},
            "feed",
            "silent for 30.0 s",
        ),
        (
            {"feeds": (FeedFacts(instrument=BTC, last=None, limit=10 * SECOND),)},
            "feed",
            "has not begun",
        ),
        ({"diverged": {"a": "another order"}}, "strategy", "a is diverged: another order"),
    ],
)
def test_what_makes_a_daemon_unhealthy(ready, changes, word, says):
    found = answers.status(ready.graph, facts(ready, **changes))
    (problem,) = found.problems
    assert not found.healthy
    assert problem.word == word
    assert says in problem.what
    assert problem.remedy


def test_a_feed_within_its_limit_and_one_without_a_limit_are_not_stale(ready):
    now = ready.kernel.now
    for feed in (
        FeedFacts(instrument=BTC, last=now - 10 * SECOND, limit=10 * SECOND),
        FeedFacts(instrument=BTC, last=None),
    ):
        assert answers.status(ready.graph, facts(ready, feeds=(feed,))).healthy
    late = FeedFacts(instrument=BTC, last=now - 10 * SECOND - 1, limit=10 * SECOND)
    assert not answers.status(ready.graph, facts(ready, feeds=(late,))).healthy


def test_halts_make_it_unhealthy_but_a_pause_does_not(ready):
    graph = ready.graph
    graph.handle(Halt(ts=ready.kernel.now, reason="paused: lunch", strategy=A))
    paused = answers.status(graph, facts(ready))
    assert (paused.healthy, paused.trading) == (True, "restricted")
    graph.handle(Halt(ts=ready.kernel.now, reason="odd fills", instrument=BTC))
    one = answers.status(graph, facts(ready))
    assert [(p.word, p.what) for p in one.problems] == [("halted", f"{BTC} is halted: odd fills")]
    graph.handle(Halt(ts=ready.kernel.now, reason="all"))
    everything = answers.status(graph, facts(ready))
    assert (everything.trading, len(everything.problems)) == ("halted", 2)


def test_the_last_recovery_is_passed_on(ready):
    was = RecoveryRow(ts=T0, seq=5, records=12, took=SECOND)
    assert answers.status(ready.graph, facts(ready, recovery=was)).recovery == was


# --- the past -----------------------------------------------------------------------------------


def test_fills_come_latest_first_and_say_what_was_taken_back(ready):
    found = told(ready, Fills(last=10))
    assert [(f.strategy, f.side, f.price, f.quantity, f.fee) for f in found.rows] == [
        ("b", "sell", "100.00", "0.500", "0.02000000"),
        ("a", "buy", "100.01", "1.000", "0.04000400"),
    ]
    assert [f.strategy for f in told(ready, Fills(last=1)).rows] == ["b"]
    first = found.rows[1]
    now = ready.kernel.now
    ready.graph.handle(
        FillBusted(ClientOrderId(first.order), BTC, now, now, FillId(first.fill), "erroneous")
    )
    assert [f.later for f in told(ready, Fills(last=10)).rows] == [None, "busted: erroneous"]


def test_since_when_and_in_which_order_things_were_halted(ready):
    graph = ready.graph
    at = ready.kernel.now
    graph.handle(Halt(ts=at, reason="odd", instrument=BTC))
    after(ready, 33)
    graph.handle(Halt(ts=ready.kernel.now, reason="odder", strategy=A))
    rows = told(ready, RiskView()).halts
    assert [(row.instrument, row.strategy, row.since) for row in rows] == [
        (BTC, None, at), (None, "a", at + 3 * SECOND),
    ]  # fmt: skip


def test_why_tells_the_chain_of_a_filled_order(ready):
    found = told(ready, Why(order="1-1"))
    assert [hop.hop for hop in found.hops] == [
        "cause", "signal", "checks", "intent", "sent", "OrderAccepted", "OrderFilled",
    ]  # fmt: skip
    assert found.complete
    assert all(hop.ts == T0 + 2 * SECOND for hop in found.hops)
    assert [hop.since for hop in found.hops] == [None, 0, 0, 0, 0, 0, 0]
    assert [hop.seq for hop in found.hops] == [2, 2, 2, 2, None, 3, 4]
    assert "buy 1.000 BTCUSDT-PERP.SIM at market (plan); the price was 100.00" in found.hops[1].text
    assert "bought 1.000 at 100.01 (taker)" in found.hops[-1].text
    assert [(check.check, check.why) for check in found.checks] == [
        (name, None) for name in ready.graph.risk_state.checks
    ]
    assert found.order is not None
    assert found.order.status == "filled"


def test_why_tells_the_way_to_the_venue_and_back():
    session = after(
        made({"a": {"2": "buy 1", "8": "buy 1 90.00", "9": "cancel"}}, latency_us=250_000), 20
    )
    hops = told(session, Why(order="1-1")).hops
    assert [hop.since for hop in hops[-2:]] == [250_000_000, 0]
    hops = told(session, Why(order="1-2")).hops
    assert [hop.hop for hop in hops[4:]] == ["sent", "OrderAccepted", "cancel", "OrderCanceled"]
    session.graph.close()


def test_why_tells_what_spoke_against_a_denied_order(ready):
    found = told(ready, Why(order="1-3"))
    assert found.order is None
    against = {check.check: check.why for check in found.checks if check.why}
    assert against == {
        "max_order_quantity": "60.000 is more than 50.000",
        "max_position": "a could hold 63.000, allowed are 10.000 either way",
    }
    assert [hop.hop for hop in found.hops] == ["cause", "signal", "checks"]
    assert found.hops[0].ts == T0 + 9 * SECOND


def test_why_names_the_market_input_when_there_is_a_tape(ready):
    class Tape:
        def datum(self, seq):
            return Quote(BTC, 5, 6, 2, 3, 10_000, 10_001, 1, 1) if seq == 2 else None

    found = answer(ready.graph, facts(ready), Why(order="1-1"))
    assert isinstance(found, Deferred)
    told_ = found.finish(records(ready), Tape())
    assert isinstance(told_, book_views.Why)
    cause = told_.hops[0]
    assert cause.text == f"quote of {BTC}: bid 100.00, ask 100.01"
    assert cause.venue_ts == 5


def test_why_finds_the_command_behind_a_manual_order(ready):
    daemon = PlayedDaemon(ready)
    daemon.command(_order("buy", "0.5"))
    hops = told(ready, Why(order="last")).hops
    assert "side Side.BUY" not in hops[0].text
    assert hops[0].text.startswith("manual order: buy 0.500 BTCUSDT-PERP.SIM at market")


def test_why_of_an_order_that_nobody_knows_is_refused(ready):
    for name, says in (("1-99", "nothing is known"), ("nonsense!", "is no id of an order")):
        with pytest.raises(CommandRefused, match=says):
            told(ready, Why(order=name))


def test_a_short_id_is_the_number_of_who_placed_it_and_a_count(ready):
    order = operator_order_id(ready.graph.operator.epoch, 2, 17)
    assert short_id(order) == "4002-17"
    assert full_id(ready.graph, "4002-17") == order
    assert full_id(ready.graph, order.upper()) == order


# --- risk ---------------------------------------------------------------------------------------


def test_limits_with_what_could_be_held_at_worst(ready):
    found = risk(ready.graph, facts(ready))
    rows = {row.check: row for row in found.limits if row.instrument == BTC}
    position = rows["max_position"]
    # the account holds half a coin, and may buy 2 more
    assert (position.limit, position.used, position.share) == ("10.000", "2.500", 25)
    assert position.state == "ok"
    assert rows["max_order_value"].limit == "100000 USDT"
    assert rows["max_order_quantity"].used is None


def test_a_missing_limit_denies_and_an_unlimited_one_is_off():
    for config, state in ((RiskConfig(), "denies"), (NO_LIMITS, "off")):
        session = after(made({"a": {}}, risk=config), 2)
        rows = {row.check: row.state for row in risk(session.graph, facts(session)).limits}
        assert rows["max_position"] == state
        session.graph.close()


# --- all of them --------------------------------------------------------------------------------


def test_every_answer_survives_the_socket_and_is_text_where_it_is_a_number(ready):
    for query in (
        protocol.Status(), protocol.Positions(), Orders(all=True), Fills(), protocol.Balances(),
        protocol.Strategies(), RiskView(), Why(order="1-1"), Preview(command=_order("buy", "1")),
    ):  # fmt: skip
        found = told(ready, query)
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=type(found))
        assert again == found
        assert b"E+" not in msgspec.json.encode(found)


def test_an_answer_changes_nothing(ready):
    before = ready.state_hash(), ready.journal_hash(), ready.graph.risk_state.snapshot()
    test_every_answer_survives_the_socket_and_is_text_where_it_is_a_number(ready)
    assert (ready.state_hash(), ready.journal_hash(), ready.graph.risk_state.snapshot()) == before


def _order(side, quantity, **fields):
    return PlaceOrder(key="0" * 32, instrument=BTC, side=Side(side), quantity=quantity, **fields)


# --- a journal on disk --------------------------------------------------------------------------


def test_a_journal_on_disk_is_read_from_its_end_as_one_in_memory(ready, tmp_path):
    """Across the pieces in which it is read, and to what is kept of it."""
    journal = opened(tmp_path / "state")
    numbers = range(1, 1_300)
    for number in numbers:
        journal.append(number, timer(number))
    for seq, body in ready.journal.records():
        journal.native.append(2_000 + seq, body)
    journal.hand_over(3_000)
    assert journal.close()
    reader = open_reader(tmp_path / "state")
    found = [seq for seq, _ in JournalRecords(reader).back()]
    kept = [2_000 + seq for seq, _ in ready.journal.records()]
    assert found[:-1] == [*reversed(kept), *reversed(numbers)]  # the first is that of the process
    asked = (facts(ready), JournalRecords(reader), ready.graph.books.names)
    assert [f.fill for f in fills(*asked, 10).rows] == [
        f.fill for f in told(ready, Fills(last=10)).rows
    ]
    reader.store.close()
