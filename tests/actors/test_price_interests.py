"""Throttled quotes and price levels: which prices wake a strategy, and what restores remember."""

from typing import ClassVar

import pytest

from openoutcry.actors.indicators import Sma
from openoutcry.state.errors import CodecError, ConfigError, NotRepresentable, StrategyError
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.market_data import Quote
from openoutcry.state.messages import UNDEFINED
from openoutcry.state.signals import Crossed
from tests.actors.listening import BTC, MS, Listener, heard, mids, minutes, ready, run, trades

# --- throttled quotes -----------------------------------------------------------------------------


class Throttled(Listener):
    options: ClassVar[dict[str, int]] = {"every_ms": 3_000}

    def setup(self) -> None:
        self.subscribe_quotes(BTC, **self.options)

    def on_quote(self, quote: Quote) -> None:
        self.say(str(quote.bid_units))


class Moved(Throttled):
    options: ClassVar[dict[str, int]] = {"min_ticks": 3}


class Both(Throttled):
    options: ClassVar[dict[str, int]] = {"every_ms": 2_000, "min_ticks": 3}


MOVES = (100, 101, 104, 104, 101, 101, 100, 100)


@pytest.mark.parametrize(
    ("cls", "seconds"), [(Throttled, [1, 4, 7]), (Moved, [1, 3, 5]), (Both, [1, 3, 5])]
)
def test_a_throttle_lets_through_what_is_late_and_far_enough(cls, seconds):
    played, made = run(cls, mids(*MOVES))
    assert [at for _, at in made.state.heard] == seconds
    assert played.delivered == len(seconds)


def test_both_limits_of_a_throttle_must_hold():
    # 103 is far enough a second too early; by then it is no longer.
    told = heard(Both, mids(100, 103, 102, 100, 103))
    assert [at for _, at in told] == [1, 5]


def test_a_quote_of_one_side_does_not_pass_a_throttle():
    data = mids(100, 100, 100, 100, 100)
    data["quote", BTC]["ask"][0] = UNDEFINED
    data["quote", BTC]["bid"][4] = UNDEFINED
    assert [at for _, at in heard(Throttled, data)] == [2]


class FullAndThrottled(Throttled):
    def setup(self) -> None:
        self.subscribe_quotes(BTC)
        super().setup()


class ThrottledAndFull(Throttled):
    def setup(self) -> None:
        super().setup()
        self.subscribe_quotes(BTC)


class ThrottledTwice(Throttled):
    def setup(self) -> None:
        super().setup()
        super().setup()


@pytest.mark.parametrize("cls", [FullAndThrottled, ThrottledAndFull, ThrottledTwice])
def test_quotes_are_subscribed_to_once(cls):
    with pytest.raises(StrategyError, match=f"subscribes twice to quotes of {BTC}"):
        ready(cls, mids(100))


def test_one_strategy_may_take_all_quotes_and_another_some():
    class Full(Throttled):
        options: ClassVar[dict[str, int]] = {}

    Full.__qualname__ = "Full"
    globals()["Full"] = Full
    played, made = run((Throttled, Full), mids(*MOVES))
    assert [at for _, at in made.state.heard] == [1, 4, 7]
    other = played.graph.strategies[StrategyId("s1")].strategy
    assert [at for _, at in other.state.heard] == list(range(1, 9))


class NoTime(Throttled):
    options: ClassVar[dict[str, int]] = {"every_ms": 0}


class HalfATick(Throttled):
    options: ClassVar[dict[str, int]] = {"min_ticks": 0.5}  # type: ignore[dict-item]


@pytest.mark.parametrize("cls", [NoTime, HalfATick])
def test_a_throttle_takes_whole_positive_numbers(cls):
    with pytest.raises(StrategyError, match=r"(every_ms is 0|min_ticks is 0\.5)"):
        ready(cls, mids(100))


def test_a_throttle_needs_a_feed_of_quotes():
    with pytest.raises(ConfigError, match=r"subscribes to quote of .* offer trade"):
        ready(Throttled, trades(100))


# --- price levels -----------------------------------------------------------------------------------


class Watcher(Listener):
    def on_start(self) -> None:
        self.after("watch", 1_500 * MS)

    def on_timer(self, timer: object) -> None:
        self.watch_price("up", BTC, "1.05")
        self.watch_price("down", BTC, "0.95")


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ((100, 104, 105, 104, 106, 95), [("up above", 3), ("down below", 6)]),
        ((100, 110, 90, 110), [("up above", 2), ("down below", 3)]),
        ((110, 107, 105, 111), [("up below", 3)]),  # from above it is reached downwards
        ((110, 104, 96, 104), [("up below", 2)]),
        ((105, 106, 107, 105), [("up below", 4)]),  # at the level counts as above it
        ((90, 94, 100), [("down above", 3)]),
    ],
)
def test_a_level_is_told_once_when_the_price_reaches_it_from_where_it_is(prices, told):
    assert heard(Watcher, mids(*prices)) == told
    assert heard(Watcher, trades(*prices)) == told


def test_where_there_are_quotes_trades_do_not_count():
    assert heard(Watcher, mids(100, 100, 105) | trades(100, 120, 120)) == [("up above", 3)]


