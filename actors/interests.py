"""What wakes a strategy, declared in Python and decided by the engine.

The engine updates attached indicators and compares lines, quotes and prices as the market changes; a
strategy is entered only when something fired. See `docs/reference/interests.md`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from openoutcry import _native
from openoutcry.actors.dispatcher import Cell
from openoutcry.actors.indicators.base import Indicator
from openoutcry.actors.market_data import MarketDataActor, UnwatchPrice, WatchPrice
from openoutcry.state.enums import PriceType
from openoutcry.state.errors import CodecError, NotRepresentable, StrategyError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.universe import Universe

if TYPE_CHECKING:
    from openoutcry.actors.strategy import Number

_MILLISECOND = 1_000_000
_LONGEST_MS = 2**63 // _MILLISECOND
BarKey = tuple[InstrumentId, str, PriceType]
Line = Indicator | tuple[Indicator, str]


class SavedLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A price that is waited for; `above` says on which side the price was when it was set."""

    name: str
    instrument: InstrumentId
    units: int
    above: bool | None


class SavedInterests(msgspec.Struct, frozen=True, kw_only=True):
    """What the interests of one strategy remember.

    `sides` has one entry per cross, `passed` one per throttled subscription: time and doubled mid
    (price units) of the last quote that passed.
    """

    sides: list[bool | None]
    passed: list[tuple[int, int] | None]
    levels: list[SavedLevel]


