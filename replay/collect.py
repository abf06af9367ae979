"""Turns a played session into its result: names, decimals, statistics. Decides nothing."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import msgspec
import numpy as np

from openoutcry.actors.books import ACCOUNT
from openoutcry.replay.analytics.drawdown import curve
from openoutcry.replay.analytics.funnel import explain, top_reasons
from openoutcry.replay.analytics.performance import performance
from openoutcry.replay.analytics.trades import Trades
from openoutcry.replay.assumptions import assumptions
from openoutcry.replay.record import STATUSES, roomy
from openoutcry.replay.result import (
    Amounts,
    Detail,
    Failure,
    Funnel,
    Money,
    PositionRow,
    ReplayResult,
    Status,
    StrategyResult,
)
from openoutcry.replay.rows import fill_rows, order_rows
from openoutcry.replay.session import ReplaySession
from openoutcry.state.enums import OrderStatus
from openoutcry.state.errors import MissingData
from openoutcry.state.identifiers import StrategyId, VenueId
from openoutcry.state.messages import to_decimal


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What only the caller of a session knows."""

    run_id: str
    interrupted: bool
    first_ts: int


def collect(session: ReplaySession, facts: RunFacts) -> ReplayResult:
    """The result of a played session, without its measurement."""
    return _Collector(session, facts).result()


