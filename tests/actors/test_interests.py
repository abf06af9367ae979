"""Indicators and crosses: what the engine updates and compares at a bar, without entering Python."""

from decimal import Decimal
from typing import ClassVar

import pytest

from openoutcry.actors.indicators import Ema, Macd, Sma
from openoutcry.state.errors import StrategyError
from openoutcry.state.identifiers import StrategyId
from openoutcry.state.market_data import Bar
from tests.actors.listening import BTC, Listener, heard, mids, minutes, ready, run, trades
from tests.markets import quote_walk

# --- indicators ---------------------------------------------------------------------------------


class Attached(Listener):
    def setup(self) -> None:
        self.mean = self.indicator(Sma(2), BTC, "1m")

    def on_stop(self) -> None:
        self.state.heard.append((str(self.mean.value), self.mean.count))


class Subscribed(Attached):
    def on_bar(self, bar: Bar) -> None:
        self.say(f"{bar.close_units} {self.mean.value}")


def test_an_attached_indicator_follows_its_bars_and_brings_none_of_them_into_python():
    played, made = run(Attached, minutes([100, 200, 300]))
    assert made.state.heard == [("2.5", 3)]
    assert played.delivered == 0
    played, made = run(Attached, quote_walk_of(240))
    assert played.delivered == 0
    assert made.mean.count == 4


def quote_walk_of(rows):
    return {("quote", BTC): quote_walk(1, rows)}


def test_who_listens_to_bars_sees_the_indicator_updated():
    expected = [("100 nan", 60), ("200 1.5", 120), ("300 2.5", 180), ("2.5", 3)]
    assert heard(Subscribed, minutes([100, 200, 300])) == expected


def test_another_strategy_that_listens_to_the_same_bars_changes_nothing():
    played, made = run((Attached, Subscribed), minutes([100, 200, 300]))
    assert made.state.heard == [("2.5", 3)]
    other = played.graph.strategies[StrategyId("s1")].strategy
    assert [what for what, _ in other.state.heard] == ["100 nan", "200 1.5", "300 2.5", "2.5"]


class AttachedTwice(Listener):
    def setup(self) -> None:
        mean = self.indicator(Sma(2), BTC, "1m")
        self.indicator(mean, BTC, "1m")


class Shared(Listener):
    mean: ClassVar[Sma] = Sma(2)

    def setup(self) -> None:
        self.indicator(self.mean, BTC, "1m")


@pytest.mark.parametrize("cls", [AttachedTwice, (Shared, Shared)])
def test_an_indicator_is_attached_once(cls):
    with pytest.raises(StrategyError, match="attached twice: each bar would be counted twice"):
        ready(cls, minutes([100]))


class InPython(Sma):
    def update(self, bar: Bar) -> None:
        super().update(bar)


class AttachesPython(Listener):
    def setup(self) -> None:
        self.indicator(InPython(2), BTC, "1m")


def test_an_indicator_computed_in_python_cannot_be_attached():
    with pytest.raises(StrategyError, match="InPython overrides update"):
        ready(AttachesPython, minutes([100]))


# --- crosses ------------------------------------------------------------------------------------


class Crosses(Listener):
    def setup(self) -> None:
        fast = self.indicator(Sma(1), BTC, "1m")
        self.cross("slow", fast, self.indicator(Sma(2), BTC, "1m"))
        self.cross("level", fast, 2)
        self.cross("moving", fast, Decimal("2.00"), skip_flat=True)


def test_a_cross_is_told_when_the_side_changes_and_the_first_side_counts():
    closes = [100, 100, 300, 200, 200, 100]
    assert heard(Crosses, minutes(closes, flat={2})) == [
        ("level below", 60),
        ("moving below", 60),
        ("slow above", 120),
        ("level above", 180),
        ("slow below", 240),
        ("moving above", 240),
        ("slow above", 300),
        ("slow below", 360),
        ("level below", 360),
        ("moving below", 360),
    ]


class BarThenCross(Crosses):
    def on_bar(self, bar: Bar) -> None:
        self.say(f"bar {bar.close_units}")


def test_a_cross_comes_after_the_bar_that_did_it():
    expected = [("bar 100", 60), ("level below", 60), ("moving below", 60)]
    assert heard(BarThenCross, minutes([100])) == expected


def test_only_crosses_enter_python():
    played, _ = run(Crosses, minutes([100 + n for n in range(1000)]))
    assert played.delivered == 16 + 3  # equity samples, bars that crossed something


class Outputs(Listener):
    def setup(self) -> None:
        macd = self.indicator(Macd(1, 2, 2), BTC, "1m")
        self.cross("signal", (macd, "line"), (macd, "signal"))


def test_outputs_of_one_indicator_can_cross():
    told = heard(Outputs, minutes([100, 100, 200, 400, 400, 300]))
    assert [what for what, _ in told] == ["signal above", "signal below"]


def crossing(*lines, **options):
    """A strategy class that declares this cross after attaching two averages, as `a` and `b`."""

    class Declares(Listener):
        def setup(self) -> None:
            known = {
                "a": self.indicator(Sma(2), BTC, "1m"),
                "b": self.indicator(Sma(3), BTC, "2m"),
                "c": Ema(3),
            }
            named = [known.get(line, line) for line in lines]
            self.cross("x", *named, **options)
            self.cross("x", known["a"], 1)

    Declares.__qualname__ = "Declares"
    globals()["Declares"] = Declares
    return Declares


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("a", "b"), f"a line on 1m-last bars of {BTC} with one on 2m-last bars of {BTC}"),
        (("c", "a"), r"Ema\(3\) = nan is no indicator that is attached here"),
        (("a", "c"), r"Ema\(3\) = nan is no indicator that is attached here"),
        ((3, "a"), "3 is no indicator that is attached here"),
        (("a", 1), f"two crosses of {BTC} are named 'x'"),
    ],
)
def test_a_cross_that_cannot_be_is_refused(lines, said):
    data = minutes([100]) | trades(100)
    with pytest.raises(StrategyError, match=said):
        ready(crossing(*lines), data)


class WrongOutput(Listener):
    def setup(self) -> None:
        macd = self.indicator(Macd(), BTC, "1m")
        self.cross("signal", (macd, "lime"), 0)


def test_a_wrong_output_names_the_right_ones():
    with pytest.raises(StrategyError, match="no output 'lime'") as caught:
        ready(WrongOutput, minutes([100]))
    assert caught.value.remedy == "it has: line, signal, histogram"


class TooLate(Listener):
    def on_start(self) -> None:
        self.late()

    def late(self) -> None:
        self.subscribe_quotes(BTC)


class TooLateToAttach(TooLate):
    def late(self) -> None:
        self.indicator(Sma(2), BTC, "1m")


class TooLateToThrottle(TooLate):
    def late(self) -> None:
        self.subscribe_quotes(BTC, every_ms=1)


@pytest.mark.parametrize("cls", [TooLate, TooLateToAttach, TooLateToThrottle])
def test_what_wakes_a_strategy_is_declared_in_setup(cls):
    with pytest.raises(StrategyError, match=r"s0 subscribes to .* outside setup\(\)"):
        run(cls, mids(100))
