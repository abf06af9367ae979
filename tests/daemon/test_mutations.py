"""What a command of an operator means: what is refused, what would happen, and that it then happens."""

from decimal import Decimal

import msgspec
import pytest

from openoutcry.actors.limit_changes import in_force, limit_paths, with_limit
from openoutcry.daemon.control import protocol
from openoutcry.daemon.control.mutations import check, plan
from openoutcry.daemon.control.protocol import Preview
from openoutcry.daemon.control.queries import answer
from openoutcry.state import codec, commands
from openoutcry.state.config import RiskLimits
from openoutcry.state.enums import Side, TimeInForce
from openoutcry.state.errors import CommandRefused, DaemonRefused
from openoutcry.state.events import OrderDenied
from openoutcry.state.risk_config import AccountLimits, StrategyLimits, VenueLimits
from tests.daemon.played import BTC, LIMITED, PlayedDaemon, after, facts, halted, made
from tests.harness import SECOND, T0

KEY = "0" * 32
PLANS = {
    "a": {"2": "buy 1", "5": "buy 2 96.00"},
    "b": {"3": "sell 0.5", "4": "sell 1 104.00", "40": "buy 1"},
}


@pytest.fixture
def daemon():
    ready = after(made(PLANS, risk=LIMITED), 15)
    yield PlayedDaemon(ready)
    ready.graph.close()


def shown(daemon, command):
    return answer(daemon.ready.graph, daemon.facts, Preview(command=command), daemon.new_config)


def place(side="buy", quantity="1", **fields):
    fields = {"instrument": BTC} | fields
    return protocol.PlaceOrder(key=KEY, side=Side(side), quantity=quantity, **fields)


def limits_of(daemon):
    """The limits in force, as a config."""
    graph = daemon.ready.graph
    return in_force(graph.config.risk, graph.risk_state)


def open_ids(daemon):
    return [order.client_order_id for order in daemon.ready.graph.orders.open_orders()]


def position(daemon, strategy):
    graph = daemon.ready.graph
    return graph.books.native.position(graph.books.number(strategy), 0)


# --- halts --------------------------------------------------------------------------------------


def test_a_halt_of_everything_an_instrument_a_strategy_and_a_venue(daemon):
    for scope, made_ in (
        ({}, (None, None, None, "by hand")),
        ({"instrument": BTC}, (None, BTC, None, "by hand")),
        ({"strategy": "a"}, ("a", None, None, "by hand")),
        ({"venue": "SIM", "strategy": "b"}, ("b", None, "SIM", "by hand")),
    ):
        daemon.command(protocol.Halt(key=KEY, **scope))
        assert made_ in halted(daemon.ready)
    assert len(halted(daemon.ready)) == 4
    found = shown(daemon, protocol.Halt(key=KEY))
    assert found.lines == ("halt everything: no new order leaves; left at the venue: 2 orders",)


def test_a_resume_lifts_exactly_its_scope_and_is_refused_where_nothing_is_halted(daemon):
    with pytest.raises(DaemonRefused, match="there is no halt of everything"):
        daemon.command(protocol.Resume(key=KEY))
    daemon.command(protocol.Halt(key=KEY, strategy="a", reason="odd"))
    daemon.command(protocol.Halt(key=KEY))
    with pytest.raises(DaemonRefused) as raised:
        daemon.command(protocol.Resume(key=KEY, strategy="b"))
    assert raised.value.remedy == "halted are: a, everything"
    assert shown(daemon, protocol.Resume(key=KEY, strategy="a")).lines == (
        "resume a, which is halted: odd", "leave 1 other halt in force",
    )  # fmt: skip
    daemon.command(protocol.Resume(key=KEY, strategy="a"))
    assert halted(daemon.ready) == [(None, None, None, "by hand")]


