"""The running daemon, steered by its socket: questions, commands, crashes in between."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from openoutcry.daemon.control import protocol as ask
from openoutcry.daemon.control.book_views import Balances, Fills, Orders, Positions, Why
from openoutcry.daemon.control.effect_views import Preview
from openoutcry.daemon.control.protocol import Accepted
from openoutcry.daemon.control.views import Risk, Status, Strategies
from openoutcry.state.codec import AnyMessage, decode
from openoutcry.state.commands import Halt, ManualOrder, RiskApproved, SetLimit, SubmitOrder
from openoutcry.state.control_messages import CommandAnswered, CommandReceived
from openoutcry.state.enums import Side
from openoutcry.state.errors import CommandConflict, DaemonRefused
from openoutcry.state.events import OrderAccepted, SessionStopped
from tests.daemon.churner import RESTING
from tests.daemon.running import PATIENCE_S, Running, key
from tests.markets import PERP


@pytest.fixture
def daemon() -> Iterator[Running]:
    """A daemon that trades."""
    with Running() as running:
        traded(running)
        yield running


def until(running: Running, condition: Callable[[Orders], bool]) -> Orders:
    """Ask for orders until something is true of them."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = running.ask(ask.Orders(all=True), Orders)
        if condition(found):
            return found
        assert time.monotonic() < end, "it never came to that"


def traded(running: Running) -> None:
    """Wait until its strategy has some resting orders, and a fill that is on disk."""
    until(
        running, lambda o: len(o.working) >= RESTING and any(r.filled != "0.000" for r in o.recent)
    )
    end = time.monotonic() + PATIENCE_S
    while not running.ask(ask.Fills(last=1), Fills).rows:
        assert time.monotonic() < end, "no fill became durable"


Record = tuple[int, AnyMessage]


def intents(records: list[Record]) -> dict[str, int]:
    """New orders that were approved, with their inputs."""
    return {
        message.command.client_order_id: seq
        for seq, message in records
        if isinstance(message, RiskApproved) and isinstance(message.command, SubmitOrder)
    }


def test_it_answers_every_question(daemon: Running) -> None:
    status = daemon.ask(ask.Status(), Status)
    assert (status.mode, status.name, status.healthy) == ("paper", "demo", True), status.problems
    assert (status.journal.state, status.tape.state) == ("running", "recording")
    assert daemon.process is not None
    assert status.pid == daemon.process.pid
    assert [feed.stale for feed in status.feeds] == [False]
    assert status.feeds[0].last is not None
    assert status.durable_seq <= status.seq
    orders = daemon.ask(ask.Orders(all=True), Orders)
    assert len(orders.working) >= RESTING
    assert daemon.ask(ask.Positions(), Positions).mode == "paper"
    assert daemon.ask(ask.Fills(last=5), Fills).rows
    assert daemon.ask(ask.Balances(), Balances).rows
    assert daemon.ask(ask.Strategies(), Strategies).rows[0].strategy == "churn"
    assert daemon.ask(ask.RiskView(), Risk).trading == "on"
    why = daemon.ask(ask.Why(order=orders.working[0].order), Why)
    assert [hop.hop for hop in why.hops][:4] == ["cause", "signal", "checks", "intent"]
    daemon.client.ask(ask.Ping())
    with pytest.raises(DaemonRefused, match="nobody"):
        daemon.ask(ask.Orders(strategy="nobody"), Orders)


def test_a_halt_lets_nothing_out_after_its_answer_and_outlives_a_crash() -> None:
    with Running() as running:
        traded(running)
        reply, _ = running.do(ask.Halt(**key(), reason="odd"))
        assert reply.durable
        asked = running.ask(ask.Strategies(), Strategies).rows[0].signals
        until_signals(running, asked + 20)  # the strategy goes on asking
        running.kill()
        running.start()
        assert running.ask(ask.Status(), Status).trading == "halted"
        asked = running.ask(ask.Strategies(), Strategies).rows[0].signals
        until_signals(running, asked + 20)
        running.kill()
        records = running.records()
        halted = next(seq for seq, message in records if isinstance(message, Halt))
        assert halted == reply.seq
        before = intents(records)
        assert before
        assert all(seq < halted for seq in before.values())
        reached = {m.client_order_id for _, m in records if isinstance(m, OrderAccepted)}
        assert reached
        assert reached <= before.keys()
        running.check_parity()