class StrategyInterests:
    """Everything that one strategy asked to be woken for.

    Args:
        book: Number of the strategy.
        cell: The strategy actor's cell.
        hears_bars: Whether the strategy listens to bars: else they stay in the engine.
        universe: The instruments.
        data: Where subscriptions go; called in `setup`, outside any handler.
        emit: Sends a message to a cell when the handler returns.
    """

    def __init__(
        self,
        *,
        book: int,
        cell: Cell,
        hears_bars: bool,
        universe: Universe,
        data: MarketDataActor,
        emit: Callable[[Cell, object], None],
    ) -> None:
        self.indicators: list[Indicator] = []
        self._bars: list[BarKey] = []  # of `indicators`
        self._names: set[tuple[str, InstrumentId]] = set()
        self._full: set[InstrumentId] = set()
        self._throttled: set[InstrumentId] = set()
        self._sealed = False
        self._book = book
        self._cell = cell
        self._hears_bars = hears_bars
        self._universe = universe
        self._data = data
        self._engine = data.interests
        self._emit = emit

    def clear(self) -> None:
        """Forget what an earlier instance of this strategy declared."""
        self._engine.release(self._book)

    def seal(self) -> None:
        """End of `setup`: nothing is declared any more, and prices can be watched."""
        self._sealed = True

    # --- declared in setup --------------------------------------------------------------------

    def subscribe(self, kind: str, instrument: InstrumentId) -> None:
        """Deliver every datum of a kind."""
        self._check_setup(f"subscribes to {kind} of {instrument}")
        self._universe.instrument(instrument)
        if kind == "quote":
            self._check_one(instrument, self._throttled)
            self._full.add(instrument)
        self._data.subscribe(kind, instrument, self._cell)

    def throttle(
        self, instrument: InstrumentId, every_ms: int | None, min_ticks: int | None
    ) -> None:
        """Deliver quotes that come late enough and far enough after the one before."""
        self._check_setup(f"subscribes to quotes of {instrument}")
        item = self._universe.instrument(instrument)
        self._check_one(instrument, self._full | self._throttled)
        ticks = _positive("min_ticks", min_ticks, 2**62 // item.tick_units)
        every_ns = _positive("every_ms", every_ms, _LONGEST_MS) * _MILLISECOND
        self._data.check_offered("quote", instrument, self._cell)
        self._throttled.add(instrument)
        number = self._universe.index[instrument]
        self._engine.throttle(self._book, number, every_ns, ticks * item.tick_units)

    def subscribe_bars(
        self, instrument: InstrumentId, timeframe: str, price_type: PriceType | None
    ) -> PriceType:
        """Have bars made, and delivered if the strategy listens to them; returns their price type."""
        self._check_setup(f"subscribes to {timeframe} bars of {instrument}")
        self._universe.instrument(instrument)
        resolved = self._data.provide_bars(instrument, timeframe, price_type, self._cell)
        if self._hears_bars:
            self._data.deliver_bars(instrument, timeframe, resolved, self._cell)
        return resolved

    def attach(
        self,
        indicator: Indicator,
        instrument: InstrumentId,
        timeframe: str,
        price_type: PriceType | None,
    ) -> None:
        """Have the engine update an indicator with these bars, before anybody sees them."""
        if type(indicator).update is not Indicator.update:
            raise StrategyError(
                f"{type(indicator).__name__} overrides update, which the engine does not call",
                remedy="subscribe to the bars and call its update(bar) in on_bar",
            )
        resolved = self.subscribe_bars(instrument, timeframe, price_type)
        number = self._universe.index[instrument]
        native = indicator.engine
        if not self._engine.attach(self._book, number, timeframe, resolved.value, native):
            raise StrategyError(
                f"{indicator!r} is attached twice: each bar would be counted twice",
                remedy="make an indicator for each place where one is attached",
            )
        self.indicators.append(indicator)
        self._bars.append((instrument, timeframe, resolved))

    def cross(
        self, name: str, first: Line, second: "Line | Number | float", skip_flat: bool
    ) -> None:
        """Tell when the first line changes the side of the second."""
        self._check_setup(f"declares the cross {name!r}")
        bars = self._bars_of(name, first)
        left, right = _native_line(first), _native_line(second)
        if isinstance(second, (Indicator, tuple)) and self._bars_of(name, second) != bars:
            one, other = (_bar_name(key) for key in (bars, self._bars_of(name, second)))
            raise StrategyError(
                f"cross {name!r} compares a line on {one} with one on {other}",
                remedy="attach both indicators to the same bars",
            )
        instrument, timeframe, price_type = bars
        if (name, instrument) in self._names:
            raise StrategyError(
                f"two crosses of {instrument} are named {name!r}", remedy="name one otherwise"
            )
        self._names.add((name, instrument))
        number = self._universe.index[instrument]
        kind = price_type.value
        self._engine.cross(self._book, name, number, timeframe, kind, left, right, skip_flat)

    # --- any time after setup -----------------------------------------------------------------

    def watch_price(self, name: str, instrument: InstrumentId, price: "Number") -> None:
        """Tell once when the price reaches a level, from the end of the handler on."""
        if not self._sealed:
            raise StrategyError(
                f"watch_price({name!r}) in setup: there is no price yet",
                remedy="call it in on_start",
            )
        if (name, instrument) in self._names:
            raise StrategyError(
                f"a cross of {instrument} is named {name!r}", remedy="name the level otherwise"
            )
        item = self._universe.instrument(instrument)
        if isinstance(price, float):
            raise NotRepresentable(
                f"price {price!r} is a float", remedy=f'write Decimal("{price}") or "{price}"'
            )
        self._data.check_offered(("quote", "trade"), instrument, self._cell)
        number, units = self._universe.index[instrument], item.price_units(price)
        self._emit(self._data.cell, WatchPrice(self._book, name, number, units))

    def unwatch_price(self, name: str, instrument: InstrumentId) -> None:
        """Forget a level, if it is still waited for."""
        self._universe.instrument(instrument)
        number = self._universe.index[instrument]
        self._emit(self._data.cell, UnwatchPrice(self._book, name, number))

    # --- memory -------------------------------------------------------------------------------

    def save(self) -> SavedInterests:
        """What crosses, throttles and levels remember."""
        sides, passed, levels = self._engine.memory(self._book)
        ids = [item.id for item in self._universe.instruments]
        saved = [
            SavedLevel(name=name, instrument=ids[number], units=units, above=above)
            for number, name, units, above in levels
        ]
        return SavedInterests(sides=sides, passed=passed, levels=saved)

    def restore(self, saved: SavedInterests) -> None:
        """Go on from what was saved.

        Raises:
            CodecError: The strategy declares other crosses or throttles, or an instrument is missing.
        """
        index = self._universe.index
        missing = [level.instrument for level in saved.levels if level.instrument not in index]
        if missing:
            raise CodecError(f"the snapshot waits for a price of {missing[0]}, which is not here")
        levels = [(index[one.instrument], one.name, one.units, one.above) for one in saved.levels]
        if not self._engine.remember(self._book, (saved.sides, saved.passed, levels)):
            raise CodecError(
                f"the snapshot has {len(saved.sides)} crosses and {len(saved.passed)} throttled "
                "subscriptions, the strategy others",
                remedy="start the strategy fresh, or run the code that wrote the snapshot",
            )

    # --- checks -------------------------------------------------------------------------------

    def _check_setup(self, what: str) -> None:
        if self._sealed:
            raise StrategyError(
                f"{self._cell.name} {what} outside setup()",
                remedy="declare it in setup; a strategy may ignore what it does not want now",
            )

    def _check_one(self, instrument: InstrumentId, others: set[InstrumentId]) -> None:
        if instrument in others:
            raise StrategyError(
                f"{self._cell.name} subscribes twice to quotes of {instrument}, throttled or not",
                remedy="subscribe once: to all quotes, or to some",
            )

    def _bars_of(self, name: str, line: Line) -> BarKey:
        indicator = line[0] if isinstance(line, tuple) else line
        for known, bars in zip(self.indicators, self._bars, strict=True):
            if known is indicator:
                return bars
        raise StrategyError(
            f"cross {name!r}: {line!r} is no indicator that is attached here",
            remedy="attach it with self.indicator first; only the second line may be a number",
        )


def _native_line(line: "Line | Number | float") -> tuple[_native.Indicator, str] | float:
    if isinstance(line, Indicator):
        return line.engine, line.outputs[0]
    if not isinstance(line, tuple):
        return float(line)
    indicator, output = line
    if output not in indicator.outputs:
        raise StrategyError(
            f"{indicator!r} has no output {output!r}",
            remedy=f"it has: {', '.join(indicator.outputs)}",
        )
    return indicator.engine, output


def _bar_name(bars: BarKey) -> str:
    instrument, timeframe, price_type = bars
    return f"{timeframe}-{price_type.value} bars of {instrument}"


def _positive(what: str, value: int | None, most: int) -> int:
    """The value, 0 for None."""
    if value is None:
        return 0
    if type(value) is not int or not 0 < value <= most:
        raise StrategyError(f"{what} is {value!r}", remedy=f"a whole number from 1 to {most}")
    return value
