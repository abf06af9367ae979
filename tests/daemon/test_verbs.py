"""The verbs of a running daemon on the command line: what they print, ask, send, and how they end."""

import json
import re
import sys

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.commands import COMMANDS
from openoutcry.daemon.control import connect, protocol
from openoutcry.daemon.control.facts import FeedFacts
from openoutcry.daemon.control.views import RecoveryRow
from openoutcry.state.errors import ControlTimeout, DaemonBusy, DaemonUnreachable
from tests.daemon.played import BTC, LIMITED, PlayedDaemon, after, halted, made
from tests.harness import SECOND, T0

PLANS = {
    "a": {"2": "buy 1", "5": "buy 2 96.00", "9": "buy 60"},
    "b": {"3": "sell 0.5", "4": "sell 1 118.00"},
}
LOOKS = ("status", "positions", "orders", "fills", "balances", "strategies", "risk", "why last")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def daemon(monkeypatch):
    ready = after(made(PLANS, risk=LIMITED), 30)
    played = PlayedDaemon(ready)
    monkeypatch.setattr(connect, "connect", lambda _args: played)
    monkeypatch.delenv("COLUMNS", raising=False)
    yield played
    ready.graph.close()


@pytest.fixture
def run(capsys):
    def outcry(line):
        code = cli.main(line.split(" ") if isinstance(line, str) else line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return outcry


@pytest.fixture
def terminal(monkeypatch):
    """Somebody sits at a terminal of 80 columns and answers."""

    class Keyboard:
        answer = "y\n"

        def isatty(self):
            return True

        def readline(self):
            return self.answer

    keyboard = Keyboard()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdin", keyboard)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _self: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return keyboard


def key_in(text: str) -> str:
    """The key that was printed."""
    found = re.search(r"key ([0-9a-f]{32})", text)
    assert found is not None
    return found[1]


# --- looking ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", LOOKS)
def test_every_look_names_mode_and_daemon_first_and_the_time_in_utc(daemon, run, verb):
    code, out, err = run(verb)
    assert (code, err) == (0, "")
    assert out.startswith("PAPER test · ")
    assert "2024-01-01 00:00:30 UTC" in out.splitlines()[0]


@pytest.mark.parametrize("verb", LOOKS)
def test_every_look_is_one_json_document_with_mode_and_name(daemon, run, verb):
    code, out, _ = run(f"{verb} --json")
    document = json.loads(out)
    assert code == 0
    assert (document["mode"], document["name"], document["seq"]) == (
        "paper", "test", daemon.ready.kernel.seq,
    )  # fmt: skip


@pytest.mark.parametrize("verb", LOOKS)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(daemon, run, monkeypatch, verb, width):
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = run(verb)
    widest = max(map(len, out.splitlines()))
    assert widest <= max(width, 60)  # narrower, columns of numbers stay whole
    assert width < 60 or widest <= width


def test_positions_as_a_table(daemon, run):
    _, out, _ = run("positions")
    rows = [line.split() for line in out.splitlines()[2:]]
    assert rows[0][:3] == ["STRATEGY", "INSTRUMENT", "QUANTITY"]
    assert rows[1] == ["a", BTC, "1", "100.01", "110", "110.00", "+9.99", "0.00", "USDT"]
    assert rows[3][:3] == ["account", BTC, "0.5"]


def test_status_fits_a_screen_however_much_there_is(monkeypatch, run):
    plans = {f"strategy-{n:02}": {"2": "fail"} for n in range(30)}
    ready = after(made(plans), 5)
    feeds = tuple(FeedFacts(instrument=f"COIN{n}.SIM", last=T0, limit=1) for n in range(30))
    was = RecoveryRow(ts=T0, seq=5, records=12_000, took=SECOND, gap="2 s of the tape are missing")
    daemon = PlayedDaemon(ready, feeds=feeds, alerts=3, lag=5 * SECOND, recovery=was)
    monkeypatch.setattr(connect, "connect", lambda _args: daemon)
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("status")
    assert code == 3
    lines = out.splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80
    assert "NOT HEALTHY" in lines[0]
    assert any(re.match(r"and \d+ more problems", line) for line in lines)
    ready.graph.close()


def test_status_ends_with_3_unless_the_daemon_is_healthy(daemon, run):
    assert run("status")[0] == 0
    daemon.changes["alerts"] = 1
    code, out, _ = run("status")
    assert code == 3
    assert "! 1 alerts that nobody has acknowledged" in out
    assert "remedy: " in out
    code, out, _ = run("status --json")
    assert (code, json.loads(out)["healthy"]) == (3, False)


def test_colours_are_for_terminals_and_no_color_is_heeded(daemon, run, terminal, monkeypatch):
    _, out, _ = run("status")
    assert "\x1b[1;37;44m PAPER \x1b[0m" in out
    daemon.changes["mode"] = "live"
    assert "\x1b[1;37;41m LIVE \x1b[0m" in run("status")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    _, out, _ = run("status")
    assert ESCAPE.search(out) is None
    assert out.startswith("LIVE test")


def test_why_goes_on_below_where_a_text_is_long(daemon, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run("why 1-1")
    words = " ".join(out.split())
    assert "passed price_collar, max_order_value, max_order_quantity, max_position" in words
    assert "bought 1.000 at 100.01 (taker), fee 0.04000400 USDT" in words


def test_orders_all_shows_the_ended_ones(daemon, run):
    assert "ended:" not in run("orders")[1]
    _, out, _ = run("orders --all")
    assert [line.split()[0] for line in out.split("ended:")[1].splitlines()[2:]] == ["2-1", "1-1"]


# --- tail ---------------------------------------------------------------------------------------


def test_tail_prints_a_line_for_each_event(daemon, run):
    daemon.publish()
    code, out, _ = run("tail")
    assert code == 0
    assert len(out.splitlines()) == daemon.ready.journal.count
    assert f"1-1 {BTC}: bought 1.000 at 100.01 (taker), fee 0.04000400 USDT" in out


def test_tail_of_a_strategy_holds_its_reports_too(daemon, run):
    daemon.publish()
    _, out, _ = run("tail --strategy b --json")
    documents = [json.loads(line) for line in out.splitlines()]
    kinds = [document["message"]["type"] for document in documents]
    assert kinds == [
        "RiskApproved",
        "OrderAccepted",
        "OrderFilled",
        "RiskApproved",
        "OrderAccepted",
    ]
    assert documents[0].keys() == {"number", "seq", "version", "message"}


def test_tail_begins_after_a_record_and_ends_after_a_count(daemon, run):
    daemon.publish()
    _, out, _ = run("tail --after 2 --count 3 --json")
    assert [json.loads(line)["number"] for line in out.splitlines()] == [3, 4, 5]
    assert run("tail --instrument ETH.SIM")[1] == ""


# --- asking first -------------------------------------------------------------------------------

MUTATIONS = (
    ("cancel-all", protocol.CancelAll),
    ("flatten --strategy a", protocol.Flatten),
    ("cancel 1-2", protocol.CancelOrderRequest),
    ("pause a", protocol.Pause),
    (f"order buy 1 {BTC} --limit 90.00", protocol.PlaceOrder),
    ("set-limit max_position 3", protocol.SetLimit),
    ("stop --policy cancel", protocol.Stop),
)


@pytest.mark.parametrize(("line", "kind"), MUTATIONS)
def test_without_a_terminal_a_yes_is_needed(daemon, run, line, kind):
    before = daemon.ready.state_hash()
    code, out, err = run(line)
    assert (code, out) == (4, "")
    assert err.startswith("PAPER test\nwould ")
    assert "remedy: add --yes" in err
    assert daemon.commands == []
    assert daemon.ready.state_hash() == before
    code, out, err = run(f"{line} --yes --reason because")
    assert code == 0
    assert out.startswith("PAPER test\ndone: ")
    (command,) = daemon.commands
    assert isinstance(command, kind)
    assert command.reason == "because"
    assert f"key {command.key} " in err


@pytest.mark.parametrize(("line", "kind"), MUTATIONS)
def test_a_dry_run_shows_it_and_sends_nothing(daemon, run, line, kind):
    code, out, err = run(f"{line} --dry-run")
    assert (code, err) == (0, "")
    assert out.startswith("PAPER test\nwould ")
    assert daemon.commands == []
    code, out, _ = run(f"{line} --dry-run --json")
    assert json.loads(out)["dry_run"]["mode"] == "paper"


def test_on_a_terminal_the_answer_decides(daemon, run, terminal):
    code, _, err = run("cancel-all")
    assert code == 0
    assert "would cancel 2 orders: 2-2 (sell" in err
    assert "do it? [y/N]" in err
    assert len(daemon.commands) == 1
    for answer in ("n\n", "\n", ""):
        terminal.answer = answer
        code, _, err = run("pause a")
        assert code == 4
        assert "not confirmed: nothing was changed" in err
    assert len(daemon.commands) == 1


def test_what_changes_nothing_is_not_asked_and_not_sent(daemon, run):
    code, out, _ = run("cancel-all --strategy unallocated")
    assert (code, daemon.commands) == (0, [])
    assert "nothing to do: no order of unallocated is open" in out


def test_a_looser_limit_needs_its_own_word(daemon, run, terminal):
    assert run("set-limit max_position 50 --yes")[0] == 4
    assert run("set-limit max_position 50 --yes --loosen")[0] == 0
    code, _, err = run("set-limit max_position 60")
    assert code == 0
    assert "that is looser than what is in force; do it? [y/N]" in err
    assert daemon.ready.graph.risk_state.settings()[-1][:2] == ("max_position", "60")


def test_the_preview_comes_from_the_daemons_present_state(daemon, run):
    _, out, _ = run("flatten --dry-run")
    assert out.splitlines()[1:] == [
        "would cancel 2 orders: 2-2 (sell BTCUSDT-PERP.SIM), 1-2 (buy BTCUSDT-PERP.SIM)",
        "would sell 1 BTCUSDT-PERP.SIM at market for a (≈ 110.00 USDT)",
        "would buy 0.5 BTCUSDT-PERP.SIM at market for b (≈ 55.00 USDT)",
    ]


# --- halt ---------------------------------------------------------------------------------------


def test_halt_never_asks_and_is_one_message(daemon, run, monkeypatch):
    monkeypatch.setattr(daemon, "ask", None)
    code, out, _ = run("halt --reason odd")
    assert code == 0
    assert out == (
        "PAPER test\ndone: halt everything: no new order leaves; left at the venue: 2 orders\n"
    )
    (command,) = daemon.commands
    assert (type(command), command.reason) == (protocol.Halt, "odd")
    assert halted(daemon.ready) == [(None, None, None, "odd")]


def test_what_is_not_durable_yet_is_said(daemon, run):
    daemon.durable = False
    code, _, err = run("halt")
    assert code == 0
    assert "applied, not yet durable: input " in err
    _, out, _ = run("halt --json")
    assert json.loads(out)["durable"] is False


def test_halt_and_resume_by_scope(daemon, run):
    run(f"halt --strategy a --instrument {BTC}")
    assert halted(daemon.ready) == [("a", BTC, None, "by hand")]
    code, out, _ = run(f"resume --strategy a --instrument {BTC} --yes")
    assert code == 0
    assert f"done: resume a in {BTC}, which is halted: by hand" in out


# --- keys ---------------------------------------------------------------------------------------


def test_a_command_is_sent_again_by_its_key_without_a_question(daemon, run):
    _, _, err = run("pause a --yes")
    key = key_in(err)
    code, _, _ = run(f"pause a --key {key}")
    assert code == 0
    assert [command.key for command in daemon.commands] == [key, key]
    assert daemon.commands[0] == daemon.commands[1]


def test_two_commands_have_two_keys(daemon, run):
    run("halt")
    run("halt")
    first, second = daemon.commands
    assert first.key != second.key


@pytest.mark.parametrize("key", ["abc", "G" * 32, "A" * 32])
def test_a_key_is_32_hex_digits(daemon, run, key):
    assert run(f"halt --key {key}")[0] == 2


# --- how they end -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [(DaemonUnreachable("nobody"), 69), (ControlTimeout("late"), 75), (DaemonBusy("busy"), 75)],
)
def test_no_daemon_a_late_one_and_a_busy_one_have_their_codes(daemon, run, error, code):
    daemon.broken = error
    for verb in ("status", "halt", "cancel-all --yes"):
        assert run(verb)[0] == code


def test_after_no_answer_it_says_how_to_find_out(daemon, run):
    daemon.broken = ControlTimeout("no answer")
    _, _, err = run("halt")
    key = key_in(err)
    assert "it may have been carried out" in err
    assert f"remedy: send the same again with --key {key}" in err


def test_a_refusal_ends_with_4_and_the_daemons_own_words(daemon, run):
    code, out, err = run(f"order buy 12 {BTC} --yes")
    assert (code, out) == (4, "")
    assert "risk denies it: max_position: unallocated could hold" in err
    code, out, _ = run("pause nobody --yes --json")
    assert code == 4
    assert json.loads(out)["error"]["problems"][0]["what"] == "there is no strategy 'nobody'"


def test_a_number_that_is_none_is_a_usage_error(daemon, run):
    for line in (
        f"order buy 1e3 {BTC}", f"order buy 1 {BTC} --limit abc", "set-limit max_position NaN",
        f"order hold 1 {BTC}", "fills --last x", "why", "status --timeout 0",
    ):  # fmt: skip
        assert run(line)[0] == 2, line
    assert daemon.commands == []


def test_the_options_of_an_order_arrive(daemon, run):
    code, _, _ = run(
        f"order sell 0.5 {BTC} --limit 130 --trigger 90 --strategy a --until 2024-01-02"
        " --reduce-only --yes"
    )
    assert code == 0
    (command,) = daemon.commands
    assert (command.side.value, command.limit, command.trigger) == ("sell", "130", "90")
    assert (command.strategy, command.reduce_only, command.time_in_force.value) == (
        "a",
        True,
        "gtd",
    )
    assert command.expire_ns == T0 + 86_400 * SECOND


def test_reload_shows_its_plan(daemon, run):
    daemon.new_config = daemon.ready.graph.config
    code, out, _ = run("reload --dry-run")
    assert (code, out) == (0, "PAPER test\nnothing to do: the config is the one that runs\n")


def test_snapshot_and_stop_send_their_requests(daemon, run):
    assert run("snapshot")[0] == 0
    assert run("stop --policy flatten --yes")[0] == 0
    assert [type(command) for command in daemon.commands] == [protocol.TakeSnapshot, protocol.Stop]


def test_every_verb_has_an_option_for_json_and_for_the_daemon():
    from openoutcry.daemon.commands import look, steer, tail, trade

    for module in (look, steer, trade, tail):
        for command in vars(module).values():
            if type(command).__name__ == "Command":
                assert COMMANDS[command.name] is command
                flags = {option.flag for option in command.options}
                assert {"--config", "--name", "--endpoint", "--timeout"} <= flags, command.name
