"""While a strategy runs, reaching for the world raises; everything else works as ever."""
# ruff: noqa: PLW0108 - the names are looked up when the strategy runs, not now

import datetime as dt
import os
import random
import secrets
import socket
import subprocess
import threading
import time
import uuid
from datetime import date, datetime
from pathlib import Path
from random import choice
from time import time as wall_clock
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from openoutcry.actors import guard
from openoutcry.actors.strategy import Strategy
from openoutcry.state.errors import StrategyError
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.market_data import Quote
from tests.actors import reaches
from tests.harness import config, feed, session, strategy
from tests.markets import MARGIN, PERP, quote_walk

BTC = PERP.id
REACHES = {
    "a file": lambda: open(__file__),  # noqa: PTH123, SIM115
    "a path": lambda: Path(__file__).read_text(),
    "a folder": lambda: os.listdir("."),  # noqa: PTH208
    "a socket": socket.socket,
    "a name": lambda: socket.getaddrinfo("localhost", 80),
    "a thread": lambda: threading.Thread(target=print).start(),
    "a process": lambda: subprocess.run(["true"], check=False),
    "sleep": lambda: time.sleep(0),
    "time": lambda: time.time(),
    "time, by name": lambda: wall_clock(),
    "monotonic": lambda: time.monotonic_ns(),
    "gmtime": lambda: time.gmtime(),
    "now": lambda: datetime.now(),  # noqa: DTZ005
    "now, by module": lambda: dt.datetime.now(dt.UTC),
    "today": lambda: date.today(),  # noqa: DTZ011
    "random": lambda: random.random(),
    "choice, by name": lambda: choice([1, 2]),
    "unseeded Random": lambda: random.Random(),
    "SystemRandom": lambda: random.SystemRandom(7),
    "numpy.random": lambda: np.random.rand(),  # noqa: NPY002
    "unseeded default_rng": lambda: np.random.default_rng(),
    "uuid4": lambda: uuid.uuid4(),
    "urandom": lambda: os.urandom(1),
    "secrets": lambda: secrets.token_hex(),
    "time, by a module of the project": lambda: reaches.stamp(),
    "datetime, by a module of the project": lambda: reaches.today(),
}
ALLOWED = {
    "numpy": lambda: np.linalg.norm(np.arange(10.0)),
    "a seeded numpy generator": lambda: np.random.default_rng(7).normal(),
    "polars": lambda: pl.DataFrame({"a": [1, 2]}).select(pl.col("a").rolling_mean(2)),
    "a seeded Random": lambda: random.Random(7).random(),
    "a datetime": lambda: datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")).isoformat(),
    "fromtimestamp": lambda: datetime.fromtimestamp(0, dt.UTC).date() >= date(1970, 1, 1),
    "strptime": lambda: type(datetime.strptime("2024", "%Y")),  # noqa: DTZ007
    "isinstance": lambda: assert_true(isinstance(dt.datetime(2024, 1, 1), datetime)),  # noqa: DTZ001
    "gmtime of a time": lambda: time.gmtime(0),
    "uuid5": lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "x"),
    "an import": lambda: __import__("wave"),
    "print": lambda: print("x"),  # noqa: T201
}


def assert_true(value: bool) -> None:
    assert value


class Reaching(Strategy):
    class Params(Strategy.Params):
        what: str

    params: Params

    def setup(self) -> None:
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        (REACHES | ALLOWED)[self.params.what]()


class ReachingInSetup(Reaching):
    def setup(self) -> None:
        super().setup()
        REACHES[self.params.what]()


class Bystander(Strategy):
    class State(Strategy.State):
        quotes: int = 0

    state: State

    def setup(self) -> None:
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.state.quotes += 1


def made(cls, **params):
    entries = [strategy(cls, **params), strategy(Bystander, "bystander")]
    settings = config(MARGIN, [feed(BTC, "quote")], entries, currency="USDT")
    return session(settings, [PERP], {("quote", BTC): quote_walk(1, 5)})


