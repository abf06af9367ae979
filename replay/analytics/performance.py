"""All statistics of a run, from its equity curve and its round trips."""

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from openoutcry.replay.analytics import drawdown, returns
from openoutcry.replay.analytics.trades import Trades, exposure_ns
from openoutcry.replay.record import EquityColumns
from openoutcry.replay.result import Money, Performance
from openoutcry.state.messages import to_decimal

_HOUR_NS = 3_600 * 10**9


def performance(
    equity: EquityColumns,
    trades: Trades,
    account_currency: str,
    first_ts: int,
    last_ts: int,
) -> Performance:
    """The statistics of a run.

    Trade statistics in money need one currency: they are None when trades settle in another than
    the account's, since no rate of their time is kept.

    Args:
        equity: Samples in order of time, in the account currency.
        trades: Round trips; open ones count for exposure only.
        account_currency: Currency of `equity`.
        first_ts: Nanoseconds of the first input.
        last_ts: Nanoseconds of the last.
    """
    first, last = (
        float(to_decimal(int(equity.units[at]), equity.scale)) if len(equity) else 0.0
        for at in (0, -1)
    )
    days = (last_ts - first_ts) / returns.DAY_NS
    daily = returns.daily_returns(equity)
    usable = returns.moments(daily if daily is not None else np.zeros(0))
    fall = drawdown.worst(equity)
    growth = returns.cagr(first, last, days)
    closed = int(trades.closed.sum())
    money = _Money.of(trades, account_currency)
    exits = np.where(trades.closed, trades.exit_ts, last_ts)
    return Performance(
        days=days,
        total_return=returns.total_return(first, last),
        cagr=growth,
        volatility=returns.volatility(usable),
        sharpe=returns.sharpe(usable),
        sortino=returns.sortino(usable),
        calmar=growth / fall.fraction if growth is not None and fall.fraction else None,
        psr=returns.probabilistic_sharpe(usable),
        max_drawdown=fall.fraction,
        max_drawdown_amount=fall.amount,
        max_drawdown_days=fall.duration_ns / returns.DAY_NS,
        trades=closed,
        win_rate=_ratio(int(trades.wins.sum()), closed),
        profit_factor=_ratio(money.won, money.lost),
        payoff_ratio=_ratio(_ratio(money.won, money.wins), _ratio(money.lost, money.losses)),
        average_trade=_ratio(money.won - money.lost, money.closed),
        best_trade=money.best,
        worst_trade=money.worst,
        average_trade_hours=_ratio(_held_hours(trades), closed),
        exposure=_ratio(exposure_ns(trades.entry_ts, exits), last_ts - first_ts),
    )


class _Money(NamedTuple):
    """What closed trades came to in the account's currency; sums are unsigned."""

    won: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    wins: int = 0
    losses: int = 0
    closed: int = 0
    best: Money | None = None
    worst: Money | None = None

    @classmethod
    def of(cls, trades: Trades, currency: str) -> "_Money":
        """Nothing when there are no closed trades, or one settles in another currency."""
        if not trades.closed.any() or not trades.all_settle_in(currency):
            return cls()
        units, scale = trades.nets
        places = trades.closed.nonzero()[0]
        nets = units[places].tolist()
        wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
        best, worst = (
            Money(amount=trades.profit(int(places[nets.index(net)]))[1], currency=currency)
            for net in (max(nets), min(nets))
        )
        won, lost = to_decimal(sum(wins), scale), to_decimal(-sum(losses), scale)
        return cls(won, lost, len(wins), len(losses), len(nets), best, worst)


def _held_hours(trades: Trades) -> float:
    held = (trades.exit_ts - trades.entry_ts)[trades.closed].tolist()
    return math.fsum(ns / _HOUR_NS for ns in held)


def _ratio(part: Decimal | float | None, whole: Decimal | float | None) -> float | None:
    """A ratio as a float; None instead of a division by zero or by what is not defined."""
    if part is None or not whole:
        return None
    return float(part) / float(whole)