def until_signals(running: Running, count: int) -> None:
    """Wait until the strategy has asked so many times."""
    end = time.monotonic() + PATIENCE_S
    while running.ask(ask.Strategies(), Strategies).rows[0].signals < count:
        assert time.monotonic() < end, "the strategy has stopped"


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_command_that_is_sent_again_over_a_crash_acts_once(snapshot: bool) -> None:
    with Running() as running:
        traded(running)
        order = ask.PlaceOrder(
            **key(), instrument=PERP.id, side=Side.BUY, quantity="0.01", limit="1.00"
        )
        first = running.client.command(order)
        assert running.client.command(order) == first
        if snapshot:
            running.do(ask.TakeSnapshot(**key()))
        running.kill()
        running.start()
        assert running.client.command(order) == first
        with pytest.raises(CommandConflict):
            running.client.command(
                ask.PlaceOrder(key=order.key, instrument=PERP.id, side=order.side, quantity="1")
            )
        running.kill()
        placed = [m for _, m in running.records() if isinstance(m, ManualOrder)]
        assert len(placed) == 1
        running.check_parity()


def test_a_refusal_is_the_first_answer_too(daemon: Running) -> None:
    command = ask.SetLimit(**key(), name="max_position", value="100")
    for _ in range(2):
        with pytest.raises(DaemonRefused, match="looser"):
            daemon.client.command(command)
    daemon.kill()
    daemon.start()
    with pytest.raises(DaemonRefused, match="looser"):
        daemon.client.command(command)
    daemon.kill()
    records = [message for _, message in daemon.records()]
    assert not [m for m in records if isinstance(m, SetLimit)]
    assert len([m for m in records if isinstance(m, CommandReceived)]) == 1
    assert len([m for m in records if isinstance(m, CommandAnswered)]) == 1


def test_orders_by_hand_and_their_cancels(daemon: Running) -> None:
    _, done = daemon.do(
        ask.PlaceOrder(**key(), instrument=PERP.id, side=Side.BUY, quantity="0.01", limit="1.00")
    )
    assert done.order is not None
    mine = done.order
    until(daemon, lambda o: any(r.order == mine and r.status == "accepted" for r in o.working))
    daemon.do(ask.CancelOrderRequest(**key(), order=mine))
    until(daemon, lambda o: all(r.order != mine for r in o.working))
    daemon.do(ask.Pause(**key(), strategy="churn"))
    daemon.do(ask.CancelAll(**key()))
    until(daemon, lambda o: not o.working)
    daemon.do(ask.Resume(**key(), strategy="churn"))


def test_flatten_closes_what_is_held(daemon: Running) -> None:
    """A market order takes what is displayed, so that it may need several."""
    end = time.monotonic() + PATIENCE_S
    while not held(daemon):
        order = ask.PlaceOrder(
            **key(), instrument=PERP.id, side=Side.BUY, quantity="0.05", strategy="churn"
        )
        daemon.do(order)
        assert time.monotonic() < end, "nothing was bought"
    daemon.do(ask.Pause(**key(), strategy="churn"))
    while held(daemon):
        daemon.do(ask.Flatten(**key(), strategy="churn"))
        assert time.monotonic() < end, "it was not closed"


def held(running: Running) -> bool:
    """Whether more is held than the strategy itself ever holds."""
    rows = running.ask(ask.Positions(), Positions).rows
    return any(abs(Decimal(row.quantity)) > Decimal("0.01") for row in rows)


