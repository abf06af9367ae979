"""All statistics of a run, from its equity curve and its round trips."""

import math
from collections.abc import Sequence
from decimal import Decimal

from openoutcry.replay.analytics import drawdown, returns
from openoutcry.replay.analytics.trades import exposure_ns, is_win
from openoutcry.replay.result import EquityPoint, Money, Performance, TradeRow

_HOUR_NS = 3_600 * 10**9


def performance(
    equity: Sequence[EquityPoint],
    trades: Sequence[TradeRow],
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
    first = float(equity[0].equity) if equity else 0.0
    last = float(equity[-1].equity) if equity else 0.0
    days = (last_ts - first_ts) / returns.DAY_NS
    daily = returns.daily_returns(equity)
    usable = daily if daily is not None else []
    fall = drawdown.worst(equity)
    growth = returns.cagr(first, last, days)
    closed = [t for t in trades if t.exit_ts is not None]
    nets = _nets(closed, account_currency)
    wins, losses = [n for n in nets if n > 0], [n for n in nets if n < 0]
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
        trades=len(closed),
        win_rate=_ratio(sum(map(is_win, closed)), len(closed)),
        profit_factor=_ratio(sum(wins), -sum(losses)),
        payoff_ratio=_ratio(_ratio(sum(wins), len(wins)), _ratio(-sum(losses), len(losses))),
        average_trade=_ratio(sum(nets), len(nets)),
        best_trade=Money(amount=max(nets), currency=account_currency) if nets else None,
        worst_trade=Money(amount=min(nets), currency=account_currency) if nets else None,
        average_trade_hours=_ratio(_held_hours(closed), len(closed)),
        exposure=_ratio(exposure_ns(trades, last_ts), last_ts - first_ts),
    )


def _nets(closed: Sequence[TradeRow], currency: str) -> list[Decimal]:
    if any(trade.currency != currency for trade in closed):
        return []
    return [trade.net for trade in closed if trade.net is not None]


def _held_hours(closed: Sequence[TradeRow]) -> float:
    return math.fsum((t.exit_ts - t.entry_ts) / _HOUR_NS for t in closed if t.exit_ts is not None)


def _ratio(part: Decimal | float | None, whole: Decimal | float | None) -> float | None:
    """A ratio as a float; None instead of a division by zero or by what is not defined."""
    if part is None or not whole:
        return None
    return float(part) / float(whole)