def test_a_paused_strategy_watches_and_its_orders_are_denied(daemon):
    ready = daemon.ready
    daemon.command(protocol.Pause(key=KEY, strategy="b", reason="lunch"))
    assert halted(ready) == [("b", None, None, "paused: lunch")]
    after(ready, 41)
    b = ready.graph.strategies["b"].strategy
    assert b.state.quotes == 41
    # its sell at 104.00 was filled when the market rose, its buy at the 40th quote denied
    assert position(daemon, "b") == -1500
    assert len(open_ids(daemon)) == 1
    again = shown(daemon, protocol.Pause(key=KEY, strategy="b"))
    assert (again.nothing, again.lines) == (True, ("b is halted already: paused: lunch",))
    daemon.command(protocol.Pause(key="1" * 32, strategy="b", reason="tea"))
    assert halted(ready) == [("b", None, None, "paused: lunch")]


@pytest.mark.parametrize(
    ("command", "what", "remedy"),
    [
        (protocol.Pause(key=KEY, strategy="aa"), "no strategy 'aa'", "did you mean a?"),
        (protocol.Pause(key=KEY, strategy="unallocated"), "no strategy", "there are: a, b"),
        (protocol.Halt(key=KEY, venue="SIMS"), "no venue 'SIMS'", "did you mean SIM?"),
        (
            protocol.CancelAll(key=KEY, instrument="BTCUSDT"),
            "no instrument 'BTCUSDT'",
            "did you mean BTCUSDT-PERP.SIM?",
        ),
        (protocol.CancelOrderRequest(key=KEY, order="1-9"), "no order '1-9'", "did you mean 1-2"),
        (protocol.CancelOrderRequest(key=KEY, order="x"), "'x' is no id", "like 1-17"),
        (protocol.CancelOrderRequest(key=KEY, order="1-1"), "1-1 is over: filled", "outcry orders"),
        (place(quantity="0"), "is not positive", "side"),
        (place(quantity="0.0005"), "more than 3 decimals", "lot"),
        (place(limit="100.001"), "more than 2 decimals", "tick"),
        (place(post_only=True), "post only without a limit", "--help"),
        (place(time_in_force=TimeInForce.GTD), "an expiry time", "--help"),
        (place(instrument="ETH.SIM"), "no instrument", "there are: BTCUSDT-PERP.SIM"),
        (place(strategy="c"), "no strategy 'c'", "there are: a, b, unallocated"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy_and_changes_nothing(
    daemon, command, what, remedy
):
    before = daemon.ready.state_hash()
    with pytest.raises(CommandRefused) as raised:
        plan(daemon.ready.graph, daemon.facts, command)
    assert what in raised.value.message
    assert remedy in raised.value.remedy
    assert daemon.ready.state_hash() == before


# --- cancels and flatten ------------------------------------------------------------------------


def test_cancel_all_shows_the_orders_and_cancels_them(daemon):
    found = shown(daemon, protocol.CancelAll(key=KEY))
    assert found.lines == (
        "cancel 2 orders: 2-2 (sell BTCUSDT-PERP.SIM), 1-2 (buy BTCUSDT-PERP.SIM)",
    )
    assert [row.order for row in found.cancels] == open_ids(daemon)
    one = shown(daemon, protocol.CancelAll(key=KEY, strategy="a"))
    assert [row.strategy for row in one.cancels] == ["a"]
    daemon.command(protocol.CancelAll(key=KEY, venue="SIM"))
    daemon.ready.play(2)
    assert open_ids(daemon) == []
    empty = shown(daemon, protocol.CancelAll(key=KEY))
    assert (empty.nothing, empty.lines) == (True, ("no order of everything is open",))


def test_one_order_is_canceled_by_its_short_id(daemon):
    daemon.command(protocol.CancelOrderRequest(key=KEY, order="1-2"))
    daemon.ready.play(2)
    assert [order[-2:] for order in open_ids(daemon)] == ["02"]
    assert daemon.ready.graph.orders.get(open_ids(daemon)[0]).strategy == "b"


def test_flatten_shows_what_it_does_and_does_what_it_showed(daemon):
    found = shown(daemon, protocol.Flatten(key=KEY))
    assert found.lines[1:] == (
        "sell 1 BTCUSDT-PERP.SIM at market for a (≈ 100.00 USDT)",
        "buy 0.5 BTCUSDT-PERP.SIM at market for b (≈ 50.00 USDT)",
    )
    assert len(found.cancels) == 2
    assert [(row.strategy, row.side, row.quantity, row.denied) for row in found.places] == [
        ("a", "sell", "1.000", ()), ("b", "buy", "0.500", ()),
    ]  # fmt: skip
    daemon.command(protocol.Flatten(key=KEY))
    again = shown(daemon, protocol.Flatten(key=KEY))
    daemon.ready.play(6)
    assert (position(daemon, "a"), position(daemon, "b"), open_ids(daemon)) == (0, 0, [])
    assert again.places == () or again.nothing  # what is under way is counted
    assert shown(daemon, protocol.Flatten(key=KEY)).nothing


def test_flatten_of_one_strategy_leaves_the_other(daemon):
    found = shown(daemon, protocol.Flatten(key=KEY, strategy="b"))
    assert [row.strategy for row in (*found.cancels, *found.places)] == ["b", "b"]
    daemon.command(protocol.Flatten(key=KEY, strategy="b"))
    daemon.ready.play(4)
    assert (position(daemon, "a"), position(daemon, "b")) == (1000, 0)


def test_a_preview_says_what_risk_will_say(daemon):
    daemon.command(protocol.Halt(key=KEY))
    found = shown(daemon, protocol.Flatten(key=KEY))
    assert {row.denied for row in found.places} == {("halted: by hand",)}
    assert "risk denies it now: halted: by hand" in found.lines[1]


# --- orders by hand -----------------------------------------------------------------------------


def test_an_order_by_hand_is_nobodys_unless_a_strategy_is_named(daemon):
    graph = daemon.ready.graph
    found = shown(daemon, place(quantity="2"))
    assert found.lines == ("buy 2 BTCUSDT-PERP.SIM at market for unallocated (≈ 200.02 USDT)",)
    daemon.command(place(quantity="2"))
    daemon.ready.play(2)
    assert graph.books.unallocated(BTC) == 2000
    reply = daemon.command(place(quantity="0.25", strategy="b"))
    done = msgspec.msgpack.decode(reply.body)
    daemon.ready.play(2)
    assert position(daemon, "b") == -250
    assert graph.books.unallocated(BTC) == 2000
    order = graph.orders.get(done["order"])
    assert (order.strategy, order.submit.tag, order.status.value) == ("b", "manual", "filled")
    assert order.submit.arrival_units == 10_000


def test_the_id_of_an_order_by_hand_names_its_input(daemon):
    reply = daemon.command(place(quantity="1", limit="90.00", strategy="a"))
    order = msgspec.msgpack.decode(reply.body)["order"]
    assert order[12:] == f"4001{reply.seq:016x}"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "market"),
        ({"limit": "90.00"}, "limit"),
        ({"trigger": "120.00"}, "stop"),
        ({"trigger": "120.00", "limit": "121.00"}, "stop_limit"),
    ],
)
def test_the_prices_say_which_kind_of_order_it_is(daemon, fields, kind):
    (row,) = shown(daemon, place(**fields)).places
    assert row.type == kind


