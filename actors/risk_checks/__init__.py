"""Pre-trade checks, one file each: `base.py` says what a check may read and how it answers."""

from collections.abc import Sequence
from typing import Any

from openoutcry.actors.risk_checks.base import RiskCheck
from openoutcry.actors.risk_checks.max_order_quantity import MaxOrderQuantity
from openoutcry.actors.risk_checks.max_order_value import MaxOrderValue
from openoutcry.actors.risk_checks.max_position import MaxPosition
from openoutcry.actors.risk_checks.order_rate import OrderRate
from openoutcry.actors.risk_checks.price_collar import PriceCollar
from openoutcry.actors.risk_checks.self_match import SelfMatch
from openoutcry.state.config import RiskConfig
from openoutcry.state.enums import Mode
from openoutcry.state.instruments import Instrument

__all__ = [
    "MaxOrderQuantity",
    "MaxOrderValue",
    "MaxPosition",
    "OrderRate",
    "PriceCollar",
    "RiskCheck",
    "SelfMatch",
    "standard_checks",
]


def standard_checks(
    instruments: Sequence[Instrument], config: RiskConfig, mode: Mode
) -> tuple[RiskCheck[Any], ...]:
    """The checks that every order passes, in the order in which their reasons are named."""
    return (
        PriceCollar(instruments, config, mode),
        MaxOrderValue(instruments, config, mode),
        MaxOrderQuantity(instruments, config, mode),
        MaxPosition(instruments, config, mode),
        OrderRate(instruments, config, mode),
        SelfMatch(instruments, config, mode),
    )
