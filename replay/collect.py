"""Turns a played session into its result: names, decimals, statistics. Decides nothing."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from openoutcry.actors.books import ACCOUNT, Books
from openoutcry.replay.analytics.drawdown import curve
from openoutcry.replay.analytics.funnel import explain, top_reasons
from openoutcry.replay.analytics.performance import performance
from openoutcry.replay.analytics.trades import is_win, round_trips
from openoutcry.replay.assumptions import assumptions
from openoutcry.replay.result import (
    Amounts,
    Detail,
    Failure,
    FillRow,
    Funnel,
    Money,
    OrderRow,
    PositionRow,
    ReplayResult,
    Status,
    StrategyResult,
    TradeRow,
)
from openoutcry.replay.session import ReplaySession
from openoutcry.state.commands import SubmitOrder
from openoutcry.state.enums import OrderStatus
from openoutcry.state.errors import MissingData
from openoutcry.state.events import OrderFilled
from openoutcry.state.identifiers import ClientOrderId, StrategyId, VenueId
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
        self.record = session.record
        self.universe = session.universe
        self.currency = session.config.run.account_currency
        self.fees_by_order: dict[ClientOrderId, Amounts] = {}
        self.paid_by_order: dict[ClientOrderId, int] = {}
        self.fills = [self._fill_row(name, fill) for name, fill, _ in self.record.fills]
        self.orders = [self._order_row(order) for order in self.record.signals]
        instruments = {item.id: item for item in self.universe.instruments}
        self.trades = round_trips(self.fills, instruments)

    def result(self) -> ReplayResult:
        session, facts = self.session, self.facts
        scale = self.books.scale
        equity = curve((ts, to_decimal(units, scale)) for ts, units in self.record.equity)
        initial = equity[0].equity if equity else Decimal(0)
        final = equity[-1].equity if equity else initial
        last_ts = max(session.kernel.now, facts.first_ts)
        stats = performance(equity, self.trades, self.currency, facts.first_ts, last_ts)
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
            orders=len(self.orders),
            fills=len(self.fills),
            denied=len(self.record.denials),
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
                orders=tuple(self.orders),
                fills=tuple(self.fills),
                trades=self.trades,
                equity=equity,
            ),
        )

    def _status(self) -> Status:
        supervisor = self.graph.supervisor
        paused = [actor.cell.paused for actor in self.graph.strategies.values()]
        if supervisor.halted or (paused and all(paused)):
            return "failed"
        return "partial" if self.facts.interrupted or supervisor.failures else "complete"

    # --- rows -----------------------------------------------------------------------------------

    def _fill_row(self, strategy: StrategyId, fill: OrderFilled) -> FillRow:
        fees = self.fees_by_order.setdefault(fill.client_order_id, {})
        if fill.fee_units:
            fees[fill.fee_currency] = fees.get(fill.fee_currency, Decimal(0)) + fill.fee
        paid = self.paid_by_order.get(fill.client_order_id, 0)
        self.paid_by_order[fill.client_order_id] = paid + fill.price_units * fill.quantity_units
        return FillRow(
            ts=fill.ts_event,
            client_order_id=fill.client_order_id,
            fill_id=fill.fill_id,
            strategy=strategy,
            instrument=fill.instrument,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            liquidity=fill.liquidity,
            position=fill.position,
        )

    def _order_row(self, submit: SubmitOrder) -> OrderRow:
        order = self.graph.orders.get(submit.client_order_id)
        denial = self.record.denials.get(submit.client_order_id)
        filled = order.filled_units if order is not None else 0
        status = order.status if order is not None else OrderStatus.DENIED
        paid = self.paid_by_order.get(submit.client_order_id, 0)
        reasons = order.reasons if order is not None else (denial.reasons if denial else ())
        done = order is not None and order.is_final
        return OrderRow(
            client_order_id=submit.client_order_id,
            strategy=submit.strategy,
            instrument=submit.instrument,
            side=submit.side,
            order_type=submit.order_type,
            time_in_force=submit.time_in_force,
            quantity=submit.quantity,
            limit=submit.limit,
            trigger=submit.trigger,
            status=status,
            filled=to_decimal(filled, submit.size_scale),
            average_price=to_decimal(paid, submit.price_scale) / filled if filled else None,
            fees=self.fees_by_order.get(submit.client_order_id, {}),
            ts_created=submit.ts,
            ts_done=order.ts_last if order is not None and done else None,
            reason="; ".join(reasons),
            tag=submit.tag,
        )

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
        statuses = Counter(row.status for row in self.orders)
        denied = len(self.record.denials)
        not_sent = statuses[OrderStatus.NOT_SENT]
        reasons = [r for event in self.record.denials.values() for r in event.reasons]
        reasons += [row.reason for row in self.orders if row.status is OrderStatus.REJECTED]
        funnel = Funnel(
            events=self.session.kernel.seq,
            delivered=self.session.delivered,
            signals=len(self.orders),
            denied=denied,
            not_sent=not_sent,
            submitted=len(self.orders) - denied - not_sent,
            rejected=statuses[OrderStatus.REJECTED],
            filled=sum(1 for row in self.orders if row.filled),
            reasons=top_reasons(reasons),
        )
        return msgspec.structs.replace(funnel, explanation=explain(funnel))

    def _strategy(self, name: StrategyId) -> StrategyResult:
        books: Books = self.books
        book = books.names.index(name)
        fills = [row for row in self.fills if row.strategy == name]
        fees: Amounts = {}
        for row in fills:
            if row.fee:
                fees[row.fee_currency] = fees.get(row.fee_currency, Decimal(0)) + row.fee
        trades: list[TradeRow] = [
            t for t in self.trades if t.strategy == name and t.exit_ts is not None
        ]
        config = next(item for item in self.session.config.strategies if item.id == name)
        orders = [row for row in self.orders if row.strategy == name]
        return StrategyResult(
            strategy=name,
            type=config.type,
            status="paused" if self.graph.strategies[name].cell.paused else "ok",
            orders=len(orders),
            fills=len(fills),
            denied=sum(1 for row in orders if row.status is OrderStatus.DENIED),
            trades=len(trades),
            wins=sum(map(is_win, trades)),
            fees=dict(sorted(fees.items())),
            realized_pnl=self._profits(book, realized=True),
            unrealized_pnl=self._profits(book, realized=False),
        )
