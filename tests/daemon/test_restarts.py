"""Starts after starts, in one process: an orderly end, a crash, another config, a journal behind its tape."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openoutcry.actors.limit_changes import in_force, limit_text
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.startup import RunOptions, Startup
from openoutcry.state.catalog import Catalog
from openoutcry.state.commands import Halt, RiskApproved, SetLimit, SubmitOrder
from openoutcry.state.events import SessionStopped
from openoutcry.state.journal_admin import back_up, restore
from tests.daemon import churner
from tests.daemon.running import CONFIG, PATIENCE_S
from tests.markets import PERP

SPEED = 500
RARELY = "snapshot_every_s = 1000000\nsnapshot_every_inputs = 1000000000\n"


class Machine:
    """A config and the state directories of its daemons, each a copy of what a crash left of the last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state0"
        self.daemons: list[Daemon] = []
        Catalog(folder / "catalog").add_instruments([PERP])
        self.configure()

    def configure(
        self, max_position: str = "5", daemon: str = "", strategy: str = "churner:Churner"
    ) -> None:
        """Write the config."""
        text = CONFIG.format(folder=self.folder, instrument=PERP.id, max_position=max_position)
        text = text.replace("churner:Churner", strategy)
        (self.folder / "outcry.toml").write_text(f"{text}\n[daemon]\n{RARELY}{daemon}")

    def start(self) -> Daemon:
        """Start on what is there."""
        options = RunOptions(
            state_dir=self.state, catalog=self.folder / "catalog", feed="synthetic", speed=SPEED
        )
        daemon = Startup(load(self.folder / "outcry.toml"), options).run()
        self.daemons.append(daemon)
        return daemon

    def crash(self, daemon: Daemon) -> None:
        """What is on disk now is all that is left."""
        left = self.folder / f"state{len(self.daemons)}"
        shutil.copytree(self.state, left)
        self.state = left


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """One where nothing ran yet."""
    made = Machine(tmp_path)
    yield made
    for daemon in made.daemons:
        daemon.close(snapshot=False)


def turn(daemon: Daemon, inputs: int) -> None:
    """Take so many inputs, and have them on disk."""
    core, kernel = daemon.core, daemon.session.kernel
    goal = kernel.seq + inputs
    until = time.monotonic() + PATIENCE_S
    while kernel.seq < goal:
        assert time.monotonic() < until
        if not core.turn():
            core.wait()
    on_disk(daemon)


def on_disk(daemon: Daemon) -> None:
    """Wait until the journal holds everything."""
    until = time.monotonic() + PATIENCE_S
    while daemon.journal.settle() < daemon.session.kernel.seq:
        assert time.monotonic() < until
        daemon.core.wait(0.01)


def stop(daemon: Daemon, *, snapshot: bool) -> None:
    """End it in order."""
    core = daemon.core
    core.inject(SessionStopped(ts=0, policy="leave"))
    until = time.monotonic() + PATIENCE_S
    while core.turn() or not core.is_quiet:
        assert time.monotonic() < until
        core.wait(0.01)
    assert daemon.close(snapshot=snapshot)


@pytest.mark.parametrize("snapshot", [False, True])
def test_an_orderly_end_is_no_crash(machine: Machine, snapshot: bool) -> None:
    machine.configure(daemon='resume = "halted"\n')
    first = machine.start()
    turn(first, 50)
    stop(first, snapshot=snapshot)
    second = machine.start()
    assert second.recovered is not None
    assert second.recovered.stopped
    assert not any(isinstance(r.message, Halt) for r in second.journal.reader.records())
    turn(second, 20)
    machine.crash(second)
    third = machine.start()
    assert third.recovered is not None
    assert not third.recovered.stopped
    turn(third, 1)
    assert any(isinstance(r.message, Halt) for r in third.journal.reader.records())