def test_risk_denies_an_order_by_hand_like_any_other(daemon):
    command = place(quantity="12")
    (row,) = shown(daemon, command).places
    (why,) = row.denied
    assert why.startswith("max_position: ")
    with pytest.raises(DaemonRefused, match="risk denies it: max_position"):
        daemon.command(command)
    assert len(open_ids(daemon)) == 2


def test_a_preview_of_risk_is_what_risk_then_says(daemon):
    graph = daemon.ready.graph
    command = place(quantity="60", limit="200.00", strategy="a")
    made_ = plan(graph, daemon.facts, command)
    (row,) = made_.preview.places
    for each in made_.commands:  # as if the world had changed after the preview
        graph.handle(each)
    denied = [codec.decode(body) for _, body in daemon.ready.journal.records()][-1]
    assert isinstance(denied, OrderDenied)
    assert denied.reasons == row.denied
    assert len(row.denied) == 4


# --- limits -------------------------------------------------------------------------------------


def test_a_tighter_limit_is_in_force_at_once(daemon):
    command = protocol.SetLimit(key=KEY, name="max_position", value="2", instrument=BTC)
    (change,) = shown(daemon, command).limits
    assert (change.before, change.after, change.loosens) == ("10", "2", False)
    daemon.command(command)
    assert limits_of(daemon).limits(BTC).max_position == 2
    assert limits_of(daemon).default.max_position == 10
    (why,) = shown(daemon, place(quantity="2")).places[0].denied
    assert "allowed are 2.000 either way" in why


