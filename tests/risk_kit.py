"""The engine's risk with limits in few words, and a world whose every answer is set by the test."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openoutcry import _native
from openoutcry.actors.risk_limits import native_risk
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import CollarConfig, RiskConfig, RiskLimits
from openoutcry.state.enums import Mode, Side
from openoutcry.state.identifiers import InstrumentId, StrategyId
from openoutcry.state.instruments import Instrument, Spot
from openoutcry.state.universe import Universe
from tests.order_kit import BTC, STRATEGY

NOW = 10**18
OTHER = StrategyId("s2")


def coin(instrument: InstrumentId = BTC, **changes: Any) -> Spot:
    """A spot market in cents and whole coins."""
    fields: dict[str, Any] = {
        "id": instrument,
        "base_currency": "BTC",
        "quote": "USDT",
        "price_scale": 2,
        "size_scale": 0,
        "tick": Decimal("0.01"),
        "lot": Decimal(1),
    }
    return Spot(**(fields | changes))


COIN = coin()


def risk(
    config: RiskConfig | None = None,
    mode: Mode = Mode.REPLAY,
    instruments: Iterable[Instrument] = (COIN,),
    strategies: Iterable[StrategyId] = (STRATEGY, OTHER),
) -> _native.Risk:
    """Risk of a run with these instruments and strategies; without a config every order is denied."""
    universe = Universe(instruments)
    directory = _native.Directory(universe.specs, universe.currencies, list(strategies))
    return native_risk(
        directory,
        universe.instruments,
        config or RiskConfig(),
        mode,
        money=("USDT", 8),
        strategies=list(strategies),
    )


class World:
    """A risk view whose every answer is set by the test. Bid 99.90, ask 100.10."""

    def __init__(self) -> None:
        self.now = NOW
        self.last_quote: tuple[int, int, int, int, int] | None = (NOW, 9_990, 10_010, 5, 5)
        self.last_trade: tuple[int, int, int] | None = None
        self.last_bar: tuple[int, int] | None = None
        self.positions: dict[StrategyId | None, int] = {}
        self.working: dict[StrategyId | None, tuple[int, int]] = {}
        self.ours: dict[Side, list[tuple[StrategyId, int]]] = {}
        self.heard: int | None = NOW
        self.lost = False
        self.price: int | None = 10_000

    def quote(self, _instrument: InstrumentId) -> tuple[int, int, int, int, int] | None:
        return self.last_quote

    def trade(self, _instrument: InstrumentId) -> tuple[int, int, int] | None:
        return self.last_trade

    def bar(self, _instrument: InstrumentId) -> tuple[int, int] | None:
        return self.last_bar

    def position_units(self, strategy: StrategyId | None, _instrument: InstrumentId) -> int:
        return self.positions.get(strategy, 0)

    def working_units(
        self, strategy: StrategyId | None, _instrument: InstrumentId
    ) -> tuple[int, int]:
        return self.working.get(strategy, (0, 0))

    def worth(self, _instrument: InstrumentId, units: int) -> int | None:
        return None if self.price is None else units * self.price

    def data_ts(self, _instrument: InstrumentId) -> int | None:
        return self.heard

    def book_lost(self, _instrument: InstrumentId) -> bool:
        return self.lost

    def resting(self, _instrument: InstrumentId, side: Side) -> list[tuple[StrategyId, int]]:
        return self.ours.get(side, [])


@dataclass(frozen=True)
class Rule:
    """One check of a risk whose other checks are not listened to."""

    name: str
    risk: _native.Risk

    def check(self, order: SubmitOrder, added: int, world: World) -> str | None:
        """Why the check lets an order not pass."""
        for reason in self.risk.reasons(order, added, world):
            name, why = reason.split(": ", 1)
            if name == self.name:
                return why
        return None


def check(
    name: str,
    *,
    mode: Mode = Mode.REPLAY,
    instrument: Instrument = COIN,
    collar: Any = None,
    **limits: Any,
) -> Rule:
    """A check with the limits that are named here, and no others."""
    ages = CollarConfig(max_deviation_bps=collar)
    config = RiskConfig(default=RiskLimits(collar=ages, **limits))
    return Rule(name, risk(config, mode, [instrument]))