def test_a_venue_that_says_otherwise_halts_with_its_words(machine: Machine) -> None:
    """Its log is older than the journal: fills that we know never happened there."""
    first = machine.start()
    turn(first, 20)
    old = machine.folder / "older venue"
    shutil.copytree(machine.state / "venue", old)
    fills = first.session.graph.books.balance(PERP.venue, "USDT")
    while first.session.graph.books.balance(PERP.venue, "USDT") == fills:
        turn(first, 20)
    machine.crash(first)
    shutil.rmtree(machine.state / "venue")
    shutil.copytree(old, machine.state / "venue")
    second = machine.start()
    assert any("balance: USDT at" in finding for finding in second.findings), second.findings
    turn(second, 1)
    assert second.session.graph.risk_state.halted()


def test_a_restored_backup_goes_on_with_ids_of_its_own(machine: Machine) -> None:
    first = machine.start()
    turn(first, 60)
    back_up(machine.state, machine.folder / "backup", first.journal.reader)
    machine.state = machine.folder / "restored"
    restore(machine.folder / "backup", machine.state)
    second = machine.start()
    assert second.findings == ()
    turn(second, 60)
    ids = [
        message.command.client_order_id
        for record in second.journal.reader.records()
        if isinstance(message := record.message, RiskApproved)
        and isinstance(message.command, SubmitOrder)
    ]
    assert len(ids) == len(set(ids))
    assert {one[:12] for one in ids} == {
        f"{epoch:012x}" for epoch in (first.journal.meta.epoch, second.journal.meta.epoch)
    }
    assert second.session.graph.operator.epoch == second.journal.meta.epoch


def test_another_config_is_not_applied_to_what_was_decided_before(machine: Machine) -> None:
    first = machine.start()
    turn(first, 50)
    machine.crash(first)
    machine.configure(max_position="0.0005")
    second = machine.start()
    turn(second, 20)
    machine.crash(second)
    third = machine.start()
    assert third.recovered is not None
    assert third.recovered.diverged == ()
    assert third.recovered.seq >= first.session.kernel.seq
    turn(third, 1)


def test_another_config_where_the_tape_is_ahead_of_the_journal(machine: Machine) -> None:
    first = machine.start()
    turn(first, 50)
    kept = first.session.kernel.seq
    first.core.journal = _Stalled(first.journal)  # type: ignore[assignment]
    goal = kept + 30
    while first.session.kernel.seq < goal:
        if not first.core.turn():
            first.core.wait()
    machine.crash(first)
    machine.configure(max_position="4")
    second = machine.start()
    assert second.recovered is not None
    assert second.recovered.diverged == ()
    turn(second, 1)


class _Stalled:
    """A journal whose disk takes nothing more."""

    def __init__(self, journal: object) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    def hand_over(self, _: int) -> None:
        """Keep it."""


@pytest.mark.parametrize("first_code", ["raises", "is denied", "waits"])
@pytest.mark.parametrize("second_code", ["raises", "is denied", "waits", "trades"])
def test_a_strategy_whose_code_has_changed_is_halted_and_the_session_goes_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, first_code: str, second_code: str
) -> None:
    machine.configure(strategy="churner:Changing")
    monkeypatch.setattr(churner, "code", first_code)
    first = machine.start()
    turn(first, 50)
    machine.crash(first)
    monkeypatch.setattr(churner, "code", second_code)
    second = machine.start()
    assert second.recovered is not None
    diverged = [one.strategy for one in second.recovered.diverged]
    assert diverged == ([] if first_code == second_code else ["churn"])
    turn(second, 1)
    assert bool(second.session.graph.risk_state.halts("churn", PERP.id)) == bool(diverged)


@pytest.mark.parametrize(("before", "after", "holds"), [("5", "1", "1"), ("5", "5", "3")])
def test_a_limit_that_was_changed_in_the_file_holds_over_one_that_was_set_before(
    machine: Machine, before: str, after: str, holds: str
) -> None:
    machine.configure(max_position=before)
    first = machine.start()
    first.core.inject(SetLimit(ts=0, name="max_position", value="3", instrument=PERP.id))
    turn(first, 50)
    machine.crash(first)
    machine.configure(max_position=after, daemon='resume = "auto"\n')
    second = machine.start()
    turn(second, 1)
    limits = in_force(second.config.risk, second.session.graph.risk_state)
    assert limit_text(limits.limits(PERP.id), "max_position") == holds
