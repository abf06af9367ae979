"""Trading hours in a replay: what trades when, which orders end, and which bars close."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from openoutcry import _native
from openoutcry.actors.strategy import Strategy
from openoutcry.replay.assumptions import assumptions
from openoutcry.replay.engine import replay
from openoutcry.replay.importers import ImportOptions, import_data
from openoutcry.replay.session import ReplaySession
from openoutcry.state.calendars import WEEKDAYS, Calendar
from openoutcry.state.catalog import Catalog
from openoutcry.state.config import Config, StrategyConfig, VenueConfig
from openoutcry.state.enums import AccountType, PriceType, TimeInForce
from openoutcry.state.errors import ConfigError
from openoutcry.state.events import AnyOrderEvent, OrderFilled, TimerFired
from openoutcry.state.identifiers import InstrumentId, StrategyId, VenueId
from openoutcry.state.instruments import Equity
from openoutcry.state.market_data import Bar, Trade
from tests.harness import columns, config, feed, play, session, strategy

US = Calendar(
    name="us",
    time_zone="America/New_York",
    weekly=dict.fromkeys(WEEKDAYS[:5], (("09:30", "16:00"),)),
    holidays=(date(2015, 12, 25),),
    early_closes={date(2015, 12, 24): "13:00"},
)
SHARE = Equity(
    id=InstrumentId("X.SIM"),
    quote="USD",
    price_scale=2,
    size_scale=0,
    tick=Decimal("0.01"),
    lot=Decimal(1),
    calendar="us",
)
VENUE = VenueConfig(
    name=VenueId("SIM"),
    account=AccountType.MARGIN,
    leverage=Decimal(4),
    balances={"USD": Decimal(1_000_000)},
)


def at(text: str) -> int:
    """New York's clock as nanoseconds UTC."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))
    return int(local.timestamp()) * 10**9