def test_limits_change_by_command_and_by_reload(daemon: Running) -> None:
    daemon.do(ask.SetLimit(**key(), name="max_position", value="3"))
    daemon.write_config(max_position="2")
    _, done = daemon.do(ask.Reload(**key(), dry_run=True))
    assert done.lines == (f"~ max_position of {PERP.id}: 3 → 2",)
    assert limit(daemon) == "3"
    daemon.do(ask.Reload(**key()))
    assert limit(daemon) == "2"
    daemon.write_config(max_position="4")
    shown = daemon.ask(ask.Preview(command=ask.Reload(**key())), Preview)
    assert shown.loosens
    with pytest.raises(DaemonRefused, match="looser"):
        daemon.do(ask.Reload(**key()))
    assert limit(daemon) == "2"
    daemon.do(ask.Reload(**key(), confirm_loosening=True))
    assert limit(daemon) == "4"
    daemon.config.write_text(daemon.config.read_text().replace('leverage = "10"', 'leverage = "5"'))
    with pytest.raises(DaemonRefused, match="restart"):
        daemon.do(ask.Reload(**key()))
    daemon.config.write_text("nonsense")
    with pytest.raises(DaemonRefused):
        daemon.do(ask.Reload(**key()))
    assert limit(daemon) == "4"
    daemon.kill()
    daemon.check_parity()
    daemon.write_config(max_position="4")
    daemon.start()
    assert limit(daemon) == "4"


def limit(running: Running) -> str:
    rows = running.ask(ask.RiskView(), Risk).limits
    return next(row.limit.rstrip("0").rstrip(".") for row in rows if row.check == "max_position")


def test_a_snapshot_is_written_before_it_is_acknowledged(daemon: Running) -> None:
    reply, _ = daemon.do(ask.TakeSnapshot(**key()))
    assert (daemon.state / "snapshots" / f"{reply.seq:020}.snapshot").exists()


@pytest.mark.parametrize("policy", ["leave", "cancel", "flatten"])
def test_it_stops_by_each_policy_and_comes_back(daemon: Running, policy: str) -> None:
    command = ask.Stop(**key(), policy=policy)  # type: ignore[arg-type]
    first = daemon.client.command(command)
    assert daemon.wait() == 0
    stops = [m.policy for _, m in daemon.records() if isinstance(m, SessionStopped)]
    assert stops == [policy]
    daemon.check_parity()
    daemon.start()
    again = daemon.client.command(command)  # its first answer, and it runs on
    assert again == first
    daemon.client.ask(ask.Ping())
    working = daemon.ask(ask.Orders(), Orders).working
    assert any(row.limit for row in working) is (policy == "leave")


def test_an_alert_that_is_not_there_is_not_acknowledged(daemon: Running) -> None:
    with pytest.raises(DaemonRefused, match="no alert"):
        daemon.do(ask.Ack(**key(), alert="A1"))


def test_tail_misses_nothing_and_gives_the_same_as_the_journal(daemon: Running) -> None:
    stream = daemon.events(after=0)
    try:
        found: list[tuple[int, int, bytes]] = []
        end = time.monotonic() + PATIENCE_S
        reply, _ = daemon.do(ask.Pause(**key(), strategy="churn"))
        while not any(isinstance(decode(body), CommandReceived) for _, _, body in found):
            found += [(e.number, e.journal_seq, e.body) for e in stream.poll(1.0)]
            assert time.monotonic() < end, f"{len(found)} events, none of input {reply.seq}"
    finally:
        stream.close()
    numbers = [number for number, _, _ in found]
    assert numbers == sorted(set(numbers))
    daemon.kill()
    kinds = {type(decode(body)) for _, _, body in found}
    assert {Halt, OrderAccepted, RiskApproved} <= kinds
    assert CommandAnswered not in kinds


def test_a_command_and_its_answer_stand_beside_its_input(daemon: Running) -> None:
    command = ask.Halt(**key(), reason="lunch")
    reply = daemon.client.command(command)
    assert isinstance(reply, Accepted)
    daemon.kill()
    beside = [m for seq, m in daemon.records() if seq == reply.seq]
    received = next(m for m in beside if isinstance(m, CommandReceived))
    assert (received.key, received.client, received.verb) == (command.key, "outcry", "Halt")
    assert any(isinstance(m, CommandAnswered) for m in beside)