def played(cls, **params):
    ready = made(cls, **params)
    try:
        ready.begin()
        ready.play()
    finally:
        ready.end()
    return ready


@pytest.mark.parametrize("what", REACHES)
def test_reaching_for_the_world_pauses_the_strategy_and_no_other(what):
    ready = played(Reaching, what=what)
    (error,) = ready.graph.supervisor.errors
    assert isinstance(error, StrategyError)
    assert str(error).startswith("strategy/s ")
    assert error.remedy != StrategyError.default_remedy
    assert ready.graph.strategies[StrategyId("s")].cell.paused
    assert ready.graph.strategies[StrategyId("bystander")].strategy.state.quotes == 5


@pytest.mark.parametrize("what", ["a file", "time", "choice, by name", "a thread"])
def test_setup_is_a_handler_too(what):
    with pytest.raises(StrategyError, match=r"strategy/s .* in a handler"):
        made(ReachingInSetup, what=what)
    assert not guard._guards
    assert time.time() > 0


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_repeatable_is_allowed(what):
    assert not played(Reaching, what=what).graph.supervisor.errors


def test_nothing_is_left_of_the_guard_when_the_run_is_over():
    before = dict(globals()), dict(vars(reaches))
    ready = made(Reaching, what="numpy")
    assert (time, datetime, choice) != (
        before[0]["time"],
        before[0]["datetime"],
        before[0]["choice"],
    )
    ready.begin()
    ready.play()
    ready.end()
    ready.graph.close()
    assert (dict(globals()), dict(vars(reaches))) == before
    assert not guard._guards
    assert not guard._patches


def test_between_handlers_and_on_other_threads_everything_is_itself():
    ready = made(Reaching, what="numpy")
    assert time.time() > 0
    assert datetime.now(dt.UTC).year > 2000
    cell = ready.graph.strategies[StrategyId("s")].cell
    heard: list[object] = []
    worker = threading.Thread(target=lambda: _reach_while_busy(ready.graph.dispatcher, cell, heard))
    worker.start()
    worker.join()
    ready.end()
    assert len(heard) == 2


def _reach_while_busy(dispatcher, cell, heard):
    """Another thread reaches out while a strategy runs on the core's."""
    dispatcher.running = cell
    heard += [time.time(), Path(__file__).read_text()]
    dispatcher.running = None


def test_two_runs_share_a_module_and_the_last_one_gives_its_names_back():
    real = vars(reaches)["time"]
    first, second = made(Reaching, what="numpy"), made(Reaching, what="time")
    first.end()
    assert vars(reaches)["time"] is not real
    second.begin()
    second.play()
    second.end()
    assert second.graph.supervisor.failures
    assert vars(reaches)["time"] is real


class Unsaveable(Strategy):
    class State(Strategy.State):
        pair: "dict[int, str] | dict[str, int]" = {}

    state: State


def test_a_state_that_no_snapshot_can_hold_is_refused_at_start():
    with pytest.raises(StrategyError, match=r"Unsaveable\.State can't be saved"):
        made(Unsaveable)


class Late(Reaching):
    """Calls what its project's module holds at the time."""

    def on_quote(self, quote: Quote) -> None:
        vars(reaches)["late"]()


def test_what_the_guard_remembers_from_run_to_run_follows_the_modules(monkeypatch):
    monkeypatch.setattr(reaches, "late", print, raising=False)
    assert not played(Late, what="").graph.supervisor.errors
    monkeypatch.setattr(reaches, "late", time.monotonic)
    (error,) = played(Late, what="").graph.supervisor.errors
    assert "calls time.monotonic()" in str(error)
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)
    monkeypatch.setattr(reaches, "late", time.monotonic)
    (error,) = played(Late, what="").graph.supervisor.errors
    assert "calls time.monotonic()" in str(error)
