"""The result of a run: one value, the same bytes for the same run, wherever it is written.

    ReplayResult
    ├── what ran          run_id, name, mode, config, assumptions
    ├── how it ended      status, failures, state_hash, journal_hash, first_ts, last_ts
    ├── what happened     events, orders, fills, denied, funnel, defects
    ├── what it came to   equity, fees, profit, balances, performance, strategies, positions
    ├── detail            every order, fill, round trip and equity sample
    └── measurement       wall time, speed and memory: the one part that differs between two runs

Money and prices are exact decimals, written as plain strings; amounts that can be in several
currencies are objects from currency to amount. Times are nanoseconds UTC. Statistics (ratios,
volatility) are floats, None where they are not defined.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import msgspec

from openoutcry.state.enums import LiquiditySide, Mode, OrderStatus, OrderType, Side, TimeInForce
from openoutcry.state.identifiers import ClientOrderId, FillId, InstrumentId, StrategyId, VenueId

Amounts = dict[str, Decimal]
"""Currency to amount. A currency that never moved is absent."""

Status = Literal["complete", "partial", "failed"]
"""`complete`: all data was played and no actor failed. `partial`: it was interrupted, or strategies
were paused after an error and the others ran on. `failed`: portfolio, risk or broker failed, or
every strategy did."""


class ResultStruct(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of the parts of a result: values that cannot form a cycle, so nothing to collect."""


class Money(ResultStruct, frozen=True, kw_only=True):
    """An exact amount of one currency."""

    amount: Decimal
    currency: str


class Failure(ResultStruct, frozen=True, kw_only=True):
    """An actor whose handler raised: which input it was, and what was done about it."""

    actor: str
    sequence: int
    input: str
    error: str
    policy: str


class OrderRow(ResultStruct, frozen=True, kw_only=True):
    """One order, as it ended. `reason` says why it was denied, rejected, canceled or expired."""

    client_order_id: ClientOrderId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit: Decimal | None
    trigger: Decimal | None
    status: OrderStatus
    filled: Decimal
    average_price: Decimal | None
    fees: Amounts
    ts_created: int
    ts_done: int | None
    reason: str = ""
    tag: str = ""


class FillRow(ResultStruct, frozen=True, kw_only=True):
    """One fill. `fee` is positive when paid and negative when rebated."""

    ts: int
    client_order_id: ClientOrderId
    fill_id: FillId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: LiquiditySide
    position: str | None = None


class TradeRow(ResultStruct, frozen=True, kw_only=True):
    """A round trip: from flat to flat (or to a flip) of one strategy, instrument and position leg.

    `entry_price` and `exit_price` are averages, rounded for reading. `pnl` is exact: what the
    position's fills earned in `currency`, before fees. `net` is `pnl` less the fees that were paid
    in the same currency; others stand in `fees` only. An open trade has neither exit nor profit.
    """

    strategy: StrategyId
    instrument: InstrumentId
    position: str | None
    side: Side
    quantity: Decimal  # the largest size held
    entry_ts: int
    exit_ts: int | None
    entry_price: Decimal
    exit_price: Decimal | None
    pnl: Decimal | None
    net: Decimal | None
    currency: str
    fees: Amounts
    fills: int


class EquityPoint(ResultStruct, frozen=True, kw_only=True, array_like=True):
    """A sample of the account: on the grid of `run.grid_s`, and at every fill.

    `equity` and `drawdown` are in the account currency; `drawdown` is how far equity is below its
    highest sample so far, zero or positive.
    """

    ts: int
    equity: Decimal
    drawdown: Decimal


class PositionRow(ResultStruct, frozen=True, kw_only=True):
    """A position that is open at the end; `quantity` is negative when short.

    `average_price` and `mark` are for reading; `unrealized_pnl` is exact in `currency`. `mark` is
    None when nothing ever priced the instrument.
    """

    strategy: StrategyId
    instrument: InstrumentId
    position: str | None
    quantity: Decimal
    average_price: Decimal
    mark: Decimal | None
    unrealized_pnl: Decimal | None
    currency: str


class Reason(ResultStruct, frozen=True, kw_only=True):
    """Why orders were denied, and how often."""

    reason: str
    count: int


class Funnel(ResultStruct, frozen=True, kw_only=True):
    """From data to fills, so that a run without trades explains itself.

    `delivered` counts the market events that reached a strategy, `signals` the orders that
    strategies asked for; of those `denied` were refused by our risk, `not_sent` dropped at the gate
    and `rejected` refused by the venue. `filled` orders had at least one fill.
    """

    events: int
    delivered: int
    signals: int
    denied: int
    not_sent: int
    submitted: int
    rejected: int
    filled: int
    reasons: tuple[Reason, ...] = ()
    explanation: str = ""


class StrategyResult(ResultStruct, frozen=True, kw_only=True):
    """What one strategy did; `status` is `ok` or `paused` (its handler raised)."""

    strategy: StrategyId
    type: str
    status: Literal["ok", "paused"]
    orders: int
    fills: int
    denied: int
    trades: int
    wins: int
    fees: Amounts
    realized_pnl: Amounts
    unrealized_pnl: Amounts


class Performance(ResultStruct, frozen=True, kw_only=True):
    """Statistics of the equity curve and of closed trades; see docs/reference/result.md.

    Fractions are of 1 (0.05 = 5 %). None: not defined for this run.
    """

    days: float
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    psr: float | None
    max_drawdown: float | None
    max_drawdown_amount: Decimal
    max_drawdown_days: float
    trades: int
    win_rate: float | None
    profit_factor: float | None
    payoff_ratio: float | None
    average_trade: float | None
    best_trade: Money | None
    worst_trade: Money | None
    average_trade_hours: float | None
    exposure: float | None