def test_a_quote_of_one_side_reaches_nothing():
    data = mids(100, 120, 104)
    data["quote", BTC]["ask"][1] = UNDEFINED
    assert heard(Watcher, data) == []


def test_a_level_that_is_waited_for_costs_python_nothing():
    played, _ = run(Watcher, mids(*[100] * 1000, 105))
    assert played.delivered == 2  # the timer, the level


class Early(Listener):
    """Set before there is any price: the first one says where it comes from."""

    def on_start(self) -> None:
        self.watch_price("up", BTC, "1.05")


def test_without_a_price_the_first_one_says_from_where():
    assert heard(Early, mids(110, 106, 105)) == [("up below", 3)]
    assert heard(Early, mids(105)) == [("up above", 1)]


class Mover(Listener):
    def on_start(self) -> None:
        self.watch_price("level", BTC, "1.05")
        self.watch_price("gone", BTC, "1.05")
        self.after("move", 1_500 * MS)

    def on_timer(self, timer: object) -> None:
        self.watch_price("level", BTC, "1.10")
        self.unwatch_price("gone", BTC)
        self.unwatch_price("never set", BTC)


def test_a_level_is_moved_by_its_name_and_can_be_forgotten():
    assert heard(Mover, mids(100, 106, 110, 100, 110)) == [("level above", 3)]


class Rearms(Listener):
    def on_start(self) -> None:
        self.watch_price("level", BTC, "1.05")

    def on_cross(self, cross: Crossed) -> None:
        super().on_cross(cross)
        self.watch_price(cross.name, BTC, "1.05")


def test_a_level_can_be_set_again_when_it_was_reached():
    told = [("level above", 2), ("level below", 3), ("level above", 4)]
    assert heard(Rearms, mids(100, 106, 104, 106)) == told


class Raises(Watcher):
    def on_timer(self, timer: object) -> None:
        super().on_timer(timer)
        raise ValueError("a bug")


def test_a_handler_that_raises_leaves_no_level():
    made = ready(Raises, mids(100, 106, 90))
    made.begin()
    made.play()
    made.end()
    actor = made.graph.strategies[StrategyId("s0")]
    assert actor.cell.parked == 1  # the end; a level would have been parked too
    assert actor.snapshot().interests.levels == []


class InSetup(Listener):
    def setup(self) -> None:
        self.watch_price("up", BTC, "1.05")


def test_a_level_needs_a_price_and_setup_has_none():
    with pytest.raises(StrategyError, match=r"watch_price\('up'\) in setup") as caught:
        ready(InSetup, mids(100))
    assert caught.value.remedy == "call it in on_start"


class OffTick(Listener):
    def on_start(self) -> None:
        self.watch_price("up", BTC, "1.005")


class FloatLevel(Listener):
    def on_start(self) -> None:
        self.watch_price("up", BTC, 1.05)  # type: ignore[arg-type]


class NamedAsACross(Listener):
    def setup(self) -> None:
        self.cross("up", self.indicator(Sma(2), BTC, "1m"), 1)

    def on_start(self) -> None:
        self.watch_price("up", BTC, "1.05")


@pytest.mark.parametrize(
    ("cls", "error", "said"),
    [
        (OffTick, NotRepresentable, "1.005"),
        (FloatLevel, NotRepresentable, r"price 1\.05 is a float"),
        (NamedAsACross, StrategyError, f"a cross of {BTC} is named 'up'"),
    ],
)
def test_a_level_that_cannot_be_is_refused(cls, error, said):
    with pytest.raises(error, match=said):
        run(cls, mids(100))


def test_a_level_needs_quotes_or_trades():
    with pytest.raises(ConfigError, match=r"quote or trade of .* offer bar"):
        run(Early, minutes([100]))


# --- snapshots ----------------------------------------------------------------------------------------


class Remembers(Watcher):
    """Everything that has a memory: a cross, a throttle, levels, an indicator."""

    def setup(self) -> None:
        self.cross("mean", self.indicator(Sma(1), BTC, "2s"), "1.02")
        self.subscribe_quotes(BTC, min_ticks=3)

    def on_quote(self, quote: Quote) -> None:
        self.say(str(quote.bid_units))


def test_a_restored_strategy_goes_on_where_it_was():
    prices = (100, 101, 103, 103, 101, 106, 106, 102, 94, 104)
    expected = heard(Remembers, mids(*prices))
    made = ready(Remembers, mids(*prices))
    made.begin()
    while made.play(1):
        made.graph.replace_strategy(made.graph.snapshot_strategy(StrategyId("s0")))
    made.end()
    assert made.graph.strategies[StrategyId("s0")].strategy.state.heard == expected
    assert {what.partition(" ")[0] for what, _ in expected} >= {"mean", "up", "down", "99"}


class LessToRemember(Watcher):
    def setup(self) -> None:
        self.indicator(Sma(1), BTC, "2s")


def test_a_snapshot_of_other_interests_is_refused():
    taken = ready(Remembers, mids(100)).graph.snapshot_strategy(StrategyId("s0"))
    other = ready(LessToRemember, mids(100)).graph
    with pytest.raises(CodecError, match="1 crosses and 1 throttled subscriptions"):
        other.replace_strategy(taken)
