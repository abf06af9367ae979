"""Finds a strategy by its config name: a shipped one, or `module:Class`."""

import importlib
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

import msgspec

from openoutcry.actors.strategy import Strategy
from openoutcry.state.config import StrategyConfig
from openoutcry.state.errors import ConfigError

SHIPPED: Final = {
    "bollinger_reversion": "openoutcry.actors.strategies.bollinger_reversion:BollingerReversion",
    "buy_and_hold": "openoutcry.actors.strategies.buy_and_hold:BuyAndHold",
    "ema_cross": "openoutcry.actors.strategies.ema_cross:EmaCross",
    "market_maker": "openoutcry.actors.strategies.market_maker:MarketMaker",
    "sma_cross": "openoutcry.actors.strategies.sma_cross:SmaCross",
}


def load_strategy(config: StrategyConfig) -> tuple[type[Strategy], Strategy.Params]:
    """The class and decoded parameters of a configured strategy.

    Raises:
        ConfigError: It does not exist, is no Strategy, or its parameters do not fit.
    """
    strategy_class = find_strategy(config.type)
    for name in [name for name, value in config.params.items() if isinstance(value, float)]:
        # Left alone, a float would become the decimal of its shortest text.
        if _is_decimal(strategy_class, name):
            value = config.params[name]
            raise ConfigError(
                f"strategy {config.id}: {name} = {value} is a float",
                remedy=f'write {name} = "{value}"',
            )
    try:
        params = msgspec.convert(config.params, strategy_class.Params, strict=True)
    except msgspec.ValidationError as error:
        fields = ", ".join(strategy_class.Params.__struct_fields__) or "none"
        raise ConfigError(
            f"strategy {config.id}: parameters of {config.type}: {error}",
            remedy=f"its parameters are: {fields}; decimals are written as texts",
        ) from error
    return strategy_class, params


def _is_decimal(strategy_class: type[Strategy], name: str) -> bool:
    fields = msgspec.structs.fields(strategy_class.Params)
    return any(field.name == name and field.type is Decimal for field in fields)


def find_strategy(name: str) -> type[Strategy]:
    """A strategy class by its shipped name or `module:Class`.

    Raises:
        ConfigError: There is none.
    """
    target = SHIPPED.get(name, name)
    module_name, colon, class_name = target.partition(":")
    if not colon:
        near = get_close_matches(name, SHIPPED, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"shipped ones: {', '.join(SHIPPED)}"
        raise ConfigError(
            f"there is no strategy {name!r}", remedy=f"{hint} Your own is written module:Class"
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigError(
            f"strategy {name!r}: {error}",
            remedy="run from the folder that holds the module, or install it",
        ) from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise ConfigError(f"{name!r} is no Strategy class", remedy="derive it from Strategy")
    return found