def shown(ts: int) -> str:
    """Nanoseconds UTC on New York's clock."""
    when = datetime.fromtimestamp(ts // 10**9, ZoneInfo("America/New_York"))
    return when.strftime("%d %H:%M")


def trades(*rows: tuple[str, int]) -> Any:
    """Trades of ten shares."""
    ts = [at(when) for when, _ in rows]
    return columns(
        ts_event=ts,
        ts_received=ts,
        price=[price for _, price in rows],
        size=[10] * len(rows),
        aggressor=[0] * len(rows),
        trade_id=[0] * len(rows),
    )


def days(*rows: tuple[str, str, int, int]) -> Any:
    """Daily bars (open time, close time, open, close); highs and lows are their ends."""
    ends = [at(end) for _, end, _, _ in rows]
    return columns(
        ts_open=[at(start) for start, _, _, _ in rows],
        ts_event=ends,
        ts_received=ends,
        open=[row[2] for row in rows],
        high=[max(row[2:]) for row in rows],
        low=[min(row[2:]) for row in rows],
        close=[row[3] for row in rows],
        volume=[1000] * len(rows),
        count=[0] * len(rows),
    )


class Step(msgspec.Struct, frozen=True):
    """An order: when, and its limit and time in force."""

    at: int
    limit: str | None = None
    tif: TimeInForce = TimeInForce.GTC


class Planned(Strategy):
    """Buys one share at each step of a plan; writes down what becomes of it."""

    class Params(Strategy.Params):
        instrument: InstrumentId
        plan: tuple[Step, ...] = ()
        bars: tuple[str, ...] = ()

    params: Params
    log: list[str]
    seen: list[Bar]

    def setup(self) -> None:
        self.log, self.seen = [], []
        for timeframe in self.params.bars:
            self.subscribe_bars(self.params.instrument, timeframe, PriceType.LAST)

    def on_start(self) -> None:
        for number, step in enumerate(self.params.plan):
            self.set_timer(str(number), step.at)

    def on_timer(self, timer: TimerFired) -> None:
        step = self.params.plan[int(timer.name)]
        kind: dict[str, Any] = {} if step.limit is None else {"limit": step.limit}
        self.buy(self.params.instrument, 1, time_in_force=step.tif, **kind)

    def on_bar(self, bar: Bar) -> None:
        self.seen.append(bar)

    def on_fill(self, fill: OrderFilled) -> None:
        self.log.append(f"{shown(self.now)} filled {fill.price}")

    def on_order(self, event: AnyOrderEvent) -> None:
        reason = getattr(event, "reason", "")
        if reason or type(event).__name__ == "OrderExpired":
            self.log.append(f"{shown(self.now)} {type(event).__name__} {reason}".rstrip())


def run(
    data: Any,
    *plan: Step,
    kind: str = "trade",
    hours: str = "regular",
    bars: tuple[str, ...] = (),
    share: Equity = SHARE,
    **options: Any,
) -> tuple[ReplaySession, Planned]:
    """Play data of one kind with one plan."""
    recorded = kind.startswith("bar:")
    feeds = [feed(share.id, "bar", bars=[kind[4:]])] if recorded else [feed(share.id, kind)]
    steps = [msgspec.to_builtins(step) for step in plan]
    made = strategy(Planned, instrument=share.id, plan=steps, bars=bars)
    venue = msgspec.structs.replace(VENUE, hours=hours)
    settings = config(venue, feeds, [made], currency="USD")
    first = int(data["ts_received"][0]) - 86_400 * 10**9
    played = play(
        session(settings, [share], {(kind, share.id): data}, start=first, calendars=[US], **options)
    )
    found = played.graph.strategies[StrategyId("s")].strategy
    assert isinstance(found, Planned)
    return played, found


CHRISTMAS = trades(
    ("2015-12-24T08:00", 100),
    ("2015-12-24T09:30", 101),
    ("2015-12-24T12:59", 102),
    ("2015-12-24T13:00", 103),
    ("2015-12-24T15:30", 104),
    ("2015-12-28T08:00", 90),
    ("2015-12-28T09:31", 91),
    ("2015-12-28T15:59", 92),
    ("2015-12-28T16:01", 93),
)


def test_a_market_order_outside_the_hours_is_rejected_and_inside_it_fills() -> None:
    plan = [Step(at(f"2015-12-24T{t}")) for t in ("08:30", "10:00", "13:30", "15:45")]
    _, made = run(CHRISTMAS, *plan)
    assert made.log == [
        "24 08:30 OrderRejected market_closed",
        "24 10:00 filled 1.01",
        "24 13:30 OrderRejected market_closed",
        "24 15:45 OrderRejected market_closed",
    ]


def test_limit_orders_rest_until_the_open_and_day_orders_end_at_the_early_close() -> None:
    plan = [
        Step(at("2015-12-24T10:00"), "0.50", TimeInForce.DAY),
        Step(at("2015-12-24T14:00"), "0.95", TimeInForce.GTC),
        Step(at("2015-12-24T14:00"), "0.50", TimeInForce.DAY),
    ]
    _, made = run(CHRISTMAS, *plan)
    expired = [line for line in made.log if "Expired" in line]
    assert [line[:8] for line in expired] == ["24 13:00", "28 16:00"]
    # 0.90 was traded before the open of the 28th, where nothing matches.
    assert [line for line in made.log if "filled" in line] == ["28 09:31 filled 0.95"]


def test_all_hours_match_whenever_there_is_data() -> None:
    plan = [
        Step(at("2015-12-24T13:30")),
        Step(at("2015-12-24T14:00"), "0.50", TimeInForce.DAY),
    ]
    _, made = run(CHRISTMAS, *plan, hours="all")
    assert made.log[0] == "24 13:30 filled 1.03"
    assert made.log[1].startswith("25 00:00 OrderExpired")


DAILY = days(
    ("2015-12-23T09:30", "2015-12-23T16:00", 100, 101),
    ("2015-12-24T09:30", "2015-12-24T13:00", 102, 103),
    ("2015-12-28T09:30", "2015-12-28T16:00", 104, 95),
)


def test_an_order_at_the_close_of_a_daily_bar_waits_for_the_next_open() -> None:
    """It is decided when the market has just closed, and is not rejected for that."""
    plan = [
        Step(at("2015-12-23T16:00")),
        Step(at("2015-12-24T18:00")),
        Step(at("2015-12-25T10:00"), "0.96", TimeInForce.DAY),
    ]
    _, made = run(DAILY, *plan, kind="bar:1d-last")
    # The limit fills inside the bar that ends with its day, not after it.
    assert made.log == ["24 09:30 filled 1.02", "28 09:30 filled 1.04", "28 16:00 filled 0.96"]


def test_a_day_that_begins_at_midnight_trades_from_the_open() -> None:
    data = days(
        ("2015-12-23T00:00", "2015-12-24T00:00", 100, 101),
        ("2015-12-24T00:00", "2015-12-25T00:00", 102, 103),
        ("2015-12-25T00:00", "2015-12-26T00:00", 50, 50),  # nobody can have traded on the holiday
        ("2015-12-28T00:00", "2015-12-29T00:00", 104, 95),
    )
    plan = [Step(at("2015-12-24T00:00")), Step(at("2015-12-25T00:00"))]
    _, made = run(data, *plan, kind="bar:1d-last")
    assert made.log == ["24 09:30 filled 1.02", "28 09:30 filled 1.04"]


def test_day_bars_close_with_the_session_and_shorter_ones_are_cut_there() -> None:
    played, made = run(CHRISTMAS, bars=("1d", "1h"))
    spans = {
        frame: [
            (shown(b.ts_open), shown(b.ts_event), b.open_units, b.close_units, b.count)
            for b in made.seen
            if b.timeframe == frame
        ]
        for frame in ("1d", "1h")
    }
    assert spans["1d"] == [
        ("24 09:30", "24 13:00", 101, 102, 2),
        ("28 09:30", "28 16:00", 91, 92, 2),
    ]
    assert spans["1h"] == [
        ("24 08:00", "24 09:00", 100, 100, 1),
        ("24 09:30", "24 10:00", 101, 101, 1),
        ("24 12:00", "24 13:00", 102, 102, 1),
        ("24 13:00", "24 14:00", 103, 103, 1),
        ("24 15:00", "24 16:00", 104, 104, 1),
        ("28 08:00", "28 09:00", 90, 90, 1),
        ("28 09:30", "28 10:00", 91, 91, 1),
        ("28 15:00", "28 16:00", 92, 92, 1),
    ]
    assert played.kernel.defects()["outside_session"] == 5


def test_day_bars_follow_the_clock_of_the_exchange() -> None:
    """New York moved its clock on 2024-03-10: the close moves from 21:00 to 20:00 UTC."""
    data = trades(
        ("2024-03-08T15:59", 100), ("2024-03-08T16:01", 1), ("2024-03-11T15:59", 101),
        ("2024-03-11T16:30", 1),
    )  # fmt: skip
    _, made = run(data, bars=("1d",))
    ends = [datetime.fromtimestamp(bar.ts_event // 10**9, UTC).hour for bar in made.seen]
    assert (ends, [bar.close_units for bar in made.seen]) == ([21, 20], [100, 101])


def test_without_a_calendar_days_end_at_midnight_utc() -> None:
    _, made = run(CHRISTMAS, bars=("1d",), share=msgspec.structs.replace(SHARE, calendar=None))
    assert [b.ts_event % (86_400 * 10**9) for b in made.seen] == [0] * len(made.seen)
    assert made.seen[0].count == 5


def test_the_live_builder_makes_the_same_bars() -> None:
    played, made = run(CHRISTMAS, bars=("1d", "1h"))
    spec = played.universe.specs[0]
    start, end = at("2015-12-01T00:00"), at("2016-01-31T00:00")
    for frame in ("1d", "1h"):
        builder = _native.BarBuilder(spec, frame, "last", US.sessions(start, end))
        built = []
        for ts, price in zip(CHRISTMAS["ts_received"], CHRISTMAS["price"], strict=True):
            trade = Trade(SHARE.id, int(ts), int(ts), 2, 0, int(price), 10, None, "")
            built += [bar for bar in (builder.update(trade),) if bar is not None]
        built += [bar for bar in (builder.close_until(at("2015-12-28T16:00")),) if bar is not None]
        assert built == [bar for bar in made.seen if bar.timeframe == frame]
        assert builder.outside == (5 if frame == "1d" else 0)


@pytest.mark.parametrize("kind", ["trade", "bar:1d-last"])
def test_skipping_changes_nothing(kind: str) -> None:
    data = CHRISTMAS if kind == "trade" else DAILY
    plan = [
        Step(at("2015-12-24T10:00")),
        Step(at("2015-12-24T14:00"), "0.95", TimeInForce.DAY),
        Step(at("2015-12-24T14:00")),
    ]
    bars = ("1d", "15m") if kind == "trade" else ()
    runs = [run(data, *plan, kind=kind, bars=bars, stepping=step)[0] for step in (False, True)]
    assert runs[0].journal_hash() == runs[1].journal_hash()
    assert runs[0].state_hash() == runs[1].state_hash()


def test_a_calendar_that_is_nowhere_is_named() -> None:
    lost = msgspec.structs.replace(SHARE, calendar="mars")
    with pytest.raises(ConfigError, match=r"X\.SIM: there is no calendar 'mars'") as caught:
        run(CHRISTMAS, share=lost)
    assert "us" in caught.value.remedy


@pytest.mark.parametrize(
    ("calendar", "hours", "words"),
    [
        ("us", "regular", ("calendar us", "market_closed")),
        ("us", "all", ("calendar us", "whenever there is data")),
        (None, "regular", ("no calendar", "around the clock")),
    ],
)
def test_the_assumptions_say_which_hours_apply(
    calendar: str | None, hours: str, words: tuple[str, ...]
) -> None:
    venue = msgspec.structs.replace(VENUE, hours=hours)
    settings = config(venue, [], [], currency="USD")
    told = assumptions(settings, [msgspec.structs.replace(SHARE, calendar=calendar)])
    assert all(word in told["X.SIM hours"] for word in words)


def lean(shared_data: Path, folder: Path, *paths: str) -> Catalog:
    """Files of the LEAN folder as a catalog."""
    for path in paths:
        import_data(shared_data / "lean" / path, "lean", folder, ImportOptions())
    return Catalog(folder)


def real(instrument: str, bars: str, *plan: Step) -> Config:
    """A plan on recorded bars."""
    steps = [msgspec.to_builtins(step) for step in plan]
    made = StrategyConfig(
        id=StrategyId("s"),
        type=f"{Planned.__module__}:{Planned.__qualname__}",
        params={"instrument": instrument, "plan": steps},
    )
    venue = msgspec.structs.replace(VENUE, name=VenueId("USA"))
    return config(venue, [feed(instrument, "bar", bars=[bars])], [made], currency="USD")


@pytest.mark.data
def test_google_on_christmas_eve(shared_data: Path, tmp_path: Path) -> None:
    """Recorded minutes of a short day: the venue closes at 13:00."""
    catalog = lean(shared_data, tmp_path, "equity/usa/minute/goog/20151224_trade.zip")
    (calendar,) = catalog.calendars()
    assert (catalog.instrument("GOOG.USA").calendar, calendar.name) == ("equity-usa", "equity-usa")
    plan = [
        Step(at("2015-12-24T12:30")),
        Step(at("2015-12-24T12:30"), "100", TimeInForce.DAY),
        Step(at("2015-12-24T12:59")),
        Step(at("2015-12-24T13:30")),
    ]
    settings = real("GOOG.USA", "1m-last", *plan)
    result = replay(settings, catalog=tmp_path)
    assert "calendar equity-usa" in result.assumptions["GOOG.USA hours"]
    detail = result.detail
    assert detail is not None
    assert [shown(fill.ts) for fill in detail.fills] == ["24 12:30", "24 12:59"]
    # Trading went on until 16:11, where neither the order of 13:30 nor the DAY order has a market.
    ends = [order.status.value for order in detail.orders]
    assert ends == ["filled", "expired", "filled", "canceled"]


@pytest.mark.data
def test_days_of_apple_fill_at_the_next_open(shared_data: Path, tmp_path: Path) -> None:
    """A market order at each close, early close or not, fills at the next session's open."""
    lean(shared_data, tmp_path, "equity/usa/daily/aapl.zip")
    plan = [
        Step(at(text))
        for text in ("2014-11-26T16:00", "2014-11-28T13:00", "2014-12-24T13:00", "2014-12-26T16:00")
    ]
    settings = real("AAPL.USA", "1d-last", *plan)
    start, end = at("2014-11-20T00:00"), at("2015-01-05T00:00")
    detail = replay(settings, catalog=tmp_path, start=start, end=end).detail
    assert detail is not None
    assert [shown(fill.ts) for fill in detail.fills] == [
        "28 09:30",
        "01 09:30",
        "26 09:30",
        "29 09:30",
    ]