class _Lists(ResultStruct, frozen=True, kw_only=True):
    """The document's form of the detail."""

    orders: tuple[OrderRow, ...] = ()
    fills: tuple[FillRow, ...] = ()
    trades: tuple[TradeRow, ...] = ()
    equity: tuple[EquityPoint, ...] = ()


class Detail:
    """The lists that grow with the run. They stand in `result.json` and in the report.

    Rows are made when somebody first looks at them: most runs are looked at as a whole only. Two are
    equal when their rows are.

    Args:
        orders: The rows, or what makes them.
        fills: As `orders`.
        trades: As `orders`.
        equity: As `orders`.
    """

    def __init__(
        self,
        *,
        orders: tuple[OrderRow, ...] | Callable[[], tuple[OrderRow, ...]] = (),
        fills: tuple[FillRow, ...] | Callable[[], tuple[FillRow, ...]] = (),
        trades: tuple[TradeRow, ...] | Callable[[], tuple[TradeRow, ...]] = (),
        equity: tuple[EquityPoint, ...] | Callable[[], tuple[EquityPoint, ...]] = (),
    ) -> None:
        self._orders, self._fills, self._trades, self._equity = orders, fills, trades, equity

    @cached_property
    def orders(self) -> tuple[OrderRow, ...]:
        """Every order that a strategy asked for, in that order."""
        return self._orders() if callable(self._orders) else self._orders

    @cached_property
    def fills(self) -> tuple[FillRow, ...]:
        """Every fill, in the order of booking."""
        return self._fills() if callable(self._fills) else self._fills

    @cached_property
    def trades(self) -> tuple[TradeRow, ...]:
        """Every round trip in the order of closing, open ones last."""
        return self._trades() if callable(self._trades) else self._trades

    @cached_property
    def equity(self) -> tuple[EquityPoint, ...]:
        """Every sample of the account's value."""
        return self._equity() if callable(self._equity) else self._equity

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Detail) and _lists(self) == _lists(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Detail({_lists(self)!r})"


def _lists(detail: Detail) -> _Lists:
    return _Lists(
        orders=detail.orders, fills=detail.fills, trades=detail.trades, equity=detail.equity
    )


class Measurement(ResultStruct, frozen=True, kw_only=True):
    """What the run cost. Never hashed; differs between two equal runs."""

    wall_s: float
    cpu_s: float
    events_per_s: float
    peak_rss_mb: float


class ReplayResult(ResultStruct, frozen=True, kw_only=True):
    """All that is known of a finished run; see the module for its parts.

    `orders` counts those that strategies asked for, `denied` those refused by our risk. Profit is
    before fees, per settlement currency; `final_equity` is in the account currency and includes
    everything.
    """

    schema: int = 1
    run_id: str
    name: str
    mode: Mode
    status: Status
    failures: tuple[Failure, ...] = ()
    interrupted: bool = False
    state_hash: str
    journal_hash: str
    first_ts: int | None
    last_ts: int | None
    events_total: int
    events: dict[str, int]
    orders: int
    fills: int
    denied: int
    funnel: Funnel
    defects: dict[str, int] = {}
    initial_equity: Money
    final_equity: Money
    realized_pnl: Amounts
    unrealized_pnl: Amounts
    fees: Amounts
    balances: dict[VenueId, Amounts]
    performance: Performance
    strategies: tuple[StrategyResult, ...]
    positions: tuple[PositionRow, ...]
    assumptions: dict[str, str]
    config: dict[str, Any]
    detail: Detail | None = None
    measurement: Measurement | None = None


def to_json(result: ReplayResult, *, detail: bool = True, measurement: bool = True) -> bytes:
    """The result as one JSON document, byte-identical for equal results.

    Struct fields keep their order, other keys are sorted, decimals are plain strings without an
    exponent.

    Args:
        result: The result.
        detail: With the lists of orders, fills, trades and equity samples.
        measurement: With wall time, speed and memory; without them two equal runs give equal bytes.
    """
    document = plain(result if detail else msgspec.structs.replace(result, detail=None))
    if not detail:
        del document["detail"]
    if not measurement:
        del document["measurement"]
    return msgspec.json.encode(document)


def from_json(data: bytes) -> ReplayResult:
    """The result that `to_json` wrote."""

    def detail_of(kind: type, value: object) -> Detail:
        assert kind is Detail
        lists = msgspec.convert(value, _Lists, strict=False)
        return Detail(
            orders=lists.orders, fills=lists.fills, trades=lists.trades, equity=lists.equity
        )

    return msgspec.json.decode(data, type=ReplayResult, dec_hook=detail_of)


def plain(value: object) -> Any:
    """Structs as dicts, decimals as plain strings, mappings with sorted keys.

    Written out because `str(Decimal)` gives `0E-8` for a zero of eight decimals.
    """

    def lists_of(detail: object) -> _Lists:
        assert isinstance(detail, Detail)
        return _lists(detail)

    builtins = msgspec.to_builtins(
        value, order="deterministic", builtin_types=(Decimal,), enc_hook=lists_of
    )
    return _texts(builtins)


def _texts(value: Any) -> Any:
    # Exact types: millions of leaves pass here, and `to_builtins` makes no others.
    kind = type(value)
    if kind is Decimal:
        return format(value, "f")
    if kind is dict:
        return {key: _texts(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_texts(item) for item in value]
    return value