class _Collector:
    """Holds what several parts of the result are made of."""

    def __init__(self, session: ReplaySession, facts: RunFacts) -> None:
        self.session = session
        self.facts = facts
        self.graph = session.graph
        self.books = session.graph.books
        self.universe = session.universe
        self.currency = session.config.run.account_currency
        self.run = session.record.columns(session.universe, self.books.names, self.currency)
        self.trades = Trades(self.run.fills, self.run.names)

    def result(self) -> ReplayResult:
        session, facts = self.session, self.facts
        run, trades, equity = self.run, self.trades, self.run.equity
        initial, final = (
            to_decimal(int(equity.units[at]), equity.scale) if len(equity) else Decimal(0)
            for at in (0, -1)
        )
        last_ts = max(session.kernel.now, facts.first_ts)
        stats = performance(equity, trades, self.currency, facts.first_ts, last_ts)
        return ReplayResult(
            run_id=facts.run_id,
            name=session.config.run.name,
            mode=session.config.run.mode,
            status=self._status(),
            failures=tuple(
                Failure(
                    actor=item.actor,
                    sequence=item.sequence,
                    input=item.input,
                    error=item.error,
                    policy=item.policy,
                )
                for item in self.graph.supervisor.failures
            ),
            interrupted=facts.interrupted,
            state_hash=session.state_hash(),
            journal_hash=session.journal_hash(),
            first_ts=facts.first_ts,
            last_ts=last_ts,
            events_total=session.kernel.seq,
            events=session.kernel.counts(),
            orders=len(run.orders.id),
            fills=len(run.fills),
            denied=run.denied,
            funnel=self._funnel(),
            defects=session.kernel.defects(),
            initial_equity=Money(amount=initial, currency=self.currency),
            final_equity=Money(amount=final, currency=self.currency),
            realized_pnl=self._profits(ACCOUNT, realized=True),
            unrealized_pnl=self._profits(ACCOUNT, realized=False),
            fees=self._fees(),
            balances=self._balances(),
            performance=stats,
            strategies=tuple(map(self._strategy, session.graph.strategies)),
            positions=self._positions(),
            assumptions=assumptions(session.config, session.universe.instruments),
            config=msgspec.to_builtins(session.config),
            detail=Detail(
                orders=partial(order_rows, run),
                fills=partial(fill_rows, run),
                trades=trades.rows,
                equity=partial(curve, equity),
            ),
        )

    def _status(self) -> Status:
        supervisor = self.graph.supervisor
        paused = [actor.cell.paused for actor in self.graph.strategies.values()]
        if supervisor.halted or (paused and all(paused)):
            return "failed"
        return "partial" if self.facts.interrupted or supervisor.failures else "complete"

    # --- rows -----------------------------------------------------------------------------------

    def _positions(self) -> tuple[PositionRow, ...]:
        rows = []
        for strategy in self.graph.strategies:
            for number in self.books.held:
                item = self.universe.instruments[number]
                position = self.books.position_view(strategy, item.id)
                if position.quantity:
                    rows.append(
                        PositionRow(
                            strategy=strategy,
                            instrument=item.id,
                            position=None,
                            quantity=position.quantity,
                            average_price=position.average_entry_price or Decimal(0),
                            mark=self._mark(number),
                            unrealized_pnl=position.unrealized.amount
                            if position.unrealized is not None
                            else None,
                            currency=item.settlement,
                        )
                    )
        return tuple(rows)

    def _mark(self, number: int) -> Decimal | None:
        units = self.session.market.valuation(number, 0)
        return None if units is None else self.universe.instruments[number].price(units)

    # --- sums -----------------------------------------------------------------------------------

    def _profits(self, book: int, *, realized: bool) -> Amounts:
        take = self.books.realized_by_currency if realized else self.books.unrealized_by_currency
        try:
            return self._amounts(take(book))
        except MissingData:
            return {}

    def _amounts(self, units: dict[str, int]) -> Amounts:
        scale = self.universe.scale
        return {code: to_decimal(count, scale(code)) for code, count in sorted(units.items())}

    def _fees(self) -> Amounts:
        paid = {code: self.books.fees(code) for code, _ in self.universe.currencies}
        return self._amounts({code: units for code, units in paid.items() if units})

    def _balances(self) -> dict[VenueId, Amounts]:
        codes = [code for code, _ in self.universe.currencies]
        return {
            venue: self._amounts(
                {code: units for code in codes if (units := self.books.balance(venue, code))}
            )
            for venue in self.books.venues
        }

    def _funnel(self) -> Funnel:
        orders, run = self.run.orders, self.run
        statuses = np.bincount(orders.status, minlength=len(STATUSES)).tolist()
        rejected = STATUSES.index(OrderStatus.REJECTED)
        not_sent = statuses[STATUSES.index(OrderStatus.NOT_SENT)]
        reasons = Counter(run.denials)
        for number in orders.reason[orders.status == rejected].tolist():
            reasons["; ".join(run.names.reasons[number])] += 1
        funnel = Funnel(
            events=self.session.kernel.seq,
            delivered=self.session.delivered,
            signals=len(orders.id),
            denied=run.denied,
            not_sent=not_sent,
            submitted=len(orders.id) - run.denied - not_sent,
            rejected=statuses[rejected],
            filled=int((orders.filled != 0).sum()),
            reasons=top_reasons(reasons),
        )
        return msgspec.structs.replace(funnel, explanation=explain(funnel))

    def _strategy(self, name: StrategyId) -> StrategyResult:
        book = self.books.names.index(name)
        orders, fills, trades = self.run.orders, self.run.fills, self.trades
        mine = orders.book == book
        denied = STATUSES.index(OrderStatus.DENIED)
        own = trades.book == book
        config = next(item for item in self.session.config.strategies if item.id == name)
        return StrategyResult(
            strategy=name,
            type=config.type,
            status="paused" if self.graph.strategies[name].cell.paused else "ok",
            orders=int(mine.sum()),
            fills=int((fills.book == book).sum()),
            denied=int((orders.status[mine] == denied).sum()),
            trades=int((trades.closed & own).sum()),
            wins=int((trades.wins & own).sum()),
            fees=self._fees_of(book),
            realized_pnl=self._profits(book, realized=True),
            unrealized_pnl=self._profits(book, realized=False),
        )

    def _fees_of(self, book: int) -> Amounts:
        fills = self.run.fills
        mine = (fills.book == book) & (fills.fee != 0)
        paid, currencies = fills.fee[mine], fills.fee_currency[mine]
        paid = roomy(paid, len(paid))
        return self._amounts(
            {
                self.universe.currencies[number][0]: int(paid[currencies == number].sum())
                for number in np.unique(currencies).tolist()
            }
        )