def test_a_looser_limit_needs_confirmation(daemon):
    command = protocol.SetLimit(key=KEY, name="max_order_quantity", value="unlimited")
    assert shown(daemon, command).loosens
    with pytest.raises(DaemonRefused, match="max_order_quantity: 50 → unlimited"):
        daemon.command(command)
    assert limits_of(daemon).default.max_order_quantity == 50
    daemon.command(msgspec.structs.replace(command, confirm_loosening=True))
    assert limits_of(daemon).default.max_order_quantity == "unlimited"


def test_unlimited_is_refused_live(daemon):
    daemon.changes["mode"] = "live"
    with pytest.raises(CommandRefused, match="refused in live mode"):
        shown(daemon, protocol.SetLimit(key=KEY, name="max_orders", value="unlimited"))


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("max_postion", "1", "there is no limit 'max_postion'"),
        ("max_position", "-1", "no plain decimal of 0 or more"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(daemon, name, value, what):
    with pytest.raises(CommandRefused, match=what):
        shown(daemon, protocol.SetLimit(key=KEY, name=name, value=value))


def test_the_rate_limit_holds_also_when_it_is_tightened_within_its_window(daemon):
    for _ in range(3):
        daemon.command(place(quantity="0.001"))
    daemon.command(protocol.SetLimit(key=KEY, name="max_orders", value="1"))
    assert limits_of(daemon).default.max_orders == 1


def test_every_limit_of_the_config_can_be_set_and_is_what_the_engine_holds(daemon):
    """Of instruments, of a strategy, of a venue, of the account."""
    risk = daemon.ready.graph.risk_state
    config = LIMITED
    for kind, scope in (
        (RiskLimits, {}), (RiskLimits, {"instrument": BTC}), (StrategyLimits, {"strategy": "a"}),
        (VenueLimits, {"venue": "SIM"}), (AccountLimits, {}),
    ):  # fmt: skip
        for name in limit_paths(kind):
            command = commands.SetLimit(ts=0, name=name, value="3", **scope)
            names = (command.strategy, command.instrument, command.venue)
            risk.set_limit(name, "3", *names)
            config = with_limit(config, command)
    assert in_force(LIMITED, risk) == config
    assert config.default.collar.max_deviation_bps == config.account.drawdown_halt == Decimal(3)
    assert config.default.max_orders == config.strategy_limits("a").max_messages == 3
    assert config.strategy_limits("b") == LIMITED.strategy_limits("b")


# --- reload -------------------------------------------------------------------------------------


def reload(**fields):
    return protocol.Reload(key=KEY, **fields)


def test_a_reload_changes_limits_together(daemon):
    old = daemon.ready.graph.config
    default = msgspec.structs.replace(
        LIMITED.default, max_position=Decimal(4), max_order_value=Decimal(200_000)
    )
    daemon.new_config = msgspec.structs.replace(
        old, risk=msgspec.structs.replace(LIMITED, default=default)
    )
    found = shown(daemon, reload())
    assert found.lines == (
        f"~ max_order_value of {BTC}: 100000 → 200000 (looser)",
        f"~ max_position of {BTC}: 10 → 4",
    )
    with pytest.raises(DaemonRefused, match="looser: max_order_value"):
        daemon.command(reload())
    assert limits_of(daemon).limits(BTC).max_position == 10
    daemon.command(reload(confirm_loosening=True))
    limits = limits_of(daemon).limits(BTC)
    assert (limits.max_position, limits.max_order_value) == (4, 200_000)
    assert shown(daemon, reload()).nothing


def test_a_reload_ends_what_set_limit_changed(daemon):
    daemon.command(protocol.SetLimit(key=KEY, name="max_position", value="2"))
    daemon.new_config = daemon.ready.graph.config
    found = shown(daemon, reload())
    assert (found.lines, found.loosens) == ((f"~ max_position of {BTC}: 2 → 10 (looser)",), True)


def test_what_needs_a_restart_is_shown_and_refused_as_a_whole(daemon):
    old = daemon.ready.graph.config
    a, b = old.strategies
    other = msgspec.structs.replace(b, id="c")
    params = msgspec.structs.replace(a, params={"plan": {}})
    tighter = msgspec.structs.replace(LIMITED.default, max_position=Decimal(4), per_ms=5)
    daemon.new_config = msgspec.structs.replace(
        old,
        strategies=(params, other),
        risk=msgspec.structs.replace(LIMITED, default=tighter),
        run=msgspec.structs.replace(old.run, grid_s=60),
    )
    found = shown(daemon, reload())
    assert [(change.sign, change.what.split(":")[0]) for change in found.changes] == [
        ("~", "strategy a"), ("-", "strategy b"), ("+", "strategy c"), ("~", "run"),
        ("~", f"windows or ages of {BTC}"),
    ]  # fmt: skip
    assert "grid_s 3600 → 60" in found.changes[3].what
    with pytest.raises(DaemonRefused, match="this needs a restart"):
        daemon.command(reload(confirm_loosening=True))
    assert limits_of(daemon).limits(BTC).max_position == 10


# --- what is not the core's, and everything together --------------------------------------------


def test_stop_shows_what_its_policy_leaves(daemon):
    graph, now = daemon.ready.graph, daemon.facts
    leave = plan(graph, now, protocol.Stop(key=KEY))
    assert leave.commands == ()
    assert leave.preview.lines == (
        "stop the daemon; leave 2 open orders and 1 position as they are",
    )
    cancel = plan(graph, now, protocol.Stop(key=KEY, policy="cancel"))
    assert [type(command) for command in cancel.commands] == [commands.CancelAll]
    flatten = plan(graph, now, protocol.Stop(key=KEY, policy="flatten"))
    assert [type(command) for command in flatten.commands] == [commands.Flatten]
    assert flatten.preview.lines[-1] == "then stop the daemon"


def test_a_snapshot_and_an_acknowledgement_are_not_the_cores(daemon):
    for command in (protocol.TakeSnapshot(key=KEY), protocol.Ack(key=KEY, alert="7")):
        made_ = plan(daemon.ready.graph, daemon.facts, command)
        check(command, made_)
        assert made_.commands == ()


def test_commands_are_inputs_that_play_again_to_the_same_state():
    """The journal's inputs alone make the same books, orders and limits."""

    def played(tell):
        ready = after(made(PLANS, risk=LIMITED), 15)
        tell(ready)
        after(ready, 50)
        return ready

    first_commands: list[commands.OperatorCommand] = []

    def by_request(ready):
        daemon = PlayedDaemon(ready)
        for request in (
            place(quantity="2", limit="99.00"),
            protocol.SetLimit(key=KEY, name="max_position", value="4"),
            protocol.CancelAll(key=KEY, strategy="a"),
            place("sell", "1", strategy="a"),
        ):
            made_ = plan(ready.graph, facts(ready), request)
            first_commands.extend(made_.commands)
            daemon.command(request)

    def by_input(ready):
        for command in first_commands:
            ready.graph.handle(codec.decode(codec.encode(command)))
            ready.play(1)

    first, second = played(by_request), played(by_input)
    assert len(first_commands) == 4
    assert first.state_hash() == second.state_hash()
    assert first.journal_hash() == second.journal_hash()
    assert first.graph.risk_state.settings() == second.graph.risk_state.settings()
    assert len(first.graph.risk_state.settings()) == 1
    assert first.kernel.now >= T0 + 50 * SECOND
